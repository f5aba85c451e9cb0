"""What a prompt asks for that a picture can be looked at for: the light's side, colours, framing, place, words, people.

It reads the slots of a parsed prompt by short lists of words. What it does not know it leaves open, and no measure then
asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from types import MappingProxyType
from typing import Final

from engine.prompt import PortraitPrompt

_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?|\d+")
_QUOTED: Final = re.compile(r"[\"“][^\"”]{0,200}[\"”]")
_CLAUSE: Final = re.compile(r"[,.;\n]")


def _names(said: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({word: name for name, words in said.items() for word in (name, *words.split())})


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CLOTH_WORDS: Final = _names(
    {
        "red": "crimson scarlet burgundy maroon", "orange": "rust tangerine", "yellow": "mustard golden",
        "green": "emerald olive khaki mint", "teal": "turquoise cyan", "blue": "navy cobalt azure",
        "purple": "violet lilac lavender plum", "pink": "rose magenta fuchsia", "brown": "chocolate chestnut tan",
        "beige": "cream camel sand ivory", "white": "", "grey": "gray charcoal silver", "black": "",
    }
)  # fmt: skip
"""Words for colours of cloth, and the name in `colour_names.CLOTH` that each goes by."""
HAIR_WORDS: Final = _names(
    {
        "black": "raven jet", "brown": "chestnut brunette", "red": "ginger copper auburn",
        "blonde": "blond golden platinum",
        "grey": "gray silver", "white": "", "blue": "", "pink": "",
    }
)  # fmt: skip
_HAIRS: Final = _set(
    "hair bob afro braids braid bun quiff cut crop curls ponytail pigtails locs dreadlocks mohawk fringe bangs "
    "shag updo undercut cornrows coils waves"
)
_NO_GARMENT: Final = _set(
    "earrings earring necklace glasses spectacles sunglasses hat cap beanie scarf ring watch tie belt bracelet "
    "gloves headphones trousers jeans skirt shoes boots"
)
_FRONT: Final = _set("clamshell butterfly frontal paramount front")
_FRONT_PAIRS: Final = frozenset(
    pair for one, others in {
        "ring": "light lighting flash lamp", "beauty": "light lighting", "flat": "light lighting",
        "direct": "flash", "camera": "flash",
    }.items() for pair in product((one,), others.split())
)  # fmt: skip
"""Two words beside each other: a ring light, and not a ring of candles."""
_ACCENTS: Final = _set("rim rims kicker hair accent background fill fills filled reflector reflectors bounce bounced")
"""A light of this name is not the one that the face is lit by."""
_AWAY: Final = _ACCENTS | _set("back backlight backlit backlighting behind shadow shadows shadowed shade darker dark")
"""What is said of the side of these is not said of where light falls on the face from."""
_SITTERS: Final = _set("her his their sitter's sitter’s subject's subject’s model's model’s")
"""The sitter's own left is the picture's right to some and its left to others."""
_PARTS: Final = frozenset({"and", "with", "while", "plus", "but", "leaving"})
_BETWEEN: Final = _set("sunset dusk evening dawn twilight sunrise")
"""A place is neither light nor dark at these hours."""
_WARM: Final = _set("golden warm candlelight candle candles tungsten incandescent sunset firelight fireplace amber")
_COLD: Final = _set("cold cool moonlight bluish")
_DARK_PLACE: Final = _set("night dark candlelight stage space black club")
_LIGHT_PLACE: Final = _set("snow snowy white sunny beach noon bright")
_FRAMINGS: Final[Sequence[tuple[str, str]]] = (
    ("extreme close", "extreme close-up"), ("medium close", "bust"), ("medium shot", "half length"),
    ("close up", "close-up"), ("headshot", "head and shoulders"), ("head shot", "head and shoulders"),
    ("head and shoulders", "head and shoulders"), ("bust", "bust"), ("chest up", "bust"),
    ("half length", "half length"), ("waist up", "half length"), ("three quarter length", "three-quarter"),
)  # fmt: skip
_COUNTS: Final[Mapping[str, int]] = MappingProxyType(
    {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4, "couple": 2, "twins": 2, "pair": 2}
)
_PEOPLE: Final = _set("women men people girls boys friends sisters brothers persons portraits")
_FARTHEST: Final = 4
"""Words between a colour and the hair that it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """What can be looked for; "" and None are what the prompt leaves open."""

    people: int = 1
    side: str = ""
    """left or right, as the picture is seen, or front."""
    warmth: str = ""
    """warm or cold."""
    clothes: str = ""
    hair: str = ""
    place: str = ""
    """light or dark."""
    framing: str = ""
    aspect: str = ""
    text: str = ""


