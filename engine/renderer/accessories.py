"""Things worn: earrings, necklaces, a scarf, a badge; `glasses` and `hats` have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from engine.renderer import hats
from engine.renderer.body import Body
from engine.renderer.geometry import Array, unit
from engine.renderer.glasses import glasses
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB, Outfit, Person
from engine.renderer.solids import ball, bar, merged
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import bases, draping, parts, pieces
from engine.renderer.wardrobe.dyes import dyed

GOLD: Final[RGB] = (0.83, 0.60, 0.22)
STEEL: Final[RGB] = (0.62, 0.62, 0.63)
PEARL: Final[RGB] = (0.74, 0.70, 0.64)


def worn(person: Person, outfit: Outfit, body: Body, clothes: Sequence[Mesh] = ()) -> list[Mesh]:
    """Meshes of everything that is worn but clothes; what lies on the chest lies on `clothes`."""
    made: list[Mesh] = []
    if person.glasses:
        made += glasses(person.glasses, body, person.skin.tone)
    if person.earrings:
        made += earrings(person.earrings, body)
    if outfit.necklace:
        made += necklace(outfit.necklace, body, clothes)
    if outfit.scarf is not None:
        made += scarf(outfit.scarf, body, clothes)
    if outfit.badge:
        made += badge(body, clothes)
    if outfit.hat:
        made += hats.hat(outfit, body, clothes)
    return made


def covers(outfit: Outfit, body: Body) -> Callable[[Array], Array]:
    """A function that says which points (N, 3) hair cannot be at, because the hat is there: true under it.

    Strands whose root it covers are grown short or not at all; those that come out below it keep what is outside.
    """
    return hats.covers(outfit, body)


def under_hat(hair: Sequence[Mesh], outfit: Outfit, body: Body) -> list[Mesh]:
    """Hair without what a hat would hide or be pierced by."""
    if not outfit.hat:
        return list(hair)
    hidden, kept = covers(outfit, body), []
    for mesh in hair:
        if mesh.kind == "fibre" and len(mesh.f):
            gone = hidden(np.asarray(mesh.v, float))
            mesh = replace(mesh, f=mesh.f[~gone[mesh.f].any(1)])
        if len(mesh.f):
            kept.append(mesh)
    return kept


def _metal(colour: RGB) -> dict[str, Any]:
    return {"colour": np.array(colour, np.float32), "metal": True, "rough": 0.2}


def _lobes(body: Body) -> list[Array]:
    """The lowest outer points of the ears: the body's right one first."""
    ears = body.masks["ears"] > 0.5
    local = (body.part.vertices - body.middle) @ body.head_turn
    found = []
    for side in (-1, 1):
        mine = np.flatnonzero(ears & (local[:, 0] * side > 0.03))
        low = mine[local[mine, 2] < local[mine, 2].min() + 0.010]
        at = low[np.argmax(local[low, 0] * side - 0.5 * local[low, 1])]
        found.append(body.middle + body.head_turn @ (local[at] + np.array((side * 0.0005, -0.001, 0.0015))))
    return found


def earrings(kind: str, body: Body) -> list[Mesh]:
    """Hoops, studs, pearls or drops at both lobes."""
    shapes, dull = [], []
    for lobe, side in zip(_lobes(body), (-1, 1), strict=True):
        out = np.array((side * 0.0025, 0, 0))
        if kind == "hoops":
            angle = np.linspace(0, 2 * np.pi, 41)
            ring = np.stack(
                [side * 0.004 * np.sin(angle / 2), 0.019 * np.sin(angle) * 0.75, 0.019 * np.cos(angle) - 0.019], 1
            )
            shapes.append(bar(lobe + ring, 0.0011, 0.0011))
        elif kind == "pearls":
            dull.append(ball(lobe + out * 1.2 + (0, 0, -0.002), 0.0048))
        elif kind == "drops":
            shapes.append(ball(lobe + out, 0.0022))
            shapes.append(bar(lobe + out + np.linspace((0, 0, 0), (0, 0, -0.018), 6), 0.0006, 0.0006))
            dull.append(ball(lobe + out + (0, 0, -0.024), np.array((0.0042, 0.0042, 0.0072))))
        else:
            shapes.append(ball(lobe + out, 0.0030))
    made = [merged("plain", shapes, _metal(GOLD))] if shapes else []
    hue = PEARL if kind == "pearls" else (0.02, 0.16, 0.11)
    return made + (
        [merged("plain", dull, {"colour": np.array(hue, np.float32), "rough": 0.18, "f0": 0.06})] if dull else []
    )


