"""Every backend behind one face, so that one suite can ask all of them the same: local ones and each provider's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.backends.diffusers import DiffusersBackend
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Job
from engine.models.model import Model
from engine.queue.engine import Engine, Limits
from tests.engine.providers.stage import STANDINS, WORDS, Stage
from tests.engine.stage import job, tiny

LOCAL = "local"
HOUSES = (LOCAL, *STANDINS)


class House(ABC):
    """A studio that has one model. `first_step` is the step that is told once something is under way."""

    engine: Engine
    model: Model
    first_step = 0

    @abstractmethod
    def job(self, name: str = "order.0", **changes: Any) -> Job:
        """A job for the model, of the user that its name begins with."""

    @abstractmethod
    def endless(self, name: str) -> Job:
        """A job that does not end before `let_go`."""

    @abstractmethod
    def let_go(self) -> None:
        """Jobs end by themselves from now on."""

    @abstractmethod
    def break_down(self) -> None:
        """The next job fails, through no fault of its own."""

    @abstractmethod
    def again(self) -> House:
        """The same house after a restart; it is the caller's to stop."""


class LocalHouse(House):
    first_step = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        catalogue = tiny(folder)
        self.model = catalogue.get("m")
        backend = DiffusersBackend(catalogue, settings=LocalSettings(preview_every_s=0.0))
        self.engine = Engine(catalogue, {"local": lambda: backend}, limits=Limits(running_per_user=100, batch=1))

    def job(self, name: str = "order.0", **changes: Any) -> Job:
        width, height = self.model.sizes["2:3"]
        values: dict[str, Any] = {"user": name.split(".")[0], "prompt": WORDS, "width": width, "height": height}
        return job(name, **{**values, "arrival": 0, "seed": 4321, **changes})

    def endless(self, name: str) -> Job:
        return self.job(name, steps=20_000)

    def let_go(self) -> None:
        """What was endless is cancelled or stopped; other jobs have few steps."""

    def break_down(self) -> None:
        (self._folder / "model_index.json").unlink()

    def again(self) -> House:
        return LocalHouse(self._folder)


class HostedHouse(House):
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.engine, self.model = stage.engine, stage.model

    def job(self, name: str = "order.0", **changes: Any) -> Job:
        return self._stage.job(name, **changes)

    def endless(self, name: str) -> Job:
        self._stage.standin.held = True
        return self.job(name)

    def let_go(self) -> None:
        self._stage.standin.let_go()

    def break_down(self) -> None:
        self._stage.standin.fail("submit", "broken", times=3)

    def again(self) -> House:
        return HostedHouse(self._stage.again())


@asynccontextmanager
async def house_of(kind: str, local_folder: Path) -> AsyncIterator[House]:
    """The house of this kind, stopped at the end."""
    if kind == LOCAL:
        house: House = LocalHouse(local_folder)
        yield house
        await house.engine.stop(10.0)
        return
    async with STANDINS[kind]() as standin:  # type: ignore[index]  # the kinds are its keys
        house = HostedHouse(Stage(standin, slots=1))
        yield house
        await house.engine.stop(5.0)
        assert standin.invalid == []
