"""The words that say where a clause belongs: loads `lexicon.toml` and answers what a word or a phrase is."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

SLOT_OF: Final = {
    "person": "subject",
    "feature": "subject",
    "body": "subject",
    "prop": "subject",
    "animal": "subject",
    "garment": "clothing",
    "place": "environment",
    "surface": "environment",
    "weather": "environment",
    "light": "lighting",
    "camera": "camera",
    "tech": "camera",
    "detail": "detail",
}
"""The slot that each class of nouns leads to. Classes that are not here need their neighbours to decide."""

_GROUP_KINDS: Final = {
    ("feature", "body"): "body",
    ("person", "animals"): "animal",
    ("place", "weather"): "weather",
    ("place", "furnishings"): "surface",
    ("camera", "medium"): "medium",
}
_FUNCTION_WORDS: Final = {
    "determiner": "a an the this that these those his her their its my our your some any every each both all",
    "pronoun": "he she it they i we you him them me us who himself herself themselves itself please",
    "auxiliary": "is are was were be been being has have had having do does did can could will would should there",
    "adverb": "just almost very slightly half only still also then now so too quite really softly gently barely",
    "negation": "no not without never isn't doesn't",
    "of": "of",
    "and": "and but while or plus & nor yet",
    "with": "with featuring showing including has having",
    "in": "in inside within amid amidst among amongst into",
    "at": "at on upon atop near beside next opposite outside beneath underneath under below above against behind "
    "between beyond along alongside overlooking surrounded towering",
    "by": "by",
    "from": "from through across over onto around past toward towards after before during until off out up down "
    "throughout via about",
    "as": "as like than for whose where when which",
}
_TECH: Final = re.compile(r"\d.*(?:mm|mp)|[fƒ][\s/]*\d.*|iso\W*\d+|\d+/\d+\W*(?:th)?\W*(?:s|secs?|seconds?)", re.I)
_KELVIN: Final = re.compile(r"\d{4,5}\s?k", re.I)
_AGE: Final = re.compile(r"\d0s|\d{1,3}\W*(?:yo|y\.?o\.?|y/o|yrs?|years?)\b.*", re.I)
_VERBS: Final = frozenset({"pose", "gaze", "act", "wear", "lit", "shoot"})
_PERSON_ENDINGS: Final = ("man", "men", "woman", "women", "ist", "smith", "monger", "wright", "keeper", "eer", "ess")
_VOWELS: Final = frozenset("aeiou")


def entries(listed: str) -> list[str]:
    """The comma-separated entries of a table, in lower case, each with single spaces."""
    return [" ".join(entry.split()).casefold() for entry in listed.split(",") if entry.strip()]


def key(phrase: str) -> tuple[str, ...]:
    """A phrase as its words: hyphens are spaces, and a possessive counts as the bare word."""
    return tuple(bare(word) for word in re.findall(r"[^\W_]+(?:['’][^\W_]+)*", phrase))


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


class Lexicon:
    """Nouns and function words, verbs, and phrases, each with its kind. Built once; reading it changes nothing."""

    def __init__(self, tables: dict[str, dict[str, str]]) -> None:
        self.words: dict[str, str] = {}
        self.verbs: dict[str, str] = {}
        self.phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self.partitives = frozenset(entries(tables.pop("partitive")["words"]))
        for kind, listed in _FUNCTION_WORDS.items():
            self.words.update(dict.fromkeys(listed.split(), kind))
        for table, groups in tables.items():
            for group, listed in groups.items():
                self._add(table, group, entries(listed))
        for tails in self.phrases.values():
            tails.sort(key=lambda tail: -len(tail[0]))

    def _add(self, table: str, group: str, listed: list[str]) -> None:
        kind = _GROUP_KINDS.get((table, group), table)
        if group == "verbs":
            self.verbs |= {form: kind for verb in listed for form in inflections(verb)} | self.verbs
            return
        words = self.verbs if kind in _VERBS else self.words
        for phrase in map(key, listed):
            if len(phrase) == 1:
                words.setdefault(phrase[0], kind)
            else:
                self.phrases.setdefault(phrase[0], []).append((phrase[1:], kind))


def _load() -> Lexicon:
    path = Path(__file__).with_name("lexicon.toml")
    return Lexicon(tomllib.loads(path.read_text(encoding="utf-8")))


LEXICON: Final = _load()


def verb_of(word: str) -> str:
    """The kind of verb that the word can be, "" when it is none."""
    return LEXICON.verbs.get(word, "")


@lru_cache(maxsize=8192)
def kind_of(word: str) -> str:
    """The kind of one word as it was typed; "" when the lexicon does not know it."""
    plain = bare(word)
    for form in (plain, *singulars(plain)):
        if form in LEXICON.words:
            return LEXICON.words[form]
    return _shape(plain)


def singulars(word: str) -> tuple[str, ...]:
    """What the word may be the plural of, the likeliest last resort last."""
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return ()
    if word.endswith("ies"):
        return (word[:-3] + "y", word[:-1])
    if word.endswith("es"):
        return (word[:-1], word[:-2])
    return (word[:-1],)


def _shape(word: str) -> str:
    if word[0].isdigit() or word[0] in "fƒi":
        if _TECH.fullmatch(word):
            return "tech"
        if _KELVIN.fullmatch(word):
            return "light"
        if _AGE.fullmatch(word):
            return "feature"
    if len(word) > 5 and word.endswith("lit"):
        return "light"
    if len(word) > 5 and word.removesuffix("s").endswith(_PERSON_ENDINGS):
        return "person"
    return ""
