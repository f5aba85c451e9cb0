"""Lines that cloth is cut along, as fields over the template: positive inside the garment, in metres."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from engine.renderer.geometry import Array

WRIST_M: Final = 0.440
"""Along the arm, from the shoulder's joint."""
_SHOULDER, _ELBOW, _HAND = (
    np.array(p) for p in ((0.167, -0.015, 0.524), (0.313, -0.013, 0.350), (0.430, -0.175, 0.245))
)
SLEEVES: Final[Mapping[str, float]] = {
    "short": 0.150, "elbow": 0.215, "three-quarter": 0.32, "long": WRIST_M, "long over the hand": WRIST_M + 0.01,
}  # fmt: skip


def along_arm(rest: Array) -> Array:
    """Metres from the shoulder's joint along the arm, negative towards the neck."""
    p = rest * (1, 1, 1)
    p[:, 0] = np.abs(p[:, 0])
    upper, lower = _ELBOW - _SHOULDER, _HAND - _ELBOW
    first, second = np.linalg.norm(upper), np.linalg.norm(lower)
    s = (p - _SHOULDER) @ upper / first
    t = (p - _ELBOW) @ lower / second
    return np.asarray(np.minimum(s, first) + np.maximum(t, 0))


def front(rest: Array) -> Array:
    """1 before the body's middle plane, 0 behind it."""
    return np.asarray(np.clip((-rest[:, 1] - 0.035) / 0.03, 0, 1))


def _crew(rest: Array, wide: float = 0.074, dip: float = 0.0) -> Array:
    """A round neck about the foot of the neck, `dip` metres deeper in front."""
    tilt = rest[:, 2] - 0.545 + 0.55 * (rest[:, 1] + 0.035)
    around = np.hypot(rest[:, 0], (rest[:, 1] + 0.030) * 0.9)
    ring = np.maximum(around - wide, -tilt * 0.8)
    deep = np.hypot(np.abs(rest[:, 0]) / wide, (rest[:, 2] - 0.545) / (0.045 + dip)) - 1
    return np.asarray(np.where(front(rest) > 0.5, np.minimum(ring + 0.002, deep * wide), ring))


def _vee(rest: Array, bottom: float, slope: float, wide: float = 0.080) -> Array:
    """A V in front that ends at `bottom`; its sides rise `slope` metres a metre."""
    side, up = np.abs(rest[:, 0]), rest[:, 2]
    line = (bottom + slope * side - up) / np.hypot(1, slope)
    return np.asarray(np.where(front(rest) > 0.4, np.minimum(_crew(rest, wide), line), _crew(rest, wide)))


def _strapless(rest: Array, top: float = 0.435, heart: float = 0.012) -> Array:
    """Across under the arms; a sweetheart line in front."""
    side = np.abs(rest[:, 0])
    line = top + heart * np.exp(-(((side - 0.075) / 0.035) ** 2)) * front(rest) - 0.02 * (1 - front(rest))
    return np.asarray(line - rest[:, 2])


def _closed(rest: Array) -> Array:
    """Around the foot of the neck, close to it: what is buttoned up to the throat."""
    below = 0.546 - rest[:, 2] + 0.26 * (rest[:, 1] + 0.03)
    return np.asarray(np.maximum(below, np.hypot(rest[:, 0], (rest[:, 1] + 0.03) * 0.9) - 0.062))


NECKLINES: Final[Mapping[str, Callable[[Array], Array]]] = {
    "crew": lambda rest: _crew(rest, 0.076),
    "wide crew": lambda rest: _crew(rest, 0.084, 0.012),
    "scoop": lambda rest: _crew(rest, 0.084, 0.068),
    "tank": lambda rest: _crew(rest, 0.074, 0.060),
    "boat": lambda rest: _crew(rest, 0.105, 0.0),
    "vee": lambda rest: _vee(rest, 0.455, 1.25),
    "scrubs": lambda rest: _vee(rest, 0.462, 1.05, 0.082),
    "deep vee": lambda rest: _vee(rest, 0.300, 2.5),
    "jacket": lambda rest: _vee(rest, 0.330, 2.6),
    "wrap": lambda rest: _vee(rest, 0.412, 1.75, 0.080),
    "inner wrap": lambda rest: _vee(rest, 0.432, 1.60, 0.074),
    "stand": lambda rest: _crew(rest, 0.066),
    "closed": _closed,
    "high": lambda rest: np.asarray(0.588 - rest[:, 2] + 0.22 * (rest[:, 1] + 0.03)),
    "strapless": _strapless,
    "square": lambda rest: np.where(
        front(rest) > 0.4,
        np.maximum(np.abs(rest[:, 0]) - 0.085, 0.458 - rest[:, 2]),
        np.maximum(np.abs(rest[:, 0]) - 0.085, _crew(rest, 0.084)),
    ),
}
"""By name; what is cut away lies beyond the line, at the neck."""


SHOULDERS: Final[Mapping[str, float]] = {"none": 0.142, "straps": 0.112}
"""Without sleeves: metres from the middle to the armhole's upper end."""


def armhole(rest: Array, shoulder: float, under: float = 0.168) -> Array:
    """Without sleeves: an armhole whose upper end is `shoulder` metres off the middle."""
    side, up = np.abs(rest[:, 0]), rest[:, 2]
    line = np.interp(up, (0.385, 0.42, 0.47, 0.56), (under + 0.03, under - 0.012, shoulder - 0.012, shoulder))
    return np.asarray(line - side)


def sleeve(rest: Array, arm: Array, length: float) -> Array:
    """Sleeves of `length` metres from the shoulder's joint."""
    return np.asarray(np.where(arm > 0.35, length - along_arm(rest), 0.2))


def both(first: Array, second: Array, round_: float = 0.012) -> Array:
    """Inside both fields; the corner where they meet is rounded."""
    apart = np.clip(0.5 + 0.5 * (second - first) / round_, 0, 1)
    return np.asarray(second * (1 - apart) + first * apart - round_ * apart * (1 - apart))
