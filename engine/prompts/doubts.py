"""Whether a prompt may have been misread: too many words that no slot could be told for, or all of it in one slot.

What stands behind a label was placed by whoever wrote it, and is not doubted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.prompts.languages import vocabulary
from engine.prompts.languages.tokens import tokens
from engine.prompts.languages.vocabulary import SMALL
from engine.prompts.lexicon import SLOT_OF
from engine.prompts.phrases import EMPTY, NOUN_KINDS, VERBS, clauses, phrases
from engine.prompts.units import Unit, units

MOST_UNPLACED: Final = 1 / 3
"""The share of unplaced words above which a prompt is doubtful."""
_FEWEST_UNPLACED: Final = 3
"""Fewer unplaced words than these are no reason to ask."""
_FEW_WORDS: Final = 6
"""A prompt of so many words may well be about one thing."""
_STRANGERS: Final = 2
"""From so many words on that are at home in other slots, a prompt in one slot is doubtful."""
_TELLING: Final = NOUN_KINDS | VERBS | {"adjective", "quote"}
_AT_HOME: Final = frozenset({"garment", "place", "landform", "weather", "light", "tech", "person"})
"""Kinds of words that rarely stand in another slot than their own."""


class Judged(NamedTuple):
    """Words that went into a slot by judgement alone; `language` is "" for English."""

    slot: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a reading is doubtful: the words that could not be placed, of how many; or the one slot that has it all."""

    unplaced: tuple[str, ...]
    words: int
    only_slot: str = ""


class _Weighed(NamedTuple):
    word: str
    placed: bool
    stranger: bool


def doubt(judged: tuple[Judged, ...], slots_filled: int) -> Doubt | None:
    """The reason to ask whether these words were understood, None where there is none.

    `slots_filled`: how many slots of the whole prompt say something.
    """
    weighed = [word for piece in judged for word in _weigh(piece)]
    unplaced = tuple(dict.fromkeys(word.word for word in weighed if not word.placed))
    lost = sum(not word.placed for word in weighed)
    if lost >= _FEWEST_UNPLACED and lost > MOST_UNPLACED * len(weighed):
        return Doubt(unplaced, len(weighed))
    strange = lost + sum(word.stranger for word in weighed)
    if slots_filled == 1 and len(weighed) > _FEW_WORDS and strange >= _STRANGERS:
        return Doubt(unplaced, len(weighed), judged[0].slot)
    return None


def _weigh(piece: Judged) -> Iterator[_Weighed]:
    if piece.language:
        yield from _foreign(piece)
        return
    for clause in clauses(units(piece.text)):
        for chunk in phrases(clause.units):
            known = any(unit.kind in _TELLING or unit.verbal for unit in chunk.units)
            for unit in chunk.units:
                if unit.kind not in EMPTY and unit.kind != "of":
                    yield _Weighed(unit.word, known or _is_name(piece.text, unit), _strange(unit, piece.slot))


def _is_name(text: str, unit: Unit) -> bool:
    return unit.word.startswith("@") or text[unit.start].isupper() or unit.word[:1].isdigit()


def _strange(unit: Unit, slot: str) -> bool:
    return unit.kind in _AT_HOME and SLOT_OF[unit.kind] != slot


def _foreign(piece: Judged) -> Iterator[_Weighed]:
    language = vocabulary.language(piece.language)
    for token in tokens(piece.text, language):
        if token.kind in SMALL or token.kind == "border":
            continue
        word = piece.text[token.start : token.end]
        # Of a language without spaces, two characters count as a word.
        for _ in range(max(1, len(word) // 2) if language.unspaced and not token.kind else 1):
            yield _Weighed(word, bool(token.kind) or word[0].isupper() or word[0].isdigit(), False)
