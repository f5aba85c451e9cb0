"""Light: the side that it comes from, whether one light explains face and body, and how warm it is."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.review.colour_names import brightness, linear, oklch, opponent
from engine.review.face_frame import FaceFrame, Mask

_CHEEK: Final = (0.47, 0.60, 0.14)
_BRIGHTER: Final = 70
"""Of a cheek's brightness this percentile: a lock of hair may cover half."""
_BESIDES: Final = ((0.15, 1.95, 0.5, 2.25), (0.5, 2.7, 1.5, 3.6), (0.45, -1.6, 1.0, -1.0))
"""The right half of the neck, the shoulders and the hair: left, top, right, bottom."""
_ONE_THING: Final = 0.04
"""Two halves whose colours, over their lightness, differ by less are of one thing: a lock of hair on a shirt is not."""
_LIT_STOPS: Final = 0.35
"""A face whose cheeks differ by less is lit about from the front, and chance says which is the brighter one."""
_LEAST_PIXELS: Final = 60
_LEAST_SHARE: Final = 0.4


def side_stops(near: FaceFrame) -> float:
    """By how many stops the cheek at the picture's left is the brighter one; below 0 the right one is."""
    u, v, radius = _CHEEK
    return _stops(near, near.disk(-u, v, radius), near.disk(u, v, radius))


def agreement(near: FaceFrame) -> float | None:
    """By how many stops neck, shoulders and hair say with the cheeks which side is the brighter; below 0, against them.

    That of whichever agrees best: a lock of hair over a shoulder, or a chin's shadow, makes one of them say anything.
    None where fewer than two of them have both sides in the picture and of one colour, and where the cheeks are about
    as bright as each other: a light from the front agrees with everything.
    """
    face = side_stops(near)
    if abs(face) < _LIT_STOPS:
        return None
    others = [found for box in _BESIDES if (found := _halves(near, *box)) is not None]
    return max(_agreed(face, other) for other in others) if len(others) > 1 else None


def _agreed(one: float, other: float) -> float:
    """The smaller of two, below 0 where they point to different sides."""
    return one * other / max(abs(one), abs(other), 0.05)


def _halves(near: FaceFrame, left: float, top: float, right: float, bottom: float) -> float | None:
    """By how many stops the left one of two boxes is brighter; None where they cannot be compared."""
    sides = near.box(-right, top, -left, bottom), near.box(left, top, right, bottom)
    whole = (right - left) * (bottom - top) * near.unit**2
    if min(each.sum() for each in sides) <= max(_LEAST_PIXELS, _LEAST_SHARE * whole):
        return None
    one, other = (_colour(near, each) for each in sides)
    return _stops(near, *sides) if float(np.hypot(*(one - other))) <= _ONE_THING else None


def _colour(near: FaceFrame, where: Mask) -> npt.NDArray[np.float64]:
    """Red over green and yellow over blue, over lightness, of the middle of what is there: (2)."""
    lab = opponent(linear(near.picture[where]))
    return np.asarray(np.median(lab[:, 1:] / np.maximum(lab[:, :1], 0.15), axis=0))


def warmth(near: FaceFrame) -> float:
    """How much redder than blue the cheeks are, in stops, beyond what skin as light or dark as this has."""
    u, v, radius = _CHEEK
    skin = linear(near.picture[near.disk(-u, v, radius) | near.disk(u, v, radius)])
    if not len(skin):
        return 0.0
    mean = np.maximum(np.median(skin, axis=0), 1e-4)
    usual = float(np.interp(oklch(mean)[0], (0.35, 0.85), (1.9, 0.8)))
    return float(np.log2(mean[0] / mean[2])) - usual


def _stops(near: FaceFrame, left: Mask, right: Mask) -> float:
    one, other = (_level(near, mask) for mask in (left, right))
    return float(np.log2((one + 1e-3) / (other + 1e-3)))


def _level(near: FaceFrame, where: Mask) -> float:
    return float(np.percentile(brightness(linear(near.picture[where])), _BRIGHTER)) if where.any() else 0.0
