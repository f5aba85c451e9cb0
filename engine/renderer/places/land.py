"""Land outdoors: horizons, hills, ground, plants, and the sets that are made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.renderer.places import skies
from engine.renderer.places.canvas import Canvas, Colour, Layer, mix, noise, picked, step
from engine.renderer.places.skies import Sky, hazed
from engine.renderer.tracing.vectors import F, Floats

LEAVES = ((0.045, 0.075, 0.018), (0.085, 0.13, 0.028), (0.15, 0.20, 0.05), (0.03, 0.055, 0.02))


def ridge(
    canvas: Canvas, away: float, base: float, height: float, low: Floats, high: Floats, what: str,
    bumps: float = 3.0, octaves: int = 5, relief: float = 0.35, gain: float = 0.6,
) -> Layer:  # fmt: skip
    """A line of hills: from `base` up to `height` more (as rises), `low` and `high` their colours."""
    layer = canvas.layer(away)
    random = canvas.random(what)
    line = F(base) + F(height) * noise(canvas.u[None] * F(bumps), np.zeros((1, 1), np.float32), random, octaves, 0.48)
    u, v = canvas.grid()
    rough = noise(u * F(bumps * 4) + v * F(bumps * 3), v * F(bumps * 7), random, 4, gain)
    share = np.clip((line - v) / F(canvas.pixel) + F(0.5), 0, 1)
    shade = np.clip((v - F(base)) / F(max(height, 1e-3)) * F(0.6) + (rough - F(0.3)) * F(0.9), 0, 1)
    facing = np.gradient(rough, axis=1) / F(bumps * 4 * canvas.pixel) * F(np.sign(skies.sun_side(canvas)) * relief)
    layer.mask(share, mix(low, high, shade) * np.clip(F(0.95) + facing, 0.45, 1.4)[..., None])
    return layer


def ground(
    canvas: Canvas, sky: Sky, low: Colour, high: Colour, what: str, grain: float = 0.7, haze: float = 0.5
) -> Layer:
    """A level floor up to the horizon, mottled from `low` to `high`."""
    layer = canvas.layer(12.0)
    x, y = canvas.floor()
    random = canvas.random(what)
    mottle = noise(x * F(grain), y * F(grain * 0.7), random, 4, 0.62)
    lost = F(haze) * step(y, 8.0, 130.0)
    bare = mix(low, high, mottle) * np.asarray(sky.land, np.float32)
    picture = bare * (1 - lost[..., None]) + np.asarray(sky.horizon, np.float32) * lost[..., None] * F(0.85)
    _, v = canvas.grid()
    layer.mask(np.clip(-v / F(canvas.pixel) + F(0.5), 0, 1), picture)
    return layer


def trees(
    canvas: Canvas, sky: Sky, away: float, base: float, height: float, what: str,
    colours: Sequence[Colour] = LEAVES, haze: float = 0.1, bumps: float = 5.0, gaps: float = 0.3, hang: bool = False,
) -> Layer:  # fmt: skip
    """Crowns of leaves with the sky between them, their lit sides upwards; or boughs that `hang` from above."""
    layer = canvas.layer(away)
    random = canvas.random(what)
    u, v = canvas.grid()
    v = -v if hang else v
    line = F(base) + F(height) * (
        F(0.35) + F(0.75) * noise(canvas.u[None] * F(bumps), np.zeros((1, 1), np.float32), random, 3)
    )
    leaf = noise(u * F(bumps * 5), v * F(bumps * 5), random, 5, 0.68)
    up = (v - F(base)) / F(height)
    share = step(line + (leaf - F(0.5)) * F(height * 0.6) - v, -0.01, 0.02)
    share = share * (1 - step(leaf, 0.62, 0.75) * step(up, 0.25, 0.9) * F(gaps))
    table = np.asarray(colours, np.float32)
    clump = noise(u * F(bumps * 1.3), v * F(bumps * 1.6), random, 3)
    tint = mix(mix(table[0], table[1], clump), table[2 % len(table)], step(leaf + up * F(0.2), 0.5, 0.85))
    layer.mask(share, hazed(tint, sky, haze) * (F(0.55) + F(0.9) * leaf)[..., None])
    return layer


def spots(
    canvas: Canvas, away: float, what: str, count: int, rise: tuple[float, float], radius: tuple[float, float],
    colours: Sequence[Colour], spread: float = 0.3, tall: float = 1.0, share: float = 1.0,
) -> Layer:  # fmt: skip
    """Many small things at random: blossoms, glints, leaves, flakes."""
    layer = canvas.layer(away)
    random = canvas.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = random.uniform(*rise, count).astype(np.float32)
    size = np.exp(random.uniform(np.log(radius[0]), np.log(radius[1]), count)).astype(np.float32)
    layer.discs(x, y, size, picked(random, colours, count, spread), share, tall)
    return layer


def blooms(
    canvas: Canvas, away: float, what: str, count: int, rise: tuple[float, float], radius: tuple[float, float],
    colours: Sequence[Colour],
) -> Layer:  # fmt: skip
    """Flowers of five petals round a darker middle."""
    layer, random = canvas.layer(away), canvas.random(what)
    x, y = random.uniform(-np.pi, np.pi, count), random.uniform(*rise, count)
    size, tint = random.uniform(*radius, count), picked(random, colours, count, 0.3)
    angle = random.uniform(0, 6.3, count)[:, None] + np.arange(6) * 1.26
    out = size[:, None] * np.array((0.62, 0.62, 0.62, 0.62, 0.62, 0.0))
    petal = np.exp(random.normal(0, 0.22, (count, 6, 1))) * np.array((1, 1, 1, 1, 1, 0.55))[:, None]
    layer.discs(
        (x[:, None] + np.cos(angle) * out).ravel().astype(np.float32),
        (y[:, None] + np.sin(angle) * out * 0.8).ravel().astype(np.float32),
        (size[:, None] * np.array((0.5, 0.5, 0.5, 0.5, 0.5, 0.3))).ravel().astype(np.float32),
        (tint[:, None] * petal).reshape(-1, 3).astype(np.float32), 0.92,
    )  # fmt: skip
    return layer


def water(canvas: Canvas, sky: Sky, deep: Colour, what: str, rough: float = 1.0) -> Layer:
    """The sea: waves that mirror the sky at a low angle, with glints below the sun."""
    layer = canvas.layer(60.0)
    x, y = canvas.floor(2.2)
    random = canvas.random(what)
    swell = noise(x * F(0.13), y * F(0.5), random, 3, 0.6)
    chop = noise(x * F(0.55), y * F(1.5), random, 4, 0.7)
    wave = (F(0.4) * swell + F(0.6) * chop - F(0.5)) * F(rough)
    _, v = canvas.grid()
    low_angle = np.exp(np.minimum(v, 0) * F(7.0))
    mirror = np.clip(low_angle * F(0.62) + wave * F(0.85), 0, 1)
    body = np.asarray(deep, np.float32) * np.maximum(np.asarray(sky.land, np.float32), 0.03)
    picture = mix(
        body, np.asarray(sky.horizon, np.float32) * F(0.75) + np.asarray(sky.zenith, np.float32) * F(0.25), mirror
    )
    under = np.exp(-(((canvas.u - F(skies.sun_side(canvas))) / F(0.16)) ** 2))[None]
    glint = step(chop + swell * F(0.4), 0.72, 0.95) * under
    picture = picture + glint[..., None] * np.asarray(sky.glow, np.float32) * F(2.4)
    layer.mask(np.clip(-v / F(canvas.pixel) + F(0.5), 0, 1), picture)
    return layer


def tufts(
    canvas: Canvas, sky: Sky, away: float, what: str, count: int, top: float, colours: Sequence[Colour],
    width: float = 0.003, lean: float = 0.15,
) -> Layer:  # fmt: skip
    """Stalks that stand up to about the rise `top`, each ending in an ear that leans."""
    layer = canvas.layer(away)
    random = canvas.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    tops = (top + random.normal(0, 0.035, count)).astype(np.float32)
    tints = hazed(picked(random, colours, count, 0.3), sky, 0.0)
    inside = np.flatnonzero(np.abs(x - canvas.u.mean()) < np.ptp(canvas.u) / 2 + 0.05)
    for k in inside[: 420 if canvas.pixel > 0.02 else None]:
        left, share = float(x[k]), F(0.45)
        layer.box(left - width / 2, left + width / 2, -3.0, float(tops[k]), tints[k] * F(0.7), 0, float(share))
    swing = (random.normal(0, lean, count) * 0.05).astype(np.float32)
    layer.discs(x + swing, tops, np.full(count, width * 1.7, np.float32), tints * F(1.25), 0.9, 4.0)
    return layer


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
        c, sky, 5, -1.4, 1.34, "beds", ((0.04, 0.085, 0.02), (0.10, 0.18, 0.04), (0.20, 0.30, 0.08)), 0.0, 7.0, 0.0
    )
    leaves = hazed(np.array(((0.30, 0.42, 0.12), (0.12, 0.20, 0.05)), np.float32), sky, 0)
    return [
        skies.painted(c, sky, 0.3), ground(c, sky, (0.05, 0.10, 0.02), (0.16, 0.24, 0.06), "lawn"), hedge,
        spots(c, 14, "climbers", 2600, (-0.35, 0.42), (0.004, 0.012), [*lit, leaves[0]]),
        near, blooms(c, 6, "flowers", 1900, (-0.85, 0.06), (0.010, 0.022), lit),
        spots(c, 5, "leaves", 3000, (-0.9, 0.02), (0.005, 0.011), leaves),
        blooms(c, 2.6, "near flowers", 330, (-1.0, -0.15), (0.018, 0.032), lit),
    ]  # fmt: skip


def field(c: Canvas) -> list[Layer]:
    """Ripe wheat up to a line of far trees."""
    sky = skies.of(c)
    gold = ((0.62, 0.42, 0.13), (0.78, 0.56, 0.22), (0.48, 0.31, 0.09), (0.88, 0.68, 0.34))
    return [
        skies.painted(c, sky, 0.35),
        ridge(c, 900, -0.02, 0.07, hazed(np.array((0.14, 0.2, 0.10)), sky, 0.5), hazed(np.array((0.2, 0.26, 0.12)), sky, 0.4), "hills"),
        trees(c, sky, 200, -0.03, 0.09, "far trees", LEAVES, 0.25, 9.0),
        ground(c, sky, (0.46, 0.30, 0.09), (0.80, 0.58, 0.24), "wheat", 1.3, 0.15),
        spots(c, 14, "ears", 5200, (-0.30, -0.015), (0.003, 0.006), [np.asarray(g) * np.asarray(sky.land) for g in gold], 0.35, 2.2),
        tufts(c, sky, 5, "stalks", 2600, -0.10, gold),
        tufts(c, sky, 2.4, "near stalks", 420, -0.14, gold, 0.006, 0.3),
    ]  # fmt: skip


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
    far = ridge(c, 9000, 0.02, 0.50, hazed(rock, sky, 0.30), hazed(snow, sky, 0.04), "peaks", 2.4, 6, 0.4, 0.5)
    return [
        skies.painted(c, sky, 0.35), far,
        ridge(c, 4000, -0.06, 0.36, hazed(rock * 0.7, sky, 0.20), hazed(rock * 1.7, sky, 0.10), "ridge", 2.6, 6, 0.3, 0.5),
        ridge(c, 1500, -0.16, 0.28, hazed(fir, sky, 0.07), hazed(slope * 1.3, sky, 0.05), "slope", 3.4, 6, 0.10),
        ridge(c, 60, -0.9, 0.80, hazed(fir * 0.9, sky, 0.02), hazed(np.array((0.17, 0.18, 0.09)), sky, 0), "meadow", 2.4, 5, 0.08),
    ]  # fmt: skip


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
    white = (0.92, 1.0, 1.12)
    layers = [
        skies.painted(c, sky, 0.7),
        _firs(c, sky, 140, 0.10, 0.24, 0.55, 170),
        _firs(c, sky, 45, 0.14, 0.42, 0.16, 70),
        ground(c, sky, (0.62, 0.74, 0.92), white, "snow", 0.5, 0.25),
    ]
    flakes = np.asarray(white, np.float32) * np.asarray(sky.land, np.float32) * F(1.25)
    return [
        *layers, spots(c, 12, "far flakes", 2500, (-0.7, 1.2), (0.0016, 0.003), [flakes], 0.1, 1.0, 0.9),
        spots(c, 2.0, "flakes", 420, (-0.7, 1.2), (0.004, 0.008), [flakes], 0.1, 1.0, 0.85),
    ]  # fmt: skip


def fog(c: Canvas) -> list[Layer]:
    """Trees that are lost in white."""
    sky = skies.of(c, "grey")
    pale = skies.Sky(sky.horizon, sky.horizon, sky.glow, sky.land, sky.horizon, sky.sun_rise, sky.reach)
    layers = [skies.painted(c, pale, 0.0)]
    for away, height, haze, count in ((150, 0.16, 0.90, 150), (70, 0.30, 0.76, 80), (30, 0.55, 0.56, 26)):
        layers.append(_firs(c, pale, away, height * 0.6, height, haze, count, snowy=False))
        layers.append(_trunks(c, pale, away, haze))
    lawn = ground(c, pale, (0.10, 0.11, 0.08), (0.2, 0.2, 0.15), "heath", 0.7, 1.0)
    lost = step(c.grid()[1], -0.5, -0.05)[..., None]
    lawn.paint = lawn.paint * (1 - lost * F(0.9)) + lawn.alpha[..., None] * np.asarray(
        pale.horizon, np.float32
    ) * lost * F(0.8)
    return [layers[0], lawn, *layers[1:]]


def _firs(
    c: Canvas, sky: Sky, away: float, least: float, most: float, haze: float, count: int, snowy: bool = True
) -> Layer:
    """Pointed firs, with snow on their boughs if so."""
    layer, random = c.layer(away), c.random(f"firs {away}")
    u, v = c.grid()
    dark, pale = (
        hazed(np.array((0.035, 0.055, 0.06)), sky, haze),
        hazed(
            np.array((0.85, 0.92, 1.0)) if snowy else np.array((0.08, 0.09, 0.07)), sky, haze * 0.6 if snowy else haze
        ),
    )
    snowed = noise(u * F(26), v * F(34), random, 4, 0.65)
    tint = mix(dark, pale, step(snowed, 0.48, 0.72))
    foot = -1.6 / away
    for x in np.sort(random.uniform(-np.pi, np.pi, count)):
        top, wide = float(random.uniform(least, most)), float(random.uniform(0.16, 0.24))
        if not c.u.min() - 0.1 < x < c.u.max() + 0.1:
            continue
        half = (F(top) - v) * F(wide) * (F(0.8) + F(0.5) * np.abs(np.sin((v - F(foot)) * F(9 / (top - foot)) * F(3))))
        share = np.clip((half - np.abs(u - F(x)) + (snowed - F(0.5)) * F(0.03)) / F(max(c.pixel, 0.004)), 0, 1)
        share = share * ((v > foot) if snowy else step(v, foot, foot + 0.14))
        layer.mask(np.asarray(share, np.float32), tint)
    return layer


def park(c: Canvas) -> list[Layer]:
    """A lawn, old trees at its edge, a path with benches."""
    sky = skies.of(c)
    autumn = c.random("season").random() < 0.25
    leaf = (
        ((0.20, 0.10, 0.02), (0.45, 0.22, 0.04), (0.70, 0.42, 0.08))
        if autumn
        else ((0.04, 0.085, 0.015), (0.11, 0.19, 0.03), (0.30, 0.40, 0.08))
    )
    lawn = ground(c, sky, (0.10, 0.20, 0.025), (0.24, 0.40, 0.06), "lawn", 0.6, 0.12)
    x, y = c.floor()
    shade = noise(x * F(0.16), y * F(0.10), c.random("shade"), 4, 0.6)
    lawn.lit(F(0.50) + F(0.75) * step(shade, 0.42, 0.6))
    path = c.layer(12)
    bend = x + F(1.5) - F(0.25) * (y - F(6)) * F(float(c.random("path").choice((-1, 1))))
    path.mask(step(F(1.1) - np.abs(bend), -0.15, 0.15) * (y < 60) * F(0.9), hazed(np.array((0.55, 0.48, 0.38)), sky, 0))
    glints = [
        np.asarray(sky.horizon, np.float32) * F(1.5),
        np.asarray(sky.land, np.float32) * np.array((0.9, 1.0, 0.45), np.float32) * F(1.3),
    ]
    return [
        skies.painted(c, sky, 0.3),
        trees(c, sky, 120, -0.02, 0.16, "far trees", leaf, 0.30, 7.0, 0.2),
        trees(c, sky, 40, -0.015, 0.26, "trees", leaf, 0.08, 4.0, 0.7), lawn, path, _trunks(c, sky, 30, 0.05, 0.14, 0.4),
        trees(c, sky, 14, -0.52, 0.34, "boughs", leaf, 0.02, 3.0, 1.0, True),
        spots(c, 14, "dapples", 1500, (0.02, 0.55), (0.0022, 0.0045), glints, 0.4),
    ]  # fmt: skip


def _trunks(c: Canvas, sky: Sky, away: float, haze: float, top: float = 0.6, stout: float = 0.6) -> Layer:
    layer, random = c.layer(away), c.random(f"trunks {away}")
    for x in random.uniform(-np.pi, np.pi, 44):
        wide = stout * float(random.uniform(0.25, 0.6)) / away
        layer.box(
            x - wide,
            x + wide,
            -1.6 / away,
            float(random.uniform(top / 3, top)),
            hazed(np.array((0.085, 0.07, 0.055)), sky, haze),
            0.004,
        )
    return layer
