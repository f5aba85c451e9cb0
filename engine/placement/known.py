"""How large the published models are: weights and saved tables by part, counted from their own configurations.

A test builds each of them without memory (on torch's meta device) and counts again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.models.published import published
from engine.placement.sizes import Denoiser, ModelPart, ModelParts

_SOURCE: Final = "as published"
_CLIP_L: Final = 123_650_304
_CLIP_L_PLAIN: Final = 123_060_480
_CLIP_G: Final = 694_659_840
_T5_XXL: Final = 4_762_310_656
_QWEN3_4B: Final = 4_022_468_096
_QWEN3_8B: Final = 8_190_735_360
_QWEN25_VL: Final = 8_292_166_656
_VAE_4: Final = 83_653_863
_VAE_16: Final = 83_819_683
_VAE_FLUX2: Final = 84_046_372
_VAE_QWEN: Final = 126_892_531
_SAFETY_CHECKER: Final = 303_981_588


def _of(denoiser: Denoiser, elements: int, **others: int) -> ModelParts:
    parts = (ModelPart(denoiser.name, elements), *(ModelPart(name, count) for name, count in others.items()))
    return ModelParts(parts, denoiser, _SOURCE)


def _sd35(elements: int, width: int, blocks: int) -> ModelParts:
    shape = Denoiser("transformer", width, cell_px=16, text_tokens=333, blocks=blocks, doubled=True)
    readers = {"text_encoder": _CLIP_L, "text_encoder_2": _CLIP_G, "text_encoder_3": _T5_XXL}
    return _of(shape, elements, **readers, vae=_VAE_16)


def _klein(elements: int, width: int, blocks: int, reader: int) -> ModelParts:
    shape = Denoiser("transformer", width, cell_px=16, text_tokens=512, blocks=blocks, doubled=False)
    return _of(shape, elements, text_encoder=reader, vae=_VAE_FLUX2)


def _qwen() -> ModelParts:
    shape = Denoiser("transformer", 3072, cell_px=16, text_tokens=512, blocks=60, doubled=False)
    return _of(shape, 20_430_401_088, text_encoder=_QWEN25_VL, vae=_VAE_QWEN)


def _unet(elements: int, **others: int) -> ModelParts:
    # Its outer blocks are few and large, and the one in the middle is no list: it streams in about three groups.
    shape = Denoiser("unet", 320, cell_px=8, text_tokens=77, blocks=3, doubled=True)
    return _of(shape, elements, **others, vae=_VAE_4)


_SD35_LARGE: Final = _sd35(8_146_280_768, 2432, 38)
_KLEIN_4B: Final = _klein(3_875_544_576, 3072, 25, _QWEN3_4B)

KNOWN: Final[Mapping[str, ModelParts]] = MappingProxyType(
    {
        "3.5-large-turbo": _SD35_LARGE,
        "3.5-large": _SD35_LARGE,
        "3.5-medium": _sd35(2_469_663_936, 1536, 24),
        "flux.2-klein-base-4b": _KLEIN_4B,
        "flux.2-klein-4b": _KLEIN_4B,
        "flux.2-klein-9b": _klein(9_078_581_248, 4096, 32, _QWEN3_8B),
        "flux.1-kontext": _of(
            Denoiser("transformer", 3072, cell_px=16, text_tokens=512, blocks=57, doubled=False),
            11_901_408_320,
            text_encoder=_CLIP_L_PLAIN,
            text_encoder_2=_T5_XXL,
            vae=_VAE_16,
        ),
        "qwen-image-edit-25": _qwen(),
        "qwen-image-edit": _qwen(),
        "qwen-image": _qwen(),
        "z-image-turbo": _of(
            Denoiser("transformer", 3840, cell_px=16, text_tokens=512, blocks=34, doubled=True),
            6_154_908_736,
            text_encoder=_QWEN3_4B,
            vae=_VAE_16,
        ),
        "stable-diffusion-xl": _unet(2_567_463_684, text_encoder=_CLIP_L_PLAIN, text_encoder_2=_CLIP_G),
        "stable-diffusion-v1-5": _unet(859_520_964, text_encoder=_CLIP_L_PLAIN, safety_checker=_SAFETY_CHECKER),
    }
)
"""By `Published.pattern`."""


def known_parts(source: str) -> ModelParts | None:
    """The parts of the published model with this folder or hub id; None for any other."""
    return KNOWN.get(published(source).pattern)
