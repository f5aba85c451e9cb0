"""Eyes: how sharp they are, whether both look at one place, and whether the same lamps shine in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.review.colour_names import brightness, linear
from engine.review.face_frame import FaceFrame
from engine.review.mesh_points import EyeFound, MeshFound

Grey = npt.NDArray[np.float64]

LEAST_RADIUS_PX: Final = 4.5
"""Irises smaller than this are too small to be judged."""
_RADIUS: Final = 16
"""Pixels of an iris's radius when it is looked at."""
_REACH: Final = 2.0
_WITHIN: Final = 0.9
"""Catchlights are looked for within this share of the iris: its edge meets the white of the eye."""
_PEAK: Final = 98
"""This percentile of the iris is the catchlight's: what is smaller may be noise."""
_LEAST_PEAK: Final = 0.2
"""By how much (of 1, as the picture is encoded) it is brighter than the iris."""
_HALF: Final = 0.5
"""A catchlight is what is brighter than this share of its peak: the glow round it says little about the place."""
_WIDEST: Final = 0.4
"""How far its light lies from its middle, in radii: what is wider is haze, a lid or the white of the eye."""
_NASAL: Final = 0.17
"""How much nearer to the nose, in radii and both eyes together, one lamp's catchlights lie in eyes that look at the
camera: they are turned in a little, and the line of sight does not go through the middle of the iris.
"""
_BAND_PX: Final = 96
_LARGER: Final = (2.0, 6.0)
"""Between these, in such pixels, lies what lashes, lids and irises make in any picture."""
_DARKEST: Final = 0.01
"""Below this, of 1, differences of light are not seen."""
_MOUTH: Final = (61, 291)
"""Its corners among the points of the face."""


@dataclass(frozen=True, slots=True)
class Catchlight:
    """Where the highlight on one iris is, in radii from its middle."""

    x: float
    y: float


def sharpness(frame: FaceFrame) -> float:
    """How strong the finest detail of the band of the eyes is, over detail a few times as large, at the face's scale.

    Contrast is of logarithms: it is the same on dark skin and fair, in the light and in the shade.
    """
    from scipy.ndimage import gaussian_filter

    band = frame.straightened(-0.85, -0.22, 0.85, 0.22, pixels=_BAND_PX)
    shown = np.log(brightness(linear(band)) + _DARKEST)
    fine = shown[1:-1, 1:-1] * 4 - shown[:-2, 1:-1] - shown[2:, 1:-1] - shown[1:-1, :-2] - shown[1:-1, 2:]
    larger = gaussian_filter(shown, _LARGER[0]) - gaussian_filter(shown, _LARGER[1])
    return float(np.sqrt(np.mean(fine**2)) / (np.sqrt(np.mean(larger**2)) + 0.01))


def turned_in(frame: FaceFrame, mesh: MeshFound) -> float:
    """How much more the eyes are turned to each other than apart, in shares of an eye's width; far sight is 0."""
    one, other = (_along(frame, eye) for eye in mesh.eyes)
    return one - other


def tilt(frame: FaceFrame, mesh: MeshFound) -> float:
    """How far the eyes are out of level with the corners of the mouth, as a share of the distance between the eyes.

    A head may be held aslant or turned: both lines go with it.
    """
    mouth = mesh.points[_MOUTH[1], :2] - mesh.points[_MOUTH[0], :2]
    irises = mesh.eyes[1].iris - mesh.eyes[0].iris
    turn = np.arctan2(irises[1], irises[0]) - np.arctan2(mouth[1], mouth[0])
    return float(np.sin(turn))


def _width(eye: EyeFound) -> float:
    return max(float(np.hypot(*(eye.outer - eye.inner))), 1.0)


def _along(frame: FaceFrame, eye: EyeFound) -> float:
    across = frame.across / np.hypot(*frame.across)
    return float((eye.iris - (eye.outer + eye.inner) / 2) @ across) / _width(eye)


def catchlight(frame: FaceFrame, eye: EyeFound) -> Catchlight | None:
    """The eye's highlight; None where it has none that stands out."""
    shown = _iris(frame, eye)
    side = np.linspace(-_REACH, _REACH, shown.shape[0])
    x, y = np.meshgrid(side, side)
    within = np.hypot(x, y) <= _WITHIN
    own = float(np.median(shown[within]))
    peak = float(np.percentile(shown[within], _PEAK)) - own
    if peak < _LEAST_PEAK:
        return None
    light = np.where(within, np.maximum(shown - own - _HALF * peak, 0), 0)
    light /= light.sum()
    at = float((light * x).sum()), float((light * y).sum())
    wide = float(np.sqrt((light * ((x - at[0]) ** 2 + (y - at[1]) ** 2)).sum()))
    return Catchlight(*at) if wide <= _WIDEST else None


def apart(one: Catchlight | None, other: Catchlight | None) -> float | None:
    """How far the catchlight of the eye at the picture's left is from where the other eye's says, in radii of the iris.

    None where an eye has none: true portraits have that too, where one eye is in the shade or behind a pane.
    """
    if one is None or other is None:
        return None
    return float(np.hypot(one.x - other.x - _NASAL, one.y - other.y))


def _iris(frame: FaceFrame, eye: EyeFound) -> Grey:
    """The iris and what is round it, eyes level, `_RADIUS` pixels a radius; as bright as its darkest channel."""
    pixels = _RADIUS * frame.unit / eye.radius
    reach = _REACH * eye.radius
    across, down = (way / np.hypot(*way) * reach for way in (frame.across, frame.down))
    corners = [eye.iris + a * across + d * down for d in (-1, 1) for a in (-1, 1)]
    return np.asarray(frame.between(corners, round(pixels)).min(-1) / 255.0)
