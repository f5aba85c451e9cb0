"""Optics: a full-frame camera, as far away as its focal length needs for the framing, and rays through its lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.scene import Camera
from engine.renderer.tracing.draws import Draws
from engine.renderer.tracing.vectors import F, Floats, column, unit

Point = npt.NDArray[np.float64]

FRAMINGS: Final = {
    "extreme close-up": (0.203, -0.030),
    "close-up": (0.325, -0.014),
    "head and shoulders": (0.47, -0.062),
    "bust": (0.62, -0.120),
    "half length": (0.86, -0.222),
    "three-quarter": (1.22, -0.380),
}
"""Metres of the subject from the upper to the lower edge of an upright 2:3 picture, and where its middle is above the
eyes."""
_NARROWEST: Final = {"extreme close-up": 0.125}
_NARROW: Final = 0.215
"""Metres that a picture shows across at least, however tall it is: a head."""
_UPRIGHT: Final = 2 / 3
"""Width over height of an upright picture."""
_BETWEEN_SITTERS: Final = 0.50
"""Metres that each sitter beyond the first adds to the width."""
_SENSOR_AREA_MM2: Final = 36.0 * 24.0
_NEAREST: Final = 0.30
_FOCUS_BEFORE_EYES: Final = 0.012
_NOSE_M: Final = 0.03
_SOFTEST: Final = 0.0052
"""How wide, as a share of the picture's height, a point as far before the eyes as a nose may be blurred: whoever goes
nearer stops down, or no pore would be sharp."""


@dataclass(frozen=True)
class Optics:
    """Where the lens is, which way it looks, and what it does to light. Metres; directions are unit (3)."""

    eye: Point
    forward: Point
    right: Point
    up: Point
    height: float
    """The picture's height at distance 1."""
    focus: float
    """Distance of what is sharp, along `forward`."""
    aperture: float
    """Radius of the lens's opening."""
    focal_mm: float
    sensor_mm: float
    """Height of the sensor."""
    view: float
    """Metres from the upper to the lower edge where the subject is."""

    def rays(self, pixel: npt.NDArray[np.int64], size: tuple[int, int], draws: Draws) -> tuple[Floats, Floats]:
        """Origins and unit directions (3, N) through pixels and points of the lens."""
        width, height = size
        row, place = np.divmod(pixel, width)
        jitter_x, jitter_y = draws.two()
        across = ((place + jitter_x) / F(width) - F(0.5)).astype(np.float32) * F(self.height * width / height)
        above = (F(0.5) - (row + jitter_y) / F(height)).astype(np.float32) * F(self.height)
        forward, right, up = column(self.forward), column(self.right), column(self.up)
        focused = (forward + across * right + above * up) * F(self.focus)
        u, v = draws.two()
        radius, angle = np.sqrt(u) * F(self.aperture), v * F(2 * np.pi)
        lens = (radius * np.cos(angle)) * right + (radius * np.sin(angle)) * up
        return column(self.eye) + lens, unit(focused - lens)

    def shown(self, point: npt.ArrayLike, size: tuple[int, int]) -> tuple[float, float]:
        """The pixel (x, y) at which a point is seen."""
        width, height = size
        way = np.asarray(point, float) - self.eye
        depth = float(way @ self.forward)
        x = float(way @ self.right) / depth / (self.height * width / height)
        return (x + 0.5) * width, (0.5 - float(way @ self.up) / depth / self.height) * height

    def blur(self, distance: float, rows: int) -> float:
        """Radius in pixels of the disk that a point at this distance behind the subject becomes."""
        magnified = self.focal_mm / 1000 / max(self.focus - self.focal_mm / 1000, 0.05)
        far = self.focus + distance
        circle_mm = 2 * self.aperture * 1000 * magnified * (distance / far)
        return circle_mm / self.sensor_mm * rows / 2


def sensor_height_mm(size: tuple[int, int]) -> float:
    """The height of a sensor of full frame's area in the picture's shape: 36 upright, 24 across."""
    width, height = size
    return float(np.sqrt(_SENSOR_AREA_MM2 * height / width))


def aim(camera: Camera, eyes: npt.ArrayLike, size: tuple[int, int], sitters: int = 1) -> Optics:
    """The camera set up for somebody whose eyes' middle (of all sitters) is at `eyes`."""
    width, height = size
    view, middle = FRAMINGS.get(camera.framing, FRAMINGS["head and shoulders"])
    narrow = _NARROWEST.get(camera.framing, _NARROW)
    needed = (max(narrow, view * 0.55) + _BETWEEN_SITTERS * (sitters - 1)) * height / width
    sensor = sensor_height_mm(size)
    tall = max(view, needed)
    middle *= 1 + 0.5 * (tall / view - 1)
    distance = max(tall * camera.focal_mm / sensor, _NEAREST)
    at = np.asarray(eyes, float) + np.array((0.0, 0.035, middle))
    turn, rise = np.radians(camera.turn), np.radians(camera.height)
    back = np.array((np.sin(turn) * np.cos(rise), -np.cos(turn) * np.cos(rise), np.sin(rise)))
    right = np.cross(-back, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, -back)
    roll = np.radians(camera.roll)
    right, up = np.cos(roll) * right + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * right
    eye = at + back * distance + right * (camera.aside * tall * _UPRIGHT)
    focus = float((np.asarray(eyes, float) - np.array((0, _FOCUS_BEFORE_EYES, 0)) - eye) @ -back)
    aperture = min(camera.focal_mm / 2000 / camera.f_number, _SOFTEST * tall * (distance + _NOSE_M) / _NOSE_M / 2)
    return Optics(
        eye, -back, right, up, tall / distance, focus, aperture, camera.focal_mm, sensor, tall
    )  # fmt: skip
