"""A person who does not exist, from a seed: everything of them that no change of clothes can change.

Pure: the renderer turns a `Person` into geometry and textures. Hair colour, hair style, facial hair,
glasses and clothes are not here, because they vary within a person (see `scenes`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

HELD_OUT_EVERY = 10
"""Every tenth person is never trained on; evaluation draws from them alone."""

FACE_CONTROLS = (
    "cheek-trans-up", "cheek-volume-incr", "cheek-inner-incr", "cheek-bones-incr",
    "ear-scale-incr", "ear-wing-incr", "ear-lobe-incr",
    "eye-corner1-up", "eye-corner2-up", "eye-height2-incr", "eye-scale-incr", "eye-eyefold-up",
    "eye-bag-incr", "eye-trans-up", "eye-trans-out", "eye-epicanthus-out", "eye-eyefold-angle-up",
)  # fmt: skip
"""Controls that exist for the left and the right side and are drawn once for both."""

MIDLINE_CONTROLS = (
    "chin-jaw-drop-incr", "chin-height-incr", "chin-prominent-incr", "chin-bones-incr",
    "chin-width-incr", "chin-cleft-incr", "chin-prognathism-incr",
    "eyebrows-angle-up", "eyebrows-trans-up", "eyebrows-trans-forward",
    "forehead-temple-incr", "forehead-trans-forward", "forehead-scale-vert-incr", "forehead-nubian-incr",
    "head-scale-vert-incr", "head-fat-incr", "head-scale-horiz-incr", "head-scale-depth-incr",
    "mouth-lowerlip-height-incr", "mouth-scale-horiz-incr", "mouth-cupidsbow-incr",
    "mouth-lowerlip-volume-incr", "mouth-angles-up", "mouth-upperlip-height-incr",
    "mouth-upperlip-volume-incr", "mouth-trans-up", "mouth-philtrum-volume-incr",
    "mouth-scale-vert-incr", "mouth-laugh-lines-out",
    "neck-scale-horiz-incr", "neck-double-incr",
    "nose-nostrils-angle-up", "nose-flaring-incr", "nose-curve-convex", "nose-scale-depth-incr",
    "nose-scale-vert-incr", "nose-point-width-incr", "nose-scale-horiz-incr", "nose-width1-incr",
    "nose-trans-up", "nose-hump-incr", "nose-nostrils-width-incr", "nose-greek-incr", "nose-point-up",
    "nose-width2-incr", "nose-width3-incr", "nose-base-up", "nose-volume-incr",
)  # fmt: skip

MOST = 0.85
"""Where a shape control ends: beyond it, faces stop looking like faces."""

_SPREAD = {"ear": 0.5, "neck": 0.35, "head": 0.6, "mouth": 0.58, "chin": 0.62, "cheek": 0.58}
_ANCESTRY = {
    "fair": (0.02, 0.05, 0.93),
    "light": (0.05, 0.35, 0.60),
    "tan": (0.20, 0.45, 0.35),
    "brown": (0.55, 0.25, 0.20),
    "dark": (0.90, 0.05, 0.05),
}
_IRIS = {
    "fair": ("blue", "blue", "green", "grey", "hazel", "brown"),
    "light": ("brown", "hazel", "green", "blue", "grey"),
    "tan": ("brown", "brown", "hazel", "green"),
    "brown": ("brown", "brown", "hazel"),
    "dark": ("brown",),
}
_AGES = {"young": (20.0, 32.0), "middle-aged": (38.0, 52.0), "old": (62.0, 78.0)}
_NATURAL_HAIR = {
    "fair": ("blonde", "brown", "red", "black"),
    "light": ("brown", "black", "blonde"),
    "tan": ("black", "brown"),
    "brown": ("black", "brown"),
    "dark": ("black",),
}


@dataclass(frozen=True)
class Person:
    """One identity. Shape controls are in −1…1, fractions in 0…1, `age_years` is an adult's."""

    seed: int
    sex: str
    age: str
    age_years: float
    skin: str
    eyes: str
    natural_hair: str
    ancestry: tuple[float, float, float]
    masculinity: float
    weight: float
    shape: tuple[tuple[str, float], ...]
    skin_shift: tuple[float, float, float]
    blush: float
    freckles: float
    moles: tuple[tuple[float, float], ...]
    brow_thickness: float
    brow_arch: float
    brow_slope: float
    brow_gap: float
    brow_length: float
    brow_height: float
    brow_density: float
    lip_colour: tuple[float, float, float]
    under_eye: float
    hair_line: float
    hair_peak: float
    temples: float

    @property
    def held_out(self) -> bool:
        """True for the people that training never sees."""
        return self.seed % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def person(seed: int) -> Person:
    """The person of this number: the same one on every machine, for ever."""
    rng = random.Random(f"person-{seed}")
    sex = rng.choice(("man", "woman"))
    age = rng.choice(("young", "young", "middle-aged", "middle-aged", "old"))
    skin = rng.choice(tuple(_ANCESTRY))
    return Person(
        seed=seed,
        sex=sex,
        age=age,
        age_years=rng.uniform(*_AGES[age]),
        skin=skin,
        eyes=rng.choice(_IRIS[skin]),
        natural_hair=rng.choice(_NATURAL_HAIR[skin]),
        ancestry=_ancestry(rng, skin),
        masculinity=rng.uniform(0.72, 1.0) if sex == "man" else rng.uniform(0.0, 0.25),
        weight=rng.uniform(0.3, 0.85),
        shape=_shape(rng),
        skin_shift=(rng.gauss(0, 0.07), rng.gauss(0, 0.05), rng.gauss(0, 0.07)),
        blush=rng.uniform(0.1, 1.0),
        freckles=max(0.0, rng.uniform(-2.0, 1.0)),
        moles=tuple(_mole(rng) for _ in range(rng.choice((0, 0, 1, 1, 2)))),
        brow_thickness=rng.uniform(0.55, 1.7) * (1.1 if sex == "man" else 0.85),
        brow_arch=rng.uniform(-0.2, 1.0),
        brow_slope=rng.uniform(-0.45, 0.45),
        brow_gap=rng.uniform(-1.0, 1.0),
        brow_length=rng.uniform(0.8, 1.2),
        brow_height=rng.uniform(-1.0, 1.0),
        brow_density=rng.uniform(0.75, 1.0),
        lip_colour=_lips(rng, sex),
        under_eye=rng.uniform(0.0, 1.0),
        hair_line=rng.uniform(-1.0, 1.0),
        hair_peak=rng.uniform(-0.6, 1.0),
        temples=rng.uniform(0.0, 1.0) if sex == "man" else rng.uniform(0.0, 0.3),
    )


