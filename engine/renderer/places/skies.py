"""Skies by the time of day, and how light falls on land under them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer.places import maps
from engine.renderer.places.canvas import Canvas, Layer, mix, noise, step
from engine.renderer.scene import RGB
from engine.renderer.tracing.vectors import LUMA, F, Floats


@dataclass(frozen=True, slots=True)
class Sky:
    """Colours from the horizon up, the sun's glow, and how land looks in its light."""

    horizon: RGB
    zenith: RGB
    glow: RGB
    land: RGB
    """What light makes of colours of the land."""
    cloud: RGB
    sun_rise: float
    """Radians the sun stands above the horizon."""
    reach: float = 0.30
    """Radians that the sun's glow goes."""
    stars: int = 0
    clouds: float = 0.93
    """How much is seen of clouds: a closed cover is nearly even."""


SKIES: Final[dict[str, Sky]] = {
    "day": Sky((0.70, 0.80, 0.91), (0.095, 0.215, 0.5), (0.5, 0.46, 0.38), (1.0, 0.98, 0.93), (1.02, 1.03, 1.05), 0.75),
    "grey": Sky(
        (0.72, 0.76, 0.80), (0.55, 0.60, 0.66), (0.1, 0.1, 0.1), (0.72, 0.76, 0.80), (0.66, 0.69, 0.73), 0.9, clouds=0.3
    ),
    "sunset": Sky(
        (1.05, 0.62, 0.24), (0.20, 0.23, 0.33), (2.7, 1.45, 0.42), (0.92, 0.64, 0.34), (1.05, 0.64, 0.34), 0.10, 0.36
    ),
    "blue hour": Sky(
        (0.30, 0.36, 0.52), (0.045, 0.085, 0.22), (0.10, 0.07, 0.06), (0.16, 0.21, 0.33), (0.16, 0.20, 0.32), 0.02, 0.5
    ),
    "night": Sky(
        (0.050, 0.070, 0.125), (0.010, 0.017, 0.044), (0.02, 0.03, 0.05), (0.095, 0.130, 0.215),
        (0.034, 0.046, 0.080), 0.5, 0.4, 900,
    ),
}  # fmt: skip


_CLOUDED: Final = 0.2
"""The share of cloud from which a day's sky is photographed; a clear one is an even gradient."""
_HEAVEN: Final = (-1.9, 1.1)
"""Directions (radians) in the map of the sky that have no sun low in the picture."""
_DAYLIGHT: Final = 0.42
"""How bright the usual part of a day's sky is; lit skin is 0.34."""
_BRIGHTEST: Final = 5.0
"""Of a photographed sky: its sun is left to the painter."""
_LOWEST: Final = 0.03
"""Radians above the map's horizon where its sky begins."""


def of(canvas: Canvas, own: str = "day") -> Sky:
    """The sky of the time that is asked for, else the place's own."""
    return SKIES.get(canvas.time, SKIES[own]) if canvas.time != "day" or own != "grey" else SKIES[own]


def sun_side(canvas: Canvas) -> float:
    """Radians to the right where the sun stands: near the picture's edge, on the side that the seed says."""
    random = canvas.random("sun")
    return float(random.choice((-1.0, 1.0)) * random.uniform(0.16, 0.55))


def painted(canvas: Canvas, sky: Sky, cover: float = 0.4, size: float = 1.0) -> Layer:
    """The sky with its clouds: `cover` 0 none to 1 all."""
    layer = canvas.layer(1e4)
    _, v = canvas.grid()
    rise = np.arctan(np.maximum(v, 0))
    if sky is SKIES["day"] and cover >= _CLOUDED:
        layer.fill(_photographed(canvas))
    else:
        layer.fill(mix(sky.horizon, sky.zenith, step(np.sqrt(rise), 0.0, 1.05)))
        if cover >= _CLOUDED:
            _clouds(layer, sky, cover, size)
    _sun(layer, sky)
    if sky.stars:
        _stars(layer, sky.stars, canvas.random("stars"))
    return layer


