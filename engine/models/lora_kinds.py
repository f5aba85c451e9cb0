"""What kind of LoRA a file holds and which family of models it is for, told from the names and shapes of its tensors.

In any of the usual styles; no torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
LOHA: Final = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")
LOKR: Final = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")
OFT: Final = ("oft_blocks", "rescale")
FULL: Final = ("diff", "diff_b")
RELATIVES: Final = frozenset({*LOHA, *LOKR, *OFT, *FULL, "dora_scale"})
"""How the names of tensors end that a LoRA's relatives have beside, or instead of, a LoRA's two."""
_MARKS: Final = re.compile(r"[._]lora(?:_A|_B|_down|_up|\.down|\.up)\.|\.(?:hada_w|lokr_w|oft_|boft_|diff(?:_b)?\Z)")
_UNREAD: Final = (
    ("lokr_t1", "it is a LoKr whose smaller factor is cut in three, which is not read"),
    (".boft_", "it is a BOFT in PEFT's names: how it rotates is not in the file"),
    (".oft_R", "it is an OFT in PEFT's names: how it rotates is not in the file"),
    (".oft_r.", "it is an OFT in PEFT's names: how it rotates is not in the file"),
    (".vera_lambda_", "it is a VeRA: the matrices that all of these share are not in the file"),
    (".on_input", "it is an IA3, which is not read"),
    (".a1.weight", "it is a GLoRA, which is not read"),
    (".w_norm", "it changes norms too, which is not read"),
    (".b_norm", "it changes norms too, which is not read"),
    (".reshape_weight", "it widens what goes into the model, which is not read"),
)
"""What of the names in a file says that it is a kind that cannot be put on a model, and why."""
_HALVES: Final = (".lora_A", ".lora_down", ".lora.down", "_lora.down")
_INTO: Final = (*(f"{half}{weight}" for half in _HALVES for weight in (".weight", ".default.weight")), ".hada_w1_b")
"""How the names of tensors end of which the second side is what goes into the module."""
_UNET: Final = ("down_blocks_", "up_blocks_", "mid_block_", "input_blocks_", "output_blocks_", "middle_block_")
_READERS: Final = ("lora_te", "text_encoder")
_DOUBLE: Final = re.compile(r"double_blocks_(\d{1,3})_")
_FLUX2_DOUBLE: Final = 8
"""FLUX.2 has so many double blocks at most, and FLUX.1 has 19."""
_ATTENTION: Final = re.compile(r"attn[._](?:to_[qkv]|add_[qkv]_proj|qkv)\Z")
_PLAIN: Final = re.compile(r"[._]+")
_WIDTHS: Final[Mapping[int, str]] = MappingProxyType({768: "SD 1.5", 1024: "SD 2", 2048: "SDXL"})


def is_lora(tensors: Shapes) -> bool:
    """Whether a file holds a LoRA or one of its relatives, read or not."""
    return any(_MARKS.search(name) for name in tensors) or bool(why_unread(tensors))


def is_relative(tensors: Iterable[str]) -> bool:
    """Whether a file holds more than a LoRA's two matrices: LoHa, LoKr, OFT, DoRA in kohya's names and the like."""
    return any(name.rpartition(".")[2] in RELATIVES or name.endswith(".lora_mid.weight") for name in tensors)


def why_unread(tensors: Iterable[str]) -> str:
    """Why a LoRA's relative is of a kind that cannot be put on a model, as a clause; "" where it can."""
    names = list(tensors)
    return next((reason for sign, reason in _UNREAD if any(sign in name for name in names)), "")


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
    if any(sign in name for name in names for sign in _UNET):
        return _of_unet(tensors, names)
    if any("transformer_blocks_" in name for name in names):
        return _JOINT_FAMILIES
    return _of_unet(tensors, names) if any(sign in name for name in names for sign in _READERS) else frozenset()


def width_of_denoiser(tensors: Shapes) -> int:
    """How wide the denoiser is that a LoRA for a transformer is for; 0 where nothing says it."""
    return next((into for module, into in _inputs(tensors) if _ATTENTION.search(module)), 0)


def width_of_words(tensors: Shapes) -> int:
    """How wide the words are that a U-Net, or a LoRA for one, reads; 0 where nothing says it."""
    return next((into for module, into in _inputs(tensors) if module.endswith(("attn2.to_k", "attn2_to_k"))), 0)


def _inputs(tensors: Shapes) -> Iterator[tuple[str, int]]:
    """The modules that are named, each with how much goes into it, as far as the file says; a model's own too."""
    for name, shape in tensors.items():
        end = next((end for end in _INTO if name.endswith(end)), ".weight")
        module = name.removesuffix(end)
        if module != name and len(shape) > 1:
            yield module, shape[1]
        module, _, end = name.rpartition(".")
        if end in ("lokr_w1", "lokr_w1_b"):
            whole, cut = (tensors.get(f"{module}.lokr_w2{cut}", ()) for cut in ("", "_b"))
            yield module, shape[-1] * ((whole or cut or (0, 0))[1])


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
    second = ("lora_te2_", "lora_te1_", "text_encoder_2_", "text_encoders_clip_g_", "lora_unet_input_blocks_")
    known = _WIDTHS.get(width_of_words(tensors))
    if known:
        return frozenset({known})
    if any(name.startswith(second) for name in names):
        return frozenset({"SDXL"})
    if any(name.startswith("lora_te_") for name in names):
        return frozenset({"SD 1.5"})
    return frozenset({"SD 1.5", "SDXL"})
