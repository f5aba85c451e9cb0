"""Pieces of cloth as triangles that remember the template: cut, made finer, hemmed."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from engine.renderer.geometry import Array, Index, edges_of, loop_subdivision, unit, vertex_normals


@dataclass(frozen=True)
class Piece:
    """Cloth on a body: `rest` (V, 3) is where each vertex lies on the template, `arm` (V) how much it is sleeve."""

    v: Array
    f: Index
    rest: Array
    arm: Array
    uv: Array
    """Of each triangle's corners, (F, 3, 2): the cloth's own texture."""

    @property
    def normals(self) -> Array:
        """(V, 3)"""
        return vertex_normals(self.v, self.f)

    def only(self, faces: Array | Index) -> Piece:
        """Some of its faces (a mask or numbers), and the vertices that they use."""
        f, uv = self.f[faces], self.uv[faces]
        used, renumbered = np.unique(f, return_inverse=True)
        return Piece(self.v[used], renumbered.reshape(f.shape), self.rest[used], self.arm[used], uv)


def cut(piece: Piece, height: Array) -> tuple[Piece, Array]:
    """Keeps where `height` (one a vertex) is positive; returns the piece and the heights of its vertices.

    The new vertices on the line are shared by the triangles beside them, so that the cloth stays in one.
    """
    f, uv = piece.f, piece.uv
    inside = height > 0
    count = inside[f].sum(1)
    pairs: list[Index] = []
    faces, corners = [f[count == 3]], [uv[count == 3]]
    size = len(piece.v)
    for wanted in (1, 2):
        rows = np.flatnonzero(count == wanted)
        if not len(rows):
            continue
        odd = inside[f[rows]] if wanted == 1 else ~inside[f[rows]]
        first = odd.argmax(1)
        order = (first[:, None] + np.arange(3)) % 3
        corner = np.take_along_axis(f[rows], order, 1)
        at = np.take_along_axis(uv[rows], order[..., None], 1)
        (a, b, c), (ua, ub, uc) = corner.T, at.transpose(1, 0, 2)
        ab = size + sum(len(p) for p in pairs) + np.arange(len(rows))
        pairs.append(np.stack([a, b], 1))
        ac = size + sum(len(p) for p in pairs) + np.arange(len(rows))
        pairs.append(np.stack([a, c], 1))
        uab, uac = (ua + _share(height, a, o) * (u - ua) for o, u in ((b, ub), (c, uc)))
        if wanted == 1:
            faces.append(np.stack([a, ab, ac], 1))
            corners.append(np.stack([ua, uab, uac], 1))
        else:
            faces += [np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)]
            corners += [np.stack([uab, ub, uc], 1), np.stack([uab, uc, uac], 1)]
    every = np.concatenate(faces)
    return _welded(piece, height, np.concatenate(pairs) if pairs else np.zeros((0, 2), int), every, corners)


def _share(height: Array, a: Index, b: Index) -> Array:
    return np.asarray((height[a] / (height[a] - height[b]))[:, None])


def _welded(piece: Piece, height: Array, pairs: Index, faces: Index, corners: list[Array]) -> tuple[Piece, Array]:
    """One vertex for each edge that is cut, however many triangles share it."""
    size = len(piece.v)
    ends, which = np.unique(np.sort(pairs, 1), axis=0, return_inverse=True)
    renumber = np.concatenate([np.arange(size), size + which.reshape(-1)])
    t = _share(height, ends[:, 0], ends[:, 1]) if len(ends) else np.zeros((0, 1))
    mixed = [
        np.concatenate([x, x[ends[:, 0]] * (1 - s) + x[ends[:, 1]] * s])
        for x, s in ((piece.v, t), (piece.rest, t), (piece.arm, t[:, 0]))
    ]
    heights = np.concatenate([height, np.zeros(len(ends))])
    whole = Piece(mixed[0], renumber[faces], mixed[1], mixed[2], np.concatenate(corners))
    used = np.unique(whole.f)
    return whole.only(np.arange(len(whole.f))), heights[used]


def finer(piece: Piece, levels: int = 1) -> Piece:
    """Loop's subdivision; what the vertices remember goes along."""
    for _ in range(levels):
        f, step = loop_subdivision(piece.f, len(piece.v))
        a, b, c = piece.uv.transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        uv = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
        piece = Piece(step @ piece.v, f, step @ piece.rest, step @ piece.arm, uv)
    return piece


