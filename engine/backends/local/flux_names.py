"""FLUX.1's denoiser in Black Forest Labs' names → in those of diffusers, of any width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

_BLOCK: Final = re.compile(r"(double|single)_blocks\.(\d{1,3})\.(.{1,100})")
TOP: Final[Mapping[str, str]] = {
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "txt_in": "context_embedder",
    "img_in": "x_embedder",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
DOUBLE: Final[Mapping[str, tuple[str, ...]]] = {
    "img_mod.lin": ("norm1.linear",),
    "txt_mod.lin": ("norm1_context.linear",),
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "img_attn.norm.query_norm": ("attn.norm_q",),
    "img_attn.norm.key_norm": ("attn.norm_k",),
    "txt_attn.norm.query_norm": ("attn.norm_added_q",),
    "txt_attn.norm.key_norm": ("attn.norm_added_k",),
    "img_mlp.0": ("ff.net.0.proj",),
    "img_mlp.2": ("ff.net.2",),
    "txt_mlp.0": ("ff_context.net.0.proj",),
    "txt_mlp.2": ("ff_context.net.2",),
    "img_attn.proj": ("attn.to_out.0",),
    "txt_attn.proj": ("attn.to_add_out",),
}
SINGLE: Final[Mapping[str, tuple[str, ...]]] = {
    "modulation.lin": ("norm.linear",),
    "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"),
    "linear2": ("proj_out",),
    "norm.query_norm": ("attn.norm_q",),
    "norm.key_norm": ("attn.norm_k",),
}

TOP_2: Final[Mapping[str, str]] = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_guidance_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_guidance_embed.timestep_embedder.linear_2",
    "guidance_in.in_layer": "time_guidance_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_guidance_embed.guidance_embedder.linear_2",
    "double_stream_modulation_img.lin": "double_stream_modulation_img.linear",
    "double_stream_modulation_txt.lin": "double_stream_modulation_txt.linear",
    "single_stream_modulation.lin": "single_stream_modulation.linear",
    "final_layer.linear": "proj_out",
}
"""FLUX.2's; its final modulation is left out, whose halves lie the other way round."""
DOUBLE_2: Final[Mapping[str, tuple[str, ...]]] = {
    "img_attn.qkv": DOUBLE["img_attn.qkv"],
    "txt_attn.qkv": DOUBLE["txt_attn.qkv"],
    "img_attn.proj": DOUBLE["img_attn.proj"],
    "txt_attn.proj": DOUBLE["txt_attn.proj"],
    "img_mlp.0": ("ff.linear_in",),
    "img_mlp.2": ("ff.linear_out",),
    "txt_mlp.0": ("ff_context.linear_in",),
    "txt_mlp.2": ("ff_context.linear_out",),
}
SINGLE_2: Final[Mapping[str, tuple[str, ...]]] = {"linear1": ("attn.to_qkv_mlp_proj",), "linear2": ("attn.to_out",)}


def in_diffusers_names(tensors: Mapping[str, torch.Tensor], width: int) -> dict[str, torch.Tensor]:
    """The tensors of a denoiser of this width; what has no place there is left out."""
    return {name: tensor for own, value in tensors.items() for name, tensor in _renamed(own, value, width)}


def _renamed(own: str, value: torch.Tensor, width: int) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

    module, _, kind = own.rpartition(".")
    kind = "weight" if kind == "scale" else kind
    block = _BLOCK.fullmatch(module)
    if block is None:
        if module in TOP:
            yield f"{TOP[module]}.{kind}", _halves_swapped(value) if "adaLN" in module else value
        return
    double = block[1] == "double"
    names = (DOUBLE if double else SINGLE).get(block[3], ())
    start = f"{'transformer_blocks' if double else 'single_transformer_blocks'}.{block[2]}"
    rows = [width, width, width, value.shape[0] - 3 * width][: len(names)]
    parts = torch.split(value, rows) if len(names) > 1 else (value,)
    yield from ((f"{start}.{name}.{kind}", part.contiguous()) for name, part in zip(names, parts, strict=False))


def _halves_swapped(value: torch.Tensor) -> torch.Tensor:
    """Where Black Forest Labs shift before they scale, diffusers scales before it shifts."""
    import torch

    shift, scale = value.chunk(2, dim=0)
    return torch.cat([scale, shift])
