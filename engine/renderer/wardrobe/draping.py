"""How cloth lies: stretched over what stands out, hanging below it, in folds, never inside the body."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from engine.renderer.body import Body
from engine.renderer.geometry import Array, Index, edges_of, unit
from engine.renderer.wardrobe import cloth_uv
from engine.renderer.wardrobe.cuts import along_arm
from engine.renderer.wardrobe.pieces import Piece, moved

FARTHEST: Final = 0.045
"""Metres that cloth spans above a hollow at most."""
_CLEARANCE: Final = 0.0030
_SLEEVE: Final = 0.3
"""How much of an arm cloth is that is not of the trunk."""


def stretched(piece: Piece, ease: Array | float, farthest: float = FARTHEST, rounds: int = 60) -> Piece:
    """Cloth `ease` metres over the piece, drawn straight across hollows up to `farthest` deep as a taut sheet."""
    least = np.broadcast_to(np.asarray(ease, float), (len(piece.v),)).copy()
    normals, mean = piece.normals, _averaging(piece.f, len(piece.v))
    # between neck and shoulder cloth lies on what it covers
    most = least + np.interp(piece.rest[:, 2], (0.46, 0.50), (farthest, min(farthest, 0.004)))
    height = least.copy()
    for _ in range(rounds):
        at = piece.v + normals * height[:, None]
        wanted = ((mean @ at - piece.v) * normals).sum(1)
        height = np.clip(0.3 * height + 0.7 * wanted, least, most)
    return moved(piece, normals * height[:, None])


def _averaging(faces: Index, count: int) -> sparse.csr_matrix:
    """The mean of each vertex's neighbours as a matrix; on a rim, of its neighbours on the rim."""
    edges, which = edges_of(faces)
    rim_edge = np.bincount(which.ravel(), minlength=len(edges)) == 1
    rim = np.zeros(count, bool)
    rim[edges[rim_edge].ravel()] = True
    both = np.concatenate([edges, edges[:, ::-1]])
    kept = ~rim[both[:, 0]] | np.concatenate([rim_edge, rim_edge])
    both = both[kept]
    degree = np.maximum(np.bincount(both[:, 0], minlength=count), 1)
    return sparse.csr_matrix((1 / degree[both[:, 0]], (both[:, 0], both[:, 1])), (count, count))


def hung(piece: Piece, slack: float) -> Piece:
    """Below the chest cloth falls rather than following the waist: `slack` 0 clings, 1 falls straight down."""
    if slack <= 0:
        return piece
    torso = piece.arm < 0.3
    middle = piece.v[torso].mean(0)
    angle = np.arctan2(piece.v[:, 0] - middle[0], -(piece.v[:, 1] - middle[1]))
    radius = np.hypot(piece.v[:, 0] - middle[0], piece.v[:, 1] - middle[1])
    sectors, levels = 48, 40
    at = ((angle + np.pi) / (2 * np.pi) * sectors).astype(int) % sectors
    top, bottom = float(piece.v[torso, 2].max()), float(piece.v[torso, 2].min())
    level = np.clip(((top - piece.v[:, 2]) / max(top - bottom, 1e-6) * (levels - 1)).astype(int), 0, levels - 1)
    below = piece.rest[:, 2] < 0.44
    grid = np.zeros((levels, sectors))
    used = torso & below
    np.maximum.at(grid, (level[used], at[used]), radius[used])
    step = (top - bottom) / levels
    for row in range(1, levels):
        grid[row] = np.maximum(grid[row], grid[row - 1] - step * (1.0 - slack) * 0.9)
    kernel = np.array((0.06, 0.24, 0.4, 0.24, 0.06))
    soft = sum(weight * np.roll(grid, shift, 1) for weight, shift in zip(kernel, range(-2, 3), strict=True))
    soft = sum(weight * np.roll(soft, shift, 0) for weight, shift in zip((0.25, 0.5, 0.25), (-1, 0, 1), strict=True))
    wanted = _looked_up(
        np.asarray(soft), (top - piece.v[:, 2]) / step - 0.5, (angle + np.pi) / (2 * np.pi) * sectors - 0.5
    )
    ramp = np.clip((0.44 - piece.rest[:, 2]) / 0.06, 0, 1) * (1 - np.clip(piece.arm / 0.3, 0, 1))
    # at the sides the arms hang
    more = np.clip(wanted - radius, 0, 0.09) * ramp * (0.25 + 0.75 * np.cos(angle) ** 2)
    out = np.stack([np.sin(angle), -np.cos(angle), np.zeros(len(angle))], 1)
    return moved(piece, out * more[:, None])


