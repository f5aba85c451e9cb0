"""Streets, roofs and cars: buildings with lit windows, lamps that become discs, wet ground that mirrors them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.renderer.places import skies
from engine.renderer.places.canvas import Canvas, Colour, Layer, noise, picked, step
from engine.renderer.places.skies import Sky, hazed
from engine.renderer.places.terrain import LEAVES, trees
from engine.renderer.tracing.vectors import F

_WINDOWS = ((1.0, 0.66, 0.30), (1.0, 0.80, 0.52), (0.72, 0.86, 1.0))
_TOWERS = ((0.26, 0.27, 0.32), (0.34, 0.30, 0.28), (0.20, 0.23, 0.29))
_NEON = (
    ((1.0, 0.08, 0.42), (0.10, 0.62, 1.0), (1.0, 0.42, 0.10)),
    ((0.62, 0.12, 1.0), (0.05, 0.85, 0.85), (1.0, 0.16, 0.30)),
    ((1.0, 0.12, 0.20), (0.16, 0.35, 1.0), (0.25, 1.0, 0.55)),
)


def buildings(
    c: Canvas, sky: Sky, away: float, base: float, height: tuple[float, float], width: tuple[float, float], what: str,
    walls: Sequence[Colour], haze: float, lit: float, storey: float,
) -> Layer:  # fmt: skip
    """A row of houses side by side all round; `lit` is how bright their windows are, `storey` a window's rise."""
    layer, random = c.layer(away), c.random(what)
    x = -np.pi
    while x < np.pi:
        wide, top = float(random.uniform(*width)), base + float(random.uniform(*height))
        wall = hazed(picked(random, walls, 1, 0.32)[0], sky, haze * float(random.uniform(0.8, 1.15)))
        if c.u.min() - wide < x < c.u.max() + wide:
            layer.box(x, x + wide, -3, top, wall)
            layer.box(x, x + wide * 0.35, -3, top, np.asarray(wall) * F(0.72))
            _panes(
                layer,
                (x, x + wide, base, top),
                storey,
                wall,
                sky,
                lit,
                np.random.default_rng(int(random.integers(2**31))),
            )
        else:
            random.integers(2**31)
        x += wide * float(random.uniform(0.82, 1.0))
    return layer


def _panes(
    layer: Layer, house: tuple[float, float, float, float], storey: float, wall: Colour, sky: Sky, lit: float,
    random: np.random.Generator,
) -> None:  # fmt: skip
    """Windows of one house, in rows and columns; some are lit."""
    left, right, base, top = house
    if storey < layer.canvas.pixel * 1.2:
        layer.box(left, right, base, top, np.asarray(wall) + np.asarray(_WINDOWS[0]) * lit * 0.12)
        return
    columns = max(int((right - left) / (storey * 0.9)), 2)
    step_x = (right - left) / columns
    glass = np.asarray(sky.horizon, np.float32) * F(0.26) + np.asarray(wall, np.float32) * F(0.38)
    share, wide, tall = float(random.uniform(0.10, 0.45)), *random.uniform((0.42, 0.45), (0.82, 0.72))
    for y in np.arange(base, top - storey * 0.8, storey):
        for k in range(columns):
            burning = lit > 0 and random.random() < share
            glow = np.asarray(_WINDOWS[int(random.integers(3))], np.float32) * F(lit * np.exp(random.normal(-0.2, 0.7)))
            x = left + (k + 0.5 - wide / 2) * step_x
            pane = glow if burning else glass * F(random.uniform(0.75, 1.2))
            layer.box(x, x + step_x * wide, y + storey * 0.2, y + storey * (0.2 + tall), pane)


def lamps(
    c: Canvas, away: float, what: str, count: int, rise: tuple[float, float], radius: float,
    colours: Sequence[Colour], bright: float,
) -> Layer:  # fmt: skip
    """Points of light, far brighter than white."""
    layer, random = c.layer(away), c.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = random.uniform(*rise, count).astype(np.float32)
    size = (radius * random.uniform(0.6, 1.4, count)).astype(np.float32)
    layer.discs(x, y, size, picked(random, colours, count, 0.5) * F(bright))
    return layer


