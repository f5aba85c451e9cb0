"""Labels in another language, "Luz: …" or `光线：…`, beside the English ones. Splits a line at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.prompts.labels import Segment, english_slot
from engine.prompts.languages.vocabulary import Language, fold

_COLON: Final = re.compile("[:：]")
_QUOTATION: Final = re.compile(r'"[^"]*"')
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|[。！？]")
_MARKS: Final = " *_#>•-【】[]()"
_BORDERS: Final = frozenset(".;|,!?:：，、。；·*】\n")
_LONGEST: Final = 40
"""Characters that a label has at most."""


def segments(line: str, language: Language) -> Iterator[Segment]:
    """Split a line, its spaces single, at labels of this language and of English."""
    quoted = {at for found in _QUOTATION.finditer(line) for at in range(*found.span())} if '"' in line else set()
    label, slot, start, last, midst = "", "free", 0, 0, False
    for colon in _COLON.finditer(line):
        at = colon.start()
        found = _named(line, max(start, last, at - _LONGEST), at, language)
        if not found or line[at + 1 : at + 3] == "//" or at in quoted:
            continue
        name, where = found
        before = line[start:where]
        if label or before.strip(_MARKS):
            yield from _cut(Segment(slot, before, label), midst)
            midst = midst or not label
        label, slot, start = name.casefold(), _slot(name, language), at + 1
        last = start
    yield from _cut(Segment(slot, line[start:].lstrip("*_").lstrip() if label else line, label), midst)


def _cut(segment: Segment, midst: bool) -> list[Segment]:
    """In the midst of prose a label reaches to the end of its sentence, as in English."""
    end = _SENTENCE_END.search(segment.value) if midst and segment.label and segment.slot != "free" else None
    if end is None or not segment.value[end.end() :].strip():
        return [segment]
    return [segment._replace(value=segment.value[: end.start()]), Segment("free", segment.value[end.end() :])]


def _named(line: str, after: int, colon: int, language: Language) -> tuple[str, int] | None:
    """The longest label that ends before a colon, and where it begins with the marks before it."""
    end = colon
    while end > after and line[end - 1] in " *_":
        end -= 1
    for begin in range(after, end):
        name = line[begin:end]
        if _slot(name, language) and _opens(line, begin, name):
            while begin > after and line[begin - 1] in _MARKS:
                begin -= 1
            return name, begin
    return None


def _opens(line: str, begin: int, name: str) -> bool:
    """Whether a label may begin here: at the line's beginning, behind a border, or with a capital behind a space."""
    before = line[:begin].rstrip(_MARKS)[-1:] if begin else ""
    if not before or before in _BORDERS:
        return True
    return line[begin - 1] in _MARKS and (name[0].isupper() or name[0] >= "\u1100")


def _slot(name: str, language: Language) -> str:
    return language.labels.get(fold(name), "") or english_slot(name)
