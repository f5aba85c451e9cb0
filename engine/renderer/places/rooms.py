"""Rooms: walls, windows, shelves, lamps and furniture, and the sets that are made of them."""

from __future__ import annotations

import numpy as np

from engine.renderer.places.canvas import Canvas, Layer, step
from engine.renderer.places.interiors import (
    bricks,
    dim,
    falloff,
    one,
    pendants,
    plant,
    shelf,
    shine,
    wall,
    window,
)
from engine.renderer.tracing.vectors import F

WARM = (1.0, 0.62, 0.28)
_SCREENS = ((0.30, 0.36, 0.42), (0.62, 0.64, 0.66), (0.10, 0.13, 0.17))
WOOD = ((0.17, 0.085, 0.040), (0.22, 0.115, 0.055), (0.13, 0.065, 0.032))


def daylight_studio(c: Canvas) -> list[Layer]:
    """A loft with tall factory windows and pale walls."""
    side = float(c.random("side").choice((-1, 1)))
    room = wall(c, 4.5, np.array((0.36, 0.34, 0.31)) * dim(c), "loft", (0.6, 0.6, 0.58), (0.36, 0.25, 0.16), 0.10)
    bricks(room, 0.022, 0.058, 0.16)
    falloff(room, side * 0.17)
    for k in range(7):
        x = side * 0.17 + k * 2 * np.pi / 7
        x = (x + np.pi) % (2 * np.pi) - np.pi
        window(room, float(x), 0.20, -0.16, 0.62, (4, 6), (0.09, 0.095, 0.10), 1.1, 0.009)
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
    bricks(room, 0.020, 0.055, 0.30)
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
    shining = shine(c, 3.5, "cups", 120, (-0.22, 0.2), (1.0, 0.78, 0.5), 5)
    return [room, pendants(c, 4.4, "far lamps", 0.17, 0.28, 0.011, bright=8), counter, shining,
            pendants(c, 2.2, "lamps", 0.36, 0.36, 0.022, bright=5), chairs]  # fmt: skip


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
    shining = shine(c, 3.6, "glasses", 700, (-0.2, 0.26), (1.0, 0.74, 0.42), 7)
    return [room, tubes, shining, top, shine(c, 2.4, "bar top", 160, (-0.30, -0.18), accent + F(0.3), 4),
            pendants(c, 2.4, "bar lamps", 0.42, 0.22, 0.014, bright=9)]  # fmt: skip


def reading_room(c: Canvas) -> list[Layer]:
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
    room = wall(
        c, 7, np.array((0.33, 0.345, 0.36)) * level, "office wall", (0.40, 0.41, 0.42), (0.13, 0.135, 0.145), 0.05
    )
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
    desks.box(-9, 9, -0.40, -0.215, np.array((0.10, 0.105, 0.115)) * level, 0.02)
    desks.box(-9, 9, -0.235, -0.205, np.array((0.46, 0.36, 0.26)) * level)
    for x in np.arange(-np.pi + float(random.uniform(0, 0.3)), np.pi, 0.34):
        desks.box(x, x + 0.17, -0.19, -0.085, (0.02, 0.022, 0.025))
        desks.box(
            x + 0.006,
            x + 0.164,
            -0.184,
            -0.091,
            np.array(_SCREENS[int(random.integers(3))]) * float(random.uniform(0.5, 1.2)),
        )
        desks.box(x + 0.22, x + 0.29, -0.30, -0.12, (0.06, 0.07, 0.085), 0.02)
    side = float(random.choice((-1, 1)))
    return [room, panels, desks, plant(c, 2.6, "office plant", side * 0.36, -0.17, 0.11),
            plant(c, 2.6, "other plant", -side * 1.4, -0.17, 0.12)]  # fmt: skip


def kitchen(c: Canvas) -> list[Layer]:
    """A kitchen: tiles, cabinets, a counter, pans, herbs at the window."""
    random, level, side = c.random("kitchen"), dim(c), float(c.random("side").choice((-1, 1)))
    front = np.asarray(
        ((0.12, 0.17, 0.155), (0.44, 0.42, 0.38), (0.075, 0.105, 0.15))[int(random.integers(3))], np.float32
    ) * F(level)
    room = wall(c, 3, np.array((0.37, 0.34, 0.29)) * level, "tiles", (0.5, 0.49, 0.46), (0.3, 0.2, 0.13), 0.05)
    bricks(room, 0.034, 0.068, 0.09)
    falloff(room, side * 0.19, 0.3, 0.7)
    window(room, side * 0.19, 0.10, -0.10, 0.24, (2, 2), (0.5, 0.48, 0.45), 1.0)
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
        rack.discs(one(at), one(0.05), one(r), copper[None])
        rack.discs(one(at - r * 0.35), one(0.05 + r * 0.4), one(r * 0.16), (copper * F(5) + F(0.4))[None])
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
    white = np.array((0.50, 0.54, 0.54))
    room = wall(c, 5, white * 0.9, "ward", (0.62, 0.65, 0.65), (0.24, 0.28, 0.28), 0.03)
    room.box(-9, 9, -0.9, -0.10, np.array((0.22, 0.36, 0.345)), 0.008)
    falloff(room, float(random.uniform(-0.3, 0.3)), 0.5, 0.72)
    room.box(-9, 9, -0.105, -0.075, (0.36, 0.27, 0.18))
    for k, x in enumerate(np.arange(-np.pi + float(random.uniform(0, 0.5)), np.pi, 0.52)):
        room.box(x, x + 0.22, -0.34, 0.26, np.array((0.24, 0.27, 0.28)), 0.006)
        room.box(x + 0.012, x + 0.208, -0.34, 0.248, np.array((0.40, 0.45, 0.46)), 0.006)
        room.box(
            x + 0.06, x + 0.12, 0.02, 0.17, np.array((0.95, 1.1, 1.15)) if k % 2 else np.array((0.3, 0.4, 0.44)), 0.005
        )
        room.box(x + 0.30, x + 0.40, 0.02, 0.14, np.array((0.20, 0.32, 0.38)) * float(random.uniform(0.6, 1.6)), 0.006)
    lights = c.layer(4)
    for x in np.arange(-np.pi, np.pi, 0.44):
        lights.box(x, x + 0.24, 0.36, 0.40, (2.6, 2.9, 3.0), 0.012)
        lights.box(x + 0.05, x + 0.36, 0.52, 0.60, (2.6, 2.9, 3.0), 0.012)
    side = float(random.choice((-1, 1)))
    curtain = c.layer(2.8)
    u, _ = c.grid()
    fold = F(0.82) + F(0.18) * np.sin(u * F(90) + F(2) * np.sin(u * F(21)))
    cloth = np.array((0.27, 0.42, 0.45), np.float32) * fold[..., None]
    curtain.mask(step(0.14 - np.abs(u - F(side * 0.30)), 0, 0.01), cloth)
    return [room, lights, curtain, shine(c, 3, "steel", 60, (-0.25, 0.15), (0.9, 1.0, 1.0), 4)]