NOTHING_ASKED: Final = AskedFor()


def asked(prompt: PortraitPrompt) -> AskedFor:
    """What the prompt asks for. Pure, in time that grows with its length."""
    lighting, place = _words(prompt.lighting), _words(prompt.environment)
    key = [word for said in _lights(prompt.lighting) if not _ACCENTS & set(said) for word in said]
    dark = [word for word in lighting if word in _DARK_PLACE]
    return AskedFor(
        people=_people(_words(prompt.subject), len(prompt.characters)),
        side=_side(prompt.lighting),
        warmth=_either(key, _WARM, _COLD, ("warm", "cold")) or ("cold" if ("blue", "hour") in pairwise(key) else ""),
        clothes=_clothes(prompt.clothing),
        hair=_hair(prompt.subject),
        place="" if _BETWEEN & {*place, *lighting} else _either(
            [*place, *dark], _LIGHT_PLACE, _DARK_PLACE, ("light", "dark")
        ),
        framing=_framing(_words(prompt.camera)),
        aspect=prompt.aspect or "",
        text=" ".join(prompt.text),
    )  # fmt: skip


def _words(text: str) -> list[str]:
    return _WORD.findall(_QUOTED.sub(" ", text).lower())


def _side(lighting: str) -> str:
    """The side of the light on the face: not of rims, fills and shadows. A window alone may be at either side."""
    lights = [said for said in _lights(lighting) if not _AWAY & set(said)]
    sides = {word for said in lights for word in said if word in ("left", "right")}
    if len(sides) == 1 and not any(_SITTERS & set(said) for said in lights):
        return sides.pop()
    frontal = any(_FRONT & set(said) or _FRONT_PAIRS & set(pairwise(said)) for said in lights)
    return "front" if frontal and not sides else ""


def _lights(lighting: str) -> Iterator[list[str]]:
    """What is said of each light, in words."""
    for clause in _CLAUSE.split(lighting):
        said = _words(clause)
        ends = [at for at, word in enumerate(said) if word in _PARTS]
        yield from (said[begin + 1 : end] for begin, end in pairwise([-1, *ends, len(said)]))


def _either(said: Sequence[str], one: frozenset[str], other: frozenset[str], names: tuple[str, str]) -> str:
    """Which of two is meant; "" for neither and for both."""
    found = [name for name, words in zip(names, (one, other), strict=True) if words & set(said)]
    return found[0] if len(found) == 1 else ""


def _clauses(text: str) -> Iterator[list[str]]:
    for clause in _CLAUSE.split(_QUOTED.sub(" ", text).lower()):
        yield from _parted(_WORD.findall(clause))


def _parted(said: list[str]) -> Iterator[list[str]]:
    """At "and", unless a colour stands on both sides of it: "a red and white shirt"."""
    if "and" not in said:
        yield said
        return
    at = said.index("and")
    yield said[:at]
    yield from _parted(said[at + 1 :])


def _clothes(clothing: str) -> str:
    """The colour of the first garment; of two colours of one garment the last, which stands next to it: "blue-grey"."""
    for said in _clauses(clothing):
        colours = [CLOTH_WORDS[word] for word in said if word in CLOTH_WORDS]
        if colours and not _NO_GARMENT & set(said):
            return colours[-1]
    return ""


def _hair(subject: str) -> str:
    for said in _clauses(subject):
        for at, word in enumerate(said):
            if word in _HAIRS:
                before = [place for place in range(max(0, at - _FARTHEST), at) if said[place] in HAIR_WORDS]
                if before:
                    return _shade(said, before[-1])
    return ""


def _shade(said: list[str], at: int) -> str:
    name = HAIR_WORDS[said[at]]
    return "dark brown" if name == "brown" and at and said[at - 1] == "dark" else name


def _framing(said: list[str]) -> str:
    text = f" {' '.join(said)} "
    return next((name for words, name in _FRAMINGS if f" {words}" in text), "")


def _people(said: list[str], characters: int) -> int:
    counted = [_COUNTS[word] for word, after in pairwise([*said, ""]) if _counts(word, after)]
    return max(1, characters, *counted)


def _counts(word: str, after: str) -> bool:
    return word in _COUNTS and (after in _PEOPLE or word in ("couple", "twins"))
