"""Tiny checkpoints with random weights of the published models, made from their real classes and saved as they are.

What differs from the real ones is only how wide and how many the layers are.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.engine.tiny_readers import (
    HEADS,
    PICTURE_TOKENS,
    WIDTH,
    clip,
    clip_tokenizer,
    qwen3,
    qwen_tokenizer,
    t5,
    t5_tokenizer,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a Stable Diffusion 3 of ours is. `size` is its pictures' (width, height) in pixels at 2:3."""

    size: tuple[int, int]
    layers: int
    heads: int
    head_width: int
    autoencoder_widths: tuple[int, int, int, int]


TINY: Final = Shape((32, 48), 1, HEADS, WIDTH, (8, 8, 8, 8))
SMALL: Final = Shape((128, 192), 4, 6, 32, (16, 32, 64, 64))
SIZE: Final = TINY.size


def make(kind: str, folder: Path) -> Path:
    """The checkpoint of this kind in this folder, made now."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        KINDS[kind]().save_pretrained(str(folder), safe_serialization=True)
    return folder


def entry(checkpoint: Path, model_id: str, **said: object) -> str:
    """A table for the file of models that offers a checkpoint of the smallest kind, whose pictures are noise."""
    told = {"source": str(checkpoint), "id": model_id, "title": model_id, "megapixels": SIZE[0] * SIZE[1] / 1_000_000}
    values = {**told, "steps": 4, "guidance": 3.0, "shows_faces": False, **said}
    return "\n".join(("[[model]]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""))


def models_file(folder: Path, *entries: str) -> str:
    """Where a file of these models was written, as a setting says it."""
    file = folder / "models.toml"
    file.write_text("\n".join(entries), encoding="utf-8")
    return str(file)


def _sd3(shape: Shape) -> Any:
    """Stable Diffusion 3 without its T5; of the tiny shape a picture takes milliseconds."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=max(shape.size) // 8,
            num_layers=shape.layers,
            attention_head_dim=shape.head_width,
            num_attention_heads=shape.heads,
            joint_attention_dim=2 * WIDTH,
            caption_projection_dim=shape.heads * shape.head_width,
            pooled_projection_dim=2 * WIDTH,
            pos_embed_max_size=32,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_autoencoder(shape.autoencoder_widths, scaling_factor=1.0, shift_factor=0.0),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip(),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=None,
        tokenizer_3=None,
    )


def _sd35(*, medium: bool) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=8,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=HEADS,
            joint_attention_dim=2 * WIDTH,
            caption_projection_dim=WIDTH,
            pooled_projection_dim=2 * WIDTH,
            pos_embed_max_size=16,
            qk_norm="rms_norm",
            dual_attention_layers=(0,) if medium else (),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_autoencoder(),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip(),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5(),
        tokenizer_3=t5_tokenizer(),
    )


def _klein() -> Any:
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )

    return Flux2KleinPipeline(
        transformer=Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=HEADS,
            joint_attention_dim=3 * WIDTH,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=AutoencoderKLFlux2(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 8),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
        ),
        # The words are taken from its 9th, 18th and 27th layer.
        text_encoder=qwen3(layers=28),
        tokenizer=qwen_tokenizer(),
        is_distilled=True,
    )


def _z_image() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel

    return ZImagePipeline(
        transformer=ZImageTransformer2DModel(
            all_patch_size=(2,),
            all_f_patch_size=(1,),
            in_channels=16,
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=HEADS,
            n_kv_heads=HEADS,
            cap_feat_dim=WIDTH,
            axes_dims=[8, 4, 4],
            axes_lens=[600, 64, 64],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_autoencoder(),
        text_encoder=qwen3(layers=2).model,
        tokenizer=qwen_tokenizer(),
    )


def qwen_parts() -> dict[str, Any]:
    """The parts that Qwen-Image and Qwen-Image-Edit share."""
    from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    text = {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "vocab_size": 400,
        "max_position_embeddings": 4096,
        "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
        "rope_theta": 1000000.0,
    }
    vision = {
        "depth": 2,
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_heads": HEADS,
        "out_hidden_size": WIDTH,
        "fullatt_block_indexes": [1],
    }
    tokenizer = qwen_tokenizer()
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in PICTURE_TOKENS.items()}
    return {
        "transformer": QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=HEADS,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(8, 4, 4),
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        "vae": AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        "text_encoder": Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
        ).eval(),
        "tokenizer": tokenizer,
    }


def _qwen_image() -> Any:
    from diffusers import QwenImagePipeline

    return QwenImagePipeline(**qwen_parts())


def _sd15() -> Any:
    """An older kind, which nothing here knows by name."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    return StableDiffusionPipeline(
        unet=UNet2DConditionModel(
            sample_size=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 16),
            layers_per_block=1,
            cross_attention_dim=WIDTH,
            norm_num_groups=8,
            attention_head_dim=8,
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 8),
            layers_per_block=1,
            norm_num_groups=8,
        ).eval(),
        text_encoder=clip(projected=False),
        tokenizer=clip_tokenizer(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _autoencoder(
    widths: tuple[int, ...] = TINY.autoencoder_widths, *, scaling_factor: float = 1.5305, shift_factor: float = 0.0609
) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=widths,
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=min(widths),
        scaling_factor=scaling_factor,
        shift_factor=shift_factor,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ).eval()


KINDS: Final[dict[str, Callable[[], Any]]] = {
    "tiny": lambda: _sd3(TINY),
    "small": lambda: _sd3(SMALL),
    "sd35-large": lambda: _sd35(medium=False),
    "sd35-medium": lambda: _sd35(medium=True),
    "klein": _klein,
    "z-image": _z_image,
    "qwen-image": _qwen_image,
    "sd15": _sd15,
}
