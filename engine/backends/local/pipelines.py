"""How each family of pipelines is called with a batch: a prompt, a seed and a picture a row."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from engine.backends.local.embeddings import Embeddings, TextEmbedding
from engine.backends.local.inputs import edit_picture, readable, reference_picture
from engine.backends.local.loaded import Loaded
from engine.backends.local.schedulers import keep_rows
from engine.jobs.job import Job
from engine.models.local_models import takes_pictures
from engine.wording.dialects import RenderedPrompt

if TYPE_CHECKING:
    import torch


class PipelineCall(Protocol):
    """Turns a batch into the arguments of one pipeline call."""

    @property
    def pipe(self) -> Any:
        """What is called."""
        ...

    @property
    def tensor_inputs(self) -> tuple[str, ...]:
        """What the step callback asks the pipeline for."""
        ...

    def warm_up(self) -> None:
        """Called once after loading."""
        ...

    def arguments(self, jobs: Sequence[Job], words: Sequence[RenderedPrompt]) -> dict[str, Any]:
        """Everything that depends on the words, the pictures and the guidance."""
        ...

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> dict[str, Any] | None:
        """The step's tensors with only these of the `of` rows left; None when rows cannot be dropped."""
        ...


class StableDiffusion3:
    """`StableDiffusion3Pipeline`: embeddings made once and passed in, rows dropped as jobs end."""

    def __init__(self, loaded: Loaded, embeddings: Embeddings, like: Job) -> None:
        self._loaded = loaded
        self._embeddings = embeddings
        self._guided = False
        self._edits = like.edit is not None
        self.pipe = loaded.pipe_for(like)
        # The one that begins from a picture hands out no pooled embeddings, so its rows stay to the end.
        self.tensor_inputs: tuple[str, ...] = (
            ("latents",) if self._edits else ("latents", "prompt_embeds", "pooled_prompt_embeds")
        )

    def warm_up(self) -> None:
        """Nearly every job is guided away from no words at all: they are encoded with the loading."""
        self._embeddings.text(self._loaded, "")

    def arguments(self, jobs: Sequence[Job], words: Sequence[RenderedPrompt]) -> dict[str, Any]:
        self._guided = jobs[0].guidance > 1
        texts = [self._embeddings.text(self._loaded, said.prompt, said.long_prompt) for said in words]
        arguments: dict[str, Any] = {
            "guidance_scale": jobs[0].guidance,
            "prompt_embeds": self._tokens(texts),
            "pooled_prompt_embeds": self._pooled(texts),
        }
        if self._guided:
            against = [self._embeddings.text(self._loaded, said.negative) for said in words]
            arguments["negative_prompt_embeds"] = self._tokens(against)
            arguments["negative_pooled_prompt_embeds"] = self._pooled(against)
        faces = self._faces(jobs)
        if faces is not None:
            arguments["joint_attention_kwargs"] = {"ip_adapter_image_embeds": faces}
        return arguments | _beginning(jobs)

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> dict[str, Any] | None:
        if self._edits:
            return None
        keep_rows(self.pipe.scheduler, rows)
        doubled = [*rows, *(of + row for row in rows)] if self._guided else list(rows)
        attention = self.pipe._joint_attention_kwargs
        if attention and "ip_adapter_image_embeds" in attention:
            attention["ip_adapter_image_embeds"] = attention["ip_adapter_image_embeds"][doubled]
        return {name: tensor[list(rows) if name == "latents" else doubled] for name, tensor in tensors.items()}

    def _faces(self, jobs: Sequence[Job]) -> torch.Tensor | None:
        """One face a row, guided away from no picture; None for a model or for jobs without any."""
        import torch

        loaded = self._loaded
        if not loaded.has_adapter or not loaded.references_of(jobs[0]):
            return None
        loaded.pipe.set_ip_adapter_scale(jobs[0].ip_adapter_scale)
        faces = torch.cat([self._embeddings.reference(loaded, loaded.references_of(job)[0]) for job in jobs]).to(
            loaded.device
        )
        return torch.cat([torch.zeros_like(faces), faces]) if self._guided else faces

    def _tokens(self, texts: Sequence[TextEmbedding]) -> torch.Tensor:
        import torch

        return torch.cat([text.tokens for text in texts]).to(self._loaded.device)

    def _pooled(self, texts: Sequence[TextEmbedding]) -> torch.Tensor:
        import torch

        return torch.cat([text.pooled for text in texts]).to(self._loaded.device)


