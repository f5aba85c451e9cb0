"""Whose turn it is: two lanes, users taking turns inside a lane, and batches of jobs that fit together.

Pure bookkeeping, no clock and no event loop. Adding, removing and picking cost the same however many jobs
wait: each lane keeps its users in a heap by turn, and so does each group of jobs that may share a batch.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from engine.jobs import Job, Lane

FAST_PICKS_IN_A_ROW = 7
"""While standard jobs wait, at least one pick in eight is theirs; so is the eighth seat of a batch."""

Seats = Callable[[str], int]
"""How many more jobs of this user may run now."""


class BatchKey(NamedTuple):
    """What jobs must share to be rendered together. `alone` is a job's id when it must not share at all."""

    model: str
    width: int
    height: int
    steps: int
    guidance: float
    adapters: tuple[tuple[str, float], ...]
    reference_scale: float | None
    alone: str = ""


def batch_key(job: Job) -> BatchKey:
    """The group of jobs that this one may share a batch with."""
    return BatchKey(
        job.model,
        job.width,
        job.height,
        job.steps,
        job.guidance,
        tuple((adapter.name, adapter.scale) for adapter in job.adapters),
        job.reference_scale if job.references else None,
    )


def _arrival(job: Job) -> int:
    return job.arrival


class _Turns:
    """Which turn of the lane each user is at.

    A user's turn moves on with each job served. Somebody new starts at the lane's current turn, so they come
    before those who were just served and after nobody's whole backlog.
    """

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._current = 0

    def __call__(self, user: str) -> int:
        return self._of.get(user, self._current)

    def join(self, user: str) -> None:
        self._of[user] = max(self._of.get(user, 0), self._current)

    def served(self, user: str) -> None:
        self._of[user] = self(user) + 1

    def reach(self, turn: int) -> None:
        self._current = max(self._current, turn)

    def forget(self, staying: Iterable[str]) -> None:
        """Drops everybody who is not waiting; called now and then, so its cost is spread."""
        self._of = {user: self._of[user] for user in staying if user in self._of}

    def __len__(self) -> int:
        return len(self._of)


class _Ring:
    """Jobs of many users in fair order.

    A user's heap entry may be older than the truth, never later: it is put right when it comes to the top.
    """

    def __init__(self, turns: _Turns) -> None:
        self._turns = turns
        self._heap: list[tuple[int, int, str]] = []
        self._entry: dict[str, tuple[int, int]] = {}
        self.jobs: dict[str, list[Job]] = {}

    def add(self, job: Job) -> None:
        queue = self.jobs.setdefault(job.user, [])
        insort_right(queue, job, key=_arrival)
        entry = (self._turns(job.user), queue[0].arrival)
        if job.user not in self._entry or entry < self._entry[job.user]:
            self._push(entry, job.user)

    def remove(self, job: Job) -> None:
        queue = self.jobs[job.user]
        index = bisect_left(queue, job.arrival, key=_arrival)
        while queue[index].id != job.id:
            index += 1
        del queue[index]
        if not queue:
            del self.jobs[job.user]

    def first(self, seats: Seats) -> Job | None:
        """The next job of a user who has a seat left."""
        aside: list[tuple[int, int, str]] = []
        job = None
        while self._heap and job is None:
            turn, arrival, user = self._heap[0]
            if self._settled(turn, arrival, user):
                if seats(user) > 0:
                    job = self.jobs[user][0]
                else:
                    aside.append(heapq.heappop(self._heap))
        for entry in aside:
            heapq.heappush(self._heap, entry)
        return job

    def _settled(self, turn: int, arrival: int, user: str) -> bool:
        """Whether the top entry is true; a stale one is replaced or dropped."""
        if self._entry.get(user) != (turn, arrival):
            heapq.heappop(self._heap)
            return False
        queue = self.jobs.get(user)
        if queue is None:
            heapq.heappop(self._heap)
            del self._entry[user]
            return False
        true = (self._turns(user), queue[0].arrival)
        if true == (turn, arrival):
            return True
        self._entry[user] = true
        heapq.heapreplace(self._heap, (*true, user))
        return False

    def _push(self, entry: tuple[int, int], user: str) -> None:
        self._entry[user] = entry
        heapq.heappush(self._heap, (*entry, user))


