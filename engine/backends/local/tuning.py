"""What an entry may ask of a model's pipeline beside where it lives: compiled blocks, another layout, a step cache.

Each is applied once, when the model is read, and each says so when it would do nothing.
"""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.placing import denoiser_name
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import ModelUnavailable
from engine.models.model import Model
from engine.models.speed_options import USUAL_THRESHOLD, cache_of

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

COMPILERS: Final = ("cc", "gcc", "clang", "cl")
_MAG_RATIOS: Final = ("FluxTransformer2DModel",)
"""Denoisers whose ratios diffusers has; they are measured for each model, and others are not known."""


def check(model: Model, device: torch.device, settings: LocalSettings) -> None:
    """Raises ModelUnavailable for what would have no effect on this machine, before anything is read."""
    wanted = {"MODEL_EXPANDABLE_SEGMENTS is set": settings.expandable, "cudnn=benchmark is set": model.cudnn != "plain"}
    for said, is_wanted in wanted.items():
        if is_wanted and device.type != "cuda":
            raise ModelUnavailable(model.title, f"{said}, and there is no NVIDIA card here")
    has_compiler = os.environ.get("CC") or any(map(shutil.which, COMPILERS))
    if model.compile == "blocks" and settings.compiler == "inductor" and not has_compiler:
        raise ModelUnavailable(
            model.title, "compile=blocks is set, which needs a C compiler: sudo apt install build-essential"
        )


def tune(pipe: Any, model: Model, settings: LocalSettings) -> None:
    """Applies what the model's entry asks for. Raises ModelUnavailable where that has no effect on its pipeline."""
    if model.layout == "channels_last":
        _lay_out(pipe, model)
    if cache_of(model)[0] != "none":
        _check_cache(getattr(pipe, denoiser_name(pipe)), model)
    if model.compile == "blocks":
        _compile(getattr(pipe, denoiser_name(pipe)), model, settings.compiler)


def begin(pipe: Any, model: Model, steps: int) -> None:
    """Called before each call of the pipeline: what one call leaves behind must not reach into the next."""
    import torch

    torch.backends.cudnn.benchmark = model.cudnn == "benchmark"
    kind, threshold = cache_of(model)
    if kind == "none":
        return
    denoiser = getattr(pipe, denoiser_name(pipe))
    if denoiser.is_cache_enabled:
        denoiser.disable_cache()
    denoiser.enable_cache(_cache_config(kind, threshold, steps))


def compile_failed(error: BaseException) -> bool:
    """Whether torch could not compile what it was to, which fails every order alike."""
    return type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))


def _lay_out(pipe: Any, model: Model) -> None:
    import torch

    convolving = [part for part in (getattr(pipe, "unet", None), pipe.vae) if part is not None]
    for part in convolving:
        part.to(memory_format=torch.channels_last)
    weights = [weight for part in convolving for weight in part.parameters() if weight.ndim == 4]
    if not any(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights):
        raise ModelUnavailable(model.title, "layout=channels_last is set, and no part of it has that layout")


def _check_cache(denoiser: Any, model: Model) -> None:
    kind, name = cache_of(model)[0], type(denoiser).__name__
    if not hasattr(denoiser, "enable_cache"):
        raise ModelUnavailable(model.title, f"cache={kind} is set, and diffusers has no step cache for {name}")
    if kind == "first-block" and not _keeps_shape(denoiser):
        raise ModelUnavailable(
            model.title, f"cache=first-block is set, and this diffusers cannot leave out the blocks of {name}"
        )
    if kind == "mag" and name not in _MAG_RATIOS:
        raise ModelUnavailable(
            model.title, f"cache=mag is set, and nobody has measured {name} for it: cache=first-block needs none"
        )


def _keeps_shape(denoiser: Any) -> bool:
    """Whether the last block returns what the first does: what is left out between them is told by their difference."""
    from diffusers.hooks._helpers import TransformerBlockRegistry

    blocks = _listed_blocks(denoiser)
    try:
        ends = [TransformerBlockRegistry.get(type(block)) for block in (blocks[0], blocks[-1])]
    except (IndexError, ValueError):
        return False
    return len({end.return_encoder_hidden_states_index is None for end in ends}) == 1


def _cache_config(kind: str, threshold: float, steps: int) -> Any:
    from diffusers.hooks import FirstBlockCacheConfig, MagCacheConfig

    if kind == "first-block":
        return FirstBlockCacheConfig(threshold=threshold or USUAL_THRESHOLD[kind])
    from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

    threshold = threshold or USUAL_THRESHOLD[kind]
    return MagCacheConfig(threshold=threshold, num_inference_steps=steps, mag_ratios=FLUX_MAG_RATIOS)


def _compile(denoiser: Any, model: Model, compiler: str) -> None:
    """Marks the repeated blocks; the first step of each new shape then compiles them."""
    names = _blocks(denoiser)
    if not names:
        raise ModelUnavailable(model.title, "compile=blocks is set, and its denoiser has no repeated blocks")
    for block in denoiser.modules():
        if type(block).__name__ in names:
            block.compile(backend=compiler)


def _blocks(denoiser: Any) -> set[str]:
    """The classes of the blocks that a denoiser repeats, as diffusers says them, else of the members of its lists."""
    said = set(getattr(denoiser, "_repeated_blocks", None) or ())
    return said or {type(block).__name__ for block in _listed_blocks(denoiser)}


def _listed_blocks(denoiser: Any) -> list[Any]:
    """The blocks of a transformer in the order in which they run; [] of a U-Net."""
    from diffusers.hooks._common import _ALL_TRANSFORMER_BLOCK_IDENTIFIERS
    from torch.nn import ModuleList

    return [
        block
        for name, part in denoiser.named_children()
        if name in _ALL_TRANSFORMER_BLOCK_IDENTIFIERS and isinstance(part, ModuleList)
        for block in part
    ]
