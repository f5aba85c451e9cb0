"""Small pictures of latents on the way: by the cheapest decoder that is at hand wherever the model's parts lie.

In this order: a tiny autoencoder of that latent space (TAESD) whose weights are on disk; the model's own autoencoder,
where it is on the device during the steps; else each cell of the latents by itself becomes a colour. How channels make
a colour is fitted once to the model's own autoencoder, so that it holds for every family and fine-tune.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local import latents as cells
from engine.backends.local import pixels, runtime
from engine.models.weights import folder_of

if TYPE_CHECKING:
    import numpy as np
    import torch

log = logging.getLogger(__name__)

TINY_FOLDER: Final = "taesd"
"""The folder of a tiny autoencoder, in the model's own."""
TINY: Final[Mapping[tuple[int, float], str]] = MappingProxyType(
    {
        (4, 0.18215): "madebyollin/taesd",
        (4, 0.13025): "madebyollin/taesdxl",
        (16, 1.5305): "madebyollin/taesd3",
        (16, 0.3611): "madebyollin/taef1",
    }
)
"""Where else one may lie, in the hub's cache: by the channels of a latent space and its scaling factor."""
PICTURES, SIDE_PX, LEAVES = 3, 192, 160
"""What colours are fitted to: pictures of overlapping leaves, which have the statistics of photographs."""
_RIDGE: Final = 1e-3


class Sketcher:
    """Makes small pictures for one loaded pipeline."""

    def __init__(self, pipe: Any, source: str, device: torch.device) -> None:
        self._pipe = pipe
        self._device = device
        self._tiny = _tiny(pipe, source, device)
        self._own = False
        self._colours: torch.Tensor | None = None

    def ready(self, *, own: bool) -> bool:
        """Whether it can make any, and gets ready for it; `own` says that the model's own autoencoder is at hand.

        Raises what the device raises, running out of memory among it.
        """
        if not cells.decodable(self._pipe):
            return False
        self._own = own
        if self._tiny is None and not own and self._colours is None and hasattr(self._pipe.vae, "encode"):
            self._colours = fitted(self._pipe, self._device)
        return self._tiny is not None or own or self._colours is not None

    def sketch(self, latents: Any, size: tuple[int, int]) -> list[Any]:
        """One a row: (height, width, 3) in uint8, None where the latents are no numbers. Waits for the device."""
        if self._tiny is not None:
            return pixels.of(self._by_tiny(cells.unpacked(self._pipe, latents, size)))
        if self._own or self._colours is None:
            return pixels.of(cells.decode(self._pipe, latents, size))
        return pixels.of(coloured(cells.unpacked(self._pipe, latents, size), self._colours))

    def _by_tiny(self, unpacked: Any) -> Any:
        """A tiny autoencoder reads latents as the denoiser has them, not as the model's own decodes them."""
        config = self._pipe.vae.config
        scaled = (unpacked - (getattr(config, "shift_factor", None) or 0.0)) * config.scaling_factor
        decoded = self._tiny.decode(cells.shrunk(scaled).to(self._tiny.dtype), return_dict=False)[0]
        return (decoded.float() / 2 + 0.5).clamp(0, 1)


def coloured(unpacked: Any, colours: Any) -> Any:
    """(rows, channels, height, width) as (rows, 3, height, width) in 0…1; `colours` is (channels + 1, 3)."""
    import torch

    colours = colours.to(unpacked.device, torch.float32)
    mixed = torch.einsum("nchw,cd->ndhw", unpacked.float(), colours[:-1]) + colours[-1].view(1, 3, 1, 1)
    return mixed.clamp(0, 1) if bool(torch.isfinite(mixed).all()) else mixed


def fitted(pipe: Any, device: torch.device) -> Any:
    """How the channels of this autoencoder's latents make colours, (channels + 1, 3), by least squares."""
    import torch

    shown = torch.from_numpy(leaves())  # (pictures, 3, side, side) in 0…1
    with torch.inference_mode():
        given = (shown * 2 - 1).to(device, pipe.vae.dtype)
        video = type(pipe.vae).__name__ == "AutoencoderKLQwenImage"
        latents = pipe.vae.encode(given.unsqueeze(2) if video else given).latent_dist.mode()
        pipe.maybe_free_model_hooks()
    flat = (latents[:, :, 0] if video else latents).double().cpu()
    channels, side = flat.shape[1], flat.shape[-1]
    wanted = torch.nn.functional.adaptive_avg_pool2d(shown.double(), side).permute(0, 2, 3, 1).reshape(-1, 3)
    known = flat.permute(0, 2, 3, 1).reshape(-1, channels)
    known = torch.cat([known, torch.ones(len(known), 1, dtype=known.dtype)], dim=1)
    square = known.T @ known
    damped = square + _RIDGE * torch.diag(square.diagonal().clamp(min=1e-9))
    return torch.linalg.solve(damped, known.T @ wanted).float()


def leaves() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Pictures of overlapping rectangles of every size, (pictures, 3, side, side) in 0…1; always the same."""
    import numpy as np

    chance = np.random.default_rng(7)
    shown = np.empty((PICTURES, 3, SIDE_PX, SIDE_PX), np.float32)
    for picture in shown:
        picture[:] = chance.random((3, 1, 1))
        for nth in range(LEAVES):
            side = int(SIDE_PX / (1 + nth / 8)) + 2
            top, left = chance.integers(-side, SIDE_PX, 2)
            picture[:, max(0, top) : top + side, max(0, left) : left + side] = chance.random((3, 1, 1))
    return shown


def _tiny(pipe: Any, source: str, device: torch.device) -> Any:
    """The tiny autoencoder of this latent space, on the device; None where there is none on disk."""
    config = getattr(pipe.vae, "config", None)
    kind = (getattr(config, "latent_channels", 0), getattr(config, "scaling_factor", 0.0) or 0.0)
    folder: Path | None = Path(source) / TINY_FOLDER
    if not (Path(source) / TINY_FOLDER / "config.json").is_file():
        folder = folder_of(TINY[kind]) if kind in TINY else None
    if folder is None:
        return None
    from diffusers import AutoencoderTiny

    try:
        with runtime.building(lambda: None):
            decoder = AutoencoderTiny.from_pretrained(
                str(folder), dtype=pipe.vae.dtype, use_safetensors=True, local_files_only=True
            )
    except (OSError, ValueError) as error:
        log.warning("The tiny autoencoder in %s cannot be read (%s); previews go without it.", folder, error)
        return None
    return decoder.to(device)
