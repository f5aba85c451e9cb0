"""One language's words, from its data file: what kind of thing each names, and the concept in English."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.prompts.units import new

LATIN: Final = ("spanish", "portuguese", "french", "german", "italian", "dutch", "polish", "turkish")
NAMES: Final = (*LATIN, "russian", "ukrainian", "chinese", "japanese", "korean")
SMALL: Final = frozenset(
    {"with", "in", "of", "and", "from", "wear", "lit", "small", "after", "not", "avoid", "not after"}
)
"""Kinds of words that join, open or deny; they name nothing."""

DENYING: Final = frozenset({"not", "avoid", "not after"})
_FIXED: Final = SMALL - {"wear", "lit"}
"""Kinds of words without endings."""

_LETTERS: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_UNJOINED: Final = re.compile(r"[^\W\d_]+")
_OTHER: Final = str.maketrans({"ł": "l", "ø": "o", "ı": "i", "đ": "d", "’": "'", "œ": "oe", "æ": "ae"})
_SHORTEST: Final = 3
"""Letters that a stem, a beginning or half a compound has at least."""
_LONGEST: Final = 40
"""Letters of a word that are looked at: longer ones are none."""
_HARD_ENDS: Final = {"k": "g", "p": "b", "t": "d"}
"""Turkish consonants at the end of a word, and what they become before a vowel (ç and c are one when folded)."""
_LONGEST_SUFFIX: Final = 8


class VocabularyEntry(NamedTuple):
    """What a word is: its kind (a section of the data file), and the concept in English, "" for small words."""

    kind: str
    concept: str


_Seconds = dict[str, list[tuple[tuple[str, ...], VocabularyEntry]]]
"""For each second word of a phrase how phrases go on from there, and what they are."""


class Match(NamedTuple):
    """An entry, how many of the words (or characters) it covers, and where the word itself denies it, how many of its
    letters are not the denial ("sakal" of "sakalsız"); 0 where it does not."""

    entry: VocabularyEntry
    length: int
    denied: int = 0


@lru_cache(maxsize=16384)
def fold(word: str) -> str:
    """The word in lower case without accents, which people leave out. What is no alphabet stays as it is."""
    word = word.casefold().translate(_OTHER)
    if word.isascii() or word[0] >= "\u1100":
        return word
    return "".join(
        sign
        if sign == "ñ"
        else "".join(part for part in unicodedata.normalize("NFD", sign) if not unicodedata.combining(part))
        for sign in word
    )


class Language:
    """The words of one language. Built once; asking it changes nothing but what it remembers."""

    def __init__(self, name: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
        about = tables["about"]
        self.name = name
        self.prepositions_after = about["prepositions"] == "after"
        self.adjectives_after = about["adjectives"] == "after"
        self.unspaced = bool(about["unspaced"])
        self.suffixes = bool(about["suffixes"])
        self.letters = _UNJOINED if about["elides"] else _LETTERS
        self.endings = tuple(sorted(map(fold, about["endings"].split()), key=len, reverse=True))
        self.linking = tuple(about["compounds"].split())
        self.particles = frozenset(about.get("particles", "").split())
        pairs = (pair.partition("=") for pair in about.get("changes", "").split())
        self.changes = tuple((fold(end), fold(changed)) for end, _, changed in pairs)
        same = about.get("same", "")
        self.same = str.maketrans(dict(zip(same[::2], same[1::2], strict=True)))
        self.labels = {fold(label): slot for slot, row in tables["labels"].items() for label in row.split("|")}
        self.typed: dict[str, VocabularyEntry] = {}
        self.exact: dict[str, VocabularyEntry] = {}
        self.stems: dict[str, VocabularyEntry] = {}
        self.beginnings: dict[str, VocabularyEntry] = {}
        self.phrases: dict[str, _Seconds] = {}
        self.lengths: dict[str, tuple[int, ...]] = {}
        self.denying: set[str] = set()
        self.stem = lru_cache(maxsize=8192)(self._stem)
        for kind, row in tables.items():
            if kind not in {"about", "labels", "changing"}:
                self._add(kind, row)
        self.changing: dict[str, tuple[str, ...]] = {
            name: tuple(listed.split("|")) for name, listed in tables["changing"].items()
        }
        for how in ("add", "make", "remove", "replace"):
            self._add_verbs(self.changing.get(how, ()))
        for seconds in self.phrases.values():
            for tails in seconds.values():
                tails.sort(key=lambda tail: -len(tail[0]))
        self.lower = {
            word: VocabularyEntry("trait", concept)
            for word, _, concept in (one.partition("=") for one in about.get("lower", "").split())
        }
        self.single = lru_cache(maxsize=8192)(self._one_word)

    def _add_verbs(self, listed: Iterable[str]) -> None:
        """Words that ask for a change: they tell the language, and nothing of the picture."""
        for wording in listed if not self.unspaced else ():
            if fold(wording) not in self.exact:
                self.typed.setdefault(wording.casefold(), VocabularyEntry("small", ""))
                self.exact[fold(wording)] = VocabularyEntry("small", "")

    def _add(self, kind: str, row: Mapping[str, str]) -> None:
        for concept, listed in row.items():
            entry = VocabularyEntry(concept, "") if kind == "small" else VocabularyEntry(kind, concept)
            for wording in listed.split("|"):
                if self.unspaced:
                    self._add_unspaced(wording, entry)
                else:
                    self._add_wording(wording, entry)

    def _add_unspaced(self, wording: str, entry: VocabularyEntry) -> None:
        plain = "".join(wording.split()).lower()
        self.exact.setdefault(plain, entry)
        known = {*self.lengths.get(plain[:2], ()), len(plain)}
        self.lengths[plain[:2]] = tuple(sorted(known, reverse=True))
        if entry.kind in DENYING:
            self.denying.add(plain)

    def _add_wording(self, wording: str, entry: VocabularyEntry) -> None:
        if any(sign.isdigit() for sign in wording):
            return
        words = [fold(word) for word in self.letters.findall(wording)]
        if len(words) > 1:
            first, second, *rest = map(self.stem, words)
            self.phrases.setdefault(first, {}).setdefault(second, []).append((tuple(rest), entry))
        elif wording.endswith("*"):
            self.beginnings.setdefault(words[0], entry)
            for end, changed in self.changes:
                if words[0].endswith(end):
                    self.beginnings.setdefault(words[0].removesuffix(end) + changed, entry)
        elif words:
            self.typed.setdefault(wording.casefold(), entry)
            self.exact.setdefault(words[0], entry)
            if entry.kind not in _FIXED:
                self.stems.setdefault(self.stem(words[0]), entry)
            if self.suffixes and words[0][-1] in _HARD_ENDS:
                self.exact.setdefault(words[0][:-1] + _HARD_ENDS[words[0][-1]], entry)

    def _stem(self, word: str) -> str:
        """A folded word without the longest ending that leaves enough of it."""
        for ending in self.endings:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
                return word[: -len(ending)]
        return word

    def at(self, words: list[str], place: int, typed: str = "") -> Match | None:
        """The entry that begins with the folded word at `place`, the longest first; None when none does.

        `typed` is that word as it stands: its accents and its capital tell words apart that are one when folded.
        """
        seconds, alone = self.single(words[place], typed)
        if seconds and place + 1 < len(words):
            for tail, entry in self._tails(seconds, words[place + 1]):
                if not tail or self._follows(words, place + 2, tail):
                    return Match(entry, 2 + len(tail))
        return alone

    def _one_word(self, word: str, typed: str) -> tuple[_Seconds | None, Match | None]:
        """How phrases go on that begin with a folded word, and what it is alone."""
        own = self.lower.get(typed) or self.typed.get(typed.casefold())
        return self.phrases.get(self.stem(word)), Match(own, 1) if own else self._look_up(word)

    def _tails(self, seconds: _Seconds, word: str) -> Iterable[tuple[tuple[str, ...], VocabularyEntry]]:
        """How phrases go on behind their second word, which in Turkish has suffixes where it is the last."""
        found = seconds.get(self.stem(word), [])
        if not self.suffixes or found:
            return found
        shorter = (word[:end] for end in range(len(word) - 1, max(_SHORTEST - 1, len(word) - _LONGEST_SUFFIX), -1))
        return [(tail, entry) for start in shorter for tail, entry in seconds.get(start, ()) if not tail]

    def _follows(self, words: list[str], place: int, tail: tuple[str, ...]) -> bool:
        if place + len(tail) > len(words):
            return False
        for offset, wanted in enumerate(tail):
            word = words[place + offset]
            begun = self.suffixes and offset == len(tail) - 1 and word.startswith(wanted)
            if self.stem(word) != wanted and not (begun and len(word) - len(wanted) < _LONGEST_SUFFIX):
                return False
        return True

    def _look_up(self, word: str) -> Match | None:
        word = word[:_LONGEST]
        entry = self._plain(word)
        if entry is None and self.suffixes:
            return self._with_suffixes(word)
        entry = entry or self._begun(word) or (self._compound(word) if self.linking else None)
        return Match(entry, 1) if entry else None

    def _plain(self, word: str) -> VocabularyEntry | None:
        """By the word itself, without one of the endings, or by its stem."""
        if word in self.exact:
            return self.exact[word]
        for ending in self.endings:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
                entry = self.exact.get(word[: -len(ending)])
                if entry and entry.kind not in _FIXED:
                    return entry
        return self.stems.get(self.stem(word)) if self.endings else None

    def _begun(self, word: str) -> VocabularyEntry | None:
        for end in range(len(word), _SHORTEST - 1, -1):
            if word[:end] in self.beginnings:
                return self.beginnings[word[:end]]
        return None

    def _compound(self, word: str) -> VocabularyEntry | None:
        """ "Wollmantel" is a coat of wool: the longest known word at its end, and what is known of the rest."""
        for start in range(_SHORTEST, len(word) - _SHORTEST + 1):
            head = self._plain(word[start:])
            if head is None or head.kind in SMALL:
                continue
            before = self._first_half(word[:start])
            if before or len(word) - start > _SHORTEST:
                known = before is not None and before.concept != head.concept
                return VocabularyEntry(
                    head.kind, f"{before.concept} {head.concept}" if before and known else head.concept
                )
        return None

    def _first_half(self, word: str) -> VocabularyEntry | None:
        for linking in ("", *self.linking):
            if word.endswith(linking) and len(word) - len(linking) >= _SHORTEST:
                found = self._plain(word[: len(word) - len(linking)])
                if found and found.kind not in SMALL:
                    return found
        return None

    def _with_suffixes(self, word: str) -> Match | None:
        """Turkish: the longest known word that this one begins with; "-sız" and "-miyor" deny it."""
        ends = range(len(word), _SHORTEST - 1, -1)
        for end in sorted(ends, key=lambda end: not _denies(word[end:])):
            entry = self.exact.get(word[:end]) or self.beginnings.get(word[:end])
            short = len(word) - end <= _LONGEST_SUFFIX or word[:end] in self.beginnings
            if entry and entry.kind not in SMALL and short:
                return Match(entry, 1, end if _denies(word[end:]) else 0)
        return None

    def in_run(self, text: str, place: int, end: int | None = None) -> Match | None:
        """Of text without spaces between words, the longest entry that begins at `place`, before `end` where given."""
        end = len(text) if end is None else end
        for length in self.lengths.get(text[place : place + 2], ()):
            entry = self.exact.get(text[place : place + length])
            if entry and place + length <= end:
                return new(Match, (entry, length, 0))
        entry = self.exact.get(text[place])
        return new(Match, (entry, 1, 0)) if entry and place < end else None

    def may_deny(self, text: str) -> bool:
        """Whether a text may hold a word that denies; False is certain."""
        if not self.unspaced:
            return True
        plain = "".join(text.split()).lower().translate(self.same)
        return any(word in plain for word in self.denying)


def _denies(suffix: str) -> bool:
    return suffix.startswith(("siz", "suz", "miyor", "muyor", "meyen", "mayan", "mez", "maz"))


@cache
def language(name: str) -> Language:
    """One of `NAMES`. Its file is read at the first call."""
    path = Path(__file__).with_name(f"{name}.toml")
    return Language(name, tomllib.loads(path.read_text(encoding="utf-8")))


def words_of(name: str) -> Iterable[str]:
    """The folded single words of a language that is written with spaces, small ones too."""
    return language(name).exact
