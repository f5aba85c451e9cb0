"""Locks of hair grown in small steps from the scalp: combed, pulled down, laid on the head, kept off the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.geometry import lengths, unit
from engine.renderer.hair import combing
from engine.renderer.hair.combing import BACK, CENTRE, RIGHT, Weights
from engine.renderer.hair.cutting import HeadSurface, Locks, trimmed
from engine.renderer.hair.field import Floats
from engine.renderer.hair.scalp import REGIONS, Roots, parts
from engine.renderer.hair.styles import Style
from engine.renderer.scene import Hair

_STEPS: Final = 30


@dataclass(frozen=True)
class _Plan:
    """What each lock (N) does as it grows."""

    length: Floats
    side: Floats
    """−1 or 1: on which side of the parting it falls."""
    rise: Floats
    """How high it lies at most."""
    wide: Floats
    """How far from the face's middle it stays."""
    forward: npt.NDArray[np.bool_]
    """(N, 1) Falls before the shoulders."""
    parted: Floats
    """(N, 1) How much it is led off the top to its side."""
    fringe: npt.NDArray[np.bool_]
    """May hang over the forehead."""
    tucked: npt.NDArray[np.bool_]
    """Goes behind the ear."""

    @classmethod
    def of(
        cls, style: Style, hair: Hair, roots: Roots, weights: Weights, head: HeadSurface, random: np.random.Generator
    ) -> _Plan:
        """Drawn for each root."""
        count = len(roots)
        fringe = weights["fringe"] > (0.45 if combing.has_fringe(style, hair) else 9)
        parted = np.zeros(count, np.float32)
        for region, name in zip(REGIONS, combing.flows(style), strict=True):
            parted += weights[region] * (name == "part") * ~fringe
        length = combing.each(style.length, weights) * hair.length * (1 - 0.5 * hair.line * weights["fringe"])
        rise = combing.each(style.rise, weights) * hair.volume * (0.15 + 0.85 * random.random(count))
        if style.outline:
            near = np.clip(roots.inside / 24, 0, 1) + np.clip((62 - roots.around) / 10, 0, 1)
            length, rise = length * np.clip(0.4 + 0.6 * near, 0, 1), rise * np.clip(0.1 + near, 0, 1)
        side = np.where(roots.points[:, 0] >= combing.parting(style, hair, head.half_width), 1.0, -1.0)
        return cls(
            (length * (1 - style.vary * random.random(count))).astype(np.float32),
            side.astype(np.float32),
            rise.astype(np.float32),
            _inner_edge(style, roots, side, random),
            (roots.around < 96 + 14 * random.normal(size=count))[:, None],
            parted[:, None],
            fringe,
            _tucked(style, hair, side, random) & ~fringe,
        )


def _inner_edge(style: Style, roots: Roots, side: Floats, random: np.random.Generator) -> Floats:
    """How far from the face's middle hair beside it stays: uneven, and not the same on both sides."""
    waves = random.uniform(0, 6.28, (2, 3))[(side > 0).astype(int)].T
    x, y, z = roots.points.T
    uneven = sum(np.sin(150 * (z - 0.7 * y) * (k + 1) + 40 * x + phase) / (k + 1) for k, phase in enumerate(waves))
    own = random.normal(1.0, 0.03, 2)[(side > 0).astype(int)]
    made = own + 0.09 * np.asarray(uneven) + 0.05 * random.normal(size=len(side))
    return (style.frame * made).astype(np.float32)