def wet(c: Canvas, above: Sequence[Layer], dark: Colour, share: float, edge: float = -0.13) -> Layer:
    """Ground that mirrors what stands above it, drawn out downwards."""
    from scipy.ndimage import gaussian_filter1d, map_coordinates

    layer = c.layer(10)
    sharp = above[0].paint
    for one in above[1:]:
        sharp = sharp * (1 - one.alpha[..., None]) + one.paint
    u, v = c.grid()
    ripple = noise(u * F(30), v * F(70), c.random("ripples"), 3) - F(0.5)
    height = F(2 * edge) - v + ripple * F(0.05)
    row = np.interp(height.ravel(), c.v[::-1], np.arange(len(c.v))[::-1]).reshape(height.shape)
    column = np.arange(len(c.u))[None] + ripple * F(0.02 / c.pixel)
    at = np.stack(np.broadcast_arrays(row, column))
    turned = np.stack([map_coordinates(sharp[..., k], at, order=1, mode="nearest") for k in range(3)], -1)
    turned = gaussian_filter1d(turned, max(0.035 / c.pixel, 0.4), axis=0)
    puddle = F(share) * (F(0.45) + F(0.9) * step(noise(u * F(5), v * F(16), c.random("puddles"), 3), 0.3, 0.7))
    mask = np.clip((F(edge) - v) / F(max(c.pixel, 0.01)) + F(0.5), 0, 1)
    layer.mask(mask, np.asarray(dark, np.float32) + turned * puddle[..., None])
    return layer


def city_night(c: Canvas) -> list[Layer]:
    """A street in neon after rain, without a word on it."""
    sky, random = skies.SKIES["night"], c.random("street")
    neon = _NEON[int(random.integers(3))]
    layers = [
        skies.painted(c, sky, 0.2),
        buildings(
            c,
            sky,
            120,
            -0.05,
            (0.25, 0.75),
            (0.14, 0.3),
            "far houses",
            ((0.25, 0.28, 0.4), (0.3, 0.2, 0.3)),
            0.25,
            0.55,
            0.034,
        ),
        buildings(
            c,
            sky,
            30,
            -0.13,
            (0.12, 0.9),
            (0.22, 0.5),
            "houses",
            ((0.3, 0.26, 0.3), (0.2, 0.25, 0.4)),
            0.02,
            0.45,
            0.075,
        ),
    ]
    signs = c.layer(25)
    for _ in range(46):
        x, y = float(random.uniform(-np.pi, np.pi)), float(random.uniform(-0.02, 0.42))
        colour = np.asarray(neon[int(random.integers(3))], np.float32)
        tall = float(random.uniform(0.015, 0.12))
        wide = 0.011 if tall > 0.05 else float(random.uniform(0.03, 0.09))
        signs.glow(x, y, 0.11, colour * F(0.22), 1.3)
        signs.box(x - wide, x + wide, y - tall, y + tall, colour * F(random.uniform(0.9, 2.2)), 0.006)
    shops = c.layer(28)
    for x in np.arange(-np.pi, np.pi, 0.21):
        tone = np.asarray(_WINDOWS[int(random.integers(3))] if random.random() < 0.6 else neon[1], np.float32)
        shops.box(
            x,
            x + float(random.uniform(0.08, 0.18)),
            -0.12,
            float(random.uniform(-0.03, 0.02)),
            tone * F(random.uniform(0.3, 1.0)),
            0.012,
        )
    points = lamps(c, 40, "street lamps", 420, (-0.12, 0.3), 0.0028, [*neon, *_WINDOWS, *_WINDOWS], 26)
    cars = lamps(c, 22, "cars", 90, (-0.13, -0.08), 0.0042, [(1, 0.05, 0.03), (1, 0.9, 0.72)], 34)
    above = [*layers, shops, signs, points, cars]
    return [*above, wet(c, above, (0.006, 0.007, 0.010), 0.42)]


def rooftop(c: Canvas) -> list[Layer]:
    """Over the roofs of a city, towers to the horizon."""
    sky = skies.of(c, "sunset")
    evening = c.time != "day"
    lit = {"night": 0.7, "day": 0.0, "blue hour": 0.55}.get(c.time, 0.28)
    shade = 0.35 if evening else 1.0  # against a low sun the sides of houses that are seen lie in shade
    walls = tuple((r * shade, g * shade, b * shade) for r, g, b in _TOWERS)
    layers = [
        skies.painted(c, sky, 0.35),
        buildings(c, sky, 3000, -0.05, (0.03, 0.20), (0.04, 0.09), "horizon", walls, 0.5, lit * 0.3, 0.012),
        buildings(c, sky, 900, -0.14, (0.06, 0.36), (0.07, 0.15), "towers", walls, 0.24, lit * 0.7, 0.020),
        buildings(c, sky, 250, -0.50, (0.16, 0.52), (0.13, 0.26), "roofs", walls, 0.04, lit, 0.036),
    ]
    if evening:
        burning = {"night": 900, "blue hour": 600}.get(c.time, 260)
        layers.append(lamps(c, 600, "city lamps", burning, (-0.42, 0.05), 0.0012, _WINDOWS, 20))
    rail = c.layer(3.0)
    rail.box(-9, 9, -0.36, -0.335, hazed(np.array((0.16, 0.16, 0.17)), sky, 0.04))
    rail.box(-9, 9, -3, -0.42, hazed(np.array((0.30, 0.28, 0.27)) * shade, sky, 0.02))
    for x in np.arange(-np.pi, np.pi, 0.19):
        rail.box(x, x + 0.012, -0.45, -0.34, hazed(np.array((0.14, 0.14, 0.15)), sky, 0.04))
    return [*layers, rail]


