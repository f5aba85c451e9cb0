"""How each family of pipelines is called with a batch: a prompt, a seed and a picture a row."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from engine.backends.local.embeddings import Embeddings, TextEmbedding
from engine.backends.local.shelf import Loaded
from engine.dialects import Words
from engine.jobs import Job

if TYPE_CHECKING:
    import torch


class Recipe(Protocol):
    """Turns a batch into the arguments of one pipeline call."""

    @property
    def tensor_inputs(self) -> tuple[str, ...]:
        """What the step callback asks the pipeline for."""
        ...

    def warm_up(self) -> None:
        """Called once after loading."""
        ...

    def arguments(self, jobs: Sequence[Job], words: Sequence[Words]) -> dict[str, Any]:
        """Everything that depends on the words and references."""
        ...

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> dict[str, Any] | None:
        """The step's tensors with only these of the `of` rows left; None when rows cannot be dropped."""
        ...


class StableDiffusion3:
    """`StableDiffusion3Pipeline`: embeddings made once and passed in, rows dropped as jobs end."""

    tensor_inputs = ("latents", "prompt_embeds", "pooled_prompt_embeds")

    def __init__(self, loaded: Loaded, embeddings: Embeddings) -> None:
        self._loaded = loaded
        self._embeddings = embeddings
        self._guided = False

    def warm_up(self) -> None:
        """Nearly every job is guided away from no words at all: they are encoded with the loading."""
        self._embeddings.text(self._loaded, "")

    def arguments(self, jobs: Sequence[Job], words: Sequence[Words]) -> dict[str, Any]:
        self._guided = jobs[0].guidance > 1
        texts = [self._embeddings.text(self._loaded, said.prompt, said.long_prompt) for said in words]
        arguments: dict[str, Any] = {"prompt_embeds": self._tokens(texts), "pooled_prompt_embeds": self._pooled(texts)}
        if self._guided:
            against = [self._embeddings.text(self._loaded, said.negative) for said in words]
            arguments["negative_prompt_embeds"] = self._tokens(against)
            arguments["negative_pooled_prompt_embeds"] = self._pooled(against)
        if self._loaded.takes_references and jobs[0].references:
            arguments["joint_attention_kwargs"] = {"ip_adapter_image_embeds": self._faces(jobs)}
        return arguments

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> dict[str, Any]:
        doubled = [*rows, *(of + row for row in rows)] if self._guided else list(rows)
        attention = self._loaded.pipe._joint_attention_kwargs
        if attention and "ip_adapter_image_embeds" in attention:
            attention["ip_adapter_image_embeds"] = attention["ip_adapter_image_embeds"][doubled]
        return {name: tensor[list(rows) if name == "latents" else doubled] for name, tensor in tensors.items()}

    def _faces(self, jobs: Sequence[Job]) -> torch.Tensor:
        """One reference a row, after a row of nothing each for the unguided half."""
        import torch

        pipe = self._loaded.pipe
        pipe.set_ip_adapter_scale(jobs[0].reference_scale)
        faces = torch.cat([self._embeddings.reference(self._loaded, job.references[0]) for job in jobs])
        faces = faces.to(self._loaded.device)
        return torch.cat([torch.zeros_like(faces), faces]) if self._guided else faces

    def _tokens(self, texts: Sequence[TextEmbedding]) -> torch.Tensor:
        import torch

        return torch.cat([text.tokens for text in texts]).to(self._loaded.device)

    def _pooled(self, texts: Sequence[TextEmbedding]) -> torch.Tensor:
        import torch

        return torch.cat([text.pooled for text in texts]).to(self._loaded.device)


class Plain:
    """Any other text-to-image pipeline, by the arguments that it says it takes."""

    def __init__(self, loaded: Loaded) -> None:
        self._takes = inspect.signature(type(loaded.pipe).__call__).parameters
        offered = getattr(loaded.pipe, "_callback_tensor_inputs", ())
        self.tensor_inputs: tuple[str, ...] = tuple(name for name in ("latents",) if name in offered)

    def warm_up(self) -> None:
        return None

    def arguments(self, jobs: Sequence[Job], words: Sequence[Words]) -> dict[str, Any]:
        arguments: dict[str, Any] = {"prompt": [said.prompt for said in words]}
        if "negative_prompt" in self._takes:
            arguments["negative_prompt"] = [said.negative for said in words]
        if "prompt_2" in self._takes and any(said.long_prompt for said in words):
            arguments["prompt_2"] = [said.long_prompt or said.prompt for said in words]
        return arguments

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> None:
        return None


def recipe_for(loaded: Loaded, embeddings: Embeddings) -> Recipe:
    """The way this pipeline wants to be called."""
    if type(loaded.pipe).__name__ == "StableDiffusion3Pipeline":
        return StableDiffusion3(loaded, embeddings)
    return Plain(loaded)
