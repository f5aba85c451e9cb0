"""Checkpoints in one file, as A1111 and ComfyUI have them: what kind each is, told from the names of its tensors.

Reads headers alone; nothing here loads a model or imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.models.weights import BadWeights, Shapes, shapes


class LacksParts(BadWeights):
    """The file holds a denoiser, and not all that a model needs beside it."""


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

SCALES: Final = (".scale_weight", ".weight_scale")
"""What a weight of 8 bits is multiplied by, under the name of its module, in ComfyUI's two ways."""
BESIDE_SCALES: Final = (*SCALES, ".scale_input", ".input_scale", ".comfy_quant", "scaled_fp8")
"""How names end of what lies beside such weights and is no weight."""
_HALVED_TWICE: Final = ".weight_scale_2"
_UNET_START: Final = "input_blocks.0.0.weight"
_JOINT: Final = "joint_blocks.0.x_block.attn.qkv.weight"
_DOUBLE: Final = "double_blocks.0.img_attn.qkv.weight"
_ALONE: Final = "it holds the denoiser alone"
_TAKEN_APART: Final = (
    *("double_stream_modulation_img.lin.weight", "cap_embedder.1.weight"),
    "transformer_blocks.0.img_mlp.net.0.proj.weight",
)
"""Tensors of FLUX.2, Z-Image and Qwen-Image, of which files give the denoiser alone, whatever else they hold."""
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
    check_scales(tensors)
    kind = _whole_kind(tensors)
    missing = [part for part in kind.parts if part not in OPTIONAL and not _has(tensors, kind.parts[part])]
    if missing:
        raise LacksParts(f"its {' and '.join(missing)} are not in it, and a model needs them: take a whole checkpoint")
    return kind


def check_scales(tensors: Shapes) -> None:
    """Raises BadWeights where weights are scaled otherwise than as a whole or by rows."""
    for name, shape in tensors.items():
        if name.endswith(_HALVED_TWICE):
            raise BadWeights("its weights are of 4 bits, which are not read: take the fp8, fp16 or bf16 file instead")
        if name.endswith(SCALES):
            weight = tensors.get(f"{name.rpartition('.')[0]}.weight", ())
            if math.prod(shape) not in {1, *weight[:1]}:
                raise BadWeights(
                    "its weights are scaled by blocks, which is not read: take the fp16 or bf16 file instead"
                )


def is_scaled(tensors: Iterable[str]) -> bool:
    """Whether weights in a file with these names are to be multiplied by what lies beside them."""
    return any(name.endswith(BESIDE_SCALES) for name in tensors)


def part_tensors(kind: Kind, tensors: Shapes) -> Mapping[str, Shapes]:
    """The tensors of each part, by the names that they have in the file."""
    found: dict[str, Shapes] = {}
    for part, starts in kind.parts.items():
        own = {
            name: shape
            for name, shape in tensors.items()
            if name.startswith(starts) and not name.endswith(BESIDE_SCALES)
        }
        if own:
            found[part] = own
    return found


def start_of(kind: Kind, part: str, tensors: Shapes) -> str:
    """How the names of a part's tensors begin in this file."""
    return next(start for start in kind.parts[part] if _has(tensors, (start,)))


def _has(tensors: Shapes, starts: tuple[str, ...]) -> bool:
    return any(name.startswith(starts) for name in tensors)


def _whole_kind(tensors: Shapes) -> Kind:
    if any(name.endswith(_TAKEN_APART) for name in tensors):
        raise LacksParts(_ALONE)
    if DENOISER + _UNET_START in tensors:
        return _unet_kind(tensors)
    if DENOISER + _JOINT in tensors:
        return SD35_MEDIUM if any(".x_block.attn2." in name for name in tensors) else SD35_LARGE
    if DENOISER + _DOUBLE in tensors:
        return _flux_kind(tensors)
    if {_UNET_START, _JOINT, _DOUBLE} & tensors.keys() or any(name.startswith(DENOISER) for name in tensors):
        raise LacksParts(_ALONE)
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
    raise LacksParts(_ALONE)


def _flux_kind(tensors: Shapes) -> Kind:
    if tensors.get(DENOISER + "img_in.weight", (0, 0))[1] != 64:
        raise BadWeights("it is made for filling in or for guiding pictures, which nothing here does")
    return FLUX_DEV if _has(tensors, (DENOISER + "guidance_in.",)) else FLUX_SCHNELL


def _named(tensors: Shapes) -> Iterator[str]:
    for sign, reason in _OTHERS:
        if any(sign in name for name in tensors):
            yield reason
