"""Hair under a hat: flatter than it would be, and lying close to the head where it comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from engine.renderer.hair.cutting import HeadSurface
from engine.renderer.hair.field import Floats, Frame
from engine.renderer.hair.styles import Five, Style, Tied

Rim: TypeAlias = Callable[[Floats], Floats]
"""Degrees above a hat's rim of points (N, 3) in the studio."""

_FLATTER: Final = 0.4
_SHORT_M: Final = 0.11
_CURLY: Final = 0.003
_LOW_KNOT: Final = -8.0
"""Degrees of elevation at which hair is tied under a hat."""
_FREE: Final = ((-26.0, -3.0), (0.014, 0.0025))
"""Degrees above the rim, and metres that hair may stand off the skin there."""


def flattened(style: Style) -> Style:
    """A style as a hat leaves it."""
    tied = style.tied
    if tied is not None and tied.sides == 1:
        tied = Tied(up=_LOW_KNOT, kind=tied.kind, size=tied.size, share=0.3 * tied.share)
    length = style.length
    if not isinstance(length, int | float) and max(length) < _SHORT_M:  # what hung out loose is pushed up
        fringe, top, *others = length
        side, back, nape = (min(each, 0.022) for each in others)
        length = (0.3 * fringe, top, side, back, nape)
    return replace(
        style, length=length, lift=_less(style.lift), rise=_less(style.rise), upright=0.0, bend=0.0, tied=tied,
        ball=None if style.ball is None else _FLATTER * style.ball, cling=max(style.cling, 0.5),
        clump=0.6 * style.clump, curl=style.curl if style.curl > _CURLY else 0.0,
    )  # fmt: skip


def _less(value: float | Five) -> float | Five:
    if isinstance(value, int | float):
        return _FLATTER * value
    fringe, top, side, back, nape = (_FLATTER * each for each in value)
    return fringe, top, side, back, nape


def pressed(points: Floats, frame: Frame, head: HeadSurface, rim: Rim) -> Floats:
    """Strands (N, K, 3) laid close to the head near the rim; what hangs free of the head stays."""
    flat = points.reshape(-1, 3)
    gap = head.field.distance(flat)
    near = np.flatnonzero((gap > _FREE[1][1]) & (gap < 0.06))
    above = rim(frame.outside(flat[near]))
    much = np.clip(gap[near] - np.interp(above, *_FREE), 0, None) * (above > _FREE[0][0])
    moved = flat.copy()
    moved[near] -= head.field.outwards(flat[near]) * much[:, None].astype(flat.dtype)
    return np.asarray(moved.reshape(points.shape))
