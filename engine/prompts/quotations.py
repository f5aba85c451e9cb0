"""Quoted words, the ones to be written in the picture, told apart from inches and apostrophes."""

from __future__ import annotations

import re
from typing import Final

_DOUBLE: Final = re.compile("[“”„‟«»＂〝〞「」『』]")
_PAIR: Final = re.compile(r'(?<!\w)"([^"\n]+)"')
_INCHES: Final = re.compile(r'(?<=\d)"')
_SINGLE: Final = re.compile(r"(?<![\w'’])['‘](?!\d0s)(?![nN]['’])((?:[^'’‘\"\n]|(?<=\w)['’](?=\w)){1,80})['’](?!\w)")
_CUE: Final = re.compile(
    r"(?:\b(?:says?|saying|read(?:s|ing)?|label(?:l?ed)?|marked|words?|text|sign|lettering|letters|spell(?:s|ing)|"
    r"titled|named|called|badge|tag|printed|written|inscri\w+|slogan|caption|tattoo)\b)(?:\s+\w+){0,2}\s*$",
    re.I,
)


def straighten(line: str) -> str:
    """The line with every quotation as "words"; a quotation mark that quotes nothing becomes a space or inches."""
    if "'" in line or "’" in line or "‘" in line:
        line = _SINGLE.sub(_single, line)
    line = line if line.isascii() else _DOUBLE.sub('"', line)
    if '"' not in line:
        return line
    pieces = _PAIR.split(line)
    for position, piece in enumerate(pieces):
        if position % 2 and piece.strip():
            pieces[position] = f'"{" ".join(piece.split())}"'
        else:
            pieces[position] = _INCHES.sub("″", piece).replace('"', " ")
    return "".join(pieces)


def quoted(line: str) -> list[str]:
    """The quotations of a straightened line, in order."""
    return _PAIR.findall(line) if '"' in line else []


def without_quotations(line: str) -> str:
    """What a straightened line says outside its quotations."""
    return _PAIR.sub(" ", line)


def _single(found: re.Match[str]) -> str:
    words = found[1]
    before = found.string[max(0, found.start() - 60) : found.start()]
    meant = words.isupper() or _CUE.search(before) is not None
    return f'"{words}"' if meant and words.strip() else found[0]
