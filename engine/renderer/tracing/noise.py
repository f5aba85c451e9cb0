"""A tiling random field in space, for pores, threads and folds: its height and its slope."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from engine.renderer.tracing.vectors import F, Floats

SIZE = 64


@functools.cache
def _field() -> Floats:
    """(SIZE³, 4): slope along x, y, z and height, of unit variance, in cells of a few voxels."""
    from scipy.ndimage import gaussian_filter

    white = np.random.default_rng(7).normal(size=(SIZE,) * 3).astype(np.float32)
    height = gaussian_filter(white, 1.3, mode="wrap") - F(0.6) * gaussian_filter(white, 2.6, mode="wrap")
    height /= height.std()
    slopes = [height - np.roll(height, 1, axis) for axis in range(3)]
    return np.ascontiguousarray(np.stack([*slopes, height], -1).reshape(-1, 4))


def grain(points: Floats, voxel: float) -> tuple[Floats, Floats]:
    """Slope (3, N) and height (N) at points (3, N), in cells of `voxel` metres."""
    cell = np.floor(points * F(1 / voxel)).astype(np.int32) & (SIZE - 1)
    index: npt.NDArray[np.int32] = (cell[0] * SIZE + cell[1]) * SIZE + cell[2]
    found = np.ascontiguousarray(_field()[index].T)
    return found[:3], found[3]
