"""Things worn: glasses sit before the eyes and reach the ears, hats sit on the head and leave no hair under them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import engine.renderer
from engine.renderer import accessories, body, glasses, hats, wardrobe
from engine.renderer.mesh import Mesh
from engine.renderer.palette import SKIN
from engine.renderer.scene import Outfit, Person, Pose

WORDS = Path(engine.renderer.__file__).parent / "words"
PEOPLE = [Person(seed=5, masculinity=0.03), Person(seed=9, masculinity=0.97, weight=0.8)]


def words(file: str, name: str) -> list[str]:
    return sorted(tomllib.loads((WORDS / file).read_text())[name])


def sound(meshes: list[Mesh]) -> None:
    for mesh in meshes:
        assert np.isfinite(mesh.v).all()
        assert mesh.f.max() < len(mesh.v)
        assert np.isfinite(mesh.n).all()


@pytest.mark.parametrize("person", PEOPLE, ids=["woman", "man"])
@pytest.mark.parametrize("turn", [0.0, 20.0])
@pytest.mark.parametrize("frame", words("people.toml", "glasses"))
def test_glasses_are_centred_on_the_eyes_and_end_at_the_ears(frame: str, turn: float, person: Person) -> None:
    built = body.build(person, Pose(turn=turn))
    made = glasses.glasses(frame, built)
    sound(made)
    lenses = (made[-1].v - built.middle) @ built.head_turn
    for eye in built.eyes:
        at = (eye.centre - built.middle) @ built.head_turn
        mine = lenses[lenses[:, 0] * at[0] > 0]
        assert np.abs((mine.min(0) + mine.max(0))[0] / 2 - at[0]) < 0.005
        assert mine[:, 2].min() < at[2] < mine[:, 2].max()
        assert mine[:, 1].max() < at[1], "before the eye"
    wires = (made[0].v - built.middle) @ built.head_turn
    assert np.abs(wires[:, 0]).max() < built.half_width + 0.022, "temples stick out"
    assert wires[:, 1].max() > 0.05


@pytest.mark.parametrize("kind", words("people.toml", "earrings"))
def test_earrings_hang_at_both_ears(kind: str) -> None:
    built = body.build(PEOPLE[0], Pose())
    made = accessories.earrings(kind, built)
    sound(made)
    side = np.concatenate([mesh.v for mesh in made])[:, 0] - built.middle[0]
    assert side.min() < -0.055 < 0.055 < side.max()


@pytest.mark.parametrize("kind", words("people.toml", "necklace"))
def test_a_necklace_lies_on_the_chest(kind: str) -> None:
    built = body.build(PEOPLE[0], Pose())
    made = accessories.necklace(kind, built, wardrobe.dress(Outfit(garment="evening gown"), built))
    sound(made)
    v = np.concatenate([mesh.v for mesh in made])
    assert v[:, 2].max() < built.chin[2] + 0.02
    assert v[:, 1].min() > built.middle[1] - 0.12


@pytest.mark.parametrize("name", words("clothes.toml", "hat"))
def test_a_hat_sits_on_the_head_in_its_colour(name: str) -> None:
    built = body.build(PEOPLE[1], Pose(turn=10, nod=5))
    outfit = Outfit(hat=name, hat_colour=(0.4, 0.02, 0.3))
    made = hats.hat(outfit, built)
    sound(made)
    hues = [np.asarray(mesh.info.get("colour", (0, 0, 0)), float) for mesh in made]
    assert any(red > blue > 3 * green > 0 for red, green, blue in hues)
    assert np.concatenate([mesh.v for mesh in made])[:, 2].max() > built.crown[2] - 0.01


def test_a_hat_covers_the_crown_and_not_the_face() -> None:
    built = body.build(PEOPLE[0], Pose())
    for name in ("cap", "beanie", "headscarf", "hood"):
        covered = accessories.covers(Outfit(hat=name), built)
        assert covered(built.crown[None])[0]
        assert not covered(built.middle[None] - (0, 0.02, 0))[0]
    assert not accessories.covers(Outfit(), built)(built.crown[None])[0]


def test_badge_and_scarf_are_worn_on_the_clothes() -> None:
    built = body.build(PEOPLE[0], Pose())
    outfit = Outfit(garment="shirt", badge=True, scarf=(0.4, 0.02, 0.02))
    made = accessories.worn(PEOPLE[0], outfit, built, wardrobe.dress(outfit, built))
    sound(made)
    plate = next(mesh for mesh in made if mesh.info.get("badge"))
    assert plate.v[:, 0].mean() > built.middle[0] + 0.04, "the wearer's left"


def test_wire_frames_are_seen_on_any_skin() -> None:
    built = body.build(PEOPLE[0], Pose())
    on_dark, on_fair = (
        glasses.glasses("round", built, skin)[0].info["colour"].mean() for skin in (SKIN["dark"], SKIN["fair"])
    )
    assert on_dark > 3 * np.mean(SKIN["dark"])
    assert on_fair < np.mean(SKIN["fair"]) / 2
