"""What the keys of prompts written as data mean: which slot, which setting, or nothing here."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts import labels
from engine.prompts.lexicon import LEXICON, SLOT_OF, kind_of, listed_kind
from engine.prompts.phrases import NOUN_KINDS, WEAK
from engine.prompts.structured import KeyedValue
from engine.prompts.units import units

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")
_CUT: Final = frozenset({"in", "of", "for", "on", "with", "and"})
_GENERAL: Final = frozenset(
    {"description", "details", "detail", "setup", "settings", "setting", "info", "design", "type", "characteristics"}
    | {"attributes", "features", "specs", "specification", "specifications", "section", "notes", "text", "value"}
    | {"color", "colour", "prompt", "config", "options", "properties", "elements", "element", "data"}
)
"""Last words of a key that say nothing of what it is about."""
_SETTINGS: Final = frozenset(
    {
        "steps",
        "cfg",
        "cfg scale",
        "guidance",
        "guidance scale",
        "sampler",
        "sampler name",
        "scheduler",
        "model",
        "version",
    }
    | {"n", "batch size", "num images", "output format", "quality preset", "preserve identity", "upscale", "strength"}
    | {"font", "font size", "font style", "text position", "position", "color space", "file format"}
    | {"clip skip", "model version", "engine", "api", "task", "id", "schema", "weight", "format version", "num outputs"}
)
_SHAPES: Final = frozenset(
    {"aspect ratio", "aspect", "ar", "ratio", "size", "resolution", "dimensions", "image size", "format"}
)
_SIDES: Final = frozenset({"width", "height"})
_TEXTS: Final = frozenset(
    {"text", "text content", "text in image", "text in picture", "text in the picture", "words", "lettering", "writing"}
    | {
        "inscription",
        "sign text",
        "caption text",
        "written text",
        "text overlay",
        "slogan",
        "text to render",
        "label text",
    }
)
_UNWANTED: Final = frozenset(
    {"negative", "avoid", "exclude", "unwanted", "negatives", "forbidden", "prohibited", "without"}
)
_NOT_THINGS: Final = frozenset(
    {"layer", "part", "piece", "set", "item", "top", "look", "style", "one", "two", "main", "cut"}
)
_NOTHING: Final = frozenset({"none", "no", "false", "off", "without", "n/a", "na", "nothing", "not visible", "absent"})
_EMPTY: Final = frozenset(
    {"", "null", "undefined", "nil", "~", "default", "auto", "any", "unspecified", "-", "…", "..."}
)
_DATA: Final = frozenset({"true", "yes", "on"})
_NUMBER: Final = re.compile(r"-?\d{1,20}(?:\.\d{1,6})?")
_FIGURES: Final = {
    "aperture": "f/{}",
    "f stop": "f/{}",
    "f number": "f/{}",
    "focal length": "{}mm",
    "lens": "{}mm",
    "age": "{} years old",
}
_UNSURE: Final = frozenset({"look", "style", "mood", "time", "atmosphere", "quality", "type", "shot", "medium"})
"""Keys that people put anything under: the words decide where they can."""

_MODIFIERS: Final = frozenset(
    {"color", "colour", "material", "fabric", "length", "style", "texture", "pattern", "shape", "size", "fit", "finish"}
    | {"type", "condition", "colors", "colours", "tone", "volume"}
)
"""Keys that describe what the key around them names."""
_OF_BOTH: Final = frozenset({"body", "head", "upper", "lower"})
"""Keys that a person and a thing may have: the keys around them decide."""


class Meaning(NamedTuple):
    """What an entry says: `kind` is a slot, "free" for words to judge, "negative", "text", "seed", "aspect", "width",
    "height", "ignored", or "" for nothing at all."""

    kind: str
    words: str


def meaning(entry: KeyedValue) -> Meaning:
    """What an entry says, by the innermost of its keys that says anything."""
    names = [name_of(key) for key in entry.keys]
    name = names[-1] if names else ""
    value = entry.value.strip()
    plain = value.casefold().strip(" .")
    if plain in _EMPTY:
        return Meaning("", "")
    if any(_unwanted(key) for key in names):
        return Meaning("negative", value)
    special = _special(name, names, value)
    if special:
        return special
    if plain in _NOTHING or plain in _DATA:
        return _flagged(name, plain in _NOTHING)
    slot, thing = _slot(names), _thing(names)
    return Meaning(slot, f"{value} {thing}" if thing and thing not in value.casefold() else _said(name, value, slot))


def _thing(names: list[str]) -> str:
    """What "color" or "material" is of: the jacket of {"jacket": {"color": "black"}}; "" where no word is needed."""
    if len(names) < 2 or names[-1] not in _MODIFIERS or labels.is_plain(names[-2]):
        return ""
    last = names[-2].split()[-1:] or [""]
    kind = listed_kind(last[0])
    return names[-2] if kind in {"garment", "feature", "body", "prop", "surface"} and last[0] not in _NOT_THINGS else ""


@lru_cache(maxsize=1024)
def name_of(key: str) -> str:
    """A key in plain words: "facialHair" and "facial_hair" are "facial hair", "Scene Description" is "scene"."""
    words = [word.casefold() for word in _WORDS.findall(key)]
    while len(words) > 1 and (words[-1] in _GENERAL or words[-1].isdigit()) and " ".join(words) not in _TEXTS:
        words.pop()
    name = " ".join(words)
    return "" if name in _TEXTS and name != " ".join(word.casefold() for word in _WORDS.findall(key)) else name


def _unwanted(name: str) -> bool:
    words = name.split()
    denies = bool(words) and (words[0] in {"no", "not"} or words[:2] in (["do", "not"], ["don", "t"], ["must", "not"]))
    return denies or not _UNWANTED.isdisjoint(words[:3]) or name in {"dont", "donts"}


def _special(name: str, names: list[str], value: str) -> Meaning | None:
    if name in _TEXTS and len(value) <= 80 and not any("prompt" in other for other in names[:-1]):
        return Meaning("text", value)
    if name == "seed":
        return Meaning("seed" if value.isdecimal() else "ignored", value)
    if name in _SHAPES:
        return Meaning("aspect", value)
    if name in _SIDES and _NUMBER.fullmatch(value):
        return Meaning(name, value)
    if name in _SETTINGS or (name and _NUMBER.fullmatch(value) and not _known(name)):
        return Meaning("ignored", f"{name} {value}")
    return None


def _flagged(name: str, absent: bool) -> Meaning:
    """ "glasses": false, "beard": "none", "smiling": true."""
    thing = any(unit.kind in NOUN_KINDS - WEAK or unit.verbal for unit in units(name))
    if not thing:
        return Meaning("ignored", f"{name} {'no' if absent else 'yes'}")
    return Meaning("negative" if absent else "free", name)


def _slot(names: list[str]) -> str:
    lexical = ""
    for name in reversed(names):
        slot = "" if name in _OF_BOTH else _known(name)
        if slot == "free" or (slot and lexical and slot != "subject"):
            return lexical or ("free" if slot == "free" else slot)
        if slot:
            return "free" if name in _UNSURE else lexical or slot
        lexical = lexical or _lexical(name)
    return lexical or "free"


@lru_cache(maxsize=1024)
def _known(name: str) -> str:
    """The slot of a key by the vocabulary of labels, whole or by its last word or its first."""
    words = name.split()
    cut = next((at for at, word in enumerate(words) if at and word in _CUT), len(words))
    for part in (name, " ".join(words[:cut]), *words[cut - 1 : cut], *words[:1]):
        if part and part not in _NOT_THINGS - {name} and (slot := labels.slot_of(part)):
            return slot
    return ""


@lru_cache(maxsize=1024)
def _lexical(name: str) -> str:
    """The slot of what a key names, "leather jacket" or "cheeks"."""
    last = name.split()[-1:] or [""]
    kind = listed_kind(last[0]) or kind_of(last[0])
    if last[0] in _NOT_THINGS or (last[0] in LEXICON.partitives and kind != "light"):
        return ""
    return SLOT_OF.get(kind, "") if kind in {"garment", "feature", "body", "person", "light", "tech", "weather"} else ""


def _said(name: str, value: str, slot: str) -> str:
    """The value in words that stand without the key: "pale grey" under "eyes" is "pale grey eyes"."""
    if _NUMBER.fullmatch(value):
        return _FIGURES.get(name, f"{name} {{}}").format(value)
    last = [{"eye": "eyes", "lip": "lips"}.get(word, word) for word in name.split()[-1:]] or [""]
    kind = listed_kind(last[0])
    bearing = kind in {"feature", "body", "garment", "light"} and last[0] not in _NOT_THINGS
    bearing = bearing and slot in {"subject", "clothing", "lighting"}
    if not bearing or last[0] in value.casefold() or labels.is_plain(name):
        return value
    found = units(value)
    nameless = len(found) <= 4 and all(unit.kind in {"adjective", "adverb", "", "and"} for unit in found)
    return f"{value} {last[0]}" if nameless and found and last[0] not in {"age", "expression", "gender"} else value
