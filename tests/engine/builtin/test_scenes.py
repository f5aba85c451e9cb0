"""Scenes: the same from the same numbers, every slot in the vocabulary, and a mirror that swaps sides."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.builtin import vocabulary as words
from engine.builtin.scenes import LOOKS, PER_PERSON, mirrored, scene

people = st.integers(0, 5000)
numbers = st.integers(0, PER_PERSON - 1)


@given(people, numbers)
def test_a_scene_is_its_numbers(who: int, number: int) -> None:
    """Pictures can be rendered again on another machine."""
    assert scene(who, number) == scene(who, number)


@given(people, numbers)
def test_every_slot_has_a_word(who: int, number: int) -> None:
    """Nothing is drawn that a prompt could not ask for."""
    slots = scene(who, number).slots
    assert slots.keys() == words.SLOTS.keys()
    assert all(value in words.SLOTS[name] for name, value in slots.items())


@given(people, numbers)
def test_the_light_comes_from_where_it_is_said(who: int, number: int) -> None:
    """Left is the picture's left."""
    what = scene(who, number)
    side = "front" if abs(what.light_azimuth) < 20 else "left" if what.light_azimuth < 0 else "right"
    assert side == what.light_side


@given(people, numbers)
def test_mirroring_twice_changes_nothing(who: int, number: int) -> None:
    """A mirror image differs in sides only."""
    what = scene(who, number)
    there = mirrored(what)
    assert mirrored(there) == what
    assert {what.light_side, there.light_side} in ({"left", "right"}, {"front"})
    assert there.person == what.person


def test_clothes_and_hair_vary_within_a_person() -> None:
    """Only the face may tell one person from another."""
    pictures = [scene(3, number) for number in range(PER_PERSON)]
    for slot in ("hair_colour", "clothes", "clothes_colour", "place", "light_side"):
        assert len({picture.slots[slot] for picture in pictures}) > 1


@given(people, numbers)
def test_looks_of_a_sitting_share_all_but_colours_place_and_aperture(who: int, number: int) -> None:
    """A sitting is rendered once and painted several times."""
    first, other = scene(who, number - number % LOOKS), scene(who, number)
    painted = ("backdrop", "hair_colour", "clothes_colour", "place", "light_colour", "aperture")
    assert replace(other, **{name: getattr(first, name) for name in painted}) == first


def test_women_have_no_beards() -> None:
    """A prompt that does not ask for one gets none."""
    assert all(scene(who, 0).facial_hair == "none" for who in range(200) if scene(who, 0).person.sex == "woman")
