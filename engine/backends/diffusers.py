"""The local backend: diffusers pipelines on one worker thread. Torch is imported there, on first use."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from engine.backends import BackendLost, Cancelled, CardMemory, ModelPlace, Outcome, RenderInterrupted, Report
from engine.backends.local import runtime
from engine.backends.local.batches import BatchKind, BatchLimits
from engine.backends.local.finishing import Finisher, Unwritten
from engine.backends.local.job_prompt import words_for
from engine.backends.local.loaded import attached, kind_of_call
from engine.backends.local.runtime import LocalSettings
from engine.backends.local.tuning import compile_failed
from engine.backends.warm_up import check_ready, warm_up_job
from engine.backends.worker import Worker, WorkerDied, WorkerHung, be_nice
from engine.jobs.job import (
    EngineError,
    Job,
    JobCancelled,
    Lane,
    Loading,
    ModelUnavailable,
    NotOnThisCard,
    OutOfMemory,
    Progress,
    RenderFailed,
)
from engine.models.catalogue import Catalogue
from engine.models.local_models import can_edit, takes_pictures
from engine.models.model import Model
from engine.placement.sizes import Load
from engine.sayings import worded

if TYPE_CHECKING:
    from engine.backends.local.embeddings import Embeddings
    from engine.backends.local.model_cache import Expected, ModelCache
    from engine.backends.local.pipeline_loading import Reader
    from engine.backends.local.render import Rendering
    from engine.placement.plan import Placement

log = logging.getLogger(__name__)


Brought = tuple[Any, Any, bool]
"""What `ModelCache.read_beside` has read."""


@dataclass(slots=True)
class _OffTheDevice:
    """Batches that are under way without the device: those whose model is being read, and those being written."""

    reading: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class _TooLarge:
    """A call did not fit into memory; `at_autoencoder` where that was at the picture itself, not in a step."""

    at_autoencoder: bool


class DiffusersBackend:
    """Renders with the catalogue's local models, one batch at a time; the next begins while the last one is written.

    A model is read from the disk on a second thread where another is there to go on meanwhile and memory has room for
    both; only when it is read does its batch ask for the device, and is then the next to have it.

    A call that does not fit into memory makes room for itself, step by step (`_relieved`); a single job for which
    nothing more can give way fails with OutOfMemory. The next job finds everything as it was planned, and batches grow
    again once they have worked for a while. `reader` brings pipelines from elsewhere than files.
    """

    slots = 1

    def __init__(
        self, catalogue: Catalogue, *, settings: LocalSettings | None = None, reader: Reader | None = None
    ) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._settings = settings or LocalSettings()
        device = self._settings.device
        name = "diffusers" if device == "auto" else f"diffusers {device}"
        self._worker = Worker(name, hang_s=self._settings.hang_s, niceness=runtime.niceness(self._settings))
        self._reader_worker = Worker(
            f"{name} reading", hang_s=self._settings.load_hang_s, niceness=runtime.niceness(self._settings)
        )
        self._reads_one = asyncio.Lock()
        self._limits = BatchLimits()
        self._ready: tuple[str, ...] = ()
        self._places: tuple[ModelPlace, ...] = ()
        self._finisher = Finisher()
        self._off_device = _OffTheDevice()
        self._tell_room: Callable[[], None] = lambda: None
        self._warming = False
        self._closing = False
        self.model_cache: ModelCache | None = None
        self.embeddings: Embeddings | None = None

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """Unlimited until a batch of this model and (width, height) did not fit; one, where pictures must go in."""
        return 1 if model.needs_picture else self._limits.largest(BatchKind(model.id, size))

    @property
    def ready(self) -> Collection[str]:
        """See Keeping.ready: the models on the device."""
        return self._ready

    @property
    def places(self) -> Sequence[ModelPlace]:
        """See Housing.places."""
        return self._places

    def card_memory(self) -> Sequence[CardMemory]:
        """See Housing.card_memory; nothing before the device was first used."""
        model_cache = self.model_cache
        found = runtime.card_memory(model_cache.device) if model_cache is not None else None
        return () if found is None else (found,)

    def _note(self, model_cache: ModelCache) -> None:
        """What the event loop may know of the cache, which is the worker's."""
        self._ready = model_cache.resident
        self._places = model_cache.places

    @property
    def only_ready(self) -> bool:
        """See ReadingBeside.only_ready."""
        return self._off_device.reading > 0

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render. All jobs of a batch share model, size, steps and guidance."""
        if self._warming:  # else their time would run while another model is read
            for job in batch:
                report(job.id, Loading(job.model))
        return await self._rendered(batch, report, cancelled, self._off_device)

    async def _rendered(
        self, batch: Sequence[Job], report: Report, cancelled: Cancelled, off_device: _OffTheDevice
    ) -> Sequence[Outcome]:
        watcher = _Watcher(asyncio.get_running_loop(), self._worker, report, cancelled)
        try:
            brought = await self._read_beside(batch, watcher, off_device)
            made = await self._worker.run(lambda: self._render(batch, watcher, brought))
        except WorkerDied as error:
            raise RenderInterrupted(str(error)) from error
        except WorkerHung as error:
            raise BackendLost(str(error)) from error
        off_device.written += 1
        try:
            self._tell_room()
            return await self._finisher.finish(made)
        finally:
            off_device.written -= 1

    async def _read_beside(self, batch: Sequence[Job], watcher: _Watcher, off_device: _OffTheDevice) -> Brought | None:
        """What was read while others had the device; None where the worker reads it, or it is there.

        Its caller must go on to the worker without a pause: whoever waits here comes after it.
        """
        if not self._ready or batch[0].model in self._ready:
            return None
        waits = int(self._reads_one.locked())  # a model that is being made ready is read now
        off_device.reading += waits
        try:
            async with self._reads_one:
                expected = await self._worker.run(lambda: self._expect(batch))
                if expected is None:
                    return None
                watcher.reading(batch)
                off_device.reading += 1 - waits
                waits = 1
                self._tell_room()
                return await self._reader_worker.run(lambda: self._parts()[0].read_beside(expected))
        finally:
            off_device.reading -= waits
            if waits and self.model_cache is not None:
                self.model_cache.expect_no_more()

    def lanes(self, running: Mapping[Lane, int]) -> Collection[Lane]:
        """See Laned.lanes. One batch on the device and one that is written: no more lie in memory."""
        off = self._off_device
        free = sum(running.values()) == off.written + off.reading and off.written <= 1
        return tuple(Lane) if free else ()

    def on_room(self, tell: Callable[[], None]) -> None:
        """See Laned.on_room."""
        self._tell_room = tell

    async def warm(self, model: Model) -> None:
        """See Warming.warm: reads the model and makes one picture of two steps, which nobody gets.

        A model that makes nothing without a picture is only read.
        """
        self._warming = True
        try:
            if model.needs_picture:
                await self._worker.run(lambda: self._read_ahead(model))
                return
            jobs = [warm_up_job(model)]
            # The queue knows nothing of this one, so it does not count among what is under way.
            check_ready(
                await self._rendered(jobs, lambda job_id, event: None, lambda job_id: self._closing, _OffTheDevice())
            )
        finally:
            self._warming = False

    def _read_ahead(self, model: Model) -> None:
        self._worker.sign_of_life(patience_s=self._settings.load_hang_s)
        model_cache, _ = self._parts()
        model_cache.take(model, lambda: None)
        self._note(model_cache)

    async def bare_s(self, batch: Sequence[Job]) -> float:
        """Seconds that the same pictures take in a plain loop over the pipeline, without anything of ours around it."""
        return await self._worker.run(lambda: self._bare_s(batch))

    def _bare_s(self, batch: Sequence[Job]) -> float:
        from engine.backends.local.bare_loop import pictures

        model_cache, _ = self._parts()
        loaded = model_cache.take(self._model(batch[0]), lambda: None)
        began_s = perf_counter()
        pictures(loaded, batch)
        return perf_counter() - began_s

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
        """Ends the thread after its current step or call; what is being written is finished."""
        self._closing = True
        await asyncio.gather(self._worker.close(), self._reader_worker.close())
        self._finisher.close()

    def _expect(self, batch: Sequence[Job]) -> Expected | None:
        model = self._model(batch[0])
        model_cache, _ = self._parts()
        expected = model_cache.expect(model, model_cache.planned(model, _load_of(model, batch)))
        self._note(model_cache)
        return expected

    def _render(
        self, batch: Sequence[Job], watcher: _Watcher, brought: Brought | None
    ) -> list[Unwritten | EngineError]:
        if all(watcher.is_over(job.id) for job in batch):
            return [JobCancelled() for _ in batch]  # while their model was read
        if brought is not None:
            self._parts()[0].bring(batch[0].model, brought)
        try:
            return self._by_kind(self._model(batch[0]), batch, watcher)
        except Exception as error:
            if self.model_cache is not None and runtime.no_kernel(error):
                log.exception("torch has no kernels for the GPU here.")
                raise NotOnThisCard(batch[0].model, "the GPU here is not one that torch can use") from error
            if self.model_cache is not None and compile_failed(error):
                log.exception("Model %s could not be compiled.", batch[0].model)
                raise ModelUnavailable(
                    batch[0].model, worded("compile=blocks is set, and torch could not compile it (the log says why)")
                ) from error
            if self.model_cache is not None and runtime.is_fatal(error):
                raise BackendLost(f"the device failed ({type(error).__name__})") from error
            raise

    def _by_kind(self, model: Model, batch: Sequence[Job], watcher: _Watcher) -> list[Unwritten | EngineError]:
        """One part after another for jobs that cannot share a pipeline call, such as those of different pictures."""
        kinds: dict[tuple[str, ...], list[Job]] = {}
        for job in batch:
            kinds.setdefault(kind_of_call(model, job), []).append(job)
        outcomes: dict[str, Unwritten | EngineError] = {}
        for jobs in kinds.values():
            outcomes |= zip((job.id for job in jobs), self._in_parts(model, jobs, watcher), strict=True)
        return [outcomes[job.id] for job in batch]

    def _in_parts(self, model: Model, batch: Sequence[Job], watcher: _Watcher) -> list[Unwritten | EngineError]:
        """The outcomes, in batches as large as is known to fit."""
        outcomes: list[Unwritten | EngineError] = []
        left = list(batch)
        while left:
            largest = self._limits.largest(_kind(model, left[0]))
            outcomes += self._relieved(model, left[:largest], watcher, None)
            left = left[largest:]
        return outcomes

    def _relieved(
        self, model: Model, batch: Sequence[Job], watcher: _Watcher, placement: Placement | None
    ) -> list[Unwritten | EngineError]:
        """The outcomes, whatever must give way. It gives way for this batch alone: the next is placed as planned.

        In this order: other models, an autoencoder without tiles, the size of the batch, the better placement.
        """
        kind = _kind(model, batch[0])
        tried = self._together(model, batch, watcher, placement)
        if not isinstance(tried, _TooLarge):
            self._limits.worked(kind, len(batch))
            return tried
        model_cache, _ = self._parts()
        runtime.free_unused(model_cache.device)
        model_cache.unsettle(model.id)
        if model_cache.spare_others(model.id):
            return self._relieved(model, batch, watcher, placement)
        tiles = model_cache.further_down(model, placement, only_tiles=True) if tried.at_autoencoder else None
        if tiles is not None:
            log.warning("%s decodes in tiles: the picture does not fit into memory.", model.id)
            return self._relieved(model, batch, watcher, tiles)
        if len(batch) > 1:
            return self._halved(model, batch, watcher, placement)
        lower = model_cache.further_down(model, placement, only_tiles=False)
        if lower is not None:
            log.warning("%s does not fit into memory; for this order its place is: %s.", model.id, lower.settings)
            return self._relieved(model, batch, watcher, lower)
        return [OutOfMemory(model.title)]

    def _halved(
        self, model: Model, batch: Sequence[Job], watcher: _Watcher, placement: Placement | None
    ) -> list[Unwritten | EngineError]:
        kind = _kind(model, batch[0])
        self._limits.failed(kind, len(batch))
        size = min(self._limits.largest(kind), len(batch) - 1)
        log.warning("A batch of %d of %s does not fit into memory; now %d.", len(batch), model.id, size)
        outcomes: list[Unwritten | EngineError] = []
        for start in range(0, len(batch), size):
            outcomes += self._relieved(model, batch[start : start + size], watcher, placement)
        return outcomes

    def _together(
        self, model: Model, batch: Sequence[Job], watcher: _Watcher, placement: Placement | None
    ) -> list[Unwritten | EngineError] | _TooLarge:
        """The outcomes of one pipeline call, or that it does not fit into memory."""
        if self.model_cache is None:
            watcher.loading(batch, self._settings.load_hang_s)
        self._parts()  # first: it decides how torch is imported
        from engine.backends.local.inputs import PictureUnreadable
        from engine.backends.local.memory_errors import is_out_of_memory

        rendering: Rendering | None = None
        try:
            rendering = self._rendering(model, batch, watcher, placement)
            groups = rendering.apart()
            if len(groups) > 1:
                return self._in_groups(model, batch, groups, watcher, placement)
            return rendering.run(self._settings.preview_every_s, self._settings.preview_share)
        except PictureUnreadable:
            if len(batch) > 1:
                raise  # the engine starts each of them alone
            return [RenderFailed(worded("a picture that belongs to it cannot be read any more"))]
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            log.info("Memory ran out for %s: %s", model.id, type(error).__name__)
            return _TooLarge(rendering is not None and rendering.at_autoencoder)

    def _in_groups(
        self,
        model: Model,
        batch: Sequence[Job],
        groups: Sequence[Sequence[Job]],
        watcher: _Watcher,
        placement: Placement | None,
    ) -> list[Unwritten | EngineError] | _TooLarge:
        """The outcomes of jobs whose words cannot share a call."""
        outcomes: dict[str, Unwritten | EngineError] = {}
        for jobs in groups:
            tried = self._together(model, jobs, watcher, placement)
            if isinstance(tried, _TooLarge):
                return tried
            outcomes |= zip((job.id for job in jobs), tried, strict=True)
        return [outcomes[job.id] for job in batch]

    def _rendering(
        self, model: Model, batch: Sequence[Job], watcher: _Watcher, placement: Placement | None
    ) -> Rendering:
        """One call of the pipeline, with everything in its place."""
        from engine.backends.local.pipelines import recipe_for
        from engine.backends.local.render import Rendering

        model_cache, embeddings = self._parts()

        def loading() -> None:
            watcher.loading(batch, self._settings.load_hang_s)

        new = model.id not in (*model_cache.resident, *model_cache.parked)
        loaded = model_cache.take(model, loading, placement or model_cache.planned(model, _load_of(model, batch)))
        planned = model_cache.planned_batch(model)
        if planned is not None:
            self._limits.plan(_kind(model, batch[0]), planned)
        self._note(model_cache)
        new_layers = {adapter.name for adapter in batch[0].adapters} - {*loaded.fine_tunes.names}
        with runtime.building(loading) if new_layers else contextlib.nullcontext():
            loaded.fine_tunes.use(batch[0].adapters, loading)
        recipe = recipe_for(loaded, embeddings, batch[0])
        if new:
            recipe.warm_up()
        watcher.first_step_s = self._settings.load_hang_s if model.compile == "blocks" else None
        words = [words_for(job, loaded, self._catalogue) for job in batch]
        return Rendering(loaded, recipe, batch, words, watcher)

    def _model(self, job: Job) -> Model:
        """Raises ModelUnavailable for what this model cannot do; all jobs of a batch are alike in that."""
        model = self._catalogue.get(job.model)
        if job.edit is not None and not can_edit(model):
            raise ModelUnavailable(model.title, worded("it cannot change a picture"))
        if model.needs_picture and job.edit is None and not job.references:
            raise ModelUnavailable(
                model.title, worded("it works from a picture: name a saved face with @, or use /edit")
            )
        return model

    def _parts(self) -> tuple[ModelCache, Embeddings]:
        """The model_cache and the caches; the first call on a thread imports torch."""
        if self.model_cache is None or self.embeddings is None:
            runtime.prepare(self._settings)
            from engine.backends.local.embeddings import Embeddings
            from engine.backends.local.model_cache import ModelCache

            self.model_cache = ModelCache(self._settings, self._reader)
            if self.model_cache.card is None and self._settings.niceness is None:
                be_nice(runtime.BEHIND)  # a card was expected here, and it is the processor that does the work
            self.embeddings = Embeddings()
        runtime.use(self.model_cache.device)
        return self.model_cache, self.embeddings


def _kind(model: Model, job: Job) -> BatchKind:
    return BatchKind(model.id, (job.width, job.height), _pictures(model, job))


def _load_of(model: Model, batch: Sequence[Job]) -> Load:
    first = batch[0]
    size = (first.width, first.height)
    return Load(size=size, batch=len(batch), pictures=_pictures(model, first), guided=first.guidance > 1)


def _pictures(model: Model, job: Job) -> int:
    """How many pictures go into the denoiser beside the one that is made."""
    return len(attached(model, job)) + (job.edit is not None and takes_pictures(model))


class _Watcher:
    """Carries what happens on the worker thread over to the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, worker: Worker, report: Report, cancelled: Cancelled) -> None:
        self._loop = loop
        self._worker = worker
        self._report = report
        self.is_over = cancelled
        self.first_step_s: float | None = None
        """How long the first step may take in silence, where blocks are compiled in it."""

    def reading(self, batch: Sequence[Job]) -> None:
        """The model is read beside; called on the event loop."""
        self._deliver([(job.id, Loading(job.model)) for job in batch])

    def loading(self, batch: Sequence[Job], hang_s: float) -> None:
        self._worker.sign_of_life(patience_s=hang_s)
        self._post([(job.id, Loading(job.model)) for job in batch])

    def tell(self, events: Sequence[tuple[str, Progress]]) -> None:
        begins = any(progress.step == 0 for _, progress in events)
        self._worker.sign_of_life(patience_s=self.first_step_s if begins else None)
        self._post(events)

    def _post(self, events: Sequence[tuple[str, Loading | Progress]]) -> None:
        self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: Sequence[tuple[str, Loading | Progress]]) -> None:
        for job_id, event in events:
            self._report(job_id, event)
