"""A person's features as a row of numbers, so that a face can be searched for: controls of the shape, and who it is.

Every number is counted in how far that feature usually strays, so that one step is about as visible as another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import faces
from engine.renderer.scene import Person

Numbers = npt.NDArray[np.float64]

MORE_PAIRED: Final = {
    "eye-epicanthus-out": 0.20, "eye-height1-incr": 0.14, "eye-height3-incr": 0.14, "eye-push1-out": 0.12,
    "eye-push2-out": 0.12, "eye-bag-incr": 0.15,
}  # fmt: skip
MORE: Final = {
    "chin-prognathism-incr": 0.14, "head-age-incr": 0.20, "mouth-lowerlip-middle-up": 0.12,
    "mouth-lowerlip-width-incr": 0.16, "mouth-upperlip-width-incr": 0.16, "mouth-upperlip-middle-up": 0.12,
    "mouth-scale-vert-incr": 0.16, "mouth-scale-depth-incr": 0.14, "mouth-trans-forward": 0.14,
    "mouth-laugh-lines-out": 0.15, "nose-trans-forward": 0.16, "nose-septumangle-incr": 0.14,
    "nose-nostrils-angle-up": 0.14, "nose-compression-uncompress": 0.14,
}  # fmt: skip
"""Controls that a drawn person leaves alone, and how far they may stray in one who is looked for."""
LEFT_OUT: Final = frozenset({"ear-lobe-incr", "ear-scale-incr", "ear-wing-incr", "neck-scale-horiz-incr"})
"""Of what drawn people have: what no picture of a face tells well."""
PAIRED: Final = {**{k: v for k, v in faces.PAIRED.items() if k not in LEFT_OUT}, **MORE_PAIRED}
MIDDLE: Final = {**{k: v for k, v in faces.MIDDLE.items() if k not in LEFT_OUT}, **MORE}
SHAPE: Final = (*PAIRED, *MIDDLE)
SPREAD: Final = np.array([*PAIRED.values(), *MIDDLE.values()])
MOST: Final = 0.85
"""No control strays farther than this."""
WHO: Final = ("masculinity", "age", "african", "asian", "weight")
"""What comes before the shape: sex and build as shares, age in decades, ancestries as shares."""
POSE: Final = ("turn", "nod", "smile", "jaw", "brows", "lids")
"""What comes behind it: how the head of the picture is held (in 10 degrees), and what its face does."""
COUNT: Final = len(WHO) + len(SHAPE) + len(POSE)
_SHAPES: Final = slice(len(WHO), len(WHO) + len(SHAPE))
_WHO_STEP: Final = np.array((0.30, 1.0, 0.25, 0.25, 0.15))


@dataclass(frozen=True, slots=True)
class Held:
    """How the head is held, degrees, and how far the face smiles, opens its mouth, lifts brows and lids."""

    turn: float = 0.0
    nod: float = 0.0
    smile: float = 0.0
    jaw: float = 0.0
    brows: float = 0.0
    lids: float = 0.0


def numbers(person: Person) -> Numbers:
    """The row of somebody who looks straight ahead."""
    mix = np.array(person.ancestry) / (sum(person.ancestry) or 1.0)
    who = np.array((person.masculinity, person.age / 10, mix[0], mix[1], person.weight)) / _WHO_STEP
    shape = dict(person.shape)
    paired = [(shape.get(f"l-{name}", 0.0) + shape.get(f"r-{name}", 0.0)) / 2 for name in PAIRED]
    middle = [shape.get(name, 0.0) for name in MIDDLE]
    return np.concatenate([who, np.array([*paired, *middle]) / SPREAD, np.zeros(len(POSE))])


def usual(row: Numbers) -> Numbers:
    """What the shape of people of this sex is centred at, in a row whose other numbers are those of `row`."""
    masculinity = row[0] * _WHO_STEP[0]
    centre = row.copy()
    for k, name in enumerate(SHAPE):
        woman, man = faces.TENDENCY.get(name, (0.0, 0.0))
        centre[len(WHO) + k] = (woman + (man - woman) * masculinity) / SPREAD[k]
    centre[-len(POSE) :] = 0
    return centre


def within(row: Numbers) -> Numbers:
    """The row with every number in the bounds of what a person can be."""
    kept = row.copy()
    who = kept[: len(WHO)] * _WHO_STEP
    who = np.clip(who, (0.0, 1.8, 0.0, 0.0, 0.15), (1.0, 8.5, 1.0, 1.0, 0.9))
    over = max(who[2] + who[3], 1.0)
    who[2:4] /= over
    kept[: len(WHO)] = who / _WHO_STEP
    kept[_SHAPES] = np.clip(kept[_SHAPES] * SPREAD, -MOST, MOST) / SPREAD
    kept[-len(POSE) :] = np.clip(kept[-len(POSE) :], (-3.5, -2.5, -1, 0, -1, -1), (3.5, 2.5, 3, 3, 3, 2))
    return kept


def person(row: Numbers, like: Person) -> Person:
    """The person of a row; what no row says (skin, hair, eyes, glasses) is that of `like`."""
    masculinity, decades, african, asian, weight = (float(x) for x in row[: len(WHO)] * _WHO_STEP)
    values = row[_SHAPES] * SPREAD
    shape: list[tuple[str, float]] = []
    for name, value in zip(SHAPE, values, strict=True):
        names = (f"l-{name}", f"r-{name}") if name in PAIRED else (name,)
        shape += [(one, round(float(value), 4)) for one in names]
    mix = (african, asian, max(0.0, 1 - african - asian))
    return replace(
        like, masculinity=round(masculinity, 4), age=round(min(max(decades * 10, 18.0), 95.0), 2),
        ancestry=(round(mix[0], 4), round(mix[1], 4), round(mix[2], 4)), weight=round(weight, 4), shape=tuple(shape),
    )  # fmt: skip


def held(row: Numbers) -> Held:
    """How the head is held in a row."""
    turn, nod, *face = (float(x) for x in row[-len(POSE) :])
    return Held(10 * turn, 10 * nod, *(0.3 * each for each in face))
