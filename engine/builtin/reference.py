"""The built-in model's IP-Adapter: it is told a face by its embedding and holds it. For `load_ip_adapter`.

The embedding is dlib's, as the bot measures likeness with it (the way of IP-Adapter-FaceID: Ye et al. 2023,
"IP-Adapter", and its face models), standardised over the people of training: one token of 128 numbers, of which
diffusers' resampler makes a few, and every block of the transformer attends to them. An image encoder of our own was
tried first: the model card says how that went. All of it is trained together with the transformer, on pairs of
pictures of one person, so that what the pairs do not share (clothes, place, light) is not taken over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from engine.face_adapter import EMBEDDING, FaceScale

QUERIES, RESAMPLER_WIDTH, TIME_WIDTH = 16, 128, 128
WEIGHTS = "ip-adapter.safetensors"


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
        embed_dim=EMBEDDING,
        output_dim=width,
        hidden_dim=RESAMPLER_WIDTH,
        heads=RESAMPLER_WIDTH // 64,
        num_queries=QUERIES,
        timestep_in_dim=TIME_WIDTH,
    )


def hold(transformer: Any, scale: float) -> None:
    """Says how strongly faces are told from now on, as `set_ip_adapter_scale` does."""
    for block in transformer.transformer_blocks:
        block.attn.processor.scale = scale


def _is_adapter(name: str) -> bool:
    return name.startswith("image_proj.") or ".processor." in name


def base_state(transformer: Any) -> dict[str, Tensor]:
    """The transformer's weights without the adapter's."""
    return {name: value for name, value in transformer.state_dict().items() if not _is_adapter(name)}


def save(folder: Path, transformer: Any, scale: FaceScale) -> None:
    """Writes the adapter in half precision, and what embeddings are standardised by."""
    from safetensors.torch import save_file

    tensors = {f"image_proj.{name}": value for name, value in transformer.image_proj.state_dict().items()}
    for layer, block in enumerate(transformer.transformer_blocks):
        for name, value in block.attn.processor.state_dict().items():
            tensors[f"ip_adapter.{layer}.{name}"] = value
    folder.mkdir(parents=True)
    save_file({name: value.detach().half().contiguous() for name, value in tensors.items()}, folder / WEIGHTS)
    scale.write(folder)


def load(folder: Path, transformer: Any) -> None:
    """Reads what `save` wrote into an installed adapter, in single precision."""
    from safetensors.torch import load_file

    tensors = {name: value.float() for name, value in load_file(folder / WEIGHTS).items()}
    transformer.image_proj.load_state_dict(_under("image_proj", tensors))
    for layer, block in enumerate(transformer.transformer_blocks):
        block.attn.processor.load_state_dict(_under(f"ip_adapter.{layer}", tensors))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}
