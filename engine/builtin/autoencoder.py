"""The built-in model's autoencoder: a small `AutoencoderTiny`, 4 times smaller a side, 6 channels.

Trained on crops around faces, where errors cost most, with latents kept near a unit normal and shaken a
little, so that the decoder forgives what the transformer gets slightly wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.builtin.dataset import FACE, Picture, pixels

CHANNELS, FACTOR = 6, 4
NOISE = 0.05


def build() -> Any:
    """An untrained autoencoder."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        in_channels=3,
        out_channels=3,
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(48, 48, 48),
        num_encoder_blocks=(0, 1, 2),
        num_decoder_blocks=(3, 1, 0),
        latent_channels=CHANNELS,
        upsampling_scaling_factor=2,
        scaling_factor=1.0,
        shift_factor=0.0,
    )


class Crops:
    """All pictures in memory, and random crops of them that favour faces."""

    def __init__(self, side_px: int) -> None:
        self._side = side_px
        self._pixels: list[Any] = []
        self._framing: list[str] = []

    def refresh(self, found: list[Picture]) -> None:
        """Reads the pictures anew, with those rendered since."""
        self._pixels = [pixels(picture) for picture in found]
        self._framing = [picture.scene.framing for picture in found]

    def __len__(self) -> int:
        return len(self._pixels)

    def batch(self, size: int, rng: np.random.Generator) -> Tensor:
        """(size, 3, side, side) in −1…1, channels last, half of them mirrored."""
        return torch.stack([self._one(rng) for _ in range(size)]).contiguous(memory_format=torch.channels_last)

    def _one(self, rng: np.random.Generator) -> Tensor:
        which = int(rng.integers(len(self._pixels)))
        image = self._pixels[which]
        side = self._side
        height, width = image.shape[:2]
        if rng.random() < 0.7:
            middle, half = FACE[self._framing[which]]
            y, x = rng.normal(middle, half * 0.5) * height, rng.normal(0.5, half * 0.6) * width
        else:
            y, x = rng.uniform(0, height), rng.uniform(0, width)
        top = int(np.clip(y - side / 2, 0, height - side))
        left = int(np.clip(x - side / 2, 0, width - side))
        crop = image[top : top + side, left : left + side]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1).float() / 127.5 - 1


def encode(vae: Any, images: Tensor) -> Tensor:
    """Latents of images in −1…1, before scaling."""
    return vae.encoder(images)  # type: ignore[no-any-return]


def decode(vae: Any, latents: Tensor) -> Tensor:
    """Images in about −1…1 of latents before scaling."""
    return vae.decoder(latents)  # type: ignore[no-any-return]


def loss(vae: Any, images: Tensor) -> tuple[Tensor, dict[str, float]]:
    """What training minimises: absolute error, edges at three scales, colours, and latents far from normal.

    Colours are squared over 4 × 4 pixels, else a rare yellow stays the commoner orange.
    """
    latents = encode(vae, images)
    shaken = latents + NOISE * torch.randn_like(latents)
    made = decode(vae, shaken)
    difference = (made - images).abs().mean()
    edges = torch.stack([(_edges(_shrunk(made, k)) - _edges(_shrunk(images, k))).abs().mean() for k in (1, 2, 4)]).sum()
    mean, spread = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    normal = mean.pow(2).mean() + (spread - 1).pow(2).mean()
    colour = functional.avg_pool2d(made - images, 4)
    opponent = (colour - colour.mean(1, keepdim=True)).pow(2).mean()
    total = difference + 0.9 * edges + 6.0 * opponent + 1.0 * colour.pow(2).mean() + 0.01 * normal
    return total, {
        "l1": float(difference.detach()),
        "edges": float(edges.detach()),
        "opponent": float(opponent.detach()),
        "normal": float(normal.detach()),
    }


def _shrunk(images: Tensor, factor: int) -> Tensor:
    return images if factor == 1 else functional.avg_pool2d(images, factor)


def _edges(images: Tensor) -> Tensor:
    across = images[..., 1:, 1:] - images[..., 1:, :-1]
    down = images[..., 1:, 1:] - images[..., :-1, 1:]
    diagonal = images[..., 1:, 1:] - images[..., :-1, :-1]
    return torch.cat([across, down, diagonal], 1)


@torch.no_grad()
def psnr(vae: Any, found: list[Picture]) -> float:
    """Median signal-to-noise ratio of whole reconstructed pictures, in dB."""
    values = []
    for picture in found:
        image = torch.from_numpy(pixels(picture).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        made = decode(vae, encode(vae, image)).clamp(-1, 1)
        values.append(float(10 * torch.log10(4 / (made - image).pow(2).mean())))
    return float(np.median(values))


@torch.no_grad()
def measure_latents(vae: Any, found: list[Picture]) -> tuple[float, float]:
    """Mean and standard deviation of the latents, for the model's shift and scaling factors."""
    sums = np.zeros(3)
    for picture in found:
        image = torch.from_numpy(pixels(picture).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents = encode(vae, image)
        sums += (float(latents.sum()), float(latents.pow(2).sum()), latents.numel())
    mean = sums[0] / sums[2]
    return float(mean), float(np.sqrt(sums[1] / sums[2] - mean**2))


def load(folder: Path) -> Any:
    """A saved autoencoder, ready to use."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(folder, use_safetensors=True).eval()
