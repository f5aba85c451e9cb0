"""The published models' parts from their real classes and configurations, built without memory."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Build = Callable[[], Any]


def elements(build: Build) -> int:
    """How many numbers its weights have, and the tables saved with them."""
    import torch

    with torch.device("meta"):
        state = build().state_dict(keep_vars=True)
    return sum({id(tensor): tensor.numel() for tensor in state.values()}.values())


def _diffusers(kind: str, **config: Any) -> Build:
    def build() -> Any:
        import diffusers

        return getattr(diffusers, kind)(**config)

    return build


def _transformers(kind: str, config_kind: str, **config: Any) -> Build:
    def build() -> Any:
        import transformers

        return getattr(transformers, kind)(getattr(transformers, config_kind)(**config))

    return build


def _sd3(**config: Any) -> Build:
    fixed = {"sample_size": 128, "attention_head_dim": 64, "joint_attention_dim": 4096, "qk_norm": "rms_norm"}
    return _diffusers("SD3Transformer2DModel", **fixed, pooled_projection_dim=2048, **config)


def _flux2(**config: Any) -> Build:
    fixed = {"in_channels": 128, "attention_head_dim": 128, "guidance_embeds": False}
    return _diffusers("Flux2Transformer2DModel", **fixed, **config)


def _vae(channels: int, **config: Any) -> Build:
    return _diffusers(
        "AutoencoderKL",
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=channels,
        **config,
    )


_L: Final = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
_G: Final = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20}
_T5: Final = {"d_model": 4096, "d_ff": 10240, "num_heads": 64, "num_layers": 24, "feed_forward_proj": "gated-gelu"}
_QWEN3: Final = {"num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
_QWEN_WORDS: Final = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
}
_QWEN_EYES: Final = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 3584,
}
_UNET_XL: Final = {
    "sample_size": 128,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "cross_attention_dim": 2048,
    "attention_head_dim": [5, 10, 20],
    "transformer_layers_per_block": [1, 2, 10],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}

BUILDERS: Final[Mapping[str, tuple[str, str, Build]]] = MappingProxyType(
    {
        "SD 3.5 Large": (
            "3.5-large",
            "transformer",
            _sd3(num_layers=38, num_attention_heads=38, caption_projection_dim=2432, pos_embed_max_size=192),
        ),
        "SD 3.5 Medium": (
            "3.5-medium",
            "transformer",
            _sd3(
                num_layers=24,
                num_attention_heads=24,
                caption_projection_dim=1536,
                pos_embed_max_size=384,
                dual_attention_layers=tuple(range(13)),
            ),
        ),
        "klein 4B": (
            "flux.2-klein-4b",
            "transformer",
            _flux2(num_layers=5, num_single_layers=20, num_attention_heads=24, joint_attention_dim=7680),
        ),
        "klein 9B": (
            "flux.2-klein-9b",
            "transformer",
            _flux2(num_layers=8, num_single_layers=24, num_attention_heads=32, joint_attention_dim=12288),
        ),
        "FLUX.1": ("flux.1-kontext", "transformer", _diffusers("FluxTransformer2DModel", guidance_embeds=True)),
        "Qwen-Image": ("qwen-image", "transformer", _diffusers("QwenImageTransformer2DModel")),
        "Z-Image": ("z-image-turbo", "transformer", _diffusers("ZImageTransformer2DModel")),
        "SDXL": ("stable-diffusion-xl", "unet", _diffusers("UNet2DConditionModel", **_UNET_XL)),
        "SD 1.5": (
            "stable-diffusion-v1-5",
            "unet",
            _diffusers("UNet2DConditionModel", cross_attention_dim=768, attention_head_dim=8),
        ),
        "CLIP-L": (
            "3.5-large",
            "text_encoder",
            _transformers("CLIPTextModelWithProjection", "CLIPTextConfig", projection_dim=768, **_L),
        ),
        "CLIP-L, plain": (
            "stable-diffusion-v1-5",
            "text_encoder",
            _transformers("CLIPTextModel", "CLIPTextConfig", projection_dim=768, **_L),
        ),
        "CLIP-G": (
            "stable-diffusion-xl",
            "text_encoder_2",
            _transformers("CLIPTextModelWithProjection", "CLIPTextConfig", projection_dim=1280, **_G),
        ),
        "T5-XXL": ("3.5-large", "text_encoder_3", _transformers("T5EncoderModel", "T5Config", **_T5)),
        "Qwen3 4B": (
            "z-image-turbo",
            "text_encoder",
            _transformers(
                "Qwen3ForCausalLM",
                "Qwen3Config",
                hidden_size=2560,
                intermediate_size=9728,
                tie_word_embeddings=True,
                **_QWEN3,
            ),
        ),
        "Qwen3 8B": (
            "flux.2-klein-9b",
            "text_encoder",
            _transformers("Qwen3ForCausalLM", "Qwen3Config", hidden_size=4096, intermediate_size=12288, **_QWEN3),
        ),
        "Qwen2.5-VL": (
            "qwen-image",
            "text_encoder",
            _transformers(
                "Qwen2_5_VLForConditionalGeneration",
                "Qwen2_5_VLConfig",
                text_config=_QWEN_WORDS,
                vision_config=_QWEN_EYES,
                tie_word_embeddings=False,
            ),
        ),
        "VAE of 4 channels": ("stable-diffusion-xl", "vae", _vae(4)),
        "VAE of 16 channels": ("3.5-large", "vae", _vae(16, use_quant_conv=False, use_post_quant_conv=False)),
        "VAE of FLUX.2": ("flux.2-klein-4b", "vae", _diffusers("AutoencoderKLFlux2")),
        "VAE of Qwen-Image": ("qwen-image", "vae", _diffusers("AutoencoderKLQwenImage")),
    }
)
"""By name: the published model, its part, and how that is built."""
