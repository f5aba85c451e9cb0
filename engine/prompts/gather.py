"""`python -m engine.prompts.gather FOLDER`: makes `nouns.txt` from the noun hierarchy of Princeton WordNet 3.0.

FOLDER holds WordNet's `data.noun`, `index.noun`, `index.adj`, `index.verb` and `cntlist.rev`. A word is taken when the
first sense of it as a noun lies under one of `ROOTS`, and when it is not first of all an adjective or a verb.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOTS: Final = {
    "person": ("person",),
    "animal": ("animal",),
    "garment": ("clothing", "footwear", "jewelry", "headdress", "cosmetic", "fabric", "body_armor", "spectacles"),
    "weather": ("atmospheric_phenomenon", "precipitation.3"),
    "surface": ("furniture", "plant.2", "plant_part", "floor_cover"),
    "place": (
        "structure",
        "area.5",
        "region.3",
        "region",
        "body_of_water",
        "land.4",
        "way.6",
        "vehicle",
        "room",
        "facility",
    ),
    "landform": ("geological_formation",),
    "light": ("source_of_illumination", "lamp"),
    "detail": ("blemish", "skin_disease"),
    "thing": ("artifact", "food", "food.2", "natural_object", "substance", "substance.7"),
    "abstract": ("abstraction.6",),
}
"""The heads of the branches for each kind ("plant.2": its second sense); of two, a word goes to the first listed."""

COMMON: Final = {"thing": 0, "abstract": 2}
"""How often a word must have been met in WordNet's sample texts to be taken: these two branches are endless."""

_HEADER: Final = """\
# Nouns and the kind of thing they name, from Princeton WordNet 3.0 by `python -m engine.prompts.gather`.
# WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. Its licence is in WORDNET-LICENSE.txt.
"""
_UNKIND: Final = re.compile(r"slur|offensive|disparag|derogat|obscene|vulgar")
_NOT_THINGS: Final = frozenset(
    {"shape", "point", "line", "top", "front", "center", "place", "position", "part", "region"}
)


class WordNet:
    """Its nouns: which synsets a word has, and what each synset is a kind of."""

    def __init__(self, folder: Path) -> None:
        self.senses = _index(folder / "index.noun")
        self.others = frozenset(_index(folder / "index.adj")) | frozenset(_index(folder / "index.verb"))
        self.parents, self.left = _parents(folder / "data.noun")
        self.counts = _counts(folder / "cntlist.rev")

    def sense(self, name: str) -> str:
        """The synset that "plant.2" names; the first sense where no number is given."""
        lemma, _, number = name.partition(".")
        return self.senses[lemma][int(number or 1) - 1]

    def lineage(self, synset: str) -> set[str]:
        """The synset and all that it is a kind of."""
        seen, waiting = set[str](), [synset]
        while waiting:
            current = waiting.pop()
            if current not in seen:
                seen.add(current)
                waiting += self.parents[current]
        return seen

    def mostly_noun(self, lemma: str) -> bool:
        """Whether the word is a noun more often than anything else, where that is known."""
        nouns, rest = self.counts[lemma]
        return nouns * 2 > rest or (nouns == rest == 0 and lemma not in self.others)


def _index(path: Path) -> dict[str, list[str]]:
    found = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith(" "):
            fields = line.split()
            found[fields[0]] = fields[-int(fields[2]) :]
    return found


def _parents(path: Path) -> tuple[dict[str, list[str]], set[str]]:
    """What each synset is a kind of, and the synsets to leave alone: named individuals and unkind words."""
    parents, left = {}, set[str]()
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith(" "):
            data, _, gloss = line.partition(" | ")
            fields = data.split()
            parents[fields[0]] = [fields[at + 1] for at, field in enumerate(fields) if field in {"@", "@i"}]
            if _UNKIND.search(gloss) or (fields[1] == "18" and "@i" in fields):
                left.add(fields[0])
    return parents, left


def _counts(path: Path) -> dict[str, tuple[int, int]]:
    nouns, rest = defaultdict[str, int](int), defaultdict[str, int](int)
    for line in path.read_text(encoding="ascii").splitlines():
        sense, _, count = line.split()
        lemma, _, kind = sense.partition("%")
        (nouns if kind.startswith("1") else rest)[lemma] += int(count)
    return defaultdict(lambda: (0, 0), {lemma: (nouns[lemma], rest[lemma]) for lemma in {*nouns, *rest}})


def gather(wordnet: WordNet) -> dict[str, list[str]]:
    """The words of each kind, sorted."""
    heads = {kind: {wordnet.sense(root) for root in roots} for kind, roots in ROOTS.items()}
    found = defaultdict[str, list[str]](list)
    for lemma, senses in wordnet.senses.items():
        word = lemma.replace("_", " ")
        plain = word.replace(" ", "").isalpha() and len(word) > 2 and word.count(" ") < 2
        if not plain or lemma in _NOT_THINGS or senses[0] in wordnet.left or not wordnet.mostly_noun(lemma):
            continue
        lineage = wordnet.lineage(senses[0])
        kind = next((kind for kind, roots in heads.items() if roots & lineage), "")
        rare = kind in {"thing", "abstract"} and wordnet.counts[lemma][0] < COMMON[kind]
        if kind and not rare and (" " not in word or kind == "place"):
            found[kind].append(word)
    return {kind: sorted(words) for kind, words in found.items()}


def main() -> None:
    """Write `nouns.txt` beside this file."""
    found = gather(WordNet(Path(sys.argv[1])))
    lines = [f"{kind}: {', '.join(found[kind])}\n" for kind in ROOTS]
    Path(__file__).with_name("nouns.txt").write_text(_HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
