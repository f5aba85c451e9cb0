"""Weighted words as A1111 and ComfyUI write them: "(red scarf:1.2)", "((smile))", "[hat]". Pure, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

ROUND: Final = 1.1
"""What a pair of round brackets without a number is worth; a pair of square ones is its inverse."""
LEAST, MOST = 0.05, 3.0
"""Weights outside of these make noise of any picture."""
_PIECES: Final = re.compile(r"\\[()\[\]\\]|[()\[\]]|[^\\()\[\]]+|\\")
_NUMBER: Final = re.compile(r"\d{1,3}(?:\.\d{0,4})?|\.\d{1,4}")
_APART: Final = re.compile(r"[,;\n]")
_SPECIAL: Final = re.compile(r"([()\[\]\\])")
_SPOKEN: Final = re.compile(r"[\w)]")


class Weighted(NamedTuple):
    """Words that belong together, and how much they count."""

    words: str
    weight: float


Weights = tuple[Weighted, ...]


def escaped(words: str) -> str:
    """The words with their own brackets marked as such."""
    return _SPECIAL.sub(r"\\\1", words)


def pieces(text: str) -> list[Weighted]:
    """The text cut where its weights change, without the brackets; spaces stay where they stood.

    A bracket without its other half is a letter like any other.
    """
    found = [match[0] for match in _PIECES.finditer(text)]
    closes = _pairs(found)
    opened_by = {close: at for at, close in closes.items()}
    said: list[Weighted] = []
    factors: list[float] = [1.0]
    for at, piece in enumerate(found):
        if at in closes:
            factors.append(factors[-1] * _factor(found, at, closes[at]))
        elif at in opened_by:
            factors.pop()
        else:
            numbered = _numbered(piece) if at + 1 in opened_by and found[at + 1] == ")" else None
            words = numbered[0] if numbered else piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece
            if words:
                said.append(Weighted(words, min(MOST, max(LEAST, factors[-1]))))
    return said


def stated(text: str) -> Weights:
    """What a text gives a weight of its own, clause by clause, each once."""
    found = (
        Weighted(" ".join(words.split()).strip(" .:"), round(piece.weight, 4))
        for piece in pieces(text)
        if piece.weight != 1.0
        for words in _APART.split(piece.words)
    )
    return tuple(dict.fromkeys(one for one in found if _SPOKEN.search(one.words) and len(one.words) <= 200))[:50]


def laid_on(text: str, weights: Sequence[Weighted]) -> str:
    """Plain words with brackets round those that have a weight, at the first place where they stand; others escaped."""
    spans: list[tuple[int, int, float]] = []
    low = text.casefold()
    low = low if len(low) == len(text) else text.lower() if len(text.lower()) == len(text) else text
    for words, weight in weights:
        start = _place(low, words.casefold())
        end = start + len(words)
        if start >= 0 and all(end <= one[0] or start >= one[1] for one in spans):
            spans.append((start, end, weight))
    parts, at = list[str](), 0
    for start, end, weight in sorted(spans):
        parts += [escaped(text[at:start]), f"({escaped(text[start:end])}:{weight:g})"]
        at = end
    return "".join((*parts, escaped(text[at:])))


def _place(text: str, words: str) -> int:
    """Where the words stand as whole words; -1 for nowhere."""
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return start
        start = text.find(words, start + 1)
    return -1


def _pairs(found: Sequence[str]) -> dict[int, int]:
    """Where each bracket that has its other half closes; of halves of two kinds that cross, the outer stand alone."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for at, piece in enumerate(found):
        if piece in ("(", "["):
            waiting.append(at)
        elif piece in (")", "]") and waiting and found[waiting[-1]] == ("(" if piece == ")" else "["):
            pairs[waiting.pop()] = at
    return pairs


def _factor(found: Sequence[str], opens: int, closes: int) -> float:
    if found[opens] == "[":
        return 1 / ROUND
    number = _numbered(found[closes - 1]) if closes - 1 > opens else None
    return number[1] if number else ROUND


def _numbered(piece: str) -> tuple[str, float] | None:
    """Words and the number behind their one colon."""
    words, colon, number = piece.rpartition(":")
    fits = colon and ":" not in words and _NUMBER.fullmatch(number.strip())
    return (words, float(number)) if fits else None


def read_stored(value: object) -> Weights:
    """Weights as JSON has them. Raises ValueError for anything else."""
    if not isinstance(value, list) or len(value) > 50:
        raise ValueError("weights")
    return tuple(_stored(value))


def _stored(value: list[object]) -> Iterator[Weighted]:
    for one in value:
        if not isinstance(one, list) or len(one) != 2 or not isinstance(one[0], str) or len(one[0]) > 200:
            raise ValueError("weights")
        if isinstance(one[1], bool) or not isinstance(one[1], int | float) or not LEAST <= one[1] <= MOST:
            raise ValueError("weights")
        yield Weighted(one[0], float(one[1]))