def _ancestry(rng: random.Random, skin: str) -> tuple[float, float, float]:
    drawn = [rng.gammavariate(0.2 + 4.0 * weight, 1.0) for weight in _ANCESTRY[skin]]
    total = sum(drawn)
    return (drawn[0] / total, drawn[1] / total, drawn[2] / total)


def _shape(rng: random.Random) -> tuple[tuple[str, float], ...]:
    def draw(control: str) -> float:
        spread = _SPREAD.get(control.split("-")[0], 0.62)
        return max(-MOST, min(MOST, rng.gauss(0.0, spread)))

    drawn: list[tuple[str, float]] = [(control, draw(control)) for control in MIDLINE_CONTROLS]
    for control in FACE_CONTROLS:
        both = draw(control)
        for side in ("l", "r"):
            lopsided = both + rng.gauss(0.0, 0.07)
            drawn.append((f"{side}-{control}", max(-1.0, min(1.0, lopsided))))
    return tuple(drawn)


def _mole(rng: random.Random) -> tuple[float, float]:
    return (rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.5))


def _lips(rng: random.Random, sex: str) -> tuple[float, float, float]:
    """How much redder, darker and more painted these lips are than the skin around them."""
    painted = rng.uniform(0.0, 1.0) if sex == "woman" else rng.uniform(0.0, 0.25)
    return (rng.uniform(0.3, 1.0), rng.uniform(0.0, 0.6), painted)
