"""Places behind a portrait, painted from a seed and blurred as the lens would blur them.

A backdrop is linear RGB. `behind` paints a place, crops it to the lens's view and convolves it with the
disc of confusion that focal length, aperture and distances give.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from engine.builtin.geometry import Array

SIDE = 320
"""Backdrops are painted square, this many pixels a side, and cropped."""
SENSOR_MM = 36.0

Painter = Callable[[np.random.Generator], Array]


def _axes() -> tuple[Array, Array]:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return x, y


def _flat(colour: tuple[float, float, float]) -> Array:
    return np.ones((SIDE, SIDE, 3)) * colour


def _noise(rng: np.random.Generator, scale: float) -> Array:
    field = gaussian_filter(rng.normal(size=(SIDE, SIDE)), scale, mode="wrap")
    return np.asarray(field / max(field.std(), 1e-9))


def _lerp(low: Array | tuple[float, ...], high: Array | tuple[float, ...], t: Array) -> Array:
    t = np.clip(t, 0, 1)[..., None]
    return np.asarray(np.asarray(low) * (1 - t) + np.asarray(high) * t)


def _studio(level: float, fall: float) -> Painter:
    def paint(rng: np.random.Generator) -> Array:
        x, y = _axes()
        cx, cy = rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.55)
        glow = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / rng.uniform(0.12, 0.3))
        shade = level * (1 - fall + 2 * fall * glow) * (1 + 0.02 * _noise(rng, 20))
        return np.asarray(shade[..., None] * np.array((1.0, 1.0, 1.0 + rng.uniform(-0.03, 0.03))))

    return paint


def _discs(
    canvas: Array,
    rng: np.random.Generator,
    count: int,
    colours: Array,
    size: tuple[float, float],
    box: tuple[float, float],
) -> None:
    """Adds round lights in place; they become bokeh when blurred."""
    x, y = _axes()
    for _ in range(count):
        cx, cy = rng.uniform(0, 1), rng.uniform(*box)
        radius = rng.uniform(*size)
        low, high = int(max(0, (cy - radius) * SIDE)), int((cy + radius) * SIDE) + 2
        near = (x[low:high] - cx) ** 2 + (y[low:high] - cy) ** 2 < radius**2
        canvas[low:high][near] = colours[rng.integers(len(colours))]


def _forest(rng: np.random.Generator) -> Array:
    x, y = _axes()
    leaves = _lerp((0.012, 0.045, 0.010), (0.10, 0.26, 0.035), 0.45 + 0.30 * _noise(rng, 9) + 0.2 * _noise(rng, 3))
    ground = _lerp((0.02, 0.03, 0.008), (0.09, 0.08, 0.03), 0.4 + 0.3 * _noise(rng, 5))
    canvas = np.where((y > rng.uniform(0.74, 0.84))[..., None], ground, leaves)
    for _ in range(rng.integers(5, 10)):
        at, wide = rng.uniform(0, 1), rng.uniform(0.008, 0.035)
        trunk = np.abs(x - at - 0.02 * np.sin(y * 3 + at * 9)) < wide
        canvas[trunk] = np.array((0.035, 0.022, 0.012)) * rng.uniform(0.5, 1.6)
    _discs(canvas, rng, 22, np.array([(0.75, 0.95, 0.40), (0.5, 0.8, 0.3)]), (0.004, 0.011), (0.0, 0.6))
    return np.asarray(canvas)


def _beach(rng: np.random.Generator) -> Array:
    _, y = _axes()
    horizon, shore = rng.uniform(0.38, 0.46), rng.uniform(0.60, 0.68)
    sky = _lerp((0.22, 0.45, 0.80), (0.70, 0.82, 0.92), y / horizon + 0.08 * _noise(rng, 25))
    sea = _lerp((0.02, 0.22, 0.36), (0.10, 0.45, 0.50), (y - horizon) / (shore - horizon) + 0.1 * _noise(rng, 3))
    sand = _lerp((0.62, 0.49, 0.31), (0.75, 0.62, 0.42), 0.5 + 0.25 * _noise(rng, 4))
    canvas = np.where((y < horizon)[..., None], sky, np.where((y < shore)[..., None], sea, sand))
    foam = np.abs(y - shore - 0.006 * _noise(rng, 12)) < 0.010
    canvas[foam] = (0.85, 0.88, 0.88)
    return np.asarray(canvas)


def _city(rng: np.random.Generator) -> Array:
    x, y = _axes()
    canvas = _lerp((0.004, 0.006, 0.022), (0.020, 0.018, 0.045), y)
    for _ in range(9):
        at, wide, top = rng.uniform(0, 1), rng.uniform(0.04, 0.10), rng.uniform(0.05, 0.5)
        canvas[(np.abs(x - at) < wide) & (y > top)] = np.array((0.010, 0.012, 0.026)) * rng.uniform(0.6, 2)
    lamps = np.array(
        [(2.4, 1.35, 0.40), (2.6, 2.0, 1.2), (2.2, 0.35, 0.25), (0.5, 1.2, 2.4), (2.4, 0.9, 1.6), (0.4, 1.9, 1.2)]
    )
    _discs(canvas, rng, 75, lamps, (0.006, 0.015), (0.08, 0.95))
    return canvas


def _sunset(rng: np.random.Generator) -> Array:
    x, y = _axes()
    horizon = rng.uniform(0.62, 0.72)
    sky = _lerp((0.16, 0.09, 0.30), (1.05, 0.36, 0.06), (y / horizon) ** 1.2 + 0.06 * _noise(rng, 22))
    bands = np.clip(gaussian_filter(rng.normal(size=(SIDE, SIDE)), (3, 30)) * 12, 0, 1)
    sky = _lerp(sky, (0.85, 0.20, 0.18), 0.6 * bands)
    at = rng.uniform(0.15, 0.85)
    sun = np.hypot(x - at, y - horizon + 0.07)
    sky = sky + np.exp(-((sun / 0.12) ** 2))[..., None] * (0.9, 0.5, 0.12)
    sky[sun < 0.045] = (2.4, 1.7, 0.7)
    hills = horizon + 0.02 * np.sin(x * 9 + rng.uniform(0, 6))
    return np.asarray(np.where((y > hills)[..., None], (0.035, 0.020, 0.035), sky))


def _room(rng: np.random.Generator) -> Array:
    x, y = _axes()
    wall = np.array([(0.42, 0.34, 0.25), (0.34, 0.36, 0.33), (0.45, 0.38, 0.34)][rng.integers(3)])
    canvas = wall * (0.85 + 0.25 * x + 0.03 * _noise(rng, 14))[..., None]
    canvas[y > 0.88] = (0.14, 0.075, 0.035)
    at = rng.choice((0.28, 0.72)) + rng.uniform(-0.04, 0.04)
    wide, top, bottom = rng.uniform(0.13, 0.17), 0.10, rng.uniform(0.60, 0.68)
    inside = (np.abs(x - at) < wide) & (y > top) & (y < bottom)
    canvas[(np.abs(x - at) < wide + 0.022) & (y > top - 0.022) & (y < bottom + 0.022)] = (0.62, 0.60, 0.56)
    outside = _lerp((0.95, 1.10, 1.30), (0.75, 1.0, 0.70), (y - 0.25) / 0.3)
    canvas = np.where(inside[..., None], outside, canvas)
    cross = (np.abs(x - at) < 0.010) | (np.abs(y - (top + bottom) / 2) < 0.008)
    canvas[inside & cross] = (0.60, 0.58, 0.55)
    return np.asarray(canvas)


def _library(rng: np.random.Generator) -> Array:
    canvas = _flat((0.060, 0.028, 0.012))
    covers = np.array(
        [
            (0.22, 0.03, 0.02),
            (0.03, 0.09, 0.05),
            (0.03, 0.05, 0.14),
            (0.24, 0.14, 0.05),
            (0.35, 0.27, 0.16),
            (0.09, 0.045, 0.025),
        ]
    )
    shelf = int(SIDE * rng.uniform(0.135, 0.165))
    for top in range(-rng.integers(shelf), SIDE, shelf):
        column = 0
        while column < SIDE:
            wide, tall = int(rng.integers(4, 11)), int(shelf * rng.uniform(0.62, 0.84))
            bottom = top + shelf - 5
            if bottom > 0:
                colour = covers[rng.integers(len(covers))] * rng.uniform(0.6, 1.5)
                canvas[max(0, bottom - tall) : bottom, column + 1 : column + wide] = colour
            column += wide
        canvas[max(0, top + shelf - 5) : max(0, top + shelf)] = (0.16, 0.075, 0.03)
    return canvas


def _mountains(rng: np.random.Generator) -> Array:
    x, y = _axes()
    canvas = _lerp((0.16, 0.36, 0.75), (0.55, 0.72, 0.92), y / 0.6)
    for base, rough, rock, snow in ((0.36, 0.10, (0.20, 0.25, 0.36), 0.10), (0.55, 0.06, (0.10, 0.14, 0.19), 0.03)):
        ridge = base - rough * sum(
            np.abs(np.sin(x * f + rng.uniform(0, 6))) / k
            for k, f in ((1.0, rng.uniform(4, 7)), (2.2, 13.0), (5.0, 31.0))
        )
        body = y > ridge
        canvas[body] = np.asarray(rock)
        white = body & (y < ridge + snow * (1 + 0.15 * _noise(rng, 4)))
        canvas[white] = (0.80, 0.85, 0.93)
    meadow = y > 0.74 + 0.02 * np.sin(x * 7)
    canvas[meadow] = _lerp((0.03, 0.09, 0.02), (0.10, 0.19, 0.05), 0.5 + 0.3 * _noise(rng, 5))[meadow]
    return np.asarray(canvas)


def _bricks(rng: np.random.Generator) -> Array:
    rows = rng.integers(15, 20)
    x, y = _axes()
    row = np.floor(y * rows)
    along = x * rows / 2.6 + 0.5 * (row % 2)
    shades = rng.uniform(0.65, 1.25, (64, 64))
    shade = shades[row.astype(int) % 64, np.floor(along).astype(int) % 64] * (1 + 0.08 * _noise(rng, 2))
    canvas = np.array((0.33, 0.085, 0.045)) * shade[..., None]
    mortar = ((y * rows) % 1 < 0.11) | (along % 1 < 0.05)
    canvas[mortar] = (0.36, 0.31, 0.27)
    return np.asarray(canvas)


def _garden(rng: np.random.Generator) -> Array:
    _, y = _axes()
    hedge = _lerp((0.05, 0.16, 0.02), (0.24, 0.46, 0.08), 0.5 + 0.28 * _noise(rng, 7) + 0.12 * _noise(rng, 2))
    sky = _lerp((0.55, 0.75, 0.95), (0.85, 0.92, 0.95), y / 0.3)
    canvas = np.where((y < rng.uniform(0.14, 0.22) + 0.03 * _noise(rng, 10))[..., None], sky, hedge)
    petals = np.array(
        [(0.90, 0.10, 0.25), (0.95, 0.70, 0.08), (0.92, 0.55, 0.75), (0.95, 0.92, 0.90), (0.45, 0.15, 0.65)]
    )
    _discs(canvas, rng, 130, petals, (0.006, 0.016), (0.30, 1.0))
    return np.asarray(canvas)


PAINTERS: dict[str, Painter] = {
    "grey studio": _studio(0.17, 0.45),
    "white studio": _studio(0.88, 0.05),
    "black studio": _studio(0.012, 0.6),
    "forest": _forest,
    "beach": _beach,
    "city at night": _city,
    "sunset": _sunset,
    "room with a window": _room,
    "library": _library,
    "mountains": _mountains,
    "brick wall": _bricks,
    "garden": _garden,
}
_DISTANCE_M = {
    "grey studio": 2.0,
    "white studio": 2.0,
    "black studio": 2.0,
    "room with a window": 2.5,
    "library": 2.0,
    "brick wall": 1.6,
    "forest": 6.0,
    "garden": 4.0,
}
FAR_M = 40.0


def confusion_px(focal_mm: float, aperture: float, subject_m: float, behind_m: float, height_px: int) -> float:
    """Diameter of the disc of confusion of a point `behind_m` beyond the subject, in pixels."""
    focal = focal_mm / 1000
    total = subject_m + behind_m
    on_sensor_m = focal**2 / (aperture * max(subject_m - focal, 0.05)) * behind_m / total
    return on_sensor_m * 1000 / SENSOR_MM * height_px


def behind(place: str, size: tuple[int, int], focal_mm: float, aperture: float, subject_m: float, seed: int) -> Array:
    """The blurred backdrop at `size` (width, height), linear RGB."""
    rng = np.random.default_rng((seed, 7))
    canvas = PAINTERS[place](rng)
    width, height = size
    view = SIDE * (35.0 / focal_mm) ** 0.6 * 0.92
    scale = view / max(width, height)
    crop_w, crop_h = width * scale, height * scale
    left = (SIDE - crop_w) * rng.uniform(0.35, 0.65)
    top = (SIDE - crop_h) * 0.5
    box = (left, top, left + crop_w, top + crop_h)
    pad = 24
    grown = (width + 2 * pad, height + 2 * pad)
    channels = [
        np.asarray(
            Image.fromarray(canvas[..., c].astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC, box),
            float,
        )
        for c in range(3)
    ]
    del grown
    picture = np.pad(np.stack(channels, -1), ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    diameter = confusion_px(focal_mm, aperture, subject_m, _DISTANCE_M.get(place, FAR_M), height)
    blurred = disc_blur(picture, diameter)
    return np.asarray(np.clip(blurred[pad:-pad, pad:-pad], 0, None))


def disc_blur(picture: Array, diameter_px: float) -> Array:
    """Convolves with a disc with a soft pixel edge: the picture of an open aperture."""
    radius = max(diameter_px / 2, 0.45)
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    kernel /= kernel.sum()
    return np.stack([fftconvolve(picture[..., c], kernel, mode="same") for c in range(3)], -1)
