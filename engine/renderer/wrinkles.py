"""Wrinkles: where age folds a face, on the template, and how the folds turn the skin to and from the light."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from engine.renderer.geometry import Array
from engine.renderer.regions import EYE, MOUTH_Z, bump, edge

BOX: Final = (-0.080, 0.600, 0.080, 0.815)
"""Of the template's front: left, low, right, high."""
_STEP_M: Final = 0.00035
_DEEP_M: Final = 0.0011
"""How deep the deepest fold of somebody very old is."""
_FOREHEAD: Final = ((0.7625, 0.8), (0.7705, 1.0), (0.7785, 0.9), (0.7875, 0.6))
"""Heights of the lines of a forehead, and how deep each is beside the deepest."""


def depth(x: Array, z: Array) -> Array:
    """How deep each place lies in a fold, 0 to 1, at the template's x (to either side) and height."""
    side = np.abs(x)
    return np.asarray(np.max([_forehead(x, side, z), _mouth(x, side, z), _eyes(side, z)], axis=0))


def _forehead(x: Array, side: Array, z: Array) -> Array:
    lines = [
        share
        * bump(z - level - 0.0013 * np.cos(x * 75 + 2.1 * k) - 0.0005 * np.sin(x * 210 + 3.7 * k), 0.0007)
        * (0.65 + 0.35 * np.sin(x * (95 + 17 * k) + 1.9 * k))
        for k, (level, share) in enumerate(_FOREHEAD)
    ]
    frown = 0.7 * bump(side - 0.0075 - 0.04 * (z - 0.75), 0.0009) * edge(z - 0.742, 0.002) * edge(0.758 - z, 0.002)
    return np.asarray(np.maximum(0.7 * np.max(lines, 0) * edge(0.038 - side, 0.005), frown))


def _mouth(x: Array, side: Array, z: Array) -> Array:
    fold = bump(side - (0.0205 + (0.690 - z) * 0.40), 0.0011) * edge(z - 0.655, 0.004) * edge(0.693 - z, 0.003)
    low = 0.7 * bump(side - (0.0262 + (0.655 - z) * 0.22), 0.0009) * edge(z - 0.634, 0.004) * edge(0.655 - z, 0.002)
    lip = 0.30 * bump(np.mod(side, 0.0036) - 0.0018, 0.0004) * edge(z - MOUTH_Z - 0.006, 0.001) * edge(0.677 - z, 0.002)
    lip = lip * edge(0.019 - side, 0.003) * (0.6 + 0.4 * np.sin(x * 900))
    cheek = np.max([bump(side - 0.036 - 0.006 * k - 1.1 * (z - 0.680) ** 2 / 0.03, 0.0007) for k in range(3)], 0)
    cheek = 0.32 * cheek * bump(z - 0.672, 0.012)
    return np.asarray(np.max([fold, low, lip, cheek], axis=0))


def _eyes(side: Array, z: Array) -> Array:
    crow = [
        bump(z - 0.7290 - slope * (side - 0.046) - 0.0004 * np.sin(side * 700 + 9 * slope), 0.0006)
        for slope in (-0.80, -0.42, -0.08, 0.26, 0.62)
    ]
    outer = 0.55 * np.max(crow, 0) * edge(side - 0.0490, 0.0012) * edge(0.0615 - side, 0.002)
    away = (side - EYE[0]) / 0.014
    below = [
        share * bump(z - level - 0.0055 * away**2 - 0.0004 * np.sin(side * 520), wide)
        for level, share, wide in ((0.7100, 0.75, 0.0009), (0.7145, 0.40, 0.0005), (0.7175, 0.35, 0.0004))
    ]
    under = np.max(below, 0) * edge(1.0 - np.abs(away), 0.12)
    return np.asarray(np.maximum(outer, under))


@lru_cache(maxsize=1)
def slopes() -> Any:
    """How steeply the folds of somebody very old fall across and up the face, (H, W, 2), the highest row first."""
    left, low, right, high = BOX
    x, z = np.arange(left, right, _STEP_M), np.arange(high, low, -_STEP_M)
    height = -_DEEP_M * depth(x[None] + 0 * z[:, None], z[:, None] + 0 * x[None])
    down, across = np.gradient(height, _STEP_M)
    return np.ascontiguousarray(np.stack([across, -down], -1), np.float32)
