"""A line in some language → tokens: words and phrases with their kinds, borders, quotations, lenses and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts.languages.lexicon import Language, Match, fold
from engine.prompts.lexicon import SLOT_OF, listed_kind

UNSPACED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\uac00-\ud7a3"
"""Kana, Chinese characters and Hangul, as in a class of a pattern."""
_TOKEN: Final = re.compile(
    rf"""
    ("[^"]*")                                                                                   # 1: quoted words
  | ((?<![\w.@-])@[A-Za-z0-9_-]{{1,15}}(?::[0-9]{{1,4}})?(?![\w-]))                             # 2: a handle
  | ((?<!\w)[fFƒ]\s?/?\s?\d++(?:[.,]\d++)?+(?![A-Za-z]) | (?<!\w)1/\d++\s?(?:s|с|сек|秒|초)?(?![A-Za-z])
      | (?<!\w)(?i:iso)[\s-]?\d++ | \d++(?:[.,]\d++)?+\s?-?(?:mm|MM|мм|毫米|ミリ|밀리))         # 3: a lens, a stop
  | ([,;|，、。；！？…\n]+ | [.!?:：]+(?=\s|$) | ： | (?<=\s)[-–—·•/]+(?=\s))                    # 4: a border
  | ((?:[A-Za-z](?=[{UNSPACED}]))?[{UNSPACED}]+)                                                # 5: a run
  | ([^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*)                                           # 6: a word
  | (\d[\d.,:/]*+)                                                                              # 7: a number
    """,
    re.VERBOSE,
)
_FIXED: Final = ("", "quote", "handle", "tech", "border", "", "", "number")
_RUN, _WORD = 5, 6
_ENGLISH: Final = {"feature": "trait", "landform": "place", "surface": "furnishing", "tech": "camera", "detail": "skin"}
_KNOWN: Final = frozenset(SLOT_OF) | {"adjective", "medium"}
_STRONG: Final = frozenset(".!?。！？…\n")


class Token(NamedTuple):
    """A stretch of the line. `concept` is English, "" where none is known; `denied` when the word itself says "no"."""

    kind: str
    concept: str
    start: int
    end: int
    denied: bool = False
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
            found.append(Token(_FIXED[group], joint(piece[0]) if _FIXED[group] == "border" else "", *piece.span()))
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
        match = None if language.unspaced else language.at(folded, at)
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
    """Text without spaces; what is unknown stands as it is, and an unknown ending belongs to the word before it."""
    plain = text.lower().translate(language.same)
    plain, at, loose = plain if len(plain) == len(text) else text, 0, 0
    while at < len(text):
        match = language.in_run(plain, at)
        if match is None or (match.length == 1 and language.particles and not _alone(plain, at, language, match)):
            at += 1
            continue
        if loose < at:
            yield Token("", "", start + loose, start + at)
        yield Token(*match.entry, start + at, start + at + match.length, match.denied, True)
        at += match.length
        loose = at
    if loose < at:
        yield Token("", "", start + loose, start + at)


def _alone(text: str, at: int, language: Language, match: Match) -> bool:
    """Whether a Korean word of one syllable is a word of its own, or a particle, rather than part of a longer one."""
    after = text[at + 1 :]
    if match.entry.kind in {"small", "of", "and", "with", "in", "from", "not"}:
        return at > 0 and not after
    return at == 0 and (not after or after in language.particles)


def joint(border: str) -> str:
    """How a piece after this border is joined to the one before it, in the reader's terms."""
    if not _STRONG.isdisjoint(border):
        return "."
    return ";" if ";" in border or "；" in border else ","
