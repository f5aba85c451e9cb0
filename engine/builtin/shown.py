"""Faces as training is told them: embeddings and numbers of people, of references and of what is to be painted."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.builtin import crops
from engine.builtin.scenes import LOOKS, PER_PERSON, Scene
from engine.face_adapter import EMBEDDING, FaceScale

Array = npt.NDArray[np.float32]


class Faces:
    """The embeddings of the people of these scenes, as they are and mirrored: a mirrored face is another face.

    They are told as how far they are from the mean of all people, in standard deviations: of these people, unless
    `scale` says by what.
    """

    def __init__(
        self, known: crops.Crops, scenes: Mapping[int, Scene], seed: int, scale: FaceScale | None = None
    ) -> None:
        self._random = random.Random(seed)
        found: dict[tuple[int, bool], dict[int, Array]] = {}
        for person in {index // PER_PERSON for index in scenes}:
            for flip, of in ((False, known.embeddings), (True, known.mirrored)):
                if sittings := {first: of[first] for first in known.of_person(person) if first in of}:
                    found[person, flip] = sittings
        means = {key: np.mean(list(sittings.values()), axis=0) for key, sittings in found.items()}
        every = np.stack([*means.values(), np.zeros(EMBEDDING, np.float32)])
        self._middle, self._spread = every[:-1].mean(0), every[:-1].std(0) + 1e-6
        if scale is not None:
            self._middle, self._spread = np.array(scale.middle, np.float32), np.array(scale.spread, np.float32)
        self._means = {key: self._told(mean) for key, mean in means.items()}
        self._sittings = {
            key: {first: self._told(one) for first, one in sittings.items()} for key, sittings in found.items()
        }
        who = {index // PER_PERSON: what.person for index, what in scenes.items()}
        self._kinds = {seed: (one.sex, one.age, one.skin) for seed, one in who.items()}
        self._alike: dict[tuple[str, ...], list[tuple[int, bool]]] = {}
        for seed, flip in self._sittings:
            self._alike.setdefault(self._kinds[seed], []).append((seed, flip))
        self._keep = _likely([torch.stack(list(sittings.values())) for sittings in self._sittings.values()])

    def _told(self, embedding: Array) -> Tensor:
        return torch.from_numpy(((embedding - self._middle) / self._spread).astype(np.float32))

    @property
    def scale(self) -> FaceScale:
        """What embeddings are standardised by."""
        return FaceScale(tuple(self._middle.tolist()), tuple(self._spread.tolist()))

    def another(self, index: int, flip: bool) -> Tensor | None:
        """The embedding (128) of another sitting of the picture's person, mirrored as the picture is."""
        sittings = self._sittings.get((index // PER_PERSON, flip), {})
        others = [told for first, told in sittings.items() if first != index - index % LOOKS]
        return self._random.choice(others) if others else None

    def alike(self, index: int) -> Tensor | None:
        """The embedding (128) of a sitting of somebody else of the same sex, age band and skin, mirrored or not."""
        seed = index // PER_PERSON
        others = [key for key in self._alike.get(self._kinds[seed], ()) if key[0] != seed]
        return self._random.choice(list(self._sittings[self._random.choice(others)].values())) if others else None

    def likely(self, told: Tensor) -> Tensor:
        """Whose mean embeddings (B, 128) one picture's embeddings (B, 128) most likely speak of."""
        return told @ self._keep

    def person(self, index: int, flip: bool) -> Tensor | None:
        """The mean embedding (128) of the picture's person; None where no face of theirs was measured."""
        return self._means.get((index // PER_PERSON, flip))


def _likely(people: Sequence[Tensor]) -> Tensor:
    """The (128, 128) matrix that takes one embedding, a row, to the mean that is to be expected of its person.

    It is the posterior mean of a linear Gaussian model in which people differ from each other and each person's
    pictures from their mean (probabilistic linear discriminant analysis: Ioffe 2006). With too few pictures to tell
    both apart an embedding is kept as it is.
    """
    several = [each for each in people if len(each) > 1]
    freedom = sum(len(each) - 1 for each in several)
    if freedom < 2 * EMBEDDING:
        return torch.eye(EMBEDDING)
    apart = torch.cat([each - each.mean(0) for each in several])
    within = apart.T @ apart / freedom
    means = torch.stack([each.mean(0) for each in several])
    pictures = freedom / len(several) + 1
    between = torch.cov(means.T) - within / pictures
    values, vectors = torch.linalg.eigh(between)
    between = vectors * values.clamp(min=1e-4) @ vectors.T
    keep: Tensor = torch.linalg.solve(between + within, between)
    return keep