def _tucked(style: Style, hair: Hair, side: Floats, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which locks are put behind an ear: those of the side with less hair, all but a few."""
    less = 1.0 if hair.parting > 0 else -1.0
    kept = random.random(len(side)) < 0.99
    return np.asarray((side == less) & kept & (random.random() < style.tuck_ear))


def grown(style: Style, hair: Hair, roots: Roots, head: HeadSurface, random: np.random.Generator) -> Locks:
    """Locks of a style from these roots."""
    weights = parts(roots)
    plan = _Plan.of(style, hair, roots, weights, head, random)
    way = combing.leaving(style, hair, roots, weights, head.half_width, random)
    steps = max(10, min(_STEPS, style.points + 8))
    paces = np.ones(steps) if style.curl or style.ropes else np.linspace(0.35, 1.65, steps)
    full = (plan.length / steps).astype(np.float32)[:, None]
    here, points, run = roots.points.copy(), [roots.points], np.zeros_like(full)
    for pace in paces:
        step = full * np.float32(pace)
        run = run + step
        way = _bent(style, plan, way, here, step, run, head, random)
        moved = _laid(style, here + unit(way) * step, run[:, 0], plan.rise, head)
        moved[:, 0] = _not_along_shoulders(here, moved)
        way = unit(0.35 * unit(way) + 0.65 * unit(moved - here))
        here = moved
        points.append(here)
    path = np.stack(points, 1)
    kept = ~_wandered(path, plan.parted[:, 0]) & (plan.fringe | ~_before_the_throat(path))
    weights = {name: value[kept] for name, value in weights.items()}
    return trimmed(style, hair, path[kept], roots.only(kept), weights, head, random)


def _bent(
    style: Style, plan: _Plan, way: Floats, here: Floats, step: Floats, run: Floats, head: HeadSurface,
    random: np.random.Generator,
) -> Floats:  # fmt: skip
    """Where locks go on to: down, back, to their side, aside of shoulders and face."""
    fall = np.minimum(run / 0.03, 1) * (step * 100)
    way = unit(way + style.gravity * fall * head.down + style.bend * (step * 100) * BACK)
    way = way + style.wander * np.sqrt(step / 0.01) * random.standard_normal(way.shape, np.float32)
    high = np.clip((here[:, 2:] - 0.045) / 0.03, 0, 1) * plan.parted
    way = way + 0.30 * high * np.minimum(step * 100, 1) * plan.side[:, None] * RIGHT
    if style.gather:
        low = np.clip((-0.03 - here[:, 2]) / 0.05, 0, 1) * np.clip((np.abs(here[:, 0]) - 0.055) / 0.03, 0, 1)
        way[:, 0] -= style.gather * (step[:, 0] * 100) * low * np.sign(here[:, 0])
    if plan.tucked.any():
        way = _behind_the_ear(way, here, plan.tucked, head)
    way = _over_shoulders(way, here, head, plan.forward)
    if style.tuck and style.cut is not None:
        low = np.clip((style.cut + 0.035 - here[:, 2]) / 0.03, 0, 1)[:, None]
        way = way + style.tuck * low * (step * 100) * unit((CENTRE - here) * np.array((1, 1, 0), np.float32))
    return _beside_the_face(way, here, plan.side, plan.wide, head, plan.fringe)


def _wandered(path: Floats, parted: Floats) -> npt.NDArray[np.bool_]:
    """Locks of long parted hair that still lie on top of the head where they should long hang beside it, and loops."""
    along = lengths(np.diff(path, axis=1))
    far = np.cumsum(along, 1) > 0.15
    high = path[:, 1:, 2] > 0.055
    out = np.hypot(path[..., 0], path[..., 1] - 0.09) > 0.15
    return np.asarray(((far & high).any(1) | (out & (path[..., 2] > -0.16)).any(1)) & (parted > 0.5))


def _before_the_throat(path: Floats) -> npt.NDArray[np.bool_]:
    """Locks that come out from behind the neck in front of it."""
    across = (path[..., 2] < -0.11) & (np.abs(path[..., 0]) < 0.036) & (path[..., 1] < 0.058)
    return np.asarray(across.any(1))


def _behind_the_ear(way: Floats, here: Floats, tucked: npt.NDArray[np.bool_], head: HeadSurface) -> Floats:
    """Hair before an ear goes back over it instead of down."""
    top, back = head.ear
    wanted = np.interp(here[:, 2], (top - 0.09, top - 0.05, top + 0.004, top + 0.075), (-1, back, back + 0.004, -0.03))
    at = np.flatnonzero(tucked & (wanted > here[:, 1]) & (here[:, 2] < top + 0.075))
    turned = way.copy()
    strength = np.minimum((wanted[at] - here[at, 1]) / 0.02, 1)[:, None].astype(np.float32)
    turned[at] += 1.5 * strength * BACK
    turned[at, 2:] *= 1 - 0.5 * strength
    return turned


def _over_shoulders(way: Floats, here: Floats, head: HeadSurface, forward: Floats) -> Floats:
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


def _laid(style: Style, here: Floats, run: Floats, rise: Floats, head: HeadSurface) -> Floats:
    """Points pushed out of what they lie on, and drawn to it where they float over the head."""
    gap = head.field.distance(here)
    height = 0.0008 + rise * np.minimum(run / np.maximum(style.slope * rise, 0.004), 1)
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


def before_the_face(here: Floats, side: Floats, wide: Floats | float, head: HeadSurface) -> Floats:
    """Metres by which points are nearer the face's middle than its edge; `wide` 1 is the edge at the cheekbones."""
    edge = head.half_width * np.interp(here[..., 2], *_WIDE_AT) * wide
    before = (here[..., 1] < 0.052) & (here[..., 2] < 0.09) & (here[..., 2] > -0.19)
    return np.asarray(np.where(before, np.clip(edge - side * here[..., 0], 0, None), 0), np.float32)


def _beside_the_face(
    way: Floats, here: Floats, side: Floats, wide: Floats, head: HeadSurface, fringe: Floats
) -> Floats:
    """Hair that hangs before the face goes aside instead of down; a fringe may hang.

    What has fallen to the other side than its parting's goes on there.
    """
    side = np.where(np.abs(here[:, 0]) > 0.03, np.sign(here[:, 0]), side)
    short = before_the_face(here, side, wide, head) * ~fringe
    at = np.flatnonzero(short > 0)
    turned = way.copy()
    strength = np.minimum(short[at] / 0.02, 1)[:, None]
    falls = np.minimum(turned[at, 2:], 0) * (1 - 0.75 * strength)
    turned[at, 2:] = np.maximum(turned[at, 2:], falls)
    turned[at, :1] += 1.2 * strength * side[at, None]
    return turned
