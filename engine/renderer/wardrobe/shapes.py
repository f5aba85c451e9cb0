"""Shapes that cloth is cut to beyond necklines and sleeves, and how thick it lies there: aprons, drapes, plates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from engine.renderer.geometry import Array
from engine.renderer.wardrobe.cuts import along_arm, both, front

_SHOULDER: Final = np.array((0.150, -0.020, 0.535))


def _bib(rest: Array, arm: Array) -> Array:
    side = np.abs(rest[:, 0])
    top = 0.452 - rest[:, 2]
    wide = np.where(rest[:, 2] > 0.24, 0.105 + 0.35 * np.clip(0.44 - rest[:, 2], 0, 1) ** 1.5, 0.19)
    within = np.minimum(np.minimum(top, wide - side), np.minimum(front(rest) - 0.45, 0.3 - arm))
    return np.asarray(np.minimum(within, rest[:, 2] - 0.14))


def _lap(rest: Array, arm: Array) -> Array:
    """The front of a skirt, which is what hangs of an apron."""
    del arm
    return np.asarray(0.035 - rest[:, 1])


_DRAPE_FROM = 0.152
"""Metres to the left of the middle where a drape lies over the shoulder, clear of the neck."""


def _drape(rest: Array, arm: Array) -> Array:
    """From the right hip (viewer's left) over the left shoulder and down the back."""
    x, z = rest[:, 0], rest[:, 2]
    down = 0.548 - z
    left = _DRAPE_FROM - down * 0.66
    wide = 0.060 + 0.34 * np.clip(down, 0, 1)
    before = wide - np.abs(x - left)
    behind = 0.080 - np.abs(x - 0.140)
    line = np.where(front(rest) > 0.5, before, behind)
    return np.asarray(np.minimum(np.minimum(line, z - 0.050), 0.6 - arm))


def _obi(rest: Array, arm: Array) -> Array:
    return np.asarray(np.minimum(np.minimum(rest[:, 2] - 0.175, 0.325 - rest[:, 2]), 0.3 - arm))


def _sash(rest: Array, arm: Array) -> Array:
    return np.asarray(np.minimum(np.minimum(rest[:, 2] - 0.152, 0.205 - rest[:, 2]), 0.3 - arm))


def _belt(rest: Array, arm: Array) -> Array:
    return np.asarray(np.minimum(np.minimum(rest[:, 2] - 0.150, 0.192 - rest[:, 2]), 0.3 - arm))


def _cuirass(rest: Array, arm: Array) -> Array:
    del arm
    side, up = np.abs(rest[:, 0]), rest[:, 2]
    hole = np.interp(up, (0.36, 0.40, 0.45, 0.53), (0.190, 0.150, 0.122, 0.118))
    return np.asarray(np.minimum(hole - side, 0.535 - up))


def _pauldron(rest: Array, arm: Array) -> Array:
    """A cap over the shoulder; open below, where the arm lies against the chest."""
    del arm
    s = along_arm(rest)
    inner = np.abs(rest[:, 0]) - 0.108 - 0.35 * np.clip(0.53 - rest[:, 2], 0, 1)
    return both(both(0.105 - s, inner, 0.02), rest[:, 2] - 0.415 + 0.8 * np.clip(np.abs(rest[:, 0]) - 0.17, 0, 1), 0.02)


SHAPES: Final[Mapping[str, Callable[[Array, Array], Array]]] = {
    "bib": _bib, "lap": _lap, "drape": _drape, "obi": _obi, "belt": _belt, "sash": _sash,
    "cuirass": _cuirass, "pauldron": _pauldron,
}  # fmt: skip
"""Positive inside, by name; of template places and how much each is sleeve."""


def relief(region: str, rest: Array) -> Array:
    """Metres that a shape's surface rises over its ease."""
    x, z = np.abs(rest[:, 0]), rest[:, 2]
    if region == "cuirass":
        ridge = 0.010 * np.exp(-x / 0.012) * front(rest)
        edge = 0.004 * np.exp(
            -(((x - np.interp(z, (0.36, 0.40, 0.45, 0.53), (0.19, 0.15, 0.122, 0.118))) / 0.010) ** 2)
        )
        return np.asarray(ridge + edge + 0.012 * np.exp(-(((z - 0.36) / 0.08) ** 2)) * front(rest))
    if region == "pauldron":
        s = along_arm(rest)
        lame = np.mod(s - 0.020, 0.034) / 0.034
        return np.asarray(np.where(s > 0.020, 0.010 - 0.007 * lame, 0.010))
    if region == "drape":
        x = rest[:, 0]
        across = (x - _DRAPE_FROM + (0.548 - z) * 0.66) / (0.060 + 0.34 * np.clip(0.548 - z, 0, 1))
        return np.asarray(0.006 * (1 - 2 * np.abs(np.sin(across * 11 + 0.9 * np.sin(3 * z + 2 * across))) ** 0.7))
    return np.zeros(len(rest))
