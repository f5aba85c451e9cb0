"""Each provider's backend with its stand-in, and jobs for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from engine.backends.bfl import BflBackend
from engine.backends.google import GoogleBackend
from engine.backends.hosted import HostedBackend, JournalInMemory, RequestJournal
from engine.backends.mage import MageBackend
from engine.backends.openai import OpenAIBackend
from engine.jobs.job import Job, Lane, Reference
from engine.models.catalogue import Catalogue
from engine.models.circuit_breaker import CircuitBreaker
from engine.models.hosted_models import hosted_models
from engine.models.model import Model, Provider
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine, Limits
from tests.engine.providers.bfl import StandInBfl
from tests.engine.providers.google import StandInGoogle
from tests.engine.providers.mage import StandInMage
from tests.engine.providers.openai import StandInOpenAI
from tests.engine.providers.standin import StandIn, picture

STANDINS: Final[dict[Provider, type[StandIn]]] = {
    "mage": StandInMage,
    "bfl": StandInBfl,
    "openai": StandInOpenAI,
    "google": StandInGoogle,
}
BACKENDS: Final[dict[Provider, type[HostedBackend]]] = {
    "mage": MageBackend,
    "bfl": BflBackend,
    "openai": OpenAIBackend,
    "google": GoogleBackend,
}
UNIT_S: Final = 0.01
WORDS: Final = PortraitPrompt(subject="a woman with a red scarf", lighting="window light", camera="85mm lens at f/1.4")


class Stage:
    """One run of the studio against one stand-in; `again` is the run after a restart, with the same journal."""

    def __init__(
        self, standin: StandIn, journal: RequestJournal | None = None, *, unit_s: float = UNIT_S, **access: Any
    ) -> None:
        self.standin = standin
        self.journal = journal or JournalInMemory()
        self._unit_s = unit_s
        reached = standin.access(**access)
        models = tuple(hosted_models({standin.provider: reached}, {}))
        self.catalogue = Catalogue(models, models[0].id, CircuitBreaker())
        self.backend = BACKENDS[standin.provider](self.catalogue, reached, self.journal, unit_s=unit_s)
        self.engine = Engine(
            self.catalogue,
            {standin.provider: lambda: self.backend},
            limits=Limits(running_per_user=100, waiting_per_user=100),
        )

    @property
    def model(self) -> Model:
        return self.catalogue.models[0]

    def again(self) -> Stage:
        return Stage(self.standin, self.journal, unit_s=self._unit_s)

    def job(self, name: str = "order.0", **changes: Any) -> Job:
        width, height = self.model.sizes["2:3"]
        values: dict[str, Any] = {
            "id": name,
            "user": name.split(".")[0],
            "lane": Lane.STANDARD,
            "model": self.model.id,
            "prompt": WORDS,
            "width": width,
            "height": height,
            "steps": self.model.steps,
            "guidance": self.model.guidance,
            "seed": 4321,
            "arrival": 0,
            "previews": self.model.live_preview,
        }
        return Job(**{**values, **changes})


def character(folder: Path, handle: str = "ana") -> Reference:
    """A saved face: a picture larger than what is sent."""
    path = folder / f"{handle}.png"
    path.write_bytes(picture((1200, 1600), len(handle)))
    return Reference(handle=handle, path=path, sha256="0" * 64)
