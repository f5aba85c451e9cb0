"""A face in a picture as a frame of its own: where on it cheeks, eyes and hair are, from five landmarks alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Point = npt.NDArray[np.float64]
Coordinate = npt.NDArray[np.float32]

_FINE: Final = Image.Resampling.BICUBIC
_NOSE_BELOW_EYES: Final = 0.72
"""From between the eyes to the base of the nose, in distances between the eyes' middles: adults' mean."""
_DEPTH: Final = 0.42
"""How far cheeks and forehead follow the tip of the nose aside when a head turns."""
FACE_UNITS: Final = 2.94
"""From chin to hair line, in distances between the eyes: 185 mm of 63."""
FRAMINGS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "extreme close-up": (0.85, 9.0), "close-up": (0.52, 1.02), "head and shoulders": (0.345, 0.58),
        "bust": (0.24, 0.38), "half length": (0.16, 0.27), "three-quarter": (0.09, 0.18),
    }
)  # fmt: skip
"""The face's share of the picture's height that each name is used for; neighbours overlap by a tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFrame:
    """A picture (H, W, 3) with a face. `unit` is about 63 mm in pixels: the distance between the eyes of a face that is
    not turned.

    A place on the face is (u, v): u to the picture's right along the eyes, in distances between the eyes as they are
    seen (a turned face is narrower), v down, in units; both from between the eyes.
    """

    picture: Picture
    middle: Point
    across: Point
    """From one eye to the other, in pixels."""
    down: Point
    """One unit down the face."""
    unit: float
    aside: float
    """How far the nose is from the middle, in distances between the eyes: the head's turn."""
    u: Coordinate
    """The place on the face of every pixel, (H, W)."""
    v: Coordinate

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.shape[1], self.picture.shape[0]

    def scaled(self, unit: float) -> FaceFrame:
        """The same with a face of this `unit`, so that what is measured does not depend on the picture's size."""
        factor = unit / self.unit
        size = (max(8, round(self.size[0] * factor)), max(8, round(self.size[1] * factor)))
        picture = np.asarray(Image.fromarray(self.picture).resize(size, Image.Resampling.BOX if factor < 1 else _FINE))
        stretch = np.array(size) / self.size
        return FaceFrame.placed(
            picture, self.middle * stretch, self.across * stretch, self.down * stretch, self.unit * factor, self.aside
        )

    @staticmethod
    def placed(picture: Picture, middle: Point, across: Point, down: Point, unit: float, aside: float) -> FaceFrame:
        """A frame whose place is known, in pixels of the picture."""
        y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
        offset = (x - middle[0], y - middle[1])
        u, v = (
            ((offset[0] * way[0] + offset[1] * way[1]) / float(way @ way)).astype(np.float32) for way in (across, down)
        )
        return FaceFrame(picture=picture, middle=middle, across=across, down=down, unit=unit, aside=aside, u=u, v=v)

    def disk(self, u: float, v: float, radius: float) -> Mask:
        """Pixels (H, W) within `radius` of a place on the face."""
        shift = self.aside * _DEPTH
        return np.asarray((self.u - (u + shift)) ** 2 + (self.v - v) ** 2 <= radius**2)

    def box(self, left: float, top: float, right: float, bottom: float) -> Mask:
        """Pixels (H, W) between places on the face; what is outside of the picture is not among them."""
        u = self.u - self.aside * _DEPTH
        return np.asarray((u >= left) & (u <= right) & (self.v >= top) & (self.v <= bottom))

    def straightened(self, left: float, top: float, right: float, bottom: float, pixels: int = 32) -> Picture:
        """A part of the face with the eyes level, `pixels` a unit; beyond the picture's edge the edge goes on."""
        v, u = np.mgrid[top : bottom : 1 / pixels, left : right : 1 / pixels]
        return self._at(self.middle + (u + self.aside * _DEPTH)[..., None] * self.across + v[..., None] * self.down)

    def between(self, corners: npt.ArrayLike, pixels: int = 32) -> Picture:
        """What lies between four places, (4, 2) pixels, as a rectangle: top left and right, bottom left and right."""
        a, b, c, d = np.asarray(corners, float)
        wide, tall = (np.hypot(*side) * pixels / self.unit for side in ((b + d - a - c) / 2, (c + d - a - b) / 2))
        across, down = (np.linspace(0, 1, max(4, round(length))) for length in (wide, tall))
        across, down = across[None, :, None], down[:, None, None]
        return self._at((a * (1 - across) + b * across) * (1 - down) + (c * (1 - across) + d * across) * down)

    def _at(self, where: Point) -> Picture:
        """The picture at (…, 2) pixels."""
        from scipy.ndimage import map_coordinates

        width, height = self.size
        first = np.clip(np.floor(where.min((0, 1))) - 2, 0, (width - 1, height - 1)).astype(int)
        last = np.clip(np.ceil(where.max((0, 1))) + 3, 1, (width, height)).astype(int)
        part = self.picture[first[1] : last[1], first[0] : last[0]].astype(np.float32)
        at = [where[..., 1] - first[1], where[..., 0] - first[0]]
        shown = [map_coordinates(part[..., channel], at, order=1, mode="nearest") for channel in range(3)]
        return np.asarray(np.stack(shown, -1) + 0.5).clip(0, 255).astype(np.uint8)


def framed(picture: Picture, points: npt.ArrayLike) -> FaceFrame:
    """A picture whose landmarks are known: (5, 2) pixels, two corners of one eye, of the other, base of the nose."""
    found = np.asarray(points, float)
    eyes = sorted((found[:2].mean(0), found[2:4].mean(0)), key=lambda eye: float(eye[0]))
    middle, along = (eyes[0] + eyes[1]) / 2, eyes[1] - eyes[0]
    apart = max(float(np.hypot(*along)), 1e-6)
    across = along / apart
    down = np.array((-across[1], across[0]))
    nose = found[4] - middle
    unit = max((apart + float(nose @ down) / _NOSE_BELOW_EYES) / 2, 1e-6)
    aside = float(nose @ across) / apart
    return FaceFrame.placed(picture, middle, across * apart, down * unit, unit, aside)
