"""Published architectures at their full size with random weights, made in memory: nothing is downloaded.

What a picture shows is noise; what it takes, and where, is what the real weights take.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.models.local_models import model_of, sizes
from engine.models.model import Model
from tests.engine import tiny_models, tiny_readers
from tests.engine.placement.architectures import BUILDERS

BLOCK: Final = 2**24
"""Random numbers that are written over and over: drawing billions of them would take minutes."""
STEPS: Final = 4
Part = Callable[[str], Any]
"""Builds a part by its name among the architectures."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A model that is checked: its hub id, the kind of its tiny likeness, and how it is put together at full size."""

    source: str
    tiny: str
    whole: Callable[[Part], Any]


def model_for(checked: Checked, *, tiny: bool) -> Model:
    """Its catalogue entry with few steps; a tiny one's sizes are tiny, and its parts are those of nothing published."""
    model = replace(model_of(checked.source), steps=STEPS)
    if tiny:
        width, height = tiny_models.SIZE
        model = replace(model, sizes=sizes(width * height), source=f"tiny/{checked.tiny}", family="plain")
    return model


def pipeline(checked: Checked, dtype: Any, *, tiny: bool) -> Any:
    """The pipeline in the machine's memory, its weights always the same."""
    import torch
    from transformers.initialization import no_init_weights

    if tiny:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            return tiny_models.KINDS[checked.tiny]().to(dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with no_init_weights():
            pipe = checked.whole(lambda name: BUILDERS[name][2]())
    finally:
        torch.set_default_dtype(before)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            share_tables(part)
            fill(part.eval())
    return pipe


def share_tables(part: Any) -> None:
    """A reader's table of words and what it shares it with: left apart by a build that draws no weights."""
    if hasattr(part, "tie_weights"):
        part.tie_weights()


def fill(module: Any) -> None:
    """Weights small enough that a deep model stays finite: by their fan-in, norms at one, all else at nought."""
    import torch

    drawn = torch.rand(BLOCK, generator=torch.Generator().manual_seed(5)) - 0.5
    blocks: dict[tuple[float, Any], Any] = {}
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim < 2:
                weight.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
                continue
            spread = min(0.06, 2.0 / math.sqrt(weight[0].numel()))
            if (spread, weight.dtype) not in blocks:
                blocks[spread, weight.dtype] = (drawn * spread).to(weight.dtype)
            block, flat = blocks[spread, weight.dtype], weight.view(-1)
            for start in range(0, flat.numel(), BLOCK):
                part = flat[start : start + BLOCK]
                part.copy_(block[: part.numel()])


def _flow(**config: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**config)


def _sdxl(part: Part) -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    return StableDiffusionXLPipeline(
        unet=part("SDXL"),
        scheduler=EulerDiscreteScheduler(),
        vae=part("VAE of 4 channels"),
        text_encoder=part("CLIP-L, plain"),
        tokenizer=tiny_readers.clip_tokenizer(),
        text_encoder_2=part("CLIP-G"),
        tokenizer_2=tiny_readers.clip_tokenizer(),
    )


def _klein(part: Part) -> Any:
    from diffusers import Flux2KleinPipeline

    return Flux2KleinPipeline(
        transformer=part("klein 4B"),
        scheduler=_flow(use_dynamic_shifting=True),
        vae=part("VAE of FLUX.2"),
        text_encoder=part("Qwen3 4B"),
        tokenizer=tiny_readers.qwen_tokenizer(),
        is_distilled=True,
    )


def _z_image(part: Part) -> Any:
    from diffusers import ZImagePipeline

    return ZImagePipeline(
        transformer=part("Z-Image"),
        scheduler=_flow(shift=3.0),
        vae=part("VAE of 16 channels"),
        text_encoder=part("Qwen3 4B").model,
        tokenizer=tiny_readers.qwen_tokenizer(),
    )


def _sd35(part: Part) -> Any:
    from diffusers import StableDiffusion3Pipeline

    return StableDiffusion3Pipeline(
        transformer=part("SD 3.5 Large"),
        scheduler=_flow(shift=3.0),
        vae=part("VAE of 16 channels"),
        text_encoder=part("CLIP-L"),
        tokenizer=tiny_readers.clip_tokenizer(),
        text_encoder_2=part("CLIP-G"),
        tokenizer_2=tiny_readers.clip_tokenizer(),
        text_encoder_3=part("T5-XXL"),
        tokenizer_3=tiny_readers.t5_tokenizer(),
    )


CHECKED: Final = {
    "klein-4b": Checked("black-forest-labs/FLUX.2-klein-4B", "klein", _klein),
    "sdxl": Checked("stabilityai/stable-diffusion-xl-base-1.0", "sd15", _sdxl),
    "z-image": Checked("Tongyi-MAI/Z-Image-Turbo", "z-image", _z_image),
    "sd3.5-large": Checked("stabilityai/stable-diffusion-3.5-large", "sd35-large", _sd35),
}
"""By the name in the report, in the order in which they are checked."""
