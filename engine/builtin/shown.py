"""Faces as training is told them: embeddings and numbers of people, of references and of what is to be painted."""

from __future__ import annotations

import random
from collections.abc import Mapping

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

    They are told as how far they are from the mean of all people, in standard deviations.
    """

    def __init__(self, known: crops.Crops, scenes: Mapping[int, Scene], seed: int) -> None:
        self._random = random.Random(seed)
        found: dict[tuple[int, bool], dict[int, Array]] = {}
        for person in {index // PER_PERSON for index in scenes}:
            for flip, of in ((False, known.embeddings), (True, known.mirrored)):
                if sittings := {first: of[first] for first in known.of_person(person) if first in of}:
                    found[person, flip] = sittings
        means = {key: np.mean(list(sittings.values()), axis=0) for key, sittings in found.items()}
        every = np.stack([*means.values(), np.zeros(EMBEDDING, np.float32)])
        self._middle, self._spread = every[:-1].mean(0), every[:-1].std(0) + 1e-6
        self._means = {key: self._told(mean) for key, mean in means.items()}
        self._sittings = {
            key: {first: self._told(one) for first, one in sittings.items()} for key, sittings in found.items()
        }

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

    def person(self, index: int, flip: bool) -> Tensor | None:
        """The mean embedding (128) of the picture's person; None where no face of theirs was measured."""
        return self._means.get((index // PER_PERSON, flip))
