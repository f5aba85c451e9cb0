"""Near portraits with known light, skin, hair and clothes, which the review is built on and validated with.

They come in pairs that are alike but for the skin, one dark and one fair. Number n and n + 2 are a pair, so that odd
numbers, which measures are built on, and even ones, which they are validated with, have pairs of their own.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.renderer.evaluation.cases import Truth
from engine.renderer.evaluation.making import Picture, Shot, made

NEAR_SIZE: Final = (448, 672)
_SHUFFLED: Final = 2_200
_SEEDS: Final = 52_000
_WHO: Final = (
    "a woman in her twenties", "a man in his forties", "a woman of 68", "a man of 25", "a woman of 45", "a man of 70",
)  # fmt: skip
_HAIR: Final = ("black", "dark brown", "red", "blonde", "grey")
_STYLES: Final = {"woman": "shoulder-length {} hair", "man": "short {} hair"}
_CLOTHES: Final = (
    ("red", "sweater"), ("blue", "shirt"), ("green", "t-shirt"), ("white", "shirt"), ("black", "turtleneck"),
    ("yellow", "sweater"),
)  # fmt: skip
_PLACES: Final = ("grey studio backdrop", "in a forest", "in a library", "on a city street at night", "by the sea")
_LIGHTS: Final = ("soft light from the {}", "Rembrandt lighting from the {}", "window light from the {}")
_SKINS: Final = ("dark", "fair")
_OLD, _YOUNG = ("68", "70"), ("twenties", "25")


@dataclass(frozen=True, slots=True)
class NearPortrait:
    """One portrait: its number, its words, and what is known of it."""

    number: int
    prompt: str
    truth: Truth
    age: str

    @property
    def shot(self) -> Shot:
        """How it is made; both of a pair have one seed."""
        return Shot(f"near-{self.number:03}", self.prompt, _SEEDS + pair_of(self.number))


def near_portraits(count: int) -> tuple[NearPortrait, ...]:
    """The first `count` of them; the same ones every time."""
    return tuple(_portrait(number) for number in range(1, count + 1))


def pictures(portraits: Sequence[NearPortrait], folder: Path) -> dict[int, Picture]:
    """Makes those that the folder does not have; (H, W, 3) by number."""
    found = made([each.shot for each in portraits], folder, "standard", size=NEAR_SIZE)
    return {each.number: found[each.shot.name] for each in portraits}


def pair_of(number: int) -> int:
    """The same number for two that are alike but for the skin."""
    return (number - 1) // 4 * 2 + (number - 1) % 2


def _portrait(number: int) -> NearPortrait:
    pair = pair_of(number)
    drawn = random.Random(_SHUFFLED + pair)
    who = _WHO[pair // 2 % len(_WHO)]
    sex = "woman" if "woman" in who else "man"
    hair, (colour, garment), place = drawn.choice(_HAIR), drawn.choice(_CLOTHES), drawn.choice(_PLACES)
    skin, side = _SKINS[(number - 1) // 2 % 2], ("left", "right")[pair // 2 % 2]
    glasses = pair % 5 == 4
    framing = ("close-up", "head and shoulders")[drawn.random() < 0.5]
    parts = [who, f"{skin} skin", _STYLES[sex].format(hair)] + ["wearing glasses"] * glasses
    parts += [f"a {colour} {garment}", place, drawn.choice(_LIGHTS).format(side), framing]
    age = "old" if any(each in who for each in _OLD) else "young" if any(each in who for each in _YOUNG) else "middle"
    truth = Truth(
        sex=sex, skin=skin, hair=hair, glasses=glasses, clothes=colour, garment=garment, side=side, framing=framing
    )
    return NearPortrait(number, ", ".join(parts), truth, age)
