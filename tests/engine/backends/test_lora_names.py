"""LoRAs in everybody's names: the same numbers do the same to the same layers of every family."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.lora_names import modules_of, places_of
from engine.backends.local.runtime import LocalSettings, prepare
from engine.jobs.job import Adapter, ModelUnavailable
from engine.models.lora_kinds import families_of_lora
from tests.engine.one_file import KINDS as WHOLE
from tests.engine.one_file import D
from tests.engine.tiny_models import KINDS as MODELS

RANK = 2
ALPHA = 1.0
UNET = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
CROSS = "input_blocks.3.1.transformer_blocks.0.attn2.to_k"


def sdxl() -> Any:
    """SDXL's U-Net, as narrow as its names allow, in its pipeline."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(32, 64),
        layers_per_block=1,
        cross_attention_dim=40,
        norm_num_groups=8,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=72,
    )
    none = dict.fromkeys(("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"))
    return StableDiffusionXLPipeline(unet=unet, scheduler=EulerDiscreteScheduler(), add_watermarker=False, **none)


def flux() -> Any:
    """FLUX.1's denoiser, as narrow as its names allow, in its pipeline."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    denoiser = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=(4, 6, 6),
    )
    none = dict.fromkeys(("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"))
    return FluxPipeline(transformer=denoiser, scheduler=FlowMatchEulerDiscreteScheduler(), **none)


FAMILIES: Mapping[str, tuple[Callable[[], Any], str, tuple[str, ...]]] = {
    "SD 1.5": (MODELS["sd15"], CROSS, (UNET,)),
    "SDXL": (sdxl, CROSS, (UNET,)),
    "SD 3.5": (
        MODELS["sd35-large"],
        "joint_blocks.0.context_block.attn.qkv",
        tuple(f"transformer_blocks.0.attn.add_{each}_proj" for each in "qkv"),
    ),
    "FLUX.1": (
        flux,
        "single_blocks.0.linear1",
        tuple(f"single_transformer_blocks.0.{each}" for each in ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")),
    ),
    "FLUX.2": (
        MODELS["klein"],
        "double_blocks.0.img_attn.qkv",
        tuple(f"transformer_blocks.0.attn.to_{each}" for each in "qkv"),
    ),
    "Z-Image": (
        MODELS["z-image"],
        "layers.0.attention.qkv",
        tuple(f"layers.0.attention.to_{each}" for each in "qkv"),
    ),
    "Qwen-Image": (
        MODELS["qwen-image"],
        "transformer_blocks.0.img_mlp.net.0.proj",
        ("transformer_blocks.0.img_mlp.net.0.proj",),
    ),
}
"""How to make a tiny pipeline of each family, a layer as those who made it name it, and as diffusers names it."""


def styles(part: str, theirs: str, ours: tuple[str, ...], down: Any, ups: list[Any]) -> dict[str, dict[str, Any]]:
    """The same LoRA in the names of each program; `ups` has what comes out of each of our layers."""
    import torch

    whole = torch.cat(ups)
    flat = theirs.replace(".", "_")
    alpha = {f"lora_unet_{flat}.alpha": torch.tensor(ALPHA)}
    halves = list(zip(ours, ups, strict=True))
    found = {
        "kohya": {f"lora_unet_{flat}.lora_down.weight": down, f"lora_unet_{flat}.lora_up.weight": whole} | alpha,
        "ComfyUI": {f"diffusion_model.{theirs}.lora_A.weight": down, f"diffusion_model.{theirs}.lora_B.weight": whole},
        "ComfyUI's older": {
            f"diffusion_model.{theirs}.lora_down.weight": down,
            f"diffusion_model.{theirs}.lora_up.weight": whole,
        },
    }
    for style, start in (("diffusers", f"{part}."), ("PEFT", "base_model.model.")):
        found[style] = {f"{start}{each}.lora_A.weight": down.clone() for each in ours}
        found[style] |= {f"{start}{each}.lora_B.weight": up for each, up in halves}
    found["kohya, by our names"] = {
        name.replace(".lora_A", "#lora_down")
        .replace(".lora_B", "#lora_up")
        .replace(f"{part}.", "lora_unet_", 1)
        .replace(".weight", "#weight")
        .replace(".", "_")
        .replace("#", "."): one.clone()
        for name, one in found["diffusers"].items()
    }
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_numbers_do_the_same_under_every_name(family: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    prepare(LocalSettings())
    make, theirs, ours = FAMILIES[family]
    torch.manual_seed(3)
    pipe = make()
    part = "unet" if getattr(pipe, "unet", None) is not None else "transformer"
    layers = {each: getattr(pipe, part).get_submodule(each) for each in ours}
    down = torch.randn(RANK, next(iter(layers.values())).in_features)
    ups = [torch.randn(layer.out_features, RANK) for layer in layers.values()]
    into = torch.randn(3, down.shape[1])
    plain = [layer(into) for layer in layers.values()]
    tunes = FineTunes(pipe, "m")
    for style, tensors in styles(part, theirs, ours, down, ups).items():
        told = families_of_lora({name: tuple(one.shape) for name, one in tensors.items()})
        assert family in told or (family, style) == ("SD 1.5", "kohya"), style  # kohya names SDXL alone so
        file = tmp_path / f"{style}.safetensors"
        save_file(tensors, file)
        tunes.use([Adapter(name=style.replace(",", "").replace(" ", "-"), path=file, weight=0.5)])
        scale = 0.5 * (ALPHA / RANK if style == "kohya" else 1.0)
        for before, up, each in zip(plain, ups, ours, strict=True):
            now = getattr(pipe, part).get_submodule(each)(into)
            torch.testing.assert_close(now, before + scale * (into @ down.T @ up.T), rtol=1e-4, atol=1e-4, msg=style)
    tunes.unload()
    now = [getattr(pipe, part).get_submodule(each)(into) for each in ours]
    assert all(torch.equal(one, other) for one, other in zip(plain, now, strict=True))
    save_file(
        {f"{part}.nowhere.lokr_w1": down.clone(), f"{part}.nowhere.lokr_w2": down.clone()}, tmp_path / "no.safetensors"
    )
    with pytest.raises(ModelUnavailable, match="does not fit it: its base has no"):
        tunes.use([Adapter(name="no", path=tmp_path / "no.safetensors")])


def test_every_layer_of_a_checkpoint_has_a_place() -> None:
    """In the names that the checkpoint itself has, which are those that ComfyUI's LoRAs have."""
    pipes = {"sd15": MODELS["sd15"](), "sdxl": sdxl(), "sd35": MODELS["sd35-large"](), "flux": flux()}
    norms = ("norm", "ln_q", "ln_k", "pos_embed", ".out.0", "in_layers.0", "out_layers.0", "final_layer.adaLN")
    for kind, pipe in pipes.items():
        modules = modules_of(pipe)
        layers = [
            name.removesuffix(".weight") for name in WHOLE[kind]() if name.startswith(D) and name.endswith(".weight")
        ]
        told = [layer for layer in layers if not any(norm in layer for norm in norms)]
        lost = [layer for layer in told if not places_of(modules, layer.removeprefix("model."))]
        blocks = {"sd35": ("joint_blocks.1",), "flux": ()}.get(kind, ())
        assert [layer for layer in lost if not any(block in layer for block in blocks)] == [], kind


def test_a_u_net_is_told_by_how_wide_its_words_are() -> None:
    for into, family in ((768, {"SD 1.5"}), (2048, {"SDXL"}), (1024, {"SD 2"})):
        named = f"diffusion_model.{CROSS}"
        for tensors in (
            {f"{named}.lora_down.weight": (RANK, into), f"{named}.lora_up.weight": (320, RANK)},
            {f"{named}.hada_w1_a": (320, RANK), f"{named}.hada_w1_b": (RANK, into)},
            {f"{named}.lokr_w1": (4, 8), f"{named}.lokr_w2_a": (80, RANK), f"{named}.lokr_w2_b": (RANK, into // 8)},
        ):
            assert families_of_lora(tensors) == family
    assert families_of_lora({f"diffusion_model.{CROSS}.oft_blocks": (80, 4, 4)}) == {"SD 1.5", "SDXL"}
