"""From a pipeline's latents on the way to small pictures, for each way in which pipelines keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_CELLS: Final = 32
"""Larger latents are shrunk to this side before they are decoded."""

Unpack = Callable[[Any, Any, tuple[int, int]], Any]
"""(pipeline, latents, (width, height) in pixels) → what its autoencoder decodes, one row a picture."""


def decodable(pipe: Any) -> bool:
    """Whether pictures can be made of this pipeline's latents before it has ended."""
    return _unpack(pipe) is not None


def decode(pipe: Any, latents: Any, size: tuple[int, int]) -> Sequence[Image]:
    """One picture a row, the longer side at most `SIDE_CELLS` cells; `size` is (width, height) in pixels."""
    unpack = _unpack(pipe)
    if unpack is None:
        raise ValueError("these latents cannot be decoded on the way")
    cells = _shrunk(unpack(pipe, latents, size))
    decoded = pipe.vae.decode(cells.to(pipe.vae.dtype), return_dict=False)[0]
    if decoded.ndim == 5:
        decoded = decoded[:, :, 0]
    pictures: Sequence[Image] = pipe.image_processor.postprocess(decoded.float(), output_type="pil")
    return pictures


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
    spread = (norm.running_var + pipe.vae.config.batch_norm_eps).sqrt()
    return pipe._unpatchify_latents(grid * spread.view(1, -1, 1, 1) + norm.running_mean.view(1, -1, 1, 1))


def _qwen(pipe: Any, latents: Any, size: tuple[int, int]) -> Any:
    """A film of one frame."""
    width, height = size
    film = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    mean, spread = (
        film.new_tensor(values).view(1, -1, 1, 1, 1)
        for values in (pipe.vae.config.latents_mean, pipe.vae.config.latents_std)
    )
    return film * spread + mean


def _shrunk(cells: Any) -> Any:
    import torch

    side = max(cells.shape[-2:])
    if side <= SIDE_CELLS:
        return cells
    flat = cells[:, :, 0] if cells.ndim == 5 else cells
    small = torch.nn.functional.interpolate(flat, scale_factor=SIDE_CELLS / side, mode="area")
    return small.unsqueeze(2) if cells.ndim == 5 else small


_UNPACK: Final[Mapping[str, Unpack]] = MappingProxyType({"Flux2": _flux2, "Flux": _flux, "QwenImage": _qwen})
"""By how the pipeline's class begins; the first that fits."""
