"""What rendering takes on this machine, learned from the renders themselves; nothing is assumed.

Pure arithmetic. Seconds are kept a step, so that jobs with more steps learn from those with fewer.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import NamedTuple

from engine.queue.fair_queue import BatchKey

KEPT = 5
WORTH = 0.95
"""The smallest batch that reaches this share of the best throughput is taken: a larger one only keeps people
waiting together."""
GAIN = 1.05
"""Doubling a batch must have brought this much for the next doubling to be tried."""
RETRY_EVERY = 32
"""Every so many batches, one size above the chosen one is measured again, in case it was measured badly."""


class _Kind(NamedTuple):
    """What decides the time of a step."""

    model: str
    width: int
    height: int
    guided: bool
    referenced: bool
    denoising_strength: float | None


def _kind(key: BatchKey) -> _Kind:
    guided, referenced = key.guidance > 1, key.ip_adapter_scale is not None
    return _Kind(key.model, key.width, key.height, guided, referenced, key.denoising_strength)


class _Curve:
    """Seconds a step by batch size, for one kind of job."""

    def __init__(self) -> None:
        self._samples: dict[int, deque[float]] = {}
        self.picks = 0

    def add(self, batch: int, step_s: float) -> None:
        self._samples.setdefault(batch, deque(maxlen=KEPT)).append(step_s)

    def sizes(self) -> list[int]:
        return sorted(self._samples)

    def step_s(self, batch: int) -> float:
        """Measured, else on the line between its measured neighbours, else in proportion to the nearest."""
        sizes = self.sizes()
        if batch in self._samples:
            return median(self._samples[batch])
        below = [size for size in sizes if size < batch]
        above = [size for size in sizes if size > batch]
        if below and above:
            low, high = below[-1], above[0]
            share = (batch - low) / (high - low)
            return self.step_s(low) * (1 - share) + self.step_s(high) * share
        if below:
            return self.step_s(below[-1]) * batch / below[-1]
        return self.step_s(above[0])

    def throughput(self, batch: int) -> float:
        return batch / self.step_s(batch)

    def best(self, reach: int) -> int:
        """The smallest batch up to `reach` whose throughput is worth it."""
        known = range(1, min(reach, self.sizes()[-1]) + 1)
        wanted = WORTH * max(map(self.throughput, known))
        return next(size for size in known if self.throughput(size) >= wanted)

    def still_gaining(self) -> bool:
        sizes = self.sizes()
        return len(sizes) < 2 or self.throughput(sizes[-1]) >= GAIN * self.throughput(sizes[-2])


class Timings:
    """Learns from `measured`, answers what a batch is worth and how long a job takes."""

    def __init__(self) -> None:
        self._curves: dict[_Kind, _Curve] = {}

    def measured(self, key: BatchKey, batch: int, render_s: float) -> None:
        """A batch of this size took `render_s`, loading left out. A time that cannot be one teaches nothing."""
        if not isinstance(render_s, int | float) or not 0 < render_s < math.inf:
            return
        self._curves.setdefault(_kind(key), _Curve()).add(batch, render_s / max(key.steps, 1))

    def batch_size(self, key: BatchKey, candidates: int, limit: int) -> int:
        """How many candidates to take: one, then double while that pays, then what has proved worth it."""
        reach = max(1, min(candidates, limit))
        curve = self._curves.get(_kind(key))
        if curve is None:
            return 1
        curve.picks += 1
        largest = curve.sizes()[-1]
        if largest < reach and curve.still_gaining():
            return min(reach, 2 * largest)
        best = curve.best(reach)
        if curve.picks % RETRY_EVERY == 0:
            return min(reach, 2 * best)
        return best

    def job_s(self, key: BatchKey) -> tuple[float, float] | None:
        """(alone, in the largest batch measured): how long a job is in the making; None before that."""
        found = self._find(key)
        if found is None:
            return None
        curve, scale = found
        alone = curve.step_s(1) * scale
        return alone, max(alone, curve.step_s(curve.sizes()[-1]) * scale)

    def turn_s(self, key: BatchKey) -> tuple[float, float] | None:
        """(best, worst): how long a job keeps others waiting, with the best batch and alone."""
        found = self._find(key)
        if found is None:
            return None
        curve, scale = found
        largest = curve.sizes()[-1]
        best = min(scale / curve.throughput(size) for size in curve.sizes())
        return best, max(best, curve.step_s(1) * scale, scale / curve.throughput(largest))

    def _find(self, key: BatchKey) -> tuple[_Curve, float] | None:
        """The curve and seconds to multiply by; another size of the same model serves by its area."""
        kind = _kind(key)
        steps = max(key.steps, 1)
        if kind in self._curves:
            return self._curves[kind], float(steps)
        for other, curve in self._curves.items():
            if other.model == kind.model:
                return curve, steps * (kind.width * kind.height) / (other.width * other.height)
        return None