def sleeves_hung(piece: Piece, deep: float = 0.16) -> Piece:
    """Wide sleeves: their lower side falls, the more the nearer the hand, `deep` metres at the cuff."""
    share = np.clip((along_arm(piece.rest) - 0.04) / 0.36, 0, 1) ** 0.8 * np.clip((piece.arm - 0.4) / 0.4, 0, 1)
    under = np.clip(0.25 - piece.normals[:, 2], 0, 1) ** 0.7
    return moved(piece, -np.array((0, 0, deep)) * (share * under)[:, None])


def _looked_up(grid: Array, row: Array, column: Array) -> Array:
    """Bilinear; columns go round."""
    levels, sectors = grid.shape
    row = np.clip(row, 0, levels - 1.001)
    r, c = np.floor(row).astype(int), np.floor(column).astype(int)
    x, y = column - c, row - r
    c0, c1 = c % sectors, (c + 1) % sectors
    upper = grid[r, c0] * (1 - x) + grid[r, c1] * x
    lower = grid[r + 1, c0] * (1 - x) + grid[r + 1, c1] * x
    return np.asarray(upper * (1 - y) + lower * y)


@dataclass(frozen=True)
class Under:
    """What cloth must stay clear of: points and the normals there."""

    tree: Any
    points: Array
    normals: Array
    trunk: Under | None = None
    """The same without its sleeves, for cloth of the trunk: an arm beside it would push it away."""

    @classmethod
    def of(cls, points: Array, normals: Array, arm: Array | None = None) -> Under:
        """Ready to be asked; `arm` says how much each point is sleeve."""
        trunk = None if arm is None or arm.max() < _SLEEVE else cls.of(points[arm < _SLEEVE], normals[arm < _SLEEVE])
        return cls(cKDTree(points, balanced_tree=False, compact_nodes=False), points, normals, trunk)


@lru_cache(maxsize=4)
def _skin(body_key: bytes, holder: _Held) -> Under:
    del body_key
    return Under.of(*holder.what)


@dataclass(frozen=True)
class _Held:
    what: tuple[Array, Array]

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)


def skin_of(body: Body) -> Under:
    """The skin from the neck down."""
    low = np.flatnonzero((body.part.vertices[:, 2] < body.chin[2] + 0.01) & (body.masks["mouth"] < 0.5))[::2]
    points = body.part.vertices[low]
    return _skin(points.tobytes(), _Held((points, body.normals[low])))


def clear(piece: Piece, under: Under, gap: float = _CLEARANCE) -> Piece:
    """Cloth pushed out to `gap` metres over what is under it."""
    push = np.zeros((len(piece.v), 3))
    sleeve = piece.arm >= _SLEEVE
    for rows, what in ((sleeve, under), (~sleeve, under.trunk or under)):
        push[rows] = _off(piece.v[rows], what, gap)
    return moved(piece, push)


def _off(points: Array, under: Under, gap: float) -> Array:
    """By how much points have to move to be `gap` off, (N, 3)."""
    distance, nearest = under.tree.query(points, distance_upper_bound=0.045)
    near = np.isfinite(distance)
    at = nearest[near]
    normals = under.normals[at]
    height = ((points[near] - under.points[at]) * normals).sum(1)
    push = np.zeros((len(points), 3))
    push[near] = normals * np.clip(gap - height, 0, 0.03)[:, None]
    return push


def laid(piece: Piece, under: Under, most: float) -> Piece:
    """Cloth let down on the shoulders, where its own weight holds it: there it lies `most` metres off at most."""
    side, s = np.abs(piece.rest[:, 0]), along_arm(piece.rest)
    weight = np.clip((piece.rest[:, 2] - 0.41) / 0.06, 0, 1) * np.clip((side - 0.082) / 0.03, 0, 1)
    weight = np.maximum(weight, np.clip((piece.arm - 0.2) / 0.3, 0, 1)) * np.clip((0.17 - s) / 0.10, 0, 1)
    near = np.flatnonzero((weight > 0) & (piece.normals[:, 2] > -0.35))
    nearest = under.tree.query(piece.v[near])[1]
    height = ((piece.v[near] - under.points[nearest]) * under.normals[nearest]).sum(1)
    pull = np.zeros(len(piece.v))
    pull[near] = np.clip(height - most, 0, 0.05) * weight[near]
    mean = _averaging(piece.f, len(piece.v))
    for _ in range(4):
        pull = 0.5 * pull + 0.5 * (mean @ pull)
    way = np.zeros((len(piece.v), 3))
    way[near] = under.normals[nearest]
    for _ in range(4):
        way = mean @ way
    return moved(piece, -unit(way) * pull[:, None])


def folded(piece: Piece, height: Array, amount: float) -> Piece:
    """Cloth moved by `amount` times the broad creases of a garment's atlas, less where the neck's edge holds it."""
    if amount <= 0:
        return piece
    calm = np.clip((0.56 - piece.rest[:, 2]) / 0.07, 0.15, 1)
    by = cloth_uv.moved_by(height, piece.rest, piece.arm)
    return moved(piece, piece.normals * (amount * by * calm)[:, None])
