"""Hair as strands: grown from the scalp over the head, styled, and turned into narrow ribbons.

The hair line belongs to the person; style and colour to the scene.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from engine.builtin.geometry import Array, Index, Part, clip, compact, unit, vertex_normals
from engine.builtin.people import Person

CENTRE = np.array((0.0, -0.055, 0.745))
"""The middle of the template's head, from which a scalp direction is measured."""


@dataclass(frozen=True)
class Style:
    """How a style grows: lengths and heights in metres, pulls without unit."""

    strands: int
    length: float
    volume: float
    gravity: float
    lift: float
    curl: float
    width: float
    cap: float


STYLES = {
    "buzz": Style(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0045),
    "short": Style(2200, 0.040, 0.011, 0.10, 0.30, 0.0012, 0.0028, 0.008),
    "curly": Style(1500, 0.055, 0.026, 0.10, 0.90, 0.0075, 0.0055, 0.016),
    "bob": Style(1900, 0.19, 0.014, 1.0, 0.25, 0.0012, 0.0042, 0.010),
    "long": Style(1900, 0.36, 0.014, 1.0, 0.25, 0.0025, 0.0050, 0.010),
    "bun": Style(1500, 0.13, 0.006, 0.0, 0.15, 0.0, 0.0036, 0.006),
}


def hair_height(rest: Array, who: Person) -> Array:
    """Degrees above the person's hair line at template positions; positive grows hair."""
    offset = rest - CENTRE
    around = np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1]))
    up = np.degrees(np.arctan2(offset[:, 2], np.hypot(offset[:, 0], offset[:, 1])))
    line = np.interp(around, (0, 25, 45, 60, 72, 84, 100, 125, 180), (37, 38, 36, 26, 6, -14, -14, -28, -42))
    front = np.clip(1 - around / 70, 0, 1)
    line = line + 6.0 * who.hair_line * front
    line = line - 6.0 * who.hair_peak * np.exp(-0.5 * (around / 9) ** 2)
    line = line + 11.0 * who.temples * np.exp(-0.5 * ((around - 36) / 12) ** 2)
    return np.asarray(up - line)


def cap(skin: Part, growth: Array, ears: Array, thickness: float, rng: np.random.Generator) -> Part:
    """A closed-looking shell over the scalp, thickest away from the hair line."""
    ragged = 2.2 * np.sin(skin.rest @ rng.normal(size=(3, 6)) * 260 + rng.uniform(0, 6, 6)).mean(1)
    shell, height = clip(skin, np.where(ears > 0.35, -5.0, growth - 2.0 + ragged))
    normals = shell.normals()
    rise = np.clip(height / 14, 0, 1) ** 0.7
    lumps = 1 + 0.18 * np.sin(shell.rest @ rng.normal(size=(3, 5)) * 160 + rng.uniform(0, 6, 5)).mean(1)
    moved = shell.vertices + normals * (0.0006 + thickness * rise * lumps)[:, None]
    return Part(moved, shell.faces, shell.rest)


