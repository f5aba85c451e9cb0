"""A line in some language → tokens: words and phrases with their kinds, borders, quotations, lenses and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts.languages.vocabulary import SMALL, Language, Match, fold
from engine.prompts.lexicon import SLOT_OF, listed_kind
from engine.prompts.units import new

UNSPACED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\uac00-\ud7a3"
"""Kana, Chinese characters and Hangul, as in a class of a pattern."""
_TOKEN: Final = re.compile(
    rf"""
    ((?:[A-Za-z](?=[{UNSPACED}]))?[{UNSPACED}]+(?:[ ][{UNSPACED}]+)*)              # 1: a run
  | ([,;|，、。；！？…\n]+ | (?<![.!?:：])[.!?:：]++(?=\s|$) | ： | (?<=\s)[-–—·•/]++(?=\s))        # 2: a border
  | ("[^"]*")                                                                                   # 3: quoted words
  | ((?<![\w.@-])@[A-Za-z0-9_-]{{1,15}}(?::[0-9]{{1,4}})?(?![\w-]))                             # 4: a handle
  | ((?<!\w)[fFƒ]\s?/?\s?\d++(?:[.,]\d++)?+(?![A-Za-z]) | (?<!\w)1/\d++\s?(?:s|с|сек|秒|초)?(?![A-Za-z])
      | (?<!\w)(?i:iso)[\s-]?\d++ | \d++(?:[.,]\d++)?+\s?-?(?:mm|MM|мм|毫米|ミリ|밀리))         # 5: a lens, a stop
  | ([^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*(?:-?\d++[^\W_{UNSPACED}]*+)?+) # 6: a word
  | (\d[\d.,:/]*+[^\W\d_{UNSPACED}]*+)                                                         # 7: a number
    """,
    re.VERBOSE,
)
_CROSSING: Final = re.compile(r"\d|(?:^|[\W_])(?:[fFƒ]|[iI][sS][oO])\W*$")
"""Typed words from which a piece may go on beyond the space: "85 mm", "f / 2"; unless they end with a border."""
_RUNS: Final = re.compile(f"[{UNSPACED}]")
_DASHES: Final = frozenset("-–—·•/")
_FIXED: Final = ("", "", "border", "quote", "handle", "tech", "", "number")
_RUN, _BORDER, _TECH, _WORD, _NUMBER = 1, 2, 5, 6, 7
_ENGLISH: Final = {"feature": "trait", "landform": "place", "surface": "furnishing", "tech": "camera", "detail": "skin"}
_KNOWN: Final = frozenset(SLOT_OF) | {"adjective", "medium"}
_PARTICLES: Final = SMALL - {"wear", "lit", "not", "avoid", "not after", "after"}
"""Kinds that are parts of the Korean word before them where they have one syllable."""
_FIRST: Final = frozenset({0})
_STRONG: Final = frozenset(".!?。！？…\n")


class Token(NamedTuple):
    """A stretch of the line. `concept` is English, "" where none is known; `denied` is as in `Match`."""

    kind: str
    concept: str
    start: int
    end: int
    denied: int = 0
    foreign: bool = False


_Piece = tuple[int, int, int, str]
"""Which alternative of the pattern has matched, where its text begins and where it ends; a word without an apostrophe
folded."""


def tokens(line: str, language: Language) -> list[Token]:
    """Every token of the line, in order; what no token covers says nothing."""
    if language.unspaced:
        return _unspaced(line, language)
    found = list[Token]()
    waiting = list[tuple[str, int, int]]()
    for group, begin, end, folded in _typed_pieces(line):
        if folded:
            waiting.append((folded, begin, end))
        elif group == _WORD:
            waiting += _words(line[begin:end], begin, language)
        else:
            if waiting:
                _know(line, waiting, language, found)
                waiting = []
            found.append(_other(group, line[begin:end], begin, end))
    if waiting:
        _know(line, waiting, language, found)
    return found


def _unspaced(line: str, language: Language) -> list[Token]:
    """The same for a language without spaces, where every word in letters is English."""
    found = list[Token]()
    plain = line.lower().translate(language.same)
    whole = len(plain) == len(line)
    for piece in _TOKEN.finditer(line):
        group = piece.lastindex or 0
        begin, end = piece.span()
        if group == _RUN:
            text = plain[begin:end] if whole else piece[0].lower().translate(language.same)
            if " " in text or len(text) != end - begin:
                found += _spaced_run(piece[0], begin, language)
            else:
                _run(text, begin, language, found)
        elif group == _WORD:
            found += [_in_english(line, first, last) for _, first, last in _words(piece[0], begin, language)]
        else:
            found.append(_other(group, piece[0], begin, end))
    return found


def _piece(found: re.Match[str]) -> _Piece:
    group, typed = found.lastindex or 0, found[0]
    plain = group == _WORD and "'" not in typed and "’" not in typed
    return (group, *found.span(), fold(typed) if plain else "")


def _typed_pieces(line: str) -> list[_Piece]:
    """All pieces of a line: mostly those of single words between spaces, which were met before."""
    found, at, done = list[_Piece](), 0, 0
    for typed in line.split(" "):
        end = at + len(typed)
        if at >= done and typed:
            edge = (at == 0 or end == len(line)) and typed[0] in _DASHES
            if edge or (known := _of_typed(typed)) is None:
                done = _spelled(line, at, end, found)
            else:
                for group, start, stop, folded in known:
                    found.append((group, at + start, at + stop, folded))
        at = end + 1
    return found


@lru_cache(maxsize=16384)
def _of_typed(typed: str) -> tuple[_Piece, ...] | None:
    """The pieces of what stands between two spaces; None where one of them may go on beyond the space."""
    if '"' in typed or _RUNS.search(typed) or (typed[-1] not in ",;." and _CROSSING.search(typed)):
        return None
    pieces = map(_piece, _TOKEN.finditer(f" {typed} "))
    return tuple((group, start - 1, stop - 1, folded) for group, start, stop, folded in pieces)


def _spelled(line: str, at: int, end: int, found: list[_Piece]) -> int:
    """Add the pieces from `at` to the end of the typed word in which the last of them ends; where that is."""
    for piece in _TOKEN.finditer(line, at):
        if piece.start() >= end:
            break
        found.append(_piece(piece))
        if piece.end() > end:
            end = line.find(" ", piece.end())
            end = end if end >= 0 else len(line)
    return end


def _other(group: int, text: str, begin: int, end: int) -> Token:
    """The token of what is no word."""
    if group == _BORDER:
        return new(Token, ("border", joint(text), begin, end, 0, False))
    kind = (english(text) if group == _NUMBER else "") or _FIXED[group]
    return new(Token, (kind, "", begin, end, 0, group == _TECH and not text.isascii()))


def _words(text: str, start: int, language: Language) -> list[tuple[str, int, int]]:
    if "'" not in text and "’" not in text:
        return [(fold(text), start, start + len(text))]
    return [(fold(word[0]), start + word.start(), start + word.end()) for word in language.letters.finditer(text)]


def _know(line: str, words: list[tuple[str, int, int]], language: Language, found: list[Token]) -> None:
    """Add the words between two other tokens: phrases first, then single words, then what English knows."""
    single, folded, done = language.single, [word for word, _, _ in words], 0
    for at, (word, start, end) in enumerate(words):
        if at < done:
            continue
        typed = line[start:end]
        seconds, match = single(word, typed)
        if seconds and at + 1 < len(words):
            match = language.at(folded, at, typed)
        if match is None:
            kind = english(typed)
            found.append(new(Token, (kind, typed if kind else "", start, end, 0, False)))
            continue
        (kind, concept), length, denied = match
        done = at + length
        found.append(new(Token, (kind, concept, start, words[done - 1][2] if length > 1 else end, denied, True)))


def _in_english(line: str, start: int, end: int) -> Token:
    """The token of a word that only English may know."""
    typed = line[start:end]
    kind = english(typed)
    return new(Token, (kind, typed if kind else "", start, end, 0, False))


@lru_cache(maxsize=8192)
def english(word: str) -> str:
    """The kind of an English word among others, in this package's terms; "" when English does not list it."""
    kind = listed_kind(word.casefold())
    return _ENGLISH.get(kind, kind) if kind in _KNOWN else ""


def _run(plain: str, start: int, language: Language, found: list[Token]) -> None:
    """Add what text without spaces, in lower case, holds: the longest entries, and what is unknown between them."""
    at, loose, end = 0, 0, len(plain)
    exact, lengths, alone = language.exact, language.lengths, bool(language.particles)
    while at < end:
        for length in lengths.get(plain[at : at + 2], ()):
            entry = exact.get(plain[at : at + length])
            if entry and at + length <= end:
                break
        else:
            length, entry = 1, exact.get(plain[at])
            if entry is None:
                at += 1
                continue
        if length == 1 and alone and not _alone(plain, at, _FIRST, language, Match(entry, 1)):
            at += 1
            continue
        here = start + at
        if loose < at:
            found.append(new(Token, ("", "", start + loose, here, 0, False)))
        found.append(new(Token, (*entry, here, here + length, 0, True)))
        at += length
        loose = at
    if loose < at:
        found.append(new(Token, ("", "", start + loose, start + at, 0, False)))


def _spaced_run(text: str, start: int, language: Language) -> Iterator[Token]:
    """The tokens of text with spaces that part no words."""
    where, begins, place = list[int](), set[int](), start
    for part in text.split(" "):
        begins.add(len(where))
        where += range(place, place + len(part))
        place += len(part) + 1
    plain = text.replace(" ", "").lower().translate(language.same)
    if len(plain) != len(where):
        plain = text.replace(" ", "")
    at = loose = 0
    while at < len(plain):
        match = language.in_run(plain, at)
        if match and match.entry.kind in _PARTICLES and not begins.isdisjoint(range(at + 1, at + match.length)):
            # No particle goes on beyond a space.
            match = language.in_run(plain, at, next(each for each in range(at + 1, len(plain)) if each in begins))
        if match is None:
            at += 1
            continue
        entry, length, denied = match
        if length == 1 and language.particles and not _alone(plain, at, begins, language, match):
            at += 1
            continue
        if loose < at:
            yield new(Token, ("", "", where[loose], where[at - 1] + 1, 0, False))
        yield new(Token, (*entry, where[at], where[at + length - 1] + 1, denied, True))
        at += length
        loose = at
    if loose < at:
        yield new(Token, ("", "", where[loose], where[at - 1] + 1, 0, False))


def _alone(text: str, at: int, begins: AbstractSet[int], language: Language, match: Match) -> bool:
    """Whether a Korean word of one syllable is a word of its own, or a particle, rather than part of a longer one."""
    if match.entry.kind in _PARTICLES:
        return at not in begins and (at + 1 == len(text) or at + 1 in begins)
    end = at + 1
    while end < len(text) and end not in begins and end < at + 3:
        end += 1
    return at in begins and text[at + 1 : end] in {"", *language.particles}


@lru_cache(maxsize=256)
def joint(border: str) -> str:
    """How a piece after this border is joined to the one before it, in the reader's terms."""
    if not _STRONG.isdisjoint(border):
        return "."
    return ";" if ";" in border or "；" in border else ","
