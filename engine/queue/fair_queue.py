"""Whose turn it is: two lanes, users taking turns inside a lane, and batches of jobs that fit together.

Pure bookkeeping, no clock and no event loop. Adding, removing and picking cost the same however many jobs
wait: each lane keeps its users in a heap by turn, and so does each group of jobs that may share a batch.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.jobs.job import Job, Lane

FAST_PICKS_IN_A_ROW = 7
"""While standard jobs wait, at least one pick in eight is theirs; so is the eighth slot of a batch."""

PASSES_IN_A_ROW = 3
"""So many batches of a model that is in memory may go before somebody whose model would have to be loaded first."""

SlotsLeft = Callable[[str], int]
"""How many more jobs of this user may run now."""


class BatchKey(NamedTuple):
    """What jobs must share to be rendered together. `alone` is a job's id when it must not share at all."""

    model: str
    width: int
    height: int
    steps: int
    guidance: float
    adapters: tuple[tuple[str, float], ...]
    ip_adapter_scale: float | None
    denoising_strength: float | None = None
    alone: str = ""
    sampler: str = ""


def batch_key(job: Job) -> BatchKey:
    """The group of jobs that this one may share a batch with."""
    return BatchKey(
        job.model,
        job.width,
        job.height,
        job.steps,
        job.guidance,
        tuple((adapter.name, adapter.weight) for adapter in job.adapters),
        job.ip_adapter_scale if job.references else None,
        job.edit.strength if job.edit else None,
        sampler=job.prompt.sampler.casefold(),
    )


class _Person:
    """Somebody's virtual time in a lane: it moves on with each job served."""

    __slots__ = ("virtual_time",)

    def __init__(self, virtual_time: int) -> None:
        self.virtual_time = virtual_time


class _VirtualTimes:
    """Everybody's virtual time in one lane.

    Somebody new starts at the lane's current time, so they come before those who were just served and after
    nobody's whole backlog.
    """

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        self._current = 0

    def __len__(self) -> int:
        return len(self._people)

    def of(self, user: str) -> _Person:
        person = self._people.get(user)
        if person is None:
            person = self._people[user] = _Person(self._current)
        return person

    def join(self, user: str) -> None:
        person = self.of(user)
        person.virtual_time = max(person.virtual_time, self._current)

    def reach(self, virtual_time: int) -> None:
        self._current = max(self._current, virtual_time)

    def forget(self, staying: Iterable[str]) -> None:
        """Drops everybody who is not waiting; called now and then, so its cost is spread."""
        self._people = {user: self.of(user) for user in staying}


class _Waiting:
    """A waiting job and where it stands, so that taking it out needs no look-ups."""

    __slots__ = ("arrival", "group", "in_group", "in_line", "in_model", "job", "line", "model")

    def __init__(self, job: Job, line: _Line, group: _Group, model: _Group) -> None:
        self.job = job
        self.arrival = job.arrival
        self.line = line
        self.group = group
        self.in_line = line.all.add(self)
        self.in_group = group.rings[job.lane].add(self)
        self.model = model
        self.in_model = model.rings[job.lane].add(self)


def _arrival(waiting: _Waiting) -> int:
    return waiting.arrival


class _Place:
    """One user's jobs in a ring, by arrival, and the heap entry that stands for them."""

    __slots__ = ("entry", "first", "jobs", "person", "user")

    def __init__(self, user: str, person: _Person) -> None:
        self.user = user
        self.person = person
        self.jobs: list[_Waiting] = []
        self.first = 0
        self.entry: _Entry | None = None

    def __lt__(self, other: _Place) -> bool:
        return self.user < other.user

    def true_entry(self) -> _Entry:
        return (self.person.virtual_time, self.first, self)


_Entry = tuple[int, int, _Place]
"""(virtual time, arrival, whose): the smallest comes first."""


