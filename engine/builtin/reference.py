"""The built-in model's IP-Adapter: it reads a face and holds it. In the format of `load_ip_adapter`.

A small vision transformer reads the face's crop, diffusers' resampler makes a few tokens of it, and every
block of the transformer attends to them. All of it is trained together with the transformer, on pairs of
pictures of one person, so that what the pairs do not share (clothes, place, light) is not taken over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.builtin.crops import SIDE_PX

PATCH_PX = 10
WIDTH = 160
LAYERS = 5
"""The pipeline reads the last layer but one, so the last is not trained."""
QUERIES, RESAMPLER_WIDTH, TIME_WIDTH = 16, 128, 128
EMBEDDING = 128


def build_encoder() -> Any:
    """An untrained image encoder."""
    from transformers import SiglipVisionConfig, SiglipVisionModel

    return SiglipVisionModel(
        SiglipVisionConfig(
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=5,
            image_size=SIDE_PX,
            patch_size=PATCH_PX,
            vision_use_head=False,
        )
    )


class Seer(nn.Module):
    """The image encoder and a head that is only for training: it must tell the person's mean face embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = build_encoder()
        self.tells = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256), nn.GELU(), nn.Linear(256, EMBEDDING))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Patches (B, 64, WIDTH) as the pipeline reads them, and told embeddings (B, EMBEDDING), of crops in −1…1."""
        seen = self.encoder(crops, output_hidden_states=True).hidden_states[-2]
        return seen, self.tells(seen.mean(1))


def install(transformer: Any) -> None:
    """Gives the transformer untrained adapter parts, at full scale."""
    from diffusers.models.attention_processor import SD3IPAdapterJointAttnProcessor2_0
    from diffusers.models.embeddings import IPAdapterTimeImageProjection

    width = transformer.config.attention_head_dim * transformer.config.num_attention_heads
    transformer.set_attn_processor(
        {
            name: SD3IPAdapterJointAttnProcessor2_0(
                width, width, transformer.config.attention_head_dim, RESAMPLER_WIDTH, scale=1.0
            )
            for name in transformer.attn_processors
        }
    )
    # Only now: the resampler's own attention must keep its processor.
    transformer.image_proj = IPAdapterTimeImageProjection(
        embed_dim=WIDTH,
        output_dim=width,
        hidden_dim=RESAMPLER_WIDTH,
        heads=RESAMPLER_WIDTH // 64,
        num_queries=QUERIES,
        timestep_in_dim=TIME_WIDTH,
    )


def _is_adapter(name: str) -> bool:
    return name.startswith("image_proj.") or ".processor." in name


def base_state(transformer: Any) -> dict[str, Tensor]:
    """The transformer's weights without the adapter's."""
    return {name: value for name, value in transformer.state_dict().items() if not _is_adapter(name)}


def save(folder: Path, transformer: Any, encoder: Any) -> None:
    """Writes `ip-adapter.safetensors` and `image_encoder/`, in half precision."""
    from safetensors.torch import save_file
    from transformers import SiglipImageProcessor

    tensors = {f"image_proj.{name}": value for name, value in transformer.image_proj.state_dict().items()}
    for layer, block in enumerate(transformer.transformer_blocks):
        for name, value in block.attn.processor.state_dict().items():
            tensors[f"ip_adapter.{layer}.{name}"] = value
    folder.mkdir(parents=True)
    save_file(
        {name: value.detach().half().contiguous() for name, value in tensors.items()}, folder / "ip-adapter.safetensors"
    )
    encoder.half().save_pretrained(folder / "image_encoder", safe_serialization=True)
    half = [0.5, 0.5, 0.5]
    reading = SiglipImageProcessor(size={"height": SIDE_PX, "width": SIDE_PX}, image_mean=half, image_std=half)
    reading.save_pretrained(folder / "image_encoder")
