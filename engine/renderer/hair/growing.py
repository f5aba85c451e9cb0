"""Locks of hair grown in small steps from the scalp: combed, pulled down, laid on the head, kept off the face, cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.geometry import unit
from engine.renderer.hair.field import Field, Floats
from engine.renderer.hair.scalp import REGIONS, Roots, parts
from engine.renderer.hair.styles import Style
from engine.renderer.scene import Hair

RIGHT, BACK, UP = np.eye(3, dtype=np.float32)
CENTRE: Final = np.array((0.0, 0.0733, 0.0153), np.float32)
"""The head's middle, against the eyes'."""
_STEPS: Final = 30


@dataclass(frozen=True)
class Locks:
    """Strands that others follow: (N, K, 3) points and the normals of what they lie on."""

    points: Floats
    normals: Floats
    roots: Roots


@dataclass(frozen=True)
class Head:
    """What hair of one person in one pose is grown against."""

    field: Field
    down: Floats
    half_width: float


def grown(style: Style, hair: Hair, roots: Roots, head: Head, random: np.random.Generator) -> Locks:
    """Locks of a style from these roots."""
    weights = parts(roots)
    steps = max(10, min(_STEPS, style.points + 8))
    length = _of(style.length, weights) * hair.length * (1 - style.vary * random.random(len(roots)))
    paces = np.linspace(0.35, 1.65, steps) if not (style.curl or style.ropes) else np.ones(steps)
    full = (length / steps).astype(np.float32)[:, None]
    side = np.where(roots.points[:, 0] >= _parting(style, hair, head), 1.0, -1.0).astype(np.float32)
    way = _left(style, hair, roots, weights, head, random)
    layer = (0.15 + 0.85 * random.random(len(roots))).astype(np.float32)
    loose = (random.random(len(roots)) * 0.24 + 0.88).astype(np.float32)
    forward = (roots.around < 96 + 14 * random.normal(size=len(roots)))[:, None]
    rise = _of(style.rise, weights) * hair.volume
    fringe = weights["fringe"] > (0.45 if has_fringe(style, hair) else 9)
    here, points = roots.points.copy(), [roots.points]
    names = (style.flow,) * 5 if isinstance(style.flow, str) else style.flow
    parted = sum(weights[r] for r, name in zip(REGIONS, names, strict=True) if name == "part") * ~fringe
    parted = np.asarray(parted, np.float32)[:, None] if np.ndim(parted) else np.zeros((len(roots), 1), np.float32)
    run = np.zeros_like(full)
    for pace in paces:
        step = full * np.float32(pace)
        run = run + step
        fall = np.minimum(run / 0.03, 1) * (step * 100)
        way = unit(way + style.gravity * fall * head.down + style.bend * (step * 100) * BACK)
        way = way + style.wander * np.sqrt(step / 0.01) * random.standard_normal(way.shape, np.float32)
        if parted.any():
            high = np.clip((here[:, 2:] - 0.045) / 0.03, 0, 1) * parted
            way = way + 0.30 * high * np.minimum(step * 100, 1) * side[:, None] * RIGHT
        way = _over_shoulders(way, here, head, forward)
        if style.tuck and style.cut is not None:
            low = np.clip((style.cut + 0.035 - here[:, 2]) / 0.03, 0, 1)[:, None]
            way = way + style.tuck * low * (step * 100) * unit((CENTRE - here) * np.array((1, 1, 0), np.float32))
        way = _beside_the_face(way, here, side, style.frame * loose, head, fringe)
        moved = _laid(style, here + unit(way) * step, run[:, 0], rise * layer, head)
        moved[:, 0] = _not_along_shoulders(here, moved)
        way = unit(0.35 * unit(way) + 0.65 * unit(moved - here))
        here = moved
        points.append(here)
    path = np.stack(points, 1)
    kept = ~_wandered(path, parted[:, 0])
    weights = {name: value[kept] for name, value in weights.items()}
    return _trimmed(style, hair, path[kept], roots.only(kept), weights, head, random)


def _wandered(path: Floats, parted: Floats) -> npt.NDArray[np.bool_]:
    """Locks of long parted hair that still lie on top of the head where they should long hang beside it."""
    along = np.linalg.norm(np.diff(path, axis=1), axis=2)
    far = np.cumsum(along, 1) > 0.15
    high = path[:, 1:, 2] > 0.055
    return np.asarray((far & high).any(1) & (parted > 0.5))


def _left(
    style: Style, hair: Hair, roots: Roots, weights: dict[str, Floats], head: Head, random: np.random.Generator
) -> Floats:
    """Directions in which hair leaves the skin."""
    upright = _of(style.upright, weights)[:, None]
    lift = _of(style.lift, weights)[:, None] * unit(roots.normals * (1 - upright) + UP * upright)
    return unit(_combed(style, hair, roots, weights, head, random) + lift)


def _of(values: float | tuple[float, ...], weights: dict[str, Floats]) -> Floats:
    """A number for each root, of what a style says for each region."""
    if isinstance(values, int | float):
        return np.full(len(weights["top"]), values, np.float32)
    return np.asarray(sum(weights[name] * value for name, value in zip(REGIONS, values, strict=True)))


def has_fringe(style: Style, hair: Hair) -> bool:
    """Whether hair hangs over the forehead."""
    return style.fringe_cut is not None or (hair.fringe and style.ball is None)


def _parting(style: Style, hair: Hair, head: Head) -> float:
    """Where the parting is, metres from the middle."""
    at = float(np.clip(hair.parting, -1, 1))
    if abs(at) < style.aside:
        at = style.aside if at > 0 else -style.aside
    return at * head.half_width * 0.62


def _combed(
    style: Style, hair: Hair, roots: Roots, weights: dict[str, Floats], head: Head, random: np.random.Generator
) -> Floats:
    """Where each root's hair is combed to, along the skin."""
    names = (style.flow,) * 5 if isinstance(style.flow, str) else style.flow
    if has_fringe(style, hair) and names[0] == "part":
        names = ("fall", *names[1:])
    made = {name: _flow(name, style, hair, roots, head) for name in set(names)}
    total = sum(weights[region][:, None] * made[name] for region, name in zip(REGIONS, names, strict=True))
    noise = style.noise * random.standard_normal(roots.points.shape, np.float32)
    return np.asarray(_along(np.asarray(total), roots.normals) + noise)


