"""Horizons, hills, ground, water and plants, of which land outdoors is made."""

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
    rough = noise(u * F(bumps * 4) + v * F(bumps * 3), v * F(bumps * 7), random, 6, gain)
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
    colours: Sequence[Colour] | Floats, spread: float = 0.3, tall: float = 1.0, share: float = 1.0,
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
    """Flowers of five petals round a darker middle, those of one kind together."""
    layer, random = canvas.layer(away), canvas.random(what)
    clumps = max(count // 9, 1)
    own = random.integers(clumps, size=count)
    x = (random.uniform(-np.pi, np.pi, clumps)[own] + random.normal(0, 0.055, count)).astype(np.float32)
    y = np.minimum(random.uniform(*rise, clumps)[own] + random.normal(0, 0.04, count), rise[1])
    tint = picked(random, colours, clumps, 0.25)[own] * np.exp(random.normal(-0.12, 0.3, (count, 1)))
    size = random.uniform(0.55, 1.0, count) * radius[1]
    size = np.maximum(size, radius[0])
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
    under = np.exp(-(((canvas.u - F(skies.sun_side(canvas))) / F(0.20)) ** 2))[None]
    facets = noise(x * F(2.6), y * F(5.0), random, 3, 0.8)  # far finer than waves: out of focus they are discs
    glint = step(facets + chop * F(0.35), 0.80, 0.98) * under
    picture = picture + glint[..., None] * np.asarray(sky.glow, np.float32) * F(6.0)
    layer.mask(np.clip(-v / F(canvas.pixel) + F(0.5), 0, 1), picture)
    return layer


def tufts(
    canvas: Canvas, sky: Sky, away: float, what: str, count: int, top: float, colours: Sequence[Colour],
    width: float = 0.003, lean: float = 0.15, spread: float = 0.035,
) -> Layer:  # fmt: skip
    """Stalks that stand up to the rise `top`, some `spread` lower, each ending in an ear that leans."""
    layer = canvas.layer(away)
    random = canvas.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    tops = (top - np.abs(random.normal(0, spread, count))).astype(np.float32)
    tints = hazed(picked(random, colours, count, 0.3), sky, 0.0)
    inside = np.flatnonzero(np.abs(x - canvas.u.mean()) < np.ptp(canvas.u) / 2 + 0.05)
    for k in inside[: 420 if canvas.pixel > 0.02 else None]:
        left, foot = float(x[k]), float(tops[k]) - 0.05 * float(random.uniform(0.6, 2.4))
        layer.box(left - width / 2, left + width / 2, foot, float(tops[k]), tints[k] * F(0.6), 0, 0.3)
    swing = (random.normal(0, lean, count) * 0.05).astype(np.float32)
    layer.discs(x + swing, tops, np.full(count, width * 1.7, np.float32), tints * F(1.15), 0.8, 2.8)
    return layer


def firs(
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


def trunks(c: Canvas, sky: Sky, away: float, haze: float, top: float = 0.6, stout: float = 0.6) -> Layer:
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
