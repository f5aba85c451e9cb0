"""Ropes of hair: locs that are wound and fuzzy, plaits of three bundles, rows of plaits along the scalp."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer.geometry import lengths, unit
from engine.renderer.hair.combing import CENTRE
from engine.renderer.hair.cutting import HeadSurface, resampled
from engine.renderer.hair.field import Floats
from engine.renderer.hair.scalp import Roots
from engine.renderer.hair.strands import Strands
from engine.renderer.hair.styles import Ropes, Style
from engine.renderer.scene import Hair

_NAPE: Final = np.array((0.0, 0.80, -0.60), np.float32)


def roped(paths: Floats, style: Style, ropes: Ropes, random: np.random.Generator) -> Strands:
    """Locs or plaits along paths (N, K, 3)."""
    each = max(24, style.strands // len(paths))
    if ropes.kind == "loc":
        return _locs(paths, ropes.radius, each, style, random)
    return plaited(paths, ropes.radius, each, style.points, random)


def _even(paths: Floats, steps: int) -> Floats:
    return resampled(paths, np.full(len(paths), paths.shape[1] - 1.0), steps)


def _frames(paths: Floats) -> tuple[Floats, Floats, Floats]:
    """Tangents, and two directions across, that hardly turn along a path."""
    tangent = unit(np.gradient(paths, axis=1))
    away = unit(paths - CENTRE)
    first = unit(np.cross(tangent, away))
    return tangent, first, np.cross(first, tangent)


def _run(paths: Floats) -> Floats:
    """Metres along each path."""
    along = lengths(np.diff(paths, axis=1))
    return np.concatenate([np.zeros((len(paths), 1)), np.cumsum(along, 1)], 1)


def _locs(paths: Floats, radius: float, each: int, style: Style, random: np.random.Generator) -> Strands:
    count, steps, _ = paths.shape
    _, first, second = _frames(paths)
    run = _run(paths)
    which = np.repeat(np.arange(count), each)
    thick = radius * np.exp(0.2 * random.normal(size=count))[which, None]
    knots, start = random.uniform(260, 420, (count, 1)), random.uniform(0, 6, (count, 1))
    bumps = 1 + 0.10 * np.sin(run[which] * knots[which] + start[which])
    ends = np.interp(np.linspace(0, 1, steps), (0, 0.08, 0.9, 1), (0.65, 1, 0.95, 0.5))
    turn = random.choice((-1, 1), count)[which, None] * run[which] * random.uniform(150, 260, len(which))[:, None]
    angle = random.uniform(0, 6.283, len(which))[:, None] + turn
    depth = 1 - 0.35 * random.random((len(which), 1)) ** 2
    n = np.cos(angle)[..., None] * first[which] + np.sin(angle)[..., None] * second[which]
    points = paths[which] + n * (thick * bumps * ends * depth)[..., None]
    points = points + style.frizz * random.normal(size=points.shape)
    return Strands(points.astype(np.float32), n.astype(np.float32), which)


def plaited(
    paths: Floats, radius: float, each: int, steps: int, random: np.random.Generator, start: float = 0.8
) -> Strands:
    """Three bundles that cross in turn, `start` times as thick at first."""
    paths = _even(paths, steps)
    count = len(paths)
    _, first, second = _frames(paths)
    run = _run(paths)
    which = np.repeat(np.arange(count), each)
    bundle = random.integers(0, 3, len(which))
    taper = np.interp(np.linspace(0, 1, steps), (0, 0.06, 0.85, 1), (start, 1, 0.9, 0.35))
    thick = (radius * np.exp(0.08 * random.normal(size=count)))[which, None] * taper
    phase = run[which] / (radius * 5.2) * 6.283 + bundle[:, None] * 2.094
    x, y = 0.62 * np.sin(phase), 0.36 * np.sin(2 * phase)
    around = random.uniform(0, 6.283, len(which))[:, None] + 0.6 * phase
    own = 0.46 * np.sqrt(random.uniform(0.2, 1, len(which)))[:, None]
    inner = np.cos(around)[..., None] * first[which] + np.sin(around)[..., None] * second[which]
    across = x[..., None] * first[which] + y[..., None] * second[which]
    points = paths[which] + (across + own[..., None] * inner) * thick[..., None]
    points = points + 0.00025 * random.normal(size=points.shape)
    normals = unit(0.7 * inner + 0.5 * across)
    return Strands(points.astype(np.float32), normals.astype(np.float32), which * 3 + bundle)


def rows(
    style: Style, ropes: Ropes, hair: Hair, roots: Roots, head: HeadSurface, random: np.random.Generator
) -> Strands:
    """Plaits along the scalp from the hair line to the nape, with skin between them."""
    starts = _along_the_line(roots, ropes.count)
    way = unit(starts - CENTRE)
    aside = np.abs(way[:, :1])
    over = np.concatenate([way[:, :1] * 1.15, np.full_like(aside, 0.30), 1.05 - 0.75 * aside**2], 1)
    nape = _NAPE + np.array((0.55, 0, 0), np.float32) * way[:, :1]
    t = np.linspace(0, 1, 40)[None, :, None]
    arc = (1 - t) ** 2 * way[:, None] + 2 * t * (1 - t) * 1.5 * over[:, None] + t**2 * nape[:, None]
    paths: Floats = (unit(arc) * 0.115 + CENTRE).astype(np.float32)
    for _ in range(3):
        gap = head.field.distance(paths)
        paths = paths + unit(paths - CENTRE) * (0.6 * ropes.radius - gap)[..., None]
    paths = _with_tails(paths, hair, head)
    return plaited(paths, ropes.radius, style.strands // len(paths), style.points, random, start=0.15)


def _along_the_line(roots: Roots, count: int) -> Floats:
    """Points of the front hair line, evenly spread from ear to ear."""
    near = (roots.inside > 0.5) & (roots.inside < 4) & (roots.around < 92)
    points = roots.points[near]
    angle = np.degrees(np.arctan2(points[:, 0], CENTRE[1] - points[:, 1]))
    wanted = np.linspace(-84, 84, count)
    return np.stack([points[np.argmin(np.abs(angle - at))] for at in wanted])


def _with_tails(paths: Floats, hair: Hair, head: HeadSurface) -> Floats:
    """Rows that go on behind the neck."""
    here, way, made = paths[:, -1], unit(paths[:, -1] - paths[:, -2]), [paths]
    step = 0.006 * hair.length
    for _ in range(24):
        way = unit(way + 0.35 * head.down)
        here = head.field.pushed(here + way * np.float32(step), 0.005)
        made.append(here[:, None].copy())
    return np.concatenate(made, 1)
