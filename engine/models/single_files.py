"""Checkpoints in one file, as A1111 and ComfyUI have them: what kind each is, told from the names of its tensors.

Reads headers alone; nothing here loads a model or imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.models.weights import BadWeights, Shapes, shapes

SUFFIX: Final = ".safetensors"
PICKLES: Final = frozenset({".ckpt", ".pt", ".pth", ".bin"})
DENOISER: Final = "model.diffusion_model."
_CONVERT: Final = "only safetensors files are read, because a pickle may run code; A1111 and ComfyUI can save it as one"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of checkpoint. `like` is the published model that it is called like, `parts` where in the file each part
    of its pipeline is: the name there, and how its tensors' names begin.
    """

    name: str
    pipeline: str
    like: str
    parts: Mapping[str, tuple[str, ...]]


_AUTOENCODER: Final = ("first_stage_model.", "vae.")
SD15: Final = Kind(
    "SD 1.5",
    "StableDiffusionPipeline",
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    MappingProxyType({"unet": (DENOISER,), "vae": _AUTOENCODER, "text_encoder": ("cond_stage_model.transformer.",)}),
)
SDXL: Final = Kind(
    "SDXL",
    "StableDiffusionXLPipeline",
    "stabilityai/stable-diffusion-xl-base-1.0",
    MappingProxyType(
        {
            "unet": (DENOISER,),
            "vae": _AUTOENCODER,
            "text_encoder": ("conditioner.embedders.0.transformer.",),
            "text_encoder_2": ("conditioner.embedders.1.model.",),
        }
    ),
)
_SD3_PARTS: Final = MappingProxyType(
    {
        "transformer": (DENOISER,),
        "vae": _AUTOENCODER,
        "text_encoder": ("text_encoders.clip_l.transformer.",),
        "text_encoder_2": ("text_encoders.clip_g.transformer.",),
        "text_encoder_3": ("text_encoders.t5xxl.transformer.",),
    }
)
SD35_LARGE: Final = Kind(
    "SD 3.5 Large", "StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-large", _SD3_PARTS
)
SD35_MEDIUM: Final = Kind(
    "SD 3.5 Medium", "StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-medium", _SD3_PARTS
)
_FLUX_PARTS: Final = MappingProxyType(
    {
        "transformer": (DENOISER,),
        "vae": _AUTOENCODER,
        "text_encoder": ("text_encoders.clip_l.transformer.",),
        "text_encoder_2": ("text_encoders.t5xxl.transformer.",),
    }
)
FLUX_DEV: Final = Kind("FLUX.1 dev", "FluxPipeline", "black-forest-labs/FLUX.1-dev", _FLUX_PARTS)
FLUX_SCHNELL: Final = Kind("FLUX.1 schnell", "FluxPipeline", "black-forest-labs/FLUX.1-schnell", _FLUX_PARTS)
OPTIONAL: Final = frozenset({"text_encoder_3"})
"""Parts that a model is whole without."""

_SCALED: Final = (".scale_weight", ".scale_input", ".comfy_quant", "scaled_fp8")
_UNET_START: Final = "input_blocks.0.0.weight"
_JOINT: Final = "joint_blocks.0.x_block.attn.qkv.weight"
_DOUBLE: Final = "double_blocks.0.img_attn.qkv.weight"
_ALONE: Final = "it holds the denoiser alone, without autoencoder and text encoders: name a diffusers folder instead"
_OTHERS: Final = (
    ("lora", "it is a LoRA: put it in the folder of fine-tunes"),
    ("hada_w1", "it is a LoRA: put it in the folder of fine-tunes"),
    ("control_model.", "it is a ControlNet, which nothing here uses"),
    ("controlnet", "it is a ControlNet, which nothing here uses"),
    ("ip_adapter.", "it is an IP-Adapter: name its folder with ip_adapter="),
    ("encoder.mid.attn_1.", "it is an autoencoder: name it with vae="),
    ("text_model.", "it is a text encoder alone"),
    ("down_blocks.", "it is one part of a diffusers model: name the folder that it is in"),
    ("transformer_blocks.", "it is one part of a diffusers model: name the folder that it is in"),
)


