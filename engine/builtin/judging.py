"""How far a guessed face is from the one that was to be painted: decoded, and looked at as dlib does it.

Squared errors of latents hardly count what makes a face somebody's, so a share of the guesses is also wrong by their
embeddings (the identity loss of portrait models: Guo et al. 2024, "PuLID: pure and lightning ID customization via
contrastive alignment"). An embedding alone can be reached by a distorted face, and by one that is lit otherwise: so
guesses of the picture's own face are also wrong by their pixels and by what dlib's network sees on its way (a
perceptual loss: Johnson et al. 2016, "Perceptual losses for real-time style transfer"), and all by their colours.

The embeddings are those that the measure of identity rests on; the model card says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.builtin import autoencoder, chips, embedder
from engine.face_adapter import FaceScale

Decode = Callable[[Tensor], Tensor]

WINDOW = 28
"""The side of the square of latents around a face that is decoded."""
EDGE = 4
"""Pixels at the window's edges that are not looked at: there the decoder lacks what is beyond."""
_COARSE = 15
"""The side of the squares, in pixels of chips, over which colours are compared: skin and light, not features."""
_AROUND = 8
"""The side of such squares around faces, in pixels: cropped hair is a thin strip."""
_DARKEST = 0.05
"""Added to tones, from 0 to 1, before their logarithms."""


@dataclass(frozen=True)
class Looked:
    """Squares around faces (B, 3, h, w) and the faces' chips (B, 3, 150, 150), in −1…1, and what dlib's network sees.

    `levels` are what it sees on its way, (B, C, h, w) each, and `told` the embeddings (B, 128).
    """

    window: Tensor
    chip: Tensor
    levels: list[Tensor]
    told: Tensor


@dataclass(frozen=True)
class Seen:
    """What is painted around faces, and what is to be."""

    made: Looked
    wanted: Looked


class Judge:
    """Tells faces in latents by the same scale as references are told."""

    def __init__(self, decode: Decode, scale: FaceScale) -> None:
        self._decode = decode
        self._embed = embedder.load()
        self._middle, self._spread = torch.tensor(scale.middle), torch.tensor(scale.spread)

    def look(self, latents: Tensor, pictures: Tensor, points: Tensor) -> Seen:
        """What is painted and what is to be around the faces at `points` (B, 5, 2).

        `latents` (B, C, h, w) are scaled; `pictures` (B, 3, 4 h, 4 w) from 0 to 255.
        """
        corners = _corners(latents, points)
        size = torch.tensor(latents.shape[:-3:-1])
        placed = (points * size - corners[:, None]) / WINDOW
        made = self._looked(self._decode(_cut(latents, corners, WINDOW, 1)).float(), placed)
        with torch.no_grad():
            window = _cut(pictures, corners, WINDOW, autoencoder.FACTOR).float() / 127.5 - 1
            return Seen(made, self._looked(window, placed))

    def _looked(self, window: Tensor, points: Tensor) -> Looked:
        chip = chips.cut(window.clamp(-1.2, 1.2), points)
        return Looked(window[..., EDGE:-EDGE, EDGE:-EDGE], chip, *self._embed.seen(chip))

    def __call__(self, seen: Seen, faces: Tensor, known: Tensor, own: Tensor) -> dict[str, Tensor]:
        """What is wrong with the faces.

        "another": the mean squared error of their embeddings; `faces` (B, 128) are whose they are to be, where `known`
        (B,) is 1; it is 1 where nothing of that is seen. "colours": of their coarse colours and of their logarithms,
        which tell dark skins apart, against what is wanted, and "around": the same of what is around them, hair above
        all. "pixels" and "features" count only where `own` (B,) says that the picture shows the very face that is
        wanted.
        """
        own = own * known
        made, wanted = seen.made, seen.wanted
        told = (made.told.float() - self._middle) / self._spread
        features = [
            (one.float() - other.float()).pow(2).mean((1, 2, 3)) / other.float().var((1, 2, 3))
            for one, other in zip(made.levels, wanted.levels, strict=True)
        ]
        return {
            "another": _mean((told - faces).pow(2).mean(1), known),
            "colours": _mean(_untoned(made.chip, wanted.chip, _COARSE), known),
            "around": _mean(_untoned(made.window, wanted.window, _AROUND), known),
            "pixels": _mean((made.window - wanted.window).abs().mean((1, 2, 3)), own),
            "features": _mean(torch.stack(features).mean(0), own),
        }

    def whole(self, latents: Tensor, pictures: Tensor) -> Tensor:
        """How far whole pictures are from their latents' decoded: windows have no borders to learn."""
        off: Tensor = (self._decode(latents).float() - (pictures.float() / 127.5 - 1)).abs().mean()
        return off


def _untoned(made: Tensor, wanted: Tensor, side: int) -> Tensor:
    """How far (B,) the coarse colours of images (B, 3, h, w) in −1…1, and their logarithms, are from what is wanted."""
    return (_tones(made, side) - _tones(wanted, side)).pow(2).mean((1, 2, 3))


def _tones(image: Tensor, side: int) -> Tensor:
    """Mean colours of squares, and their logarithms: (B, 6, h / side, w / side)."""
    coarse = (functional.avg_pool2d(image, side) + 1) / 2
    return torch.cat([coarse, (coarse.clamp(min=0) + _DARKEST).log()], 1)


def _mean(each: Tensor, counted: Tensor) -> Tensor:
    return (each * counted).sum() / counted.sum().clamp(min=1)


def _corners(latents: Tensor, points: Tensor) -> Tensor:
    """Upper left corners (B, 2), x and y, of the squares of latents around faces."""
    size = torch.tensor(latents.shape[:-3:-1])
    return torch.minimum((points.mean(1) * size - WINDOW / 2).round().long().clamp(min=0), size - WINDOW)


def _cut(images: Tensor, corners: Tensor, side: int, factor: int) -> Tensor:
    """Squares of images, whose sides and corners are `factor` times those that are said."""
    whole = side * factor
    cut = [
        image[:, y : y + whole, x : x + whole]
        for image, (x, y) in zip(images, (corners * factor).tolist(), strict=True)
    ]
    return torch.stack(cut).contiguous(memory_format=torch.channels_last)
