"""Rooms: walls, windows, shelves, lamps and furniture, and the sets that are made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.renderer.places.canvas import Canvas, Colour, Layer, mix, noise, picked, step
from engine.renderer.places.land import LEAVES
from engine.renderer.tracing.vectors import F, Floats

WARM = (1.0, 0.62, 0.28)
WOOD = ((0.17, 0.085, 0.040), (0.22, 0.115, 0.055), (0.13, 0.065, 0.032))
_OUTSIDE = {
    "day": ((0.95, 1.05, 1.15), (0.45, 0.62, 0.42)),
    "sunset": ((1.5, 0.80, 0.42), (0.55, 0.33, 0.24)),
    "night": ((0.03, 0.045, 0.09), (0.015, 0.02, 0.035)),
}


def dim(c: Canvas) -> float:
    """How bright a room with lamps looks: at night somewhat less than by day."""
    return {"night": 0.62, "sunset": 0.85}.get(c.time, 1.0)


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
    sky, land = (np.asarray(colour, np.float32) * F(bright) for colour in _OUTSIDE.get(c.time, _OUTSIDE["day"]))
    layer.glow(x, (base + top) / 2, half * 3.0, sky * F(0.10), 1.3)
    layer.box(x - half - bar * 1.6, x + half + bar * 1.6, base - bar * 2, top + bar * 1.6, frame)
    u, v = c.grid()
    leaves = noise(u * F(9), v * F(9), c.random(f"outside {x:.2f}"), 4, 0.6)
    low = step(leaves - (v - F(base)) / F(max(top - base, 0.1)) * F(0.9), -0.15, 0.30)
    view = mix(sky, land, low) * (F(0.75) + F(0.5) * leaves)[..., None]
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
        layer.glow(float(x), y, radius * 8, tone * F(0.35))
        layer.box(x - 0.0015, x + 0.0015, y, 2.0, (0.02, 0.02, 0.02))
        if shade is not None:
            layer.discs(_one(x), _one(y + radius * 0.9), _one(radius * 1.9), np.array([shade], np.float32), 1.0, 0.8)
        layer.discs(_one(x), _one(y), _one(radius), (tone * F(bright))[None])
    return layer


def _one(x: float) -> Floats:
    return np.array([x], np.float32)


def wide_apart(c: Canvas) -> bool:
    """Whether the canvas is too coarse for single things on shelves."""
    return c.pixel > 0.02


def shelf(
    layer: Layer, random: np.random.Generator, x: float, right: float, y: float, tall: float, things: str,
    colours: Sequence[Colour],
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


def daylight_studio(c: Canvas) -> list[Layer]:
    """A loft with tall factory windows and pale walls."""
    side = float(c.random("side").choice((-1, 1)))
    room = wall(c, 4.5, np.array((0.47, 0.45, 0.42)) * dim(c), "loft", (0.6, 0.6, 0.58), (0.36, 0.25, 0.16), 0.10)
    _bricks(room, 0.022, 0.058, 0.16)
    falloff(room, side * 0.17)
    for k in range(7):
        x = side * 0.17 + k * 2 * np.pi / 7
        x = (x + np.pi) % (2 * np.pi) - np.pi
        window(room, float(x), 0.20, -0.16, 0.62, (4, 6), (0.09, 0.095, 0.10), 1.5, 0.009)
    room.glow(side * 0.2, 0.1, 0.7, np.array((0.22, 0.23, 0.24)) * dim(c))
    stool = c.layer(3.4)
    stool.box(-side * 0.22 - 0.10, -side * 0.22 + 0.10, -0.34, 0.16, (0.42, 0.33, 0.24), 0.01)
    stool.box(-side * 0.22 - 0.085, -side * 0.22 + 0.085, -0.32, 0.145, (0.74, 0.71, 0.66), 0.01)
    return [room, stool, plant(c, 3.2, "fig", -side * 0.26, -0.26, 0.10)]


def cafe(c: Canvas) -> list[Layer]:
    """A café: a brick and wood wall, shelves, hanging lamps, a window to the street."""
    random, side = c.random("cafe"), float(c.random("side").choice((-1, 1)))
    level = dim(c)
    room = wall(c, 5, np.array((0.27, 0.145, 0.085)) * level, "plaster", (0.11, 0.09, 0.08), (0.14, 0.08, 0.05), 0.25)
    _bricks(room, 0.020, 0.055, 0.30)
    falloff(room, side * 0.24, 0.3, 0.7)
    window(room, side * 0.24, 0.13, -0.15, 0.26, (2, 2), (0.05, 0.04, 0.035), 0.9)
    window(room, side * 0.24 - 2.4 * side, 0.5, -0.2, 0.4, (4, 2), (0.05, 0.04, 0.035), 0.9)
    tones = ((0.75, 0.70, 0.62), (0.40, 0.20, 0.10), (0.20, 0.28, 0.25), (0.62, 0.42, 0.2))
    for y in (-0.06, 0.07, 0.20):
        left = -side * 0.16 - 0.20
        room.box(left, left + 0.40, y - 0.012, y, np.array(WOOD[1]) * level)
        shelf(room, random, left + 0.01, left + 0.38, y, 0.075, "jars", np.array(tones) * level)
    counter = c.layer(3.0)
    counter.box(-9, 9, -2, -0.225, np.array((0.13, 0.07, 0.038)) * level, 0.01)
    counter.box(-9, 9, -0.235, -0.215, np.array((0.42, 0.26, 0.14)) * level)
    chairs = c.layer(1.8)
    for x in (-side * 0.2, side * 0.16, side * 0.62):
        chairs.box(x - 0.075, x + 0.075, -0.40, -0.26, (0.04, 0.025, 0.018), 0.02)
    shine = _shine(c, 3.5, "cups", 120, (-0.22, 0.2), (1.0, 0.78, 0.5), 5)
    return [room, pendants(c, 4.4, "far lamps", 0.17, 0.28, 0.011, bright=8), counter, shine,
            pendants(c, 2.2, "lamps", 0.36, 0.36, 0.022, bright=5), chairs]  # fmt: skip


def _bricks(layer: Layer, tall: float, wide: float, strength: float) -> None:
    """Courses of bricks, each a little lighter or darker, with pale joints."""
    u, v = layer.canvas.grid()
    row = np.floor(v / F(tall))
    column = np.floor(u / F(wide) + row % 2 * F(0.5))
    shade = np.abs(np.sin(row * F(12.9898) + column * F(78.233)) * F(43758.547)) % F(1)
    joint = ((v / F(tall)) % 1 < 0.14) | ((u / F(wide) + row % 2 * F(0.5)) % 1 < 0.06)
    layer.lit(np.where(joint, F(1.12), F(1 - strength / 2) + F(strength) * shade).astype(np.float32))


def _shine(
    c: Canvas, away: float, what: str, count: int, rise: tuple[float, float], colour: Colour, bright: float
) -> Layer:
    """Small reflections on glass and metal."""
    layer, random = c.layer(away), c.random(what)
    x = random.uniform(-np.pi, np.pi, count).astype(np.float32)
    y = random.uniform(*rise, count).astype(np.float32)
    level = (bright * random.uniform(0.3, 1.6, (count, 1))).astype(np.float32)
    layer.discs(x, y, np.full(count, 0.0026, np.float32), np.asarray(colour, np.float32)[None] * level)
    return layer


def bar(c: Canvas) -> list[Layer]:
    """A bar at night: bottles before lit shelves, tubes of coloured light without words."""
    random = c.random("bar")
    accent = np.asarray(
        ((1.0, 0.10, 0.45), (0.12, 0.45, 1.0), (0.60, 0.16, 1.0), (0.05, 0.75, 0.65))[int(random.integers(4))],
        np.float32,
    )
    room = wall(c, 4, (0.030, 0.020, 0.022), "bar wall", (0.015, 0.012, 0.014), (0.02, 0.014, 0.012), 0.3)
    glass = ((0.55, 0.20, 0.03), (0.12, 0.30, 0.07), (0.70, 0.42, 0.10), (0.35, 0.05, 0.04), (0.55, 0.62, 0.66))
    for k, y in enumerate((-0.13, 0.005, 0.14)):
        back = np.array((0.62, 0.30, 0.10), np.float32) * F(0.55 + 0.15 * k)
        for x in np.arange(-np.pi, np.pi, 0.50):
            room.box(x, x + 0.44, y, y + 0.11, back * F(0.6), 0.02)
            room.box(x, x + 0.44, y, y + 0.035, back * F(1.5), 0.03)
            shelf(room, random, float(x) + 0.01, float(x) + 0.42, y, 0.098, "bottles", glass)
            room.box(x - 0.01, x + 0.45, y - 0.012, y, (0.05, 0.03, 0.02))
    room.glow(float(random.uniform(-0.4, 0.4)), 0.32, 0.36, accent * F(0.28))
    tubes = c.layer(3.8)
    for x in np.arange(-np.pi + float(random.uniform(0, 0.5)), np.pi, 0.62):
        tubes.box(x, x + 0.34, 0.315, 0.324, accent * F(4.5))
    top = c.layer(2.6)
    top.box(-9, 9, -2, -0.20, (0.035, 0.018, 0.010), 0.01)
    top.box(-9, 9, -0.212, -0.195, (0.30, 0.15, 0.06))
    shine = _shine(c, 3.6, "glasses", 700, (-0.2, 0.26), (1.0, 0.74, 0.42), 7)
    return [room, tubes, shine, top, _shine(c, 2.4, "bar top", 160, (-0.30, -0.18), accent + F(0.3), 4),
            pendants(c, 2.4, "bar lamps", 0.42, 0.22, 0.014, bright=9)]  # fmt: skip


def library(c: Canvas) -> list[Layer]:
    """Shelves of books to the ceiling, a reading lamp."""
    random, level = c.random("library"), dim(c)
    spines = (
        (0.30, 0.055, 0.04),
        (0.06, 0.11, 0.07),
        (0.05, 0.07, 0.15),
        (0.36, 0.22, 0.10),
        (0.50, 0.42, 0.30),
        (0.14, 0.07, 0.05),
    )
    room = wall(c, 3, np.array((0.050, 0.028, 0.016)) * level, "case", (0.3, 0.24, 0.18), (0.12, 0.07, 0.04), 0.2)
    board = np.array((0.20, 0.105, 0.052)) * level
    lit = np.array(spines) * level * 1.15
    for x in np.arange(-np.pi + float(random.uniform(0, 0.4)), np.pi, 0.46):
        for y in np.arange(-0.62, 0.62, 0.125):
            shelf(room, random, float(x) + 0.01, float(x) + 0.43, float(y), 0.106, "books", lit)
            room.box(x, x + 0.46, y - 0.014, y, board)
        room.box(x - 0.014, x + 0.014, -0.8, 0.8, board * 1.25)
    u, v = c.grid()
    side = float(random.choice((-1, 1))) * 0.3
    pool = np.exp(-(((u - F(side)) / F(0.5)) ** 2 + ((v - F(0.05)) / F(0.45)) ** 2))
    room.lit((F(0.62) + F(0.85) * pool)[..., None] * np.array((1.06, 0.98, 0.84), np.float32))
    lamp = pendants(c, 2.4, "reading lamp", 0.55, 0.30, 0.020, bright=5, shade=(0.03, 0.09, 0.05))
    return [room, lamp]


def office(c: Canvas) -> list[Layer]:
    """An open office: a wall of glass, ceiling panels, screens and plants."""
    random, level = c.random("office"), dim(c)
    room = wall(c, 7, np.array((0.52, 0.56, 0.60)) * level, "office wall", (0.55, 0.58, 0.62), (0.22, 0.24, 0.27), 0.05)
    falloff(room, float(random.uniform(-0.3, 0.3)), 0.5, 0.7)
    start = float(random.uniform(-0.3, 0.1))
    for k in range(14):
        x = (start + k * 0.45 + np.pi) % (2 * np.pi) - np.pi
        if k % 5 != 4:
            window(room, float(x), 0.205, -0.10, 0.27, (2, 1), (0.20, 0.22, 0.24), 0.85, 0.008)
    panels = c.layer(5)
    for x in np.arange(-np.pi, np.pi, 0.30):
        panels.box(x, x + 0.17, 0.345, 0.375, np.array((1.7, 1.8, 1.9)), 0.01)
        panels.box(x - 0.02, x + 0.13, 0.47, 0.53, np.array((1.7, 1.8, 1.9)), 0.01)
    desks = c.layer(3.6)
    desks.box(-9, 9, -0.40, -0.215, np.array((0.26, 0.28, 0.31)) * level, 0.02)
    desks.box(-9, 9, -0.225, -0.205, np.array((0.62, 0.60, 0.56)) * level)
    for x in np.arange(-np.pi + float(random.uniform(0, 0.3)), np.pi, 0.34):
        desks.box(x, x + 0.17, -0.19, -0.085, (0.02, 0.022, 0.025))
        desks.box(x + 0.006, x + 0.164, -0.184, -0.091, np.array((0.20, 0.34, 0.52)) * float(random.uniform(0.6, 1.5)))
        desks.box(x + 0.22, x + 0.29, -0.30, -0.12, (0.06, 0.07, 0.085), 0.02)
    side = float(random.choice((-1, 1)))
    return [room, panels, desks, plant(c, 2.6, "office plant", side * 0.36, -0.17, 0.11),
            plant(c, 2.6, "other plant", -side * 1.4, -0.17, 0.12)]  # fmt: skip


def kitchen(c: Canvas) -> list[Layer]:
    """A kitchen: tiles, cabinets, a counter, pans, herbs at the window."""
    random, level, side = c.random("kitchen"), dim(c), float(c.random("side").choice((-1, 1)))
    front = np.asarray(
        ((0.20, 0.30, 0.29), (0.62, 0.60, 0.55), (0.13, 0.19, 0.27))[int(random.integers(3))], np.float32
    ) * F(level)
    room = wall(c, 3, np.array((0.50, 0.46, 0.39)) * level, "tiles", (0.75, 0.74, 0.7), (0.3, 0.2, 0.13), 0.05)
    _bricks(room, 0.034, 0.068, 0.09)
    falloff(room, side * 0.19, 0.3, 0.7)
    window(room, side * 0.19, 0.10, -0.10, 0.24, (2, 2), (0.62, 0.6, 0.57), 1.25)
    window(room, side * 0.30 + 2.6 * side, 0.3, -0.10, 0.3, (2, 2), (0.75, 0.74, 0.72), 1.0)
    for x in np.arange(-np.pi, np.pi, 0.24):
        if abs(x + 0.12 - side * 0.19) > 0.23:
            room.box(x, x + 0.232, 0.20, 0.66, front * F(1.0))
            room.box(x + 0.018, x + 0.214, 0.225, 0.64, front * F(1.18), 0.006)
            room.box(x + 0.20, x + 0.206, 0.24, 0.29, (0.5, 0.38, 0.2))
    rack = c.layer(2.7)
    rack.box(-0.20 - 0.27 * side, 0.20 - 0.27 * side, 0.148, 0.156, (0.10, 0.09, 0.08))
    for k, x in enumerate(np.arange(-0.56, -0.04, 0.105)):
        at = float(x) * side + 0.12 * side
        r = (0.036, 0.026, 0.042, 0.030, 0.034)[k % 5]
        copper = np.array(((0.62, 0.26, 0.12), (0.10, 0.10, 0.105))[int(random.random() < 0.35)], np.float32) * F(level)
        rack.box(at - 0.004, at + 0.004, 0.15 - 0.10 + r, 0.15, copper * F(0.8))
        rack.discs(_one(at), _one(0.05), _one(r), copper[None])
        rack.discs(_one(at - r * 0.35), _one(0.05 + r * 0.4), _one(r * 0.16), (copper * F(5) + F(0.4))[None])
    counter = c.layer(2.4)
    counter.box(-9, 9, -2, -0.20, front * F(0.9))
    counter.box(-9, 9, -0.20, -0.172, np.array((0.46, 0.27, 0.13)) * level)
    tones = ((0.75, 0.72, 0.66), (0.55, 0.30, 0.12), (0.62, 0.10, 0.05), (0.70, 0.55, 0.12), (0.30, 0.42, 0.18))
    shelf(counter, random, -np.pi, np.pi, -0.172, 0.085, "jars", np.array(tones) * level)
    herbs = plant(c, 2.4, "herbs", side * 0.20, -0.12, 0.07, (1.3, 1.3, 1.1))
    lamp = pendants(c, 2.0, "kitchen lamps", 0.62, 0.34, 0.020, bright=4, shade=(0.16, 0.15, 0.14))
    return [room, rack, counter, herbs, lamp]


def hospital(c: Canvas) -> list[Layer]:
    """A bright corridor: pale green and white, ceiling lights, doors, a handrail."""
    random = c.random("hospital")
    white = np.array((0.78, 0.86, 0.86))
    room = wall(c, 5, white * 0.9, "ward", (0.9, 0.95, 0.95), (0.42, 0.52, 0.53), 0.03)
    room.box(-9, 9, -0.9, -0.10, np.array((0.36, 0.62, 0.58)), 0.008)
    falloff(room, float(random.uniform(-0.3, 0.3)), 0.5, 0.72)
    room.box(-9, 9, -0.105, -0.075, (0.62, 0.55, 0.44))
    for k, x in enumerate(np.arange(-np.pi + float(random.uniform(0, 0.5)), np.pi, 0.52)):
        room.box(x, x + 0.22, -0.34, 0.26, np.array((0.44, 0.52, 0.54)), 0.006)
        room.box(x + 0.012, x + 0.208, -0.34, 0.248, np.array((0.62, 0.74, 0.76)), 0.006)
        room.box(
            x + 0.06, x + 0.12, 0.02, 0.17, np.array((0.95, 1.1, 1.15)) if k % 2 else np.array((0.3, 0.4, 0.44)), 0.005
        )
        room.box(x + 0.30, x + 0.40, 0.02, 0.14, np.array((0.25, 0.5, 0.62)) * float(random.uniform(0.6, 1.6)), 0.006)
    lights = c.layer(4)
    for x in np.arange(-np.pi, np.pi, 0.44):
        lights.box(x, x + 0.24, 0.36, 0.40, (2.6, 2.9, 3.0), 0.012)
        lights.box(x + 0.05, x + 0.36, 0.52, 0.60, (2.6, 2.9, 3.0), 0.012)
    side = float(random.choice((-1, 1)))
    curtain = c.layer(2.8)
    u, _ = c.grid()
    fold = F(0.82) + F(0.18) * np.sin(u * F(90) + F(2) * np.sin(u * F(21)))
    cloth = np.array((0.46, 0.70, 0.74), np.float32) * fold[..., None]
    curtain.mask(step(0.14 - np.abs(u - F(side * 0.30)), 0, 0.01), cloth)
    return [room, lights, curtain, _shine(c, 3, "steel", 60, (-0.25, 0.15), (0.9, 1.0, 1.0), 4)]
