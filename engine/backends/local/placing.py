"""Puts the parts of a loaded pipeline where a placement wants them, and takes them back, without reading anything anew.

Pictures are the same bit for bit wherever parts live, tiles apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.placement.plan import Placement
from engine.placement.sizes import READERS, TILE_PX

if TYPE_CHECKING:
    import torch

_GROUP_HOOKS = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")
_TILE_OVERLAP = 0.25


def modules(pipe: Any) -> dict[str, Any]:
    """The parts of a pipeline that have weights, by name."""
    import torch

    return {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}


def denoiser_name(pipe: Any) -> str:
    """The part that makes the steps: "transformer" or "unet"."""
    return "transformer" if getattr(pipe, "transformer", None) is not None else "unet"


def place(pipe: Any, placement: Placement, device: torch.device, *, pinned: bool = True) -> None:
    """Moves everything to where it belongs. `pinned` locks in memory what is streamed, which streams best.

    Raises what the device raises, running out of memory among it; the pipeline can be placed again then.
    """
    release(pipe)
    set_tiles(pipe, placement.tiled)
    if placement.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif placement.offload == "sequential":
        _place_layers(pipe, device)
    else:
        _place_parts(pipe, placement, device, pinned)


def park(pipe: Any) -> None:
    """Takes all of it off the device, into the machine's memory."""
    release(pipe)
    for part in modules(pipe).values():
        part.to("cpu")


def release(pipe: Any) -> None:
    """Takes off what a placement hung on the parts. They stay where they are, each as a whole."""
    pipe.remove_all_hooks()
    for part in modules(pipe).values():
        for module in part.modules():
            registry: Any = getattr(module, "_diffusers_hook", None)
            if registry is not None:
                for name in _GROUP_HOOKS:
                    registry.remove_hook(name, recurse=False)


def _place_layers(pipe: Any, device: torch.device) -> None:
    """Every layer comes to the device for its own work alone. A pipeline placed so can only be read again."""
    from accelerate import cpu_offload

    for name, part in modules(pipe).items():
        part.to("cpu")
        if name in pipe._exclude_from_cpu_offload:
            part.to(device)
        else:
            cpu_offload(part, device, offload_buffers=len(part._parameters) > 0)


def _place_parts(pipe: Any, placement: Placement, device: torch.device, pinned: bool) -> None:
    """First what leaves the device, so that what comes has room."""
    denoiser = denoiser_name(pipe)
    parts = modules(pipe)
    off = {name for name in parts if name.startswith(READERS)} if placement.offload != "none" else set()
    if placement.offload == "group":
        off.add(denoiser)
    for name in off:
        parts[name].to("cpu")
    for name in parts.keys() - off:
        parts[name].to(device)
    for name in off:
        _stream(parts[name], device, pinned, by_block=name == denoiser)


def _stream(part: Any, device: torch.device, pinned: bool, *, by_block: bool) -> None:
    """Hooks that bring a part's layers to the device when it comes to them; the next is on its way meanwhile."""
    from diffusers.hooks import apply_group_offloading

    streams = device.type in ("cuda", "xpu")
    apply_group_offloading(
        part,
        onload_device=device,
        offload_type="block_level" if by_block else "leaf_level",
        num_blocks_per_group=1 if by_block else None,
        use_stream=streams,
        low_cpu_mem_usage=streams and not pinned,
    )


def set_tiles(pipe: Any, tiled: bool) -> None:
    """Whether the autoencoder works in tiles: less memory, and seams that differ by a few levels."""
    vae = pipe.vae
    if not hasattr(vae, "enable_tiling"):
        return
    if not tiled:
        vae.disable_tiling()
        return
    vae.enable_tiling()
    cell = 2 ** (len(getattr(vae.config, "block_out_channels", (1,) * 4)) - 1)
    cells = TILE_PX // cell
    for name, value in (
        ("tile_sample_min_size", TILE_PX),
        ("tile_latent_min_size", cells),
        ("tile_overlap_factor", _TILE_OVERLAP),
    ):
        if hasattr(vae, name):
            setattr(vae, name, value)


def has_tiles(pipe: Any) -> bool:
    """Whether the autoencoder can work in tiles."""
    return hasattr(pipe.vae, "enable_tiling")


def took_effect(pipe: Any, placement: Placement, device: torch.device) -> str:
    """What of a placement did nothing, as a clause; "" when all is where it should be."""
    parts = modules(pipe)
    streamed = {name for name, part in parts.items() if _has_group_hook(part)}
    hooked = {name for name, part in parts.items() if hasattr(part, "_hf_hook")}
    if placement.offload in ("model", "sequential") and not hooked:
        return f"{placement.offload} offload is set, but it took no effect"
    if placement.offload == "group" and denoiser_name(pipe) not in streamed:
        return "group offload is set, but it took no effect"
    if placement.offload in ("model", "sequential"):
        return ""
    for name, part in parts.items():
        if name not in streamed and part.device.type != device.type:
            return f"its {name} stayed on {part.device.type}"
    return ""


def _has_group_hook(part: Any) -> bool:
    from diffusers.hooks.group_offloading import _is_group_offload_enabled

    return bool(_is_group_offload_enabled(part))


def held_bytes(pipe: Any) -> dict[str, int]:
    """What the weights of each part take, by name."""
    return {
        name: sum(tensor.numel() * tensor.element_size() for tensor in (*part.parameters(), *part.buffers()))
        for name, part in modules(pipe).items()
    }


def on_card_when_idle(sizes: dict[str, int], placement: Placement) -> int:
    """What of these parts is on the device between two pictures, in bytes."""
    if placement.offload in ("model", "sequential"):
        return 0
    off = READERS if placement.offload != "none" else ()
    off = (*off, "transformer", "unet") if placement.offload == "group" else off
    return sum(size for name, size in sizes.items() if not name.startswith(off))
