"""From an order's rows to the engine's jobs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from bot.core.requests import Validator
from bot.core.stores import Stores
from data.orders.jobs import JobRow, Order, OrderReference
from engine.jobs.job import Adapter, EngineError, Event, ImageToImage, Job, Lane, Reference, Role
from engine.models.model import Model
from engine.prompt import from_json
from engine.prompts import looks
from engine.queue.engine import Engine

MAX_STARTS: Final = 3
ADAPTED_PIPELINE: Final = "StableDiffusion3Pipeline"

Stream = AsyncIterator[Event] | Exception
"""A job's events, or why there are none."""


class StoppedTooOften(EngineError):
    """The process ended again and again while this job ran."""

    def __init__(self) -> None:
        super().__init__("The studio stopped three times while making this portrait, so it was given up.")


class Maker:
    """Puts jobs into the engine's queue."""

    def __init__(self, stores: Stores, engine: Engine, validator: Validator) -> None:
        self._stores = stores
        self._engine = engine
        self._validator = validator

    def submitted(self, order: Order, row: JobRow) -> Stream:
        """Never raises; it was charged, so the queue's caps do not count any more."""
        if row.attempts >= MAX_STARTS:
            return StoppedTooOften()
        try:
            return self._engine.submit(self.job(order, row), accepted=True)
        except Exception as error:  # noqa: BLE001 - an order of which no job can be made is refunded like any other
            return error

    def job(self, order: Order, row: JobRow) -> Job:
        """The job that a row describes."""
        model = self._engine.catalogue.get(row.model)
        job = Job(
            id=row.id,
            user=self._validator.fairness_key(order.guild_id, order.user_id),
            lane=Lane(row.lane),
            model=row.model,
            prompt=from_json(row.prompt or order.prompt),
            width=row.width,
            height=row.height,
            steps=row.steps,
            guidance=row.guidance,
            seed=row.seed,
            references=tuple(self._reference(model, item) for item in order.references),
            edit=self._edit(order),
            adapters=self._adapters(row),
            arrival=row.arrival,
            previews=model.live_preview,
        )
        scales = [item.scale for item in order.references if item.scale is not None]
        return replace(job, ip_adapter_scale=max(scales, default=model.ip_adapter_scale))

    def _reference(self, model: Model, item: OrderReference) -> Reference:
        """An IP-Adapter reads the face alone; a model that looks at pictures gets the whole one."""
        adapter = model.provider == "local" and model.pipeline == ADAPTED_PIPELINE
        sha256 = item.crop_sha256 if item.crop_sha256 and adapter else item.sha256
        path = self._stores.pictures.path(sha256)
        role = Role(item.role)
        said = looks.from_json(item.looks)
        return Reference(
            handle=item.handle,
            path=path,
            sha256=sha256,
            role=role,
            embedding=item.embedding,
            looks=said,
            fitted=item.fitted,
        )

    def _adapters(self, row: JobRow) -> tuple[Adapter, ...]:
        """Raises UnknownFineTune when its file is not offered any more."""
        if not row.fine_tune:
            return ()
        return (self._engine.catalogue.fine_tune(row.fine_tune, row.model).adapter(row.fine_tune_strength),)

    def _edit(self, order: Order) -> ImageToImage | None:
        edit = order.edit
        if edit is None or edit.sha256 is None:
            return None
        path = self._stores.pictures.path(edit.sha256)
        return ImageToImage(path=path, sha256=edit.sha256, words=edit.words, strength=edit.strength)
