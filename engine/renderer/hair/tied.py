"""Hair drawn together: over the scalp to a band, and there a bun, a tail or a plait."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer.geometry import unit
from engine.renderer.hair import ropes
from engine.renderer.hair.combing import CENTRE, RIGHT, UP
from engine.renderer.hair.cutting import HeadSurface, resampled
from engine.renderer.hair.field import Floats
from engine.renderer.hair.scalp import Roots
from engine.renderer.hair.strands import Numbers, Strands, thickness
from engine.renderer.hair.styles import Style, Tied
from engine.renderer.scene import Hair

_SKULL_M: Final = 0.112
_BAND_M: Final = 0.011
"""Radius of the tied bundle."""


def gathered(
    style: Style, tied: Tied, hair: Hair, roots: Roots, head: HeadSurface, random: np.random.Generator
) -> list[Strands]:
    """All hair of a tied style: what lies on the head, and what is made of it."""
    count = len(roots)
    knots = _knots(tied)
    which = _which(tied, hair, roots, head)
    ends = np.stack([_on_scalp(knot, head) for knot in knots])
    way = unit(roots.points - CENTRE)
    target = unit(ends - CENTRE)[which]
    points = _great_circles(way, target, style.points)
    lock = (
        np.floor(np.degrees(np.arctan2(*_plane(way, target)))[:] / 2.4 + 0.5 * random.normal(size=count)).astype(
            np.intp
        )
        % 90
        + 90 * which
    )
    tone = random.normal(size=181)[lock % 181]
    height = 0.0015 + 0.018 * tied.share * hair.volume * random.random(count) * np.clip(1 + 0.20 * tone, 0.3, 2)
    points = _laid(points, roots, height.astype(np.float32), head)
    t = np.linspace(0, 1, style.points, dtype=np.float32)[None, :, None]
    bundle = unit(random.standard_normal((count, 3), np.float32)) * _BAND_M * np.sqrt(random.random((count, 1)))
    last = (ends[which] + bundle - points[:, -1])[:, None].astype(np.float32)
    points = points + last * t**5
    points += np.float32(0.0008) * np.sin(3.14 * t) * random.standard_normal((count, 1, 3), np.float32)
    normals = unit(points - CENTRE).astype(np.float32)
    loose = _loosened(style, points, roots, random)
    made = [Strands(loose, normals, lock, thickness(roots))]
    return made + [_finished(style, tied, hair, knot, end, head, random) for knot, end in zip(knots, ends, strict=True)]


def _knots(tied: Tied) -> list[Floats]:
    """Directions from the head's middle to where it is tied."""
    up = np.radians(tied.up)
    if tied.sides == 1:
        return [np.array((0.0, np.cos(up), np.sin(up)), np.float32)]
    out = np.radians(72)
    return [np.array((s * np.sin(out) * np.cos(up), np.cos(out) * np.cos(up), np.sin(up)), np.float32) for s in (-1, 1)]


def _which(tied: Tied, hair: Hair, roots: Roots, head: HeadSurface) -> Numbers:
    if tied.sides == 1:
        return np.zeros(len(roots), np.intp)
    return (roots.points[:, 0] > 0.02 * np.clip(hair.parting, -1, 1) * (roots.points[:, 1] < 0.07)).astype(np.intp)


def _on_scalp(way: Floats, head: HeadSurface) -> Floats:
    """The point of the scalp in a direction, a little above it."""
    reach = np.linspace(0.05, 0.17, 61, dtype=np.float32)
    gap = head.field.distance(CENTRE + way * reach[:, None])
    return np.asarray(CENTRE + way * (reach[int(np.argmax(gap > 0))] + 0.008))


