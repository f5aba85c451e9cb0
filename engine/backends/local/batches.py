"""How many pictures fit together: less after memory ran out, and more again after it has worked for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

NO_LIMIT = 64
PATIENCE = 8
"""So many batches must have worked at the limit before one more picture is tried."""
MOST_PATIENCE = 256


class BatchKind(NamedTuple):
    """Calls of one kind take the same memory a picture: `pictures` is how many go in."""

    model: str
    size: tuple[int, int]
    pictures: int = 0


@dataclass(slots=True)
class _Limit:
    largest: int
    worked: int = 0
    """Batches that worked at `largest` since it changed."""
    good: int = 1
    """The largest batch that has worked since memory last ran out below it."""
    patience: int = PATIENCE


class BatchLimits:
    """The limits of all models on one device. Nothing is limited until a batch has not fitted."""

    def __init__(self) -> None:
        self._limits: dict[BatchKind, _Limit] = {}
        self._planned: dict[BatchKind, int] = {}

    def largest(self, kind: BatchKind) -> int:
        """How many pictures of this kind to try together, at least 1."""
        limit = self._limits.get(kind)
        return limit.largest if limit else self._planned.get(kind, NO_LIMIT)

    def plan(self, kind: BatchKind, largest: int) -> None:
        """What was reckoned; it holds until something was learned, and grows like any other limit."""
        if kind not in self._limits and kind not in self._planned:
            self._planned[kind] = largest
            self._limits[kind] = _Limit(largest)

    def failed(self, kind: BatchKind, batch: int) -> None:
        """A batch of this size did not fit: the next is half of it, or what is known to fit."""
        limit = self._limits.setdefault(kind, _Limit(batch))
        grown = batch > 1 and limit.good == batch - 1
        limit.largest = limit.good if grown else max(1, batch // 2)
        limit.good = min(limit.good, limit.largest)
        limit.patience = min(MOST_PATIENCE, limit.patience * 2) if grown else limit.patience
        limit.worked = 0

    def worked(self, kind: BatchKind, batch: int) -> None:
        """A batch of this size fitted."""
        limit = self._limits.get(kind)
        if limit is None:
            return
        limit.good = max(limit.good, min(batch, limit.largest))
        if batch < limit.largest:
            return
        limit.worked += 1
        if limit.worked >= limit.patience and limit.largest < NO_LIMIT:
            limit.largest, limit.worked = limit.largest + 1, 0
