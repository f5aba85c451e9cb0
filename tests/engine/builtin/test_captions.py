"""Captions: they say what the picture shows, in the six-slot order when plain, and in many wordings otherwise."""

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.builtin import vocabulary as words
from engine.builtin.captions import SLOTS, caption
from engine.builtin.scenes import Scene, scene
from engine.prompt import SLOTS as PROMPT_SLOTS

scenes = st.builds(scene, st.integers(0, 5000), st.integers(0, 9))


def test_captions_have_the_slots_of_a_prompt() -> None:
    """What a prompt is made of is what the model has read."""
    assert tuple(PROMPT_SLOTS) == SLOTS


@given(scenes, st.integers(0, 10**6))
def test_a_caption_is_its_seed(what: Scene, seed: int) -> None:
    """Training can be repeated."""
    assert caption(what, random.Random(seed)) == caption(what, random.Random(seed))


@given(scenes)
def test_a_plain_caption_says_every_slot_in_order(what: Scene) -> None:
    """Clothes come after the person, then the place, the light, the camera."""
    said = caption(what, random.Random(0), plain=True)
    told = [
        words.SEXES[what.person.sex].plain,
        words.CLOTHES_COLOURS[what.clothes_colour].plain + " " + words.CLOTHES[what.clothes].plain,
        words.PLACES[what.place].plain,
        words.LIGHT_SIDES[what.light_side].plain,
        words.FRAMINGS[what.framing].plain,
        words.FOCAL_LENGTHS[what.focal_length].plain,
        words.EXPRESSIONS[what.expression].plain,
    ]
    places = [said.index(words_told) for words_told in told]
    assert places == sorted(places)


@given(scenes, st.integers(0, 10**6))
def test_a_caption_never_says_the_other_side(what: Scene, seed: int) -> None:
    """A light from the left is never called one from the right."""
    said = caption(what, random.Random(seed))
    for side, other in (("left", "right"), ("right", "left")):
        if what.light_side == side:
            assert f"{other} side light" not in said
            assert f"from the {other}" not in said


def test_one_picture_has_many_captions() -> None:
    """The model learns words, not one formula; slots may be missing, and in any order."""
    what = scene(1, 1)
    said = {caption(what, random.Random(seed)) for seed in range(200)}
    assert len(said) > 150
    assert any(words.SEXES[what.person.sex].plain not in text for text in said)


def test_no_two_terms_of_a_slot_share_their_plain_word() -> None:
    """Each value can be asked for by a word of its own."""
    for slot in words.SLOTS.values():
        plain = [term.plain for term in slot.values()]
        assert len(set(plain)) == len(plain)
