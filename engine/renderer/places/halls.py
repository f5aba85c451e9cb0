"""Large and strange places: a stage, a church, the sky at night without an earth below."""

from __future__ import annotations

import numpy as np

from engine.renderer.places.canvas import Canvas, Layer, mix, noise, picked, step
from engine.renderer.places.interiors import dim, wall
from engine.renderer.tracing.vectors import F

_GELS = (
    ((1.0, 0.10, 0.40), (0.12, 0.28, 1.0)),
    ((0.50, 0.12, 1.0), (0.08, 0.65, 1.0)),
    ((1.0, 0.42, 0.10), (0.55, 0.10, 0.9)),
)


def stage(c: Canvas) -> list[Layer]:
    """A stage: folds of a red curtain, spots, and their beams in haze."""
    random = c.random("stage")
    gels = [np.asarray(g, np.float32) for g in _GELS[int(random.integers(3))]]
    curtain = c.layer(5)
    u, v = c.grid()
    bend = noise(u * F(2), v * F(0.8), random, 2) * F(0.22)
    fold = F(0.5) + F(0.5) * np.sin((u + bend) * F(46))
    fold = fold * (F(0.55) + F(0.45) * np.sin((u + bend) * F(17) + F(1)))
    low = np.exp(-(((v + F(0.15)) / F(0.42)) ** 2))
    curtain.fill(
        mix((0.016, 0.002, 0.003), (0.36, 0.028, 0.032), np.clip(fold, 0, 1)) * (F(0.12) + F(0.95) * low)[..., None]
    )
    curtain.mask(step(-v, 0.40, 0.46), (0.05, 0.028, 0.016))
    beams, spots = c.layer(3.5), c.layer(3.4)
    for k, x in enumerate(np.arange(-np.pi + float(random.uniform(0, 0.22)), np.pi, 0.21)):
        gel = gels[k % 2]
        lean = float(random.uniform(-0.5, 0.5))
        down = np.maximum(F(0.46) - v, 0)
        wide = F(0.012) + down * F(0.13)
        beam = np.exp(-(((u - F(x) - down * F(lean)) / wide) ** 2)) * np.exp(-down * F(2.0)) * (v < 0.46)
        beams.paint += beam[..., None] * gel * F(0.22)
        spots.glow(float(x), 0.46, 0.05, gel * F(0.8))
        spots.discs(
            np.array([x], np.float32),
            np.array([0.46], np.float32),
            np.array([0.011], np.float32),
            (gel * F(14) + F(5))[None],
        )
    haze = noise(u * F(3), v * F(3), random, 3)
    beams.lit(F(0.5) + haze)
    return [curtain, beams, spots]


def church(c: Canvas) -> list[Layer]:
    """A nave of stone: tall pointed windows of coloured glass, arches, candles."""
    random, level = c.random("church"), dim(c)
    room = wall(c, 9, np.array((0.22, 0.185, 0.145)) * level, "stone", (0.10, 0.085, 0.07), (0.10, 0.085, 0.07), 0.35)
    u, v = c.grid()
    glass = (
        (0.10, 0.20, 0.95),
        (0.95, 0.10, 0.10),
        (1.0, 0.65, 0.12),
        (0.12, 0.55, 0.30),
        (0.45, 0.15, 0.70),
        (0.5, 0.75, 1.0),
    )
    bright = {"night": 0.18, "blue hour": 0.5, "sunset": 0.85}.get(c.time, 0.8)
    start = float(random.uniform(-0.2, 0.2))
    for x in np.arange(-np.pi + start, np.pi, 0.36):
        if not c.u.min() - 0.2 < x < c.u.max() + 0.2:
            random.integers(2**31)
            continue
        own = np.random.default_rng(int(random.integers(2**31)))
        _lancet(room, float(x), 0.062, -0.08, 0.33, np.array(glass) * bright, own)
        room.glow(float(x), 0.12, 0.16, np.array((0.16, 0.13, 0.16)) * bright * 0.6, 1.6)
    piers = c.layer(5)
    for x in np.arange(-np.pi + start + 0.18, np.pi, 0.36):
        across = np.clip((u - F(x)) / F(0.052), -1, 1)
        round_ = (F(0.45) + F(0.55) * (F(0.5) - F(0.5) * across)) * np.array(1.0, np.float32)
        part = np.clip((F(0.052) - np.abs(u - F(x))) / F(c.pixel) + F(0.5), 0, 1) * step(-v, -0.62, -0.55)
        stone = np.array((0.33, 0.275, 0.21), np.float32) * F(level)
        piers.mask(part, stone * round_[..., None])
        piers.box(x - 0.068, x + 0.068, 0.36, 0.40, stone * F(0.8))
    pews = c.layer(3.2)
    for k, y in enumerate((-0.26, -0.34, -0.44)):
        pews.box(-9, 9, -3, y, np.array((0.075, 0.040, 0.020)) * (0.6 + 0.25 * k) * level)
        pews.box(-9, 9, y - 0.012, y, np.array((0.24, 0.13, 0.065)) * level)
    candles = c.layer(4)
    count = 150
    at = random.uniform((-np.pi, -0.26), (np.pi, -0.13), (count, 2)).astype(np.float32)
    candles.discs(
        at[:, 0], at[:, 1], np.full(count, 0.0034, np.float32), picked(random, ((1.0, 0.58, 0.20),), count, 0.4) * F(24)
    )
    return [room, piers, candles, pews]


