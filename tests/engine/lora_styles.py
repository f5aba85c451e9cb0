"""Small LoRA files with random weights in the names that each trainer writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

RANK: Final = 2
ALPHA: Final = 1.0


def write(file: Path, modules: Mapping[str, tuple[int, int]], ends: tuple[str, str], *, alpha: bool = False) -> Path:
    """A LoRA for modules of these shapes, (out, in), named as they are, with these two endings."""
    random = np.random.default_rng(3)
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
    for module, (out, into) in modules.items():
        tensors[f"{module}.{ends[0]}.weight"] = random.normal(0, 1.5, (RANK, into)).astype(np.float32)
        tensors[f"{module}.{ends[1]}.weight"] = random.normal(0, 1.5, (out, RANK)).astype(np.float32)
        if alpha:
            tensors[f"{module}.alpha"] = np.array(ALPHA, np.float32)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    return file


KOHYA: Final = ("lora_down", "lora_up")
PEFT: Final = ("lora_A", "lora_B")
_XL_THEIRS: Final = "input_blocks_3_1_transformer_blocks_0_"
_UNET_OURS: Final = "down_blocks.1.attentions.0.transformer_blocks.0."
_JOINT: Final = "joint_blocks.0.x_block.attn.qkv"
_FLUX: Final = "double_blocks.0.img_attn.qkv"

STYLES: Final[Mapping[str, Mapping[str, tuple[Mapping[str, tuple[int, int]], tuple[str, str], bool]]]] = {
    "sd15": {
        "kohya": ({f"lora_unet_{_UNET_OURS}attn2.to_k".replace(".", "_"): (64, 16)}, KOHYA, True),
        "diffusers": ({f"unet.{_UNET_OURS}attn2.to_k": (64, 16)}, PEFT, False),
        "peft": ({f"base_model.model.{_UNET_OURS}attn2.to_k": (64, 16)}, PEFT, False),
    },
    "sdxl": {
        "kohya": ({f"lora_unet_{_XL_THEIRS}attn2_to_k": (64, 40)}, KOHYA, True),
        "diffusers": ({f"unet.{_UNET_OURS}attn2.to_k": (64, 40)}, PEFT, False),
        "peft": ({f"base_model.model.{_UNET_OURS}attn2.to_k": (64, 40)}, PEFT, False),
    },
    "sd35": {
        "kohya": ({f"lora_unet_{_JOINT}".replace(".", "_"): (192, 64)}, KOHYA, True),
        "comfyui": ({f"diffusion_model.{_JOINT}": (192, 64)}, PEFT, False),
        "diffusers": ({"transformer.transformer_blocks.0.attn.add_k_proj": (64, 64)}, PEFT, False),
        "peft": ({"base_model.model.transformer_blocks.0.attn.add_k_proj": (64, 64)}, PEFT, False),
    },
    "flux": {
        "kohya": ({f"lora_unet_{_FLUX}".replace(".", "_"): (288, 96)}, KOHYA, True),
        "comfyui": ({f"diffusion_model.{_FLUX}": (288, 96)}, PEFT, False),
        "diffusers": ({"transformer.single_transformer_blocks.0.attn.to_q": (96, 96)}, PEFT, False),
        "peft": ({"base_model.model.single_transformer_blocks.0.attn.to_q": (96, 96)}, PEFT, False),
    },
}
"""By checkpoint of `one_file.KINDS` and style: modules, endings, and whether there is an alpha."""


def loras(folder: Path, kind: str) -> dict[str, Path]:
    """A file of each style for this kind of checkpoint."""
    return {
        style: write(folder / f"{kind}-{style}.safetensors", modules, ends, alpha=alpha)
        for style, (modules, ends, alpha) in STYLES[kind].items()
    }
