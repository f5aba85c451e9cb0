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
LORA: Final = frozenset(OF_PIPELINES.values())
_MARKS: Final = re.compile(r"\.lora_(?:A|B|down|up)\.|\.lora\.(?:down|up)\.|\.hada_w|\.lokr_w|\.oft_blocks")
_CROSS: Final = re.compile(r"attn2[._]to_k(?:|\.lora_A|\.lora_down|\.lora\.down|_lora\.down)(?:\.default)?\.weight\Z")
_PLAIN: Final = re.compile(r"[._]+")
_WIDTHS: Final[Mapping[int, str]] = MappingProxyType({768: "SD 1.5", 1024: "SD 2", 2048: "SDXL"})


def is_lora(tensors: Shapes) -> bool:
    """Whether a file holds a LoRA or one of its relatives."""
    return any(_MARKS.search(name) for name in tensors)


def family_of_lora(tensors: Shapes) -> str:
    """The family that a LoRA is for, as in `OF_PIPELINES`, or another that is known by its names; "" for no LoRA and
    for one that could be for any.
    """
    if not is_lora(tensors):
        return ""
    names = {_PLAIN.sub("_", name) for name in tensors}
    return next((family for family, told in _TOLD if any(told(name) for name in names)), "") or _of_unet(tensors, names)


def _holds(*signs: str) -> Callable[[str], bool]:
    return lambda name: any(sign in name for sign in signs)


_TOLD: Final = (
    ("FLUX.2", _holds("double_stream_modulation", "to_qkv_mlp_proj", "_ff_linear_in", "_ff_context_linear_in")),
    ("FLUX.1", _holds("double_blocks_", "single_blocks_", "single_transformer_blocks_")),
    ("SD 3.5", _holds("joint_blocks_")),
    ("Qwen-Image", _holds("_img_mlp_net_", "_txt_mlp_net_", "_img_mod_1_", "_txt_mod_1_")),
    (
        "Z-Image",
        _holds("_attention_to_q_", "_attention_to_k_", "_attention_qkv_", "_feed_forward_w1_", "context_refiner_"),
    ),
    ("Wan", _holds("_self_attn_q_", "_cross_attn_q_")),
)


def _of_unet(tensors: Shapes, names: set[str]) -> str:
    """SD 1.5's and SDXL's modules have the same names: what is told apart is what reads the words, and how wide."""
    if not any("attn1_" in name or "attn2_" in name or "lora_te" in name or "text_encoder" in name for name in names):
        known = any("_add_k_proj_" in name or "_attn_to_" in name for name in names)
        return "SD 3.5" if known and any("transformer_blocks_" in name for name in names) else ""
    if any(
        name.startswith(("lora_te2_", "lora_te1_", "text_encoder_2_")) or "_input_blocks_" in name for name in names
    ):
        return "SDXL"
    width = width_of_words(tensors)
    return _WIDTHS.get(width, "SD 1.5" if any("lora_te_" in name for name in names) else "")


def width_of_words(tensors: Shapes) -> int:
    """How wide the words are that a U-Net, or a LoRA for one, reads; 0 where nothing says it."""
    return next((shape[1] for name, shape in tensors.items() if _CROSS.search(name) and len(shape) > 1), 0)
