"""Cloth coordinates: metres along the threads, the torso wrapped one way and each sleeve another, as cloth is sewn.

An atlas holds pictures over them: the torso once around and half again, as its back crosses the end, and the sleeves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.renderer.geometry import Array, Index, unit
from engine.renderer.mesh import Mesh
from engine.renderer.tracing.textures import texel
from engine.renderer.wardrobe.cuts import along_arm
from engine.renderer.wardrobe.pieces import Piece

_TORSO_RADIUS_M = 0.145
_ARM_RADIUS_M = 0.050
_SLEEVES_FAR_M = 3.0
"""Sleeves' coordinates lie far from the torso's, so that what is printed on the chest is not on them too."""
_HIGHEST: Final = 0.62
_ROWS: Final = 448
_SHOULDER, _ELBOW = np.array((0.167, -0.015, 0.524)), np.array((0.313, -0.013, 0.350))


@dataclass(frozen=True)
class AtlasBlock:
    """A part of the atlas: where its columns begin, how many they are, and the metres that they go around."""

    first: int
    columns: int
    period: float

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of an atlas that has not been repeated."""
        return slice(None), slice(self.first, self.first + self.columns)

    def grid(self) -> tuple[Array, Array]:
        """Coordinates in metres, across (1, columns) and up (rows, 1)."""
        across = ((np.arange(self.columns) + 0.5) / self.columns - 0.5) * self.period
        up = _HIGHEST - (np.arange(_ROWS, dtype=float) + 0.5) * Atlas.texel
        return across[None], np.asarray(up[:, None])

    def window(self, middle: tuple[float, float], reach: float) -> tuple[Index, Index, Array, Array]:
        """Columns and rows within `reach` of a point, and their coordinates, those of columns not yet wrapped."""
        step = self.period / self.columns
        half = min(int(reach / step) + 1, self.columns // 2 - 1)
        column = round((middle[0] / self.period + 0.5) * self.columns) + np.arange(-half, half + 1, dtype=np.int64)
        first, last = (int((_HIGHEST - middle[1] + end) / Atlas.texel) for end in (-reach, reach))
        row = np.arange(max(first, 0), min(last + 1, _ROWS), dtype=np.int64)
        x = ((column + 0.5) / self.columns - 0.5) * self.period
        up = np.asarray(_HIGHEST - (row + 0.5) * Atlas.texel, float)
        return self.first + column % self.columns, row, x[None], up[:, None]


TORSO: Final = AtlasBlock(0, 364, 2 * np.pi * _TORSO_RADIUS_M)
SLEEVE: Final = tuple(AtlasBlock(364 + 126 * k, 126, 2 * np.pi * _ARM_RADIUS_M) for k in range(2))


class Atlas:
    """Pictures over all of a garment's coordinates."""

    texel: Final = 0.0025

    def empty(self) -> Array:
        """Zeros, (rows, columns), each column once."""
        return np.zeros((_ROWS, SLEEVE[1].first + SLEEVE[1].columns))

    def repeated(self, picture: Array) -> Array:
        """The same with the torso's first half once more at its end, and sleeves with a column more at both ends."""
        torso, *arms = (picture[block.slices] for block in (TORSO, *SLEEVE))
        padded = [np.concatenate([arm[:, -1:], arm, arm[:, :1]], 1) for arm in arms]
        return np.concatenate([torso, torso[:, : TORSO.columns // 2], *padded], 1)

    def places(self, chart: Array, part: Array) -> Array:
        """(…, 2) of a repeated picture's own coordinates, 0 to 1, of cloth coordinates on a part."""
        torso_end = TORSO.columns * 3 // 2
        width = torso_end + 2 * (SLEEVE[0].columns + 2)
        across = (chart[..., 0] / TORSO.period + 0.5) * TORSO.columns
        for k, block in enumerate(SLEEVE, 1):
            own = ((chart[..., 0] - _SLEEVES_FAR_M * k) / block.period + 0.5) * block.columns
            start = torso_end + (k - 1) * (block.columns + 2) + 1
            across = np.where(part == k, start + own, across)
        return np.stack([across / width, 1 - (_HIGHEST - chart[..., 1]) / (self.texel * _ROWS)], -1)


ATLAS: Final = Atlas()


def moved_by(height: Array, rest: Array, arm: Array) -> Array:
    """A repeated picture's values at places of the template, the torso's passing over into the sleeves'."""
    share = np.clip((arm - 0.25) / 0.35, 0, 1)
    side = np.where(rest[:, 0] > 0, 1, 2)
    sleeve = np.where(side == 1, _looked_up(height, rest, 1), _looked_up(height, rest, 2))
    return np.asarray(_looked_up(height, rest, 0) * (1 - share) + sleeve * share)


def _looked_up(height: Array, rest: Array, part: int) -> Array:
    uv = ATLAS.places(_coordinates(rest, part), np.full(len(rest), part))
    return texel(np.asarray(height[..., None], np.float32), uv.T.astype(np.float32))[0]


def mesh(piece: Piece, **info: Any) -> Mesh:
    """The piece as it is traced: torn where its parts are sewn, with `chart` (metres) and `along` (the weft's way)."""
    faces = piece.f
    part = np.where(piece.arm[faces].mean(1) > 0.45, np.where(piece.rest[faces][..., 0].mean(1) > 0, 1, 2), 0)
    corner = np.stack([_coordinates(piece.rest, k) for k in range(3)])[part[:, None], faces]
    back = (part == 0) & (np.ptp(corner[..., 0], axis=1) > _TORSO_RADIUS_M * np.pi)
    corner[back, :, 0] = np.mod(corner[back, :, 0], 2 * np.pi * _TORSO_RADIUS_M)
    seam = part * 2 + back
    key = np.stack([faces, np.broadcast_to(seam[:, None], faces.shape)], -1).reshape(-1, 2)
    key = np.concatenate([key, np.round(piece.uv.reshape(-1, 2) * 4096).astype(np.int64)], 1)
    packed = ((key[:, 0] * 8 + key[:, 1]) * 8192 + key[:, 2]) * 8192 + key[:, 3]
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    split = inverse.reshape(-1, 3)
    place = faces.reshape(-1)[first]
    extra: dict[str, Any] = {"uv": piece.uv.reshape(-1, 2)[first], "chart": corner.reshape(-1, 2)[first]}
    if "creases" in info:
        sewn = np.broadcast_to(part[:, None], faces.shape).reshape(-1)[first]
        extra["crease"] = ATLAS.places(extra["chart"], sewn)
    v = piece.v[place]
    extra["along"] = _along(v, split, extra["chart"])
    extra["rest"] = piece.rest[place]
    return Mesh("cloth", v, split, piece.normals[place], extra, dict(info))


def _coordinates(rest: Array, part: int) -> Array:
    """Metres across and up, on the torso (0) or a sleeve (1, 2)."""
    if part == 0:
        angle = np.arctan2(rest[:, 0], -(rest[:, 1] + 0.02))
        return np.stack([angle * _TORSO_RADIUS_M, rest[:, 2]], 1)
    p = rest.copy()
    p[:, 0] = np.abs(p[:, 0])
    axis = unit(_ELBOW - _SHOULDER)
    across = np.cross(axis, (0, 1.0, 0))
    offset = p - _SHOULDER
    # the seam lies under the arm, where the torso hides it
    angle = np.arctan2(offset[:, 1], offset @ unit(across))
    across_m = angle * _ARM_RADIUS_M * (1 if part == 1 else -1)
    return np.stack([across_m + _SLEEVES_FAR_M * part, 0.5 - along_arm(rest)], 1)


def _along(v: Array, f: Index, chart: Array) -> Array:
    """The direction in space in which the first coordinate grows, one a vertex."""
    a, b, c = (v[f[:, k]] for k in range(3))
    p, q, r = (chart[f[:, k]] for k in range(3))
    first, second = q - p, r - p
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    way = unit(((b - a) * second[:, 1:] - (c - a) * first[:, 1:]) * np.sign(area)[:, None])
    total = np.zeros_like(v)
    for k in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(f[:, k], way[:, axis], len(v))
    return unit(total)