class _Ring:
    """Jobs of many users in fair order.

    A heap entry may be older than the truth, never later: it is put right when it comes to the top.
    """

    def __init__(self, virtual_times: _VirtualTimes) -> None:
        self._virtual_times = virtual_times
        self._heap: list[_Entry] = []
        self.places: dict[str, _Place] = {}

    def add(self, waiting: _Waiting) -> _Place:
        user = waiting.job.user
        place = self.places.get(user)
        if place is None:
            place = self.places[user] = _Place(user, self._virtual_times.of(user))
        insort_right(place.jobs, waiting, key=_arrival)
        if place.jobs[0] is waiting:
            place.first = waiting.arrival
            place.entry = place.true_entry()
            heapq.heappush(self._heap, place.entry)
        return place

    def remove(self, waiting: _Waiting, place: _Place) -> None:
        jobs = place.jobs
        index = 0 if jobs[0] is waiting else bisect_left(jobs, waiting.arrival, key=_arrival)
        while jobs[index] is not waiting:
            index += 1
        del jobs[index]
        if jobs:
            place.first = jobs[0].arrival
        else:
            place.entry = None
            del self.places[place.user]

    def first(self, slots: SlotsLeft) -> _Waiting | None:
        """The next job of a user who has a slot left."""
        heap = self._heap
        aside: list[_Entry] = []
        found = None
        while heap and found is None:
            entry = heap[0]
            virtual_time, first, place = entry
            if place.entry is not entry:
                heapq.heappop(heap)
            elif virtual_time != place.person.virtual_time or first != place.first:
                place.entry = place.true_entry()
                heapq.heapreplace(heap, place.entry)
            elif slots(place.user) > 0:
                found = place.jobs[0]
            else:
                aside.append(heapq.heappop(heap))
        for entry in aside:
            heapq.heappush(heap, entry)
        return found


class _Line:
    """One lane: everybody's virtual time and all its jobs."""

    def __init__(self) -> None:
        self.virtual_times = _VirtualTimes()
        self.all = _Ring(self.virtual_times)

    def tidy(self) -> None:
        if len(self.virtual_times) > 2 * len(self.all.places) + 64:
            self.virtual_times.forget(self.all.places)

    def in_order(self) -> list[Job]:
        in_order = [
            (place.person.virtual_time + nth, waiting.arrival, waiting.job)
            for place in self.all.places.values()
            for nth, waiting in enumerate(place.jobs)
        ]
        in_order.sort(key=lambda entry: entry[:2])
        return [job for _, _, job in in_order]


class _Group:
    """Jobs of both lanes that have something in common (may share a batch, or are of one model), each lane by turns."""

    def __init__(self, key: BatchKey, lines: Mapping[Lane, _Line]) -> None:
        self.key = key
        self.count = 0
        self.rings = {lane: _Ring(line.virtual_times) for lane, line in lines.items()}

    def first(self, slots: SlotsLeft, lanes: Collection[Lane], *, standard_first: bool) -> _Waiting | None:
        for lane in (Lane.STANDARD, Lane.FAST) if standard_first else (Lane.FAST, Lane.STANDARD):
            found = self.rings[lane].first(slots) if lane in lanes else None
            if found is not None:
                return found
        return None