def rain(c: Canvas) -> list[Layer]:
    """A street in the rain: grey, a few lamps, streaks in the air and rings on the ground."""
    night = c.time == "night"
    sky = skies.of(c, "grey")
    if not night:
        sky = replace(
            sky,
            horizon=(0.30, 0.36, 0.42),
            zenith=(0.17, 0.21, 0.26),
            cloud=(0.24, 0.28, 0.33),
            land=(0.42, 0.48, 0.55),
        )
    walls = ((0.20, 0.22, 0.25), (0.27, 0.25, 0.24), (0.16, 0.19, 0.22))
    layers = [
        skies.painted(c, sky, 0.5),
        buildings(c, sky, 150, -0.05, (0.15, 0.5), (0.12, 0.25), "far", walls, 0.68, 0.5, 0.034),
        trees(c, sky, 70, -0.08, 0.22, "rain trees", LEAVES, 0.5, 6.0, 0.4),
        buildings(c, sky, 40, -0.13, (0.1, 0.62), (0.2, 0.45), "near", walls, 0.34, 0.35, 0.07),
        lamps(c, 35, "lamps", 160, (-0.12, 0.16), 0.0032, [(1, 0.72, 0.38), (1, 0.85, 0.6), (1, 0.12, 0.08)], 22),
    ]
    shower = c.layer(2.2)
    random = c.random("drops")
    bright = np.asarray(sky.horizon, np.float32) * F(1.6 if night else 1.15)
    for x in random.uniform(-np.pi, np.pi, 1700):
        y, long = float(random.uniform(-0.6, 0.6)), float(random.uniform(0.05, 0.12))
        if c.u.min() < x < c.u.max() and c.pixel < 0.02:
            shower.box(float(x), float(x) + 0.0022, y, y + long, bright, 0, 0.65)
    return [*layers, wet(c, layers, np.asarray(sky.land, np.float32) * F(0.06), 0.55), shower]


def car(c: Canvas) -> list[Layer]:
    """Inside a car: the rear window and a side window, seats, a street outside."""
    sky, random = skies.of(c, "grey" if c.random("weather").random() < 0.3 else "day"), c.random("car")
    walls = ((0.3, 0.28, 0.26), (0.36, 0.33, 0.3), (0.2, 0.22, 0.25))
    lit = 0.6 if c.time == "night" else 0.0
    outside = [
        skies.painted(c, sky, 0.4),
        buildings(c, sky, 60, -0.1, (0.1, 0.45), (0.15, 0.3), "houses", walls, 0.25, lit, 0.05),
        trees(c, sky, 30, -0.12, 0.30, "trees", LEAVES, 0.06, 5.0, 0.5),
    ]
    road = c.layer(15)
    road.box(-9, 9, -9, -0.10, hazed(np.array((0.16, 0.16, 0.17)), sky, 0.2), 0.02)
    outside.append(road)
    if c.time in ("night", "sunset", "blue hour"):
        outside.append(lamps(c, 30, "traffic", 300, (-0.12, 0.12), 0.004, [*_WINDOWS, (1, 0.06, 0.04)], 24))
    cabin = c.layer(0.9)
    hides = ((0.028, 0.027, 0.027), (0.050, 0.030, 0.018), (0.065, 0.057, 0.050))
    hide = picked(random, hides, 1, 0.1)[0] * np.asarray(sky.land, np.float32)
    u, v = c.grid()
    side_on = float(random.choice((-1, 1)))
    rear = _rounded(u, v, (-side_on * 0.09, 0.05), (0.22, 0.16))
    side = _rounded(u, v, (side_on * 0.56, 0.03), (0.40, 0.22)) + _rounded(u, v, (-side_on * 0.87, 0.03), (0.50, 0.22))
    front = _rounded(np.abs(u) - F(np.pi), v, (0.0, 0.10), (1.1, 0.30))
    shell = 1 - np.clip(rear + side + front, 0, 1)
    light = F(0.6) + F(1.6) * step(v, 0.05, 0.5) * F(0.6) + F(0.35) * noise(u * 6, v * 6, random, 2)
    cabin.mask(shell, hide * light[..., None])
    for x in (-0.26, 0.30):
        cabin.box(x - 0.16, x + 0.16, -0.26, -0.03, hide * F(0.85), 0.07)
    cabin.box(-9, 9, -3, -0.24, hide * F(0.9), 0.08)
    return [*outside, cabin]


def _rounded(u: np.ndarray, v: np.ndarray, middle: tuple[float, float], half: tuple[float, float]) -> np.ndarray:
    """A window with round corners, as a share (H, W)."""
    far = (np.abs(u - F(middle[0])) / F(half[0])) ** 6 + (np.abs(v - F(middle[1])) / F(half[1])) ** 6
    return np.asarray(step(1 - far, -0.25, 0.25), np.float32)
