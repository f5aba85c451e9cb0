"""The head's own size all around its middle, measured by rays: what hats and headscarves are laid on."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from engine.renderer.body import Body
from engine.renderer.tracing.embree import RayScene

Array: TypeAlias = npt.NDArray[Any]

_USUAL: Final = 0.072
_ROUND, _TALL = 96, 60
_FROM: Final = -75.0
"""Degrees of elevation at which the head's table begins."""


@dataclass(frozen=True)
class Head:
    """The head's size all around its middle, in a frame that turns with it: −y ahead, z up."""

    centre: Array
    turn: Array
    radius: Array
    """(_ROUND, _TALL): by degrees from ahead, and of elevation."""
    scale: float

    def at(self, around: Array, up: Array) -> Array:
        """The head's radius in directions (degrees)."""
        column = (around % 360) / 360 * _ROUND
        row = np.clip((up - _FROM) / (90 - _FROM) * (_TALL - 1), 0, _TALL - 1.001)
        c, r = np.floor(column).astype(int), np.floor(row).astype(int)
        x, y = column - c, row - r
        a, b = c % _ROUND, (c + 1) % _ROUND
        low = self.radius[a, r] * (1 - x) + self.radius[b, r] * x
        high = self.radius[a, r + 1] * (1 - x) + self.radius[b, r + 1] * x
        return np.asarray(low * (1 - y) + high * y)

    def point(self, around: Array, up: Array, off: Array | float = 0.0) -> Array:
        """Points in the studio that lie `off` metres over the head."""
        return self.placed(way(around, up) * (self.at(around, up) + off)[..., None])

    def placed(self, local: Array) -> Array:
        """Points of the head's frame in the studio."""
        return np.asarray(self.centre + local @ self.turn.T)

    def seen(self, points: Array) -> tuple[Array, Array, Array]:
        """Degrees around and up, and the distance, of points (N, 3) in the studio."""
        local = (points - self.centre) @ self.turn
        far = np.linalg.norm(local, axis=-1)
        around = np.degrees(np.arctan2(local[..., 0], -local[..., 1]))
        return around, np.degrees(np.arcsin(np.clip(local[..., 2] / np.maximum(far, 1e-9), -1, 1))), far


def way(around: Array, up: Array) -> Array:
    """Unit directions of degrees from ahead (to the body's left) and of elevation."""
    a, e = np.radians(around), np.radians(up)
    return np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e) + 0 * a], -1)


def head(body: Body) -> Head:
    """The head of a body, without its ears."""
    return _head(body.part.vertices.tobytes(), _Box(body))


@dataclass(frozen=True)
class _Box:
    body: Body

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Box)


@lru_cache(maxsize=4)
def _head(key: bytes, box: _Box) -> Head:
    del key
    body = box.body
    scale = body.half_width / _USUAL
    centre = body.middle + body.head_turn @ (np.array((0.0, 0.078, 0.028)) * scale)
    rays = RayScene()
    faces = body.part.faces
    kept = (body.masks["ears"][faces].max(1) < 0.3) & (body.part.rest[faces][..., 2].min(1) > 0.52)
    rays.add_triangles(body.part.vertices.astype(np.float32), faces[kept])
    rays.commit()
    around, up = np.meshgrid(np.arange(_ROUND) * 360 / _ROUND, np.linspace(_FROM, 90, _TALL), indexing="ij")
    ways = way(around, up).reshape(-1, 3) @ body.head_turn.T
    hits = rays.first((centre + ways * 0.4).T.astype(np.float32), (-ways).T.astype(np.float32))
    radius = np.where(hits.geometry >= 0, 0.4 - np.minimum(hits.distance, 1), np.nan).reshape(_ROUND, _TALL)
    radius = np.where(np.isnan(radius), np.nanmedian(radius, axis=0), radius)
    radius = np.clip(radius, 0.05, 0.16 * scale)
    tall = np.concatenate([radius, radius, radius])
    return Head(centre, body.head_turn, gaussian_filter(tall, (1.2, 1.0), mode="nearest")[_ROUND : 2 * _ROUND], scale)