def _along(ways: Floats, normals: Floats) -> Floats:
    return np.asarray(ways - normals * (ways * normals).sum(1, keepdims=True))


def _flow(name: str, style: Style, hair: Hair, roots: Roots, head: Head) -> Floats:
    n = roots.normals
    from_middle = unit(roots.points - CENTRE)
    aside = -1.0 if hair.parting > 0 else 1.0
    if name == "back":
        return np.asarray(np.broadcast_to(BACK - 0.25 * UP, n.shape))
    if name == "forward":
        return np.asarray(np.broadcast_to(-BACK + 0.30 * aside * RIGHT - 0.1 * UP, n.shape))
    if name == "sweep":
        return np.asarray(np.broadcast_to(0.45 * aside * RIGHT - 0.35 * BACK, n.shape))
    if name == "fall":
        outward = np.clip(from_middle[:, :1] / 0.5, -1, 1)
        return np.asarray(-BACK - 0.3 * UP + (0.35 * outward + 0.1 * aside) * RIGHT)
    if name == "swept":
        return np.asarray(np.broadcast_to(-0.55 * BACK - 0.25 * UP + 0.85 * aside * RIGHT, n.shape))
    if name == "down":
        return np.asarray(np.broadcast_to(-UP, n.shape))
    if name == "up":
        return n
    pole = unit(np.array((0.10 * aside, 0.50, 0.85), np.float32))
    whorl = unit(from_middle * (from_middle @ pole)[:, None] - pole)
    if name == "whorl":
        return np.asarray(whorl)
    side = np.tanh((roots.points[:, :1] - _parting(style, hair, head)) / 0.0025)
    behind = np.clip((from_middle[:, 1:2] - 0.05) / 0.45, 0, 1)
    front = np.clip((-from_middle[:, 1:2] - 0.25) / 0.5, 0, 1)
    parted = unit(side * RIGHT * 0.95 + BACK * (0.30 + 0.15 * front) - UP * (0.55 - 0.35 * front))
    return np.asarray(parted * (1 - behind) + whorl * behind)


def _over_shoulders(way: Floats, here: Floats, head: Head, forward: Floats) -> Floats:
    """What meets the shoulders goes before or behind them, and does not slide out along them."""
    low = np.flatnonzero(here[:, 2] < -0.10)
    if not len(low):
        return way
    flat = np.clip(head.field.outwards(here[low])[:, 2:] * 2, 0, 1)
    near = np.clip(1 - head.field.distance(here[low]) / 0.03, 0, 1)[:, None] * flat
    turned = way.copy()
    along = np.where(forward[low], -BACK, BACK) - 0.35 * np.sign(here[low, :1]) * RIGHT
    turned[low] += 0.6 * near * along
    outward = np.sign(here[low, 0]) * turned[low, 0] > 0
    turned[low, 0] *= 1 - 0.9 * near[:, 0] * outward
    return turned


