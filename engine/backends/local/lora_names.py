"""LoRA files in kohya's, LyCORIS's, ComfyUI's, PEFT's and bare names → in a pipeline's own.

A module is found by its name with the dots taken for underscores, which is what kohya writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.flux_names import DOUBLE, DOUBLE_2, SINGLE, SINGLE_2, TOP, TOP_2
from engine.models.loras import halves

if TYPE_CHECKING:
    import torch

Modules = Mapping[str, tuple[str, ...]]
"""A module's name with underscores → the module's own; several where one of theirs is three of ours."""

_ENDS: Final = re.compile(
    r"(?P<module>.{1,300})\.(?P<end>lora_A|lora_B|lora_down|lora_up|lora\.down|lora\.up|lora_magnitude_vector)"
    r"(?:\.default)?(?:\.weight)?"
)
_UP: Final = frozenset({"lora_B", "lora_up", "lora.up"})
_DENOISER: Final = (
    *("base_model_model_transformer_", "base_model_model_", "model_diffusion_model_", "diffusion_model_"),
    *("lora_unet_", "lora_transformer_", "lycoris_", "transformer_", "unet_", ""),
)
_CLIP: Final = ("lora_te1_", "lora_te_", "text_encoder_", "text_encoders_clip_l_transformer_")
_CLIP_2: Final = ("lora_te2_", "text_encoder_2_", "text_encoders_clip_g_transformer_")
_T5: Final = ("lora_te3_", "text_encoder_3_", "text_encoders_t5xxl_transformer_")
_READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text_encoder": _CLIP,
    "text_encoder_2": _CLIP_2,
    "text_encoder_3": _T5,
}
_READERS_OF_FLUX: Final = {"text_encoder": _CLIP, "text_encoder_2": ("lora_te2_", "text_encoder_2_", *_T5)}
_JOINT: Final[Mapping[str, tuple[str, ...]]] = {
    "x_block_attn_qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "x_block_attn2_qkv": ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
    "context_block_attn_qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "x_block_attn_proj": ("attn.to_out.0",),
    "x_block_attn2_proj": ("attn2.to_out.0",),
    "context_block_attn_proj": ("attn.to_add_out",),
    "x_block_mlp_fc1": ("ff.net.0.proj",),
    "x_block_mlp_fc2": ("ff.net.2",),
    "context_block_mlp_fc1": ("ff_context.net.0.proj",),
    "context_block_mlp_fc2": ("ff_context.net.2",),
    "x_block_adaLN_modulation_1": ("norm1.linear",),
    "context_block_adaLN_modulation_1": ("norm1_context.linear",),
}
"""Stability's names of what is in a block of SD 3.5."""
_SD3_TOP: Final[Mapping[str, tuple[str, ...]]] = {
    "context_embedder": ("context_embedder",),
    "x_embedder_proj": ("pos_embed.proj",),
    "final_layer_linear": ("proj_out",),
    "y_embedder_mlp_0": ("time_text_embed.text_embedder.linear_1",),
    "y_embedder_mlp_2": ("time_text_embed.text_embedder.linear_2",),
    "t_embedder_mlp_0": ("time_text_embed.timestep_embedder.linear_1",),
    "t_embedder_mlp_2": ("time_text_embed.timestep_embedder.linear_2",),
}
_BLOCK: Final = re.compile(
    r"(?P<side>down|mid|up)_block(?:s\.(?P<level>\d{1,2}))?\.(?P<what>attentions|resnets)\.(?P<at>\d{1,2})\.(?P<rest>.{1,200})"
)
_UNET_TOP: Final[Mapping[str, tuple[str, ...]]] = {
    "input_blocks_0_0": ("conv_in",),
    "out_2": ("conv_out",),
    "time_embed_0": ("time_embedding.linear_1",),
    "time_embed_2": ("time_embedding.linear_2",),
    "label_emb_0_0": ("add_embedding.linear_1",),
    "label_emb_0_2": ("add_embedding.linear_2",),
}
_RESNET: Final[Mapping[str, str]] = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def in_own_names(pipe: Any, file: Path) -> dict[str, torch.Tensor] | None:
    """The file's tensors as the pipeline calls them; None where they are so already, or where diffusers must try."""
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = load_file(file)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if 2 * len(halves(shapes)) == len(tensors):
        return None
    modules = modules_of(pipe)
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(".alpha"):
            continue
        match = _ENDS.fullmatch(name)
        places = places_of(modules, match["module"]) if match else ()
        if match is None or not places:
            return None
        value = tensor * _scale(tensors, match["module"]) if match["end"] in _UP else tensor
        found |= _placed(pipe, places, match["end"], value)
    return found


