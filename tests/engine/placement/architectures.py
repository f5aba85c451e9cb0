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
_QWEN3_VL_WORDS: Final = {
    **_QWEN3,
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "vocab_size": 151936,
    "rope_scaling": {"mrope_interleaved": True, "mrope_section": [24, 20, 20], "rope_type": "default"},
}
_QWEN3_VL_EYES: Final = {
    "depth": 27,
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_heads": 16,
    "out_hidden_size": 4096,
    "deepstack_visual_indexes": [8, 16, 24],
    "patch_size": 16,
    "num_position_embeddings": 2304,
}
_MISTRAL_WORDS: Final = {
    "model_type": "mistral",
    "hidden_size": 5120,
    "intermediate_size": 32768,
    "num_hidden_layers": 40,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 131072,
}
_MISTRAL_EYES: Final = {
    "model_type": "pixtral",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "head_dim": 64,
    "patch_size": 14,
    "image_size": 1540,
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
            "stabilityai/stable-diffusion-3.5-large",
            "transformer",
            _sd3(num_layers=38, num_attention_heads=38, caption_projection_dim=2432, pos_embed_max_size=192),
        ),
        "SD 3.5 Medium": (
            "stabilityai/stable-diffusion-3.5-medium",
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
            "black-forest-labs/FLUX.2-klein-4B",
            "transformer",
            _flux2(num_layers=5, num_single_layers=20, num_attention_heads=24, joint_attention_dim=7680),
        ),
        "klein 9B": (
            "black-forest-labs/FLUX.2-klein-9B",
            "transformer",
            _flux2(num_layers=8, num_single_layers=24, num_attention_heads=32, joint_attention_dim=12288),
        ),
        "FLUX.1": (
            "black-forest-labs/FLUX.1-Kontext-dev",
            "transformer",
            _diffusers("FluxTransformer2DModel", guidance_embeds=True),
        ),
        "schnell": (
            "black-forest-labs/FLUX.1-schnell",
            "transformer",
            _diffusers("FluxTransformer2DModel", guidance_embeds=False),
        ),
        "FLUX.2 dev": ("black-forest-labs/FLUX.2-dev", "transformer", _diffusers("Flux2Transformer2DModel")),
        "Qwen-Image 2.1": ("Qwen/Qwen-Image-2.1", "transformer", _diffusers("QwenImage21Transformer2DModel")),
        "Qwen-Image": ("Qwen/Qwen-Image", "transformer", _diffusers("QwenImageTransformer2DModel")),
        "Z-Image": ("Tongyi-MAI/Z-Image-Turbo", "transformer", _diffusers("ZImageTransformer2DModel")),
        "SDXL": ("stabilityai/stable-diffusion-xl-base-1.0", "unet", _diffusers("UNet2DConditionModel", **_UNET_XL)),
        "SD 1.5": (
            "stable-diffusion-v1-5/stable-diffusion-v1-5",
            "unet",
            _diffusers("UNet2DConditionModel", cross_attention_dim=768, attention_head_dim=8),
        ),
        "CLIP-L": (
            "stabilityai/stable-diffusion-3.5-large",
            "text_encoder",
            _transformers("CLIPTextModelWithProjection", "CLIPTextConfig", projection_dim=768, **_L),
        ),
        "CLIP-L, plain": (
            "stable-diffusion-v1-5/stable-diffusion-v1-5",
            "text_encoder",
            _transformers("CLIPTextModel", "CLIPTextConfig", projection_dim=768, **_L),
        ),
        "CLIP-G": (
            "stabilityai/stable-diffusion-xl-base-1.0",
            "text_encoder_2",
            _transformers("CLIPTextModelWithProjection", "CLIPTextConfig", projection_dim=1280, **_G),
        ),
        "T5-XXL": (
            "stabilityai/stable-diffusion-3.5-large",
            "text_encoder_3",
            _transformers("T5EncoderModel", "T5Config", **_T5),
        ),
        "Qwen3 4B": (
            "Tongyi-MAI/Z-Image-Turbo",
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
            "black-forest-labs/FLUX.2-klein-9B",
            "text_encoder",
            _transformers("Qwen3ForCausalLM", "Qwen3Config", hidden_size=4096, intermediate_size=12288, **_QWEN3),
        ),
        "Qwen2.5-VL": (
            "Qwen/Qwen-Image",
            "text_encoder",
            _transformers(
                "Qwen2_5_VLForConditionalGeneration",
                "Qwen2_5_VLConfig",
                text_config=_QWEN_WORDS,
                vision_config=_QWEN_EYES,
                tie_word_embeddings=False,
            ),
        ),
        "Qwen3-VL 8B": (
            "Qwen/Qwen-Image-2.1",
            "text_encoder",
            _transformers(
                "Qwen3VLForConditionalGeneration",
                "Qwen3VLConfig",
                text_config=_QWEN3_VL_WORDS,
                vision_config=_QWEN3_VL_EYES,
            ),
        ),
        "Mistral Small": (
            "black-forest-labs/FLUX.2-dev",
            "text_encoder",
            _transformers(
                "Mistral3ForConditionalGeneration",
                "Mistral3Config",
                text_config=_MISTRAL_WORDS,
                vision_config=_MISTRAL_EYES,
                tie_word_embeddings=False,
            ),
        ),
        "VAE of 4 channels": ("stabilityai/stable-diffusion-xl-base-1.0", "vae", _vae(4)),
        "VAE of 16 channels": (
            "stabilityai/stable-diffusion-3.5-large",
            "vae",
            _vae(16, use_quant_conv=False, use_post_quant_conv=False),
        ),
        "VAE of FLUX.2": ("black-forest-labs/FLUX.2-klein-4B", "vae", _diffusers("AutoencoderKLFlux2")),
        "VAE of Qwen-Image 2.1": ("Qwen/Qwen-Image-2.1", "vae", _diffusers("AutoencoderKLQwenImage21")),
        "VAE of Qwen-Image": ("Qwen/Qwen-Image", "vae", _diffusers("AutoencoderKLQwenImage")),
    }
)
"""By name: the published model, its part, and how that is built."""
