"""A clause of a prompt taken apart: what it names, and which noun each colour and length belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.prompts.lexicon import kind_of
from engine.renderer import scar_words
from engine.renderer.palette import linear
from engine.renderer.scene import RGB
from engine.renderer.studio_lexicon import Hit, hits, hyphened, table, words

PEOPLE: Final = (
    "sex", "trade", "age", "ancestry", "skin", "build", "part", "hair_style", "hair_line", "beard", "expression",
    "freckles", "moles", "wrinkles", "pores", "oil", "blush", "scars", "lips", "make_up", "glasses", "earrings",
    "necklace", "hat", "gaze", "two",
)  # fmt: skip
CLOTHES: Final = ("garment", "fabric", "pattern", "hat", "tie", "worn", "glasses", "earrings", "necklace", "beard")
LIGHT: Final = ("rig", "side", "hardness", "level", "temperature", "time", "under")
CAMERA: Final = ("framing", "angle", "gaze", "blur", "film")
HEARD_IN: Final[Mapping[str, Collection[str]]] = {
    "subject": (*PEOPLE, *CLOTHES, "framing", "angle"),
    "clothing": (*CLOTHES, "part", "hair_style", "sex", "expression", "skin", "freckles", "lips", "make_up", "blush"),
    "environment": ("place", "time", "rig", "part"),
    "lighting": tuple(name for name in LIGHT if name != "under"),
    "camera": (*CAMERA, "rig"),
    "detail": (*PEOPLE, *CAMERA, "garment", "rig", "pattern", "fabric"),
}
"""The tables that are looked into for each slot of the prompt."""

NOUNS: Final[Mapping[str, str]] = {
    "part": "", "hair_style": "hair", "beard": "beard", "garment": "garment", "hat": "hat", "tie": "tie",
    "worn": "worn", "glasses": "glasses", "place": "place", "lips": "lips", "rig": "light",
    "earrings": "jewel", "necklace": "jewel", "pattern": "garment", "fabric": "garment",
}  # fmt: skip
"""Tables whose entries a colour can belong to, and what kind of thing that is; "" is the entry itself."""
_HUES: Final = ("colour", "hair_colour", "iris")
_EMPTY: Final = frozenset(
    {
        *("wearing", "wears", "dressed", "one", "two", "full", "set", "toned", "style", "look", "looking", "camera"),
        *("portrait", "photo", "photograph", "picture", "shot", "image", "light", "lighting", "lit", "background"),
        *("sign", "says", "reads", "saying", "reading", "printed", "chest"),
        *("rimmed", "framed", "shaped", "coloured", "colored"),
    }
)
"""Words that ask for nothing by themselves."""
_KNOWN_KINDS: Final = frozenset(
    {
        *(
            "determiner",
            "pronoun",
            "auxiliary",
            "adverb",
            "negation",
            "of",
            "and",
            "with",
            "in",
            "at",
            "by",
            "from",
            "as",
        ),
        *("person", "wear", "pose", "gaze", "act"),
    }
)
"""Kinds of the reader's own lexicon that need no entry here: small words, and whoever can sit for a portrait."""
_WHERE: Final = frozenset(
    {"on", "in", "at", "by", "inside", "near", "behind", "before", "under", "among", "beside", "outside", "aboard"}
)
"""Words in front of a place that make it where somebody is: not a stage actor, but an actor on a stage."""
_NOT: Final = frozenset({"no", "not", "without", "never", "isn't", "minus"})
_JOINTS: Final = frozenset({"and", "with", "wearing", "in", "on"})
_DRESSED: Final = frozenset({"with", "in", "wearing"})
_ONE: Final = frozenset({"a", "an", "her", "his", "their", "my"})
_WORN: Final = ("garment", "hat", "worn", "glasses", "earrings", "necklace")
_GREYS: Final = frozenset({"grey", "gray", "greyish", "grayish"})
_GROWN: Final = frozenset({"hair", "beard", "eyes", "brows"})
"""What has colours of its own, whose compounds are not mixed."""


@dataclass(frozen=True, slots=True)
class Hue:
    """Words of colour, the kind of thing they belong to, and the entry of it."""

    phrase: str
    kind: str
    of: Hit | None


