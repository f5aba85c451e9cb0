"""Proportions: bodies fit their heads, cloth lies on shoulders, and whoever was saved before stays as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy")

from engine.renderer import assets, body, faces, proportions, wardrobe
from engine.renderer.geometry import Array
from engine.renderer.scene import Outfit, Person, Pose

PEOPLE = [faces.person(seed, masculinity=sex) for seed, sex in ((3, 0.97), (8, 0.9), (5, 0.03), (12, 0.05))]


def breadth_of_head(built: body.Body) -> float:
    rest = built.part.rest
    return float(np.ptp(built.part.vertices[(rest[:, 2] > 0.76) & (rest[:, 2] < 0.83)][:, 0]))


def shoulders(built: body.Body, points: Array) -> float:
    below = built.chin[2] - points[:, 2]
    return float(np.ptp(points[(below > 0.08) & (below < 0.35)][:, 0]))


@pytest.mark.parametrize("person", PEOPLE)
def test_shoulders_are_two_and_a_half_to_three_and_a_quarter_heads_across_dressed_or_not(person: Person) -> None:
    built = body.build(person, Pose())
    cloth = np.concatenate([mesh.v for mesh in wardrobe.dress(Outfit(garment="shirt"), built, legs=False)])

    head = breadth_of_head(built)
    bare, dressed = shoulders(built, built.part.vertices), shoulders(built, cloth)
    assert 2.3 < bare / head < 3.15
    assert bare < dressed < bare + 0.04


@pytest.mark.parametrize("person", PEOPLE)
def test_somebody_is_about_seven_and_a_half_heads_tall(person: Person) -> None:
    body_rows = np.unique(assets.base().quads["body"])
    still = body._still(person)[body_rows]
    crown = still[:, 2].max()
    chin = still[np.argmin(np.linalg.norm(assets.base().rest[body_rows] - (0, -0.142, 0.62), axis=1)), 2]

    assert 7.0 < (crown - still[:, 2].min()) / (crown - chin) < 8.0


def test_heads_stay_and_whoever_was_saved_before_keeps_the_body() -> None:
    shaped = body.shaped(PEOPLE[0])
    now = proportions.natural(shaped, PEOPLE[0])

    rest, rows = assets.base().rest, np.unique(assets.base().quads["body"])
    head = rows[(rest[rows, 2] > 0.66) & (rest[rows, 1] < 0.0)]
    assert np.array_equal(now[head], shaped[head])
    assert np.abs(now - shaped).max() > 0.05
    assert proportions.natural(shaped, replace(PEOPLE[0], version=1)) is shaped


def test_a_torso_turns_below_a_head_that_stays() -> None:
    still = body._still(Person())
    turned = body.torso_turned(still, Pose(torso=12))
    rest = assets.base().rest

    assert np.allclose(turned[rest[:, 2] > 0.7], still[rest[:, 2] > 0.7])
    shoulders = [np.mean(turned[(rest[:, 0] * side > 0.15) & (rest[:, 2] > 0.45)], axis=0) for side in (1, -1)]
    across = shoulders[0] - shoulders[1]
    assert 8 < np.degrees(np.arctan2(across[1], across[0])) < 16
