"""A model in memory: its pipeline, what lies over it, and which pictures of a job go into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.schedulers import begin_from_pictures
from engine.backends.local.sketches import Sketcher
from engine.jobs.job import Job, Reference, Role
from engine.models.local_models import takes_pictures
from engine.models.model import Model
from engine.models.published import EDITORS
from engine.placement.plan import Placement

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Loaded:
    """A model in memory. `has_adapter` says that it has an IP-Adapter for references.

    `placement` is where its parts live now, None while it is parked in the machine's memory; `sizes` is what the
    weights of each part take, in bytes.
    """

    model: Model
    pipe: Any
    device: torch.device
    placement: Placement | None
    sizes: dict[str, int]
    has_adapter: bool
    fine_tunes: FineTunes
    preview_row_s: float = 0.0
    """What the last preview took a row."""
    schedulers: dict[str, Any] = field(default_factory=dict)
    """Those that were made, by their sampler's title; "" is the model's own."""
    _sketcher: Sketcher | None = field(default=None, repr=False)
    _editor: Any = field(default=None, repr=False)

    def read_sketcher(self) -> Sketcher:
        """Reads what makes its previews, before any is wanted: while another model is read, it would wait for that."""
        self._sketcher = Sketcher(self.pipe, self.model.source, self.device)
        return self._sketcher

    @property
    def bytes(self) -> int:
        """What it takes, fine-tunes and all."""
        return sum(self.sizes.values()) + self.fine_tunes.bytes

    @property
    def sketcher(self) -> Sketcher:
        """What makes its previews."""
        return self._sketcher or self.read_sketcher()

    @property
    def takes_references(self) -> bool:
        """Whether reference pictures go in at all."""
        return self.has_adapter or takes_pictures(self.model)

    def references_of(self, job: Job) -> tuple[Reference, ...]:
        """Those references of a job that go in: faces first, as many as there is room for."""
        if self.has_adapter:
            return faces(job)[:1]
        return attached(self.model, job)

    def pipe_for(self, job: Job) -> Any:
        """The pipeline that makes this job's kind of picture."""
        if job.edit is None or takes_pictures(self.model):
            return self.pipe
        if self._editor is None:
            self._editor = _editor_of(self.pipe)
        return self._editor


def faces(job: Job) -> tuple[Reference, ...]:
    """The references that say who is in the picture."""
    return tuple(reference for reference in job.references if reference.role is Role.FACE)


def attached(model: Model, job: Job) -> tuple[Reference, ...]:
    """The references that go into a pipeline that takes pictures, after the one to change."""
    if not takes_pictures(model):
        return ()
    room = model.references - (job.edit is not None)
    ordered = sorted(job.references, key=lambda reference: reference.role is not Role.FACE)
    return tuple(ordered[: max(0, room)])


def kind_of_call(model: Model, job: Job) -> tuple[str, ...]:
    """Jobs of one batch may share a pipeline call when this is the same for them."""
    if model.pipeline == "QwenImage21Pipeline":
        return (job.id,)  # where words end and pictures begin it reads from the first row alone
    if not takes_pictures(model):
        return ("a face",) if faces(job) else ()
    edited = (job.edit.sha256,) if job.edit else ("",)
    return (*edited, *(reference.sha256 for reference in attached(model, job)))


def _editor_of(pipe: Any) -> Any:
    import diffusers

    editor = getattr(diffusers, EDITORS[type(pipe).__name__])(**pipe.components)
    editor.set_progress_bar_config(disable=True)
    begin_from_pictures(editor.scheduler)
    return editor
