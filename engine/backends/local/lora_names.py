"""LoRA files in kohya's, ComfyUI's, PEFT's and bare names → in a pipeline's own, where diffusers has no conversion.

A module is found by its name with the dots taken for underscores, which is what kohya writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.flux_names import DOUBLE, SINGLE, TOP
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
    *("lora_unet_", "lora_transformer_", "transformer_", "unet_", ""),
)
_READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text_encoder": ("lora_te1_", "lora_te_", "text_encoder_"),
    "text_encoder_2": ("lora_te2_", "text_encoder_2_"),
    "text_encoder_3": ("lora_te3_", "text_encoder_3_"),
}
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
    "final_layer_linear": ("proj_out",),
    "y_embedder_mlp_0": ("time_text_embed.text_embedder.linear_1",),
    "y_embedder_mlp_2": ("time_text_embed.text_embedder.linear_2",),
    "t_embedder_mlp_0": ("time_text_embed.timestep_embedder.linear_1",),
    "t_embedder_mlp_2": ("time_text_embed.timestep_embedder.linear_2",),
}


_BLOCK: Final = re.compile(
    r"(?P<side>down|mid|up)_block(?:s\.(?P<level>\d{1,2}))?\.(?P<what>attentions|resnets)\.(?P<at>\d{1,2})\.(?P<rest>.{1,200})"
)
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
    modules = _modules(pipe)
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(".alpha"):
            continue
        match = _ENDS.fullmatch(name)
        places = _places(modules, match["module"]) if match else ()
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
    if end == "lora_magnitude_vector":
        return {f"{place}.lora_magnitude_vector": value for place in places}
    if end not in _UP or len(places) == 1:
        half = "lora_B" if end in _UP else "lora_A"
        return {f"{place}.{half}.weight": value.contiguous() for place in places}
    rows = [_rows(pipe, place) for place in places]
    if sum(rows) != value.shape[0]:
        rows = [value.shape[0]] + [0] * (len(places) - 1)  # what does not fit is told by its sizes
    return {f"{place}.lora_B.weight": part.contiguous() for place, part in zip(places, _cut(value, rows), strict=True)}


def _cut(value: torch.Tensor, rows: list[int]) -> Sequence[torch.Tensor]:
    import torch

    return torch.split(value, rows)


def _rows(pipe: Any, place: str) -> int:
    """How much comes out of a module."""
    part, _, module = place.partition(".")
    rows: int = getattr(pipe, part).get_submodule(module).weight.shape[0]
    return rows


def _places(modules: Mapping[str, Modules], module: str) -> tuple[str, ...]:
    name = module.replace(".", "_")
    for part, known in modules.items():
        for start in _READERS.get(part, _DENOISER):
            own = known.get(name.removeprefix(start)) if name.startswith(start) else None
            if own:
                return tuple(f"{part}.{each}" for each in own)
    return ()


def _modules(pipe: Any) -> dict[str, Modules]:
    """The modules of each part that a LoRA can be for; readers first, since their names have a mark of their own."""
    found: dict[str, Modules] = {}
    for part in ("text_encoder_3", "text_encoder_2", "text_encoder", "transformer", "unet"):
        module = getattr(pipe, part, None)
        if module is not None:
            found[part] = _underscored(module, wrapped=part in _READERS)
    kind = type(pipe).__name__
    if kind == "StableDiffusion3Pipeline":
        found["transformer"] = {**found["transformer"], **_joint(len(pipe.transformer.transformer_blocks))}
    elif kind.startswith("Flux") and not kind.startswith("Flux2"):
        found["transformer"] = {**found["transformer"], **_flux(pipe.transformer)}
    elif "unet" in found:
        found["unet"] = {**found["unet"], **_original_unet(found["unet"], pipe.unet.config.layers_per_block)}
    return found


def _underscored(part: Any, *, wrapped: bool) -> dict[str, tuple[str, ...]]:
    """CLIP's modules stood in a `text_model` when the files were written, and do no longer."""
    names = [name.replace(".base_layer", "") for name, module in part.named_modules() if hasattr(module, "weight")]
    own: dict[str, tuple[str, ...]] = {name.replace(".", "_"): (name,) for name in names}
    return own | ({f"text_model_{name}": place for name, place in own.items()} if wrapped else {})


def _flux(denoiser: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {theirs.replace(".", "_"): (ours,) for theirs, ours in TOP.items()}
    for theirs, ours, blocks, names in (
        ("double_blocks", "transformer_blocks", denoiser.transformer_blocks, DOUBLE),
        ("single_blocks", "single_transformer_blocks", denoiser.single_transformer_blocks, SINGLE),
    ):
        for at in range(len(blocks)):
            for own, places in names.items():
                found[f"{theirs}_{at}_{own.replace('.', '_')}"] = tuple(f"{ours}.{at}.{place}" for place in places)
    return found


def _original_unet(own: Modules, blocks: int) -> dict[str, tuple[str, ...]]:
    """Stability's names of the modules of a U-Net with so many blocks a level."""
    found: dict[str, tuple[str, ...]] = {}
    for name in (places[0] for places in own.values()):
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
