"""Jobs whose model is not on this machine yet: they stand beside the line, so that nobody waits behind a download."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.jobs.job import Downloading, EngineError, Job, RenderFailed
from engine.models.model import Model
from engine.sayings import worded

log = logging.getLogger(__name__)


class Weights(Protocol):
    """What brings models to this machine (`engine.downloads`)."""

    def there(self, model: Model) -> bool:
        """Whether the model is known to be here; asked on the event loop."""
        ...

    async def fetch(self, model: Model, tell: Callable[[Downloading], None]) -> None:
        """Returns once it is here; cancelling it stops the download. Raises EngineError."""
        ...


class AwaitingWeights:
    """One download for each model that somebody waits for; it stops when the last of them has left.

    `tell` hands an event to a job, `release` says that jobs may go into the line, `fail` that they cannot be made.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        tell: Callable[[str, Downloading], None],
        release: Callable[[Sequence[str]], None],
        fail: Callable[[Sequence[str], EngineError], None],
    ) -> None:
        self._weights = weights
        self._tell, self._release, self._fail = tell, release, fail
        self._jobs: dict[str, Job] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._last: dict[str, Downloading] = {}

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those that wait here, in the order they came."""
        return tuple(self._jobs.values())

    def holds(self, job: Job, model: Model) -> bool:
        """Whether the job waits here from now on, because its model is not there."""
        if self._weights.there(model):
            return False
        self._jobs[job.id] = job
        if model.id not in self._fetching:
            task = asyncio.get_running_loop().create_task(self._fetch(model), name=f"download {model.id}")
            self._fetching[model.id] = task
        elif model.id in self._last:
            self._tell(job.id, self._last[model.id])
        return True

    def leave(self, job_id: str) -> None:
        """The job is over; the download is, too, when nobody else waits for it."""
        job = self._jobs.pop(job_id, None)
        if job is not None and not self._of(job.model) and (task := self._fetching.pop(job.model, None)):
            self._last.pop(job.model, None)
            task.cancel()

    async def stop(self) -> None:
        """Stops every download; what was fetched stays on the disk."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _of(self, model_id: str) -> list[str]:
        return [job.id for job in self._jobs.values() if job.model == model_id]

    async def _fetch(self, model: Model) -> None:
        def tell(event: Downloading) -> None:
            if self._fetching.get(model.id) is task:
                self._last[model.id] = event
                for job_id in self._of(model.id):
                    self._tell(job_id, event)

        task = asyncio.current_task()
        error: EngineError | None = None
        try:
            await self._weights.fetch(model, tell)
        except EngineError as failed:
            error = failed
        except Exception:
            log.exception("The weights of %s could not be fetched.", model.id)
            error = RenderFailed(worded("its model could not be downloaded"))
        self._end(model.id, error)

    def _end(self, model_id: str, error: EngineError | None) -> None:
        self._fetching.pop(model_id, None)
        self._last.pop(model_id, None)
        waiting = self._of(model_id)
        for job_id in waiting:
            del self._jobs[job_id]
        if error is None:
            self._release(waiting)
        else:
            self._fail(waiting, error)
