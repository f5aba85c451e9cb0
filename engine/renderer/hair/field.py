"""How far points are from head, neck and clothes, and which way is out: a grid, so that hair can ask often.

Everything is in the head's own frame (`Frame`): metres, the eyes' middle at 0, x to the body's left, the face along −y,
z to the crown, however the head is turned, so that hair grows the same in every pose.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from engine.renderer import crew
from engine.renderer.body import Body
from engine.renderer.geometry import unit
from engine.renderer.mesh import Mesh

Floats: TypeAlias = npt.NDArray[Any]

_VOXEL_M: Final = 0.009
_LOW, _HIGH = np.array((-0.26, -0.20, -0.46)), np.array((0.26, 0.28, 0.20))
_BAND_M: Final = 0.018
"""Farther than this from the surface only the side (in or out) is known well."""
_COLLAR_M: Final = -0.12
"""Below this height against the eyes, skin may lie under clothes."""


@dataclass(frozen=True)
class Frame:
    """The head's place and turn."""

    middle: Floats
    turn: Floats

    def inside(self, points: Floats) -> Floats:
        """Points of the studio as the head's."""
        return np.asarray(((points - self.middle) @ self.turn).astype(np.float32))

    def outside(self, points: Floats) -> Floats:
        """Points of the head as the studio's."""
        return points @ self.turn.T.astype(points.dtype) + self.middle.astype(points.dtype)

    def way(self, directions: Floats) -> Floats:
        """Directions of the head as the studio's."""
        return directions @ self.turn.T.astype(directions.dtype)

    @property
    def down(self) -> Floats:
        """Where things fall to, as the head has it."""
        return np.asarray((np.array((0.0, 0.0, -1.0)) @ self.turn).astype(np.float32))


@dataclass(frozen=True)
class Field:
    """Metres outside the surface at the grid's points."""

    gap: npt.NDArray[np.float32]
    slope: tuple[npt.NDArray[np.float32], ...]

    @classmethod
    def of(cls, body: Body, frame: Frame, clothes: Sequence[Mesh]) -> Field:
        """A body above the chest, and what is worn."""
        points, normals = _shell(body, frame, clothes)
        shape = tuple(np.ceil((_HIGH - _LOW) / _VOXEL_M).astype(int) + 1)
        axes = [low + _VOXEL_M * np.arange(n) for low, n in zip(_LOW, shape, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        near = _near(points, shape)
        found = np.flatnonzero(near)
        tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
        away, which = tree.query(grid[found], distance_upper_bound=0.05, workers=crew.hands_here())
        which = np.minimum(which, len(points) - 1)
        height = ((grid[found] - points[which]) * normals[which]).sum(1)
        gap = np.zeros(len(grid), np.float32)
        gap[found] = np.where(np.abs(height) > 0.6 * away, height, np.sign(height) * away)
        gap = gap.reshape(shape)
        far, at = ndimage.distance_transform_edt(~near.reshape(shape), sampling=_VOXEL_M, return_indices=True)
        edge = gap[tuple(at)]
        gap = (edge + np.sign(edge) * far).astype(np.float32)
        return cls(gap, tuple(np.gradient(gap, _VOXEL_M)))

    def distance(self, points: Floats) -> Floats:
        """Metres outside the surface (N); negative inside."""
        return _read(self.gap, points)

    def outwards(self, points: Floats) -> Floats:
        """Unit directions away from the surface (N, 3)."""
        flat = [_read(part, points) for part in self.slope]
        return unit(np.stack(flat, -1))

    def pushed(self, points: Floats, at_least: float) -> Floats:
        """Points (…, 3), those too near moved out to `at_least` metres; in place."""
        flat = points.reshape(-1, 3)
        gap = self.distance(flat)
        low = np.flatnonzero(gap < at_least)
        gap = gap[low]
        for last in (False, True):
            flat[low] += self.outwards(flat[low]) * np.clip(at_least - gap, 0, 0.03)[:, None]
            if not last:
                gap = self.distance(flat[low])
        return points


def _read(grid: npt.NDArray[np.float32], points: Floats) -> Floats:
    where = ((points.reshape(-1, 3) - _LOW.astype(points.dtype)) * (1 / _VOXEL_M)).T
    read = ndimage.map_coordinates(grid, where, order=1, mode="nearest", prefilter=False, output=np.float32)
    return np.asarray(read.reshape(points.shape[:-1]))


def _near(points: Floats, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Grid points within the band of the surface, flat."""
    marked = np.zeros(shape, bool)
    at = np.round((points - _LOW) / _VOXEL_M).astype(int)
    at = at[((at >= 0) & (at < shape)).all(1)]
    marked[tuple(at.T)] = True
    steps = round(_BAND_M / _VOXEL_M)
    return np.asarray(ndimage.maximum_filter(marked, 2 * steps + 1).ravel())


def _shell(body: Body, frame: Frame, clothes: Sequence[Mesh]) -> tuple[Floats, Floats]:
    """Points and normals of what hair can touch."""
    skin = frame.inside(body.part.vertices)
    kept = np.flatnonzero((skin[:, 2] > _LOW[2] - 0.05) & (body.masks["mouth"] < 0.5))[::2]
    points, normals = skin[kept], body.normals[kept] @ body.head_turn
    worn = [mesh for mesh in clothes if mesh.kind != "card"]
    if not worn:
        return points, normals
    cloth = np.concatenate([frame.inside(mesh.v) for mesh in worn])
    outside = np.concatenate([mesh.n for mesh in worn]) @ body.head_turn
    inside = np.flatnonzero((cloth > _LOW - 0.05).all(1) & (cloth < _HIGH + 0.05).all(1))
    cloth, outside = cloth[inside], outside[inside]
    if not len(cloth):
        return points, normals
    away, which = cKDTree(cloth, balanced_tree=False, compact_nodes=False).query(points, distance_upper_bound=0.03)
    which = np.minimum(which, len(cloth) - 1)
    under = ((points - cloth[which]) * outside[which]).sum(1) < 0.003
    bare = ~((points[:, 2] < _COLLAR_M) & np.isfinite(away) & under)
    return np.concatenate([points[bare], cloth]), np.concatenate([normals[bare], outside])
