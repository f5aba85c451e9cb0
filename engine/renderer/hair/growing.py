"""Hair of the head: strands grown in small steps from the scalp, combed, pulled down, kept off the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array, sample, unit
from engine.renderer.hair import fibres
from engine.renderer.hair.surface import Surface
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Person

BACK, RIGHT, DOWN = np.array((0, 1.0, 0)), np.array((1.0, 0, 0)), np.array((0, 0, -1.0))
_USUAL_HALF_WIDTH: Final = 0.072


@dataclass(frozen=True, slots=True)
class Style:
    """How a style grows; metres, and pulls without unit."""

    parents: int
    children: int
    length: float
    rise: float
    gravity: float
    lift: float
    curl: float
    spread: float
    width: float
    shine: float = 0.7


STYLES: Final[dict[str, Style]] = {
    "short": Style(3600, 14, 0.036, 0.007, 0.16, 0.16, 0.0010, 0.0016, 0.00020),
    "curly": Style(2600, 15, 0.042, 0.020, 0.03, 0.8, 0.0055, 0.0022, 0.00026, 0.3),
    "bob": Style(3000, 18, 0.175, 0.020, 0.30, 0.40, 0.0006, 0.0021, 0.00022),
    "long": Style(2900, 18, 0.34, 0.019, 0.38, 0.40, 0.0014, 0.0023, 0.00022),
    "bun": Style(3800, 16, 0.19, 0.009, 0.0, 0.20, 0.0, 0.0017, 0.00020),
}


def head(person: Person, body: Body, surface: Surface, random: np.random.Generator, density: float) -> list[Mesh]:
    """The hairdo: grown parents, filled up with children."""
    hair = person.hair
    name = hair.style if hair.style in STYLES else "short"
    style = STYLES[name]
    parents, beside = strands(name, person, body, surface, random)
    count = max(3, round(style.children * density))
    points, sides, locks = fibres.children(parents, beside, count, random, style.spread * hair.volume)
    colour = fibres.coloured(len(points), points.shape[1], hair.colour, random, hair.grey, hair.tips, locks=locks)
    made = [fibres.mesh(points, sides, style.width / density**0.7, colour, shine=style.shine)]
    if name == "bun":
        made.append(_knot(person, body, random))
    return made


def strands(
    name: str, person: Person, body: Body, surface: Surface, random: np.random.Generator
) -> tuple[Array, Array]:
    """Parents of a style (N, K, 3), and the surface's normals beside them."""
    style = STYLES[name]
    growth = np.where(body.masks["ears"] > 0.3, 0.0, body.masks["growth"])
    roots, normals, rest = sample(body.part, np.clip(growth * 2.0, 0, 6), style.parents, random, body.normals)
    steps = 20 if name in ("bob", "long", "bun") else 10
    step = style.length * person.hair.length * random.uniform(0.82, 1.05, len(roots)) / steps
    layer = random.uniform(0.1, 1.0, len(roots))
    comb = _comb(name, roots, normals, rest, person.hair.parting, body, random)
    way, here = unit(normals * style.lift + comb), roots
    points, beside = [roots], [normals]
    for k in range(1, steps + 1):
        t = k / steps
        way = unit(way + style.gravity * min(1.0, t * 2.0) * DOWN + 0.03 * random.normal(size=way.shape))
        here = here + way * step[:, None]
        if name == "bun":
            here = here + (knot_middle(body) - here) * (0.06 + 0.22 * t**1.5)
        rise = style.rise * layer * np.sin(min(1.0, t * 2.2 + 0.1) * np.pi / 2) + 0.0008
        here, near = _laid(name, here, rise, surface, body)
        way = unit(0.4 * way + 0.6 * unit(here - points[-1]))
        points.append(here)
        beside.append(near)
    return _tidied(name, np.stack(points, 1), np.stack(beside, 1), surface, body, random)


def _laid(name: str, here: Array, rise: Array, surface: Surface, body: Body) -> tuple[Array, Array]:
    """Points pushed out of the head, drawn to it where they float, and kept off the face."""
    here, near, gap = surface.outside(here, rise)
    if name not in ("curly", "bun"):
        floating = np.clip(gap - rise - 0.002, 0, 0.006) * (here[:, 2] > body.middle[2] + 0.015)
        here = here - near * (0.5 * floating)[:, None]
    return (here if name == "curly" else _off_the_face(here, body)), near