def sample(part: Part, weight: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Random points on triangles whose vertices have positive weight: position, normal, template position."""
    corners = part.vertices[part.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chance = area * np.clip(weight[part.faces].min(1), 0, None)
    picked = rng.choice(len(chance), count, p=chance / chance.sum())
    a, b = rng.random((2, count))
    over = a + b > 1
    a, b = np.where(over, 1 - a, a), np.where(over, 1 - b, b)
    bary = np.stack([1 - a - b, a, b], 1)[..., None]
    faces = part.faces[picked]
    normals = part.normals()
    return (
        (part.vertices[faces] * bary).sum(1),
        unit((normals[faces] * bary).sum(1)),
        (part.rest[faces] * bary).sum(1),
    )


class Surface:
    """The head, neck and clothes as something that hair slides over."""

    def __init__(self, parts: list[Part]) -> None:
        self.points = np.concatenate([part.vertices[::2] for part in parts])
        self.normals = np.concatenate([part.normals()[::2] for part in parts])
        self._tree = cKDTree(self.points)

    def outside(self, points: Array, at_least: Array) -> tuple[Array, Array]:
        """The points pushed out to `at_least` metres above the surface, and its normals there."""
        _, nearest = self._tree.query(points)
        normals = self.normals[nearest]
        gap = ((points - self.points[nearest]) * normals).sum(1)
        push = np.clip(at_least - gap, 0, 0.05)
        return points + normals * push[:, None], normals


def grow(
    style_name: str,
    skin: Part,
    growth: Array,
    surface: Surface,
    head: tuple[Array, float],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Strands of a style as points (N, K, 3) and the surface's normals beside them.

    `head` is this head's eye middle and its half width in metres.
    """
    style = STYLES[style_name]
    roots, normals, rest = sample(skin, np.clip(growth, 0, 6), style.strands, rng)
    comb = _comb(style_name, roots, rest, normals, head, rng)
    direction = unit(normals * style.lift + comb)
    steps = 9
    length = style.length * rng.uniform(0.8, 1.08, style.strands)
    points, beside = [roots], [normals]
    layer = rng.uniform(0.15, 1.0, style.strands)
    down = np.array((0.0, 0.0, -1.0))
    here = roots
    for step in range(1, steps + 1):
        along = step / steps
        pull = style.gravity * min(1.0, along * 2.5)
        direction = unit(direction + pull * down * 0.75 + 0.05 * rng.normal(size=direction.shape))
        here = here + direction * (length / steps)[:, None]
        if style_name == "bun":
            here = _towards_knot(here, head, along)
        rise = style.volume * layer * np.sin(min(1.0, along * 1.6 + 0.12) * np.pi / 2)
        here, near = surface.outside(here, rise + 0.001)
        here = _off_the_face(here, head)
        direction = unit(here - points[-1])
        points.append(here)
        beside.append(near)
    strands, sides = np.stack(points, 1), np.stack(beside, 1)
    if style.curl:
        strands = strands + _curls(strands, style.curl, rng)
    return strands, sides


def _comb(
    name: str, roots: Array, rest: Array, normals: Array, head: tuple[Array, float], rng: np.random.Generator
) -> Array:
    eyes, half = head
    x = (roots[:, 0] - eyes[0]) / half
    frontal = np.clip((-(rest[:, 1]) - 0.055) / 0.06, 0, 1)[:, None]
    back = np.array((0.0, 1.0, 0.0))
    if name == "bun":
        return np.broadcast_to(back, roots.shape) * 1.0
    parting = float(rng.choice((-0.35, 0.0, 0.35)))
    aside = np.sign(x - parting)[:, None] * np.array((1.0, 0.0, 0.0))
    top = np.clip(normals[:, 2], 0, 1)[:, None]
    if name == "short":
        sweep = float(rng.choice((-0.8, 0.8, 0.2)))
        swept = np.array((sweep, 0.35, 0.15)) * top + np.array((0.0, 0.6, -0.6)) * (1 - top)
        return np.asarray(1.5 * swept + 0.25 * rng.normal(size=roots.shape))
    if name == "curly":
        return np.asarray(0.7 * rng.normal(size=roots.shape) + back * 0.3 * frontal)
    swept = aside * (0.9 * top + 0.05) + back * (0.20 + 0.30 * frontal) - np.array((0.0, 0.0, 1.1)) * (1 - top)
    return np.asarray(swept + 0.08 * rng.normal(size=roots.shape))


def _towards_knot(here: Array, head: tuple[Array, float], along: float) -> Array:
    knot = knot_centre(head)
    return np.asarray(here + (knot - here) * (0.10 + 0.35 * along))


def knot_centre(head: tuple[Array, float]) -> Array:
    """Where a bun sits: high on the back of the head, so that it shows from the front."""
    eyes, half = head
    return np.asarray(eyes + np.array((0.0, 0.125, 0.115)) * (half / 0.072))


def _off_the_face(points: Array, head: tuple[Array, float]) -> Array:
    """Keeps strands from hanging before the eyes and cheeks."""
    eyes, half = head
    x = points[:, 0] - eyes[0]
    before = (points[:, 1] < eyes[1] + 0.062) & (points[:, 2] < eyes[2] + 0.042)
    narrow = half * np.interp(points[:, 2] - eyes[2], (-0.2, -0.09, 0.0, 0.03), (0.75, 0.86, 1.0, 0.98))
    intruding = before & (np.abs(x) < narrow)
    moved = points.copy()
    moved[:, 0] = np.where(intruding, eyes[0] + np.sign(x) * narrow, points[:, 0])
    return moved


def _curls(strands: Array, radius: float, rng: np.random.Generator) -> Array:
    count, steps, _ = strands.shape
    turns = np.linspace(0, 1, steps) * rng.uniform(8, 16, (count, 1)) + rng.uniform(0, 6.3, (count, 1))
    first, second = unit(rng.normal(size=(2, count, 3)))
    grown = np.minimum(np.linspace(0, 3, steps), 1)[None, :, None]
    return np.asarray(
        radius * grown * (np.cos(turns)[..., None] * first[:, None] + np.sin(turns)[..., None] * second[:, None])
    )


def ribbons(strands: Array, sides: Array, width: float) -> Part:
    """Flat strips along the strands, lying on the surface, tapered at the tip; `rest` holds (root→tip, strand, 0)."""
    count, steps, _ = strands.shape
    tangent = unit(np.gradient(strands, axis=1))
    across = unit(np.cross(tangent, sides))
    along = np.linspace(0, 1, steps)
    taper = np.clip(np.minimum(1.0, (1 - along) * 2.2 + 0.12), 0, 1)[None, :, None]
    left, right = strands - across * width * taper / 2, strands + across * width * taper / 2
    vertices = np.stack([left, right], 2).reshape(-1, 3)
    strip: list[tuple[int, int, int]] = []
    for step in range(steps - 1):
        a = 2 * step
        strip += [(a, a + 1, a + 2), (a + 1, a + 3, a + 2)]
    faces = (np.array(strip)[None] + (np.arange(count) * steps * 2)[:, None, None]).reshape(-1, 3)
    rest = np.zeros((count, steps, 2, 3))
    rest[..., 0] = along[None, :, None]
    rest[..., 1] = np.arange(count)[:, None, None]
    return Part(vertices, faces.astype(np.int64), rest.reshape(-1, 3))


def ribbon_normals(part: Part, sides: Array) -> Array:
    """Shading normals of ribbons: the surface's, so that light rounds over the hair as a whole."""
    smooth = np.repeat(sides.reshape(-1, 3), 2, 0)
    flat = vertex_normals(part.vertices, part.faces)
    flat *= np.sign((flat * smooth).sum(1, keepdims=True))
    return unit(0.65 * smooth + 0.35 * flat)


def knot(head: tuple[Array, float], rng: np.random.Generator) -> Part:
    """A bun: a wound ball of hair."""
    radius = 0.036 * head[1] / 0.072
    v, u = np.meshgrid(np.linspace(0, np.pi, 25), np.linspace(0, 2 * np.pi, 40, endpoint=False), indexing="ij")
    direction = np.stack([np.sin(v) * np.cos(u), np.sin(v) * np.sin(u), np.cos(v)], -1)
    ridge = 1 + 0.05 * np.sin(9 * v + 3 * u + rng.uniform(0, 6))
    vertices = (knot_centre(head) + direction * radius * ridge[..., None]).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(24), np.arange(40), indexing="ij")
    a, b = row * 40 + column, row * 40 + (column + 1) % 40
    faces = np.concatenate([np.stack([a, a + 40, b], -1), np.stack([b, a + 40, b + 40], -1)]).reshape(-1, 3)
    return compact(vertices, faces.astype(np.int64), vertices)


def beard_strands(
    skin: Part, amount: Array, length: float, count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Short strands of a beard or moustache where `amount` (one a vertex) grows."""
    roots, normals, rest = sample(skin, amount, count, rng)
    side = np.sign(rest[:, 0])[:, None] * np.clip(np.abs(rest[:, 0]) / 0.02, 0, 1)[:, None]
    fall = np.array((0.0, 0.0, -1.0)) + side * np.array((0.45, 0.0, 0.0))
    direction = unit(normals * 0.7 + fall + 0.25 * rng.normal(size=roots.shape))
    along = np.linspace(0, 1, 4)[None, :, None]
    strands = roots[:, None] + direction[:, None] * along * length * rng.uniform(0.6, 1.1, count)[:, None, None]
    return strands, np.repeat(normals[:, None], 4, 1)


def faces_count(part: Part) -> int:
    """How many triangles a part has."""
    return len(part.faces)


__all__ = ["STYLES", "Index", "Style", "Surface", "cap", "grow", "hair_height", "ribbons"]
