"""Triangles: normals, subdivision, cutting, points on a surface. Metres; x to the body's left, face along −y, z up."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from engine.renderer.mesh import Mesh

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MeshPart:
    """Triangles of one material: `rest` are the template positions of the same vertices."""

    vertices: Array
    faces: Index
    rest: Array

    def normals(self) -> Array:
        """Area-weighted unit normals at the vertices."""
        return vertex_normals(self.vertices, self.faces)


def lengths(vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """How long vectors (…, k) are, (…): numpy's own norm to the bit, which takes five times as long on short rows."""
    squared = vectors[..., 0] * vectors[..., 0]
    for axis in range(1, vectors.shape[-1]):
        squared += vectors[..., axis] * vectors[..., axis]
    return np.asarray(np.sqrt(squared))


def unit(vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same directions (…, k) at length one; a zero vector stays zero."""
    return np.asarray(vectors / np.maximum(lengths(vectors), 1e-12)[..., None])


def vertex_normals(vertices: Array, faces: Index) -> Array:
    """Area-weighted unit normals, (V, 3)."""
    rows = np.ascontiguousarray(vertices.T)
    a, b, c = (rows[:, faces[:, k]] for k in range(3))
    (x, y, z), (u, v, w) = b - a, c - a
    flat = (y * w - z * v, z * u - x * w, x * v - y * u)
    total = np.zeros_like(vertices)
    for axis, across in enumerate(flat):
        for corner in range(3):
            total[:, axis] += np.bincount(faces[:, corner], across, len(vertices))
    return unit(total)


def triangles(quads: Index) -> Index:
    """Each quad as two triangles; all first halves, then all second ones."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def compact(vertices: Array, faces: Index, rest: Array) -> MeshPart:
    """A part of only the vertices that its faces use."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return MeshPart(vertices[used], renumbered.reshape(faces.shape), rest[used])


def clip(part: MeshPart, height: Array) -> tuple[MeshPart, Array]:
    """Keeps where `height` (one a vertex) is positive, cutting triangles along its zero line.

    Returns the part and the heights of its vertices (zero on the cut).
    """
    inside = height > 0
    count = inside[part.faces].sum(1)
    vertices, rest, heights = [part.vertices], [part.rest], [height]
    faces = [part.faces[count == 3]]
    size = len(part.vertices)

    def crossing(a: Index, b: Index) -> Index:
        nonlocal size
        t = (height[a] / (height[a] - height[b]))[:, None]
        vertices.append(part.vertices[a] * (1 - t) + part.vertices[b] * t)
        rest.append(part.rest[a] * (1 - t) + part.rest[b] * t)
        heights.append(np.zeros(len(a)))
        size += len(a)
        return np.arange(size - len(a), size)

    for wanted in (1, 2):
        cut = part.faces[count == wanted]
        if not len(cut):
            continue
        odd = inside[cut] if wanted == 1 else ~inside[cut]
        first = odd.argmax(1)
        rows = np.arange(len(cut))
        a, b, c = (cut[rows, (first + k) % 3] for k in range(3))
        ab, ac = crossing(a, b), crossing(a, c)
        if wanted == 1:
            faces.append(np.stack([a, ab, ac], 1))
        else:
            faces.extend([np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)])
    all_heights = np.concatenate(heights)
    all_faces = np.concatenate(faces)
    used = np.unique(all_faces)
    return compact(np.concatenate(vertices), all_faces, np.concatenate(rest)), all_heights[used]


def edges_of(faces: Index) -> tuple[Index, Index]:
    """Every edge once, (E, 2), and which of them each face's three sides (ab, bc, ca) are, (3, F)."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    width = int(faces.max()) + 1
    key, which = np.unique(sides[:, 0] * width + sides[:, 1], return_inverse=True)
    return np.stack([key // width, key % width], 1), which.reshape(3, -1)


def loop_subdivision(faces: Index, count: int) -> tuple[Index, Any]:
    """One step of Loop's subdivision as new faces and a sparse matrix (new vertices × old)."""
    edges, which = edges_of(faces)
    opposite = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    flat = which.ravel()
    inner = np.bincount(flat, minlength=len(edges)) == 2
    rows = np.arange(len(edges))
    ends = np.where(inner, 3 / 8, 1 / 2)
    wings = inner[flat]
    values = np.concatenate([ends, ends, np.full(wings.sum(), 1 / 8)])
    places = np.concatenate([rows, rows, flat[wings]]), np.concatenate([edges[:, 0], edges[:, 1], opposite[wings]])
    middle = sparse.coo_matrix((values, places), (len(edges), count))
    return split_faces(faces, which + count), sparse.vstack([_even(edges, inner, count), middle]).tocsr()


def split_faces(faces: Index, middles: Index) -> Index:
    """Each triangle in four, by the numbers of its sides' middles (ab, bc, ca)."""
    ab, bc, ca = middles
    a, b, c = faces.T
    return np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])


def _even(edges: Index, inner: Mask, count: int) -> Any:
    """Loop's rule for the vertices that were there before."""
    rim = np.zeros(count, bool)
    rim[edges[~inner].ravel()] = True
    a, b = edges.T
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    on_rim = np.concatenate([~inner, ~inner])
    keep = ~rim[rows] | on_rim
    rows, columns = rows[keep], columns[keep]
    degree = np.maximum(np.bincount(rows, minlength=count), 1)
    beta = np.where(rim, 1 / 8, np.where(degree == 3, 3 / 16, 3 / (8 * degree)))
    own = 1 - beta * np.bincount(rows, minlength=count)
    return sparse.coo_matrix((beta[rows], (rows, columns)), (count, count)) + sparse.diags(own)


def smooth(v: Array, f: Index, uv: Array, uv_faces: Index, levels: int) -> tuple[Array, Index, Array, Index]:
    """Loop subdivision that carries separate texture coordinates along."""
    for _ in range(levels):
        uv, uv_faces = split_uv(uv, uv_faces)
        f, step = loop_subdivision(f, len(v))
        v = step @ v
    return v, f, uv, uv_faces


def split_uv(uv: Array, faces: Index) -> tuple[Array, Index]:
    """Texture coordinates of triangles each split in four, in the order of `loop_subdivision`."""
    edges, which = edges_of(faces)
    return np.concatenate([uv, (uv[edges[:, 0]] + uv[edges[:, 1]]) / 2]), split_faces(faces, which + len(uv))


def corners(f: Index, uv_faces: Index) -> tuple[Index, Index, Index]:
    """A vertex for each pair of place and texture coordinate: which place, which coordinate, and the faces."""
    width = int(uv_faces.max()) + 1
    key, inverse = np.unique(f.ravel() * width + uv_faces.ravel(), return_inverse=True)
    return key // width, key % width, inverse.reshape(-1, 3)


def unweld(kind: str, v: Array, f: Index, uv: Array, uv_faces: Index, **info: Any) -> Mesh:
    """A mesh with one texture coordinate a vertex; normals stay smooth over the seams."""
    place, coordinate, faces = corners(f, uv_faces)
    normals = vertex_normals(v, f)
    return Mesh(kind, v[place], faces, normals[place], {"uv": uv[coordinate]}, dict(info))


def sample(
    part: MeshPart, weight: Array, count: int, rng: np.random.Generator, normals: Array | None = None
) -> tuple[Array, Array, Array]:
    """Random points on triangles whose vertices have positive weight: position, normal, template position."""
    at = part.vertices[part.faces]
    area = np.linalg.norm(np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]), axis=1)
    chance = np.cumsum(area * np.clip(weight[part.faces].min(1), 0, None))
    faces = part.faces[np.searchsorted(chance, rng.random(count) * chance[-1])]
    a, b = rng.random((2, count))
    over = a + b > 1
    a, b = np.where(over, 1 - a, a), np.where(over, 1 - b, b)
    share = np.stack([1 - a - b, a, b], 1)[..., None]
    around = part.normals() if normals is None else normals
    mixed = [(values[faces] * share).sum(1) for values in (part.vertices, around, part.rest)]
    return mixed[0], unit(mixed[1]), mixed[2]


def blurred(faces: Index, values: Array, rounds: int) -> Array:
    """Values at vertices averaged with their neighbours', `rounds` times."""
    out = np.asarray(values, float)
    ring = np.bincount(faces.ravel(), minlength=len(out)).astype(float) * 2
    for _ in range(rounds):
        total = np.zeros(len(out))
        for k in range(3):
            total += np.bincount(faces[:, k], out[faces[:, (k + 1) % 3]] + out[faces[:, (k + 2) % 3]], len(out))
        out = 0.5 * out + 0.5 * total / np.maximum(ring, 1)
    return out