def _comb(
    name: str, roots: Array, normals: Array, rest: Array, parting: float, body: Body, random: np.random.Generator
) -> Array:
    """Where each strand is combed to, at its root."""
    x = (roots[:, 0] - body.middle[0]) / body.half_width
    frontal = np.clip((-(rest[:, 1]) - 0.055) / 0.06, 0, 1)[:, None]
    top = np.clip(normals[:, 2], 0, 1)[:, None]
    if name == "bun":
        return np.asarray(np.broadcast_to(BACK, roots.shape) - 0.25 * top * DOWN)
    if name == "short":
        swept = top * (RIGHT * (0.75 if parting < 0 else -0.75) + BACK * 0.30)
        return np.asarray(swept + (1 - top) * (BACK * 0.7 + DOWN * 0.8) + 0.16 * random.normal(size=roots.shape))
    if name == "curly":
        return np.asarray(0.8 * random.normal(size=roots.shape) + BACK * 0.3 * frontal)
    side = np.tanh((x - parting) * 6)[:, None]
    combed = side * RIGHT * (0.95 * top + 0.10) + BACK * (0.30 + 0.65 * frontal) + DOWN * (1.1 * (1 - top))
    return np.asarray(combed + 0.05 * random.normal(size=roots.shape))


def _off_the_face(points: Array, body: Body) -> Array:
    """Keeps strands from hanging before the eyes and cheeks."""
    x = points[:, 0] - body.middle[0]
    up = points[:, 2] - body.middle[2]
    before = (points[:, 1] < body.middle[1] + 0.062) & (up < 0.042)
    narrow = body.half_width * np.interp(up, (-0.2, -0.09, 0.0, 0.03), (0.75, 0.86, 1.0, 0.98))
    moved = points.copy()
    moved[:, 0] = np.where(before & (np.abs(x) < narrow), body.middle[0] + np.sign(x) * narrow, points[:, 0])
    return moved


def _tidied(
    name: str, points: Array, beside: Array, surface: Surface, body: Body, random: np.random.Generator
) -> tuple[Array, Array]:
    """Without strands that lost the head, smoothed, curled."""
    if name != "curly":
        far = surface.distance(points.reshape(-1, 3)).reshape(points.shape[:2])
        near = ((far < 0.045) | (points[..., 2] < body.middle[2] - 0.03)).all(1)
        kept = near & (np.abs(points[..., 0] - body.middle[0]) < body.half_width * 2.3).all(1)
        points, beside = points[kept], beside[kept]
    long = points.shape[1] > 12
    for _ in range(3 if long else 1):
        points[:, 1:-1] = 0.25 * points[:, :-2] + 0.5 * points[:, 1:-1] + 0.25 * points[:, 2:]
        beside[:, 1:-1] = unit(0.25 * beside[:, :-2] + 0.5 * beside[:, 1:-1] + 0.25 * beside[:, 2:])
    if curl := STYLES[name].curl:
        ramp = np.linspace(0, 1, points.shape[1])[None, :, None] if long else 1.0
        points = points + _curls(points, curl, random) * ramp
    return (points[:, ::2], beside[:, ::2]) if long else (points, beside)


def _curls(points: Array, radius: float, random: np.random.Generator) -> Array:
    """Helices about the strands."""
    count, steps, _ = points.shape
    turns = np.linspace(0, 1, steps) * random.uniform(8, 16, (count, 1)) + random.uniform(0, 6.3, (count, 1))
    first, second = unit(random.normal(size=(2, count, 3)))
    grown = np.minimum(np.linspace(0, 3, steps), 1)[None, :, None]
    round_ = np.cos(turns)[..., None] * first[:, None] + np.sin(turns)[..., None] * second[:, None]
    return np.asarray(radius * grown * round_)


def knot_middle(body: Body) -> Array:
    """Where a bun sits: high on the back of the head, so that it shows from the front."""
    return np.asarray(body.middle + np.array((0.0, 0.125, 0.115)) * (body.half_width / _USUAL_HALF_WIDTH))


def _knot(person: Person, body: Body, random: np.random.Generator) -> Mesh:
    """A bun: strands wound round a ball."""
    n = unit(random.normal(size=(5000, 3)))
    radius = 0.036 * body.half_width / _USUAL_HALF_WIDTH
    roots = knot_middle(body) + n * radius
    way = unit(np.cross(n, unit(np.array((0.25, 1.0, 0.2)) + 0.2 * random.normal(size=n.shape))))
    t = np.linspace(-1, 1, 6)[None, :, None] * 0.016
    points = roots[:, None] + way[:, None] * t - n[:, None] * (t**2) / 0.05 + n[:, None] * 0.0012
    colour = fibres.coloured(5000, 6, person.hair.colour, random, person.hair.grey, vary=0.25)
    return fibres.mesh(points, n[:, None], 0.0004, colour)
