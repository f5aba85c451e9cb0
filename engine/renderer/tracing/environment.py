"""The place as light from all around: a map of radiance, its bright parts drawn oftener."""

from __future__ import annotations

import numpy as np

from engine.renderer.tracing.vectors import LUMA, F, Floats, column

ROWS, COLUMNS = 32, 64
_DULL = 14.0
"""How narrow a bell a rough surface mirrors through: about thirty degrees across."""
_BRIGHTEST = 60.0
"""Times the map's mean: a sun that is brighter is dimmed to this, or a few rays that meet it speckle the picture."""


class Environment:
    """Radiance by direction. The map's middle column is what the lens looks at; up is up."""

    def __init__(self, picture: Floats, forward: Floats, gain: float) -> None:
        flat = np.array((forward[0], forward[1], 0.0))
        flat /= max(float(np.linalg.norm(flat)), 1e-6)
        self._forward, self._right = column(flat), column((flat[1], -flat[0], 0.0))
        full = np.asarray(picture, np.float32) * F(gain)
        self._sharp = np.ascontiguousarray(np.minimum(_shrunk(full, 128, 256), full.mean() * F(_BRIGHTEST)))
        self._soft = np.ascontiguousarray(np.minimum(_shrunk(full, ROWS, COLUMNS), full.mean() * F(_BRIGHTEST)))
        self._flat = np.ascontiguousarray(self._soft.reshape(-1, 3).T)
        self._dull = _blurred(self._soft)
        edges = np.cos(np.linspace(0, np.pi, ROWS + 1))
        solid = np.repeat((edges[:-1] - edges[1:]) * 2 * np.pi / COLUMNS, COLUMNS)
        weight = (self._soft.reshape(-1, 3) @ LUMA).astype(float) * solid + 1e-9
        self._chance = weight / weight.sum()
        self._cumulated = np.cumsum(self._chance).astype(np.float32)
        self._density = (self._chance / solid).astype(np.float32)
        self._tops = edges.astype(np.float32)
        self.mean: Floats = np.asarray((self._flat * solid).sum(1) / (4 * np.pi), np.float32).reshape(3, 1)

    def cell(self, way: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which cell of the soft map directions (3, N) are in."""
        across, rise = self._angles(way)
        column_ = np.minimum((across * F(COLUMNS)).astype(np.int64), COLUMNS - 1)
        return np.minimum((rise * F(ROWS)).astype(np.int64), ROWS - 1) * COLUMNS + column_

    def radiance(self, way: Floats) -> tuple[Floats, Floats]:
        """Soft radiance (3, N) from directions, and how densely `drawn` draws them."""
        cell = self.cell(way)
        return self._flat[:, cell], self._density[cell]

    def mirrored(self, way: Floats, sharp: bool) -> Floats:
        """What a mirror sees: the finer map for a wet eye, the softer for skin and cloth."""
        if not sharp:
            return self._flat[:, self.cell(way)]
        across, rise = self._angles(way)
        rows, columns = self._sharp.shape[:2]
        row = np.minimum((rise * F(rows)).astype(np.int64), rows - 1)
        return np.ascontiguousarray(self._sharp[row, np.minimum((across * F(columns)).astype(np.int64), columns - 1)].T)

    def dull(self, way: Floats) -> Floats:
        """What skin and cloth mirror: the place so blurred that nothing in it has an edge."""
        across, rise = self._angles(way)
        rows, columns = self._dull.shape[:2]
        row = np.minimum((rise * F(rows)).astype(np.int64), rows - 1)
        at = np.minimum((across * F(columns)).astype(np.int64), columns - 1)
        return np.ascontiguousarray(self._dull[row, at].T)

    def drawn(self, pick: Floats, u: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
        """Directions (3, N) towards light, what comes from there, and how densely they are drawn."""
        cell = np.minimum(np.searchsorted(self._cumulated, pick), ROWS * COLUMNS - 1)
        row, column_ = np.divmod(cell, COLUMNS)
        up = self._tops[row] + (self._tops[row + 1] - self._tops[row]) * u
        angle = ((column_ + v) * F(1 / COLUMNS) - F(0.5)) * F(2 * np.pi)
        level = np.sqrt(np.maximum(1 - up * up, F(0)))
        way = (level * np.cos(angle)) * self._forward + (level * np.sin(angle)) * self._right
        way[2] += up
        return way.astype(np.float32), self._flat[:, cell], self._density[cell]

    def _angles(self, way: Floats) -> tuple[Floats, Floats]:
        """0 to 1 from left to right, and from top to bottom."""
        ahead = way[0] * self._forward[0] + way[1] * self._forward[1]
        aside = way[0] * self._right[0] + way[1] * self._right[1]
        across = np.arctan2(aside, ahead) * F(0.5 / np.pi) + F(0.5)
        return across % F(1), np.arccos(np.clip(way[2], -1, 1)) * F(1 / np.pi)


def _blurred(picture: Floats) -> Floats:
    """A map (ROWS, COLUMNS, 3) as a rough surface mirrors it, (2 × ROWS, 2 × COLUMNS, 3)."""
    from scipy.ndimage import map_coordinates

    ways, solid = _cells(ROWS, COLUMNS)
    coarse, _ = _cells(ROWS // 2, COLUMNS // 2)
    share = np.exp((coarse @ ways.T - 1) * F(_DULL)) * solid
    mixed = share @ picture.reshape(-1, 3) / share.sum(1, keepdims=True)
    mixed = np.pad(mixed.reshape(ROWS // 2, COLUMNS // 2, 3), ((0, 0), (1, 1), (0, 0)), mode="wrap")
    row, at = np.mgrid[0 : 2 * ROWS, 0 : 2 * COLUMNS] / 4.0 - 0.375
    found = [map_coordinates(mixed[..., k], (row, at + 1), order=1, mode="nearest") for k in range(3)]
    return np.ascontiguousarray(np.stack(found, -1), np.float32)


def _cells(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Unit directions (rows × columns, 3) of a map's cells (ahead, aside, up), and the angle that each fills."""
    rise = (np.arange(rows, dtype=np.float32) + F(0.5)) * F(np.pi / rows)
    across = (np.arange(columns, dtype=np.float32) + F(0.5)) * F(2 * np.pi / columns)
    level = np.sin(rise)[:, None]
    ways = np.stack(np.broadcast_arrays(level * np.cos(across), level * np.sin(across), np.cos(rise)[:, None]), -1)
    solid = np.broadcast_to(level, (rows, columns)).ravel()
    return np.ascontiguousarray(ways.reshape(-1, 3), np.float32), solid


def _shrunk(picture: Floats, rows: int, columns: int) -> Floats:
    """The mean of blocks; a map smaller than asked is repeated."""
    height, width = picture.shape[:2]
    if height < rows or width < columns:
        picture = picture.repeat(-(-rows // height), 0).repeat(-(-columns // width), 1)
        height, width = picture.shape[:2]
    cut = picture[: height // rows * rows, : width // columns * columns]
    return cut.reshape(rows, height // rows, columns, width // columns, 3).mean((1, 3))
