"""Single hairs about the locks: each from its own root, thick at the scalp, joined at the ends, waved and curled."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from engine.renderer.geometry import lengths, unit
from engine.renderer.hair.combing import has_fringe
from engine.renderer.hair.cutting import HeadSurface, Locks, resampled
from engine.renderer.hair.field import Floats
from engine.renderer.hair.growing import before_the_face
from engine.renderer.hair.scalp import Roots
from engine.renderer.hair.styles import Style
from engine.renderer.scene import Hair

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Strands:
    """Hairs (N, K, 3), the normals of what they lie on, which lock each belongs to, and how thick each is."""

    points: Floats
    normals: Floats
    locks: Numbers
    thick: Floats | float = 1.0


def filled(
    style: Style, hair: Hair, locks: Locks, roots: Roots, head: HeadSurface, random: np.random.Generator
) -> Strands:
    """A hair for every root, following the nearest locks."""
    near = cKDTree(locks.roots.points).query(roots.points, k=2)[1]
    first, second = near[:, 0], near[:, 1]
    count, steps = len(roots), locks.points.shape[1]
    even = (0.5 * (1 - style.clump) * random.random(count)).astype(np.float32)
    even *= np.linalg.norm(locks.points[first, -1] - locks.points[second, -1], axis=1) < 0.03
    share = even[:, None, None]
    leads: Numbers = np.arange(len(locks.points))
    if style.bundles:
        locks, leads = _bundled(style, locks, random)
    led = locks.points + _curls(style, locks, leads, random) if style.curl else locks.points
    path = led[first] * (1 - share) + led[second] * share
    normals = locks.normals[first]
    across = _across(led, locks.normals)[first]
    t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    offset = (roots.points - path[:, 0])[:, None]
    beside = (offset * across[:, :1]).sum(-1, keepdims=True)
    leaving = np.clip(t * 4, 0, 1)
    leaving = leaving * leaving * (3 - 2 * leaving)
    close = 1 - style.clump * np.clip(t * 1.5, 0, 1)
    layer = np.abs(random.standard_normal((count, 1, 1), np.float32)) * np.float32(0.0011)
    sideways = beside * close + random.standard_normal((count, 1, 1), np.float32) * np.float32(0.0009) * close * leaving
    points = path + offset * (1 - leaving) + across * (sideways * leaving) + normals * (layer * close * leaving)
    points += _frizz(style, path, random)
    points = _shortened(points, style, roots, random)
    points = _face_free(points, head, 0.022 if has_fringe(style, hair) else 0.050)
    head.field.pushed(points, 0.0004)
    points[:, 0] = roots.points
    return Strands(points, normals, first, thickness(roots))


def thickness(roots: Roots) -> Floats:
    """Hairs are the finer the nearer they grow to the hair line."""
    return np.asarray(np.clip(0.4 + 0.6 * roots.inside / 8, 0.4, 1), np.float32)


def _bundled(style: Style, locks: Locks, random: np.random.Generator) -> tuple[Locks, Numbers]:
    """Locks joined to larger ones that swing a little, so that hair parts, overlaps and ends unevenly; and to which."""
    points = locks.points
    count, steps, _ = points.shape
    place = np.hstack([points[:, 0], 0.7 * points[:, steps // 2]])
    leads = random.choice(count, min(style.bundles, count), replace=False)
    own = leads[cKDTree(place[leads]).query(place)[1]]
    to = points[own] - points
    apart: Floats = lengths(to)
    near = np.minimum.accumulate(1 - np.clip((apart - 0.012) / 0.02, 0, 1), axis=1)
    to -= 0.7 * locks.normals * (to * locks.normals).sum(-1, keepdims=True)
    t = np.linspace(0, 1, steps, dtype=np.float32)
    share = style.join * np.clip(1.4 * t - 0.15, 0, 1) * near
    swing, phase = random.normal(size=(count, 1))[own], random.uniform(0, 6.28, (count, 1))[own]
    aside = style.sway * swing * t**1.3 * np.sin(5.0 * t + phase)
    moved = points + share[..., None] * to + aside[..., None] * _across(points, locks.normals)
    return Locks(moved.astype(np.float32), locks.normals, locks.roots), own


def _across(points: Floats, normals: Floats) -> Floats:
    """Directions along the skin and square to strands."""
    return np.asarray(unit(np.cross(unit(np.gradient(points, axis=1)), normals)), np.float32)


def _face_free(points: Floats, head: HeadSurface, below: float) -> Floats:
    """Hairs that would cross the face end where they reach it; a fringe ends above the eyes anyway."""
    side = np.sign(points[..., 0])
    inside = before_the_face(points, side, 0.84, head) > 0
    inside &= points[..., 2] < below
    crossing = np.flatnonzero(inside.any(1))
    if not len(crossing):
        return points
    ends = np.maximum(inside[crossing].argmax(1) - 1.0, 1.0)
    points[crossing] = resampled(points[crossing], ends, points.shape[1])
    return points


def _frizz(style: Style, path: Floats, random: np.random.Generator) -> Floats:
    """Hairs a little wavy, astray from their locks, and a few that go their own way."""
    count, steps, _ = path.shape
    t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    phase = random.random((2, count, 1, 3), np.float32) * np.float32(6.28)
    turns = np.float32(2.0) + random.random((count, 1, 1), np.float32) * np.float32(4.0)
    amount = np.float32(style.frizz) * random.gamma(1.5, 0.66, (count, 1, 1)).astype(np.float32)
    made = (amount * t) * (np.sin(turns * np.float32(3.14) * t + phase[0]) - np.sin(phase[0]))
    aside = random.standard_normal((count, 1, 3), np.float32)
    astray = np.zeros((count, 1, 1), np.float32)
    if style.loose:
        astray += lengths(path[:, -1] - path[:, 0])[:, None, None] * np.float32(style.loose)
    strays = random.random((count, 1, 1), np.float32) < style.stray
    astray = np.where(strays, np.float32(0.10) * _reach(style), astray)
    made += (aside * astray) * t**1.5
    return made


def _reach(style: Style) -> np.float32:
    lengths = (style.length,) if isinstance(style.length, int | float) else style.length
    return np.float32(min(max(lengths), 0.14))


def _shortened(points: Floats, style: Style, roots: Roots, random: np.random.Generator) -> Floats:
    """Ends at different places; finer, shorter hairs along the hair line."""
    count, steps, _ = points.shape
    ends = 1 - (0.02 + 0.35 * style.vary) * random.random(count) ** 1.5
    full = np.clip(roots.inside / 5, 0, 1)
    young = (roots.inside < 5) & (random.random(count) > 0.35 + 0.65 * full)
    reach = float(_reach(style))
    ends = np.where(young, np.minimum(ends, random.uniform(0.006, 0.022, count) / max(reach, 0.02)), ends)
    return resampled(points, ends * (steps - 1), steps)


def _curls(style: Style, locks: Locks, leads: Numbers, random: np.random.Generator) -> Floats:
    """Waves or corkscrews of each lock (N, K, 3); flat waves go with those of the larger lock."""
    points = locks.points
    count = len(points)
    along = lengths(np.diff(points, axis=1))
    run = np.concatenate([np.zeros((count, 1), np.float32), np.cumsum(along, 1)], 1)
    waved = style.flat > 0.5
    where = locks.roots.points[leads]
    smooth = 0.9 * np.sin(where @ np.array((31.0, 17.0, 23.0))) + 0.2 * random.normal(size=count)
    own = smooth if waved else random.uniform(0, 6.28, count)
    turn = style.turn * np.exp(0.16 * (1 - 0.4 * style.flat) * random.normal(size=(count, 1)))
    turn = turn[leads] if waved else turn
    angle = (6.283 * run / turn + own[:, None]).astype(np.float32)
    size: Floats = style.curl * np.exp(0.22 * random.normal(size=(count, 1)))
    size = 0.6 * size[leads] + 0.4 * size if waved else size
    start = 3.5 * style.curl if style.flat <= 0.5 else 0.10
    size = (size * np.clip(run / start, 0, 1) ** 1.5).astype(np.float32)[..., None]
    tangent = unit(np.gradient(points, axis=1))
    across = unit(np.cross(tangent, locks.normals))
    out = np.cross(across, tangent)
    hand = random.choice((-1.0, 1.0), count).astype(np.float32)[:, None, None]
    round_ = np.float32(1 - style.flat)
    return np.asarray(size * (np.cos(angle)[..., None] * across + hand * round_ * np.sin(angle)[..., None] * out))
