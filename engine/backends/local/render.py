"""One batch through one loaded model: seeds, steps, previews, dropped rows, pictures."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from engine.backends.local import latents as cells
from engine.backends.local import pixels
from engine.backends.local.finishing import Unwritten
from engine.backends.local.inputs import steps_of
from engine.backends.local.loaded import Loaded
from engine.backends.local.pipelines import PipelineCall
from engine.backends.local.previews import Previewer
from engine.backends.local.schedulers import named
from engine.backends.local.tuning import begin
from engine.jobs.job import EngineError, Finished, Job, JobCancelled, Progress, RenderFailed, Sampling
from engine.models.local_models import takes_pictures
from engine.sayings import together, worded
from engine.wording.dialects import RenderedPrompt

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

IGNORED_NOTE = worded("This model cannot hold a face, so the saved character was not used.")
HELD_BACK = worded("the model's own filter took it for something that should not be seen, and blackened it")
ONE_FACE_NOTE = worded("This model holds one face; only the first character was used.")


class Watcher(Protocol):
    """Who follows a batch from outside the thread."""

    def tell(self, events: Sequence[tuple[str, Progress]]) -> None:
        """Hands events over to the event loop."""
        ...

    def is_over(self, job_id: str) -> bool:
        """Whether nobody wants this job any more."""
        ...


class _NobodyLeft(Exception):
    """Every job of the batch is over."""


@dataclass(slots=True)
class _Row:
    job: Job
    words: RenderedPrompt


class Rendering:
    """Renders one batch; `run` is called once, on the worker thread."""

    def __init__(
        self,
        loaded: Loaded,
        recipe: PipelineCall,
        jobs: Sequence[Job],
        words: Sequence[RenderedPrompt],
        watcher: Watcher,
    ) -> None:
        self._loaded = loaded
        self._recipe = recipe
        self._jobs = jobs
        self._words = words
        self._watcher = watcher
        self._rows = [_Row(job, said) for job, said in zip(jobs, words, strict=True)]
        self._steps = steps_of(jobs[0], whole=takes_pictures(loaded.model))
        self._done = 0
        self._previewer: Previewer | None = None
        self._before: torch.Tensor | None = None
        self._held_back: list[bool] = []

    @property
    def at_autoencoder(self) -> bool:
        """Whether it is at the picture itself now, before the first step of an edit or after the last of any."""
        return self._done >= self._steps or (self._done == 0 and self._jobs[0].edit is not None)

    def run(self, preview_every_s: float, preview_share: float) -> list[Unwritten | EngineError]:
        """One a job, its picture not written yet: that needs no device.

        Raises whatever the pipeline raises, running out of memory among it.
        """
        began_s = perf_counter()
        if any(job.previews for job in self._jobs):
            size = (self._jobs[0].width, self._jobs[0].height)
            self._previewer = Previewer(self._loaded, self._steps, size, preview_every_s, preview_share)
        self._tell(0, [None] * len(self._rows))
        begin(self._loaded.pipe, self._loaded.model, self._jobs[0].steps)
        pictures = self._pictures()
        made = {row.job.id: picture for row, picture in zip(self._rows, pictures, strict=True)}
        held_back = {row.job.id for row, held in zip(self._rows, self._held_back, strict=False) if held}
        render_s = perf_counter() - began_s
        return [
            RenderFailed(HELD_BACK)
            if job.id in held_back
            else self._made(job, said, made[job.id], render_s)
            if job.id in made
            else JobCancelled()
            for job, said in zip(self._jobs, self._words, strict=True)
        ]

    def _pictures(self) -> list[Any]:
        """One a row that is left: an array or a picture, None where nothing came of it."""
        import torch

        first = self._jobs[0]
        pipe = self._recipe.pipe
        try:
            with torch.inference_mode():
                result = pipe(
                    **self._recipe.arguments(self._jobs, self._words),
                    **self._size(),
                    num_inference_steps=first.steps,
                    generator=[torch.Generator("cpu").manual_seed(job.seed) for job in self._jobs],
                    callback_on_step_end=self._after_step,
                    callback_on_step_end_tensor_inputs=list(self._recipe.tensor_inputs),
                    **_as_tensors(pipe),
                )
                self._held_back = list(getattr(result, "nsfw_content_detected", None) or ())
                pictures = self._sound(result.images)
        except _NobodyLeft:
            self._loaded.pipe.maybe_free_model_hooks()
            self._rows = []
            return []
        if pipe is not self._loaded.pipe:
            self._loaded.pipe.maybe_free_model_hooks()
        return pictures

    def _sound(self, images: Any) -> list[Any]:
        """The pictures as arrays; what the model's own filter has blackened stays None and is not decoded anew."""
        pictures = pixels.of(images)
        for place, picture in enumerate(pictures):
            if picture is None and not any(self._held_back[place : place + 1]):
                pictures[place] = self._decoded_wide(place)
        return pictures

    def _size(self) -> dict[str, int]:
        """Some pipelines that begin from a picture are not told: the picture's own size is meant."""
        first = self._jobs[0]
        told = "width" in inspect.signature(type(self._recipe.pipe).__call__).parameters
        return {"width": first.width, "height": first.height} if told else {}

    def apart(self) -> list[list[Job]]:
        """The jobs in groups that may share a call, in order; one group as a rule."""
        groups: dict[Hashable, list[Job]] = {}
        for job, said in zip(self._jobs, self._words, strict=True):
            groups.setdefault(self._recipe.alike(said), []).append(job)
        return list(groups.values())

    def _decoded_wide(self, place: int) -> Any:
        """The picture of this row from an autoencoder at 32 bits, where the latents are sound; else None."""
        latents = self._before
        if latents is None or not pixels.is_sound(latents[place]) or not cells.can_be_wider(self._loaded.pipe):
            return None
        size = (self._jobs[0].width, self._jobs[0].height)
        log.warning("%s overflows in its autoencoder at 16 bits: decoded again at 32.", self._loaded.model.title)
        return pixels.of(cells.decode_wide(self._loaded.pipe, latents[place : place + 1], size))[0]

    def _after_step(self, pipe: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """Called by the pipeline after each step; what it returns goes into the next."""
        # Solvers of a higher order look twice a step.
        order = max(1, getattr(pipe.scheduler, "order", 1))
        self._done = min(self._steps, -(-(index + 1) // order))
        left = [place for place, row in enumerate(self._rows) if not self._watcher.is_over(row.job.id)]
        if not left:
            raise _NobodyLeft
        if len(left) < len(self._rows):
            kept = self._recipe.keep(tensors, left, len(self._rows))
            if kept is not None:
                tensors = kept
                self._rows = [self._rows[place] for place in left]
                self._before = None if self._before is None else self._before[left]
        self._tell(self._done, self._previews(self._done, tensors))
        self._before = tensors.get("latents")
        return tensors

    def _previews(self, step: int, tensors: dict[str, Any]) -> list[bytes | None]:
        wanted = [place for place, row in enumerate(self._rows) if row.job.previews]
        previews: list[bytes | None] = [None] * len(self._rows)
        if self._previewer is None or not wanted or "latents" not in tensors:
            return previews
        if not self._previewer.due(step, len(wanted)):
            return previews
        made = self._previewer.make(tensors["latents"], self._before, step, wanted)
        for place, preview in zip(wanted, made, strict=True):
            previews[place] = preview
        return previews

    def _tell(self, step: int, previews: Sequence[bytes | None]) -> None:
        self._watcher.tell(
            [
                (row.job.id, Progress(step, self._steps, preview))
                for row, preview in zip(self._rows, previews, strict=True)
            ]
        )

    def _made(self, job: Job, words: RenderedPrompt, picture: Any, render_s: float) -> Unwritten | EngineError:
        if picture is None:
            log.error(
                "%s came to numbers that are none (precision %s), so its picture of %s is black and not delivered.",
                *(self._loaded.model.title, self._loaded.model.precision, job.id),
            )
            return RenderFailed("the model's numbers overflowed, and the picture is black")
        return Unwritten(picture, self._told(job, words, render_s))

    def _told(self, job: Job, words: RenderedPrompt, render_s: float) -> Finished:
        """The outcome, but for its file."""
        model = self._loaded.model
        return Finished(
            picture=b"",
            width=job.width,
            height=job.height,
            seed=job.seed,
            words=words,
            model_title=model.title,
            note=together(model.note, self._reference_note(job)),
            steps=job.steps,
            render_s=render_s,
            batch=len(self._jobs),
            sampling=self._sampling(job),
        )

    def _sampling(self, job: Job) -> Sampling:
        sampler, schedule = named(getattr(self._recipe.pipe, "scheduler", None))
        return Sampling(seed=job.seed, steps=job.steps, guidance=job.guidance, sampler=sampler, schedule=schedule)

    def _reference_note(self, job: Job) -> str:
        if not job.references:
            return ""
        if not self._loaded.takes_references:
            return IGNORED_NOTE
        taken = len(self._loaded.references_of(job))
        if taken == len(job.references):
            return ""
        if taken == 1:
            return ONE_FACE_NOTE
        return worded("Of {given} reference pictures this model took {taken}.", given=len(job.references), taken=taken)


def _as_tensors(pipe: Any) -> dict[str, Any]:
    """Asks for pictures as tensors on the device, where the pipeline can be asked."""
    return {"output_type": "pt"} if "output_type" in inspect.signature(type(pipe).__call__).parameters else {}
