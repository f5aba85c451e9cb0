"""Makes who is drawn where no reference is given: people of training, by what captions say of them (`FacePrior`)."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor

from engine.builtin import dataset
from engine.builtin.captions import caption
from engine.builtin.people import Person
from engine.builtin.scenes import PER_PERSON
from engine.builtin.shown import Faces
from engine.face_adapter import FacePrior

SEXES, AGES = ("man", "woman"), ("young", "middle-aged", "old")
SKINS = ("fair", "light", "tan", "brown", "dark")
PENALTY = 1e-3
"""Of the weights, against the mean square of the words' numbers."""
LONGEST = 64


def kind(who: Person) -> list[float]:
    """What is true of a person, of all that captions may say: sex, age band and skin tone, each as 1 among 0s."""
    said = ((who.sex, SEXES), (who.age, AGES), (who.skin, SKINS))
    return [float(value == one) for value, every in said for one in every]


@torch.no_grad()
def fit(reader: Any, found: list[dataset.Picture], faces: Faces, seed: int = 0) -> FacePrior:
    """Ridge regression from the text encoders' words of captions to what is true of the people they speak of.

    People are told as one sitting of theirs shows them. Raises ValueError where nobody has two with a face.
    """
    chosen = random.Random(seed)
    by_person = {picture.index // PER_PERSON: picture for picture in found}
    people = [
        (token, picture.scene.person)
        for picture in by_person.values()
        for flip in (False, True)
        if (token := faces.another(picture.index, flip)) is not None
    ]
    if not people:
        raise ValueError("There are no faces to fit a prior to: run `python -m engine.builtin.crops` first.")
    captions = [caption(picture.scene, chosen) for picture in found]
    parts = [captions[start : start + LONGEST] for start in range(0, len(captions), LONGEST)]
    words = torch.cat([reader(part)[0].mean(1) for part in parts])
    weight, bias = regression(words, torch.tensor([kind(picture.scene.person) for picture in found]))
    tokens, kinds = torch.stack([token for token, _ in people]), torch.tensor([kind(who) for _, who in people])
    return FacePrior(weight, bias, tokens, kinds)


def regression(words: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (K, width) and bias (K,) from means of embedded words (N, width) to what is true (N, K)."""
    middle, mean = words.double().mean(0), kinds.double().mean(0)
    inputs, wanted = words.double() - middle, kinds.double() - mean
    gram = inputs.T @ inputs
    penalty = PENALTY * gram.diagonal().mean() + 1e-9
    weight = torch.linalg.solve(gram + penalty * torch.eye(len(gram)), inputs.T @ wanted).T
    return weight.float(), (mean - weight @ middle).float()
