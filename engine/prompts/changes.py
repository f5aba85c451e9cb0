"""What is to change in a picture, as people say it: "add glasses", "remplace le fond par une plage", `去掉帽子`.

The words that ask for a change come from each language's file (`[changing]`). What is to be seen and what is not are
told apart, for models that are told the picture and not the change; and the change is said in English, for those that
read nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from engine.prompts.languages import detecting
from engine.prompts.languages.english import translated
from engine.prompts.languages.vocabulary import Language, fold

_ENGLISH: Final[Mapping[str, tuple[str, ...]]] = {
    "add": ("add", "put on", "include"),
    "make": ("make", "turn"),
    "remove": ("remove", "take off", "take away", "get rid of", "delete", "erase", "lose"),
    "replace": ("replace", "change", "swap", "exchange", "substitute"),
    "by": ("with", "to", "into", "by", "for"),
}
_CLAUSE: Final = re.compile(r"[,;.\n，、。；]+|(?<=\s)(?:and|then|y|e|et|und|en|i|и|та|ve)(?=\s)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ASKING: Final = ("remove", "replace", "add", "make")
_EDGES: Final = " ,;.!，、。；"


class Asked(NamedTuple):
    """One thing that is asked for: how (a name of `_ASKING`, "" where no word says it), what, and what in its place."""

    how: str
    what: str
    instead: str = ""


def asked(change: str) -> list[Asked]:
    """The things that a change asks for, in order."""
    language = detecting.spoken(change)
    words = language.changing if language else _ENGLISH
    clauses = (clause.strip(_EDGES) for clause in _CLAUSE.split(change))
    if language and (language.unspaced or language.prepositions_after):
        return [_by_end(clause, words, spaced=not language.unspaced) for clause in clauses if clause]
    return [_by_beginning(clause, words) for clause in clauses if clause]


class Told(NamedTuple):
    """A change in its own words: what is to be seen instead, and as well, and what is to go; its language."""

    instead: str
    added: str = ""
    gone: tuple[str, ...] = ()
    language: str = ""


def told(change: str) -> Told:
    """Take a change apart; one that says neither "add" nor "remove" nor "replace" is told as it is."""
    found = asked(change)
    if all(one.how in {"", "make"} for one in found):
        return Told(change)
    return Told(
        instead=", ".join(one.instead or one.what for one in found if one.how not in {"add", "remove"}),
        added=", ".join(one.what for one in found if one.how == "add"),
        gone=tuple(one.what for one in found if one.how == "remove" and one.what),
        language=detecting.detect(change),
    )


def in_english(change: str) -> str:
    """The change in English, where every word of it is known; else as it was typed."""
    language = detecting.spoken(change)
    if language is None:
        return change
    lost = list[str]()
    said = [_said(one, language, lost) for one in asked(change)]
    return change if lost or not all(said) else ", ".join(said)


def _said(one: Asked, language: Language, lost: list[str]) -> str:
    parts = (", ".join(translated(words, language, lost)) for words in (one.what, one.instead))
    # French says "of glasses" for some.
    what, instead = (part.removeprefix("of ") for part in parts)
    if one.how == "replace" and instead:
        return f"replace {what} with {instead}"
    return " ".join(part for part in (one.how, what) if part) if what else ""


def _by_beginning(clause: str, words: Mapping[str, tuple[str, ...]]) -> Asked:
    """The verb stands first: "quita | el sombrero", "füge | eine Brille | hinzu"."""
    typed = [(fold(found[0]), found.start(), found.end()) for found in _WORD.finditer(clause)]
    for how in _ASKING:
        for verb in words.get(how, ()):
            parts = [fold(part) for part in verb.split()]
            if [word for word, _, _ in typed[: len(parts)]] != parts or len(typed) == len(parts):
                continue
            end = _end(clause, typed, words)
            what = clause[typed[len(parts) - 1][2] : end].strip(_EDGES)
            return _divided(how, what, words) if how == "replace" else Asked(how, what)
    return Asked("", clause)


def _end(clause: str, typed: list[tuple[str, int, int]], words: Mapping[str, tuple[str, ...]]) -> int:
    """Where the clause ends without the particle of its verb."""
    last, start, _ = typed[-1]
    return start if len(typed) > 2 and last in words.get("behind", ()) else len(clause)


def _divided(how: str, what: str, words: Mapping[str, tuple[str, ...]]) -> Asked:
    """ "el fondo | por | una playa"."""
    joining = {fold(word) for word in words.get("by", ())}
    for found in _WORD.finditer(what):
        if found.start() and fold(found[0]) in joining:
            before, after = what[: found.start()].strip(_EDGES), what[found.end() :].strip(_EDGES)
            return Asked(how, before, after) if before and after else Asked(how, what)
    return Asked(how, what)


def _by_end(clause: str, words: Mapping[str, tuple[str, ...]], *, spaced: bool) -> Asked:
    """The verb stands last, or somewhere where no spaces are written: `帽子 | を外して`, "şapkayı | kaldır"."""
    plain = clause.casefold()
    for how, verb in _verbs(words):
        at = plain.rfind(verb)
        whole = not spaced or at == 0 or (at > 0 and clause[at - 1] == " " and at + len(verb) == len(clause))
        if at < 0 or not whole:
            continue
        before, after = clause[:at].strip(_EDGES), clause[at + len(verb) :].strip(_EDGES)
        before = _without_opening(before, words)
        if how == "replace" and before and after:
            return Asked(how, before, after)
        between = next(iter(words.get("between", ())), "")
        if how == "replace" and between and between in before:
            old, _, new = before.partition(between)
            return Asked(how, old.strip(_EDGES), new.strip(_EDGES))
        if before or after:
            return Asked(how, after or before) if how != "replace" else Asked(how, before or after)
    return Asked("", clause)


def _verbs(words: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Every verb, the longest first: one may hold another."""
    listed = [(how, verb.casefold()) for how in _ASKING for verb in words.get(how, ())]
    yield from sorted(listed, key=lambda one: -len(one[1]))


def _without_opening(words: str, listed: Mapping[str, tuple[str, ...]]) -> str:
    opening = next((word for word in listed.get("before", ()) if words.startswith(word)), "")
    return words.removeprefix(opening).strip(_EDGES)