def is_single_file(source: str) -> bool:
    """Whether a source is one file and no folder or hub id; whether it can be read is another matter."""
    return Path(source).suffix.lower() in {SUFFIX, *PICKLES}


def kind_at(file: Path) -> Kind:
    """The kind of the checkpoint in this file. Raises BadWeights, whose text says why it is not offered."""
    if file.suffix.lower() in PICKLES:
        raise BadWeights(_CONVERT)
    return kind_of(shapes(file))


def kind_of(tensors: Shapes) -> Kind:
    """The kind of a checkpoint with these tensors. Raises BadWeights."""
    if any(name.endswith(_SCALED) for name in tensors):
        raise BadWeights("its weights are scaled in ComfyUI's own way: take the fp16, bf16 or plain fp8 file instead")
    kind = _whole_kind(tensors)
    missing = [part for part in kind.parts if part not in OPTIONAL and not _has(tensors, kind.parts[part])]
    if missing:
        raise BadWeights(f"its {' and '.join(missing)} are not in it, and a model needs them: take a whole checkpoint")
    return kind


def part_tensors(kind: Kind, tensors: Shapes) -> Mapping[str, Shapes]:
    """The tensors of each part, by the names that they have in the file."""
    found: dict[str, Shapes] = {}
    for part, starts in kind.parts.items():
        own = {name: shape for name, shape in tensors.items() if name.startswith(starts)}
        if own:
            found[part] = own
    return found


def start_of(kind: Kind, part: str, tensors: Shapes) -> str:
    """How the names of a part's tensors begin in this file."""
    return next(start for start in kind.parts[part] if _has(tensors, (start,)))


def _has(tensors: Shapes, starts: tuple[str, ...]) -> bool:
    return any(name.startswith(starts) for name in tensors)


def _whole_kind(tensors: Shapes) -> Kind:
    if DENOISER + _UNET_START in tensors:
        return _unet_kind(tensors)
    if DENOISER + _JOINT in tensors:
        return SD35_MEDIUM if any(".x_block.attn2." in name for name in tensors) else SD35_LARGE
    if DENOISER + _DOUBLE in tensors:
        return _flux_kind(tensors)
    if {_UNET_START, _JOINT, _DOUBLE} & tensors.keys() or any(name.startswith(DENOISER) for name in tensors):
        raise BadWeights(_ALONE)
    raise BadWeights(next(_named(tensors), "it is of a kind that is not known here"))


def _unet_kind(tensors: Shapes) -> Kind:
    channels = tensors[DENOISER + _UNET_START][1]
    if channels != 4:
        raise BadWeights("it is made for filling in or for changing pictures by a mask, which nothing here does")
    if _has(tensors, ("conditioner.embedders.1.model.",)):
        return SDXL
    if _has(tensors, ("conditioner.embedders.0.model.",)):
        raise BadWeights("it is SDXL's refiner, which makes no picture alone")
    if _has(tensors, ("cond_stage_model.model.",)):
        raise BadWeights("it is SD 2, which is not offered")
    if _has(tensors, ("cond_stage_model.transformer.",)):
        return SD15
    raise BadWeights(_ALONE)


def _flux_kind(tensors: Shapes) -> Kind:
    if any("double_stream_modulation" in name for name in tensors):
        raise BadWeights("it is FLUX.2, which is read from a diffusers folder alone")
    if tensors.get(DENOISER + "img_in.weight", (0, 0))[1] != 64:
        raise BadWeights("it is made for filling in or for guiding pictures, which nothing here does")
    return FLUX_DEV if _has(tensors, (DENOISER + "guidance_in.",)) else FLUX_SCHNELL


def _named(tensors: Shapes) -> Iterator[str]:
    for sign, reason in _OTHERS:
        if any(sign in name for name in tensors):
            yield reason