def _photographed(canvas: Canvas) -> Floats:
    """A day's sky (H, W, 3) out of a map, turned as the seed says: clouds as they are, and pale towards the horizon."""
    from scipy.ndimage import map_coordinates

    table = _heaven()
    rows, columns = table[0].shape
    turn = float(canvas.random("heaven").uniform(*_HEAVEN))
    across = (((canvas.u + F(turn)) / F(2 * np.pi) + F(0.5)) % 1) * F(columns) - F(0.5)
    down = (F(0.5) - np.arctan(np.maximum(canvas.v, F(_LOWEST))) / F(np.pi)) * F(rows) - F(0.5)
    at = np.stack(np.broadcast_arrays(down[:, None], across[None]))
    kept = [map_coordinates(each, at, order=3, mode="grid-wrap", prefilter=False, output=np.float32) for each in table]
    return np.asarray(np.exp(np.stack(kept, -1)), np.float32)


@lru_cache(maxsize=1)
def _heaven() -> tuple[Floats, ...]:
    """The map of the sky as logs for a cubic spline to run through, one for each colour."""
    from scipy.ndimage import spline_filter

    picture = maps.mended("sky")
    rows = len(picture)
    band = picture[rows * 3 // 10 : rows * 19 // 40] @ LUMA
    level = F(_DAYLIGHT / float(np.median(band)))
    logs = np.log(np.clip(picture * level, 1e-3, _BRIGHTEST))
    return tuple(spline_filter(logs[..., k], order=3, output=np.float32, mode="grid-wrap") for k in range(3))


def _clouds(layer: Layer, sky: Sky, cover: float, size: float) -> None:
    """Clouds that thin out at their edges, whiter on the sun's side, greyer where they are thick."""
    canvas, random = layer.canvas, layer.canvas.random("clouds")
    u, v = canvas.grid()
    far = 1 / (np.maximum(v, 0) + F(0.20))
    x, y = u * far * F(1.7 * size), far * F(2.5 * size)
    bend = noise(x * F(0.8), y * F(0.8), random, 3)
    x, y = x + bend * F(1.3), y + bend * F(0.7)
    table = int(random.integers(2**31))
    puffs, lit = (
        noise(x + F(shift), y - F(shift), np.random.default_rng(table), 6, 0.60)
        for shift in (0.0, 0.10 * float(np.sign(sun_side(canvas))))
    )
    thick = np.clip((puffs - F(0.66 - 0.44 * cover)) / F(0.34), 0, 1)
    share = np.sqrt(thick) * step(thick, 0.0, 0.5) * step(v, 0.0, 0.14) * F(sky.clouds)
    white = np.clip(F(1.06) - F(0.26) * thick + F(1.5) * (puffs - lit), 0.7, 1.35)
    layer.mask(share, np.asarray(sky.cloud, np.float32) * white[..., None])


def _sun(layer: Layer, sky: Sky) -> None:
    canvas = layer.canvas
    u, v = canvas.grid()
    far2 = (u - F(sun_side(canvas))) ** 2 + (np.arctan(v) - F(sky.sun_rise)) ** 2
    glow = np.exp(-np.sqrt(far2 + F(1e-4)) / F(sky.reach)) + F(1.6) * np.exp(-far2 / F(0.012))
    layer.paint += glow[..., None] * np.asarray(sky.glow, np.float32)


def _stars(layer: Layer, count: int, random: np.random.Generator) -> None:
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = np.abs(random.normal(0.5, 0.5, count)).astype(np.float32)
    bright = (0.5 * random.pareto(1.6, count).clip(0, 9))[:, None] * random.uniform(0.75, 1.0, (count, 3))
    layer.discs(x, y, np.full(count, 0.0007, np.float32), bright.astype(np.float32) * 6)


def hazed(colour: Floats, sky: Sky, share: float) -> Floats:
    """A colour of the land, lit by the sky and lost in its haze by `share`."""
    lit = np.asarray(colour, np.float32) * np.asarray(sky.land, np.float32)
    return np.asarray(lit * F(1 - share) + np.asarray(sky.horizon, np.float32) * F(share * 0.9), np.float32)