def _not_along_shoulders(before: Floats, after: Floats) -> Floats:
    """Where points move to from side to side: below the chin hardly outwards any more."""
    out = (after[:, 0] - before[:, 0]) * np.sign(after[:, 0])
    held = (after[:, 2] < -0.10) & (out > 0)
    return np.where(held, before[:, 0] + 0.2 * (after[:, 0] - before[:, 0]), after[:, 0])


def _laid(style: Style, here: Floats, run: Floats, rise: Floats, head: Head) -> Floats:
    """Points pushed out of what they lie on, and drawn to it where they float over the head."""
    gap = head.field.distance(here)
    height = 0.0008 + rise * np.minimum(run / np.maximum(1.6 * rise, 0.004), 1)
    push = np.clip(height - gap, 0, 0.02)
    if style.cling:
        over = (here[:, 2] > -0.02) & (gap < 0.09)
        push = push - style.cling * np.clip(gap - height - 0.001, 0, 0.02) * over
    if not push.any():
        return here
    return np.asarray(here + head.field.outwards(here) * push[:, None])


_WIDE_AT: Final = (
    (-0.19, -0.14, -0.10, -0.06, 0.0, 0.03, 0.05, 0.065, 0.08, 0.09),
    (0.40, 0.62, 0.78, 0.93, 1.0, 0.97, 0.84, 0.60, 0.25, 0.0),
)
"""Heights against the eyes, and how far from the face's middle hair beside it begins there: an arch."""


def before_the_face(here: Floats, side: Floats, wide: Floats | float, head: Head) -> Floats:
    """Metres by which points are nearer the face's middle than its edge; `wide` 1 is the edge at the cheekbones."""
    edge = head.half_width * np.interp(here[..., 2], *_WIDE_AT) * wide
    before = (here[..., 1] < 0.052) & (here[..., 2] < 0.09) & (here[..., 2] > -0.19)
    return np.asarray(np.where(before, np.clip(edge - side * here[..., 0], 0, None), 0), np.float32)


def _beside_the_face(way: Floats, here: Floats, side: Floats, wide: Floats, head: Head, fringe: Floats) -> Floats:
    """Hair that hangs before the face goes aside instead of down; a fringe may hang."""
    short = before_the_face(here, side, wide, head) * ~fringe
    at = np.flatnonzero(short > 0)
    turned = way.copy()
    strength = np.minimum(short[at] / 0.02, 1)[:, None]
    falls = np.minimum(turned[at, 2:], 0) * (1 - 0.75 * strength)
    turned[at, 2:] = np.maximum(turned[at, 2:], falls)
    turned[at, :1] += 1.2 * strength * side[at, None]
    return turned


def _trimmed(
    style: Style, hair: Hair, points: Floats, roots: Roots, weights: dict[str, Floats], head: Head,
    random: np.random.Generator,
) -> Locks:  # fmt: skip
    """Cut, evened out, at the style's number of points."""
    for _ in range(2 if style.points < 12 else 3):
        points[:, 1:-1] = 0.25 * points[:, :-2] + 0.5 * points[:, 1:-1] + 0.25 * points[:, 2:]
    count, steps, _ = points.shape
    uneven = style.blunt * random.normal(size=count)
    end = np.full(count, steps - 1.0)
    if style.cut is not None:
        longer = 0.11 * (hair.length - 1)
        end = np.minimum(end, _below(points, (style.cut - longer + uneven)[:, None]))
    if has_fringe(style, hair):
        level = 0.024 if style.fringe_cut is None else style.fringe_cut
        aside = np.abs(points[..., 0]) / head.half_width
        cut = (level + uneven)[:, None] - 0.05 * np.clip(aside - 0.55, 0, 1) ** 1.5
        fringe = _below(points, np.where(points[..., 1] < 0.045, cut, -9.0))
        end = np.where(weights["fringe"] > 0.45, np.minimum(end, fringe), end)
    if style.ball is not None:
        out = _ball(style, hair, points)
        uneven = 1 + (0.035 if style.ball > 0.05 else 0.06) * random.normal(size=count)
        end = np.minimum(end, _first(out > uneven[:, None], out - uneven[:, None]))
    points = resampled(points, np.maximum(end, 1.0), style.points)
    flat = head.field.outwards(points.reshape(-1, 3)).reshape(points.shape)
    away = unit(points - CENTRE)
    normals = unit(np.where((points[..., 2:] < -0.11), 0.5 * flat + 0.5 * away, 0.7 * flat + 0.3 * away))
    return Locks(points, normals.astype(np.float32), roots)


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
