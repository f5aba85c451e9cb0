"""The words that say where a clause belongs: loads `lexicon.toml` and answers what a word or a phrase is."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

from engine.prompts.morphology import bare, inflections, key, shape, singulars

SLOT_OF: Final = {
    "person": "subject",
    "feature": "subject",
    "body": "subject",
    "prop": "subject",
    "animal": "subject",
    "garment": "clothing",
    "place": "environment",
    "landform": "environment",
    "surface": "environment",
    "weather": "environment",
    "light": "lighting",
    "camera": "camera",
    "tech": "camera",
    "detail": "detail",
}
"""The slot that each class of nouns leads to. Classes that are not here need their neighbours to decide."""
LIGHTING_UP: Final = frozenset({"lighting", "lights", "illuminating", "illuminates"})
"""Nouns of light that are verbs before what they light."""

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
_ONLY_PLURAL: Final = frozenset(
    {
        "glasses",
        "shorts",
        "tights",
        "braces",
        "shades",
        "heels",
        "pants",
        "clothes",
        "slacks",
        "rags",
        "cords",
        "layers",
    }
    | {"beads", "hoops", "studs", "chaps", "trainers", "pumps", "leathers", "fatigues", "tails", "waders", "spurs"}
)
"""Clothes whose singular is something else."""
_VERBS: Final = frozenset({"pose", "gaze", "act", "wear", "lit", "shoot"})


def entries(listed: str) -> list[str]:
    """The comma-separated entries of a table, in lower case, each with single spaces."""
    return [" ".join(entry.split()).casefold() for entry in listed.split(",") if entry.strip()]


Seconds = dict[str, list[tuple[tuple[str, ...], str]]]
"""Of the phrases with one first word: second word → the words after it and the kind, the longest first."""


class Lexicon:
    """Nouns and function words, verbs, and phrases, each with its kind. Built once; reading it changes nothing."""

    def __init__(self, tables: dict[str, dict[str, str]]) -> None:
        self.words: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.verbs: dict[str, str] = {}
        self.bases: dict[str, str] = {}
        self.phrases: dict[str, Seconds] = {}
        self.partitives = frozenset(
            form for word in entries(tables.pop("partitive")["words"]) for form in (word, f"{word}s")
        )
        for kind, listed in _FUNCTION_WORDS.items():
            self.words.update(dict.fromkeys(listed.split(), kind))
        self._phrase(("each", "other"), "pronoun")
        self._phrase(("one", "another"), "pronoun")
        self._phrase(("next", "door"), "adverb")
        for table, groups in tables.items():
            for group, listed in groups.items():
                self._add(table, group, entries(listed))
        for seconds in self.phrases.values():
            for tails in seconds.values():
                tails.sort(key=lambda tail: -len(tail[0]))

    def _add(self, table: str, group: str, listed: list[str]) -> None:
        kind = _GROUP_KINDS.get((table, group), table)
        if group == "verbs":
            self.verbs |= {form: kind for verb in listed for form in inflections(verb)} | self.verbs
            self.bases |= dict.fromkeys(listed, kind) | self.bases
            return
        words = self.verbs if kind in _VERBS else self.words
        if table in {"detail", "garment"}:
            singles = (form for plural in listed if plural not in _ONLY_PLURAL for form in singulars(plural)[:1])
            listed = [*listed, *singles]
        for phrase in map(key, listed):
            self.groups.setdefault(" ".join(phrase), f"{table}.{group}")
            if len(phrase) == 1:
                words.setdefault(phrase[0], kind)
            else:
                self._phrase(phrase, kind)

    def _phrase(self, words: tuple[str, ...], kind: str) -> None:
        self.phrases.setdefault(words[0], {}).setdefault(words[1], []).append((words[2:], kind))


def _load() -> Lexicon:
    path = Path(__file__).with_name("lexicon.toml")
    return Lexicon(tomllib.loads(path.read_text(encoding="utf-8")))


LEXICON: Final = _load()


@lru_cache(maxsize=4096)
def group_of(words: str) -> str:
    """The table and group that a word or phrase is listed under, as "feature.hair"; "" when it is not listed."""
    plain = " ".join(key(words.casefold()))
    return next((LEXICON.groups[form] for form in (plain, *singulars(plain)) if form in LEXICON.groups), "")


def _load_nouns() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in Path(__file__).with_name("nouns.txt").read_text(encoding="utf-8").splitlines():
        kind, colon, words = line.partition(": ")
        if colon and not line.startswith("#"):
            found |= dict.fromkeys(words.split(", "), kind)
    return found


PARTICIPLES: Final = dict(map(inflections, LEXICON.bases))
""" "stands" → "standing", for every listed verb."""
NOUNS: Final = _load_nouns()
"""Far more nouns than the lexicon has, and asked after it: see gather.py."""


@lru_cache(maxsize=16384)
def entry(word: str) -> tuple[str, str, bool, bool]:
    """What the lexicon has on one word as it was typed: its kind, the bare word in lower case, whether only its looks
    say it is a name, and whether it may be a verb by its form.

    "Inga" in the midst of a sentence is somebody, though an inga is a tree.
    """
    plain = bare(word)
    listed = listed_kind(plain)
    kind = listed or _unlisted_kind(plain)
    name = word[0].isupper() and not listed and kind not in {"place", "landform", "person", ""}
    verbal = plain in LEXICON.verbs or plain in LEXICON.bases or plain in LIGHTING_UP or plain.endswith("ing")
    return kind, plain, name, verbal or plain == "mid"


def listed_kind(plain: str) -> str:
    """The kind that the lexicon itself lists for a bare word, "" when it does not."""
    if plain in LEXICON.words:
        return LEXICON.words[plain]
    return next((LEXICON.words[form] for form in singulars(plain) if form in LEXICON.words), "")


def kind_of(word: str) -> str:
    """The kind of one word as it was typed; "" when the lexicon does not know it."""
    plain = bare(word)
    return listed_kind(plain) or _unlisted_kind(plain)


def _unlisted_kind(plain: str) -> str:
    for form in (plain, *singulars(plain)):
        if form in NOUNS:
            return NOUNS[form]
    return shape(plain)
