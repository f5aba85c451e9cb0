"""Legs as people stand: beside each other, one a little before the other, not astride as a mannequin's."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array, Index
from engine.renderer.regions import ramp

_TOGETHER: Final = (8.0, 9.5)
"""Degrees by which a leg is nearer the other than in the rest pose, where knees are 32 centimetres apart."""
_STEP: Final = ((1.5, 4.5), (-2.5, 0.0))
"""Degrees by which one leg is before the upright and the other behind it."""
_PRESSED_M: Final = 0.010
"""How far a thigh gives way where it meets the other."""


def stood(vertices: Array, seed: int) -> Array:
    """A body in the rest pose (19158, 3) with its legs as they bear it; the seed says which one is in front."""
    rng, base = random.Random(f"stance-{seed}"), assets.base()
    steps = rng.sample(_STEP, 2)
    moved = vertices.copy()
    for side, joint, step in zip((1.0, -1.0), ("l-upper-leg", "r-upper-leg"), steps, strict=True):
        weight = _leg(base.rest, side) * (1 - base.arms)
        rows = np.flatnonzero(weight)
        pivot = base.joint(joint, vertices)
        inwards = side * min(np.radians(rng.uniform(*_TOGETHER)), _room(vertices, side, pivot)) * weight[rows]
        ahead = np.radians(rng.uniform(*step)) * weight[rows]
        x, y, z = (vertices[rows] - pivot).T
        x, z = x * np.cos(inwards) + z * np.sin(inwards), -x * np.sin(inwards) + z * np.cos(inwards)
        y, z = y * np.cos(ahead) + z * np.sin(ahead), -y * np.sin(ahead) + z * np.cos(ahead)
        moved[rows] = pivot + np.stack([x, y, z], 1)
    return moved


def _room(vertices: Array, side: float, hip: Array) -> float:
    """Radians that a leg can be turned inwards until thighs press on each other."""
    inner = vertices[_thigh(side)]
    return float(((side * inner[:, 0] + _PRESSED_M) / (hip[2] - inner[:, 2])).min())


@lru_cache(maxsize=2)
def _thigh(side: float) -> Index:
    """The rows of a thigh's close cover, from below the crotch to the knee."""
    base = assets.base()
    cover = np.unique(base.quads["helper-tights"])
    x, _, z = base.rest[cover].T
    return cover[(side * x > 0.015) & (z < -0.10) & (z > -0.40) & (base.arms[cover] < 0.05)]


def _leg(rest: Array, side: float) -> Array:
    """How much each vertex goes along with a leg, 0 to 1: passing over at the hip, and from one leg to the other."""
    low = ramp((0.10 - rest[:, 2]) / 0.20)
    return np.asarray(low * ramp((side * rest[:, 0] + 0.004) / 0.05))
