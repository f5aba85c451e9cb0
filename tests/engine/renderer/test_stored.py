"""Scenes survive being stored; anything else that stands where a scene should is refused."""

import json

import pytest

from engine.renderer.scene import Hair, Lettering, Outfit, Person, Pose, Scene, Sitter, Skin
from engine.renderer.stored import SceneUnreadable, from_json, people, to_json

TWO = Scene(
    sitters=(
        Sitter(person=Person(seed=3, hair=Hair(tips=(0.5, 0.1, 0.1)), skin=Skin(scars=("chin",))), place=0.5),
        Sitter(person=Person(seed=4, shape=(("nose-hump-incr", 0.2),)), pose=Pose(gaze=(10.0, 0.0)), place=-0.5),
    ),
    lettering=(Lettering(words="ANNA", on="badge"),),
    seed=2**40,
)


def test_a_scene_comes_back_as_it_was() -> None:
    assert from_json(to_json(TWO)) == TWO
    assert from_json(to_json(Scene())) == Scene()


def test_people_are_told_from_left_to_right() -> None:
    assert [person.seed for person in people(TWO)] == [4, 3]


def test_what_a_later_version_knows_is_passed_over_and_what_an_older_one_lacked_is_filled() -> None:
    stored = json.loads(to_json(Scene(sitters=(Sitter(outfit=Outfit(garment="sari")),))))
    stored["weather"] = "rain"
    del stored["film"]
    assert from_json(json.dumps(stored)).sitters[0].outfit.garment == "sari"


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "[]",
        "{",
        "7",
        '{"sitters":[]}',
        '{"sitters":[{},{},{}]}',
        '{"sitters":{"a":1}}',
        '{"seed":"abc"}',
        '{"seed":1.5}',
        '{"sitters":[{"person":{"age":1e999}}]}',
        '{"sitters":[{"person":{"age":NaN}}]}',
        '{"sitters":[{"person":{"ancestry":[1,2]}}]}',
        '{"camera":null}',
        "[" * 50_000,
        '{"seed":1' + " " * 70_000 + "}",
    ],
)
def test_what_is_no_scene_is_refused(stored: str) -> None:
    with pytest.raises(SceneUnreadable):
        from_json(stored)
