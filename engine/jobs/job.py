"""What crosses the engine's wall: jobs go in, events and errors come out.

Everything here is a frozen dataclass or an exception whose text is a sentence for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from engine.prompt import PortraitPrompt
from engine.prompts.looks import NOTHING_SAID, Looks
from engine.sayings import counted, together, worded
from engine.wording.dialects import RenderedPrompt


class Lane(StrEnum):
    """The two queues of one engine; fast goes first, within a bound."""

    FAST = "fast"
    STANDARD = "standard"


class Role(StrEnum):
    """What a reference picture is taken for."""

    FACE = "face"
    OUTFIT = "outfit"
    PLACE = "place"
    STYLE = "style"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture that says who is in the portrait or, by its `role`, what they wear, where it is or how it looks.

    `embedding` is its face's, where that was measured when it was saved (`identity.Face`); `looks` are words about
    hair, beard and glasses that go along where the prompt says nothing of them; `fitted` is what a model kept
    of the person (`Finished.fitted`).
    """

    handle: str
    path: Path
    sha256: str
    role: Role = Role.FACE
    embedding: bytes | None = field(default=None, repr=False)
    looks: Looks = NOTHING_SAID
    fitted: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageToImage:
    """A picture to change instead of beginning anew.

    `strength` in 0…1 is how much of it may change, for models that take one; `words` is what to change, as typed.
    """

    path: Path
    sha256: str
    words: str
    strength: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A LoRA file on top of the model; `weight` is how much of it, 1.0 as trained."""

    name: str
    path: Path
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """What one picture is made from. What is ordered, stored, queued and made again holds one of these.

    Sides are pixels; `fine_tune` is the name of one, "" without. A field is a column of its name in the table of jobs
    (`engine.jobs.stored_spec`), so that a new one needs a default, and a migration that adds the column with it.
    """

    model: str
    lane: Lane
    prompt: PortraitPrompt
    width: int
    height: int
    steps: int
    guidance: float
    seed: int
    fine_tune: str = ""
    fine_tune_strength: float = 0.0

    def spec_fields(self) -> dict[str, Any]:
        """Its own fields by name, also of a job, for another that is made from the same."""
        return {one.name: getattr(self, one.name) for one in fields(PictureSpec)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(PictureSpec):
    """One picture to make. `user` is whose turn it takes; `arrival` grows with every job ever placed.

    `attempt_number` is more than 1 when the picture is made anew because an earlier attempt at the same job
    had not the saved face: a provider that knows a repeated request by its key must see another one then. `adapters`
    are the files of `fine_tune`.
    """

    id: str
    user: str
    references: tuple[Reference, ...] = ()
    ip_adapter_scale: float = 0.6
    adapters: tuple[Adapter, ...] = ()
    edit: ImageToImage | None = None
    arrival: int
    previews: bool = True
    attempt_number: int = 1

    def looks(self) -> dict[str, Looks]:
        """What is known of each saved face's hair, beard and glasses, by handle: of several pictures the first says."""
        known: dict[str, Looks] = {}
        for one in self.references:
            if one.role is Role.FACE:
                known[one.handle] = known.get(one.handle, NOTHING_SAID).over(one.looks)
        return known


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting: `place` is 1 for the next job to start, `ahead` the jobs before it.

    `wait_s` is the expected (shortest, longest) wait, or None before anything was measured.
    """

    place: int
    ahead: int
    wait_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Downloading:
    """Waiting for the model's weights: `done` of `total` bytes are on this machine's disk; 0 is not known yet.

    `model` is its title.
    """

    model: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being read from disk before the first step."""

    model: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """The face of `handle` is looked for in what the model can make, once; `step` of `steps` is done."""

    handle: str
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` of `steps` is done; `preview` is a small JPEG every few steps, else None."""

    step: int
    steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a picture was sampled, as far as that is known: None, 0 and "" stand for what nobody says."""

    seed: int | None = None
    steps: int = 0
    guidance: float = 0.0
    sampler: str = ""
    schedule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The portrait: PNG bytes (RGB) and how it came about. `batch` is how many were made together.

    `seed` and `steps` are those of the order, which not every model is told; `sampling` is what is claimed of it.
    `fitted` is what is worth keeping of people in reference pictures: sha256 of the picture, and JSON. `by_provider` is
    the picture as a provider handed it over, where that has content credentials of its own; else nothing.
    """

    picture: bytes
    width: int
    height: int
    seed: int
    words: RenderedPrompt
    model_title: str
    note: str
    steps: int
    render_s: float
    batch: int
    sampling: Sampling = Sampling()
    fitted: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    by_provider: bytes = field(default=b"", repr=False)


Underway = Loading | Fitting | Progress
Event = Queued | Downloading | Underway | Finished


class EngineError(Exception):
    """Base of everything the engine refuses or fails with; str() is a sentence for a person."""


class QueueFull(EngineError):
    """No room for another job; nothing was queued."""

    def __init__(self, waiting: int, limit: int, whose: Literal["you", "all"]) -> None:
        self.waiting, self.limit, self.whose = waiting, limit, whose
        if whose == "you":
            already = counted(
                "You already have {count} portrait waiting, and the limit is {limit}.",
                "You already have {count} portraits waiting, and the limit is {limit}.",
                waiting,
                limit=limit,
            )
        else:
            already = counted(
                "The studio already has {count} portrait waiting, and the limit is {limit}.",
                "The studio already has {count} portraits waiting, and the limit is {limit}.",
                waiting,
                limit=limit,
            )
        super().__init__(together(already, worded("Nothing was charged; try again when some of them are done.")))


class UnknownModel(EngineError):
    """No such model; `nearest` holds the ids that come close."""

    def __init__(self, model: str, nearest: tuple[str, ...]) -> None:
        self.model, self.nearest = model, nearest
        unknown = worded("There is no model called {model} here.", model=repr(model))
        super().__init__(_with_hint(unknown, nearest))


class UnknownFineTune(EngineError):
    """The model has no such fine-tune; `nearest` holds the names that come close."""

    def __init__(self, name: str, model: str, nearest: tuple[str, ...]) -> None:
        self.name, self.model, self.nearest = name, model, nearest
        unknown = worded("{model} has no fine-tune called {name} here.", model=model, name=repr(name))
        super().__init__(_with_hint(unknown, nearest))


def _with_hint(unknown: str, nearest: tuple[str, ...]) -> str:
    if not nearest:
        return unknown
    return together(unknown, worded("Did you mean {names}?", names=" / ".join(nearest)))


class ModelUnavailable(EngineError):
    """The model is in the catalogue but cannot be loaded or asked; `reason` is a clause."""

    def __init__(self, model: str, reason: str) -> None:
        self.model, self.reason = model, reason
        super().__init__(
            worded("The model {model} cannot be used now: {reason}. Choose another model.", model=model, reason=reason)
        )


class NotOnThisCard(ModelUnavailable):
    """The card of this machine that was asked cannot hold the model, or cannot be used; another may."""


class JobCancelled(EngineError):
    """Cancelled before it was finished."""

    def __init__(self) -> None:
        super().__init__(worded("This portrait was cancelled."))


class JobTimedOut(EngineError):
    """Rendering took longer than a job may."""

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        super().__init__(
            worded(
                "This portrait took longer than {seconds:.0f} s and was stopped. "
                "Fewer steps or a smaller size may help.",
                seconds=deadline_s,
            )
        )


class OutOfMemory(EngineError):
    """Not even alone and with offload does the job fit into memory."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            worded(
                "There is not enough memory to make this portrait with {model}. Choose a smaller size or another "
                "model.",
                model=model,
            )
        )


class RenderFailed(EngineError):
    """The backend failed on this job; `reason` is a clause without a full stop."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            worded("The portrait could not be made: {reason}. Try again, or choose another model.", reason=reason)
        )


class EngineStopped(EngineError):
    """The engine is shutting down; the job has not ended and may be submitted again."""

    def __init__(self) -> None:
        super().__init__(worded("The studio is restarting; this portrait goes on afterwards."))
