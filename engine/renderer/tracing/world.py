"""What rays can meet: meshes in Embree's scenes, and what their vertices say interpolated where a ray has hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.renderer.geometry import lengths
from engine.renderer.mesh import Mesh
from engine.renderer.tracing.embree import Hits, RayScene
from engine.renderer.tracing.vectors import F, Floats, dot

SHEER = ("card", "glass")
"""Kinds that light passes: they are seen, and cast no shadow."""
_CLEARANCE = F(0.999)


@dataclass(frozen=True)
class Table:
    """A mesh's numbers a vertex side by side, so that a hit gathers one row a corner."""

    corners: npt.NDArray[np.int32]
    rows: Floats
    columns: dict[str, slice]

    @classmethod
    def of(cls, mesh: Mesh) -> Table:
        """Normals first, then every extra."""
        extras = dict(mesh.extra)
        if mesh.kind == "fibre":
            extras.setdefault("tangent", _tangents(mesh))
        parts, columns, width = [np.asarray(mesh.n, np.float32)], {"n": slice(0, 3)}, 3
        for name, values in extras.items():
            values = np.asarray(values, np.float32).reshape(len(mesh.v), -1)
            columns[name] = slice(width, width + values.shape[1])
            width += values.shape[1]
            parts.append(values)
        return cls(np.ascontiguousarray(mesh.f, np.int32), np.ascontiguousarray(np.hstack(parts)), columns)

    def at(self, primitive: npt.NDArray[np.int32], u: Floats, v: Floats) -> dict[str, Floats]:
        """Every column interpolated: arrays (k, N)."""
        corner = self.corners[primitive].T
        if len(corner) == 2:
            mixed = self.rows[corner[0]] * (1 - u)[:, None] + self.rows[corner[1]] * u[:, None]
        else:
            mixed = self.rows[corner[0]] * (1 - u - v)[:, None]
            mixed += self.rows[corner[1]] * u[:, None]
            mixed += self.rows[corner[2]] * v[:, None]
        turned = np.ascontiguousarray(mixed.T)
        return {name: turned[columns] for name, columns in self.columns.items()}


def _tangents(mesh: Mesh) -> Floats:
    """The direction of strands at their points, root to tip."""
    first, second = mesh.f[:, 0], mesh.f[:, 1]
    along = (mesh.v[second] - mesh.v[first]).astype(np.float32)
    tangent = np.zeros((len(mesh.v), 3), np.float32)
    tangent[first] = along
    tangent[second] += along
    return np.asarray(tangent / np.maximum(lengths(tangent), F(1e-12))[:, None])


@dataclass
class World:
    """Meshes to see, those of them that cast shadows, and the mean colour that each throws back."""

    meshes: list[Mesh]
    solid: RayScene
    sheer: RayScene
    tables: list[Table]
    thrown: Floats
    """(3, meshes): mean albedo, for light that has bounced once."""
    solids: int
    """How many of `meshes`, from the first, are solid."""
    faces: list[npt.NDArray[np.int32]] = field(default_factory=list)

    @classmethod
    def of(cls, meshes: Sequence[Mesh], threads: int = 2) -> World:
        """Builds the trees; takes a few tenths of a second for a head of hair."""
        ordered = sorted(meshes, key=lambda mesh: mesh.kind in SHEER)
        solid, sheer = RayScene(threads), RayScene(threads)
        for mesh in ordered:
            scene = sheer if mesh.kind in SHEER else solid
            if mesh.kind == "fibre":
                scene.add_strands(mesh.v.astype(np.float32), mesh.extra["radius"].astype(np.float32), mesh.f[:, 0])
            else:
                scene.add_triangles(mesh.v.astype(np.float32), mesh.f)
        solid.commit()
        sheer.commit()
        thrown = np.stack([_thrown(mesh) for mesh in ordered], 1).astype(np.float32)
        count = sum(mesh.kind not in SHEER for mesh in ordered)
        return cls(list(ordered), solid, sheer, [Table.of(mesh) for mesh in ordered], thrown, count)

    def of_same(self, meshes: Sequence[Mesh]) -> bool:
        """Whether it is of these very meshes."""
        return {id(mesh) for mesh in meshes} == {id(mesh) for mesh in self.meshes}

    def first(self, origin: Floats, direction: Floats) -> Hits:
        """The nearest hit, of sheer things too; geometry numbers are those of `meshes`."""
        near = self.solid.first(origin, direction)
        if self.sheer.empty:
            return near
        sheer = self.sheer.first(origin, direction)
        closer = np.flatnonzero((sheer.geometry >= 0) & (sheer.distance < near.distance))
        near.geometry[closer] = sheer.geometry[closer] + self.solids
        for name in ("primitive", "u", "v", "distance"):
            getattr(near, name)[closer] = getattr(sheer, name)[closer]
        near.normal[:, closer] = sheer.normal[:, closer]
        return near

    def visible(self, origin: Floats, target: Floats) -> Floats:
        """1 where nothing solid stands between points and points on a lamp, else 0."""
        way = target - origin
        far = np.sqrt(dot(way, way))
        return (~self.solid.blocked(origin, way / far, far * _CLEARANCE)).astype(np.float32)


def _thrown(mesh: Mesh) -> Floats:
    """The mean colour of a mesh, roughly."""
    if mesh.kind == "fibre":
        return np.asarray(mesh.extra["colour"], np.float32)[::97].mean(0) * F(0.7)
    if mesh.kind == "skin":
        picture, uv = mesh.info["map"], np.clip(mesh.extra["uv"][::53], 0, 1)
        height, width = picture.shape[:2]
        row, column = ((1 - uv[:, 1]) * (height - 1)).astype(int), (uv[:, 0] * (width - 1)).astype(int)
        return np.asarray(picture[row, column].mean(0), np.float32)
    if mesh.kind == "eye":
        return np.array((0.4, 0.35, 0.33), np.float32)
    colour = np.asarray(mesh.info.get("colour", (0.3, 0.3, 0.3)), np.float32)
    picture = mesh.info.get("map")
    return colour if picture is None else colour * np.asarray(picture, np.float32).reshape(-1, 3).mean(0)
