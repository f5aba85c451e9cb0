"""The shapes of English words: plurals, verb forms, compounds, numbers with units. Knows no word by heart."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TECH: Final = re.compile(
    r"\A(?:\d.*(?:mm|mp)|[fƒ][\s/]*\d.*|iso\W*\d+|\d++/\d++\W*+(?:th\W*+)?(?:s|secs?|seconds?))", re.I
)
_KELVIN: Final = re.compile(r"\d{4,5}\s?k", re.I)
_AGE: Final = re.compile(r"\d0s|\d{1,3}\W*(?:yo|y\.?o\.?|y/o|yrs?|years?)\b.*", re.I)
_COMPOUNDS: Final = {
    "garment": (
        "dress",
        "coat",
        "shirt",
        "skirt",
        "scarf",
        "suit",
        "jacket",
        "boot",
        "boots",
        "hat",
        "wear",
        "gown",
        "glove",
    ),
    "place": (
        "yard",
        "house",
        "room",
        "shop",
        "store",
        "field",
        "side",
        "front",
        "walk",
        "park",
        "scape",
        "ground",
        "hall",
    ),
    "light": ("light", "lit", "shine", "glow", "lamp", "light"),
    "person": ("man", "men", "woman", "women", "ist", "smith", "monger", "wright", "keeper", "eer", "ess", "mate"),
}
_VOWELS: Final = frozenset("aeiou")


def key(phrase: str) -> tuple[str, ...]:
    """A phrase as its words: hyphens are spaces, and a possessive counts as the bare word."""
    return tuple(bare(word) for word in _WORD.findall(phrase))


def bare(word: str) -> str:
    """The word in lower case without a possessive ending."""
    word = word.casefold().replace("’", "'")
    return word[:-2] if word.endswith("'s") else word


def inflections(verb: str) -> tuple[str, str]:
    """The forms that stand beside a noun: "stand" → "stands", "standing"."""
    third = verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        third = verb[:-1] + "ies"
    if verb.endswith("ie"):
        return third, verb[:-2] + "ying"
    if verb.endswith("e"):
        return third, verb[:-1] + "ing"
    short = len(verb) <= 5 and verb[-1] not in "wxyaeiou" and verb[-2] in _VOWELS and verb[-3:-2] not in _VOWELS
    return third, verb + (verb[-1] if short and len(verb) > 2 else "") + "ing"


def singulars(word: str) -> tuple[str, ...]:
    """What the word may be the plural of, the likeliest last resort last."""
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return ()
    if word.endswith("ies"):
        return (word[:-3] + "y", word[:-1])
    if word.endswith("ves"):
        return (word[:-1], word[:-3] + "f", word[:-3] + "fe")
    if word.endswith("es"):
        return (word[:-1], word[:-2])
    return (word[:-1],)


def shape(word: str) -> str:
    """The kind that an unknown word, in lower case, has by its form alone; "" when it shows none."""
    if word[:1].isdigit() or word.startswith(("f", "ƒ", "i")):
        if _TECH.fullmatch(word):
            return "tech"
        if _KELVIN.fullmatch(word):
            return "light"
        if _AGE.fullmatch(word):
            return "feature"
    return _compound(word.removesuffix("s") if len(word) > 6 else word)


def _compound(word: str) -> str:
    if len(word) > 5:
        for kind, endings in _COMPOUNDS.items():
            if word.endswith(endings):
                return kind
    return ""
