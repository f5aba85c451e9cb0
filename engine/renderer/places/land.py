"""Land outdoors: horizons, hills, ground, plants, and the sets that are made of them."""

from __future__ import annotations

import numpy as np

from engine.renderer.places import skies
from engine.renderer.places.canvas import Canvas, Layer, noise, step
from engine.renderer.places.skies import hazed
from engine.renderer.places.terrain import blooms, firs, ground, ridge, spots, trees, trunks, tufts, water
from engine.renderer.tracing.vectors import F

LEAVES = ((0.045, 0.075, 0.018), (0.085, 0.13, 0.028), (0.15, 0.20, 0.05), (0.03, 0.055, 0.02))


def garden(c: Canvas) -> list[Layer]:
    """Flower beds before hedges."""
    sky = skies.of(c)
    random = c.random("garden")
    beds = (
        ((0.80, 0.10, 0.22), (0.95, 0.45, 0.55), (0.85, 0.75, 0.78)),
        ((0.75, 0.18, 0.50), (0.95, 0.70, 0.15), (0.85, 0.30, 0.10)),
        ((0.55, 0.30, 0.75), (0.90, 0.40, 0.60), (0.95, 0.90, 0.85)),
    )[int(random.integers(3))]
    lit = [np.asarray(b, np.float32) * np.asarray(sky.land, np.float32) for b in beds]
    hedge = trees(c, sky, 14, -0.6, 1.2, "hedge", LEAVES, 0.06, 4.0, 0.25)
    near = trees(
        c, sky, 5, -1.4, 1.38, "beds", ((0.04, 0.085, 0.02), (0.10, 0.18, 0.04), (0.20, 0.30, 0.08)), 0.0, 7.0, 0.0
    )
    leaves = hazed(np.array(((0.30, 0.42, 0.12), (0.12, 0.20, 0.05)), np.float32), sky, 0)
    return [
        skies.painted(c, sky, 0.3),
        ground(c, sky, (0.05, 0.10, 0.02), (0.16, 0.24, 0.06), "lawn"),
        hedge,
        spots(c, 14, "climbers", 900, (-0.35, 0.20), (0.003, 0.009), [*lit, leaves[0], leaves[1]], 0.5),
        near,
        blooms(c, 6, "flowers", 1500, (-0.85, 0.06), (0.007, 0.020), lit),
        spots(c, 5, "leaves", 3600, (-0.9, 0.02), (0.004, 0.012), leaves, 0.6),
        blooms(c, 2.6, "near flowers", 300, (-1.0, -0.15), (0.014, 0.032), lit),
    ]


def field(c: Canvas) -> list[Layer]:
    """Ripe wheat up to a line of far trees."""
    sky = skies.of(c)
    gold = ((0.62, 0.42, 0.13), (0.78, 0.56, 0.22), (0.48, 0.31, 0.09), (0.88, 0.68, 0.34))
    return [
        skies.painted(c, sky, 0.35),
        ridge(
            c,
            900,
            -0.02,
            0.07,
            hazed(np.array((0.14, 0.2, 0.10)), sky, 0.5),
            hazed(np.array((0.2, 0.26, 0.12)), sky, 0.4),
            "hills",
        ),
        trees(c, sky, 200, -0.03, 0.17, "far trees", LEAVES, 0.12, 9.0),
        _wheat(c, sky),
        spots(
            c,
            14,
            "ears",
            6000,
            (-0.24, -0.015),
            (0.0012, 0.0036),
            [np.asarray(g) * np.asarray(sky.land) for g in gold],
            0.5,
            2.2,
        ),
        tufts(c, sky, 5, "stalks", 2600, -0.13, gold, spread=0.05),
        tufts(c, sky, 2.4, "near stalks", 900, -0.26, gold, 0.0042, 0.3, 0.11),
    ]


def _wheat(c: Canvas, sky: skies.Sky) -> Layer:
    """A standing crop: waves that the wind draws, rows that run away, and shade between the ears that are near."""
    crop = ground(c, sky, (0.40, 0.25, 0.075), (0.84, 0.60, 0.25), "wheat", 1.3, 0.22)
    x, y = c.floor()
    wind = noise(x * F(0.10), y * F(0.045), c.random("wind"), 3, 0.6)
    u, v = c.grid()
    ears = noise(u * F(46), v * F(20), c.random("crop"), 4, 0.72)
    deep = np.clip((F(-0.04) - v) / F(0.5), 0, 1)
    crop.lit((F(0.66) + F(0.75) * wind) * (F(1) - deep * (F(0.30) + F(0.9) * (F(0.62) - ears))))
    return crop


