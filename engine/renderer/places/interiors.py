"""Walls, windows, lamps, shelves and what stands on them, of which rooms are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.renderer.places.canvas import Canvas, Colour, Layer, mix, noise, picked, step
from engine.renderer.places.terrain import LEAVES
from engine.renderer.tracing.vectors import F, Floats

WARM = (1.0, 0.62, 0.28)
WOOD = ((0.17, 0.085, 0.040), (0.22, 0.115, 0.055), (0.13, 0.065, 0.032))
_OUTSIDE = {
    "day": ((1.95, 2.05, 2.15), (0.62, 0.78, 0.46)),
    "sunset": ((2.4, 1.30, 0.68), (0.75, 0.45, 0.30)),
    "blue hour": ((0.30, 0.38, 0.60), (0.07, 0.10, 0.15)),
    "night": ((0.03, 0.045, 0.09), (0.015, 0.02, 0.035)),
}


def dim(c: Canvas) -> float:
    """How bright a room with lamps looks: at night somewhat less than by day."""
    return {"night": 0.62, "blue hour": 0.72, "sunset": 0.85}.get(c.time, 1.0)


def wall(
    c: Canvas, away: float, colour: Colour, what: str, ceiling: Colour | None = None, floor: Colour | None = None,
    mottle: float = 0.12,
) -> Layer:  # fmt: skip
    """The far wall all round, with a ceiling and a floor where they are seen."""
    layer = c.layer(away)
    u, v = c.grid()
    random = c.random(what)
    base = np.asarray(colour, np.float32)
    layer.fill(base)
    blotch = noise(u * F(2.2), v * F(2.2), random, 4) - F(0.5)
    layer.lit(F(1) + F(mottle * 2) * blotch + F(0.25) * (np.clip(v, -0.6, 0.6)))
    roof = 2.2 / max(away, 1.0)
    top = np.asarray(ceiling if ceiling is not None else base * 1.1, np.float32)
    layer.mask(step(v, roof, roof + 0.05), top)
    ground = np.asarray(floor if floor is not None else base * 0.5, np.float32)
    layer.mask(step(-v, 1.6 / away, 1.6 / away + 0.04), ground)
    return layer


def falloff(layer: Layer, x: float, reach: float = 0.34, dark: float = 0.62) -> None:
    """A wall lit from the direction `x`: brighter there, `dark` far from it, uneven as walls are."""
    u, v = layer.canvas.grid()
    near = np.exp(-np.abs(u - F(x)) / F(reach) - np.abs(v - F(0.1)) * F(0.6))
    uneven = noise(u * F(4), v * F(4), layer.canvas.random("uneven"), 4) - F(0.5)
    layer.lit(F(dark) + F(1.35 - dark) * near + F(0.16) * uneven)


def window(
    layer: Layer, x: float, half: float, base: float, top: float, panes: tuple[int, int], frame: Colour,
    bright: float = 1.0, bar: float = 0.010,
) -> None:  # fmt: skip
    """A window with bars: what is outside by the time of day, and its light on the wall round it."""
    c = layer.canvas
    if not c.sees(x - half * 7, x + half * 7, base - 1, top + 1):
        return
    sky, land = (np.asarray(colour, np.float32) * F(bright) for colour in _OUTSIDE.get(c.time, _OUTSIDE["day"]))
    layer.glow(x, (base + top) / 2, half * 3.0, sky * F(0.10), 1.3)
    layer.box(x - half - bar * 1.6, x + half + bar * 1.6, base - bar * 2, top + bar * 1.6, frame)
    if not c.sees(x - half, x + half, base, top):
        return
    u, v = c.grid()
    leaves = noise(u * F(9), v * F(9), c.random(f"outside {x:.2f}"), 4, 0.6)
    low = step(leaves - (v - F(base)) / F(max(top - base, 0.1)) * F(1.1), -0.12, 0.22)
    view = mix(sky, land * (F(0.35) + F(1.3) * leaves[..., None]), low)
    across = step(u, x - half, x - half + c.pixel) * step(-u, -x - half, -x - half + c.pixel)
    rise = step(v, base, base + c.pixel) * step(-v, -top, -top + c.pixel)
    layer.mask(np.asarray(across * rise, np.float32), view)
    for k in range(1, panes[0]):
        at = x - half + 2 * half * k / panes[0]
        layer.box(at - bar / 2, at + bar / 2, base, top, frame)
    for k in range(1, panes[1]):
        at = base + (top - base) * k / panes[1]
        layer.box(x - half, x + half, at - bar / 2, at + bar / 2, frame)


def pendants(
    c: Canvas, away: float, what: str, gap: float, rise: float, radius: float, colour: Colour = WARM,
    bright: float = 7.0, shade: Colour | None = (0.03, 0.028, 0.026),
) -> Layer:  # fmt: skip
    """Lamps that hang in a row, each in its glow."""
    layer, random = c.layer(away), c.random(what)
    start = float(random.uniform(0, gap))
    tone = np.asarray(colour, np.float32)
    for x in np.arange(-np.pi + start, np.pi, gap):
        y = rise + float(random.uniform(-0.02, 0.02))
        layer.glow(float(x), y, radius * 8, tone * F(0.2))
        layer.box(x - 0.0015, x + 0.0015, y, 2.0, (0.02, 0.02, 0.02))
        if shade is not None:
            layer.discs(one(x), one(y + radius * 0.9), one(radius * 1.9), np.array([shade], np.float32), 1.0, 0.8)
        layer.discs(one(x), one(y), one(radius), (tone * F(bright))[None])
    return layer


def one(x: float) -> Floats:
    return np.array([x], np.float32)


def wide_apart(c: Canvas) -> bool:
    """Whether the canvas is too coarse for single things on shelves."""
    return c.pixel > 0.02


def shelf(
    layer: Layer, random: np.random.Generator, x: float, right: float, y: float, tall: float, things: str,
    colours: Sequence[Colour] | Floats,
) -> None:  # fmt: skip
    """What stands on a shelf's board from `x` to `right`: "books", "bottles" or "jars"."""
    c = layer.canvas
    shown = c.u.min() - 0.05, c.u.max() + 0.05
    if wide_apart(c):
        thin = 0.8 if things == "books" else 0.4
        layer.box(x, right, y, y + tall * 0.8, np.mean(np.asarray(colours), 0), 0, thin)
        return
    wide = {"books": 0.16, "bottles": 0.20, "jars": 0.42}[things] * tall
    while x < right:
        w = wide * float(random.uniform(0.6, 1.5))
        h = tall * float(random.uniform(0.62, 0.94))
        colour = picked(random, colours, 1, 0.35)[0]
        skipped = random.random() < (0.06 if things == "books" else 0.3)
        if shown[0] < x < shown[1] and not skipped:
            _thing(layer, things, x, w, y, h, colour)
        x += w * (1.02 if things == "books" else 1.35)