def necklace(kind: str, body: Body, clothes: Sequence[Mesh]) -> list[Mesh]:
    """A chain with a pendant, a string of pearls, or beads, lying on the neck and what is worn."""
    depth = {"chain": 0.095, "pearls": 0.045, "beads": 0.115}.get(kind, 0.095)
    path = _round_the_neck(body, clothes, depth)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    spacing = {"chain": 0.0032, "pearls": 0.0082, "beads": 0.0105}.get(kind, 0.0032)
    at = np.arange(0, length[-1], spacing)
    places = np.stack([np.interp(at, length, path[:, k]) for k in range(3)], 1)
    if kind == "chain":
        low = path[np.argmin(path[:, 2])]
        links = [ball(p, np.array((0.0013, 0.0011, 0.0013)), 5, 8) for p in places]
        pendant = [ball(low + np.array((0, -0.002, -0.007)), np.array((0.0055, 0.0016, 0.0075)))]
        return [merged("plain", [*links, *pendant], _metal(GOLD))]
    radius, hue = (0.0041, PEARL) if kind == "pearls" else (0.0052, (0.30, 0.06, 0.02))
    return [
        merged(
            "plain",
            [ball(p, radius, 7, 10) for p in places],
            {"colour": np.array(hue, np.float32), "rough": 0.2, "f0": 0.06},
        )
    ]


def _round_the_neck(body: Body, clothes: Sequence[Mesh], depth: float) -> Array:
    """A loop that hangs `depth` metres below the pit of the neck in front, on skin and cloth."""
    base = bases.close(body)
    angle = np.linspace(-np.pi, np.pi, 121)
    fall = np.exp(-((angle / 0.95) ** 2))
    rest_z = 0.556 - 0.012 - depth * fall + 0.012 * (np.abs(angle) > 2)
    wide = np.interp(np.abs(angle), (0, 0.8, 1.6, 3.2), (0.0, 0.060, 0.074, 0.0))
    rest_x = np.sign(angle) * wide
    rest_y = np.interp(np.abs(angle), (0, 0.8, 1.6, 2.4, 3.2), (-0.135, -0.105, -0.035, 0.015, 0.035))
    wanted = np.stack([rest_x, rest_y, rest_z], 1)
    under = draping.Under.of(base.rest, base.normals)
    distance, near = under.tree.query(wanted, k=4)
    weight = 1 / (distance + 1e-4)
    weight /= weight.sum(1, keepdims=True)
    path = (base.v[near] * weight[..., None]).sum(1)
    loop = pieces.Piece(path, np.zeros((0, 3), int), wanted, np.zeros(len(path)), np.zeros((0, 3, 2)))
    for _ in range(2):
        loop = draping.clear(loop, draping.skin_of(body), 0.0022)
        for mesh in clothes:
            if len(mesh.f) > 300:
                loop = draping.clear(
                    loop, draping.Under.of(np.asarray(mesh.v, float), np.asarray(mesh.n, float)), 0.0025
                )
        v = loop.v.copy()
        for _ in range(6):
            v[1:-1] = 0.25 * v[:-2] + 0.5 * v[1:-1] + 0.25 * v[2:]
        loop = pieces.moved(loop, v - loop.v)
    return loop.v


def scarf(colour: RGB, body: Body, clothes: Sequence[Mesh]) -> list[Mesh]:
    """A knitted scarf in two turns about the neck, one end hanging in front."""
    base = bases.close(body)
    neck = (base.rest[:, 2] > 0.545) & (np.abs(base.rest[:, 0]) < 0.09)
    centre = base.v[neck].mean(0)
    angle = np.linspace(0, 4 * np.pi, 200)
    turns = angle / (4 * np.pi)
    radius = 0.085 + 0.016 * np.sin(turns * np.pi) + 0.004 * np.sin(angle * 2.5)
    path = centre + np.stack(
        [
            radius * np.sin(angle), -0.012 - radius * 1.05 * np.cos(angle),
            -0.008 - 0.034 * turns - 0.014 * np.cos(angle),
        ],
        1,
    )  # fmt: skip
    told = {"look": FABRICS["knit"], "colour": np.array(dyed(colour, "knit"), np.float32)}
    made = [_soft_tube(path, 0.030, 0.019, **told)]
    front = _chest(body, clothes)
    if front is not None:

        def end(u: Array, v: Array) -> tuple[Array, Array]:
            return -0.050 + (u - 0.5) * (0.080 + 0.02 * (1 - v)) + 0.02 * v, 0.22 + 0.315 * v

        made.append(parts.patch(front, end, (26, 70), 0.032, 4.0, **told))
    return made


