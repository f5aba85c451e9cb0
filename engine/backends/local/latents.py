"""From a pipeline's latents on the way to small pictures, for each way in which pipelines keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

SIDE_CELLS: Final = 32
"""Larger latents are shrunk to this side before they are decoded."""

Unpack = Callable[[Any, Any, tuple[int, int]], Any]
"""(pipeline, latents, (width, height) in pixels) → what its autoencoder decodes, one row a picture."""


def decodable(pipe: Any) -> bool:
    """Whether pictures can be made of this pipeline's latents before it has ended."""
    return _unpack(pipe) is not None


def unpacked(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """What the autoencoder decodes, (rows, channels, height, width) in cells; `size` is (width, height) in pixels."""
    cells = _unpacked(pipe, latents, size)
    return cells[:, :, 0] if cells.ndim == 5 else cells


def decode(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """(rows, 3, height, width) in 0…1, the longer side at most `SIDE_CELLS` cells."""
    cells = shrunk(_unpacked(pipe, latents, size))
    return _postprocessed(pipe, pipe.vae.decode(cells.to(pipe.vae.dtype), return_dict=False)[0])


def _unpacked(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    unpack = _unpack(pipe)
    if unpack is None:
        raise ValueError("these latents cannot be decoded on the way")
    return unpack(pipe, latents, size)


def can_be_wider(pipe: Any) -> bool:
    """Whether decoding can be done again with more bits than it was."""
    import torch

    streamed = any(weight.is_meta for weight in pipe.vae.parameters())  # layer by layer, its weights lie elsewhere
    return decodable(pipe) and pipe.vae.dtype != torch.float32 and not streamed


def decode_wide(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """Pictures of their full size from an autoencoder that works at 32 bits for once: (rows, 3, height, width), 0…1."""
    import torch

    usual = pipe.vae.dtype
    pipe.vae.to(dtype=torch.float32)
    try:
        return _postprocessed(pipe, pipe.vae.decode(_unpacked(pipe, latents.float(), size), return_dict=False)[0])
    finally:
        pipe.vae.to(dtype=usual)


def _postprocessed(pipe: Any, decoded: Any) -> Any:
    frames = decoded[:, :, 0] if decoded.ndim == 5 else decoded
    return pipe.image_processor.postprocess(frames.float(), output_type="pt")


def _unpack(pipe: Any) -> Unpack | None:
    name = type(pipe).__name__
    if name.startswith("QwenImage21"):
        return None  # its latents are not packed as those of Qwen-Image are
    special = next((unpack for prefix, unpack in _UNPACK.items() if name.startswith(prefix)), None)
    if special is not None:
        return special
    return _scaled if hasattr(pipe.vae.config, "scaling_factor") else None


def _scaled(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    config = pipe.vae.config
    return latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)


def _flux(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    width, height = size
    return _scaled(pipe, pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor), size)


def _flux2(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """Tokens of 2×2 cells, normalised by the autoencoder's batch norm."""
    rows, _, channels = latents.shape
    cell_px = pipe.vae_scale_factor * 2
    width, height = (side // cell_px for side in size)
    grid = latents.transpose(1, 2).reshape(rows, channels, height, width)
    norm = pipe.vae.bn
    variance, mean = (values.to(grid.device).view(1, -1, 1, 1) for values in (norm.running_var, norm.running_mean))
    return pipe._unpatchify_latents(grid * (variance + pipe.vae.config.batch_norm_eps).sqrt() + mean)


def _qwen(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """A film of one frame."""
    width, height = size
    film = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    mean, spread = (
        film.new_tensor(values).view(1, -1, 1, 1, 1)
        for values in (pipe.vae.config.latents_mean, pipe.vae.config.latents_std)
    )
    return film * spread + mean


def shrunk(cells: Any) -> Any:
    """The same cells, (rows, channels, …, height, width), the longer side at most `SIDE_CELLS`."""
    import torch

    side = max(cells.shape[-2:])
    if side <= SIDE_CELLS:
        return cells
    flat = cells[:, :, 0] if cells.ndim == 5 else cells
    small = torch.nn.functional.interpolate(flat, scale_factor=SIDE_CELLS / side, mode="area")
    return small.unsqueeze(2) if cells.ndim == 5 else small


_UNPACK: Final[Mapping[str, Unpack]] = MappingProxyType({"Flux2": _flux2, "Flux": _flux, "QwenImage": _qwen})
"""By how the pipeline's class begins; the first that fits."""
