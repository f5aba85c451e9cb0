"""Head, neck and clothes as something that hair lies on and does not go through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array
from engine.renderer.mesh import Mesh


@dataclass(frozen=True)
class Surface:
    """Points of a surface and its normals there."""

    points: Array
    normals: Array

    @classmethod
    def of(cls, body: Body, clothes: Sequence[Mesh]) -> Surface:
        """A body's skin above the chest, and what is worn."""
        points = [body.part.vertices[::2], *(mesh.v for mesh in clothes)]
        normals = [body.normals[::2], *(mesh.n for mesh in clothes)]
        return cls(np.concatenate(points), np.concatenate(normals))

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self.points)

    def outside(self, points: Array, at_least: Array | float) -> tuple[Array, Array, Array]:
        """Points pushed out to `at_least` metres above the surface, the normals there, and how high they then are."""
        nearest = self._tree.query(points)[1]
        normals = self.normals[nearest]
        gap = ((points - self.points[nearest]) * normals).sum(1)
        push = np.clip(at_least - gap, 0, 0.05)
        return points + normals * push[:, None], normals, gap + push

    def distance(self, points: Array) -> Array:
        """How far points (N, 3) are from the nearest of the surface."""
        return np.asarray(self._tree.query(points)[0])
