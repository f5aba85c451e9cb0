"""A line in some language → tokens: words and phrases with their kinds, borders, quotations, lenses and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts.languages.vocabulary import SMALL, Language, Match, fold
from engine.prompts.lexicon import SLOT_OF, listed_kind

UNSPACED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\uac00-\ud7a3"
"""Kana, Chinese characters and Hangul, as in a class of a pattern."""
_TOKEN: Final = re.compile(
    rf"""
    ("[^"]*")                                                                                   # 1: quoted words
  | ((?<![\w.@-])@[A-Za-z0-9_-]{{1,15}}(?::[0-9]{{1,4}})?(?![\w-]))                             # 2: a handle
  | ((?<!\w)[fFƒ]\s?/?\s?\d++(?:[.,]\d++)?+(?![A-Za-z]) | (?<!\w)1/\d++\s?(?:s|с|сек|秒|초)?(?![A-Za-z])
      | (?<!\w)(?i:iso)[\s-]?\d++ | \d++(?:[.,]\d++)?+\s?-?(?:mm|MM|мм|毫米|ミリ|밀리))         # 3: a lens, a stop
  | ([,;|，、。；！？…\n]+ | (?<![.!?:：])[.!?:：]++(?=\s|$) | ： | (?<=\s)[-–—·•/]++(?=\s))        # 4: a border
  | ((?:[A-Za-z](?=[{UNSPACED}]))?[{UNSPACED}]+(?:[ ][{UNSPACED}]+)*)              # 5: a run
  | ([^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*(?:-?\d++[^\W_{UNSPACED}]*+)?+) # 6: a word
  | (\d[\d.,:/]*+[^\W\d_{UNSPACED}]*+)                                                         # 7: a number
    """,
    re.VERBOSE,
)
_FIXED: Final = ("", "quote", "handle", "tech", "border", "", "", "number")
_TECH, _BORDER, _RUN, _WORD, _NUMBER = 3, 4, 5, 6, 7
_ENGLISH: Final = {"feature": "trait", "landform": "place", "surface": "furnishing", "tech": "camera", "detail": "skin"}
_KNOWN: Final = frozenset(SLOT_OF) | {"adjective", "medium"}
_PARTICLES: Final = SMALL - {"wear", "lit", "not", "avoid", "not after", "after"}
"""Kinds that are parts of the Korean word before them where they have one syllable."""
_STRONG: Final = frozenset(".!?。！？…\n")


class Token(NamedTuple):
    """A stretch of the line. `concept` is English, "" where none is known; `denied` is as in `Match`."""

    kind: str
    concept: str
    start: int
    end: int
    denied: int = 0
    foreign: bool = False


def tokens(line: str, language: Language) -> list[Token]:
    """Every token of the line, in order; what no token covers says nothing."""
    found = list[Token]()
    waiting = list[tuple[str, int, int]]()
    for piece in _TOKEN.finditer(line):
        group = piece.lastindex or 0
        if group == _WORD:
            waiting += _words(piece[0], piece.start(), language)
            continue
        if waiting:
            found += _known(line, waiting, language)
            waiting = []
        if group == _RUN and language.unspaced:
            found += _run(piece[0], piece.start(), language)
        else:
            concept = joint(piece[0]) if group == _BORDER else ""
            kind = (english(piece[0]) if group == _NUMBER else "") or _FIXED[group]
            found.append(Token(kind, concept, *piece.span(), 0, group == _TECH and not piece[0].isascii()))
    if waiting:
        found += _known(line, waiting, language)
    return found


def _words(text: str, start: int, language: Language) -> Iterator[tuple[str, int, int]]:
    if "'" not in text and "’" not in text:
        yield fold(text), start, start + len(text)
        return
    for word in language.letters.finditer(text):
        yield fold(word[0]), start + word.start(), start + word.end()


def _known(line: str, words: list[tuple[str, int, int]], language: Language) -> Iterator[Token]:
    """The words between two other tokens: phrases first, then single words, then what English knows."""
    folded, at = [word for word, _, _ in words], 0
    while at < len(words):
        _, start, end = words[at]
        match = None if language.unspaced else language.at(folded, at, line[start:end])
        if match:
            end = words[at + match.length - 1][2]
            at += match.length
            yield Token(*match.entry, start, end, match.denied, True)
            continue
        at += 1
        kind = english(line[start:end])
        yield Token(kind, line[start:end] if kind else "", start, end)


@lru_cache(maxsize=8192)
def english(word: str) -> str:
    """The kind of an English word among others, in this package's terms; "" when English does not list it."""
    kind = listed_kind(word.casefold())
    return _ENGLISH.get(kind, kind) if kind in _KNOWN else ""


def _run(text: str, start: int, language: Language) -> Iterator[Token]:
    """Text without spaces, or with spaces that part no words: the longest entries, and what is unknown between them."""
    where = [at for at, sign in enumerate(text) if sign != " "]
    begins = {0, *(at + 1 for at in range(len(where) - 1) if where[at + 1] > where[at] + 1)}
    plain = text.replace(" ", "").lower().translate(language.same)
    if len(plain) != len(where):
        plain = text.replace(" ", "")
    ends = [place + 1 for place in where]
    at = loose = 0
    while at < len(plain):
        match = language.in_run(plain, at)
        if match and match.entry.kind in _PARTICLES and not begins.isdisjoint(range(at + 1, at + match.length)):
            # No particle goes on beyond a space.
            match = language.in_run(plain, at, next(each for each in range(at + 1, len(plain)) if each in begins))
        if match is None or (
            match.length == 1 and language.particles and not _alone(plain, at, begins, language, match)
        ):
            at += 1
            continue
        if loose < at:
            yield Token("", "", start + where[loose], start + ends[at - 1])
        yield Token(*match.entry, start + where[at], start + ends[at + match.length - 1], match.denied, True)
        at += match.length
        loose = at
    if loose < at:
        yield Token("", "", start + where[loose], start + ends[at - 1])


def _alone(text: str, at: int, begins: set[int], language: Language, match: Match) -> bool:
    """Whether a Korean word of one syllable is a word of its own, or a particle, rather than part of a longer one."""
    if match.entry.kind in _PARTICLES:
        return at not in begins and (at + 1 == len(text) or at + 1 in begins)
    end = at + 1
    while end < len(text) and end not in begins and end < at + 3:
        end += 1
    return at in begins and text[at + 1 : end] in {"", *language.particles}


def joint(border: str) -> str:
    """How a piece after this border is joined to the one before it, in the reader's terms."""
    if not _STRONG.isdisjoint(border):
        return "."
    return ";" if ";" in border or "；" in border else ","
