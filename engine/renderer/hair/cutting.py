"""Locks cut to a level, a fringe or a ball, and evened out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.body import Body
from engine.renderer.geometry import unit
from engine.renderer.hair.combing import CENTRE, UP, Weights, has_fringe
from engine.renderer.hair.field import Field, Floats, Frame
from engine.renderer.hair.scalp import Roots
from engine.renderer.hair.styles import Style
from engine.renderer.scene import Hair


@dataclass(frozen=True)
class HeadSurface:
    """What hair of one person in one pose is grown against."""

    field: Field
    down: Floats
    half_width: float
    ear: tuple[float, float]
    """How high ears reach, and how far back."""

    @classmethod
    def of(cls, body: Body, frame: Frame, field: Field) -> HeadSurface:
        """Measured on a body."""
        ears = frame.inside(body.part.vertices[body.masks["ears"] > 0.5])
        high, back = (float(np.quantile(ears[:, axis], 0.98)) for axis in (2, 1))
        return cls(field, frame.down, body.half_width, (high, back))


@dataclass(frozen=True)
class Locks:
    """Strands that others follow: (N, K, 3) points and the normals of what they lie on."""

    points: Floats
    normals: Floats
    roots: Roots


def trimmed(
    style: Style, hair: Hair, points: Floats, roots: Roots, weights: Weights, head: HeadSurface,
    random: np.random.Generator,
) -> Locks:  # fmt: skip
    """Cut, evened out, at the style's number of points."""
    for _ in range(2 if style.points < 12 else 3):
        points[:, 1:-1] = 0.25 * points[:, :-2] + 0.5 * points[:, 1:-1] + 0.25 * points[:, 2:]
    end = _ends(style, hair, points, weights["fringe"], head.half_width, random)
    points = resampled(points, np.maximum(end, 1.0), style.points)
    flat = head.field.outwards(points.reshape(-1, 3)).reshape(points.shape)
    away = unit(points - CENTRE)
    normals = unit(np.where((points[..., 2:] < -0.11), 0.5 * flat + 0.5 * away, 0.7 * flat + 0.3 * away))
    return Locks(points, normals.astype(np.float32), roots)


def _ends(
    style: Style, hair: Hair, points: Floats, fringe: Floats, half_width: float, random: np.random.Generator
) -> Floats:
    """The fractional point of each lock at which scissors meet it."""
    count, steps, _ = points.shape
    uneven = style.blunt * random.normal(size=(count, 1))
    end: Floats = np.full(count, steps - 1.0)
    if style.cut is not None:
        end = np.minimum(end, _below(points, style.cut - 0.11 * (hair.length - 1) + uneven))
    if has_fringe(style, hair):
        level = 0.024 if style.fringe_cut is None else style.fringe_cut
        aside = np.abs(points[..., 0]) / half_width
        cut = level + uneven - 0.05 * np.clip(aside - 0.55, 0, 1) ** 1.5
        hanging = _below(points, np.where(points[..., 1] < 0.045, cut, -9.0))
        end = np.where(fringe > 0.45, np.minimum(end, hanging), end)
    if style.outline:
        end = np.minimum(end, _first(*_past_outline(points, random)))
    if style.ball is not None:
        out = _ball(style, hair, points)
        edge = 1 + (0.035 if style.ball > 0.05 else 0.06) * random.normal(size=(count, 1))
        end = np.minimum(end, _first(out > edge, out - edge))
    return end


_OUTLINE: Final = (
    (0, 54, 60, 76, 80, 84, 104, 110, 125, 180),
    (-90, -90, -14, -23, -14, 1, 0, -16, -30, -45),
)
"""Degrees around the head from its front, and of elevation: sideburns, over the ears, behind them, the nape."""


def _past_outline(points: Floats, random: np.random.Generator) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which points hang out of a barber's outline, and by how many degrees."""
    x, y, z = np.moveaxis(points - CENTRE, -1, 0)
    around = np.degrees(np.arctan2(np.abs(x), -y))
    up = np.degrees(np.arctan2(z, np.hypot(x, y)))
    by = np.interp(around, *_OUTLINE) + 1.5 * random.normal(size=(len(points), 1)) - up
    return by > 0, by


def _ball(style: Style, hair: Hair, points: Floats) -> Floats:
    """How far out of the style's ball points are, 1 on it."""
    size = (style.ball or 0.0) * hair.length * hair.volume
    radii = np.array((0.078, 0.100, 0.100), np.float32) + np.array((1.0, 0.8, 1.0), np.float32) * size
    return np.asarray(np.linalg.norm((points - CENTRE - np.float32(0.15 * size) * UP) / radii, axis=-1))


def _below(points: Floats, height: Floats) -> Floats:
    """Where strands first pass below a height, as a fractional point."""
    return _first(points[..., 2] < height, height - points[..., 2])


def _first(past: Floats, by: Floats) -> Floats:
    """The first place past something, between the point before and the one that is `by` past it."""
    steps = past.shape[1]
    at = np.where(past.any(1), past.argmax(1), steps - 1)
    rows = np.arange(len(past))
    after, before = by[rows, at], by[rows, np.maximum(at - 1, 0)]
    share = np.clip(after / np.maximum(after - before, 1e-6), 0, 1)
    return np.where(past.any(1), at - share, steps - 1.0)


def resampled(points: Floats, end: Floats, count: int) -> Floats:
    """Strands up to the fractional point `end`, at `count` points."""
    at = end[:, None] * np.linspace(0, 1, count)[None, :]
    low = np.minimum(at.astype(np.intp), points.shape[1] - 2)
    share = (at - low)[..., None].astype(np.float32)
    rows = np.arange(len(points))[:, None]
    return np.asarray(points[rows, low] * (1 - share) + points[rows, low + 1] * share)