def joined(pieces: list[Piece]) -> Piece:
    """Several pieces as one, not sewn together."""
    starts = np.cumsum([0] + [len(piece.v) for piece in pieces])
    return Piece(
        np.concatenate([piece.v for piece in pieces]),
        np.concatenate([piece.f + start for piece, start in zip(pieces, starts, strict=False)]),
        np.concatenate([piece.rest for piece in pieces]),
        np.concatenate([piece.arm for piece in pieces]),
        np.concatenate([piece.uv for piece in pieces]),
    )


def loops(faces: Index, least: int = 8) -> list[Index]:
    """The rims of a piece, each as vertices in order, the cloth to the left of the way; the longest first."""
    edges, which = edges_of(faces)
    rim = np.bincount(which.ravel(), minlength=len(edges)) == 1
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    after = dict(directed[rim[which.ravel()]].tolist())
    found = []
    while after:
        start, at = after.popitem()
        ring = [start]
        while at != start:
            ring.append(at)
            following = after.pop(at, None)
            if following is None:
                break
            at = following
        if len(ring) >= least:
            found.append(np.array(ring))
    return sorted(found, key=len, reverse=True)


def hemmed(piece: Piece, thickness: float = 0.0025, depth: float = 0.012) -> Piece:
    """The same with its rims turned in: cloth has a thickness where it ends."""
    edges, which = edges_of(piece.f)
    rim = (np.bincount(which.ravel(), minlength=len(edges)) == 1)[which.ravel()]
    sides = np.concatenate([piece.f[:, [0, 1]], piece.f[:, [1, 2]], piece.f[:, [2, 0]]])[rim]
    at_uv = np.concatenate([piece.uv[:, [0, 1]], piece.uv[:, [1, 2]], piece.uv[:, [2, 0]]])[rim]
    used, place = np.unique(sides, return_inverse=True)
    place = place.reshape(sides.shape)
    normals = piece.normals[used]
    along = piece.v[sides[:, 1]] - piece.v[sides[:, 0]]
    inward = np.zeros((len(used), 3))
    for end in range(2):
        np.add.at(inward, place[:, end], np.cross(normals[place[:, end]], along))
    inward = unit(inward)
    under = piece.v[used] - normals * thickness
    deep = under + inward * depth - normals * 0.001
    size, more = len(piece.v), len(used)
    a, b = sides.T
    a1, b1 = size + place[:, 0], size + place[:, 1]
    a2, b2 = a1 + more, b1 + more
    ua, ub = at_uv.transpose(1, 0, 2)
    faces = [np.stack(t, 1) for t in ((b, a, a1), (b, a1, b1), (b1, a1, a2), (b1, a2, b2))]
    corners = [np.stack(t, 1) for t in ((ub, ua, ua), (ub, ua, ub), (ub, ua, ua), (ub, ua, ub))]
    return Piece(
        np.concatenate([piece.v, under, deep]), np.concatenate([piece.f, *faces]),
        np.concatenate([piece.rest, piece.rest[used], piece.rest[used]]),
        np.concatenate([piece.arm, piece.arm[used], piece.arm[used]]), np.concatenate([piece.uv, *corners]),
    )  # fmt: skip


def even(piece: Piece, rounds: int = 12) -> Piece:
    """The same with rims drawn smooth, and what lies beside them."""
    edges, which = edges_of(piece.f)
    on_rim = np.bincount(which.ravel(), minlength=len(edges)) == 1
    rim = np.zeros(len(piece.v), bool)
    rim[edges[on_rim].ravel()] = True
    near = rim.copy()
    near[edges[rim[edges].any(1)].ravel()] = True
    told = np.concatenate([piece.v, piece.rest], 1)
    steps = [(np.flatnonzero(rim), edges[on_rim]), (np.flatnonzero(near & ~rim), edges)]
    means = [(kept, _mean_of(kept, ends, len(rim))) for kept, ends in steps]
    for _ in range(rounds):
        for kept, mean in means:
            told[kept] = 0.5 * told[kept] + 0.5 * (mean @ told)
    return replace(piece, v=told[:, :3], rest=told[:, 3:])


def _mean_of(rows: Index, edges: Index, count: int) -> sparse.csr_matrix:
    """The mean of the neighbours of some vertices as a matrix."""
    number = np.full(count, -1)
    number[rows] = np.arange(len(rows))
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[number[both[:, 0]] >= 0]
    row = number[both[:, 0]]
    degree = np.maximum(np.bincount(row, minlength=len(rows)), 1)
    return sparse.csr_matrix((1 / degree[row], (row, both[:, 1])), (len(rows), count))


def moved(piece: Piece, by: Array) -> Piece:
    """The same, its vertices shifted by (V, 3)."""
    return replace(piece, v=piece.v + by)
