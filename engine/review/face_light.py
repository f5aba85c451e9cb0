"""Light: the side that it comes from, whether one light explains face and body, and how warm it is."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.review.colour_names import brightness, linear, oklch
from engine.review.face_frame import FaceFrame, Mask

_CHEEK: Final = (0.47, 0.60, 0.14)
_BRIGHTER: Final = 70
"""Of a cheek's brightness this percentile: a lock of hair may cover half."""
_NECK: Final = (0.12, 1.95, 0.55, 2.35)
_SHOULDERS: Final = (0.5, 2.7, 1.5, 3.6)
_LEAST_PIXELS: Final = 60


def side_stops(near: FaceFrame) -> float:
    """By how many stops the cheek at the picture's left is the brighter one; below 0 the right one is."""
    u, v, radius = _CHEEK
    return _stops(near, near.disk(-u, v, radius), near.disk(u, v, radius))


def body_stops(near: FaceFrame) -> float | None:
    """The same of what is below the face, where both sides are in the picture: shoulders, else the neck."""
    for left, top, right, bottom in (_SHOULDERS, _NECK):
        sides = near.box(-right, top, -left, bottom), near.box(left, top, right, bottom)
        whole = (right - left) * (bottom - top) * near.unit**2
        if min(each.sum() for each in sides) > max(_LEAST_PIXELS, 0.4 * whole):
            return _stops(near, *sides)
    return None


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