class FairQueue:
    """The jobs that wait for one backend."""

    def __init__(self) -> None:
        self._lines = {lane: _Line() for lane in Lane}
        self._groups: dict[BatchKey, _Group] = {}
        self._models: dict[str, _Group] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._fast_picks = 0
        self._passes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._waiting

    def add(self, job: Job, *, alone: bool = False) -> None:
        """Queues a job by its lane, user and arrival; `alone` keeps it out of shared batches."""
        key = batch_key(job)
        if alone:
            key = key._replace(alone=job.id)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(key, self._lines)
        model = self._models.get(job.model)
        if model is None:
            model = self._models[job.model] = _Group(key, self._lines)
        line = self._lines[job.lane]
        if job.user not in line.all.places:
            line.virtual_times.join(job.user)
        group.count += 1
        model.count += 1
        self._waiting[job.id] = _Waiting(job, line, group, model)

    def remove(self, job_id: str) -> Job | None:
        """Takes a waiting job out; None when it does not wait here."""
        waiting = self._waiting.get(job_id)
        if waiting is None:
            return None
        self._remove(waiting)
        return waiting.job

    def pick(
        self,
        size: Callable[[BatchKey, int], int],
        slots: SlotsLeft,
        lanes: Collection[Lane] = tuple(Lane),
        ready: Collection[str] = (),
        *,
        only_ready: bool = False,
    ) -> list[Job]:
        """Takes out the next batch in fair order, [] when nobody who waits in one of `lanes` has a slot.

        `size(key, candidates)` says how many of the `candidates` that fit are worth taking together. Jobs of models
        that are `ready` go before the others of their lane, at most `PASSES_IN_A_ROW` batches in a row. With
        `only_ready` nothing but those may start, because another model is being read: that passes over nobody.
        """

        def first(lane: Lane) -> _Waiting | None:
            return self._first_ready(lane, slots, ready) if only_ready else self._lines[lane].all.first(slots)

        head = self._head(first, lanes)
        if head is None:
            return []
        if not only_ready:
            head = self._instead(head, slots, ready)
        group = head.group
        wanted = size(group.key, group.count)
        head.line.virtual_times.reach(head.in_line.person.virtual_time)
        taken: dict[str, int] = {}
        batch = [self._take(head, taken)]

        def left(user: str) -> int:
            return slots(user) - taken.get(user, 0)

        fast = int(batch[0].lane is Lane.FAST)
        while len(batch) < wanted:
            found = group.first(left, lanes, standard_first=fast >= FAST_PICKS_IN_A_ROW)
            if found is None:
                break
            batch.append(self._take(found, taken))
            fast = fast + 1 if batch[-1].lane is Lane.FAST else 0
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

    def _head(self, first: Callable[[Lane], _Waiting | None], lanes: Collection[Lane]) -> _Waiting | None:
        if len(lanes) == 1:  # the other lane misses no turn: it has no room
            return first(next(iter(lanes)))
        fast, standard = first(Lane.FAST), first(Lane.STANDARD)
        if fast is None or standard is None:
            self._fast_picks = 0
            return fast or standard
        if self._fast_picks >= FAST_PICKS_IN_A_ROW:
            self._fast_picks = 0
            return standard
        self._fast_picks += 1
        return fast

    def _instead(self, head: _Waiting, slots: SlotsLeft, ready: Collection[str]) -> _Waiting:
        """Somebody of the head's lane whose model is in memory, where the head's would have to be loaded first."""
        if not ready or head.job.model in ready or self._passes >= PASSES_IN_A_ROW:
            self._passes = 0
            return head
        able = self._first_ready(head.job.lane, slots, ready)
        self._passes = self._passes + 1 if able else 0
        return able or head

    def _first_ready(self, lane: Lane, slots: SlotsLeft, ready: Collection[str]) -> _Waiting | None:
        """Whose turn it is in this lane among those whose model is in memory."""
        found = [self._models[name].rings[lane].first(slots) for name in ready if name in self._models]
        able = [waiting for waiting in found if waiting is not None]
        return min(able, key=lambda one: (one.in_line.person.virtual_time, one.arrival), default=None)

    def _take(self, waiting: _Waiting, taken: dict[str, int]) -> Job:
        waiting.in_line.person.virtual_time += 1
        self._remove(waiting)
        user = waiting.in_line.user
        taken[user] = taken.get(user, 0) + 1
        return waiting.job

    def _remove(self, waiting: _Waiting) -> None:
        job, group, model = waiting.job, waiting.group, waiting.model
        del self._waiting[job.id]
        waiting.line.all.remove(waiting, waiting.in_line)
        group.rings[job.lane].remove(waiting, waiting.in_group)
        model.rings[job.lane].remove(waiting, waiting.in_model)
        group.count -= 1
        if not group.count:
            del self._groups[group.key]
        model.count -= 1
        if not model.count:
            del self._models[job.model]
        waiting.line.tidy()
