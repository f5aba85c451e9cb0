"""Tiny checkpoints in one file with random weights, under the names that A1111 and ComfyUI's files have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

Sizes = dict[str, tuple[int, ...]]
WORDS: Final = 49408
PIECES: Final = 32128
D: Final = "model.diffusion_model."


def save(file: Path, sizes: Mapping[str, tuple[int, ...]], seed: int = 5) -> Path:
    """A file of these tensors; norms are near one, all else small."""
    random = np.random.default_rng(seed)
    tensors = {name: _filled(random, name, size) for name, size in sizes.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    return file


def _filled(
    random: np.random.Generator, name: str, size: tuple[int, ...]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    norm = len(size) == 1 and name.endswith((".weight", ".scale"))
    wide = max(1, int(np.prod(size[1:]))) if len(size) > 1 else 4
    values = random.standard_normal(size, dtype=np.float32) * (0.02 if norm else 0.7 / wide**0.5)
    return (values + (1.0 if norm else 0.0)).astype(np.float16)


def _linear(name: str, out: int, into: int, *, bias: bool = True) -> Sizes:
    return {f"{name}.weight": (out, into), **({f"{name}.bias": (out,)} if bias else {})}


def _conv(name: str, out: int, into: int, side: int = 3) -> Sizes:
    return {f"{name}.weight": (out, into, side, side), f"{name}.bias": (out,)}


def _norm(name: str, width: int) -> Sizes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _res(name: str, into: int, out: int, time: int) -> Sizes:
    skip = _conv(f"{name}.skip_connection", out, into, 1) if into != out else {}
    return {
        **_norm(f"{name}.in_layers.0", into),
        **_conv(f"{name}.in_layers.2", out, into),
        **_linear(f"{name}.emb_layers.1", out, time),
        **_norm(f"{name}.out_layers.0", out),
        **_conv(f"{name}.out_layers.3", out, out),
        **skip,
    }


def _attention(name: str, width: int, words: int, depth: int, *, linear: bool) -> Sizes:
    side = _linear if linear else lambda at, out, into: _conv(at, out, into, 1)
    sizes = {
        **_norm(f"{name}.norm", width),
        **side(f"{name}.proj_in", width, width),
        **side(f"{name}.proj_out", width, width),
    }
    for at in range(depth):
        block = f"{name}.transformer_blocks.{at}"
        for attention, read in (("attn1", width), ("attn2", words)):
            sizes |= _linear(f"{block}.{attention}.to_q", width, width, bias=False)
            sizes |= _linear(f"{block}.{attention}.to_k", width, read, bias=False)
            sizes |= _linear(f"{block}.{attention}.to_v", width, read, bias=False)
            sizes |= _linear(f"{block}.{attention}.to_out.0", width, width)
        sizes |= _linear(f"{block}.ff.net.0.proj", 8 * width, width) | _linear(f"{block}.ff.net.2", width, 4 * width)
        for number in (1, 2, 3):
            sizes |= _norm(f"{block}.norm{number}", width)
    return sizes


def _unet(words: int, *, linear: bool, sizes_told: int = 0) -> Sizes:
    """Two levels of one block each, 32 and 64 wide, with attention in the second."""
    narrow, wide, time = 32, 64, 128
    sizes = _linear("time_embed.0", time, narrow) | _linear("time_embed.2", time, time)
    if sizes_told:
        sizes |= _linear("label_emb.0.0", time, sizes_told) | _linear("label_emb.0.2", time, time)
    sizes |= _conv("input_blocks.0.0", narrow, 4) | _res("input_blocks.1.0", narrow, narrow, time)
    sizes |= _conv("input_blocks.2.0.op", narrow, narrow) | _res("input_blocks.3.0", narrow, wide, time)
    sizes |= _attention("input_blocks.3.1", wide, words, 1, linear=linear)
    sizes |= _res("middle_block.0", wide, wide, time) | _res("middle_block.2", wide, wide, time)
    sizes |= _attention("middle_block.1", wide, words, 1, linear=linear)
    for at, (into, out) in enumerate(
        ((wide + wide, wide), (wide + narrow, wide), (wide + narrow, narrow), (2 * narrow, narrow))
    ):
        sizes |= _res(f"output_blocks.{at}.0", into, out, time)
        if at < 2:
            sizes |= _attention(f"output_blocks.{at}.1", wide, words, 1, linear=linear)
    sizes |= _conv("output_blocks.1.2.conv", wide, wide)
    sizes |= _norm("out.0", narrow) | _conv("out.2", 4, narrow)
    return {D + name: size for name, size in sizes.items()}


def _vae(start: str, channels: int, levels: int, *, quant: bool) -> Sizes:
    width = 32
    sizes = _conv("encoder.conv_in", width, 3) | _conv("decoder.conv_in", width, channels)
    sizes |= _norm("encoder.norm_out", width) | _conv("encoder.conv_out", 2 * channels, width)
    sizes |= _norm("decoder.norm_out", width) | _conv("decoder.conv_out", 3, width)
    for side in ("encoder", "decoder"):
        for block in ("mid.block_1", "mid.block_2"):
            sizes |= _vae_block(f"{side}.{block}", width)
        sizes |= _norm(f"{side}.mid.attn_1.norm", width)
        for name in ("q", "k", "v", "proj_out"):
            sizes |= _conv(f"{side}.mid.attn_1.{name}", width, width, 1)
    for level in range(levels):
        sizes |= _vae_block(f"encoder.down.{level}.block.0", width)
        sizes |= _vae_block(f"decoder.up.{level}.block.0", width) | _vae_block(f"decoder.up.{level}.block.1", width)
        if level < levels - 1:
            sizes |= _conv(f"encoder.down.{level}.downsample.conv", width, width)
        if level:
            sizes |= _conv(f"decoder.up.{level}.upsample.conv", width, width)
    if quant:
        sizes |= _conv("quant_conv", 2 * channels, 2 * channels, 1) | _conv("post_quant_conv", channels, channels, 1)
    return {start + name: size for name, size in sizes.items()}


def _vae_block(name: str, width: int) -> Sizes:
    return (
        _norm(f"{name}.norm1", width)
        | _conv(f"{name}.conv1", width, width)
        | _norm(f"{name}.norm2", width)
        | _conv(f"{name}.conv2", width, width)
    )


def _clip(start: str, width: int, projection: int = 0) -> Sizes:
    words = "text_model.embeddings."
    sizes: Sizes = {f"{words}token_embedding.weight": (WORDS, width), f"{words}position_embedding.weight": (77, width)}
    for layer in (f"text_model.encoder.layers.{at}" for at in (0, 1)):
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            sizes |= _linear(f"{layer}.self_attn.{name}", width, width)
        sizes |= _linear(f"{layer}.mlp.fc1", 2 * width, width) | _linear(f"{layer}.mlp.fc2", width, 2 * width)
        sizes |= _norm(f"{layer}.layer_norm1", width) | _norm(f"{layer}.layer_norm2", width)
    sizes |= _norm("text_model.final_layer_norm", width)
    if projection:
        sizes["text_projection.weight"] = (projection, width)
    return {start + name: size for name, size in sizes.items()}


def _open_clip(start: str, width: int) -> Sizes:
    sizes: Sizes = {"token_embedding.weight": (WORDS, width), "positional_embedding": (77, width)}
    for layer in (f"transformer.resblocks.{at}" for at in (0, 1)):
        sizes |= {f"{layer}.attn.in_proj_weight": (3 * width, width), f"{layer}.attn.in_proj_bias": (3 * width,)}
        sizes |= _linear(f"{layer}.attn.out_proj", width, width)
        sizes |= _linear(f"{layer}.mlp.c_fc", 2 * width, width) | _linear(f"{layer}.mlp.c_proj", width, 2 * width)
        sizes |= _norm(f"{layer}.ln_1", width) | _norm(f"{layer}.ln_2", width)
    sizes |= _norm("ln_final", width) | {"text_projection": (width, width)}
    return {start + name: size for name, size in sizes.items()}


def _t5(start: str, width: int) -> Sizes:
    block = "encoder.block.0.layer."
    sizes: Sizes = {
        "shared.weight": (PIECES, width),
        "encoder.final_layer_norm.weight": (width,),
        f"{block}0.layer_norm.weight": (width,),
        f"{block}1.layer_norm.weight": (width,),
        f"{block}0.SelfAttention.relative_attention_bias.weight": (32, 2),
        f"{block}1.DenseReluDense.wo.weight": (width, width),
    }
    sizes |= {f"{block}0.SelfAttention.{name}.weight": (16, width) for name in "qkv"}
    sizes |= {f"{block}0.SelfAttention.o.weight": (width, 16)}
    sizes |= {f"{block}1.DenseReluDense.{name}.weight": (width, width) for name in ("wi_0", "wi_1")}
    return {start + name: size for name, size in sizes.items()}


def sd15() -> Sizes:
    return (
        _unet(16, linear=False)
        | _vae("first_stage_model.", 4, 2, quant=True)
        | _clip("cond_stage_model.transformer.", 16)
    )


def sdxl() -> Sizes:
    readers = _clip("conditioner.embedders.0.transformer.", 16) | _open_clip("conditioner.embedders.1.model.", 24)
    return _unet(40, linear=True, sizes_told=24 + 6 * 8) | _vae("first_stage_model.", 4, 2, quant=True) | readers


def sd35(*, medium: bool = False) -> Sizes:
    width, layers = 64, 2
    sizes = _conv("x_embedder.proj", width, 16, 2) | _linear("context_embedder", width, 48)
    sizes |= {"pos_embed": (1, 256, width)} | _linear("final_layer.linear", 64, width)
    sizes |= _linear("final_layer.adaLN_modulation.1", 2 * width, width)
    for name, into in (("y_embedder", 16 + 24), ("t_embedder", 256)):
        sizes |= _linear(f"{name}.mlp.0", width, into) | _linear(f"{name}.mlp.2", width, width)
    for at in range(layers):
        for side in ("x_block", "context_block"):
            sizes |= _joint(f"joint_blocks.{at}.{side}", width, at == layers - 1, doubled=medium and at == 0)
    readers = _clip("text_encoders.clip_l.transformer.", 16, 16) | _clip("text_encoders.clip_g.transformer.", 24, 24)
    whole = {D + name: size for name, size in sizes.items()} | _vae("first_stage_model.", 16, 4, quant=False)
    return whole | readers | _t5("text_encoders.t5xxl.transformer.", 48)


def _joint(name: str, width: int, last: bool, *, doubled: bool) -> Sizes:
    context = name.endswith("context_block")
    changes = 2 if last and context else 9 if doubled and not context else 6
    sizes = _linear(f"{name}.adaLN_modulation.1", changes * width, width)
    for attention in ("attn", "attn2") if doubled and not context else ("attn",):
        sizes |= _linear(f"{name}.{attention}.qkv", 3 * width, width)
        sizes |= {f"{name}.{attention}.ln_q.weight": (32,), f"{name}.{attention}.ln_k.weight": (32,)}
        sizes |= {} if last and context else _linear(f"{name}.{attention}.proj", width, width)
    if not (last and context):
        sizes |= _linear(f"{name}.mlp.fc1", 4 * width, width) | _linear(f"{name}.mlp.fc2", width, 4 * width)
    return sizes


def flux(*, dev: bool = True) -> Sizes:
    width, head = 96, 32
    sizes = _linear("img_in", width, 64) | _linear("txt_in", width, 48) | _linear("final_layer.linear", 64, width)
    sizes |= _linear("final_layer.adaLN_modulation.1", 2 * width, width)
    for name, into in (("time_in", 256), ("vector_in", 16), *((("guidance_in", 256),) if dev else ())):
        sizes |= _linear(f"{name}.in_layer", width, into) | _linear(f"{name}.out_layer", width, width)
    for side in ("img", "txt"):
        block = f"double_blocks.0.{side}_"
        sizes |= _linear(f"{block}mod.lin", 6 * width, width) | _linear(f"{block}attn.qkv", 3 * width, width)
        sizes |= {f"{block}attn.norm.{name}_norm.scale": (head,) for name in ("query", "key")}
        sizes |= _linear(f"{block}attn.proj", width, width)
        sizes |= _linear(f"{block}mlp.0", 4 * width, width) | _linear(f"{block}mlp.2", width, 4 * width)
    sizes |= _linear("single_blocks.0.modulation.lin", 3 * width, width)
    sizes |= _linear("single_blocks.0.linear1", 7 * width, width) | _linear("single_blocks.0.linear2", width, 5 * width)
    sizes |= {f"single_blocks.0.norm.{name}_norm.scale": (head,) for name in ("query", "key")}
    readers = _clip("text_encoders.clip_l.transformer.", 16) | _t5("text_encoders.t5xxl.transformer.", 48)
    return {D + name: size for name, size in sizes.items()} | _vae("vae.", 16, 4, quant=False) | readers


KINDS: Final[Mapping[str, Callable[[], Sizes]]] = {
    "sd15": sd15,
    "sdxl": sdxl,
    "sd35": sd35,
    "sd35-medium": lambda: sd35(medium=True),
    "flux": flux,
    "flux-schnell": lambda: flux(dev=False),
}