def _lancet(
    layer: Layer, x: float, half: float, base: float, top: float, glass: np.ndarray, own: np.random.Generator
) -> None:
    """A pointed window of many small panes."""
    u, v = layer.canvas.grid()
    above = np.maximum(v - F(top - half * 1.5), 0) / F(half * 1.5)
    wide = F(half) * np.sqrt(np.maximum(1 - above**1.6, 0))
    shape = np.clip((wide - np.abs(u - F(x))) / F(layer.canvas.pixel) + F(0.5), 0, 1) * (v > base) * (v < top)
    table = own.random((30, 9))
    row = np.clip(((v - F(base)) / F(top - base) * 30).astype(int), 0, 29)
    column = np.clip(((u - F(x)) / F(half * 2) * 9 + F(4.5)).astype(int), 0, 8)
    pane = table[row, np.abs(column - 4)]
    colour = glass[(pane * 5.999).astype(int)] * (0.5 + (pane * 37 % 1))[..., None]
    white = (pane * 11 % 1) < 0.12
    colour = np.where(white[..., None], np.array((0.95, 0.95, 0.88)) * glass.max(), colour)
    layer.mask(np.asarray(shape, np.float32), colour.astype(np.float32))


def space(c: Canvas) -> list[Layer]:
    """Stars, a nebula's two colours, now and then a planet's edge."""
    random = c.random("space")
    hues = (
        ((0.115, 0.045, 0.13), (0.035, 0.095, 0.17)), ((0.17, 0.065, 0.045), (0.05, 0.06, 0.15)),
        ((0.035, 0.11, 0.115), (0.085, 0.04, 0.15)),
    )[int(random.integers(3))]  # fmt: skip
    deep = c.layer(0.30)
    u, v = c.grid()
    rise = np.clip(v, -2, 2)
    tilt = u * F(0.5) + rise * F(0.9)
    cloud = noise(u * F(2.6), rise * F(2.6), random, 6, 0.58)
    band = np.exp(-(((tilt + (cloud - F(0.5)) * F(0.7)) / F(0.42)) ** 2))
    other = noise(u * F(3.4) + F(9), rise * F(3.4), random, 5, 0.6)
    deep.fill(np.array((0.004, 0.005, 0.010)))
    deep.paint += (band * step(cloud, 0.22, 0.98))[..., None] * np.asarray(hues[0], np.float32) * F(1.5)
    deep.paint += (band * step(other, 0.28, 1.0))[..., None] * np.asarray(hues[1], np.float32) * F(1.6)
    stars = c.layer(0.30)
    count = 4200
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = random.normal(0, 0.6, count).astype(np.float32)
    bright = (random.pareto(1.1, count).clip(0.02, 40) * 4)[:, None] * random.uniform(0.65, 1.0, (count, 3))
    stars.discs(x, y, np.full(count, 0.0011, np.float32), bright.astype(np.float32))
    layers = [deep, stars]
    if random.random() < 0.5:
        layers.append(_planet(c, float(random.choice((-1, 1)))))
    return layers


def _planet(c: Canvas, side: float) -> Layer:
    """A planet, lit from one side, with a rim of air."""
    layer, random = c.layer(0.30), c.random("planet")
    u, v = c.grid()
    x, y = (u - F(side * 0.44)) / F(0.34), (v - F(0.16)) / F(0.34)
    far = np.hypot(x, y)
    depth = np.sqrt(np.maximum(1 - far * far, 0))
    light = np.clip(-x * F(side) * F(0.75) + y * F(0.35) + depth * F(0.45), 0, 1)
    bands = noise(x * F(1.2) + F(3), y * F(5), random, 4, 0.6)
    land = mix((0.10, 0.16, 0.30), (0.55, 0.50, 0.46), bands) * light[..., None]
    share = np.clip((1 - far) / F(c.pixel * 3) + F(0.5), 0, 1)
    layer.mask(share, land + (np.clip(far, 0, 1) ** 8 * light)[..., None] * np.array((0.10, 0.22, 0.42), np.float32))
    return layer
