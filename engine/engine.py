"""The engine: jobs in, events out. It knows models and turns, nothing of Discord, money or SQL.

An idle engine has no task and no timer: submitting a job or ending a batch is what drives it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.backends import Backend
from engine.catalogue import Catalogue
from engine.jobs import Event, Job, Lane, Queued

BeforeStart = Callable[[Sequence[Job]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps in jobs. `deadline_s` counts from a job's start, loading the model left out."""

    waiting_per_user: int = 10
    waiting: int = 200
    running_per_user: int = 4
    deadline_s: float = 600.0
    batch: int = 8


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One job that has not ended; `place` is 1 for the next to start and 0 while it runs."""

    job: Job
    state: Literal["waiting", "running"]
    place: int


class Engine:
    """Fair, batched, cancellable rendering. Every method is called on the event loop.

    `backends` maps a model id or a provider to a factory, called when a model of it is first wanted.
    `before_start` is awaited before each start of a batch (it writes the attempts down); if it raises,
    the batch's jobs fail with RenderFailed.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        backends: Mapping[str, Callable[[], Backend]],
        *,
        limits: Limits | None = None,
        before_start: BeforeStart | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    def check(self, user: str, lane: Lane, count: int = 1) -> None:
        """Raises QueueFull when `count` more jobs of this user would not fit."""
        raise NotImplementedError

    def submit(self, job: Job) -> AsyncIterator[Event]:
        """Queues the job at once and returns its events; the last is Finished, or an EngineError is raised.

        Leaving the iterator early does not cancel the job. Raises QueueFull and UnknownModel at once.
        """
        raise NotImplementedError

    def cancel(self, job_id: str) -> bool:
        """Waiting: gone at once; running: within one step. False when the job is unknown or over."""
        raise NotImplementedError

    def place(self, job_id: str) -> Queued | None:
        """Where a waiting job stands, None when it is not waiting."""
        raise NotImplementedError

    def waiting(self) -> tuple[QueueEntry, ...]:
        """Every job that has not ended, running ones first, then in the order they would start."""
        raise NotImplementedError

    async def stop(self, grace_s: float) -> None:
        """Lets the current step end and joins the threads, within `grace_s`. Iterators of jobs that have not
        ended raise EngineStopped."""
        raise NotImplementedError
