"""Paints with a checkpoint as the bot does: every portrait is told a face, its reference's or one drawn by its seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from engine import face_adapter

BATCH = 8
TALL = (128, 192)


class Painter:
    """A checkpoint's pipeline in full precision, with its adapter, if it has one that is told embeddings.

    `scale` and `drawn` are how strongly the adapter holds faces that are given and that are drawn.
    """

    def __init__(self, checkpoint: Path, scale: float = 1.0, drawn: float = 1.0) -> None:
        import torch
        from diffusers import StableDiffusion3Pipeline

        self.pipe = StableDiffusion3Pipeline.from_pretrained(
            checkpoint, text_encoder_3=None, tokenizer_3=None, dtype=torch.float32, use_safetensors=True
        )
        self.pipe.set_progress_bar_config(disable=True)
        adapter = checkpoint / "ip_adapter"
        self._scale, self._prior = face_adapter.read(adapter), face_adapter.read_prior(adapter)
        if self._scale is None:
            return
        self.pipe.load_ip_adapter(
            str(checkpoint),
            subfolder=adapter.name,
            weight_name="ip-adapter.safetensors",
            image_encoder_folder=None,
            local_files_only=True,
        )
        self._held, self._drawn = scale, drawn
        self.pipe.transformer.float()

    @property
    def holds_faces(self) -> bool:
        """Whether it can be told whom to paint."""
        return self._scale is not None

    def paint(
        self,
        prompts: Sequence[str],
        steps: int,
        guidance: float,
        seeds: Sequence[int],
        faces: Sequence[bytes | None] | None = None,
    ) -> list[Image.Image]:
        """One tall portrait a prompt and seed. `faces` are embeddings; without one the face is drawn.

        Raises ValueError where the checkpoint cannot be told a face that is given.
        """
        faces = faces if faces is not None else [None] * len(prompts)
        if self._scale is None and any(faces):
            raise ValueError("This checkpoint has no adapter that is told faces by their embeddings.")
        made: list[Image.Image] = []
        for start in range(0, len(prompts), BATCH):
            part = slice(start, start + BATCH)
            made += self._batch(prompts[part], steps, guidance, seeds[part], faces[part])
        return made

    def _batch(
        self,
        prompts: Sequence[str],
        steps: int,
        guidance: float,
        seeds: Sequence[int],
        faces: Sequence[bytes | None],
    ) -> list[Image.Image]:
        import torch

        more: dict[str, Any] = {}
        if self._scale is not None and (self._prior is not None or any(faces)):
            self.pipe.set_ip_adapter_scale(self._held if any(faces) else self._drawn)
            told = torch.cat([self._token(*each) for each in zip(prompts, seeds, faces, strict=True)])
            told = torch.cat([told, told]) if guidance > 1 else told
            more["joint_attention_kwargs"] = {"ip_adapter_image_embeds": told}
        made: list[Image.Image] = self.pipe(
            list(prompts),
            negative_prompt=[""] * len(prompts),
            num_inference_steps=steps,
            guidance_scale=guidance,
            width=TALL[0],
            height=TALL[1],
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            max_sequence_length=0,
            **more,
        ).images
        return made

    def _token(self, prompt: str, seed: int, face: bytes | None) -> Any:
        import torch

        assert self._scale is not None  # noqa: S101  (asked for only where there is one)
        if face is not None or self._prior is None:
            return self._scale.token(face)
        with torch.inference_mode():
            words, _, _, _ = self.pipe.encode_prompt(
                prompt, prompt, prompt, do_classifier_free_guidance=False, max_sequence_length=0
            )
        return self._prior.token(words, seed)