def _scale(tensors: Mapping[str, torch.Tensor], module: str) -> float:
    """What kohya divides by when it trains: alpha over rank; 1 where there is no alpha."""
    alpha = tensors.get(f"{module}.alpha")
    down = next(
        (tensors[name] for end in ("lora_down", "lora_A") if (name := f"{module}.{end}.weight") in tensors), None
    )
    return 1.0 if alpha is None or down is None else float(alpha) / down.shape[0]


def _placed(pipe: Any, places: tuple[str, ...], end: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """One of theirs on each of ours: what goes in is shared, what comes out is cut."""
    name = {"lora_magnitude_vector": end}.get(end, "lora_B.weight" if end in _UP else "lora_A.weight")
    if name == "lora_A.weight" or len(places) == 1:
        return {f"{place}.{name}": value.contiguous() for place in places}
    rows = [rows_of(pipe, place) for place in places]
    if sum(rows) != value.shape[0]:
        rows = [value.shape[0]] + [0] * (len(places) - 1)  # what does not fit is told by its sizes
    return {f"{place}.{name}": part.contiguous() for place, part in zip(places, _cut(value, rows), strict=True)}


def _cut(value: torch.Tensor, rows: list[int]) -> Sequence[torch.Tensor]:
    import torch

    return torch.split(value, rows)


def rows_of(pipe: Any, place: str) -> int:
    """How much comes out of a module, named as "part.module"."""
    part, _, module = place.partition(".")
    return shape_of(getattr(pipe, part).get_submodule(module))[0]


def shape_of(layer: Any) -> tuple[int, ...]:
    """The shape of a layer's weight, out before in, however it is kept."""
    whole = hasattr(layer, "out_features")
    return (layer.out_features, layer.in_features) if whole else tuple(layer.weight.shape)


def places_of(modules: Mapping[str, Modules], module: str) -> tuple[str, ...]:
    """Where a module of theirs is in the pipeline, as "part.module"; several where it is cut, none where nowhere."""
    name = module.replace(".", "_")
    readers = _READERS if "text_encoder_3" in modules or "unet" in modules else _READERS_OF_FLUX
    for part, known in modules.items():
        for start in readers.get(part, _DENOISER):
            own = known.get(name.removeprefix(start)) if name.startswith(start) else None
            if own:
                return tuple(f"{part}.{each}" for each in own)
    return ()


def modules_of(pipe: Any) -> dict[str, Modules]:
    """The modules of each part that a LoRA can be for; readers first, since their names have a mark of their own."""
    found: dict[str, Modules] = {}
    for part in ("text_encoder_3", "text_encoder_2", "text_encoder", "transformer", "unet"):
        module = getattr(pipe, part, None)
        if module is not None:
            found[part] = _underscored(module, wrapped=part in _READERS)
    kind = type(pipe).__name__
    if "unet" in found:
        found["unet"] = {**found["unet"], **_original_unet(found["unet"], pipe.unet.config.layers_per_block)}
    elif "transformer" in found:
        found["transformer"] = {**found["transformer"], **_original(kind, pipe.transformer)}
    return found


def _original(kind: str, denoiser: Any) -> Modules:
    """The names that those who made a kind of model gave its modules."""
    if kind.startswith("StableDiffusion3"):
        return _joint(len(denoiser.transformer_blocks))
    if kind.startswith("Flux2"):
        return _flux(denoiser, TOP_2, DOUBLE_2, SINGLE_2)
    if kind.startswith("Flux"):
        return _flux(denoiser, TOP, DOUBLE, SINGLE)
    return _z_image(denoiser) if kind.startswith("ZImage") else {}


def _underscored(part: Any, *, wrapped: bool) -> dict[str, tuple[str, ...]]:
    """CLIP's modules stood in a `text_model` when the files were written, and do no longer."""
    names = [name.replace(".base_layer", "") for name, module in part.named_modules() if hasattr(module, "weight")]
    own: dict[str, tuple[str, ...]] = {name.replace(".", "_"): (name,) for name in names}
    return own | ({f"text_model_{name}": place for name, place in own.items()} if wrapped else {})


def _flux(
    denoiser: Any, top: Mapping[str, str], double: Mapping[str, tuple[str, ...]], single: Mapping[str, tuple[str, ...]]
) -> Modules:
    found: dict[str, tuple[str, ...]] = {theirs.replace(".", "_"): (ours,) for theirs, ours in top.items()}
    for theirs, ours, blocks, names in (
        ("double_blocks", "transformer_blocks", denoiser.transformer_blocks, double),
        ("single_blocks", "single_transformer_blocks", denoiser.single_transformer_blocks, single),
    ):
        for at in range(len(blocks)):
            for own, places in names.items():
                found[f"{theirs}_{at}_{own.replace('.', '_')}"] = tuple(f"{ours}.{at}.{place}" for place in places)
    return found


def _z_image(denoiser: Any) -> Modules:
    found: dict[str, tuple[str, ...]] = {}
    for side in ("layers", "noise_refiner", "context_refiner"):
        for at in range(len(getattr(denoiser, side))):
            start = f"{side}.{at}.attention."
            theirs = start.replace(".", "_")
            found[f"{theirs}qkv"] = tuple(f"{start}to_{each}" for each in "qkv")
            found[f"{theirs}out"] = (f"{start}to_out.0",)
    for name in ("final_layer.linear", "final_layer.adaLN_modulation.1", "x_embedder"):
        first, _, rest = name.partition(".")
        found[name.replace(".", "_")] = (f"all_{first}.2-1" + (f".{rest}" if rest else ""),)
    return found


def _original_unet(own: Modules, blocks: int) -> dict[str, tuple[str, ...]]:
    """Stability's names of the modules of a U-Net with so many blocks a level."""
    found = dict(_UNET_TOP)
    names = {places[0] for places in own.values()}
    for name in names:
        for side, start, first in (("down", "input", 0), ("up", "output", -1)):
            if name.startswith(f"{side}_blocks.") and name.endswith(("downsamplers.0.conv", "upsamplers.0.conv")):
                level = int(name.split(".")[1])
                at = first + (level + 1) * (blocks + 1)
                between = side == "up" and any(each.startswith(f"up_blocks.{level}.attentions.") for each in names)
                found[f"{start}_blocks_{at}_{int(side == 'up') + between}_{'op' if side == 'down' else 'conv'}"] = (
                    name,
                )
        match = _BLOCK.fullmatch(name)
        if match is None:
            continue
        rest = match["rest"]
        attention = match["what"] == "attentions"
        level, at = int(match["level"] or 0), int(match["at"])
        if match["side"] == "mid":
            start = f"middle_block_{1 if attention else 2 * at}"
        else:
            side, first = ("input", 1) if match["side"] == "down" else ("output", 0)
            start = f"{side}_blocks_{first + level * (blocks + 1) + at}_{int(attention)}"
        theirs = rest if attention else _RESNET.get(rest, rest)
        found[f"{start}_{theirs}".replace(".", "_")] = (name,)
    return found


def _joint(blocks: int) -> dict[str, tuple[str, ...]]:
    found = dict(_SD3_TOP)
    for at in range(blocks):
        for theirs, ours in _JOINT.items():
            found[f"joint_blocks_{at}_{theirs}"] = tuple(f"transformer_blocks.{at}.{each}" for each in ours)
    return found
