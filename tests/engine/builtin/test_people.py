"""People of the built-in model's pictures: from a seed alone, adults all of them, and some kept from training."""

from hypothesis import given
from hypothesis import strategies as st

from engine.builtin import vocabulary as words
from engine.builtin.people import HELD_OUT_EVERY, person

seeds = st.integers(0, 10**6)


@given(seeds)
def test_a_person_is_their_seed(seed: int) -> None:
    """The same number is the same person, always."""
    assert person(seed) == person(seed)


@given(seeds)
def test_every_person_is_an_adult_the_vocabulary_can_describe(seed: int) -> None:
    """Nobody is younger than twenty, and every trait that is said has a word."""
    who = person(seed)
    assert who.age_years >= 20
    assert who.sex in words.SEXES
    assert who.age in words.AGES
    assert who.skin in words.SKIN_TONES
    assert who.eyes in words.EYE_COLOURS


@given(seeds)
def test_shape_controls_stay_in_range(seed: int) -> None:
    """anny's controls run from −1 to 1."""
    assert all(-1 <= value <= 1 for _, value in person(seed).shape)


def test_neighbours_differ() -> None:
    """Two seeds are two faces."""
    assert len({person(seed).shape for seed in range(100)}) == 100


def test_one_in_ten_is_never_trained_on() -> None:
    """Evaluation needs faces that training has not seen."""
    assert sum(person(seed).held_out for seed in range(200)) == 200 // HELD_OUT_EVERY
