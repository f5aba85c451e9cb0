"""Telling people apart by distance: the figures mean what they say."""

import numpy as np
import pytest

from engine.builtin.pairs import alike, of_people, told_apart
from engine.builtin.people import person


def test_people_who_are_far_apart_are_always_told() -> None:
    """Every pair of one person is nearer than any pair of two."""
    told = told_apart(np.array([0.1, 0.2, 0.3]), np.array([0.6, 0.7, 0.8]))
    assert told.area_under_curve == 1.0
    assert told.accepted_at_1_percent == 1.0


def test_equal_distances_tell_nothing() -> None:
    """A recogniser that says the same of everyone is a coin."""
    told = told_apart(np.full(5, 0.5), np.full(7, 0.5))
    assert told.area_under_curve == 0.5
    assert told.accepted_at_1_percent == 0.0


def test_the_threshold_may_come_from_elsewhere() -> None:
    """A generated portrait is accepted where true pictures would be."""
    assert told_apart(np.array([0.1, 0.5]), np.array([0.6]), threshold=0.4).accepted_at_1_percent == 0.5


def test_nothing_to_compare_is_an_error() -> None:
    """No figure is made up."""
    with pytest.raises(ValueError, match="no pairs"):
        told_apart(np.array([]), np.array([0.6]))


def test_only_people_who_are_alike_on_paper_are_compared() -> None:
    """Sex, age and skin must not be what tells them."""
    who = [person(seed) for seed in range(40)]
    embeddings = [np.array([float(one.seed), 0.0]) for one in who for _ in range(2)]
    people = [one for one in who for _ in range(2)]
    same, others = of_people(embeddings, people)
    assert len(same) == 40
    assert not same.any()
    assert len(others) == 4 * sum(alike(a, b) for i, a in enumerate(who) for b in who[i + 1 :])
