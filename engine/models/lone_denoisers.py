"""Files with a denoiser alone, as in ComfyUI's folder `diffusion_models`, and the model here that has all the rest.

FLUX.2, Z-Image and Qwen-Image in one file are taken so too: such a file gives the denoiser, whatever else it holds.
Reads headers and configurations; no torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.models.lora_kinds import is_lora, width_of_words
from engine.models.single_files import BESIDE_SCALES, DENOISER, PICKLES, check_scales
from engine.models.weights import BadWeights, Shapes, folder_of, is_hub_id, shapes

Told = dict[str, object]
"""What a file says of its denoiser, as its configuration would: "width" is that of its blocks."""

_STARTS: Final = (DENOISER, "diffusion_model.", "")


@dataclass(frozen=True, slots=True)
class LoneDenoiser:
    """A kind of denoiser. `sign` is a tensor that each has, `part` what it is in a pipeline, and `made_of` its class.

    `told` is what its shapes say, `likes` are the published models that may have the rest.
    """

    name: str
    sign: str
    part: str
    made_of: str
    told: Callable[[Shapes], Told]
    likes: tuple[str, ...]


def start_of_denoiser(tensors: Mapping[str, object]) -> str | None:
    """How the names of a denoiser's tensors begin in this file; None where there is no denoiser of a known kind."""
    signs = {kind.sign for kind in KINDS}
    return next((start for start in _STARTS if any(f"{start}{sign}" in tensors for sign in signs)), None)


def own_tensors(tensors: Shapes) -> Shapes:
    """The denoiser's tensors without what their names begin with, and without what lies beside weights of 8 bits."""
    start = start_of_denoiser(tensors)
    if start is None:
        return {}
    return {
        name.removeprefix(start): shape
        for name, shape in tensors.items()
        if name.startswith(start) and not name.endswith(BESIDE_SCALES)
    }


def lone_denoiser_at(file: Path) -> LoneDenoiser | None:
    """The kind of the denoiser in this file; None where it is none. Raises BadWeights for one that cannot be used."""
    if file.suffix.lower() in PICKLES:
        return None
    tensors = shapes(file)
    own = own_tensors(tensors)
    kind = next((kind for kind in KINDS if kind.sign in own), None)
    if kind is None or is_lora(tensors):
        return None
    check_scales(tensors)
    return kind


def source_of_rest(file: Path, kind: LoneDenoiser, named: str = "") -> str:
    """The folder or hub id of a model whose other parts go with this denoiser: the one named, or a published one here.

    Raises BadWeights, whose text says what is missing.
    """
    try:
        told = kind.told(own_tensors(shapes(file)))
    except (KeyError, IndexError) as error:
        raise BadWeights(f"it is a denoiser of {kind.name} from which parts are missing") from error
    if named:
        if folder_of(named) is None and not is_hub_id(named):
            raise BadWeights(f"parts={named} is neither a folder nor a hub id")
        _check(kind, told, named)
        return named
    fitting = [source for source in kind.likes if folder_of(source) is not None and not _misfit(kind, told, source)]
    if fitting:
        return fitting[0]
    raise BadWeights(
        f"it holds the denoiser of {kind.name} alone, and no model is here whose autoencoder and text encoders go with "
        f"it: name one behind it in MODEL_LOCAL, a folder or a hub id, such as ;parts={kind.likes[0]}"
    )


def _check(kind: LoneDenoiser, told: Told, source: str) -> None:
    """Raises BadWeights where a model that is here does not go with the denoiser; of others nothing is known."""
    why = _misfit(kind, told, source) if folder_of(source) is not None else ""
    if why:
        raise BadWeights(f"it is a denoiser of {kind.name}, and that of {source} {why}")


