"""What is sewn onto cloth: bands along its rims, patches and pockets, buttons, zips, cords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from engine.renderer.geometry import Array, Index, unit, vertex_normals
from engine.renderer.mesh import Mesh
from engine.renderer.tracing.embree import RayScene
from engine.renderer.wardrobe.pieces import Piece, loops

Profile = Sequence[tuple[float, float]]
"""Points across a band: metres beyond the rim, and metres off the cloth."""
FLAT_BAND: Final[Profile] = (
    (-0.010, -0.0010), (-0.0095, 0.0022), (-0.008, 0.0030), (0.0, 0.0034), (0.008, 0.0030), (0.0095, 0.0018),
    (0.0095, -0.0015), (0.004, -0.003),
)  # fmt: skip
_STEP_M: Final = 0.004
_REACH_M: Final = 0.24
"""How far from the middle anything is laid on a front."""


class Rim:
    """A rim as evenly spaced points with three directions: along it, beyond the cloth, off the cloth."""

    def __init__(self, piece: Piece, ring: Index, smooth: float = 2.5) -> None:
        closed = np.concatenate([piece.v[ring], piece.v[ring[:1]]])
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
        count = max(int(length[-1] / _STEP_M), 24)
        at = np.arange(count) * length[-1] / count

        def even(values: Array) -> Array:
            whole = np.concatenate([values[ring], values[ring[:1]]])
            spread = np.stack([np.interp(at, length, whole[:, k]) for k in range(3)], 1)
            return np.asarray(gaussian_filter1d(spread, smooth, axis=0, mode="wrap"))

        self.points, self.rest = even(piece.v), even(piece.rest)
        self.off = unit(gaussian_filter1d(even(piece.normals), 4, axis=0, mode="wrap"))
        along = unit(np.roll(self.points, -1, 0) - np.roll(self.points, 1, 0))
        self.beyond = unit(np.cross(along, self.off))
        self.along, self.length = along, at

    @property
    def round(self) -> Array:
        """Degrees from the front's middle, negative on the body's right."""
        return np.asarray(np.degrees(np.arctan2(self.rest[:, 0], -(self.rest[:, 1] + 0.03))))


def neck_rim(piece: Piece) -> Rim:
    """The highest rim of a piece."""
    return Rim(piece, neck_ring(piece))


def neck_ring(piece: Piece) -> Index:
    """The vertices of a piece's highest rim, in order."""
    return max(loops(piece.f), key=lambda ring: float(piece.rest[ring, 2].mean()))


def band(rim: Rim, profile: Profile, wide: Array | float = 1.0, thick: Array | float = 1.0, **info: Any) -> Mesh:
    """A strip along a rim, its profile stretched by `wide` and `thick` (one a point of the rim)."""
    shape = np.asarray(profile, float)
    wide, thick = np.broadcast_to(wide, len(rim.points)), np.broadcast_to(thick, len(rim.points))
    v = (
        rim.points[:, None]
        + rim.beyond[:, None] * (shape[None, :, :1] * wide[:, None, None])
        + rim.off[:, None] * (shape[None, :, 1:] * thick[:, None, None])
    )
    across = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(shape, axis=0), axis=1))])
    chart = np.stack(np.broadcast_arrays(rim.length[:, None], across[None]), -1)
    return sheet(v, chart, closed=True, out=rim.off[:, None] * (shape[None, :, 1:] > shape[:, 1].mean()), **info)


def sheet(
    v: Array, chart: Array, closed: bool = False, kind: str = "cloth", out: Array | None = None, **info: Any
) -> Mesh:
    """A grid of points (K, L, 3) as cloth; the first direction closes on itself if told; `out` is outside's way."""
    rows, columns = v.shape[:2]
    i, j = np.meshgrid(np.arange(rows if closed else rows - 1), np.arange(columns - 1), indexing="ij")
    a, b = i * columns + j, (i + 1) % rows * columns + j
    f = np.concatenate([np.stack([a, b, a + 1], -1), np.stack([b, b + 1, a + 1], -1)]).reshape(-1, 3)
    flat = v.reshape(-1, 3)
    normals = vertex_normals(flat, f)
    if out is not None and float((normals.reshape(v.shape) * out).sum(-1).mean()) < 0:
        f, normals = f[:, ::-1], -normals
    along = unit(np.roll(v, -1, 0) - np.roll(v, 1, 0)).reshape(-1, 3)
    extra: dict[str, Any] = {"chart": chart.reshape(-1, 2), "along": along, "uv": np.zeros((len(flat), 2))}
    return Mesh(kind, flat, f, normals, extra, dict(info))


