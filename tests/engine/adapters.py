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
