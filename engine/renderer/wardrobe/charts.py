"""Cloth coordinates: metres along the threads, the torso wrapped one way and each sleeve another, as cloth is sewn."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.renderer.geometry import Array, Index, unit
from engine.renderer.mesh import Mesh
from engine.renderer.wardrobe.cuts import along_arm
from engine.renderer.wardrobe.pieces import Piece

_TORSO_RADIUS_M = 0.145
_ARM_RADIUS_M = 0.050
_SLEEVES_FAR_M = 3.0
"""Sleeves' coordinates lie far from the torso's, so that what is printed on the chest is not on them too."""
_SHOULDER, _ELBOW = np.array((0.167, -0.015, 0.524)), np.array((0.313, -0.013, 0.350))


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
    angle = np.arctan2(-offset[:, 1], -(offset @ unit(across)))
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