class Front:
    """The front of what is worn, to lay things on: template places (x, z) to points on the cloth."""

    def __init__(self, piece: Piece, meshes: Sequence[Mesh]) -> None:
        normal = piece.normals
        used = (normal[:, 1] < -0.15) & (piece.arm < 0.25) & (piece.rest[:, 1] < 0)
        terms = _terms(piece.rest[used])
        self._poly = np.linalg.solve(terms.T @ terms + 1e-12 * np.eye(10), terms.T @ piece.v[used][:, [0, 2]])
        self._rays = RayScene()
        self._default = float(piece.v[used][:, 1].min())
        for mesh in meshes:
            seen = (mesh.n[:, 1] < 0.2) & (np.abs(mesh.v[:, 0]) < _REACH_M)
            faces = mesh.f[seen[mesh.f].any(1)]
            if len(faces):
                self._rays.add_triangles(mesh.v.astype(np.float32), faces)
        self._rays.commit()

    def places(self, x: Array, z: Array) -> Array:
        """Body's (x, z) of template places (N): (N, 2)."""
        return np.asarray(_terms(np.stack([x, 0 * x, z], 1)) @ self._poly)

    def at(self, x: Array, z: Array) -> tuple[Array, Array]:
        """Points on the cloth (N, 3) and its normals there."""
        place = self.places(x, z)
        origin = np.stack([place[:, 0], np.full(len(x), self._default - 0.5), place[:, 1]])
        way = np.repeat(np.array([[0.0], [1.0], [0.0]]), len(x), 1)
        hits = self._rays.first(origin.astype(np.float32), way.astype(np.float32))
        met = hits.geometry >= 0
        y = np.where(met, origin[1] + np.where(met, hits.distance, 0), np.nan)
        y = np.where(met, y, np.nanmedian(y) if met.any() else self._default)
        told = np.where(met, hits.normal, np.array([[0.0], [-1.0], [0.0]], np.float32))
        normal = unit(told.T.astype(float) + np.array((0, 1e-9, 0)))
        normal *= np.where(normal[:, 1:2] > 0, -1, 1)
        return np.stack([place[:, 0], y, place[:, 1]], 1), normal


def _terms(rest: Array) -> Array:
    x, z = rest[:, 0], rest[:, 2] - 0.35
    return np.stack([np.ones_like(x), x, z, x * x, z * z, x * z, x**3, x * z * z, x * x * z, z**3], 1)


def patch(
    front: Front,
    line: Callable[[Array, Array], tuple[Array, Array]],
    size: tuple[int, int],
    height: float = 0.0025,
    soft: float = 1.5,
    **info: Any,
) -> Mesh:
    """A piece laid on the front: `line` gives template places for (u, v) from 0 to 1; its edge is rounded down."""
    u, v = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]), indexing="ij")
    x, z = line(u.ravel(), v.ravel())
    points, normals = front.at(x, z)
    grid = points.reshape(*size, 3)
    normal = normals.reshape(*size, 3)
    grid[..., 1] = gaussian_filter1d(gaussian_filter1d(grid[..., 1], soft, axis=0), soft, axis=1)
    for axis in range(2):
        normal = gaussian_filter1d(normal, 3, axis=axis)
    normal = unit(normal)
    raised = np.full(size, height)
    raised[[0, -1]] = raised[:, [0, -1]] = -0.003
    top = grid + normal * raised[..., None]
    edge = top.copy()
    edge[0], edge[-1], edge[:, 0], edge[:, -1] = top[1], top[-2], top[:, 1], top[:, -2]
    edge[[0, -1]] -= normal[[0, -1]] * (height + 0.003)
    edge[:, [0, -1]] -= normal[:, [0, -1]] * (height + 0.003)
    wide = np.linalg.norm(np.diff(grid, axis=0), axis=2).sum(0).mean()
    tall = np.linalg.norm(np.diff(grid, axis=1), axis=2).sum(1).mean()
    made = sheet(edge, np.stack([u * wide, v * tall], -1), out=np.array((0, -1.0, 0)), **info)
    made.extra["uv"] = np.stack([u, v], -1).reshape(-1, 2)
    return made


