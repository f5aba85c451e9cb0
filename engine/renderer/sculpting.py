"""Shapes of faces that anny's controls lack: how a face tapers, its jaw's corners, how long its lower part is.

Each is a smooth move of the template's vertices, in metres at 1, and works both ways. They are named like anny's
controls, and a person's `shape` holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np

from engine.renderer import assets, regions
from engine.renderer.geometry import Array, Index
from engine.renderer.regions import bump, ramp

SIDEWAYS, FORWARD, UP = 0, 1, 2


def add(vertices: Array, name: str, amount: float) -> None:
    """Moves the base's vertices in place, with "l-" or "r-" before it on that side alone; other names move none."""
    if name.removeprefix("l-").removeprefix("r-") in MOVES and amount:
        rows, steps = _move(name)
        vertices[rows] += steps * amount


@lru_cache(maxsize=32)
def _move(name: str) -> tuple[Index, Array]:
    rest = assets.base().rest
    sided = name.startswith(("l-", "r-"))
    moves = MOVES[name[2:] if sided else name](rest)
    if sided:
        moves = moves * ((rest[:, :1] > 0) == (name[0] == "l"))
    rows = np.flatnonzero(np.abs(moves).max(1) > 1e-6)
    return rows, moves[rows]


def _along(axis: int, rest: Array, amount: Array) -> Array:
    """Moves along one axis; sideways is away from the middle."""
    moves = np.zeros_like(rest)
    moves[:, axis] = amount * np.sign(rest[:, 0]) if axis == SIDEWAYS else amount
    return moves


def _skull(rest: Array) -> Array:
    """1 on the face and the underside of its jaw, 0 on the neck."""
    return ramp((rest[:, 2] + 0.55 * (-rest[:, 1] - 0.05) - 0.606) / 0.034)


def _jaw(rest: Array) -> Array:
    """The face from the mouth's level down, wider than the mouth."""
    side = np.abs(rest[:, 0])
    return ramp((0.716 - rest[:, 2]) / 0.066) * ramp((side - 0.020) / 0.034) * _skull(rest)


def _taper(rest: Array) -> Array:
    return _along(SIDEWAYS, rest, -0.012 * _jaw(rest) * ramp((-rest[:, 1] + 0.02) / 0.04))


def _jaw_corners(rest: Array) -> Array:
    near = bump(np.hypot((rest[:, 1] + 0.056) / 1.2, rest[:, 2] - 0.648), 0.017)
    return _along(SIDEWAYS, rest, 0.009 * near * ramp((np.abs(rest[:, 0]) - 0.025) / 0.025) * _skull(rest))


def _cheekbones(rest: Array) -> Array:
    near = bump(np.hypot((rest[:, 1] + 0.095) / 1.6, rest[:, 2] - 0.706), 0.013)
    return _along(SIDEWAYS, rest, 0.006 * near * ramp((np.abs(rest[:, 0]) - 0.036) / 0.022))


def _hollow(rest: Array) -> Array:
    """Cheeks that go in below the cheekbones."""
    near = bump(np.hypot((rest[:, 1] + 0.098) / 1.5, rest[:, 2] - 0.668), 0.014)
    return _along(SIDEWAYS, rest, -0.006 * near * ramp((np.abs(rest[:, 0]) - 0.028) / 0.02))


def _lower_face(rest: Array) -> Array:
    down = ramp((0.668 - rest[:, 2]) / 0.046)
    return _along(UP, rest, -0.010 * down * _skull(rest) * ramp((-rest[:, 1] - 0.03) / 0.06))


def _upper_lip(rest: Array) -> Array:
    down = ramp((0.681 - rest[:, 2]) / 0.014)
    return _along(UP, rest, -0.006 * down * _skull(rest) * ramp((-rest[:, 1] - 0.03) / 0.08))


def _chin_point(rest: Array) -> Array:
    """A narrower or a broader chin, as seen from the front."""
    side = np.abs(rest[:, 0])
    low = ramp((0.648 - rest[:, 2]) / 0.022) * _skull(rest) * ramp((-rest[:, 1] - 0.07) / 0.03)
    return _along(SIDEWAYS, rest, -0.007 * low * ramp((side - 0.004) / 0.022) * ramp((0.075 - side) / 0.02))


def _brow_ridge(rest: Array) -> Array:
    near = bump(rest[:, 2] - 0.7495, 0.0075) * ramp((0.052 - np.abs(rest[:, 0])) / 0.02)
    return _along(FORWARD, rest, -0.0045 * near * ramp((-rest[:, 1] - 0.11) / 0.02))


_LID_TURN: Final = 0.0036 / regions.EYEBALL_M
"""Radians that a lid turns about the eyeball at 1: 3.6 mm at its rim."""
_EYEBALLS: Final = ("helper-r-eye", "helper-l-eye")


def _lid(rest: Array, side: float) -> Array:
    """The upper (1) or lower (-1) lids turned up about their eyeballs: most amid the rim, not at folds and corners."""
    away = rest * np.where(rest[:, :1] < 0, (-1.0, 1, 1), (1.0, 1, 1)) - regions.EYEBALL
    x, y, z = away.T
    along, up = np.degrees(np.arctan2(x, -y)), np.degrees(np.arctan2(z, np.hypot(x, y)))
    above = side * (up - np.interp(along, *regions.LID_LINE))
    turned = ramp((above + 0.5) / 3) * (1 - ramp((above - 12) / 22)) * ramp((along + 46) / 34) * ramp((60 - along) / 34)
    turned *= (y < 0) * (1 - ramp((np.linalg.norm(away, axis=1) / regions.EYEBALL_M - 1.15) / 0.45))
    for group in _EYEBALLS:
        turned[np.unique(assets.base().quads[group])] = 0
    return _LID_TURN * np.stack([np.zeros_like(turned), z * turned, -y * turned], 1)


def _upper_lid(rest: Array) -> Array:
    return _lid(rest, 1.0)


def _lower_lid(rest: Array) -> Array:
    return _lid(rest, -1.0)


MOVES: Final[Mapping[str, Callable[[Array], Array]]] = MappingProxyType(
    {
        "face-taper": _taper, "jaw-corners": _jaw_corners, "cheekbones-wide": _cheekbones, "cheeks-hollow": _hollow,
        "lower-face": _lower_face, "upper-lip": _upper_lip, "chin-point": _chin_point, "brow-ridge": _brow_ridge,
        "upper-lid-up": _upper_lid, "lower-lid-up": _lower_lid,
    }
)  # fmt: skip
"""What each name moves at an amount of 1."""
