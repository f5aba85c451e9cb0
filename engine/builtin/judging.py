"""How far a guessed face is somebody else's: decoded, cut as dlib does it, and embedded.

Squared errors of latents hardly count what makes a face somebody's, so a share of the guesses is also wrong by their
embeddings (the identity loss of portrait models: Guo et al. 2024, "PuLID: pure and lightning ID customization via
contrastive alignment"). The embeddings are those that the measure of identity rests on; the model card says so.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.builtin import autoencoder, chips, embedder
from engine.face_adapter import FaceScale

WINDOW = 28
"""The side of the square of latents around a face that is decoded."""


class Judge:
    """Tells faces in latents by the same scale as references are told."""

    def __init__(self, vae: Any, scale: FaceScale) -> None:
        self._vae = vae.to(memory_format=torch.channels_last).requires_grad_(False)
        self._embed = embedder.load()
        self._middle, self._spread = torch.tensor(scale.middle), torch.tensor(scale.spread)

    def __call__(self, latents: Tensor, points: Tensor, faces: Tensor, known: Tensor) -> Tensor:
        """The mean squared error of the embeddings of faces at `points` (B, 5, 2) in scaled latents (B, C, h, w).

        `faces` (B, 128) are whose they are to be, where `known` (B,) is 1; it is 1 where nothing of that is seen.
        """
        windows, placed = _windows(latents, points)
        config = self._vae.config
        unscaled = windows / config.scaling_factor + config.shift_factor
        pictures = autoencoder.decode(self._vae, unscaled.contiguous(memory_format=torch.channels_last)).float()
        cut = chips.cut(pictures.clamp(-1.2, 1.2), placed)
        told = (self._embed(cut).float() - self._middle) / self._spread
        wrong: Tensor = ((told - faces).pow(2).mean(1) * known).sum() / known.sum().clamp(min=1)
        return wrong


def _windows(latents: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Squares of latents around faces, and the points in them."""
    size = torch.tensor(latents.shape[:-3:-1])
    middle = points.mean(1) * size - WINDOW / 2
    corners = torch.minimum(middle.round().long().clamp(min=0), size - WINDOW)
    cut = [one[:, y : y + WINDOW, x : x + WINDOW] for one, (x, y) in zip(latents, corners.tolist(), strict=True)]
    return torch.stack(cut), (points * size - corners[:, None]) / WINDOW
