"""Where on a face things grow or are painted, as functions of the template's positions: scalp, brows, beard.

All of it is measured on the template (`rest`), so that it follows every face's shape. Metres and degrees.
"""

from __future__ import annotations

import random
from typing import Any, Final

import numpy as np

from engine.renderer.geometry import Array
from engine.renderer.scene import Person

CENTRE: Final = np.array((0.0, -0.055, 0.745))
"""The middle of the template's head, from which a scalp direction is measured."""
EYE: Final = (0.0308, 0.7284)
EYEBALL: Final = np.array((0.030775, -0.124535, 0.728415))
"""The middle of the eye on the body's left."""
EYEBALL_M: Final = 0.01495
"""Its radius."""
LID_LINE: Final = ((-45.0, -30.0, 0.0, 40.0, 52.0), (-6.0, -2.5, 0.0, 1.4, 4.0))
"""Degrees to the temple about an eyeball, and how high the line between the lids is there."""
MOUTH_Z: Final = 0.661
SUITED_BROWS: Final = 2
"""The version of people from which on brows are a woman's or a man's; older saved people keep the brows they had."""


def bump(distance: Array, width: float) -> Array:
    """A Gaussian of this standard deviation."""
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2))


def edge(value: Array, softness: float) -> Array:
    """From 0 to 1 where the value passes 0."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value / softness, -40, 40))))


def ramp(t: Array) -> Array:
    """From 0 to 1 without a corner, as t goes from 0 to 1."""
    inside = np.clip(t, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside))


def growth(rest: Array, receded: float = 0.0, peak: float = 0.15, height: float = -1.3) -> Array:
    """Degrees above the hair line at template positions; positive grows hair."""
    offset = rest - CENTRE
    around = np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1]))
    up = np.degrees(np.arctan2(offset[:, 2], np.hypot(offset[:, 0], offset[:, 1])))
    line = np.interp(around, (0, 25, 45, 60, 72, 84, 100, 125, 180), (37, 38, 36, 26, 6, -14, -14, -28, -42))
    line = line + 6.0 * height * np.clip(1 - around / 70, 0, 1)
    line = line - 6.0 * peak * bump(around, 9)
    line = line + 11.0 * receded * bump(around - 36, 12)
    return np.asarray(up - line)


def brow(rest: Array, thickness: float = 0.5, arch: float = 0.5, **more: float) -> Array:
    """How much brow hair lies there, 0…1. `more`: gap, length, height, slope around 0, 1, 0 and 0;
    slender says how much thinner the inner end is."""
    side = np.abs(rest[:, 0])
    start = 0.0125 + 0.004 * more.get("gap", 0.1)
    length = 0.036 * more.get("length", 1.0)
    t = (side - start) / length
    centre = 0.7475 + 0.0035 * more.get("height", 0.1) + 0.0065 * arch * np.sin(np.clip(t, 0, 1) ** 1.4 * np.pi)
    centre = centre + 0.008 * more.get("slope", 0.22) * (t - 0.45)
    begins = 1 - more.get("slender", 0.0) * (1 - ramp(t / 0.28))
    half = 0.0046 * (0.3 + 0.6 * thickness) * np.clip(1.15 - 0.85 * np.clip(t, 0, 1), 0.1, 1) * begins
    across = edge(half - np.abs(rest[:, 2] - centre), 0.0007)
    return np.asarray(edge(t, 0.04) * edge(1.0 - t, 0.05) * across * front(rest))


def brows_of(person: Person) -> dict[str, float]:
    """How somebody's brows differ from others': `more` of `brow`, by the person's number and version."""
    rng = random.Random(f"brows-{person.seed}")
    if person.version >= SUITED_BROWS:
        return {
            "gap": rng.uniform(-0.10, 0.75), "length": rng.uniform(0.92, 1.08),
            "height": rng.uniform(-0.40, 0.40) + 0.10 - 0.30 * person.masculinity,
            "slope": rng.uniform(-0.38, 0.16), "slender": 0.38,
        }  # fmt: skip
    return {
        "gap": rng.uniform(-0.25, 0.75), "length": rng.uniform(0.90, 1.10), "height": rng.uniform(-0.50, 0.35),
        "slope": rng.uniform(-0.15, 0.55),
    }  # fmt: skip


def front(rest: Array) -> Array:
    """1 on the face's front, 0 elsewhere."""
    return np.asarray((rest[:, 1] < -0.05) & (np.abs(rest[:, 0]) < 0.085) & (rest[:, 2] > 0.58), float)


def beard(rest: Array, lips: Array, kind: str = "full") -> Array:
    """Where a beard grows, 0…1: `full` is all of it, else a moustache or a goatee; `lips` is the mask of the lips."""
    x, z = rest[:, 0], rest[:, 2]
    side = np.abs(x)
    on_face = front(rest) * (1 - np.clip(lips * 1.4, 0, 1))
    upper = edge(0.0245 - side, 0.003) * edge(z - MOUTH_Z - 0.006, 0.0012) * edge(0.679 - z, 0.0012)
    line = 0.645 + np.clip(side - 0.030, 0, 0.045) * 1.35
    jaw = edge(line - z, 0.0025) * edge(z - 0.613, 0.003)
    if kind == "moustache":
        return np.asarray(upper * on_face)
    if kind == "goatee":
        return np.asarray(np.maximum(upper, edge(0.022 - side, 0.003) * jaw) * on_face)
    beside = 0.7 * bump(side - 0.031, 0.004) * (z < 0.675) * (z > 0.63)
    return np.asarray(np.maximum(np.maximum(upper, jaw), beside) * on_face)


def masks(
    rest: Array, painted: dict[str, Array], brow_thickness: float, brow_arch: float, **more: Any
) -> dict[str, Array]:
    """All that grows or is painted, one value a vertex of the skin."""
    mouth, ears, lips = painted["inside-mouth"], painted["ears"], painted["lips"]
    scalp = np.where(mouth > 0.5, -30.0, growth(rest, more.get("receded", 0.0)))
    outside = mouth < 0.5
    return {
        "growth": np.where(ears > 0.3, -30.0, scalp), "ears": ears, "lips": lips, "mouth": mouth,
        "eyelids": painted["eyelids"], "face": painted["face"],
        "brow": brow(rest, brow_thickness, brow_arch, **more.get("brows", {})) * outside,
        "beard": beard(rest, lips) * outside,
    }  # fmt: skip
