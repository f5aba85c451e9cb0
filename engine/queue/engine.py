"""The engine: jobs in, events out. It knows models and turns, nothing of Discord, money or SQL.

An idle engine has no task and no timer: submitting a job or ending a batch is what drives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from engine.backends import (
    Backend,
    BackendLost,
    CardMemory,
    Housing,
    Laned,
    ModelPlace,
    Outcome,
    Remembering,
    RenderInterrupted,
    Warming,
)
from engine.jobs.events import EventStream
from engine.jobs.job import (
    Downloading,
    EngineError,
    EngineStopped,
    Event,
    Finished,
    Fitting,
    Job,
    JobCancelled,
    JobTimedOut,
    Lane,
    Loading,
    ModelUnavailable,
    Queued,
    QueueFull,
    RenderFailed,
    Underway,
)
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.queue.awaiting_weights import AwaitingWeights, Weights
from engine.queue.pool import Pool
from engine.queue.queue_watcher import QueueWatcher
from engine.queue.timings import Timings
from engine.sayings import worded

log = logging.getLogger(__name__)

BeforeStart = Callable[[Sequence[Job]], Awaitable[None]]
OnFatal = Callable[[str], None]

MAX_RESTARTS = 2
"""How often a job that broke its batch off is started again, each time alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps in jobs. `deadline_s` counts from a job's start, loading the model and fitting faces left out."""

    waiting_per_user: int = 10
    waiting: int = 200
    running_per_user: int = 4
    deadline_s: float = 600.0
    batch: int = 8


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One job that has not ended; `place` is 1 for the next to start and 0 while it runs.

    One whose model is being downloaded has the place behind all that wait.
    """

    job: Job
    state: Literal["waiting", "running", "downloading"]
    place: int


class _Ticket:
    """A job that has not ended, and who follows it."""

    __slots__ = ("job", "pool", "queued", "restarts", "running", "started_s", "stream")

    def __init__(self, job: Job, pool: Pool) -> None:
        self.job = job
        self.pool = pool
        self.stream = EventStream()
        self.running = False
        self.started_s: float | None = None
        self.restarts = 0
        self.queued: Queued | None = None


class Engine:
    """Fair, batched, cancellable rendering. Every method is called on the event loop.

    `backends` maps a model id or a provider to a factory, called when a model of it is first wanted.
    `before_start` is awaited before each start of a batch (it writes the attempts down). If it raises for
    a batch it is asked again job by job, and a job for which it raises fails with that error.
    `on_fatal` is called once with a reason when only a new process helps: the engine then starts nothing
    more, and the jobs that run are left unended. `timings` is what was learned of the models before.
    `running_cap` says how many jobs of one user may run at once, where that is not the same for all. `weights` bring
    models to this machine: a job whose model is not there waits beside the line (None: all are there).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        backends: Mapping[str, Callable[[], Backend]],
        *,
        limits: Limits | None = None,
        before_start: BeforeStart | None = None,
        on_fatal: OnFatal | None = None,
        timings: Timings | None = None,
        running_cap: Callable[[str], int] | None = None,
        weights: Weights | None = None,
        watcher: QueueWatcher | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._catalogue = catalogue
        self._factories = backends
        self._limits = limits or Limits()
        self._before_start = before_start
        self._on_fatal = on_fatal
        self._running_cap = running_cap or (lambda user: self._limits.running_per_user)
        self._timings = timings or Timings()
        self._clock = clock
        self._watcher = watcher or QueueWatcher()
        self._pools: dict[str, Pool] = {}
        self._tickets: dict[str, _Ticket] = {}
        self._waiting: Counter[str] = Counter()
        self._slots_taken: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dirty: set[Pool] = set()
        self._stopped = False
        self._lost = False
        self._awaiting = (
            AwaitingWeights(weights, tell=self._tell, release=self._line_up, fail=self._fail) if weights else None
        )

    @property
    def catalogue(self) -> Catalogue:
        return self._catalogue

    @property
    def works(self) -> bool:
        """Whether jobs are started: not while it stops, and not when only a new process helps."""
        return not (self._stopped or self._lost)

    @property
    def places(self) -> tuple[ModelPlace, ...]:
        """Where the models are that were loaded in this process."""
        backends = [pool.backend for pool in self._pools.values()]
        return tuple(place for one in backends if isinstance(one, Housing) for place in one.places)

    def card_memory(self) -> list[CardMemory]:
        """The memory of each card that is used, as its driver says now. May wait for the driver: use a thread."""
        backends = [pool.backend for pool in list(self._pools.values())]
        return [memory for one in backends if isinstance(one, Housing) for memory in one.card_memory()]

    def check(self, user: str, lane: Lane, count: int = 1) -> None:
        """Raises QueueFull when `count` more jobs of this user would not fit; the lanes share the caps."""
        limits = self._limits
        waiting = self._waiting[user]
        if waiting + count > limits.waiting_per_user:
            raise QueueFull(waiting, limits.waiting_per_user, "you")
        if self._waiting.total() + count > limits.waiting:
            raise QueueFull(self._waiting.total(), limits.waiting, "all")

    def submit(self, job: Job, *, accepted: bool = False) -> AsyncIterator[Event]:
        """Queues the job at once and returns its events; the last is Finished, or an EngineError is raised.

        Leaving the iterator early does not cancel the job. Raises QueueFull, UnknownModel, ModelUnavailable
        and EngineStopped at once, and ValueError for an id that is in the queue already. `accepted` jobs,
        charged earlier and taken up again after a restart, are not counted against the caps.
        """
        if self._stopped:
            raise EngineStopped
        if job.id in self._tickets:
            raise ValueError(f"job {job.id} is in the queue already")
        pool = self._pool(self._catalogue.get(job.model))
        if not accepted:
            self.check(job.user, job.lane)
        ticket = self._tickets[job.id] = _Ticket(job, pool)
        self._enqueue(ticket)
        return ticket.stream

    def cancel(self, job_id: str) -> bool:
        """Waiting: gone at once; running: within one step. False when the job is unknown or over."""
        ticket = self._tickets.get(job_id)
        if ticket is None:
            return False
        self._end(ticket, JobCancelled())
        return True

    def place(self, job_id: str) -> Queued | None:
        """Where a waiting job stands, None when it is not waiting."""
        ticket = self._tickets.get(job_id)
        if ticket is None or ticket.running:
            return None
        return ticket.pool.places(self._clock()).get(job_id)

    def waiting(self) -> tuple[QueueEntry, ...]:
        """Every job that has not ended, running ones first, then in the order they would start."""
        running = [QueueEntry(t.job, "running", 0) for t in self._tickets.values() if t.running]
        places = [
            (queued.place, job_id)
            for pool in self._pools.values()
            for job_id, queued in pool.places(self._clock()).items()
        ]
        queued = [QueueEntry(self._tickets[job_id].job, "waiting", place) for place, job_id in sorted(places)]
        beside = self._awaiting.jobs if self._awaiting is not None else ()
        return (*running, *queued, *(QueueEntry(job, "downloading", len(queued) + 1) for job in beside))

    async def warm(self, *model_ids: str) -> None:
        """Makes models ready one after another, before anybody orders them; where that fails only the log says so.

        Raises UnknownModel.
        """
        for model in [self._catalogue.get(model_id) for model_id in model_ids]:
            await self._warm(model)

    async def _warm(self, model: Model) -> None:
        began_s = self._clock()
        try:
            backend = self._pool(model).backend
            if isinstance(backend, Warming):
                await backend.warm(model)
        except (EngineError, RenderInterrupted, BackendLost) as error:
            # A device that is lost ends the process with the first order: a start that ended it would be tried again.
            log.warning("%s is not ready yet: %s", model.title, error)
        except Exception:
            log.exception("%s could not be made ready.", model.title)
        else:
            log.info("%s is ready after %.1f s.", model.title, self._clock() - began_s)

    async def forget(self, pictures: Collection[str]) -> None:
        """Drops what is kept in memory of these reference pictures (sha256), and of anybody's words.

        Waits for the batches that run, because they may be using it.
        """
        backends = [pool.backend for pool in self._pools.values()]
        await asyncio.gather(*(one.forget(pictures) for one in backends if isinstance(one, Remembering)))

    async def stop(self, grace_s: float) -> None:
        """Lets the current step end and joins the threads, within `grace_s`.

        Iterators of jobs that have not ended raise EngineStopped.
        """
        self._stopped = True
        for ticket in list(self._tickets.values()):
            self._end(ticket, EngineStopped())
        if self._awaiting is not None:
            await self._awaiting.stop()
        ending = [asyncio.ensure_future(pool.backend.close()) for pool in self._pools.values()]
        waited = [*ending, *self._tasks]
        if not waited:
            return
        _, late = await asyncio.wait(waited, timeout=grace_s)
        for task in late:
            log.warning("A backend did not stop within %.1f s and is left behind.", grace_s)
            task.cancel()
        await asyncio.gather(*waited, return_exceptions=True)

    def _pool(self, model: Model) -> Pool:
        """The queue and backend of a model; a factory that cannot deliver makes the model unavailable."""
        name = model.id if model.id in self._factories else model.provider
        if name not in self._pools:
            if name not in self._factories:
                raise ModelUnavailable(model.title, worded("nothing is set up that can run it"))
            pool = self._pools[name] = Pool(self._factories[name](), self._timings)
            if isinstance(pool.backend, Laned):
                pool.backend.on_room(lambda: self._changed(pool))
        return self._pools[name]

    def _enqueue(self, ticket: _Ticket) -> None:
        ticket.running = False
        ticket.started_s = None
        self._waiting[ticket.job.user] += 1
        job = ticket.job
        self._watcher.job_queued(job)
        if self._awaiting is None or not self._awaiting.holds(job, self._catalogue.get(job.model)):
            self._line_up([job.id])

    def _line_up(self, job_ids: Iterable[str]) -> None:
        """Into the line, where everybody has the place of their arrival."""
        for job_id in job_ids:
            ticket = self._tickets[job_id]
            ticket.pool.add(ticket.job, alone=ticket.restarts > 0)
            self._changed(ticket.pool)

    def _tell(self, job_id: str, event: Downloading) -> None:
        self._watcher.job_told(job_id, event)
        self._tickets[job_id].stream.put(event)

    def _fail(self, job_ids: Iterable[str], error: EngineError) -> None:
        self._end_all([self._tickets[job_id] for job_id in job_ids], error)

    def _changed(self, pool: Pool) -> None:
        """Starts what can start and tells new places, once a turn of the loop: what comes together stays so."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._pump)
        self._dirty.add(pool)

    def _pump(self) -> None:
        # A slot that came free may let the same user start on another backend.
        self._dirty.clear()
        if self._stopped or self._lost:
            return
        for pool in self._pools.values():
            while pool.free and (batch := self._pick(pool)):
                task = asyncio.get_running_loop().create_task(self._run(pool, batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            self._tell_places(pool)

    def _pick(self, pool: Pool) -> list[_Ticket]:
        def fits(model_id: str, size: tuple[int, int]) -> int:
            return min(self._limits.batch, pool.backend.max_batch(self._catalogue.get(model_id), size))

        jobs = pool.pick(fits, lambda user: self._running_cap(user) - self._slots_taken[user], self._clock())
        batch = [self._tickets[job.id] for job in jobs]
        for ticket in batch:
            self._leave_line(ticket.job.user)
            self._slots_taken[ticket.job.user] += 1
            ticket.running = True
        return batch

    def _tell_places(self, pool: Pool) -> None:
        for job_id, queued in pool.new_places(self._clock()).items():
            ticket = self._tickets[job_id]
            if ticket.queued is None or ticket.queued.place != queued.place:
                ticket.queued = queued
                ticket.stream.put(queued)

    async def _run(self, pool: Pool, batch: Sequence[_Ticket]) -> None:
        try:
            ready = await self._start(batch)
            if ready:
                await self._render(pool, ready)
        except asyncio.CancelledError:
            self._stopped = True  # nobody cancels this but a loop that is closing: start nothing more on it
            raise
        finally:
            pool.done(batch[0].job)
            for ticket in batch:
                self._leave_slot(ticket)
            self._changed(pool)

    async def _start(self, batch: Sequence[_Ticket]) -> list[_Ticket]:
        """Has the attempts written down; those that may go on."""
        error = await self._ask_before_start(batch)
        if error is not None:
            for ticket in batch:
                reason = await self._ask_before_start([ticket]) if len(batch) > 1 else error
                if reason is not None:
                    self._end(ticket, reason)
        return [ticket for ticket in batch if self._is_live(ticket)]

    async def _ask_before_start(self, batch: Sequence[_Ticket]) -> EngineError | None:
        jobs = [ticket.job for ticket in batch if self._is_live(ticket)]
        if self._before_start is None or not jobs:
            return None
        try:
            await self._before_start(jobs)
        except EngineError as error:
            return error
        except Exception:
            log.exception("The start of jobs %s could not be written down.", [job.id for job in jobs])
            return RenderFailed(worded("its start could not be recorded"))
        return None

    async def _render(self, pool: Pool, batch: Sequence[_Ticket]) -> None:
        jobs = [ticket.job for ticket in batch]
        for ticket in batch:
            ticket.started_s = self._clock()
        self._watcher.batch_started(jobs)
        try:
            outcomes = await pool.backend.render(jobs, self._report, self._is_over)
        except EngineError as error:
            self._end_all(batch, error)
        except BackendLost as error:
            self._lose(str(error))
        except RenderInterrupted as error:
            log.warning("Jobs %s were interrupted: %s.", [job.id for job in jobs], error)
            self._restart(batch)
        except Exception:
            log.exception("Jobs %s failed in the backend.", [job.id for job in jobs])
            if len(batch) > 1:
                self._restart(batch)
            else:
                self._end_all(batch, RenderFailed(worded("the model failed with an unexpected error")))
        else:
            self._finish(pool, batch, outcomes)

    def _finish(self, pool: Pool, batch: Sequence[_Ticket], outcomes: Sequence[Outcome]) -> None:
        for ticket, outcome in zip(batch, outcomes, strict=True):
            self._end(ticket, outcome)
        finished = [outcome for outcome in outcomes if isinstance(outcome, Finished)]
        if len(finished) == len(batch):  # a batch that lost rows on its way says nothing about its size
            pool.measured(batch[0].job, finished[0].batch, finished[0].render_s)

    def _restart(self, batch: Iterable[_Ticket]) -> None:
        """Back into the queue at their old place, each alone, so that one job cannot spoil the others."""
        for ticket in batch:
            if not self._is_live(ticket):
                continue
            if ticket.restarts >= MAX_RESTARTS:
                self._end(ticket, RenderFailed(worded("it broke off {restarts} times", restarts=ticket.restarts + 1)))
                continue
            ticket.restarts += 1
            self._leave_slot(ticket)
            self._enqueue(ticket)

    def _lose(self, reason: str) -> None:
        if self._lost:
            return
        self._lost = True
        log.critical("The engine cannot go on: %s.", reason)
        if self._on_fatal is not None:
            self._on_fatal(reason)

    def _report(self, job_id: str, event: Underway) -> None:
        ticket = self._tickets.get(job_id)
        if ticket is None:
            return
        if isinstance(event, Loading | Fitting):
            ticket.started_s = None
        elif ticket.started_s is None:
            ticket.started_s = self._clock()
        self._watcher.job_told(job_id, event)
        ticket.stream.put(event)

    def _is_over(self, job_id: str) -> bool:
        """Asked from the backend's thread at each step: stop rendering this job?"""
        ticket = self._tickets.get(job_id)
        if ticket is None:
            return True
        started_s = ticket.started_s
        if started_s is None or self._clock() - started_s <= self._limits.deadline_s:
            return False
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody follows any more
            ticket.pool.loop.call_soon_threadsafe(self._end, ticket, JobTimedOut(self._limits.deadline_s))
        return True

    def _is_live(self, ticket: _Ticket) -> bool:
        return self._tickets.get(ticket.job.id) is ticket

    def _end_all(self, batch: Iterable[_Ticket], error: EngineError) -> None:
        for ticket in batch:
            self._end(ticket, error)

    def _end(self, ticket: _Ticket, outcome: Outcome) -> None:
        """The one place where a job ends; what comes later for the same job is dropped."""
        if not self._is_live(ticket):
            return
        del self._tickets[ticket.job.id]
        self._watcher.job_ended(ticket.job, outcome)
        if isinstance(outcome, Finished):
            ticket.stream.put(outcome)
        else:
            ticket.stream.fail(outcome)
        if ticket.running:
            self._leave_slot(ticket)
        else:
            ticket.pool.remove(ticket.job.id)
            if self._awaiting is not None:
                self._awaiting.leave(ticket.job.id)
            self._leave_line(ticket.job.user)
        self._changed(ticket.pool)

    def _leave_line(self, user: str) -> None:
        self._waiting[user] -= 1
        if not self._waiting[user]:
            del self._waiting[user]

    def _leave_slot(self, ticket: _Ticket) -> None:
        if not ticket.running:
            return
        ticket.running = False
        user = ticket.job.user
        self._slots_taken[user] -= 1
        if not self._slots_taken[user]:
            del self._slots_taken[user]
