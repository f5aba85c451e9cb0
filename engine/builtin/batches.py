"""Batches for the transformer: latents of the renders, captions, and reference pictures of the same people."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.builtin import autoencoder, builds, chips, coupling, crops, dataset
from engine.builtin.mixed import mixed
from engine.builtin.scenes import LOOKS as SITTING
from engine.builtin.scenes import PER_PERSON
from engine.builtin.shown import Faces
from engine.face_adapter import EMBEDDING, FaceScale

DROP_CAPTION = 0.1
ANONYMOUS = 0.4
"""The share of captions that leave the person to the reference."""
FACE_WEIGHT = 4.0
"""How much the errors of faces count over those of what is about them."""
RARE = {"bun": 2.0, "buzz": 2.0}
"""How much oftener than others pictures with little hair in sight are drawn: its colour is learned last."""
NOWHERE = torch.full((5, 2), 0.5)


@dataclass
class Bucket:
    """Pictures of one size: their latents, as they are and mirrored, and where their faces are."""

    found: list[dataset.Picture]
    latents: list[Tensor]
    pixels: list[Tensor]
    weights: list[Tensor]


def _weights(picture: dataset.Picture, shape: torch.Size) -> Tensor:
    """How much each latent pixel's error counts: faces four times."""
    middle, half = dataset.FACE[picture.scene.framing]
    height, width = shape[-2:]
    y = (torch.arange(height) + 0.5) / height - middle
    x = ((torch.arange(width) + 0.5) / width - 0.5) * width / height
    squared = (y[:, None] / half) ** 2 + (x[None] / (0.85 * half)) ** 2
    return (1 + (FACE_WEIGHT - 1) * torch.exp(-(squared**2))).half()


def _chances(found: list[dataset.Picture]) -> npt.NDArray[np.float64]:
    """How likely each picture is to be drawn."""
    weights = np.array([RARE.get(picture.scene.hair_style, 1.0) for picture in found])
    chances: npt.NDArray[np.float64] = weights / weights.sum()
    return chances


@torch.no_grad()
def encode_all(vae: Any, found: list[dataset.Picture]) -> dict[tuple[int, int], Bucket]:
    """Scaled latents of every picture and its mirror image, by picture size."""
    buckets: dict[tuple[int, int], Bucket] = {}
    vae = vae.to(memory_format=torch.channels_last)
    for picture in found:
        seen = torch.from_numpy(dataset.pixels(picture).copy()).permute(2, 0, 1).contiguous()
        image = seen.float() / 127.5 - 1
        pair = torch.stack([image, image.flip(-1)]).contiguous(memory_format=torch.channels_last)
        with mixed():
            both = autoencoder.encode(vae, pair).float()
        scaled = ((both - vae.config.shift_factor) * vae.config.scaling_factor).half().contiguous()
        bucket = buckets.setdefault((image.shape[2], image.shape[1]), Bucket([], [], [], []))
        bucket.found.append(picture)
        bucket.latents.append(scaled)
        bucket.pixels.append(seen)
        bucket.weights.append(_weights(picture, scaled.shape))
    return buckets


@dataclass(frozen=True)
class Batch:
    """Latents (B, C, h, w), loss weights (B, 1, h, w), captions, and references (B, 128), zero where nobody is told.

    `poses` are what the noise is to say of each picture. `faces` (B, 128) is whose face is to be seen and `points`
    (B, 5, 2) where; `known` (B,) is 1 where references say it and 0 elsewhere. `others` (B, 128) tell of somebody
    else of the same sex, age band and skin, where there is one. `pictures` (B, 3, H, W) are what the latents are of,
    0 to 255.
    """

    latents: Tensor
    pictures: Tensor
    weights: Tensor
    captions: list[str]
    references: Tensor
    poses: list[Tensor]
    faces: Tensor
    points: Tensor
    known: Tensor
    others: Tensor


class Batches:
    """Random batches of one size each.

    Faces are told by `scale`, by default that of these people. Those of one `seed` agree on their sizes, whatever
    their `rank`: processes that train together then take equally long.
    """

    def __init__(self, vae: Any, renders: Path, seed: int, rank: int = 0, scale: FaceScale | None = None) -> None:
        self._kinds = random.Random(seed)
        seed += rank
        self._random, self._numbers = random.Random(seed), np.random.default_rng(seed)
        self.buckets = encode_all(vae, dataset.pictures(renders))
        self._scenes = {p.index: p.scene for bucket in self.buckets.values() for p in bucket.found}
        self._chances = {shape: _chances(bucket.found) for shape, bucket in self.buckets.items()}
        people = sorted({index // PER_PERSON for index in self._scenes})
        self._coupling = coupling.Coupling(self._scenes.values(), builds.read(renders, people))
        found = chips.read(renders, "pictures")
        self._points = {number // SITTING: torch.from_numpy(points) for number, points in found.items()}
        self.faces = Faces(crops.read(renders), self._scenes, seed, scale)

    @property
    def measured(self) -> bool:
        """Whether it is known where the pictures' faces are."""
        return bool(self._points)

    def __len__(self) -> int:
        return len(self._scenes)

    def draw(self, size: int) -> Batch:
        """A batch of pictures of one shape, with references to other pictures of the same people."""
        from engine.builtin.captions import caption
        from engine.builtin.scenes import mirrored

        shapes = list(self.buckets)
        shape = self._kinds.choices(shapes, [len(self.buckets[s].found) for s in shapes])[0]
        bucket = self.buckets[shape]
        nobody = torch.zeros(EMBEDDING)
        latents, pictures, weights, captions, shown, poses = [], [], [], [], [], []
        seen, points, known, others = [], [], [], []
        for at in self._numbers.choice(len(bucket.found), size=size, p=self._chances[shape]):
            index, flip = bucket.found[at].index, self._random.random() < 0.5
            what = mirrored(self._scenes[index]) if flip else self._scenes[index]
            face = self.faces.another(index, flip)
            said = caption(what, self._random, anonymous=face is not None and self._random.random() < ANONYMOUS)
            dropped = self._random.random() < DROP_CAPTION
            told = face is not None and not (dropped and self._random.random() < 0.5)
            latents.append(bucket.latents[at][int(flip)])
            pictures.append(bucket.pixels[at].flip(-1) if flip else bucket.pixels[at])
            weights.append(bucket.weights[at])
            captions.append("" if dropped else said)
            shown.append(face if face is not None and told else nobody)
            poses.append(self._coupling.pose(what))
            placed, whose = self._points.get(index // SITTING), self.faces.person(index, flip)
            other = self.faces.alike(index) if told else None
            others.append(shown[-1] if other is None else other)
            seen.append(nobody if whose is None else whose)
            points.append(NOWHERE if placed is None else chips.flipped(placed[None])[0] if flip else placed)
            known.append(float(told and placed is not None and whose is not None))
        return Batch(
            torch.stack(latents).float(),
            torch.stack(pictures),
            torch.stack(weights)[:, None].float(),
            captions,
            torch.stack(shown),
            poses,
            torch.stack(seen),
            torch.stack(points),
            torch.tensor(known),
            torch.stack(others),
        )
