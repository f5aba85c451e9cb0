"""Makes a tiny IP-Adapter with random weights for the tiny checkpoint, in the format that diffusers reads."""

from pathlib import Path
from typing import Any

import torch

SIDE_PX = 32
WIDTH = 64


def add_ip_adapter(checkpoint: Path) -> None:
    """Writes `ip_adapter/` beside the weights of a checkpoint."""
    from diffusers import SD3Transformer2DModel
    from diffusers.models.attention_processor import SD3IPAdapterJointAttnProcessor2_0
    from diffusers.models.embeddings import IPAdapterTimeImageProjection
    from safetensors.torch import save_file

    folder = checkpoint / "ip_adapter"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        config = SD3Transformer2DModel.from_pretrained(str(checkpoint / "transformer")).config
        hidden = config.attention_head_dim * config.num_attention_heads
        image_proj = IPAdapterTimeImageProjection(
            embed_dim=WIDTH, output_dim=hidden, hidden_dim=WIDTH, heads=1, num_queries=4, timestep_in_dim=16
        )
        tensors = {f"image_proj.{name}": value for name, value in image_proj.state_dict().items()}
        for layer in range(config.num_layers):
            processor = SD3IPAdapterJointAttnProcessor2_0(hidden, hidden, config.attention_head_dim, WIDTH)
            for name, value in processor.state_dict().items():
                tensors[f"ip_adapter.{layer}.{name}"] = value
        folder.mkdir()
        save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "ip-adapter.safetensors")
        _save_encoder(folder / "image_encoder")


def add_face_adapter(folder: Path, words: int, width: int = 64, attentions: int = 4) -> None:
    """Writes an IP-Adapter of the "plus" kind for a U-Net that reads words so wide, with its image encoder."""
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    folder.mkdir(parents=True)
    side, inner = 32, 64
    sizes: dict[str, tuple[int, ...]] = {"latents": (1, 4, inner), "proj_in.weight": (inner, side)}
    sizes |= {"proj_in.bias": (inner,), "proj_out.weight": (words, inner), "proj_out.bias": (words,)}
    sizes |= {"norm_out.weight": (words,), "norm_out.bias": (words,)}
    for layer in (f"layers.{at}" for at in range(4)):
        sizes |= {
            f"{layer}.0.{name}": (inner,) for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")
        }
        sizes |= {f"{layer}.0.to_q.weight": (64, inner), f"{layer}.0.to_kv.weight": (128, inner)}
        sizes |= {f"{layer}.0.to_out.weight": (inner, 64)}
        sizes |= {f"{layer}.1.0.weight": (inner,), f"{layer}.1.0.bias": (inner,)}
        sizes |= {f"{layer}.1.1.weight": (4 * inner, inner), f"{layer}.1.3.weight": (inner, 4 * inner)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        tensors = {f"image_proj.{name}": torch.randn(size) for name, size in sizes.items()}
        for at in range(attentions):
            for name in ("k", "v"):
                tensors[f"ip_adapter.{2 * at + 1}.to_{name}_ip.weight"] = torch.randn(width, words)
        save_file(tensors, folder / "plus-face.safetensors")
        config = CLIPVisionConfig(
            hidden_size=side,
            intermediate_size=side,
            projection_dim=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=SIDE_PX,
            patch_size=16,
        )
        CLIPVisionModelWithProjection(config).eval().save_pretrained(folder / "image_encoder")


def _save_encoder(folder: Path) -> None:
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE_PX,
        patch_size=16,
    )
    SiglipVisionModel(config).eval().save_pretrained(folder)
    processor: Any = SiglipImageProcessor(size={"height": SIDE_PX, "width": SIDE_PX})
    processor.save_pretrained(folder)
