"""How well distances between face embeddings tell one person from others who look alike on paper. Pure.

A pair of different people counts only when they share sex, age band and skin tone, so that nothing but the
face can tell them apart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from engine.builtin.people import Person

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """How well one set of distances is told from another; medians are of distances."""

    same_pairs: int
    other_pairs: int
    same_median: float
    other_median: float
    area_under_curve: float
    accepted_at_1_percent: float
    threshold_at_1_percent: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name, rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def alike(one: Person, other: Person) -> bool:
    """Whether two different people share everything that is not their face."""
    same_paper = (one.sex, one.age, one.skin) == (other.sex, other.age, other.skin)
    return one.seed != other.seed and same_paper


def told_apart(same: Array, others: Array, threshold: float | None = None) -> Told:
    """Figures for distances within people and between them. Raises ValueError when either is empty.

    `threshold` is the distance at which pairs are accepted; by default the one that accepts 1% of `others`.
    """
    if not len(same) or not len(others):
        raise ValueError("There are no pairs to compare: measure more pictures, or of more people.")
    limit = float(np.quantile(others, 0.01)) if threshold is None else threshold
    below = np.searchsorted(np.sort(others), same, side="right") / len(others)
    ties = (np.searchsorted(np.sort(others), same, side="left") / len(others) + below) / 2
    return Told(
        len(same),
        len(others),
        float(np.median(same)),
        float(np.median(others)),
        float(1 - ties.mean()),
        float((same < limit).mean()),
        limit,
    )


def of_people(embeddings: list[Array], people: list[Person]) -> tuple[Array, Array]:
    """Distances of all pairs of the same person, and of all pairs of different people who are alike."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for at, one in enumerate(people):
        groups.setdefault((one.sex, one.age, one.skin), []).append(at)
    same: list[float] = []
    others: list[float] = []
    for group in groups.values():
        for i, first in enumerate(group):
            for second in group[i + 1 :]:
                distance = float(np.linalg.norm(embeddings[first] - embeddings[second]))
                (same if people[first].seed == people[second].seed else others).append(distance)
    return np.array(same), np.array(others)