def rectangle(x: float, z: float, wide: float, tall: float, round_: float = 0.0, lean: float = 0.0) -> Any:
    """Template places of a rectangle about (x, z), its lower corners cut by `round_`, leant by `lean`."""

    def line(u: Array, v: Array) -> tuple[Array, Array]:
        across = (u - 0.5) * wide
        up = (v - 0.5) * tall
        up = np.where(v < 0.5, up + round_ * np.abs(2 * u - 1) ** 3 * (1 - 2 * v), up)
        return x + across, z + up + lean * across

    return line


def stroke(points: Sequence[tuple[float, float]], wide: float) -> Any:
    """Template places of a band `wide` metres across along a path: u along it, v across."""
    path = np.asarray(points, float)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])

    def line(u: Array, v: Array) -> tuple[Array, Array]:
        at = [np.interp(u * length[-1], length, path[:, k]) for k in range(2)]
        ahead = [np.interp(np.clip(u + 0.02, 0, 1) * length[-1], length, path[:, k]) for k in range(2)]
        behind = [np.interp(np.clip(u - 0.02, 0, 1) * length[-1], length, path[:, k]) for k in range(2)]
        way = unit(np.stack([ahead[0] - behind[0], ahead[1] - behind[1]], 1))
        return at[0] - way[:, 1] * (v - 0.5) * wide, at[1] + way[:, 0] * (v - 0.5) * wide

    return line


def buttons(front: Front, places: Sequence[tuple[float, float]], radius: float = 0.0058, **info: Any) -> Mesh:
    """Round buttons with a rim and a hollow."""
    x, z = np.asarray(places, float).T
    points, normals = front.at(x, z)
    profile = np.array(((1.0, -0.10), (1.0, 0.26), (0.86, 0.38), (0.70, 0.36), (0.60, 0.26), (0.0, 0.22))) * radius
    angle = np.linspace(0, 2 * np.pi, 15)[:-1]
    parts = []
    for point, normal in zip(points, normals, strict=True):
        first = unit(np.cross(normal, (0, 0, 1.0)))
        second = np.cross(normal, first)
        ring = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
        v = point + ring[:, None] * profile[None, :, :1] + normal * (profile[None, :, 1:] + 0.0012)
        parts.append(sheet(v, np.zeros((*v.shape[:2], 2)), closed=True, kind="plain", out=normal))
    return merged(parts, kind="plain", **{"rough": 0.3, **info})


def merged(parts: Sequence[Mesh], kind: str = "cloth", **info: Any) -> Mesh:
    """Several meshes of one material as one."""
    starts = np.cumsum([0] + [len(mesh.v) for mesh in parts])
    extra = {name: np.concatenate([mesh.extra[name] for mesh in parts]) for name in parts[0].extra}
    return Mesh(
        kind,
        np.concatenate([mesh.v for mesh in parts]),
        np.concatenate([mesh.f + start for mesh, start in zip(parts, starts, strict=False)]),
        np.concatenate([mesh.n for mesh in parts]),
        extra,
        dict(info),
    )


def tube(path: Array, radius: Array | float, sides: int = 10, **info: Any) -> Mesh:
    """A round cord along points (K, 3), its ends closed by narrowing."""
    tangent = unit(np.gradient(path, axis=0))
    first = unit(np.cross(tangent, np.where(np.abs(tangent[:, :1]) > 0.9, (0, 0, 1.0), (1.0, 0, 0))))
    second = np.cross(tangent, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.cos(angle)[:, None, None] * first + np.sin(angle)[:, None, None] * second
    radii = np.broadcast_to(np.asarray(radius, float), (len(path),))
    v = path[None] + ring * radii[None, :, None]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    chart = np.stack(np.broadcast_arrays(angle[:, None] * radii.mean(), length[None]), -1)
    return sheet(v, chart, closed=True, out=v - path[None], **info)