class Plain:
    """Any other pipeline, by the arguments that it says it takes."""

    def __init__(self, loaded: Loaded, like: Job) -> None:
        self._loaded = loaded
        self.pipe = loaded.pipe_for(like)
        self._takes = inspect.signature(type(self.pipe).__call__).parameters
        offered = getattr(self.pipe, "_callback_tensor_inputs", ())
        self.tensor_inputs: tuple[str, ...] = tuple(name for name in ("latents",) if name in offered)

    def warm_up(self) -> None:
        return None

    def arguments(self, jobs: Sequence[Job], words: Sequence[RenderedPrompt]) -> dict[str, Any]:
        arguments: dict[str, Any] = {"prompt": [said.prompt for said in words]}
        if "prompt_2" in self._takes and any(said.long_prompt for said in words):
            arguments["prompt_2"] = [said.long_prompt or said.prompt for said in words]
        return arguments | self._guidance(jobs[0], words) | self._pictures(jobs)

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> None:
        return None

    def _guidance(self, job: Job, words: Sequence[RenderedPrompt]) -> dict[str, Any]:
        # Qwen's `guidance_scale` is for distilled models that are not out; the usual guidance goes by another name
        # and only counts beside a negative prompt, an empty one included.
        if type(self.pipe).__name__.startswith("QwenImage"):
            if job.guidance <= 1:
                return {"true_cfg_scale": 1.0}
            return {"true_cfg_scale": job.guidance, "negative_prompt": [said.negative or " " for said in words]}
        arguments: dict[str, Any] = {"guidance_scale": job.guidance}
        if "negative_prompt" in self._takes and "true_cfg_scale" not in self._takes:
            arguments["negative_prompt"] = [said.negative for said in words]
        return arguments

    def _pictures(self, jobs: Sequence[Job]) -> dict[str, Any]:
        if not takes_pictures(self._loaded.model):
            return _beginning(jobs)
        job = jobs[0]
        pictures = [readable(edit_picture(job.edit, (job.width, job.height)))] if job.edit else []
        pictures += [reference_picture(reference) for reference in self._loaded.references_of(job)]
        if not pictures:
            return {}
        arguments: dict[str, Any] = {"image": pictures if self._loaded.model.references > 1 else pictures[0]}
        if "max_area" in self._takes:
            arguments["max_area"] = job.width * job.height
        return arguments


def _beginning(jobs: Sequence[Job]) -> dict[str, Any]:
    """The pictures that the jobs begin from, for a pipeline that takes one a row and a strength."""
    edits = [(job, job.edit) for job in jobs if job.edit is not None]
    if not edits:
        return {}
    first = jobs[0]
    # Half a step less than what is meant: the pipeline rounds the steps that it leaves out down.
    strength = (steps_of(first) - 0.5) / first.steps
    return {"image": [edit_picture(edit, (job.width, job.height)) for job, edit in edits], "strength": strength}


def steps_of(job: Job, *, whole: bool = False) -> int:
    """How many steps a job really takes: an edit of strength 0.5 begins in the middle, unless `whole`."""
    if job.edit is None or whole:
        return job.steps
    return min(job.steps, max(1, round(job.steps * job.edit.strength)))


def recipe_for(loaded: Loaded, embeddings: Embeddings, like: Job) -> PipelineCall:
    """The way this pipeline wants to be called for jobs like this one."""
    if type(loaded.pipe).__name__ == "StableDiffusion3Pipeline":
        return StableDiffusion3(loaded, embeddings, like)
    return Plain(loaded, like)