def _misfit(kind: LoneDenoiser, told: Told, source: str) -> str:
    """What the denoiser of a model that is here has otherwise, as a clause; "" where nothing."""
    folder = folder_of(source)
    index = _read(folder / "model_index.json") if folder else {}
    named = index.get(kind.part)
    if not isinstance(named, list) or kind.made_of not in named:
        return f"is no {kind.made_of}"
    config = _read(folder / kind.part / "config.json") if folder else {}
    heads, head = config.get("num_attention_heads"), config.get("attention_head_dim")
    if isinstance(heads, int) and isinstance(head, int):
        config["width"] = heads * head
    for name, value in told.items():
        if config.get(name, value) != value:
            return f"has {name} {config[name]}, not {value}"
    return ""


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _count(tensors: Shapes, start: str) -> int:
    return len({name[len(start) :].partition(".")[0] for name in tensors if name.startswith(start)})


def _flux(tensors: Shapes) -> Told:
    width, channels = tensors["img_in.weight"]
    return {
        "width": width,
        "in_channels": channels,
        "num_layers": _count(tensors, "double_blocks."),
        "num_single_layers": _count(tensors, "single_blocks."),
        "guidance_embeds": "guidance_in.in_layer.weight" in tensors,
    }


def _sd3(tensors: Shapes) -> Told:
    doubled = sum(name.endswith(".x_block.attn2.qkv.weight") for name in tensors)
    return {
        "width": tensors["x_embedder.proj.weight"][0],
        "num_layers": _count(tensors, "joint_blocks."),
        "dual_attention_layers": list(range(doubled)),
    }


def _z_image(tensors: Shapes) -> Told:
    return {"dim": tensors["cap_embedder.1.weight"][0], "n_layers": _count(tensors, "layers.")}


def _qwen_image(tensors: Shapes) -> Told:
    width, channels = tensors["img_in.weight"]
    return {"width": width, "in_channels": channels, "num_layers": _count(tensors, "transformer_blocks.")}


def _unet(tensors: Shapes) -> Told:
    return {
        "in_channels": tensors["input_blocks.0.0.weight"][1],
        "cross_attention_dim": width_of_words(tensors),
        "addition_embed_type": "text_time" if "label_emb.0.0.weight" in tensors else None,
    }


_FLUX_2: Final = ("klein-4B", "klein-9B", "klein-base-4B", "klein-base-9B", "dev")
KINDS: Final = (
    LoneDenoiser(
        "FLUX.2",
        "double_stream_modulation_img.lin.weight",
        "transformer",
        "Flux2Transformer2DModel",
        _flux,
        tuple(f"black-forest-labs/FLUX.2-{each}" for each in _FLUX_2),
    ),
    LoneDenoiser(
        "FLUX.1",
        "double_blocks.0.img_attn.qkv.weight",
        "transformer",
        "FluxTransformer2DModel",
        _flux,
        ("black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell"),
    ),
    LoneDenoiser(
        "SD 3.5",
        "joint_blocks.0.x_block.attn.qkv.weight",
        "transformer",
        "SD3Transformer2DModel",
        _sd3,
        ("stabilityai/stable-diffusion-3.5-large", "stabilityai/stable-diffusion-3.5-medium"),
    ),
    LoneDenoiser(
        "Z-Image",
        "cap_embedder.1.weight",
        "transformer",
        "ZImageTransformer2DModel",
        _z_image,
        ("Tongyi-MAI/Z-Image-Turbo", "Tongyi-MAI/Z-Image"),
    ),
    LoneDenoiser(
        "Qwen-Image",
        "transformer_blocks.0.img_mlp.net.0.proj.weight",
        "transformer",
        "QwenImageTransformer2DModel",
        _qwen_image,
        ("Qwen/Qwen-Image", "Qwen/Qwen-Image-2512"),
    ),
    LoneDenoiser(
        "SD 1.5 or SDXL",
        "input_blocks.0.0.weight",
        "unet",
        "UNet2DConditionModel",
        _unet,
        ("stabilityai/stable-diffusion-xl-base-1.0", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    ),
)
"""In the order in which they are told apart."""
