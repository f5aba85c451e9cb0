"""What the engine's tests share: jobs by short names, a backend driven by hand, and a clock that stands."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.backends import Cancelled, Outcome, Report
from engine.jobs.job import Event, Finished, Job, JobCancelled, Lane, Progress
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model, sizes
from engine.models.model import Model
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine
from engine.queue.fair_queue import BatchKey, batch_key
from engine.queue.timings import Timings
from engine.wording.dialects import RenderedPrompt
from tests.engine.tiny_models import SIZE


def job(name: str, arrival: int, **changes: object) -> Job:
    """A job of the user that its name starts with: "A2" is Anna's second."""
    values: dict[str, object] = {
        "id": name,
        "user": name[0],
        "lane": Lane.STANDARD,
        "model": "m",
        "prompt": PortraitPrompt(subject="a woman with a red scarf"),
        "width": 32,
        "height": 48,
        "steps": 4,
        "guidance": 3.0,
        "seed": arrival,
        "arrival": arrival,
    }
    return Job(**{**values, **changes})  # type: ignore[arg-type]


def jobs(names: str, **changes: object) -> list[Job]:
    """Jobs that arrive in this order."""
    return [job(name, arrival, **changes) for arrival, name in enumerate(names.split())]


def catalogue(*ids: str) -> Catalogue:
    """Models of these ids, at home nowhere."""
    models = tuple(local_model(f"/nowhere/{name}={name}") for name in ids or ("m",))
    return Catalogue(models, models[0].id)


def tiny(folder: Path, *entries: str) -> Catalogue:
    """A catalogue with the tiny checkpoint as `m`, and more entries; all are told every word."""
    shape = sizes(SIZE[0] * SIZE[1])
    found = [local_model(entry) for entry in (f"{folder}=m", *entries)]
    return Catalogue(tuple(replace(model, family="plain", sizes=shape, steps=4) for model in found), "m")


def learned(of: Job) -> Timings:
    """Timings of a model whose batches cost little more than one picture."""
    timings = Timings()
    key = batch_key(of)
    for kind in (key, key._replace(ip_adapter_scale=of.ip_adapter_scale)):
        for batch in (1, 2, 4, 8):
            timings.measured(kind, batch, 1.0 + 0.1 * batch)
    return timings


class WorthIt(Timings):
    """Timings by which every batch pays, so that what shares one does not hang on how busy the machine is."""

    def batch_size(self, key: BatchKey, candidates: int, limit: int) -> int:
        return max(1, min(candidates, limit))


def finished(of: Job, batch: int = 1, render_s: float = 1.0) -> Finished:
    return Finished(
        picture=of.id.encode(),
        width=of.width,
        height=of.height,
        seed=of.seed,
        words=RenderedPrompt(""),
        model_title=of.model,
        note="",
        steps=of.steps,
        render_s=render_s,
        batch=batch,
    )


class HandBackend:
    """Renders when the test says so. `started` holds the batches in the order they came."""

    def __init__(self, slots: int = 1, largest: int = 64) -> None:
        self.slots = slots
        self.largest = largest
        self.started: list[list[str]] = []
        self.closed = False
        self._running: list[tuple[Sequence[Job], Report, Cancelled, asyncio.Future[Sequence[Outcome]]]] = []

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        return self.largest

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        self.started.append([one.id for one in batch])
        done: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        self._running.append((batch, report, cancelled, done))
        return await done

    async def close(self) -> None:
        self.closed = True
        for batch, _, _, done in self._running:
            if not done.done():
                done.set_result([JobCancelled() for _ in batch])

    def step(self, step: int, preview: bytes | None = None) -> list[str]:
        """One step of the oldest running batch; says which jobs it would go on with."""
        batch, report, cancelled, _ = self._running[0]
        alive = [one for one in batch if not cancelled(one.id)]
        for one in alive:
            report(one.id, Progress(step, one.steps, preview))
        return [one.id for one in alive]

    def say(self, event: Event) -> None:
        """Reports any event for the oldest running batch."""
        batch, report, _, _ = self._running[0]
        for one in batch:
            report(one.id, event)  # type: ignore[arg-type]

    async def finish(self, render_s: float = 1.0) -> None:
        """Ends the oldest running batch well."""
        batch, _, cancelled, _ = self._running[0]
        await self._settle(
            [JobCancelled() if cancelled(one.id) else finished(one, len(batch), render_s * len(batch)) for one in batch]
        )

    async def fail(self, error: Exception) -> None:
        """Ends the oldest running batch with an exception."""
        *_, done = self._running.pop(0)
        done.set_exception(error)
        await turn()

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        *_, done = self._running.pop(0)
        done.set_result(outcomes)
        await turn()


class HandClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def turn() -> None:
    """Lets everything that is ready on the loop run."""
    for _ in range(40):
        await asyncio.sleep(0)


async def follow(engine: Engine, of: Job) -> list[Event]:
    """Every event of a job that ends well."""
    return [event async for event in engine.submit(of)]


async def picture(engine: Engine, of: Job) -> Finished:
    """The portrait of a job."""
    last = (await follow(engine, of))[-1]
    assert isinstance(last, Finished)
    return last