def beach(c: Canvas) -> list[Layer]:
    """Sand, a line of surf, the sea above it."""
    sky = skies.of(c)
    layers = [skies.painted(c, sky, 0.25), water(c, sky, (0.02, 0.33, 0.42), "bay", 0.7)]
    surf = c.layer(25)
    u, v = c.grid()
    edge = noise(u * F(3), np.zeros((1, 1), np.float32), c.random("surf"), 3) * F(0.035)
    foam = noise(u * F(14), v * F(60), c.random("foam"), 4, 0.6)
    for at, thick in ((-0.045, 0.012), (-0.095, 0.020)):
        share = np.exp(-(((v - F(at) + edge) / F(thick)) ** 2)) * step(foam, 0.30, 0.62)
        surf.mask(np.asarray(share, np.float32), np.array((0.95, 0.97, 1.0)) * np.asarray(sky.land))
    sand = ground(c, sky, (0.56, 0.43, 0.28), (0.84, 0.69, 0.48), "sand", 1.1, 0.0)
    shore = step(F(-0.125) + edge * F(0.7) - v, -0.004, 0.012)
    wet = F(1) - F(0.42) * step(v, -0.21, -0.13)
    sand.paint *= (shore * wet)[..., None]
    sand.alpha *= shore
    return [*layers, surf, sand]


def sea(c: Canvas) -> list[Layer]:
    """Open water, from a deck or a pier."""
    sky = skies.of(c)
    layers = [skies.painted(c, sky, 0.6, 0.8), water(c, sky, (0.012, 0.075, 0.13), "sea", 1.5)]
    if c.random("coast").random() < 0.5:
        far = ridge(
            c,
            4000,
            -0.01,
            0.06,
            hazed(np.array((0.1, 0.13, 0.16)), sky, 0.6),
            hazed(np.array((0.14, 0.17, 0.2)), sky, 0.5),
            "coast",
            2.0,
        )
        layers.insert(1, far)
    return layers


def mountains(c: Canvas) -> list[Layer]:
    """Peaks behind peaks, snow on the far ones, firs on the near."""
    sky = skies.of(c)
    rock, snow = np.array((0.20, 0.22, 0.28)), np.array((1.15, 1.18, 1.25))
    slope, fir = np.array((0.11, 0.14, 0.10)), np.array((0.035, 0.06, 0.035))
    far = ridge(c, 9000, 0.02, 0.50, hazed(rock, sky, 0.30), hazed(snow, sky, 0.04), "peaks", 2.4, 6, 0.5, 0.58)
    return [
        skies.painted(c, sky, 0.35),
        far,
        ridge(
            c, 4000, -0.06, 0.36, hazed(rock * 0.7, sky, 0.20), hazed(rock * 1.7, sky, 0.10), "ridge", 2.6, 6, 0.42, 0.6
        ),
        ridge(c, 1500, -0.16, 0.28, hazed(fir, sky, 0.07), hazed(slope * 1.3, sky, 0.05), "slope", 3.4, 6, 0.28),
        ridge(
            c,
            60,
            -0.9,
            0.80,
            hazed(fir * 0.9, sky, 0.02),
            hazed(np.array((0.17, 0.18, 0.09)), sky, 0),
            "meadow",
            2.4,
            5,
            0.08,
        ),
    ]


def desert(c: Canvas) -> list[Layer]:
    """Dunes, lit from the side."""
    sky = skies.of(c)
    low, high = np.array((0.42, 0.17, 0.045)), np.array((1.0, 0.54, 0.20))
    layers = [skies.painted(c, sky, 0.06)]
    for k, (away, base, height, haze, bumps) in enumerate(
        (
            (3000, 0.0, 0.14, 0.26, 2.5),
            (400, -0.10, 0.20, 0.10, 1.7),
            (60, -0.30, 0.28, 0.03, 1.2),
            (9, -0.9, 0.66, 0.0, 1.0),
        )
    ):
        layers.append(
            ridge(
                c, away, base, height, hazed(low, sky, haze), hazed(high, sky, haze), f"dune {k}", bumps, 3, 0.45, 0.22
            )
        )
    return layers


