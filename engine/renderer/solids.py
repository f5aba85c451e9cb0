"""Small solid shapes for frames and jewellery: bars along a path, balls, and several as one mesh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.renderer.geometry import Array, unit, vertex_normals
from engine.renderer.mesh import Mesh


def rounded(values: Array, power: float) -> Array:
    """Cosines and sines of an angle as those of a rounded square: power 1 is a circle, less has corners."""
    return np.asarray(np.sign(values) * np.abs(values) ** power)


def bar(path: Array, tall: float, deep: float) -> tuple[Array, Any]:
    """A bar of rounded section along points (K, 3)."""
    tangent = unit(np.gradient(path, axis=0))
    first = unit(np.cross(tangent, np.array((0, 1.0, 0)) + 1e-6))
    bad = np.linalg.norm(np.cross(tangent, (0, 1.0, 0)), axis=1) < 0.5
    first[bad] = unit(np.cross(tangent[bad], (0, 0, 1.0)))
    second = np.cross(tangent, first)
    around = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    x, y = rounded(np.cos(around), 0.7) * tall, rounded(np.sin(around), 0.7) * deep
    ring = x[None, :, None] * first[:, None] + y[None, :, None] * second[:, None]
    count = len(around)
    row, column = np.meshgrid(np.arange(len(path) - 1), np.arange(count), indexing="ij")
    a, b = row * count + column, row * count + (column + 1) % count
    faces = np.concatenate([np.stack([a, a + count, b], -1), np.stack([b, a + count, b + count], -1)]).reshape(-1, 3)
    return (path[:, None] + ring).reshape(-1, 3), faces


def ball(centre: Array, radius: float | Array, rows: int = 9, columns: int = 14) -> tuple[Array, Any]:
    """A sphere or an ellipsoid."""
    polar, around = np.meshgrid(
        np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    way = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    a, b = row * columns + column, row * columns + (column + 1) % columns
    faces = np.concatenate([np.stack([a, a + columns, b], -1), np.stack([b, a + columns, b + columns], -1)])
    return (centre + way * radius).reshape(-1, 3), faces.reshape(-1, 3)


def merged(kind: str, shapes: Sequence[tuple[Array, Any]], info: dict[str, Any]) -> Mesh:
    """Vertices and triangles of several shapes as one mesh of a material."""
    starts = np.cumsum([0] + [len(v) for v, _ in shapes])
    v = np.concatenate([v for v, _ in shapes])
    f = np.concatenate([f + start for (_, f), start in zip(shapes, starts, strict=False)])
    return Mesh(kind, v, f, vertex_normals(v, f), {}, info)
