"""Arms: they hang beside the body, whole, with relaxed hands, on whoever it is."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

from engine.renderer import arms, assets, body, faces, stance
from engine.renderer.geometry import Array
from engine.renderer.scene import Person

PEOPLE = [Person(), faces.person(3, masculinity=0.0, build="slim"), faces.person(5, masculinity=1.0, build="heavy")]


def joint(bone: str, vertices: Array) -> Array:
    bones = assets.arms()
    return np.asarray(vertices[bones.heads[bones.names.index(bone)]].mean(0))


def bend(vertices: Array, finger: int, side: str) -> float:
    """Degrees between a finger's first and last bone."""
    bones = assets.arms()
    first, last = (f"finger{finger}-{k}.{side}" for k in (1, 3))
    tip = vertices[bones.tails[bones.names.index(last)]].mean(0)
    ways = joint(f"finger{finger}-2.{side}", vertices) - joint(first, vertices), tip - joint(last, vertices)
    cosine = ways[0] @ ways[1] / np.linalg.norm(ways[0]) / np.linalg.norm(ways[1])
    return float(np.degrees(np.arccos(cosine)))


@pytest.mark.parametrize("person", PEOPLE)
def test_hands_hang_beside_the_hips_and_below_the_elbows(person: Person) -> None:
    moved = arms.hanging(body.shaped(person), person.seed)
    for side, sign in (("L", 1), ("R", -1)):
        elbow, wrist = joint(f"lowerarm01.{side}", moved), joint(f"wrist.{side}", moved)
        down = (elbow - wrist) / np.linalg.norm(elbow - wrist)
        assert down[2] > 0.9
        hips = np.unique(assets.base().quads["helper-tights"])
        near = hips[(assets.base().arms[hips] == 0) & (np.abs(moved[hips, 2] - wrist[2]) < 0.04)]
        assert sign * wrist[0] > np.abs(moved[near, 0]).max() + 0.02


@pytest.mark.parametrize("person", PEOPLE)
def test_fingers_are_curled_a_little_more_from_the_index_to_the_little_one(person: Person) -> None:
    moved = arms.hanging(body.shaped(person), person.seed)
    for side in "LR":
        bends = [bend(moved, finger, side) for finger in (2, 3, 4, 5)]
        assert min(bends) > 20
        assert max(bends) < 95
        palm, tip = joint(f"metacarpal2.{side}", moved), joint(f"finger3-3.{side}", moved)
        assert abs(tip[0]) < abs(palm[0]) + 0.02


def test_hands_keep_their_lengths_and_the_head_stays() -> None:
    shaped = body.shaped(Person())
    moved = arms.hanging(shaped, 4)
    bones = assets.arms()
    joints = [(name, bones.names[k]) for name, k in zip(bones.names, bones.parents, strict=True) if name[:1] in "mf"]
    for child, parent in [*joints, ("wrist.L", "lowerarm01.L"), ("wrist.R", "lowerarm01.R")]:
        apart = [np.linalg.norm(joint(child, v) - joint(parent, v)) for v in (shaped, moved)]
        assert apart[1] == pytest.approx(apart[0], abs=0.003)
    head = np.unique(assets.base().quads["body"])
    head = head[assets.base().rest[head, 2] > 0.62]
    assert np.abs(moved[head] - shaped[head]).max() < 0.002


def test_the_seed_says_how_arms_hang() -> None:
    shaped = body.shaped(Person())

    assert np.array_equal(arms.hanging(shaped, 1), arms.hanging(shaped, 1))
    assert 1e-4 < np.abs(arms.hanging(shaped, 1) - arms.hanging(shaped, 2)).max() < 0.12


@pytest.mark.parametrize("person", PEOPLE)
def test_legs_stand_beside_each_other_and_one_before_the_other(person: Person) -> None:
    """Knees are hardly farther apart than hips, thighs press on each other at most, all above the hips stays."""
    base, shaped = assets.base(), body.shaped(person)
    moved = stance.stood(shaped, person.seed)
    left, right = (base.joint(f"{side}-knee", moved) for side in "lr")
    apart = base.joint("l-upper-leg", moved)[0] - base.joint("r-upper-leg", moved)[0]
    assert 0.4 * apart < left[0] - right[0] < 1.3 * apart
    assert abs(left[1] - right[1]) > 0.004
    cover = np.unique(base.quads["helper-tights"])
    leg = cover[(np.abs(base.rest[cover, 0]) > 0.03) & (base.rest[cover, 2] < -0.1) & (base.arms[cover] == 0)]
    assert (moved[leg, 0] * np.sign(base.rest[leg, 0]) > -0.016).all()
    above = (base.rest[:, 2] > 0.10) | (base.arms >= 1)
    assert (moved[above] == shaped[above]).all()
    assert (stance.stood(shaped, person.seed) == moved).all()
