"""The configurations of a checkpoint in one file, read off the shapes of its tensors: no hub, and pruned models too."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from engine.models.single_files import FLUX_SCHNELL, SD15, Kind, start_of
from engine.models.weights import BadWeights, Shapes

Config = dict[str, Any]
_HEAD: Final = 64
"""The width of one head of attention, which no shape tells: all of these models have it."""
_NOISE: Final = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
_SCALES: Final[Mapping[str, Config]] = MappingProxyType(
    {
        "StableDiffusionPipeline": {"scaling_factor": 0.18215},
        "StableDiffusionXLPipeline": {"scaling_factor": 0.13025, "force_upcast": True},
        "StableDiffusion3Pipeline": {"scaling_factor": 1.5305, "shift_factor": 0.0609},
        "FluxPipeline": {"scaling_factor": 0.3611, "shift_factor": 0.1159},
    }
)


def configs_of(kind: Kind, tensors: Shapes) -> Mapping[str, Config]:
    """What each part of the pipeline is told, by its name there, the scheduler among them. Raises BadWeights."""
    try:
        found: dict[str, Config] = {}
        for part in kind.parts:
            if not any(name.startswith(kind.parts[part]) for name in tensors):
                continue
            start = start_of(kind, part, tensors)
            own = {name.removeprefix(start): shape for name, shape in tensors.items() if name.startswith(start)}
            found[part] = _reader(kind, part)(own)
        found["vae"] |= _SCALES[kind.pipeline]
        if kind.pipeline == "StableDiffusionXLPipeline":
            _add_sizes(found, tensors)
    except (KeyError, IndexError, ZeroDivisionError, ValueError) as error:
        raise BadWeights("its parts do not fit together as those of a whole model do") from error
    return found | {"scheduler": _scheduler(kind, tensors)}


def _reader(kind: Kind, part: str) -> Callable[[Shapes], Config]:
    if part == "unet":
        return _unet_15 if kind is SD15 else _unet_xl
    if part == "transformer":
        return _flux if kind.pipeline == "FluxPipeline" else _sd3
    if part == "vae":
        return _vae
    if kind.parts[part][0].startswith("text_encoders.t5"):
        return _t5
    return _open_clip if part == "text_encoder_2" and kind.pipeline == "StableDiffusionXLPipeline" else _clip


def _count(tensors: Shapes, start: str) -> int:
    """How many there are of what is numbered behind this beginning."""
    numbers = {name[len(start) :].partition(".")[0] for name in tensors if name.startswith(start)}
    return len({number for number in numbers if number.isdecimal()})


def _levels(tensors: Shapes) -> tuple[list[int], list[int], int]:
    """The width and the depth of attention of each level of a U-Net, and its blocks a level."""
    widths: list[int] = [0]
    depths: list[int] = [0]
    blocks = 0
    for at in range(1, _count(tensors, "input_blocks.")):
        if f"input_blocks.{at}.0.op.weight" in tensors:
            widths.append(0)
            depths.append(0)
            continue
        widths[-1] = tensors[f"input_blocks.{at}.0.in_layers.2.weight"][0]
        depths[-1] = _count(tensors, f"input_blocks.{at}.1.transformer_blocks.")
        blocks += len(widths) == 1
    return widths, depths, blocks


def _unet(tensors: Shapes, heads: Callable[[int], int]) -> Config:
    widths, depths, blocks = _levels(tensors)
    keys = next(shape for name, shape in tensors.items() if name.endswith(".transformer_blocks.0.attn2.to_k.weight"))
    into = next(shape for name, shape in tensors.items() if name.endswith(".1.proj_in.weight"))
    return {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 64,
        "in_channels": tensors["input_blocks.0.0.weight"][1],
        "out_channels": tensors["out.2.weight"][0],
        "block_out_channels": widths,
        "down_block_types": ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths],
        "up_block_types": ["CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(depths)],
        "layers_per_block": blocks,
        "cross_attention_dim": keys[1],
        "attention_head_dim": [heads(width) for width in widths],
        "transformer_layers_per_block": [max(1, depth) for depth in depths],
        "use_linear_projection": len(into) == 2,
    }


def _unet_15(tensors: Shapes) -> Config:
    return _unet(tensors, lambda width: 8)


def _unet_xl(tensors: Shapes) -> Config:
    config = _unet(tensors, lambda width: max(1, width // _HEAD))
    return config | {
        "sample_size": 128,
        "addition_embed_type": "text_time",
        "projection_class_embeddings_input_dim": tensors["label_emb.0.0.weight"][1],
    }


def _add_sizes(found: dict[str, Config], tensors: Shapes) -> None:
    """SDXL is told six sizes beside the pooled words."""
    rest = found["unet"]["projection_class_embeddings_input_dim"] - found["text_encoder_2"]["projection_dim"]
    if rest <= 0 or rest % 6:
        raise ValueError("sizes")
    found["unet"]["addition_time_embed_dim"] = rest // 6


def _vae(tensors: Shapes) -> Config:
    levels = _count(tensors, "encoder.down.")
    widths = [tensors[f"encoder.down.{level}.block.0.conv1.weight"][0] for level in range(levels)]
    quant = "quant_conv.weight" in tensors
    return {
        "_class_name": "AutoencoderKL",
        "sample_size": 1024,
        "in_channels": 3,
        "out_channels": 3,
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "layers_per_block": _count(tensors, "encoder.down.0.block."),
        "latent_channels": tensors["decoder.conv_in.weight"][1],
        "use_quant_conv": quant,
        "use_post_quant_conv": quant,
        "mid_block_add_attention": "encoder.mid.attn_1.q.weight" in tensors,
    }


def _clip_config(
    words: tuple[int, ...], places: int, layers: int, wide: int, projection: int, activation: str
) -> Config:
    return {
        "vocab_size": words[0],
        "hidden_size": words[1],
        "intermediate_size": wide,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, words[1] // _HEAD),
        "max_position_embeddings": places,
        "projection_dim": projection,
        "hidden_act": activation,
        "bos_token_id": words[0] - 2,
        "eos_token_id": words[0] - 1,
        "pad_token_id": words[0] - 1,
    }


def _clip(tensors: Shapes) -> Config:
    words = tensors["text_model.embeddings.token_embedding.weight"]
    projection = tensors.get("text_projection.weight", words[1:])[0]
    return _clip_config(
        words,
        tensors["text_model.embeddings.position_embedding.weight"][0],
        _count(tensors, "text_model.encoder.layers."),
        tensors["text_model.encoder.layers.0.mlp.fc1.weight"][0],
        projection,
        "quick_gelu" if words[1] <= 768 else "gelu",
    )


def _open_clip(tensors: Shapes) -> Config:
    return _clip_config(
        tensors["token_embedding.weight"],
        tensors["positional_embedding"][0],
        _count(tensors, "transformer.resblocks."),
        tensors["transformer.resblocks.0.mlp.c_fc.weight"][0],
        tensors["text_projection"][1],
        "gelu",
    )


def _t5(tensors: Shapes) -> Config:
    block = "encoder.block.0.layer."
    inner, width = tensors[f"{block}0.SelfAttention.q.weight"]
    heads = tensors[f"{block}0.SelfAttention.relative_attention_bias.weight"][1]
    return {
        "vocab_size": tensors["shared.weight"][0],
        "d_model": width,
        "d_kv": inner // heads,
        "d_ff": tensors[f"{block}1.DenseReluDense.wi_0.weight"][0],
        "num_layers": _count(tensors, "encoder.block."),
        "num_heads": heads,
        "feed_forward_proj": "gated-gelu",
    }


def _sd3(tensors: Shapes) -> Config:
    width, channels, patch, _ = tensors["x_embedder.proj.weight"]
    norm = tensors.get("joint_blocks.0.x_block.attn.ln_q.weight")
    head = norm[0] if norm else _HEAD
    layers = _count(tensors, "joint_blocks.")
    return {
        "_class_name": "SD3Transformer2DModel",
        "sample_size": 128,
        "patch_size": patch,
        "in_channels": channels,
        "out_channels": channels,
        "num_layers": layers,
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": tensors["context_embedder.weight"][1],
        "caption_projection_dim": tensors["context_embedder.weight"][0],
        "pooled_projection_dim": tensors["y_embedder.mlp.0.weight"][1],
        "pos_embed_max_size": math.isqrt(tensors["pos_embed"][1]),
        "qk_norm": "rms_norm" if norm else None,
        "dual_attention_layers": [
            at for at in range(layers) if f"joint_blocks.{at}.x_block.attn2.qkv.weight" in tensors
        ],
    }


def _flux(tensors: Shapes) -> Config:
    (head,) = tensors["double_blocks.0.img_attn.norm.query_norm.scale"]
    width, channels = tensors["img_in.weight"]
    return {
        "_class_name": "FluxTransformer2DModel",
        "patch_size": 1,
        "in_channels": channels,
        "num_layers": _count(tensors, "double_blocks."),
        "num_single_layers": _count(tensors, "single_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": tensors["txt_in.weight"][1],
        "pooled_projection_dim": tensors["vector_in.in_layer.weight"][1],
        "guidance_embeds": "guidance_in.in_layer.weight" in tensors,
        "axes_dims_rope": [head // 8, head * 7 // 16, head * 7 // 16],
    }


def _scheduler(kind: Kind, tensors: Shapes) -> Config:
    if kind.pipeline in ("StableDiffusionPipeline", "StableDiffusionXLPipeline"):
        guess = "v_prediction" if "v_pred" in tensors else "epsilon"
        zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if "ztsnr" in tensors else {}
        spacing = {"timestep_spacing": "leading", "steps_offset": 1}
        return {"_class_name": "EulerDiscreteScheduler", **_NOISE, "prediction_type": guess, **spacing, **zero}
    moved = {"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15}
    dev = kind.pipeline == "FluxPipeline" and kind is not FLUX_SCHNELL
    shift = 1.0 if kind is FLUX_SCHNELL else 3.0
    return {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": shift, **(moved if dev else {})}
