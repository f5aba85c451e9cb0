"""Lamps as surfaces that shine: points to cast shadow rays at, and what a mirror sees of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.renderer.tracing.vectors import PI, F, Floats, column, dot

Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outline:
    """A lamp's shape in units of its half width: how points are drawn on it, where it is, its area."""

    draw: Callable[[Floats, Floats], tuple[Floats, Floats]]
    holds: Callable[[Floats, Floats], Masks]
    area: float


def _disk(inner: float) -> Outline:
    def draw(u: Floats, v: Floats) -> tuple[Floats, Floats]:
        r, angle = np.sqrt(F(inner * inner) + F(1 - inner * inner) * u), v * F(2 * np.pi)
        return r * np.cos(angle), r * np.sin(angle)

    def holds(x: Floats, y: Floats) -> Masks:
        r2 = x * x + y * y
        return np.asarray((r2 < 1) & (r2 >= inner * inner))

    return Outline(draw, holds, np.pi * (1 - inner * inner))


def _pane(half_width: float, half_height: float, bar: float = 0.0) -> Outline:
    def draw(u: Floats, v: Floats) -> tuple[Floats, Floats]:
        return (2 * u - 1) * F(half_width), (2 * v - 1) * F(half_height)

    def holds(x: Floats, y: Floats) -> Masks:
        inside = (np.abs(x) < half_width) & (np.abs(y) < half_height)
        return np.asarray(inside & (np.abs(x) >= bar) & (np.abs(y - F(0.25 * half_height)) >= bar))

    return Outline(draw, holds, 4 * half_width * half_height)


OUTLINES = {
    "round": _disk(0.0),
    "ring": _disk(0.72),
    "square": _pane(0.9, 0.9),
    "strip": _pane(0.28, 1.5),
    "window": _pane(0.75, 1.15, bar=0.045),
    "flame": _pane(0.45, 0.9),
}


_SCREEN_M = F(0.55)
"""How far before the sitter leaves or blinds are."""
_LEAVES = ((47.0, 39.0, 1.1), (-31.0, 58.0, 2.3), (76.0, -52.0, 4.0))


@dataclass(frozen=True)
class Emitter:
    """A lamp in the world: where, which way it faces (`towards`), its two axes, its half width and its radiance."""

    position: Floats
    towards: Floats
    across: Floats
    up: Floats
    half_width: np.float32
    outline: Outline
    area: np.float32
    radiance: Floats
    """(3, 1), in units in which a white matt surface that a lamp of power 1 faces looks 1 bright."""
    target: Floats
    pattern: str = ""
    """"leaves" or "blinds" between the lamp and what it shines on."""

    @classmethod
    def aimed(
        cls, position: npt.ArrayLike, target: npt.ArrayLike, half_width: float, shape: str, power: npt.ArrayLike,
        pattern: str = "",
    ) -> Emitter:  # fmt: skip
        """A lamp that faces `target` and gives it `power` (RGB)."""
        where, to = np.asarray(position, float), np.asarray(target, float)
        distance = float(np.linalg.norm(to - where))
        towards = (to - where) / distance
        helper = (0.0, 0.0, 1.0) if abs(towards[2]) < 0.99 else (0.0, 1.0, 0.0)
        across = np.cross(towards, helper)
        across /= np.linalg.norm(across)
        outline = OUTLINES[shape]
        area = outline.area * half_width**2
        radiance = np.asarray(power, float) * np.pi * distance**2 / area
        return cls(
            column(where), column(towards), column(across), column(np.cross(across, towards)),
            F(half_width), outline, F(area), column(radiance), column(to), pattern,
        )  # fmt: skip

    def points(self, u: Floats, v: Floats) -> Floats:
        """Points on the lamp (3, N)."""
        x, y = self.outline.draw(u, v)
        return self.position + (x * self.half_width) * self.across + (y * self.half_width) * self.up

    def reaching(self, way: Floats, squared: Floats) -> Floats:
        """What of the radiance arrives at a point, over π: unit `way` to the lamp, distance squared."""
        facing = np.maximum(-(way[0] * self.towards[0] + way[1] * self.towards[1] + way[2] * self.towards[2]), F(0))
        return facing * (self.area / PI) / squared

    def through(self, points: Floats, way: Floats) -> Floats | np.float32:
        """What its pattern lets through (N) of the light that comes to points along `way`."""
        if not self.pattern:
            return F(1)
        along = np.maximum(-dot(way, self.towards), F(0.05))
        distance = (_SCREEN_M - dot(self.target - points, self.towards)) / along
        off = points + way * distance - self.target
        x, y = dot(off, self.across), dot(off, self.up)
        if self.pattern == "blinds":
            return np.clip(F(0.5) + F(4) * np.sin(y * F(2 * np.pi / 0.052)), F(0.02), 1)
        leaves = sum(np.sin(x * F(a) + F(c)) * np.sin(y * F(b) + F(c * 1.7)) for a, b, c in _LEAVES)
        return np.clip(F(0.45) + F(1.6) * leaves, F(0.10), 1)

    def seen(self, origin: Floats, direction: Floats) -> tuple[Masks, Floats]:
        """Which rays meet the shining side, and where (3, N)."""
        along = dot(direction, self.towards)
        safe = np.where(np.abs(along) < 1e-4, F(-1e-4), along)
        distance = dot(self.position - origin, self.towards) / safe
        at = origin + direction * distance
        off = at - self.position
        x, y = dot(off, self.across) / self.half_width, dot(off, self.up) / self.half_width
        return np.asarray((distance > 0) & (along < 0) & self.outline.holds(x, y)), at
