"""Fits who is drawn where no reference is given: faces of the people whom captions describe (`FacePrior`)."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor

from engine.builtin import dataset
from engine.builtin.captions import caption
from engine.builtin.scenes import mirrored
from engine.builtin.shown import Faces
from engine.face_adapter import EMBEDDING, FacePrior

WORDINGS = 2
"""Captions of each picture, and of its mirror image."""
PENALTY = 0.01
"""Of the weights, against the mean square of the pooled embeddings' numbers."""


@torch.no_grad()
def fit(reader: Any, found: list[dataset.Picture], faces: Faces, seed: int = 0) -> FacePrior:
    """Ridge regression from what the text encoders make of captions to the embeddings of the people they speak of.

    Raises ValueError where no picture's person has another picture with a face.
    """
    chosen = random.Random(seed)
    said: list[Tensor] = []
    told: list[Tensor] = []
    for picture in found:
        what = picture.scene
        for flip in (False, True):
            captions = [caption(mirrored(what) if flip else what, chosen) for _ in range(WORDINGS)]
            people = [faces.another(picture.index, flip) for _ in captions]
            pooled = reader(captions)[1]
            for row, person in zip(pooled, people, strict=True):
                if person is not None:
                    said.append(row)
                    told.append(person)
    if not told:
        raise ValueError("There are no faces to fit a prior to: run `python -m engine.builtin.crops` first.")
    return regression(torch.stack(said), torch.stack(told))


def regression(said: Tensor, told: Tensor) -> FacePrior:
    """The prior of faces (N, 128) given pooled embeddings (N, pooled)."""
    middle, mean = said.double().mean(0), told.double().mean(0)
    inputs, wanted = said.double() - middle, told.double() - mean
    gram = inputs.T @ inputs
    penalty = PENALTY * gram.diagonal().mean() + 1e-9
    weight = torch.linalg.solve(gram + penalty * torch.eye(len(gram)), inputs.T @ wanted).T
    left = wanted - inputs @ weight.T
    values, vectors = torch.linalg.eigh(left.T @ left / len(left))
    spread = vectors * values.clamp(min=0).sqrt() @ vectors.T
    assert spread.shape == (EMBEDDING, EMBEDDING)  # noqa: S101  (what the format promises)
    return FacePrior(weight.float(), (mean - weight @ middle).float(), spread.float())
