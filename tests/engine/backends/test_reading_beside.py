"""While one model is read from the disk, orders of those that are there go on; the model then has its turn at once."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.backends.diffusers import DiffusersBackend
from engine.backends.local.pipeline_loading import read
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Loading, ModelUnavailable, Queued
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.queue.engine import Engine, Limits
from tests.engine.placement.test_placing import CARD, model_in
from tests.engine.stage import follow, job, picture, turn


class SlowDisk:
    """Reads the model n when it is told to; `began` says that it has begun."""

    def __init__(self) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def __call__(self, model: Model, *how: Any) -> tuple[Any, bool]:
        if model.id == "n":
            self.began.set()
            assert self.goes_on.wait(60.0)
            if self.error is not None:
                raise self.error
        return read(model, *how)


@asynccontextmanager
async def engine_on(
    disk: SlowDisk, *models: Model, **settings: object
) -> AsyncIterator[tuple[Engine, DiffusersBackend]]:
    offered = Catalogue(models, models[0].id)
    told = LocalSettings(preview_every_s=0.0, **settings)  # type: ignore[arg-type]
    backend = DiffusersBackend(offered, settings=told, reader=disk)
    engine = Engine(offered, {"local": lambda: backend}, limits=Limits(batch=1, running_per_user=8))
    try:
        yield engine, backend
    finally:
        disk.goes_on.set()
        await engine.stop(10.0)


async def begun(disk: SlowDisk) -> None:
    assert await asyncio.to_thread(disk.began.wait, 60.0)
    await turn()


@pytest.mark.parametrize("card", [None, CARD])
async def test_orders_of_a_model_that_is_there_do_not_wait_for_another_to_be_read(
    tiny_checkpoint: Path, card: Any
) -> None:
    disk = SlowDisk()
    models = [model_in(tiny_checkpoint, name) for name in "mno"]
    async with engine_on(disk, *models, card=card) as (engine, backend):
        alone = await picture(engine, job("A1", 0, seed=7))
        loading = asyncio.create_task(follow(engine, job("B1", 1, model="n", seed=7)))
        await begun(disk)
        third = asyncio.create_task(follow(engine, job("C1", 2, model="o")))
        for nth in range(3, 9):  # more than may pass by a model that nobody reads yet
            assert (await picture(engine, job(f"D{nth}", nth, seed=7))).picture == alone.picture
        assert not loading.done()
        assert {entry.job.id: entry.state for entry in engine.waiting()} == {"B1": "running", "C1": "waiting"}
        disk.goes_on.set()
        events = await loading
        assert isinstance(next(event for event in events if not isinstance(event, Queued)), Loading)
        assert events[-1].picture == alone.picture  # type: ignore[union-attr]
        await third
        assert set(backend.ready) == {"m", "n", "o"}


async def test_a_model_that_was_read_is_the_next_on_the_device(tiny_checkpoint: Path) -> None:
    disk = SlowDisk()
    async with engine_on(disk, model_in(tiny_checkpoint), model_in(tiny_checkpoint, "n")) as (engine, _):
        await picture(engine, job("A1", 0))
        order: list[str] = []

        async def noted(name: str, arrival: int, **changes: object) -> None:
            await picture(engine, job(name, arrival, **changes))
            order.append(name)

        loading = asyncio.create_task(noted("B1", 1, model="n"))
        await begun(disk)
        disk.goes_on.set()
        await asyncio.gather(loading, *(noted(f"D{nth}", nth, steps=40) for nth in range(2, 12)))
        assert order.index("B1") < 9  # it does not wait until nobody else does


async def test_what_cannot_be_read_or_is_cancelled_meanwhile_harms_nobody(tiny_checkpoint: Path) -> None:
    disk = SlowDisk()
    async with engine_on(disk, model_in(tiny_checkpoint), model_in(tiny_checkpoint, "n")) as (engine, backend):
        await picture(engine, job("A1", 0))
        loading = asyncio.create_task(picture(engine, job("B1", 1, model="n")))
        await begun(disk)
        disk.error = ModelUnavailable("n", "its files are damaged")
        disk.goes_on.set()
        with pytest.raises(ModelUnavailable, match="damaged"):
            await loading
        disk.error = MemoryError("no room")
        disk.began.clear()
        disk.goes_on.clear()
        cancelled = asyncio.create_task(follow(engine, job("B2", 2, model="n")))
        await begun(disk)
        engine.cancel("B2")
        disk.goes_on.set()
        await asyncio.gather(cancelled, return_exceptions=True)
        await picture(engine, job("A2", 3))
        assert backend.ready == ("m",)
        assert not backend.only_ready


async def test_without_room_for_both_and_beside_compiled_models_it_is_read_in_its_turn(tiny_checkpoint: Path) -> None:
    first, second = model_in(tiny_checkpoint), model_in(tiny_checkpoint, "n")
    for one, settings in ((first, {"memory_gib": 0.0005}), (replace(first, compile="blocks"), {"compiler": "eager"})):
        disk = SlowDisk()
        disk.goes_on.set()
        async with engine_on(disk, one, second, **settings) as (engine, backend):
            await picture(engine, job("A1", 0))
            cache = backend.model_cache
            assert cache is not None
            assert cache.expect(second, cache.planned(second)) is None
            await picture(engine, job("B1", 1, model="n"))
            assert "n" in backend.ready