def snow(c: Canvas) -> list[Layer]:
    """Snow on the ground and on firs, flakes in the air."""
    sky = skies.of(c, "grey")
    white = (0.97, 1.0, 1.05)
    layers = [
        skies.painted(c, sky, 0.7),
        firs(c, sky, 140, 0.10, 0.24, 0.55, 170),
        firs(c, sky, 45, 0.14, 0.42, 0.16, 70),
        ground(c, sky, (0.70, 0.77, 0.87), white, "snow", 0.5, 0.25),
    ]
    flakes = np.asarray(white, np.float32) * np.asarray(sky.land, np.float32) * F(1.25)
    return [
        *layers,
        spots(c, 12, "far flakes", 2500, (-0.7, 1.2), (0.0016, 0.003), [flakes], 0.1, 1.0, 0.9),
        spots(c, 2.0, "flakes", 420, (-0.7, 1.2), (0.004, 0.008), [flakes], 0.1, 1.0, 0.85),
    ]


def fog(c: Canvas) -> list[Layer]:
    """Trees that are lost in white."""
    sky = skies.of(c, "grey")
    pale = skies.Sky(sky.horizon, sky.horizon, sky.glow, sky.land, sky.horizon, sky.sun_rise, sky.reach)
    layers = [skies.painted(c, pale, 0.0)]
    for away, height, haze, count in ((150, 0.16, 0.90, 150), (70, 0.30, 0.76, 80), (30, 0.55, 0.56, 26)):
        layers.append(firs(c, pale, away, height * 0.6, height, haze, count, snowy=False))
        layers.append(trunks(c, pale, away, haze))
    lawn = ground(c, pale, (0.10, 0.11, 0.08), (0.2, 0.2, 0.15), "heath", 0.7, 1.0)
    lost = step(c.grid()[1], -0.5, -0.05)[..., None]
    lawn.paint = lawn.paint * (1 - lost * F(0.9)) + lawn.alpha[..., None] * np.asarray(
        pale.horizon, np.float32
    ) * lost * F(0.8)
    return [layers[0], lawn, *layers[1:]]


def park(c: Canvas) -> list[Layer]:
    """A lawn, old trees at its edge, a path with benches."""
    sky = skies.of(c)
    autumn = c.random("season").random() < 0.25
    leaf = (
        ((0.20, 0.10, 0.02), (0.45, 0.22, 0.04), (0.70, 0.42, 0.08))
        if autumn
        else ((0.04, 0.085, 0.015), (0.11, 0.19, 0.03), (0.30, 0.40, 0.08))
    )
    lawn = ground(c, sky, (0.095, 0.15, 0.035), (0.21, 0.29, 0.085), "lawn", 0.6, 0.12)
    x, y = c.floor()
    shade = noise(x * F(0.16), y * F(0.10), c.random("shade"), 4, 0.6)
    lawn.lit(F(0.50) + F(0.75) * step(shade, 0.42, 0.6))
    path = c.layer(12)
    side = F(float(c.random("path").choice((-1, 1))))
    bend = x + side * (F(1.7) - F(0.010) * (y - F(4)) ** 2)
    grit = F(0.7) + F(0.6) * noise(x * F(1.5), y * F(0.8), c.random("dust"), 4)
    dust = hazed(np.array((0.36, 0.31, 0.24)), sky, 0) * grit[..., None]
    path.mask(step(F(0.9) - np.abs(bend), -0.15, 0.15) * (y < 24) * F(0.85), dust)
    path.lit(F(0.45) + F(0.8) * step(shade, 0.42, 0.6))
    glints = [
        np.asarray(sky.horizon, np.float32) * F(1.5),
        np.asarray(sky.land, np.float32) * np.array((0.9, 1.0, 0.45), np.float32) * F(1.3),
    ]
    return [
        skies.painted(c, sky, 0.3),
        trees(c, sky, 120, -0.02, 0.30, "far trees", leaf, 0.30, 7.0, 0.2),
        trees(c, sky, 40, -0.015, 0.52, "trees", leaf, 0.08, 4.0, 0.7),
        lawn,
        path,
        trunks(c, sky, 30, 0.05, 0.14, 0.4),
        trees(c, sky, 14, -0.52, 0.34, "boughs", leaf, 0.02, 3.0, 1.0, True),
        spots(c, 14, "dapples", 1500, (0.02, 0.55), (0.0022, 0.0045), glints, 0.4),
    ]