@dataclass(frozen=True, slots=True)
class SceneClause:
    """A clause's words, what they lead to, its colours, its lengths (kind → "short" or "long"), and what is unknown."""

    slot: str
    said: tuple[str, ...]
    found: tuple[Hit, ...]
    hues: tuple[Hue, ...] = ()
    lengths: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def keys(self, name: str) -> list[str]:
        """The entries of a table that the clause names, in order."""
        return [hit.key for hit in self.found if hit.table == name]


def clause(slot: str, text: str) -> SceneClause:
    """Take a clause of a slot apart."""
    said = words(text)
    loose = _loose(said)
    found = [hit for hit in hits(said, tuple(HEARD_IN[slot]), skip=loose) if not _denied(hit, said)]
    found = scar_words.placed(found, said)
    taken = {at for hit in found for at in range(hit.start, hit.end)}
    coloured = [hit for hit in _compounds(_coloured(said), said, hyphened(text)) if not _inside(hit, found)]
    hues = tuple(_bound(hit, found, said, slot) for hit in coloured)
    lengths = [hit for hit in hits(said, ("length",)) if not _inside(hit, found)]
    spoken = taken | {at for hit in (*coloured, *lengths) for at in range(hit.start, hit.end)}
    unknown = tuple(
        word for at, word in enumerate(said) if at not in spoken and not _says_nothing(word) and not word[0].isdigit()
    )
    kinds = {(_owner(hit, found, said) or ("hair", None))[0]: hit.key for hit in lengths}
    return SceneClause(slot, tuple(said), tuple(found), hues, kinds, unknown)


def place_of(said: Sequence[str]) -> list[str]:
    """Places that somebody is said to be in or at, in words about somebody: "a singer on stage in a red jacket"."""
    spoken = list(said)
    coloured = {at for hit in _coloured(spoken) for at in range(hit.start, hit.end)}
    found = hits(spoken, (*HEARD_IN["subject"], "place"))
    there = [hit for hit in found if hit.table == "place" and not coloured & set(range(hit.start, hit.end))]
    return [hit.key for hit in there if _stands_alone(hit, spoken)]


def _stands_alone(hit: Hit, said: Sequence[str]) -> bool:
    """Whether a place is named after a word for where, and by itself: "on a stage", not "in a stage costume"."""
    after = said[hit.end] if hit.end < len(said) else ""
    alone = not after or after in _WHERE or after.endswith("ing") or kind_of(after) in _KNOWN_KINDS - {"person"}
    before = said[max(0, hit.start - 3) : hit.start + 1]
    return alone and bool(_WHERE & set(before)) and not _NOT & set(said[max(0, hit.start - 4) : hit.start])


def _denied(hit: Hit, said: list[str]) -> bool:
    """ "without glasses", "no visible beard": the opposite is meant."""
    return bool(_NOT & set(said[max(0, hit.start - 2) : hit.start])) and hit.table != "sex"


def _says_nothing(word: str) -> bool:
    return word in _EMPTY or len(word) == 1 or kind_of(word) in _KNOWN_KINDS


def _loose(said: list[str]) -> set[int]:
    """Places of words that may stand inside another wording: colours and lengths."""
    return {at for hit in (*_coloured(said), *hits(said, ("length",))) for at in range(hit.start, hit.end)}


def _coloured(said: list[str]) -> list[Hit]:
    """Stretches that name a colour, by whichever table of colours has the longest wording."""
    spans: dict[int, Hit] = {}
    for hit in hits(said, _HUES):
        if hit.start not in spans or hit.end > spans[hit.start].end:
            spans[hit.start] = hit
    return list(spans.values())


def _compounds(coloured: Sequence[Hit], said: list[str], joined: Collection[int]) -> list[Hit]:
    """Colours with two names of one colour made one: "blue-grey", "greenish grey"; not those of a pattern."""
    if hits(said, ("pattern",)):
        return list(coloured)
    found: list[Hit] = []
    for hit in coloured:
        if found and _one_colour(found[-1], hit, said, joined):
            last = found.pop()
            hit = Hit(last.start, hit.end, "colour", hit.key, f"{last.phrase} {hit.phrase}")
        found.append(hit)
    return found


def _one_colour(first: Hit, second: Hit, said: list[str], joined: Collection[int]) -> bool:
    if first.end != second.start or not all(_is_cloth(hit.phrase) for hit in (first, second)):
        return False
    return second.start in joined or first.phrase.endswith("ish") or bool(_GREYS & set(said[first.start : second.end]))


