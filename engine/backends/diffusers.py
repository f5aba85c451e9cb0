"""The local backend: diffusers pipelines on one worker thread. Torch is imported there, on first use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from engine.backends import BackendLost, Cancelled, Outcome, RenderInterrupted, Report
from engine.backends.local import runtime
from engine.backends.local.loaded import kind_of_call
from engine.backends.local.runtime import LocalSettings
from engine.backends.local.words import words_for
from engine.backends.worker import Worker, WorkerDied, WorkerHung
from engine.jobs.job import Job, Loading, ModelUnavailable, OutOfMemory, Progress, RenderFailed
from engine.models.catalogue import Catalogue, Model
from engine.models.local_models import can_edit

if TYPE_CHECKING:
    from engine.backends.local.embeddings import Embeddings
    from engine.backends.local.shelf import Shelf

log = logging.getLogger(__name__)

NO_LIMIT = 64


class DiffusersBackend:
    """Renders with the catalogue's local models, one batch at a time.

    A batch that does not fit into memory is halved, and that model then keeps to the smaller batch; a single
    job that does not fit is tried with offload, and then fails with OutOfMemory.
    """

    slots = 1

    def __init__(
        self, catalogue: Catalogue, *, memory_gib: float | None = None, settings: LocalSettings | None = None
    ) -> None:
        self._catalogue = catalogue
        self._settings = settings or LocalSettings(memory_gib=memory_gib)
        self._worker = Worker("diffusers", hang_s=self._settings.hang_s, niceness=self._settings.niceness)
        self._largest: dict[tuple[str, tuple[int, int]], int] = {}
        self.shelf: Shelf | None = None
        self.embeddings: Embeddings | None = None

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """Unlimited until a batch of this model and (width, height) did not fit; one, where pictures must go in."""
        return 1 if model.needs_picture else self._largest.get((model.id, size), NO_LIMIT)

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render. All jobs of a batch share model, size, steps and guidance."""
        watcher = _Watcher(asyncio.get_running_loop(), self._worker, report, cancelled)
        try:
            return await self._worker.run(lambda: self._render(batch, watcher))
        except WorkerDied as error:
            raise RenderInterrupted(str(error)) from error
        except WorkerHung as error:
            raise BackendLost(str(error)) from error

    async def forget(self, pictures: Collection[str]) -> None:
        """See Remembering.forget."""
        kept = self.embeddings
        if kept is None:
            return
        try:
            await self._worker.run(lambda: kept.forget(pictures))
        except WorkerDied:
            kept.forget(pictures)  # no thread uses it now
        except WorkerHung as error:
            log.warning("What is kept in memory stays until the end of the process: %s", error)

    async def close(self) -> None:
        """Ends the thread after its current step or call."""
        await self._worker.close()

    def _render(self, batch: Sequence[Job], watcher: _Watcher) -> list[Outcome]:
        try:
            return self._by_kind(self._model(batch[0]), batch, watcher)
        except Exception as error:
            if self.shelf is not None and runtime.is_fatal(error):
                raise BackendLost(f"the device failed ({type(error).__name__})") from error
            raise

    def _by_kind(self, model: Model, batch: Sequence[Job], watcher: _Watcher) -> list[Outcome]:
        """One part after another for jobs that cannot share a pipeline call, such as those of different pictures."""
        kinds: dict[tuple[str, ...], list[Job]] = {}
        for job in batch:
            kinds.setdefault(kind_of_call(model, job), []).append(job)
        outcomes: dict[str, Outcome] = {}
        for jobs in kinds.values():
            outcomes |= zip((job.id for job in jobs), self._in_parts(model, jobs, watcher), strict=True)
        return [outcomes[job.id] for job in batch]

    def _in_parts(self, model: Model, batch: Sequence[Job], watcher: _Watcher) -> list[Outcome]:
        """The outcomes, however small the parts must be that fit into memory."""
        outcomes = self._together(model, batch, watcher)
        if outcomes is not None:
            return outcomes
        shelf, _ = self._parts()
        runtime.free_unused(shelf.device)
        if len(batch) > 1:
            half = len(batch) // 2
            self._largest[model.id, (batch[0].width, batch[0].height)] = half
            log.warning("A batch of %d of %s does not fit into memory; halved.", len(batch), model.id)
            first = self._in_parts(model, batch[:half], watcher)
            return first + self._in_parts(model, batch[half:], watcher)
        if shelf.drop_others(model.id) or shelf.offload_more(model):
            return self._in_parts(model, batch, watcher)
        return [OutOfMemory(model.title)]

    def _together(self, model: Model, batch: Sequence[Job], watcher: _Watcher) -> list[Outcome] | None:
        """The outcomes of one pipeline call, None when it does not fit into memory."""
        if self.shelf is None:
            watcher.loading(batch, self._settings.load_hang_s)
        shelf, embeddings = self._parts()  # first: it decides how torch is imported
        import torch

        from engine.backends.local.inputs import PictureUnreadable
        from engine.backends.local.pipelines import recipe_for
        from engine.backends.local.render import Rendering

        try:
            resident = model.id in shelf.resident
            loaded = shelf.take(model, lambda: watcher.loading(batch, self._settings.load_hang_s))
            loaded.fine_tunes.use(batch[0].adapters, lambda: watcher.loading(batch, self._settings.load_hang_s))
            recipe = recipe_for(loaded, embeddings, batch[0])
            if not resident:
                recipe.warm_up()
            words = [words_for(job, loaded, self._catalogue) for job in batch]
            return Rendering(loaded, recipe, batch, words, watcher).run(self._settings.preview_every_s)
        except torch.OutOfMemoryError:
            return None
        except PictureUnreadable:
            if len(batch) > 1:
                raise  # the engine starts each of them alone
            return [RenderFailed("a picture that belongs to it cannot be read any more")]

    def _model(self, job: Job) -> Model:
        """Raises ModelUnavailable for what this model cannot do; all jobs of a batch are alike in that."""
        model = self._catalogue.get(job.model)
        if job.edit is not None and not can_edit(model):
            raise ModelUnavailable(model.title, "it cannot change a picture")
        if model.needs_picture and job.edit is None and not job.references:
            raise ModelUnavailable(model.title, "it works from a picture: name a saved face with @, or use /edit")
        return model

    def _parts(self) -> tuple[Shelf, Embeddings]:
        """The shelf and the caches; the first call on a thread imports torch."""
        if self.shelf is None or self.embeddings is None:
            runtime.prepare(self._settings)
            from engine.backends.local.embeddings import Embeddings
            from engine.backends.local.shelf import Shelf

            self.shelf = Shelf(self._settings)
            self.embeddings = Embeddings()
        return self.shelf, self.embeddings


class _Watcher:
    """Carries what happens on the worker thread over to the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, worker: Worker, report: Report, cancelled: Cancelled) -> None:
        self._loop = loop
        self._worker = worker
        self._report = report
        self.is_over = cancelled

    def loading(self, batch: Sequence[Job], hang_s: float) -> None:
        self._worker.sign_of_life(patience_s=hang_s)
        self._post([(job.id, Loading(job.model)) for job in batch])

    def tell(self, events: Sequence[tuple[str, Progress]]) -> None:
        self._worker.sign_of_life()
        self._post(events)

    def _post(self, events: Sequence[tuple[str, Loading | Progress]]) -> None:
        self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: Sequence[tuple[str, Loading | Progress]]) -> None:
        for job_id, event in events:
            self._report(job_id, event)
