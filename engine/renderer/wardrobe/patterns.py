"""Patterns that repeat, as small pictures in linear colours: stripes, checks, dots, flowers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from engine.renderer.geometry import Array
from engine.renderer.scene import RGB

PATTERNS: Final = ("stripes", "pinstripes", "checks", "dots", "floral")
_TEXELS: Final = 96


@lru_cache(maxsize=16)
def tile(name: str, colour: RGB, second: RGB | None, garment: str) -> tuple[Any, tuple[float, float]] | None:
    """The picture (H, W, 3) of a pattern and the metres that it covers; None for plain cloth."""
    if name not in PATTERNS:
        return None
    first = np.array(colour)
    other = np.array(second if second is not None else _beside(colour))
    if name == "stripes" and garment in ("suit", "blazer", "waistcoat", "tuxedo"):
        name = "pinstripes"
    x, y = np.meshgrid((np.arange(_TEXELS) + 0.5) / _TEXELS, (np.arange(_TEXELS) + 0.5) / _TEXELS)
    share, size = {
        "stripes": _stripes, "pinstripes": _pinstripes, "checks": _checks, "dots": _dots, "floral": _floral,
    }[name](x, y, garment)  # fmt: skip
    share = np.clip(share, 0, 1)[..., None]
    picture: Any = np.asarray(first * (1 - share) + other * share, np.float32)
    if name == "floral":
        leaf = np.clip(_leaves(x, y), 0, 1)[..., None]
        picture = np.asarray(picture * (1 - leaf) + np.array((0.06, 0.16, 0.05)) * leaf, np.float32)
    return picture, size


def _beside(colour: RGB) -> RGB:
    """White on what is dark, dark blue on what is pale."""
    return (0.72, 0.71, 0.68) if sum(colour) < 1.2 else (0.03, 0.05, 0.14)


def _stripes(x: Array, y: Array, garment: str) -> tuple[Array, tuple[float, float]]:
    upright = garment in ("shirt", "blouse", "uniform", "apron")
    at = x if upright else y
    width = 0.016 if upright else 0.036
    return _step(np.abs(at - 0.5) - 0.30), (width, width)


def _pinstripes(x: Array, y: Array, garment: str) -> tuple[Array, tuple[float, float]]:
    del y, garment
    return 0.55 * _step(np.abs(x - 0.5) - 0.465), (0.020, 0.020)


def _checks(x: Array, y: Array, garment: str) -> tuple[Array, tuple[float, float]]:
    del garment
    across, down = _step(np.abs(x - 0.5) - 0.25), _step(np.abs(y - 0.5) - 0.25)
    line = np.maximum(_step(0.02 - np.abs(x - 0.5)), _step(0.02 - np.abs(y - 0.5)))
    return 0.5 * across + 0.5 * down + 0.35 * line, (0.042, 0.042)


def _dots(x: Array, y: Array, garment: str) -> tuple[Array, tuple[float, float]]:
    del garment
    shares = [np.hypot(_around(x - cx), _around(y - cy)) for cx, cy in ((0.25, 0.25), (0.75, 0.75))]
    return _step(0.13 - np.minimum(*shares)), (0.034, 0.034)


_FLOWERS: Final = ((0.22, 0.24, 0.15, 0.3), (0.70, 0.16, 0.11, 1.0), (0.50, 0.60, 0.17, 0.7), (0.10, 0.74, 0.12, 0.1),
                   (0.84, 0.78, 0.14, 0.5))  # fmt: skip


def _floral(x: Array, y: Array, garment: str) -> tuple[Array, tuple[float, float]]:
    del garment
    share = np.zeros_like(x)
    for cx, cy, size, turn in _FLOWERS:
        dx, dy = _around(x - cx), _around(y - cy)
        angle, radius = np.arctan2(dy, dx), np.hypot(dx, dy)
        edge = size * (0.72 + 0.28 * np.cos(5 * angle + 6 * turn))
        share = np.maximum(share, _step(edge - radius) * (1 - 0.75 * _step(size * 0.24 - radius)))
    return share, (0.105, 0.105)


def _leaves(x: Array, y: Array) -> Array:
    share = np.zeros_like(x)
    for cx, cy, size, turn in _FLOWERS:
        for side in (0.0, 2.6):
            angle = 6.28 * turn + side + 0.6
            dx = _around(x - cx - 1.25 * size * np.cos(angle))
            dy = _around(y - cy - 1.25 * size * np.sin(angle))
            along, across = dx * np.cos(angle) + dy * np.sin(angle), -dx * np.sin(angle) + dy * np.cos(angle)
            share = np.maximum(share, _step(0.40 * size - np.hypot(along, 2.6 * across)))
    return share


def _around(offset: Array) -> Array:
    return np.asarray((offset + 0.5) % 1 - 0.5)


def _step(value: Array) -> Array:
    return np.asarray(np.clip(value * _TEXELS * 0.5 + 0.5, 0, 1))
