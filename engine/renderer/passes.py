"""Which pixels get how many rays, and when: a coarse look first, all pixels next, then the difficult ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.renderer.crew import Crew, shared
from engine.renderer.tracing.tracer import CHANNELS, LAYERS, Tracer, layers
from engine.renderer.tracing.vectors import LUMA, Floats

Pixels: TypeAlias = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

_FIRST_WIDTH: Final = 128
"""The first look is about as wide as this, in pixels."""
_RAYS_A_UNIT: Final = 8192
_TILE: Final = 32
_STEP: Final = 0.10
"""Of brightness from pixel to pixel, which is an edge."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Samples a pixel: of all, then so many more of what shows something, of hair, of strands apart, edges and eyes."""

    base: int
    plain: int
    hair: int
    strands: int
    edges: int
    eyes: int


EFFORTS: Final = {
    "preview": Effort(1, 0, 0, 0, 0, 0),
    "draft": Effort(1, 1, 1, 1, 3, 3),
    "standard": Effort(1, 3, 4, 7, 7, 11),
    "fine": Effort(2, 5, 7, 10, 10, 16),
}


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """Pixels of one tile or so, and which of their samples to take."""

    pixels: Pixels
    first: int
    samples: int


class Exposure:
    """Rays taken pass by pass; `film` holds the sums so far."""

    def __init__(self, tracer: Tracer, effort: Effort, crew: Crew) -> None:
        self.tracer, self.effort, self.crew = tracer, effort, crew
        width, height = tracer.size
        self.film: Floats = shared(CHANNELS, width * height)
        self._order = _tile_order(width, height)

    def coarse(self, between: Callable[[float], None]) -> tuple[Floats, tuple[int, int]]:
        """The first look: sums of one pixel in every few, as a small film, and its size."""
        width, height = self.tracer.size
        step = first_step(self.tracer.size)
        rows, columns = np.arange(step // 2, height, step), np.arange(step // 2, width, step)
        pixels = (rows[:, None] * width + columns).ravel()
        self._take(pixels, 0, self.effort.base, between)
        return self.film[:, pixels].copy(), (len(columns), len(rows))

    def all_pixels(self, between: Callable[[float], None]) -> None:
        """The base samples of every pixel that has none."""
        missing = self.film[LAYERS["count"].start] == 0
        self._take(self._order[missing[self._order]], 0, self.effort.base, between)

    def difficult(self, between: Callable[[float], None]) -> None:
        """More samples where something is, most at edges, in hair and in eyes."""
        wanted = self._wanted()
        counts = [int(count) for count in np.unique(wanted) if count]
        units = [unit for count in counts for unit in self._units(self._order[wanted[self._order] == count], count)]
        self.crew.run(units, self._work, between)

    def _wanted(self) -> npt.NDArray[np.int64]:
        """Samples still to be taken, a pixel."""
        width, height = self.tracer.size
        film = layers(self.film, self.tracer.size)
        seen = {name: film[name][..., 0] for name in ("alpha", "hair", "eye")}
        shown = _widened(seen["alpha"] > 0, 3)
        hair, eyes = _widened(seen["hair"] > 0, 1), _widened(seen["eye"] > 0, 2)
        steps = _widened(_steps(film["guide"] @ LUMA), 1)
        strands = hair & (steps | ~_narrowed(seen["hair"] > 0, 2))
        edge = (shown & ~_narrowed(seen["alpha"] > 0, 3)) | (steps & ~hair & shown)
        effort = self.effort
        wanted = np.where(shown, effort.plain, 0)
        wanted = np.where(hair & shown, effort.hair, wanted)
        wanted = np.where(strands & shown, effort.strands, wanted)
        wanted = np.where(edge, effort.edges, wanted)
        wanted = np.where(eyes & shown, effort.eyes, wanted)
        return np.asarray(wanted.reshape(width * height), np.int64)

    def _take(self, pixels: Pixels, first: int, samples: int, between: Callable[[float], None]) -> None:
        self.crew.run([WorkUnit(u.pixels, first, samples) for u in self._units(pixels, samples)], self._work, between)

    def _units(self, pixels: Pixels, samples: int) -> Iterator[WorkUnit]:
        step = max(_RAYS_A_UNIT // max(samples, 1), 256)
        for start in range(0, len(pixels), step):
            yield WorkUnit(pixels[start : start + step], self.effort.base, samples)

    def _work(self, unit: WorkUnit) -> None:
        self.tracer.trace(unit.pixels, unit.first, unit.samples, self.film)


def first_step(size: tuple[int, int]) -> int:
    """How many pixels apart, across and down, those of a first look are."""
    return max(1, round(min(size) / _FIRST_WIDTH))


def _tile_order(width: int, height: int) -> Pixels:
    """Pixels tile by tile, so that a unit's rays stay together."""
    row, column = np.divmod(np.arange(width * height), width)
    return np.lexsort((column, row, column // _TILE, row // _TILE))


def _steps(brightness: Floats) -> Rows:
    """Where colours change from one pixel to the next: the rims of glasses, lips, collars."""
    jump = np.zeros(brightness.shape, bool)
    jump[1:] |= np.abs(np.diff(brightness, axis=0)) > _STEP
    jump[:, 1:] |= np.abs(np.diff(brightness, axis=1)) > _STEP
    return jump


def _widened(mask: Rows, steps: int) -> Rows:
    for _ in range(steps):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask


def _narrowed(mask: Rows, steps: int) -> Rows:
    return ~_widened(~mask, steps)