def _is_cloth(phrase: str) -> bool:
    return hue_table(phrase, "colour") is not None


def dressed(said: Sequence[str]) -> int:
    """Where words about a place go on with what is worn: "on a beach | with a red dress"; their number without."""
    spoken = list(said)
    for at in range(1, len(spoken) - 1):
        if spoken[at] not in _DRESSED or (spoken[at] != "wearing" and spoken[at + 1] not in _ONE):
            continue
        tail = spoken[at:]
        named = hits(tail, (*_WORN, "place"))
        whole = any(hit.table in _WORN and (tail[hit.end :] or ["and"])[0] in _JOINTS for hit in named)
        if whole and not any(hit.table == "place" for hit in named):
            return at
    return len(spoken)


def _inside(hit: Hit, found: Sequence[Hit]) -> bool:
    """Whether a longer wording has the words already ("black background"), rather than stepping over them."""
    for other in found:
        within = other.start <= hit.start and hit.end <= other.end
        whole = (other.start, other.end) == (hit.start, hit.end)
        if (whole and other.table != "hair_style") or (within and hit.phrase in other.phrase != hit.phrase):
            return True
    return False


_TRIMS: Final = frozenset(
    ("beading", "border", "borders", "buttons", "cuffs", "edges", "edging", "embroidery", "hem", "lace", "lapels",
     "lining", "patches", "piping", "seams", "sequins", "stitching", "trim", "trims", "zip", "zipper")
)  # fmt: skip
"""What is sewn onto clothes in a colour of its own, which does not dye them."""


def _bound(hit: Hit, found: Sequence[Hit], said: list[str], slot: str) -> Hue:
    sewn_on = slot in {"clothing", "subject"} and set(said[hit.end : hit.end + 1]) & _TRIMS
    if sewn_on and not any(other.table == "garment" and other.start == hit.end + 1 for other in found):
        return Hue(hit.phrase, "trim", None)
    owner = _owner(hit, found, said)
    if owner is None:
        owner = {"clothing": "garment", "environment": "place", "lighting": "light"}.get(slot, "hair"), None
    phrase = hit.phrase
    if owner[0] in _GROWN and hit.table == "colour":
        phrase = next((last for last in _tails(phrase) if _is_cloth(last)), phrase)
    return Hue(phrase, *owner)


def _tails(phrase: str) -> list[str]:
    """The phrase, and what is left of it without its first words."""
    said = words(phrase)
    return [" ".join(said[at:]) for at in range(len(said))]


def _owner(hit: Hit, found: Sequence[Hit], said: list[str]) -> tuple[str, Hit | None] | None:
    """The noun that follows, up to the next joint; else the one before: "a dress of red silk"."""
    nouns = [other for other in found if other.table in NOUNS]
    after = [other for other in nouns if other.end > hit.end or other.start >= hit.end]
    after.sort(key=lambda other: (max(other.start, hit.end), -other.end))
    for other in after:
        between = said[hit.end : max(other.start, hit.end)]
        if not _JOINTS & set(between) or (len(between) <= 2 and "and" in between):
            return NOUNS[other.table] or other.key, other
        break
    before = [other for other in nouns if other.end <= hit.start]
    if before:
        last = max(before, key=lambda other: other.end)
        return NOUNS[last.table] or last.key, last
    if after:
        return NOUNS[after[0].table] or after[0].key, after[0]
    return None


def hue_table(phrase: str, name: str) -> str | None:
    """The entry of a colour table that the phrase is, if it is one of it."""
    return table(name).get(tuple(words(phrase)))


def dyed(phrase: str) -> RGB | None:
    """The linear colour that words name; of two names the second is the stronger: blue-grey is a grey."""
    if code := hue_table(phrase, "colour"):
        return linear(code)
    said = words(phrase)
    for at in range(1, len(said)):
        parts = [hue_table(" ".join(part), "colour") for part in (said[:at], said[at:])]
        if parts[0] and parts[1]:
            first, second = linear(parts[0]), linear(parts[1])
            red, green, blue = (
                (0.4 * a ** (1 / 3) + 0.6 * b ** (1 / 3)) ** 3 for a, b in zip(first, second, strict=True)
            )
            return red, green, blue
    return None