class _Line:
    """One lane: everybody's turns, all its jobs, and the same jobs by what they can share a batch with."""

    def __init__(self) -> None:
        self.turns = _Turns()
        self.all = _Ring(self.turns)
        self.groups: dict[BatchKey, _Ring] = {}

    def add(self, job: Job, key: BatchKey) -> None:
        if job.user not in self.all.jobs:
            self.turns.join(job.user)
        self.all.add(job)
        if key not in self.groups:
            self.groups[key] = _Ring(self.turns)
        self.groups[key].add(job)

    def remove(self, job: Job, key: BatchKey) -> None:
        self.all.remove(job)
        group = self.groups[key]
        group.remove(job)
        if not group.jobs:
            del self.groups[key]
        if len(self.turns) > 2 * len(self.all.jobs) + 64:
            self.turns.forget(self.all.jobs)

    def fitting(self, key: BatchKey, seats: Seats) -> Job | None:
        group = self.groups.get(key)
        return group.first(seats) if group else None

    def in_order(self) -> list[Job]:
        turned = [
            (self.turns(user) + nth, job.arrival, job)
            for user, queue in self.all.jobs.items()
            for nth, job in enumerate(queue)
        ]
        turned.sort(key=lambda entry: entry[:2])
        return [job for _, _, job in turned]


class FairQueue:
    """The jobs that wait for one backend."""

    def __init__(self) -> None:
        self._lines = {lane: _Line() for lane in Lane}
        self._waiting: dict[str, tuple[Job, BatchKey]] = {}
        self._counts: dict[BatchKey, int] = {}
        self._fast_picks = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._waiting

    def add(self, job: Job, *, alone: bool = False) -> None:
        """Queues a job by its lane, user and arrival; `alone` keeps it out of shared batches."""
        key = batch_key(job)
        if alone:
            key = key._replace(alone=job.id)
        self._waiting[job.id] = (job, key)
        self._counts[key] = self._counts.get(key, 0) + 1
        self._lines[job.lane].add(job, key)

    def remove(self, job_id: str) -> Job | None:
        """Takes a waiting job out; None when it does not wait here."""
        found = self._waiting.pop(job_id, None)
        if found is None:
            return None
        job, key = found
        self._lines[job.lane].remove(job, key)
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]
        return job

    def pick(self, size: Callable[[BatchKey, int], int], seats: Seats) -> list[Job]:
        """Takes out the next batch in fair order, [] when nobody who waits has a seat.

        `size(key, candidates)` says how many of the `candidates` that fit are worth taking together.
        """
        head = self._head(seats)
        if head is None:
            return []
        key = self._waiting[head.id][1]
        wanted = size(key, self._counts[key])
        taken: dict[str, int] = {}
        self._lines[head.lane].turns.reach(self._lines[head.lane].turns(head.user))
        batch = [self._take(head, taken)]

        def left(user: str) -> int:
            return seats(user) - taken.get(user, 0)

        fast = int(head.lane is Lane.FAST)
        while len(batch) < wanted:
            job = self._fitting(key, left, standard_first=fast >= FAST_PICKS_IN_A_ROW)
            if job is None:
                break
            fast = fast + 1 if job.lane is Lane.FAST else 0
            batch.append(self._take(job, taken))
        return batch

    def in_order(self) -> Iterator[Job]:
        """Every waiting job, in the order they would start if nothing else came and batches were of one."""
        fast = iter(self._lines[Lane.FAST].in_order())
        standard = iter(self._lines[Lane.STANDARD].in_order())
        run = self._fast_picks
        waiting = next(standard, None)
        for job in fast:
            if waiting is not None and run >= FAST_PICKS_IN_A_ROW:
                yield waiting
                waiting, run = next(standard, None), 0
            yield job
            run += 1
        if waiting is not None:
            yield waiting
        yield from standard

    def _head(self, seats: Seats) -> Job | None:
        fast = self._lines[Lane.FAST].all.first(seats)
        standard = self._lines[Lane.STANDARD].all.first(seats)
        if fast is None or standard is None:
            self._fast_picks = 0
            return fast or standard
        if self._fast_picks >= FAST_PICKS_IN_A_ROW:
            self._fast_picks = 0
            return standard
        self._fast_picks += 1
        return fast

    def _fitting(self, key: BatchKey, seats: Seats, *, standard_first: bool) -> Job | None:
        lanes = (Lane.STANDARD, Lane.FAST) if standard_first else (Lane.FAST, Lane.STANDARD)
        for lane in lanes:
            job = self._lines[lane].fitting(key, seats)
            if job is not None:
                return job
        return None

    def _take(self, job: Job, taken: dict[str, int]) -> Job:
        self.remove(job.id)
        self._lines[job.lane].turns.served(job.user)
        taken[job.user] = taken.get(job.user, 0) + 1
        return job