def _thing(layer: Layer, things: str, x: float, w: float, y: float, h: float, colour: Floats) -> None:
    if things == "books":
        layer.box(x, x + w, y, y + h, colour)
        layer.box(x + w * 0.15, x + w * 0.4, y, y + h, colour * F(1.3))
        return
    neck = 0.55 if things == "bottles" else 0.86
    layer.box(x, x + w, y, y + h * neck, colour, w * 0.2)
    layer.box(x + w * 0.32, x + w * 0.68, y, y + h, colour * F(0.8))
    layer.box(x + w * 0.18, x + w * 0.3, y + h * 0.08, y + h * neck * 0.9, colour * F(2.4) + F(0.15))


def plant(c: Canvas, away: float, what: str, x: float, y: float, size: float, light: Colour = (1, 1, 1)) -> Layer:
    """A pot plant: leaves in a clump."""
    layer, random = c.layer(away), c.random(what)
    count = 130
    at_x = (x + random.normal(0, size * 0.55, count)).astype(np.float32)
    at_y = (y + np.abs(random.normal(0, size * 0.8, count))).astype(np.float32)
    tints = picked(random, LEAVES, count, 0.4) * np.asarray(light, np.float32) * F(1.5)
    layer.box(
        x - size * 0.35,
        x + size * 0.35,
        y - size * 0.8,
        y + size * 0.1,
        np.array((0.35, 0.20, 0.13)) * np.asarray(light),
    )
    layer.discs(at_x, at_y, (size * random.uniform(0.10, 0.24, count)).astype(np.float32), tints, 0.95, 1.3)
    return layer


def bricks(layer: Layer, tall: float, wide: float, strength: float) -> None:
    """Courses of bricks, each a little lighter or darker, with pale joints."""
    u, v = layer.canvas.grid()
    row = np.floor(v / F(tall))
    column = np.floor(u / F(wide) + row % 2 * F(0.5))
    shade = np.abs(np.sin(row * F(12.9898) + column * F(78.233)) * F(43758.547)) % F(1)
    joint = ((v / F(tall)) % 1 < 0.14) | ((u / F(wide) + row % 2 * F(0.5)) % 1 < 0.06)
    layer.lit(np.where(joint, F(1.12), F(1 - strength / 2) + F(strength) * shade).astype(np.float32))


def shine(
    c: Canvas, away: float, what: str, count: int, rise: tuple[float, float], colour: Colour, bright: float
) -> Layer:
    """Small reflections on glass and metal."""
    layer, random = c.layer(away), c.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = random.uniform(*rise, count).astype(np.float32)
    level = (bright * random.uniform(0.3, 1.6, (count, 1))).astype(np.float32)
    layer.discs(x, y, np.full(count, 0.0026, np.float32), np.asarray(colour, np.float32)[None] * level)
    return layer
