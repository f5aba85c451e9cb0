"""Smooth surfaces of quads: Catmull and Clark's subdivision, of all of a mesh or of a chosen part of it.

Used once, when the studio's pack is made: the pack holds the resulting matrix.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def sides(quads: Index) -> tuple[Index, Index]:
    """Every edge once, (E, 2), and which of them each quad's four sides are, (Q, 4)."""
    ends = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    found, which = np.unique(ends, axis=0, return_inverse=True)
    return found, which.reshape(-1, 4)


def _pick(rows: Index, columns: Index, values: Any, shape: tuple[int, int]) -> Any:
    weights = np.broadcast_to(values, rows.shape).ravel().astype(float)
    return sparse.coo_matrix((weights, (rows.ravel(), columns.ravel())), shape).tocsr()


def smoothed(quads: Index, count: int) -> tuple[Any, Any, Any]:
    """Catmull and Clark's matrices for the old vertices, the edges' and the faces' new ones (each × old vertices)."""
    edges, which = sides(quads)
    number = np.arange(len(quads))[:, None]
    faces = _pick(np.broadcast_to(number, quads.shape), quads, 0.25, (len(quads), count))
    around = _pick(which, np.broadcast_to(number, which.shape), 1.0, (len(edges), len(quads)))
    inner = np.asarray(around.sum(1)).ravel() == 2
    ends = _pick(np.repeat(np.arange(len(edges))[:, None], 2, 1), edges, 1.0, (len(edges), count))
    middles = sparse.diags(np.where(inner, 0.25, 0.5)) @ ends + sparse.diags(np.where(inner, 0.25, 0.0)) @ (
        around @ faces
    )
    return _old(quads, edges, inner, faces, count), middles.tocsr(), faces


def _old(quads: Index, edges: Index, inner: Mask, faces: Any, count: int) -> Any:
    rim = np.zeros(count, bool)
    rim[edges[~inner].ravel()] = True
    valence = np.maximum(np.bincount(quads.ravel(), minlength=count), 1).astype(float)
    touching = _pick(quads, np.broadcast_to(np.arange(len(quads))[:, None], quads.shape), 1.0, (count, len(quads)))
    a, b = edges.T
    both = np.concatenate([a, b]), np.concatenate([b, a])
    weight = np.where(rim[both[0]], np.where(np.concatenate([inner, inner]), 0.0, 1 / 8), 0.0)
    smooth = ~rim
    weight = np.where(smooth[both[0]], 1 / valence[both[0]] ** 2, weight)
    ring = _pick(both[0], both[1], weight, (count, count))
    inside = sparse.diags(np.where(smooth, 1 / valence**2, 0.0)) @ (touching @ faces)
    # (Q + 2R + (n − 3)V) / n, where R, the mean of the edges' middles, holds half of V itself
    own = np.where(smooth, (valence - 2) / valence, 3 / 4)
    return (ring + inside + sparse.diags(own)).tocsr()


def refine(quads: Index, coordinates: Index, uv: Any, count: int) -> tuple[Index, Index, Any, Any]:
    """One step for all quads: new quads, their texture coordinates' numbers, the coordinates, and the matrix."""
    old, middles, faces = smoothed(quads, count)
    _, which = sides(quads)
    new = _fours(quads, which + count, np.arange(len(quads)) + count + middles.shape[0])
    ends, coordinate_sides = sides(coordinates)
    all_uv = np.concatenate([uv, uv[ends].mean(1), uv[coordinates].mean(1)])
    inner = np.arange(len(quads)) + len(uv) + len(ends)
    return new, _fours(coordinates, coordinate_sides + len(uv), inner), all_uv, sparse.vstack([old, middles, faces])


def _fours(quads: Index, middles: Index, centre: Index) -> Index:
    corner = [np.stack([quads[:, k], middles[:, k], centre, middles[:, k - 1]], 1) for k in range(4)]
    return np.concatenate(corner)


def refine_some(quads: Index, coordinates: Index, uv: Any, count: int, chosen: Mask) -> tuple[Index, Index, Any, Any]:
    """One step for the chosen quads, in triangles; their neighbours are cut to fit, so that no gap opens."""
    old, middles, faces = smoothed(quads, count)
    edges, which = sides(quads)
    ends, coordinate_sides = sides(coordinates)
    cut = np.zeros(len(edges), bool)
    cut[which[chosen].ravel()] = True
    whole = np.ones(count, bool)
    whole[quads[~chosen].ravel()] = False
    stay = sparse.identity(count, format="csr")
    kept = sparse.diags(whole.astype(float)) @ old + sparse.diags((~whole).astype(float)) @ stay
    matrix = sparse.vstack([kept, middles, faces])
    all_uv = np.concatenate([uv, uv[ends].mean(1), uv[coordinates].mean(1)])
    number = np.flatnonzero(chosen)
    fine = _fours(quads[chosen], which[chosen] + count, number + count + len(edges))
    fine_uv = _fours(coordinates[chosen], coordinate_sides[chosen] + len(uv), number + len(uv) + len(ends))
    f, ft = [_halves(fine)], [_halves(fine_uv)]
    for row in np.flatnonzero(~chosen):
        ring, ring_uv = [], []
        for k in range(4):
            ring.append(quads[row, k])
            ring_uv.append(coordinates[row, k])
            if cut[which[row, k]]:
                ring.append(which[row, k] + count)
                ring_uv.append(coordinate_sides[row, k] + len(uv))
        start = next((k for k, n in enumerate(ring) if n >= count), 0)
        f.append(_fan(ring, start))
        ft.append(_fan(ring_uv, start))
    return np.concatenate(f), np.concatenate(ft), all_uv, matrix.tocsr()


def _halves(quads: Index) -> Index:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _fan(ring: list[int], start: int) -> Index:
    turned = ring[start:] + ring[:start]
    return np.array([(turned[0], turned[k], turned[k + 1]) for k in range(1, len(turned) - 1)])


def used(f: Index, ft: Index, uv: Any, matrix: Any) -> tuple[Index, Index, Any, Any]:
    """The same surface without the vertices and coordinates that no triangle uses."""
    places, renumbered = np.unique(f, return_inverse=True)
    coordinates, renumbered_uv = np.unique(ft, return_inverse=True)
    return renumbered.reshape(f.shape), renumbered_uv.reshape(ft.shape), uv[coordinates], matrix[places]
