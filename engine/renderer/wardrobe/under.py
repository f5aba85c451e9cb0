"""Skin under clothes gives way, so that it never pokes through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array, Index
from engine.renderer.mesh import Mesh
from engine.renderer.tracing.embree import RayScene

_DEEP: Final = 0.010
_NEAR: Final = 0.03
_START: Final = 0.004


def sunk(body: Body, clothes: Sequence[Mesh]) -> Array:
    """Metres by which each vertex of the body's part sinks below what is worn over it."""
    under = np.zeros(len(body.part.vertices))
    if not clothes:
        return under
    rays = RayScene()
    for mesh in clothes:
        rays.add_triangles(mesh.v.astype(np.float32), mesh.f)
    rays.commit()
    low = np.flatnonzero(body.part.vertices[:, 2] < body.middle[2] - 0.10)
    normals = body.normals[low]
    origin = (body.part.vertices[low] - normals * _START).astype(np.float32)
    hits = rays.first(np.ascontiguousarray(origin.T), np.ascontiguousarray(normals.astype(np.float32).T))
    top = max(float(mesh.v[:, 2].max()) for mesh in clothes)
    under[low] = (hits.geometry >= 0) & (hits.distance < _NEAR) & (origin[:, 2] < top - 0.004)
    for smoothing in range(3):
        mean = _neighbours(body.part.faces, under)
        under = np.minimum(under, mean) if smoothing else under
    return under * _DEEP


def _neighbours(faces: Index, values: Array) -> Array:
    """The mean of each vertex's neighbours."""
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for corner in range(3):
        total += np.bincount(faces[:, corner], values[faces[:, (corner + 1) % 3]], len(values))
        count += np.bincount(faces[:, corner], minlength=len(values))
    return np.asarray(total / np.maximum(count, 1))
