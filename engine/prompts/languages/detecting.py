"""Which language a text is in, by its script and its words. English is "", and what is mostly English is English."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Final

from engine.prompts.languages.vocabulary import LATIN, Language, fold, language, words_of
from engine.prompts.lexicon import LEXICON, entry

_NAMED: Final = re.compile(r'"[^"\n]*"|@[\w:-]++')
"""Quotations and handles, which are in no language."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_ACCENTED: Final = re.compile(r"[^\W\d_A-Za-z]")
_KANA: Final = re.compile("[\u3040-\u30ff]+")
_HANGUL: Final = re.compile("[\uac00-\ud7a3]+")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]+")
_UKRAINIAN: Final = re.compile("[іїєґІЇЄҐ]")
_RUSSIAN: Final = re.compile("[ыэёъЫЭЁЪ]")
_BORDER: Final = re.compile(r"[,;:.!?|\n]+")
_LEAST_SHARE: Final = 0.25
"""Of the words of a text that another script must have."""
_FEW: Final = 4
"""Words of a text that is so short that one of them tells."""
_MOST_WORDS: Final = 400
_MOST_COMPARED: Final = 40
_EVERYWHERE: Final = 4
"""Languages that have a word of no language: a maker's name, a film."""
_SUSPECT: Final = 0.2
"""The share of words unknown to English from which on the other lexicons are asked."""
_ACCENTS: Final = {
    "ñ": ("spanish",), "¿": ("spanish",), "ã": ("portuguese",), "õ": ("portuguese",), "ß": ("german",),
    "ä": ("german",), "ö": ("german", "turkish"), "ü": ("german", "turkish"), "è": ("french", "italian"),
    "ê": ("french", "portuguese"), "à": ("french", "italian"), "ò": ("italian",), "ì": ("italian",),
    "ł": ("polish",), "ą": ("polish",), "ę": ("polish",), "ś": ("polish",), "ż": ("polish",), "ź": ("polish",),
    "ć": ("polish",), "ń": ("polish",), "ş": ("turkish",), "ğ": ("turkish",), "ı": ("turkish",),
    "ç": ("portuguese", "french", "turkish"), "î": ("french",), "ô": ("french", "portuguese"), "œ": ("french",),
    "á": ("spanish", "portuguese"), "í": ("spanish", "portuguese"), "ó": ("spanish", "portuguese", "polish"),
    "ú": ("spanish", "portuguese"), "é": ("spanish", "portuguese", "french"), "ë": ("dutch",), "ï": ("dutch",),
}  # fmt: skip


@lru_cache(maxsize=256)
def detect(text: str) -> str:
    """The name of the language (a name of `lexicon.NAMES`) that a text is in, wholly or in part; "" for English."""
    text = _NAMED.sub(" ", text) if '"' in text or "@" in text else text
    return "" if text.isspace() else _by_script(text) or _by_words(text)


def spoken(text: str) -> Language | None:
    """The language of a text, None for English."""
    name = detect(text)
    return language(name) if name else None


def _by_script(text: str) -> str:
    if text.isascii():
        return ""
    han, kana, hangul = (len("".join(pattern.findall(text))) for pattern in (_HAN, _KANA, _HANGUL))
    cyrillic = len(_CYRILLIC.findall(text))
    if not (han or kana or hangul or cyrillic):
        return ""
    words = sum(word.isascii() for word in _WORD.findall(text))
    own = (han + kana + hangul) / 2 + cyrillic
    if own < _LEAST_SHARE * (own + words):
        return ""
    if cyrillic * 2 > han + kana + hangul:
        ukrainian, russian = len(_UKRAINIAN.findall(text)), len(_RUSSIAN.findall(text))
        if not ukrainian and not russian:
            return _nearer(text, "ukrainian", "russian")
        return "ukrainian" if ukrainian > russian else "russian"
    if hangul * 2 > han + kana:
        return "korean"
    return "japanese" if kana * 8 > han else "chinese"


def _nearer(text: str, one: str, other: str) -> str:
    """Of two languages that share their letters, the one that knows more of the words; `other` where both do."""
    words = [fold(word) for word in _WORD.findall(text)[:_MOST_COMPARED]]
    known = [sum(language(name).at([word], 0) is not None for word in words) for name in (one, other)]
    return one if known[0] > known[1] else other


def _by_words(text: str) -> str:
    """The Latin language of most of the words that English has not; it must have clauses of its own."""
    accented = not text.isascii() and _ACCENTED.search(text)
    if not accented and _is_plainly_english(text):
        return ""
    words = _WORD.findall(text)[:_MOST_WORDS]
    if not accented and sum(map(_strange, words)) < max(1, _SUSPECT * len(words)):
        return ""
    votes = dict[str, int]()
    for spoken_for in map(_votes, words):
        for name, weight in spoken_for:
            votes[name] = votes.get(name, 0) + weight
    if not votes:
        return ""
    name = max(votes, key=votes.__getitem__)
    wanted = 2 if len(words) > _FEW else 1
    for clause in _BORDER.split(text):
        wanted -= _own(clause, name)
        if wanted <= 0:
            return name
    return ""


def _is_plainly_english(text: str) -> bool:
    """Whether few of the words of a text are unknown to English; False says nothing of a long one."""
    counts = list(map(_counted, text.split()))
    words, strange = map(sum, zip(*counts, strict=True)) if counts else (0, 0)
    return words <= _MOST_WORDS and strange < max(1, _SUSPECT * words)


@lru_cache(maxsize=16384)
def _counted(typed: str) -> tuple[int, int]:
    """How many words stand between two spaces, and how many of them English has not."""
    words = _WORD.findall(typed)
    return len(words), sum(map(_strange, words))


@lru_cache(maxsize=16384)
def _votes(word: str) -> tuple[tuple[str, int], ...]:
    """The languages that a word speaks for, by itself and by its accents, and how much."""
    found = Counter({name: 2 if _strange(word) else 1 for name in _known(word)})
    if _strange(word):
        found.update(name for sign in word.lower() if sign in _ACCENTS for name in _ACCENTS[sign])
    return tuple(found.items())


@lru_cache(maxsize=4096)
def _own(clause: str, name: str) -> int:
    """The words of a clause that the language has and English has not; 0 when more words are English alone."""
    words = _WORD.findall(clause)[:_MOST_WORDS]
    own = sum(_strange(word) and name in _known(word) for word in words)
    english = sum(not _strange(word) and len(word) > 1 and name not in _known(word) for word in words)
    return own if own > english else 0


@lru_cache(maxsize=16384)
def _known(word: str) -> tuple[str, ...]:
    """The Latin languages that have a word, none where most have it."""
    known = _knowing(fold(word)) if _strange(word) else _languages().get(fold(word), ())
    return known if len(known) < _EVERYWHERE else ()


@lru_cache(maxsize=16384)
def _strange(word: str) -> bool:
    """Whether English has no such word."""
    plain = word.casefold()
    return len(plain) > 1 and not entry(word)[0] and plain not in LEXICON.verbs and plain not in LEXICON.bases


@lru_cache(maxsize=16384)
def _knowing(word: str) -> tuple[str, ...]:
    return tuple(name for name in LATIN if language(name).at([word], 0))


@cache
def _languages() -> dict[str, tuple[str, ...]]:
    """For each folded word the languages that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for name in LATIN:
        for word in words_of(name):
            found[word] = (*found.get(word, ()), name)
    return found
