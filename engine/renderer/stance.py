"""Legs as people stand: beside each other, one a little before the other, not astride as a mannequin's."""

from __future__ import annotations

import random
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array
from engine.renderer.regions import ramp

_TOGETHER: Final = (8.0, 9.5)
"""Degrees by which a leg is nearer the other than in the rest pose, where knees are 32 centimetres apart."""
_STEP: Final = ((1.5, 4.5), (-2.5, 0.0))
"""Degrees by which one leg is before the upright and the other behind it."""


def stood(vertices: Array, seed: int) -> Array:
    """A body in the rest pose (19158, 3) with its legs as they bear it; the seed says which one is in front."""
    rng, base = random.Random(f"stance-{seed}"), assets.base()
    steps = rng.sample(_STEP, 2)
    moved = vertices.copy()
    for side, joint, step in zip((1.0, -1.0), ("l-upper-leg", "r-upper-leg"), steps, strict=True):
        weight = _leg(base.rest, side) * (1 - base.arms)
        rows = np.flatnonzero(weight)
        pivot = base.joint(joint, vertices)
        inwards = np.radians(side * rng.uniform(*_TOGETHER)) * weight[rows]
        ahead = np.radians(rng.uniform(*step)) * weight[rows]
        x, y, z = (vertices[rows] - pivot).T
        x, z = x * np.cos(inwards) + z * np.sin(inwards), -x * np.sin(inwards) + z * np.cos(inwards)
        y, z = y * np.cos(ahead) + z * np.sin(ahead), -y * np.sin(ahead) + z * np.cos(ahead)
        moved[rows] = pivot + np.stack([x, y, z], 1)
    return moved


def _leg(rest: Array, side: float) -> Array:
    """How much each vertex goes along with a leg, 0 to 1: passing over at the hip, and from one leg to the other."""
    low = ramp((0.10 - rest[:, 2]) / 0.20)
    return np.asarray(low * ramp((side * rest[:, 0] + 0.004) / 0.05))