def _soft_tube(path: Array, tall: float, deep: float, **info: Any) -> Mesh:
    """A roll of cloth with folds along it."""
    tangent = unit(np.gradient(path, axis=0))
    out = unit(np.cross(tangent, (0, 0, 1.0)))
    up = np.cross(out, tangent)
    angle = np.linspace(0, 2 * np.pi, 29)
    along = np.arange(len(path))
    fold = (
        1
        + 0.13 * np.sin(angle[None] * 5 + 0.05 * along[:, None])
        + 0.07 * np.sin(angle[None] * 9 - 0.09 * along[:, None])
    )
    v = (
        path[:, None]
        + out[:, None] * (np.cos(angle) * deep * fold)[..., None]
        + up[:, None] * (np.sin(angle) * tall * fold)[..., None]
    )
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    chart = np.stack(np.broadcast_arrays(length[:, None], angle[None] * 0.025), -1)[..., ::-1]
    return parts.sheet(v, chart, out=v - path[:, None], **info)


def _chest(body: Body, clothes: Sequence[Mesh]) -> parts.Front | None:
    """The front of what is worn."""
    solid = [mesh for mesh in clothes if len(mesh.f) > 300 and "rest" in mesh.extra]
    if not solid:
        return None
    base = bases.close(body)
    return parts.Front(base, [mesh for mesh in clothes if len(mesh.f) > 300])


BADGE_M: Final = (0.074, 0.026)


def badge(body: Body, clothes: Sequence[Mesh]) -> list[Mesh]:
    """A white name plate on the left chest; lettering writes on it."""
    placed = plate(body, clothes, 0.085, 0.425, BADGE_M, badge=True)
    if placed is None:
        return []
    return [placed]


def plate(
    body: Body, clothes: Sequence[Mesh], x: float, z: float, size: tuple[float, float], **info: Any
) -> Mesh | None:
    """A flat board with rounded corners on the chest, upright, facing as the cloth does; `uv` runs over its front."""
    front = _chest(body, clothes)
    if front is None:
        return None
    u, v = (grid.ravel() for grid in np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 5), indexing="ij"))
    points, _ = front.at(x + u * size[0] * 0.4, z + v * size[1] * 0.4)
    centre = points.mean(0)
    plane = np.linalg.lstsq(
        np.stack([points[:, 0] - centre[0], points[:, 2] - centre[2], np.ones(len(points))], 1),
        points[:, 1],
        rcond=None,
    )[0]
    normal = unit(np.array((np.clip(plane[0], -0.5, 0.5), -1.0, np.clip(plane[1], -0.5, 0.35))))
    right = unit(np.cross((0, 0, 1.0), normal) * (1 if np.cross((0, 0, 1.0), normal)[0] > 0 else -1))
    up = np.cross(normal, right) * (1 if np.cross(normal, right)[2] > 0 else -1)
    off = float(((points - centre) @ normal).max()) + 0.0025
    return board(centre + normal * off, right, up, size, **info)


def board(centre: Array, right: Array, up: Array, size: tuple[float, float], **info: Any) -> Mesh:
    """A rectangle (width, height) with a thin edge; `uv` from (0, 0) at its lower left to (1, 1)."""
    normal = np.cross(right, up)
    u, v = np.meshgrid(np.array((0.0, 0.0, 1.0, 1.0)), np.array((0.0, 0.0, 1.0, 1.0)), indexing="ij")
    deep = np.ones((4, 4))
    deep[1:3, 1:3] = 0
    grid = (
        centre
        + right * ((u - 0.5) * size[0])[..., None]
        + up * ((v - 0.5) * size[1])[..., None]
        - normal * (deep * 0.002)[..., None]
    )
    made = parts.sheet(grid, np.stack([u, v], -1), kind="plain", out=normal)
    told = {"colour": np.array((0.78, 0.78, 0.77), np.float32), "rough": 0.35} | info
    flat = np.broadcast_to(normal, made.v.shape).copy()
    return Mesh("plain", made.v, made.f, flat, {"uv": np.stack([u, v], -1).reshape(-1, 2)}, told)
