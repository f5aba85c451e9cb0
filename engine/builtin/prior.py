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

    People are told by the mean of their sittings, which says less of one picture's hair and light, unless they are
    mistaken for somebody of another sex or skin: face and words would be at odds.

    Raises ValueError where nobody has a face.
    """
    chosen = random.Random(seed)
    by_person = {picture.index // PER_PERSON: picture for picture in found}
    sat = [
        (token, person)
        for person, picture in by_person.items()
        for flip in (False, True)
        if (token := faces.person(picture.index, flip)) is not None
    ]
    if not sat:
        raise ValueError("There are no faces to fit a prior to: run `python -m engine.builtin.crops` first.")
    captions = [caption(picture.scene, chosen) for picture in found]
    parts = [captions[start : start + LONGEST] for start in range(0, len(captions), LONGEST)]
    words = torch.cat([reader(part)[0].mean(1) for part in parts])
    weight, bias = regression(words, torch.tensor([kind(picture.scene.person) for picture in found]))
    tokens = torch.stack([token for token, _ in sat])
    kinds = torch.tensor([kind(by_person[person].scene.person) for _, person in sat])
    clear = unmistaken(tokens, kinds)
    return FacePrior(weight, bias, tokens[clear], kinds[clear])


def unmistaken(tokens: Tensor, kinds: Tensor) -> Tensor:
    """Whether sex and skin are told rightly (N,) from tokens (N, 128), by ridge regression on all the others.

    With fewer tokens than could teach that, all are.
    """
    if len(tokens) < 4 * tokens.shape[1]:
        return torch.ones(len(tokens), dtype=torch.bool)
    inputs = torch.cat([tokens, torch.ones(len(tokens), 1)], 1).double()
    gram = inputs.T @ inputs
    solved = torch.linalg.solve(gram + PENALTY * gram.diagonal().mean() * torch.eye(len(gram)), inputs.T)
    own = (inputs * solved.T).sum(1, keepdim=True)
    # What would be told had the row itself not been learned from (leave-one-out, by the hat matrix).
    told = (inputs @ (solved @ kinds.double()) - own * kinds) / (1 - own)
    right = torch.ones(len(tokens), dtype=torch.bool)
    for group in (slice(0, len(SEXES)), slice(-len(SKINS), None)):
        right &= told[:, group].argmax(1) == kinds[:, group].argmax(1)
    return right


def regression(words: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (K, width) and bias (K,) from means of embedded words (N, width) to what is true (N, K)."""
    middle, mean = words.double().mean(0), kinds.double().mean(0)
    inputs, wanted = words.double() - middle, kinds.double() - mean
    gram = inputs.T @ inputs
    penalty = PENALTY * gram.diagonal().mean() + 1e-9
    weight = torch.linalg.solve(gram + penalty * torch.eye(len(gram)), inputs.T @ wanted).T
    return weight.float(), (mean - weight @ middle).float()
