"""Which family of models a LoRA is for, told from the names of its tensors in any of the usual styles. No torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from engine.models.weights import Shapes

OF_PIPELINES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "StableDiffusionPipeline": "SD 1.5",
        "StableDiffusionXLPipeline": "SDXL",
        "StableDiffusion3Pipeline": "SD 3.5",
        "FluxPipeline": "FLUX.1",
        "FluxKontextPipeline": "FLUX.1",
        "Flux2Pipeline": "FLUX.2",
        "Flux2KleinPipeline": "FLUX.2",
        "Flux2KleinKVPipeline": "FLUX.2",
        "QwenImagePipeline": "Qwen-Image",
        "QwenImageEditPipeline": "Qwen-Image",
        "QwenImageEditPlusPipeline": "Qwen-Image",
        "ZImagePipeline": "Z-Image",
    }
)
"""What a pipeline takes LoRAs for."""
_MARKS: Final = re.compile(r"\.lora_(?:A|B|down|up)\.|\.lora\.(?:down|up)\.|\.hada_w|\.lokr_w|\.oft_blocks")
_CROSS: Final = re.compile(r"attn2[._]to_k(?:|\.lora_A|\.lora_down|\.lora\.down|_lora\.down)(?:\.default)?\.weight\Z")
_DOUBLE: Final = re.compile(r"double_blocks_(\d{1,3})_")
_FLUX2_DOUBLE: Final = 8
"""FLUX.2 has so many double blocks at most, and FLUX.1 has 19."""
_ATTENTION: Final = re.compile(
    r"(?:attn[._](?:to_[qkv]|add_[qkv]_proj|qkv))(?:\.lora_A|\.lora_down|\.lora\.down)(?:\.default)?\.weight\Z"
)
_PLAIN: Final = re.compile(r"[._]+")
_WIDTHS: Final[Mapping[int, str]] = MappingProxyType({768: "SD 1.5", 1024: "SD 2", 2048: "SDXL"})


def is_lora(tensors: Shapes) -> bool:
    """Whether a file holds a LoRA or one of its relatives."""
    return any(_MARKS.search(name) for name in tensors)


def families_of_lora(tensors: Shapes) -> frozenset[str]:
    """The families that a LoRA can be for, as in `OF_PIPELINES`, or another one; none where no name says anything."""
    if not is_lora(tensors):
        return frozenset()
    names = {_PLAIN.sub("_", name) for name in tensors}
    told = next((family for family, told in _TOLD if any(told(name) for name in names)), "")
    if told:
        return frozenset({told})
    if any("double_blocks_" in name or "single_blocks_" in name for name in names):
        late = any(match and int(match[1]) >= _FLUX2_DOUBLE for match in map(_DOUBLE.search, names))
        return frozenset({"FLUX.1"} if late else {"FLUX.1", "FLUX.2"})
    unet = any(sign in name for name in names for sign in ("attn1_", "attn2_to", "lora_te", "text_encoder"))
    if unet:
        return _of_unet(tensors, names)
    return _JOINT_FAMILIES if any("transformer_blocks_" in name for name in names) else frozenset()


def width_of_denoiser(tensors: Shapes) -> int:
    """How wide the denoiser is that a LoRA for a transformer is for; 0 where nothing says it."""
    return next((shape[1] for name, shape in tensors.items() if _ATTENTION.search(name) and len(shape) > 1), 0)


def _holds(*signs: str) -> Callable[[str], bool]:
    return lambda name: any(sign in name for sign in signs)


_TOLD: Final = (
    ("FLUX.2", _holds("double_stream_modulation", "to_qkv_mlp_proj", "_ff_linear_in", "_ff_context_linear_in")),
    ("FLUX.1", _holds("_img_mod_lin_", "_modulation_lin_", "_proj_mlp_", "single_transformer_blocks_0_attn_to_q_")),
    ("SD 3.5", _holds("joint_blocks_")),
    ("Qwen-Image", _holds("_img_mlp_net_", "_txt_mlp_net_", "_img_mod_1_", "_txt_mod_1_")),
    ("Z-Image", _holds("_attention_to_q_", "_attention_to_k_", "_attention_qkv_", "_feed_forward_w1_")),
    ("Wan", _holds("_self_attn_q_", "_cross_attn_q_")),
)
_JOINT_FAMILIES: Final = frozenset({"SD 3.5", "FLUX.1", "FLUX.2", "Qwen-Image"})
"""Their blocks' attention has the same names in diffusers."""


def _of_unet(tensors: Shapes, names: set[str]) -> frozenset[str]:
    """SD 1.5's and SDXL's modules have the same names: what is told apart is what reads the words, and how wide."""
    second = ("lora_te2_", "lora_te1_", "text_encoder_2_")
    if any(name.startswith(second) or "_input_blocks_" in name for name in names):
        return frozenset({"SDXL"})
    known = _WIDTHS.get(width_of_words(tensors))
    if known or any("lora_te_" in name for name in names):
        return frozenset({known or "SD 1.5"})
    return frozenset({"SD 1.5", "SDXL"})


def width_of_words(tensors: Shapes) -> int:
    """How wide the words are that a U-Net, or a LoRA for one, reads; 0 where nothing says it."""
    return next((shape[1] for name, shape in tensors.items() if _CROSS.search(name) and len(shape) > 1), 0)
