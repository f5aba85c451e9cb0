"""SD 1.5 and SDXL: words read here, any sampler, a picture to begin from, one face by an IP-Adapter."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.backends.local.chosen_scheduler import scheduler_for
from engine.backends.local.clip_words import chunks_of, read_words
from engine.backends.local.embeddings import Embeddings, TextEmbedding
from engine.backends.local.inputs import edit_picture, picture_at, steps_of
from engine.backends.local.loaded import Loaded
from engine.jobs.job import Job, Reference
from engine.wording.dialects import RenderedPrompt

if TYPE_CHECKING:
    import torch

BLANK_PX = 224


class StableDiffusion:
    """`StableDiffusionPipeline` and `StableDiffusionXLPipeline`, and those of them that begin from a picture."""

    tensor_inputs: tuple[str, ...] = ("latents",)

    def __init__(self, loaded: Loaded, embeddings: Embeddings, like: Job) -> None:
        self._loaded = loaded
        self._embeddings = embeddings
        self.pipe = loaded.pipe_for(like)
        self.pipe.scheduler = scheduler_for(loaded, like)

    def warm_up(self) -> None:
        """Nearly every job is guided away from no words at all."""
        self._text("", 1)

    def alike(self, words: RenderedPrompt) -> Hashable:
        """Texts share a call when they are read in as many goes: empty ones beside the shorter would change it."""
        return max(chunks_of(self._loaded.pipe, text) for text in (words.prompt, words.negative))

    def arguments(self, jobs: Sequence[Job], words: Sequence[RenderedPrompt]) -> dict[str, Any]:
        guided = jobs[0].guidance > 1
        chunks = max(chunks_of(self._loaded.pipe, text) for said in words for text in (said.prompt, said.negative))
        arguments: dict[str, Any] = {"guidance_scale": jobs[0].guidance}
        arguments |= self._embedded("", [self._text(said.prompt, chunks) for said in words])
        if guided:
            arguments |= self._embedded("negative_", [self._against(said.negative, chunks) for said in words])
        return arguments | self._faces(jobs, guided=guided) | _beginning(jobs)

    def keep(self, tensors: Mapping[str, Any], rows: Sequence[int], of: int) -> None:
        return None

    def _embedded(self, prefix: str, texts: Sequence[TextEmbedding]) -> dict[str, torch.Tensor]:
        import torch

        device = self._loaded.device
        said = {f"{prefix}prompt_embeds": torch.cat([text.tokens for text in texts]).to(device)}
        if texts[0].pooled.shape[-1]:
            said[f"{prefix}pooled_prompt_embeds"] = torch.cat([text.pooled for text in texts]).to(device)
        return said

    def _text(self, text: str, chunks: int) -> TextEmbedding:
        loaded = self._loaded
        key = (loaded.model.id, text, chunks, loaded.fine_tunes.reading)
        return self._embeddings.texts.get(key, lambda: read_words(loaded, text, chunks))

    def _against(self, text: str, chunks: int) -> TextEmbedding:
        """What to guide away from; SDXL was taught that no words at all are zeros."""
        said = self._text(text, chunks)
        if text or not self._loaded.pipe.config.get("force_zeros_for_empty_prompt"):
            return said
        return TextEmbedding(said.tokens * 0, said.pooled * 0)

    def _faces(self, jobs: Sequence[Job], *, guided: bool) -> dict[str, Any]:
        """One face a row. A model with an adapter always wants pictures: blank ones that have no say where none is."""
        import torch

        loaded = self._loaded
        if not loaded.has_adapter:
            return {}
        held = loaded.references_of(jobs[0])
        self.pipe.set_ip_adapter_scale(jobs[0].ip_adapter_scale if held else 0.0)
        pairs = [self._face(loaded.references_of(job)[0] if held else None) for job in jobs]
        sides = [0, 1] if guided else [1]
        faces = torch.cat([pair[side : side + 1] for side in sides for pair in pairs])
        return {"ip_adapter_image_embeds": [faces.to(loaded.device)]}

    def _face(self, reference: Reference | None) -> torch.Tensor:
        """(2, 1, …): no picture and the picture, as the adapter reads them, on the CPU."""
        loaded = self._loaded
        key = (loaded.model.id, reference.sha256 if reference else "")
        return self._embeddings.references.get(key, lambda: _read_face(loaded, reference))


def _read_face(loaded: Loaded, reference: Reference | None) -> torch.Tensor:
    import torch
    from PIL import Image

    picture = picture_at(reference.path) if reference else Image.new("RGB", (BLANK_PX, BLANK_PX), "grey")
    with torch.inference_mode():
        (found,) = loaded.pipe.prepare_ip_adapter_image_embeds([picture], None, loaded.device, 1, True)
    read: torch.Tensor = found.cpu()
    return read


def _beginning(jobs: Sequence[Job]) -> dict[str, Any]:
    """The pictures that the jobs begin from. These pipelines round the steps that they take down."""
    edits = [(job, job.edit) for job in jobs if job.edit is not None]
    if not edits:
        return {}
    strength = min(1.0, (steps_of(jobs[0]) + 0.5) / jobs[0].steps)
    return {"image": [edit_picture(edit, (job.width, job.height)) for job, edit in edits], "strength": strength}
