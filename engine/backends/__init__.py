"""What every backend is to the queue: something that renders a batch, one outcome a job."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from engine.jobs.job import EngineError, Finished, Job, Lane, Underway
from engine.models.model import Model

Report = Callable[[str, Underway], None]
Cancelled = Callable[[str], bool]
Outcome = Finished | EngineError


class RenderInterrupted(Exception):
    """The batch broke off without an outcome for its jobs, and they may be started again."""


class BackendLost(Exception):
    """The backend hangs or its device is gone; only a new process helps. str() says what happened."""


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where a loaded model is: bytes of its weights on `device` ("cuda:0", "cpu") and in the machine's memory.

    Nothing on the device while it waits to be taken there again.
    """

    model: str
    device: str
    device_bytes: int
    beside_bytes: int


@dataclass(frozen=True, slots=True)
class CardMemory:
    """What is in use of a card's memory, by whatever program, and how much it has; bytes."""

    device: str
    used: int
    total: int


class Backend(Protocol):
    """Renders batches; the engine calls it from the event loop and never with more than `slots` at once."""

    @property
    def slots(self) -> int:
        """How many batches it renders at once."""
        ...

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """How many jobs of this model and (width, height) fit into memory together; at least 1."""
        ...

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """One outcome a job, in the batch's order.

        `report` is called on the event loop: Loading while a model is read, Fitting while a face is,
        then Progress from step 0 on.
        `cancelled(job id)` may be asked from any thread and stays true once it was; such a job's outcome is
        not looked at. Raises EngineError when all jobs fail alike, RenderInterrupted and BackendLost.
        """
        ...

    async def close(self) -> None:
        """Ends after the current step; jobs that have not ended stay so."""
        ...


@runtime_checkable
class Laned(Protocol):
    """A backend that says itself when one more batch may start: it keeps slots for one lane, or is done with a batch
    but for what needs no device.
    """

    def lanes(self, running: Mapping[Lane, int]) -> Collection[Lane]:
        """The lanes of which one more batch may start beside those that run."""
        ...

    def on_room(self, tell: Callable[[], None]) -> None:
        """`tell` is to be called when a lane has got room without a batch having ended."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """A backend whose models have to be loaded, and of which not all fit at once."""

    @property
    def ready(self) -> Collection[str]:
        """Ids of the models that are loaded now; asked on the event loop."""
        ...


@runtime_checkable
class Housing(Protocol):
    """A backend that knows where its models are."""

    @property
    def places(self) -> Sequence[ModelPlace]:
        """The models that are loaded; asked on the event loop."""
        ...

    def card_memory(self) -> Sequence[CardMemory]:
        """The memory of its cards, as the driver says now; none without a card. Called in any thread."""
        ...


@runtime_checkable
class ReadingBeside(Protocol):
    """A backend that goes on with the models it has while another is read from the disk."""

    @property
    def only_ready(self) -> bool:
        """Whether one is being read now: until it is there, a batch may start only of a model that is `ready`."""
        ...


@runtime_checkable
class Warming(Protocol):
    """A backend whose first picture takes longer than the next."""

    async def warm(self, model: Model) -> None:
        """Makes the model ready, so that the first order finds it so. Raises what `render` raises."""
        ...


@runtime_checkable
class Assigning(Protocol):
    """A backend of several devices: which of them takes a batch is settled when it leaves the queue."""

    def assign(self, head: Job) -> None:
        """The batch that begins with this job was picked, and counts as running."""
        ...

    def release(self, head: Job) -> None:
        """That batch is over, whether it was rendered or not."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A backend that keeps something of words and reference pictures between batches."""

    async def forget(self, pictures: Collection[str]) -> None:
        """Drops what was made from these pictures (sha256), and from words. Waits for the batch that runs."""
        ...
