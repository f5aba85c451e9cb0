"""Numbers to sample with: well spread over the samples of a pixel, unlike those of its neighbours, the same each time.

Sample s of a pixel takes steps of the golden ratio's kin (Roberts' R2) from a start that is the pixel's own; so two,
four or ten samples are spread equally well, and a pixel can have more at any time. Whole numbers of 32 bits wrap as
shares of 1 do.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.renderer.tracing.vectors import F, Floats

Numbers: TypeAlias = npt.NDArray[np.integer[Any]]

_FULL: Final = 1 << 32
_R1: Final = np.uint32(int(0.6180339887498949 * _FULL))
_R2: Final = (np.uint32(int(0.7548776662466927 * _FULL)), np.uint32(int(0.5698402909980532 * _FULL)))
_MIX, _STEP = np.uint32(0x9E3779B1), 0x85EBCA6B


class Draws:
    """Random numbers for a batch of samples: `pixel` and `sample` numbers (N); each call is a new dimension."""

    def __init__(self, seed: int, pixel: Numbers, sample: Numbers, dimension: int = 0) -> None:
        self._seed, self._dimension = seed, dimension
        self._pixel, self._sample = pixel.astype(np.uint32), sample.astype(np.uint32)

    def of(self, rows: npt.NDArray[np.intp], apart: int) -> Draws:
        """Numbers for some of the batch, in dimensions of their own (`apart` counts by 64)."""
        return Draws(self._seed, self._pixel[rows], self._sample[rows], 64 * apart)

    def one(self) -> Floats:
        """(N) numbers in [0, 1)."""
        return self._spread(_R1)

    def two(self) -> tuple[Floats, Floats]:
        """Two sets that are spread well together."""
        return self._spread(_R2[0]), self._spread(_R2[1])

    def _spread(self, step: np.uint32) -> Floats:
        self._dimension += 1
        own = np.uint32((self._seed * 0x27D4EB2F + self._dimension * _STEP) % _FULL)
        start = self._pixel * _MIX
        start ^= own
        start ^= start >> np.uint32(15)
        start *= np.uint32(0x2C1B3C6D)
        start ^= start >> np.uint32(12)
        start *= np.uint32(0x297A2D39)
        start ^= start >> np.uint32(15)
        start += self._sample * step
        return (start >> np.uint32(8)).astype(np.float32) * F(2**-24)