def _plane(way: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Coordinates that tell from which side hair comes to its knot."""
    first = unit(np.cross(target, RIGHT + 0.01 * UP))
    second = np.cross(target, first)
    return (way * first).sum(1), (way * second).sum(1)


def _great_circles(way: Floats, target: Floats, steps: int) -> Floats:
    angle = np.arccos(np.clip((way * target).sum(1), -0.999, 0.9999))[:, None, None]
    t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    turned = np.sin((1 - t) * angle) * way[:, None] + np.sin(t * angle) * target[:, None]
    return np.asarray(unit(turned) * _SKULL_M + CENTRE)


def _laid(points: Floats, roots: Roots, height: Floats, head: HeadSurface) -> Floats:
    """Paths pulled to their height above the skin, from their roots."""
    flat = points.reshape(-1, 3)
    t = np.linspace(0, 1, points.shape[1])[None, :]
    want = (height[:, None] * np.sin(np.pi * np.clip(0.02 + 0.84 * t, 0, 1)) ** 1.4).astype(np.float32).ravel()
    for _ in range(3):
        gap = head.field.distance(flat)
        flat = flat + unit(flat - CENTRE) * (want - gap)[:, None]
    made = flat.reshape(points.shape).astype(np.float32)
    made[:, 0] = roots.points
    made[:, 1:-1] = 0.25 * made[:, :-2] + 0.5 * made[:, 1:-1] + 0.25 * made[:, 2:]
    return made


def _loosened(style: Style, points: Floats, roots: Roots, random: np.random.Generator) -> Floats:
    """Short hairs at the line that no band holds, lying any way on the skin, and wisps before the ears."""
    count = len(points)
    young = 0.55 * np.clip((4.0 - roots.inside) / 5, 0, 1) + 0.04 * (roots.inside < 8)
    escaped = np.flatnonzero(random.random(count) < young)
    n = len(escaped)
    t = np.linspace(0, 1, points.shape[1], dtype=np.float32)[None, :, None]
    start = points[escaped, :1]
    normal = roots.normals[escaped]
    first = unit(points[escaped, 2] - points[escaped, 0])
    astray = random.standard_normal((n, 3), np.float32) * np.float32(0.55)
    flat = first + astray - normal * ((first + astray) * normal).sum(1, keepdims=True)
    way = (unit(flat) + normal * random.uniform(0.05, 0.4, (n, 1)).astype(np.float32))[:, None]
    length = (0.005 + 0.022 * random.random(n) ** 2).astype(np.float32)
    framing = (roots.around[escaped] > 58) & (roots.around[escaped] < 80) & (random.random(n) < 0.10)
    length = np.where(framing, random.uniform(0.05, 0.12, n), length).astype(np.float32)[:, None, None]
    droop = np.where(framing, 0.9, 0.25).astype(np.float32)[:, None, None]
    made = points.copy()
    made[escaped] = start + length * (t * way + t * t * (-droop * UP - 0.25 * normal[:, None]))
    return made


def _finished(
    style: Style, tied: Tied, hair: Hair, knot: Floats, end: Floats, head: HeadSurface, random: np.random.Generator
) -> Strands:
    if tied.kind == "bun":
        return _bun(style, tied, hair, knot, end, random)
    path = _tail_path(tied, hair, knot, end, head)
    if tied.kind == "plait":
        return ropes.plaited(path[None], 0.0150, int(0.06 * style.strands), 60, random)
    return _tail(style, tied, hair, path, head, random)


def _bun(style: Style, tied: Tied, hair: Hair, knot: Floats, end: Floats, random: np.random.Generator) -> Strands:
    """Locks wound round a flattened ball, each on its own tilted circle."""
    count, steps = int(0.16 * style.strands), style.points
    radius = tied.size * (0.75 + 0.25 * hair.length) * (0.8 + 0.2 * hair.volume)
    middle = end + knot * radius * 0.62
    winds = 46
    lock = random.integers(0, winds, count)
    axis = unit(knot + 0.55 * random.normal(size=(winds, 3)))[lock]
    first = unit(np.cross(axis, unit(random.normal(size=(winds, 3)))[lock]))
    second = np.cross(axis, first)
    lift = random.uniform(-0.85, 0.95, winds)[lock] + 0.09 * random.normal(size=count)
    lift = np.clip(lift, -0.97, 0.97)
    start = random.uniform(0, 6.28, count)
    angle = start[:, None] + np.linspace(0, 1.9, steps)
    ring = np.sqrt(1 - lift**2) * (1 + 0.05 * random.normal(size=winds)[lock])
    layer = 1 - 0.14 * random.random(count) ** 1.5
    round_ = np.cos(angle)[..., None] * first[:, None] + np.sin(angle)[..., None] * second[:, None]
    height = lift[:, None] + 0.10 * np.sin(angle * 2 + start[:, None])
    n = ring[:, None, None] * round_ + height[..., None] * axis[:, None]
    squash = np.eye(3) - 0.18 * np.outer(knot, knot)
    points = middle + (n * (radius * layer)[:, None, None]) @ squash
    loose = np.flatnonzero(random.random(count) < 0.03)
    points[loose] += random.normal(size=(len(loose), 1, 3)) * 0.006 * np.linspace(0, 1, steps)[None, :, None]
    return Strands(points.astype(np.float32), unit(n).astype(np.float32), lock)


def _tail_path(tied: Tied, hair: Hair, knot: Floats, end: Floats, head: HeadSurface) -> Floats:
    """The middle of a tail: out from the band, then down, over what is in its way."""
    steps = 40
    step = tied.size * hair.length / steps
    here: Floats
    here, way, path = end.astype(np.float32), unit(knot + 0.25 * UP), [end.astype(np.float32)]
    for _ in range(steps - 1):
        way = unit(way + head.down * (step * 38))
        gap = float(head.field.distance(here[None])[0])
        if gap < 0.05:
            flat = np.float32(np.clip(2 * head.field.outwards(here[None])[0, 2], 0, 1))
            way = unit(way + _aside(tied, hair, knot, here, flat) * np.float32(step * 60))
        here = here + way * step
        head.field.pushed(here[None], 0.016)
        way = unit(here - path[-1])
        path.append(here.copy())
    made = np.stack(path)
    for _ in range(10):
        made[1:-1] = 0.25 * made[:-2] + 0.5 * made[1:-1] + 0.25 * made[2:]
    return np.asarray(made)


def _aside(tied: Tied, hair: Hair, knot: Floats, here: Floats, flat: np.float32) -> Floats:
    """Where a tail near the body slides to: beside the neck, then down the back, or over the shoulder's front."""
    if tied.sides == 2:
        inward = 0.3 * np.clip((0.10 - abs(here[0])) / 0.02, -1, 1)
        return np.array((inward * np.sign(knot[0]), -1.6 * flat * (here[2] < -0.07), 0.0), np.float32)
    aside = np.float32(1 if hair.parting < 0 else -1)
    return np.array((0.55 * aside * (abs(here[0]) < 0.055), 1.2 * flat * (here[2] < -0.09), 0.0), np.float32)


def _tail(
    style: Style, tied: Tied, hair: Hair, path: Floats, head: HeadSurface, random: np.random.Generator
) -> Strands:
    """Hairs of a tail: tight in the band, full in the middle, thin at the end."""
    count, steps = int(0.2 * style.strands), 20
    at = np.linspace(0, len(path) - 1, steps)
    axis = np.stack([np.interp(at, np.arange(len(path)), path[:, k]) for k in range(3)], 1)
    tangent = unit(np.gradient(axis, axis=0))
    first = unit(np.cross(tangent, RIGHT + 0.1 * UP))
    second = np.cross(tangent, first)
    t = np.linspace(0, 1, steps)
    wide = np.interp(t, (0, 0.05, 0.3, 0.7, 1), (0.010, 0.012, 0.025, 0.025, 0.014)) * (0.6 + 0.4 * hair.volume)
    wide = wide / tied.sides**0.5
    lock = random.integers(0, 70, count)
    centre = unit(random.normal(size=(70, 2))) * np.sqrt(random.random((70, 1)))
    at_lock = centre[lock] + 0.16 * random.normal(size=(count, 2))
    wave = 0.22 * np.sin(t[None] * random.uniform(3, 8, 70)[lock, None] + random.uniform(0, 6.3, 70)[lock, None]) * t
    a, b = at_lock[:, :1] + wave, at_lock[:, 1:] + wave[:, ::-1]
    across = a[..., None] * first + b[..., None] * second
    points = (axis + across * wide[None, :, None]).astype(np.float32)
    loose = np.float32(0.0012) * random.standard_normal((count, 1, 3), np.float32)
    points = points + loose * t[None, :, None].astype(np.float32)
    ends = (1 - 0.45 * random.random(70)[lock] * random.random(count) ** 0.5) * (steps - 1)
    points = resampled(points, ends, steps).astype(np.float32)
    head.field.pushed(points, 0.0006)
    return Strands(points, unit(across + 0.2 * unit(points - CENTRE)).astype(np.float32), lock)
