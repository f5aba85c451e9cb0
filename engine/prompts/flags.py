"""Flags of other tools: "--ar 2:3", "-v 6", "—no hat", "--sref 123 456::2". Takes them out of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.prompts.brought import Brought, aspect_in, nearest_aspect, seed_in

_UNWANTED: Final = frozenset({"no", "neg", "negative", "negativeprompt"})
_SHAPES: Final = frozenset({"ar", "aspect", "aspectratio", "size", "resolution"})
_SIDES: Final = frozenset({"width", "height", "w", "h"})
_NUMBERS: Final = frozenset(
    {"v", "version", "s", "stylize", "niji", "q", "quality", "c", "chaos", "w", "weird", "iw", "stop", "sw", "cw", "ow"}
    | {"r", "repeat", "exp", "g", "h", "sv", "motion", "steps", "cfg", "scale", "strength", "height", "width", "bs"}
    | {"video", "loop", "n", "batch", "hd", "vibe", "stylise", "guidance", "denoise", "clip", "uplight"}
)
"""Flags that take a number, or nothing."""
_NAMED: Final = frozenset(
    {"style", "sampler", "model", "scheduler", "mode", "quality", "q", "speed", "version", "preset"}
)
"""Flags that take a word."""
_REFERENCES: Final = frozenset({"sref", "cref", "oref", "iref", "p", "profile", "personalize", "image", "start", "end"})
"""Flags that take addresses and codes, as many as there are."""
_BARE: Final = frozenset(
    {"tile", "raw", "turbo", "fast", "relax", "draft", "stealth", "public", "creative", "test", "testp", "sameseed"}
    | {"upbeta", "upanime", "vary", "zoom"}
)
_KNOWN: Final = frozenset({"seed"}) | _UNWANTED | _SHAPES | _SIDES | _NUMBERS | _NAMED | _REFERENCES | _BARE
_GLUED_NAMES: Final = "|".join(
    sorted(_KNOWN - {"start", "end", "mode", "speed", "image", "hd", "clip", "loop", "model"}, key=len, reverse=True)
)
_ONE_DASH: Final = (
    r"(?:(?:ar|aspect)(?=\s?=?\s?\d)|(?:v|s|q|c|w|iw|cw|sw|seed|niji|stylize|chaos|steps|cfg)(?=\s?=?\s?-?\d)"
    r"|(?:no|cref|sref)(?=\s\S)|(?:tile|turbo)(?![^\W_]))"
)
_DASH: Final = "[—–‒―−]"
_FLAG: Final = re.compile(
    rf"(?<!\S)(?:--+|{_DASH}{{1,2}})(?=[A-Za-z])"
    rf"|(?<=[^\s-])(?:--+|{_DASH}{{2}})(?=(?:{_GLUED_NAMES})(?![A-Za-z]))"
    rf"|(?<!\S)-(?={_ONE_DASH})",
    re.I,
)
_NAME: Final = re.compile(r"[A-Za-z]+(?:[-_](?:ratio|prompt)(?![A-Za-z]))?")
_LOOSE_DASHES: Final = re.compile(r"--+")
_RATIO_NEXT: Final = re.compile(r"\d{1,5}(?:\.\d{1,3})?\s?[:x×/]\s?\d{1,5}(?:\.\d{1,3})?(?![\w:/])", re.I)
_NUMBER_NEXT: Final = re.compile(r"-?(?:\d++(?:\.\d++)?|\.\d++)[a-z]{0,3}(?![^\W_])", re.I)
_CODE: Final = re.compile(r"(?:https?://\S+|random|[A-Za-z]{0,12}\d[A-Za-z0-9]{0,39})(?:::-?[\d.]{1,6})?(?=[\s,]|\Z)")
_WORD_NEXT: Final = re.compile(r"[\w.+-]+")
_DASHES: Final = ("--", "—", "–", "‒", "―", "−", " -", "\n-")


def may_hold_any(text: str) -> bool:
    """Whether the text may hold a flag; False is certain."""
    return text[:1] == "-" or any(dash in text for dash in _DASHES)


def take_out(line: str, brought: Brought) -> str:
    """The line without its flags; what they say is noted in `brought`. An unknown one stays as words."""
    first, *flagged = _FLAG.split(line)
    sides: dict[str, float] = {}
    kept = [first, *[_flag(piece, brought, sides) for piece in flagged]]
    if len(sides) == 2:
        brought.aspect = nearest_aspect(sides["width"], sides["height"]) or brought.aspect
    return _LOOSE_DASHES.sub(" – ", ", ".join(part for part in kept if part.strip(" ,")))


def _flag(piece: str, brought: Brought, sides: dict[str, float]) -> str:
    """Note what the flag says and give back what follows it."""
    found = _NAME.match(piece)
    typed = found[0] if found else ""
    name, value = _plain(typed), piece[len(typed) :].lstrip(" =")
    if name in _UNWANTED:
        brought.negative.append(_LOOSE_DASHES.sub(" – ", value))
        return ""
    if name in _SHAPES and (shape := _RATIO_NEXT.match(value)):
        brought.aspect = aspect_in(shape[0]) or brought.aspect
        return value[shape.end() :]
    if name == "seed" and (number := _NUMBER_NEXT.match(value)):
        return _seed(number[0], value[number.end() :], brought)
    if name not in _KNOWN or (name == "seed" or name in _SHAPES):
        return f"– {typed} {value}"
    taken, rest = _taken(name, value)
    if name in {"width", "height"} and taken.isdecimal():
        sides[name] = float(taken)
    brought.ignored.append(" ".join(part for part in (f"--{typed}", taken) if part))
    return rest


def _plain(typed: str) -> str:
    """A flag's name without what people write it with: "aspect-ratio" is "aspectratio"."""
    return typed.casefold().replace("-", "").replace("_", "")


def _seed(number: str, rest: str, brought: Brought) -> str:
    seed = seed_in(number)
    if seed is None:
        brought.ignored.append(f"--seed {number}")
    else:
        brought.seed = seed
    return rest


def _taken(name: str, value: str) -> tuple[str, str]:
    """The value of a flag that means nothing here, and what follows it."""
    if name in _REFERENCES:
        end = max((last for last in _codes(value)), default=0)
        return value[:end].strip(), value[end:]
    number = _NUMBER_NEXT.match(value) if name in _NUMBERS else None
    word = number or (_WORD_NEXT.match(value) if name in _NAMED else None)
    return (word[0], value[word.end() :]) if word else ("", value)


def _codes(value: str) -> Iterator[int]:
    """Where each of the addresses and codes at the beginning of a value ends."""
    at = 0
    while found := _CODE.match(value, at):
        yield found.end()
        at = found.end()
        while value[at : at + 1] == " ":
            at += 1
