"""The words that the studio knows, and where they stand in a clause.

The tables in `words/*.toml` name what can be drawn; a `Hit` says that a stretch of words leads to an entry of one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_FILES: Final = ("people", "clothes", "places", "light", "colours")
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)*|&")
_LONGEST: Final = 6
_KEPT_S: Final = frozenset({"ss", "us", "is"})

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Words `start` to `end` (excluded) of a clause are an entry `key` of `table`."""

    start: int
    end: int
    table: str
    key: str
    phrase: str


def words(text: str) -> list[str]:
    """The text as lower-case words; hyphens part words, apostrophes do not."""
    return [found.lower().replace("’", "'") for found in _WORD.findall(text)]


def hyphened(text: str) -> frozenset[int]:
    """Which of the text's words (by place) a hyphen joins to the word before: "blue-grey"."""
    return frozenset(at for at, found in enumerate(_WORD.finditer(text)) if text[: found.start()].endswith("-"))


@cache
def table(name: str) -> Mapping[Phrase, str]:
    """Phrases of one table and the entry each leads to."""
    return {tuple(words(wording)): key for key, wordings in _tables()[name].items() for wording in wordings}


@cache
def _index(tables: tuple[str, ...]) -> tuple[Mapping[Phrase, tuple[tuple[str, str], ...]], Mapping[str, int]]:
    """Phrases of some tables with the tables and entries that each leads to; and how many words a phrase has at most
    that begins with a word, a plural among them."""
    found: dict[Phrase, tuple[tuple[str, str], ...]] = {}
    most: dict[str, int] = {}
    for name in tables:
        for phrase, key in table(name).items():
            found[phrase] = (*found.get(phrase, ()), (name, key))
            most[phrase[0]] = max(most.get(phrase[0], 0), len(phrase))
    for first in list(most):
        if first in {spelled for (spelled,) in _spellings((f"{first}s",))}:
            most.setdefault(f"{first}s", 1)
    return found, most


@cache
def _tables() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in _FILES:
        text = (files("engine.renderer") / "words" / f"{name}.toml").read_text(encoding="utf-8")
        for title, entries in tomllib.loads(text).items():
            found[title] = {
                key: tuple(part.strip() for part in said.replace("\n", "").split("|")) for key, said in entries.items()
            }
    return found


def hits(said: list[str], tables: Collection[str], skip: Collection[int] = frozenset()) -> list[Hit]:
    """What the words lead to, the longest wording first; no word is used twice but for another table.

    Words at the places in `skip` may stand inside a wording without belonging to it: "long red hair" is "long hair".
    """
    found: list[Hit] = []
    _, begun = _index(tuple(tables))
    at, skip = 0, frozenset(skip)
    while at < len(said):
        if said[at] not in begun:
            at += 1
            continue
        best = list(_at(said, at, tables, skip))
        longest = max((hit.end for hit in best), default=0)
        if longest > at + 1 and at in skip and _reaches_over(said, longest, tables):
            # "a white man bun" is a bun that is white, not a white man.
            best, longest = [], at + 1
        found += [hit for hit in best if hit.end == longest]
        at = longest or at + 1
    return found


def _reaches_over(said: list[str], end: int, tables: Collection[str]) -> bool:
    """Whether a wording of several words begins with the word before `end` and goes on behind it."""
    return any(hit.end > end for hit in _at(said, end - 1, tables, frozenset()))


def _at(said: list[str], at: int, tables: Collection[str], skip: frozenset[int]) -> Iterator[Hit]:
    index, begun = _index(tuple(tables))
    most = min(begun.get(said[at], 0), _LONGEST)
    whole = [(end, tuple(said[at:end])) for end in range(at + 1, min(len(said), at + most) + 1)]
    stepped = list(_stepping(said, at, skip)) if most > 1 and skip and at not in skip else []
    for end, phrase in (*whole, *stepped):
        for spelled in _spellings(phrase):
            for name, key in index.get(spelled, ()):
                yield Hit(at, end, name, key, " ".join(spelled))


def _stepping(said: list[str], at: int, skip: frozenset[int]) -> Iterator[tuple[int, Phrase]]:
    """Phrases from `at` on that step over the words in `skip`, each with the place behind its last word."""
    phrase: list[str] = []
    for end in range(at + 1, min(len(said), at + _LONGEST + 2) + 1):
        if end - 1 in skip:
            continue
        phrase.append(said[end - 1])
        if end - at > len(phrase):
            yield end, tuple(phrase)


def _spellings(phrase: Phrase) -> Iterator[Phrase]:
    """As it stands, and in the singular: "grey T-shirts"."""
    yield phrase
    last = phrase[-1]
    if len(last) > 3 and last.endswith("s") and last[-2:] not in _KEPT_S:
        yield (*phrase[:-1], last[:-1])
