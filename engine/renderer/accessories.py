"""Things worn: glasses, and later hats, jewellery."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array, unit, vertex_normals
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Outfit, Person

_WIRE: Final = 0.0011
_USUAL_HALF_WIDTH: Final = 0.072
_FRAME: Final = (0.012, 0.010, 0.009)


def worn(person: Person, outfit: Outfit, body: Body) -> list[Mesh]:
    """Meshes of everything that is worn but clothes."""
    del outfit
    return glasses(person.glasses, body) if person.glasses else []


def glasses(frame: str, body: Body) -> list[Mesh]:
    """Rims, bridge, temples and lenses, fitted to the eyes."""
    scale = body.half_width / _USUAL_HALF_WIDTH
    power, wide, tall = (1.0, 0.0250, 0.0230) if frame == "round" else (0.5, 0.0275, 0.0200)
    angle = np.linspace(0, 2 * np.pi, 41)
    flat = np.stack(
        [_rounded(np.cos(angle), power) * wide, 0 * angle, _rounded(np.sin(angle), power) * tall - 0.003], 1
    )
    flat[:, 1] = 0.004 * (np.abs(flat[:, 0]) / wide) ** 2
    front = np.array((0.0, -0.040, 0.0))
    rims = [eye.centre + (front + flat) * scale for eye in body.eyes]
    arch = np.linspace(rims[0][0], rims[1][20], 9)
    arch[:, 2] += 0.004 * scale * np.sin(np.linspace(0, np.pi, 9)) + 0.003
    wires = [*rims, arch, *_temples(rims, body, scale)]
    tubes = [tube(path, _WIRE * scale) for path in wires]
    info = {"colour": np.array(_FRAME, np.float32), "rough": 0.22}
    lenses = [_lens(rim) for rim in rims]
    return [_merged("plain", tubes, info), _merged("glass", lenses, {"mirror": 0.6})]


def _rounded(values: Array, power: float) -> Array:
    return np.asarray(np.sign(values) * np.abs(values) ** power)


def _temples(rims: list[Array], body: Body, scale: float) -> list[Array]:
    """From the rims' outer ends along the head to the ears."""
    made = []
    for rim, outer, side in ((rims[0], 20, -1), (rims[1], 0, 1)):
        hinge = rim[outer] + np.array((0, 0.001, 0.006 * scale))
        beside = body.middle[0] + side * (body.half_width + 0.003)
        corner = np.array((beside, hinge[1] + 0.012, hinge[2]))
        made.append(np.stack([hinge, corner, np.array((beside + side * 0.002, hinge[1] + 0.10, hinge[2] - 0.002))]))
    return made


def tube(path: Array, radius: float) -> tuple[Array, Any]:
    """A round wire along points (K, 3): vertices and triangles."""
    tangent = unit(np.gradient(path, axis=0))
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, np.array((1.0, 0, 0)), np.array((0, 0, 1.0)))
    first = unit(np.cross(tangent, helper))
    second = np.cross(tangent, first)
    around = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = np.cos(around)[None, :, None] * first[:, None] + np.sin(around)[None, :, None] * second[:, None]
    row, column = np.meshgrid(np.arange(len(path) - 1), np.arange(8), indexing="ij")
    a, b = row * 8 + column, row * 8 + (column + 1) % 8
    faces = np.concatenate([np.stack([a, a + 8, b], -1), np.stack([b, a + 8, b + 8], -1)]).reshape(-1, 3)
    return (path[:, None] + radius * ring).reshape(-1, 3), faces


def _lens(rim: Array) -> tuple[Array, Any]:
    """A slightly domed pane within a rim."""
    middle = rim[:-1].mean(0) + np.array((0, -0.0022, 0))
    count = len(rim) - 1
    halfway = middle + 0.5 * (rim[:-1] - middle) + np.array((0, -0.0006, 0))
    around, after = np.arange(count), (np.arange(count) + 1) % count
    outer = np.concatenate(
        [np.stack([around, after, count + around], 1), np.stack([after, count + after, count + around], 1)]
    )
    inner = np.stack([count + around, count + after, np.full(count, 2 * count)], 1)
    return np.concatenate([rim[:-1], halfway, middle[None]]), np.concatenate([outer, inner])


def _merged(kind: str, parts: list[tuple[Array, Any]], info: dict[str, Any]) -> Mesh:
    starts = np.cumsum([0] + [len(v) for v, _ in parts])
    v = np.concatenate([v for v, _ in parts])
    f = np.concatenate([f + start for (_, f), start in zip(parts, starts, strict=False)])
    return Mesh(kind, v, f, vertex_normals(v, f), {}, info)
