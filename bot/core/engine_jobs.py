"""From an order's rows to the engine's jobs."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from bot.core import told_words
from bot.core.requests import Validator
from bot.core.stores import Stores
from bot.languages.speech import worded
from data.orders.jobs import JobRow, Order, OrderReference
from engine.jobs.job import Adapter, EngineError, Event, ImageToImage, Job, PictureSpec, Reference, Role
from engine.models.model import Model
from engine.prompt import NOTHING, PromptError, from_json
from engine.prompts import looks
from engine.queue.engine import Engine

log = logging.getLogger(__name__)

MAX_STARTS: Final = 3
ADAPTED_PIPELINE: Final = "StableDiffusion3Pipeline"

Stream = AsyncIterator[Event] | Exception
"""A job's events, or why there are none."""


def spec_of(order: Order, row: JobRow[PictureSpec]) -> PictureSpec:
    """What a picture of an order is made from; where it has no prompt of its own, it is the order's.

    Raises PromptError.
    """
    if row.spec.prompt != NOTHING:
        return row.spec
    if order.series_id:
        raise PromptError(worded("The prompt of this frame cannot be read any more; order the frame again."))
    return replace(row.spec, prompt=from_json(order.prompt))


class StoppedTooOften(EngineError):
    """The process ended again and again while this job ran."""

    def __init__(self) -> None:
        super().__init__(worded("The studio stopped three times while making this portrait, so it was given up."))


class Maker:
    """Puts jobs into the engine's queue."""

    def __init__(self, stores: Stores, engine: Engine, validator: Validator) -> None:
        self._stores = stores
        self._engine = engine
        self._validator = validator

    def submitted(self, order: Order, row: JobRow[PictureSpec]) -> Stream:
        """Never raises; it was charged, so the queue's caps do not count any more."""
        if row.attempts >= MAX_STARTS:
            return StoppedTooOften()
        try:
            return self.again(order, self.job(order, row))
        except Exception as error:  # noqa: BLE001 - an order of which no job can be made is refunded like any other
            return error

    def again(self, order: Order, job: Job) -> AsyncIterator[Event]:
        """A job of the order, submitted: the engine's only door, which what policy has not let through does not pass.

        Raises EngineError.
        """
        self._judge(order, job)
        return self._engine.submit(job, accepted=True)

    def judge(self, order: Order, rows: Sequence[JobRow[PictureSpec]]) -> None:
        """Have policy read what these jobs of an order say, as far as it has not yet. Blocking; never raises: what is
        refused is refused when it is submitted."""
        for row in rows:
            try:
                self._judge(order, self.job(order, row))
            except Exception as error:  # noqa: BLE001 - it is raised again, and told, when the job is submitted
                log.info("a job will not be taken up: %s", error, extra={"job": row.id})

    def _judge(self, order: Order, job: Job) -> None:
        catalogue = self._engine.catalogue
        triggers = catalogue.fine_tune(job.fine_tune, job.model).triggers if job.fine_tune else ()
        self._validator.judged.check(order, told_words.of_job(job, catalogue.get(job.model).family, triggers))

    def job(self, order: Order, row: JobRow[PictureSpec]) -> Job:
        """The job that a row describes."""
        spec = spec_of(order, row)
        model = self._engine.catalogue.get(spec.model)
        job = Job(
            **spec.spec_fields(),
            id=row.id,
            user=self._validator.fairness_key(order.guild_id, order.user_id),
            references=tuple(self._reference(model, item) for item in order.references),
            edit=self._edit(order),
            adapters=self._adapters(spec),
            arrival=row.arrival,
            previews=model.live_preview,
        )
        scales = [item.scale for item in order.references if item.scale is not None]
        return replace(job, ip_adapter_scale=max(scales, default=model.ip_adapter_scale))

    def _reference(self, model: Model, item: OrderReference) -> Reference:
        """An IP-Adapter reads the face alone; a model that looks at pictures gets the whole one."""
        adapter = model.provider == "local" and model.pipeline == ADAPTED_PIPELINE
        sha256, ext = item.sha256, item.ext
        if item.crop_sha256 and item.crop_ext and adapter:
            sha256, ext = item.crop_sha256, item.crop_ext
        role = Role(item.role)
        said = looks.from_json(item.looks)
        return Reference(
            handle=item.handle,
            path=self._stores.pictures.file(sha256, ext),
            sha256=sha256,
            role=role,
            embedding=item.embedding,
            looks=said,
            fitted=item.fitted,
        )

    def _adapters(self, spec: PictureSpec) -> tuple[Adapter, ...]:
        """Raises UnknownFineTune when its file is not offered any more."""
        if not spec.fine_tune:
            return ()
        return (self._engine.catalogue.fine_tune(spec.fine_tune, spec.model).adapter(spec.fine_tune_strength),)

    def _edit(self, order: Order) -> ImageToImage | None:
        edit = order.edit
        if edit is None or edit.sha256 is None or edit.ext is None:
            return None
        path = self._stores.pictures.file(edit.sha256, edit.ext)
        return ImageToImage(path=path, sha256=edit.sha256, words=edit.words, strength=edit.strength)
