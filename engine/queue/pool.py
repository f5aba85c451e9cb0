"""One backend, the jobs that wait for it, and how long they will have to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from time import perf_counter

from engine.backends import Assigning, Backend, Keeping, Laned, ReadingBeside
from engine.jobs.job import Job, Lane, Queued
from engine.queue.fair_queue import BatchKey, FairQueue, SlotsLeft, batch_key
from engine.queue.timings import Timings

Fits = Callable[[str, tuple[int, int]], int]
"""How many jobs of a model and (width, height) may share a batch."""

HONEST = (0.8, 1.3)
"""A time range is stretched by this much at its ends: machines are not metronomes."""
PLACES_SHARE = 0.05
"""At most this share of the time goes into telling everybody their new place, once telling takes long."""
LONG_TELLING_S = 0.002


class Pool:
    """A backend's queue. All times come from its own renders; `now_s` is any clock that counts seconds."""

    def __init__(self, backend: Backend, timings: Timings) -> None:
        self.backend = backend
        self.loop = asyncio.get_running_loop()
        self._queue = FairQueue()
        self._timings = timings
        self._running: list[tuple[BatchKey, Lane, float]] = []
        self._places: dict[str, Queued] = {}
        self._stale = False
        self._told_s = -1e9
        self._telling_s = 0.0

    @property
    def free(self) -> bool:
        return bool(self._lanes())

    def _lanes(self) -> Collection[Lane]:
        """The lanes of which a batch may start now."""
        if isinstance(self.backend, Laned):
            return self.backend.lanes(Counter(lane for _, lane, _ in self._running))
        return tuple(Lane) if len(self._running) < self.backend.slots else ()

    def add(self, job: Job, *, alone: bool) -> None:
        self._queue.add(job, alone=alone)
        self._stale = True

    def remove(self, job_id: str) -> None:
        if self._queue.remove(job_id) is not None:
            self._stale = True

    def pick(self, fits: Fits, slots: SlotsLeft, now_s: float) -> list[Job]:
        """Takes the next batch out of the queue and counts it as running, [] when nobody may start."""

        def size(key: BatchKey, candidates: int) -> int:
            limit = fits(key.model, (key.width, key.height))
            return self._timings.batch_size(key, candidates, limit)

        ready = self.backend.ready if isinstance(self.backend, Keeping) else ()
        only_ready = isinstance(self.backend, ReadingBeside) and self.backend.only_ready
        jobs = self._queue.pick(size, slots, self._lanes(), ready, only_ready=only_ready)
        if jobs:
            self._running.append((batch_key(jobs[0]), jobs[0].lane, now_s))
            if isinstance(self.backend, Assigning):
                self.backend.assign(jobs[0])
            self._stale = True
        return jobs

    def done(self, head: Job) -> None:
        """The batch that started with this job is over."""
        batch = (batch_key(head), head.lane)
        index = next(index for index, (key, lane, _) in enumerate(self._running) if (key, lane) == batch)
        del self._running[index]
        if isinstance(self.backend, Assigning):
            self.backend.release(head)

    def measured(self, head: Job, batch: int, render_s: float) -> None:
        self._timings.measured(batch_key(head), batch, render_s)
        self._stale = True

    def places(self, now_s: float) -> dict[str, Queued]:
        """Everybody's place and expected time until the picture is there, by job id."""
        if self._stale:
            self._places = self._work_out(now_s)
            self._stale = False
        return self._places

    def new_places(self, now_s: float) -> dict[str, Queued]:
        """The places if they changed; {} when they did not, or when telling would take too much time."""
        began_s = perf_counter()
        too_soon = (began_s - self._told_s) * PLACES_SHARE < self._telling_s
        if not self._stale or (too_soon and self._telling_s > LONG_TELLING_S):
            return {}
        places = self.places(now_s)
        self._told_s = perf_counter()
        self._telling_s = self._told_s - began_s
        return places

    def _work_out(self, now_s: float) -> dict[str, Queued]:
        before: tuple[float, float] | None = self._left_s(now_s)
        places: dict[str, Queued] = {}
        for place, job in enumerate(self._queue.in_order(), start=1):
            key = batch_key(job)
            making, turn = self._timings.job_s(key), self._timings.turn_s(key)
            if before is None or making is None or turn is None:
                before = None
                places[job.id] = Queued(place, place - 1, None)
                continue
            wait_s = ((before[0] + making[0]) * HONEST[0], (before[1] + making[1]) * HONEST[1])
            places[job.id] = Queued(place, place - 1, wait_s)
            slots = self.backend.slots
            before = (before[0] + turn[0] / slots, before[1] + turn[1] / slots)
        return places

    def _left_s(self, now_s: float) -> tuple[float, float] | None:
        """(shortest, longest) until a slot is free; None when it cannot be told."""
        if self.free:
            return (0.0, 0.0)
        lasts: list[tuple[float, float]] = []
        for key, _, began_s in self._running:
            job_s = self._timings.job_s(key)
            if job_s is None:
                return None
            gone_s = now_s - began_s
            lasts.append((max(0.0, job_s[0] - gone_s), max(0.0, job_s[1] - gone_s)))
        if not lasts:
            return None
        # Batches beyond the slots are done but for their pictures' files: what they take says nothing of a slot.
        return sorted(lasts)[max(0, len(lasts) - self.backend.slots)]
