"""Shapes of faces of our own: even on both sides, of the head alone, and as far as a face goes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

from engine.renderer import assets, body, expressions, eyes, faces, regions, sculpting
from engine.renderer.scene import Person, Pose
from engine.renderer.studio_lexicon import table


def moved(name: str, amount: float) -> np.ndarray:
    vertices = assets.base().rest.copy()
    sculpting.add(vertices, name, amount)
    return vertices - assets.base().rest


@pytest.mark.parametrize("name", sorted(sculpting.MOVES))
def test_a_move_is_of_the_head_alone_small_and_the_same_on_both_sides(name: str) -> None:
    step = moved(name, 1.0)
    rest = assets.base().rest
    there = rest[:, 2] > 0.45

    assert 0.002 < np.linalg.norm(step, axis=1).max() < 0.013
    assert np.abs(step[~there]).max() == 0
    for way in (0, 1, 2):
        left, right = step[rest[:, 0] > 0, way], step[rest[:, 0] < 0, way]
        assert abs(left.sum() - (-1 if way == 0 else 1) * right.sum()) < 0.02 * np.abs(step).sum()


@pytest.mark.parametrize("name", sorted(sculpting.MOVES))
def test_a_move_works_both_ways_and_in_any_measure(name: str) -> None:
    assert np.allclose(moved(name, -0.5), -0.5 * moved(name, 1.0), atol=1e-12)


def test_a_name_that_is_none_of_ours_moves_nothing() -> None:
    assert not moved("nose-hump-incr", 1.0).any()
    assert not set(sculpting.MOVES) & {name[:-1] for name in assets.base().shape.names}


def test_a_move_with_a_side_before_its_name_is_of_that_side_alone() -> None:
    rest = assets.base().rest
    left, right = moved("l-upper-lid-up", 0.4), moved("r-upper-lid-up", 0.4)

    assert left.any()
    assert not left[rest[:, 0] < 0].any()
    assert np.allclose(left + right, moved("upper-lid-up", 0.4), atol=1e-12)


def test_lids_open_as_peoples_do_over_eyeballs_that_stay() -> None:
    """Upper lids cover 1 to 3.5 mm of irises of 5.85 mm radius, and lower ones end about their rims."""
    turned = moved("upper-lid-up", 0.5)
    for group in eyes.GROUPS:
        assert not turned[np.unique(assets.base().quads[group])].any()
    for masculinity in (0.03, 0.95):
        covered = []
        for seed in (2, 5):
            person = faces.person(seed, masculinity=masculinity, age=28, ancestry=(0.02, 0.03, 0.95))
            base = body.acting(body.shaped(person), Pose(expression="neutral"), np.array((0.0, -1.0, 0.0)))
            skin = eyes.lids_before(assets.surface().matrix @ base, base)
            for centre, lids in zip(eyes.centres(base), eyes._lids(), strict=True):
                upper, lower = (1000 * (skin[rows] - centre) for rows in (lids.upper, lids.lower))
                rims = [pick(rim[np.abs(rim[:, 0]) < 1.5, 2]) for rim, pick in ((upper, np.min), (lower, np.max))]
                covered.append((5.85 - rims[0], 5.85 + rims[1]))

        assert 1.0 < np.mean(covered, 0)[0] < 3.5
        assert abs(np.mean(covered, 0)[1]) < 1.0


def test_brows_suit_who_has_them_and_people_saved_before_keep_theirs() -> None:
    woman, man = (regions.brows_of(Person(seed=5, masculinity=share)) for share in (0.0, 1.0))
    saved = [regions.brows_of(Person(seed=5, masculinity=share, version=1)) for share in (0.0, 1.0)]

    assert woman["height"] > man["height"]
    assert saved[0] == saved[1]
    assert "slender" not in saved[0]


def test_tapering_narrows_the_jaw_and_leaves_the_temples() -> None:
    rest = assets.base().rest
    step = moved("face-taper", 1.0)
    jaw = (np.abs(rest[:, 2] - 0.645) < 0.004) & (rest[:, 1] < -0.06) & (rest[:, 0] > 0.045)
    temples = (np.abs(rest[:, 2] - 0.76) < 0.01) & (rest[:, 1] < -0.05)

    assert step[jaw, 0].max() < -0.004
    assert np.abs(step[temples]).max() == 0


@pytest.mark.parametrize(("masculinity", "jaw_mm"), [(0.03, (84, 104)), (0.95, (96, 116))])
def test_faces_have_the_proportions_of_peoples(masculinity: float, jaw_mm: tuple[float, float]) -> None:
    """Means of 12 seeds lie where anthropometry has them: eyes, face's width at jaw and cheekbones."""
    rest = assets.surface().rest
    ears = assets.surface().masks["ears"] < 0.3
    rows = {
        "jaw": ears & (rest[:, 2] > 0.640) & (rest[:, 2] < 0.650) & (rest[:, 1] < -0.040),
        "cheekbones": ears & (rest[:, 2] > 0.690) & (rest[:, 2] < 0.714) & (rest[:, 1] < -0.072),
    }
    people = [faces.person(seed, masculinity=masculinity, age=28, ancestry=(0.02, 0.03, 0.95)) for seed in range(12)]
    skins = [assets.surface().matrix @ body.shaped(person) for person in people]
    wide = {name: 1000 * np.mean([np.ptp(skin[row, 0]) for skin in skins]) for name, row in rows.items()}

    assert jaw_mm[0] < wide["jaw"] < jaw_mm[1]
    assert 122 < wide["cheekbones"] < 146
    assert 0.60 < wide["jaw"] / wide["cheekbones"] < 0.80


@pytest.mark.parametrize("name", sorted({key for key in table("expression").values() if key != "neutral"}))
def test_every_expression_that_can_be_said_is_shown(name: str) -> None:
    assert expressions.actions(name) != expressions.actions("neutral")


def test_a_smile_shows_teeth_and_a_resting_mouth_does_not() -> None:
    person = Person()
    group = np.unique(assets.base().quads["helper-upper-teeth"])

    def gap(expression: str) -> float:
        """How far the middle of the upper lip's edge lies above the upper incisors'."""
        base = body.acting(body._still(person), Pose(expression=expression), np.array((0.0, -1.0, 0.0)))
        rest, skin = assets.surface().rest, assets.surface().matrix @ base
        edge = np.argmin(np.linalg.norm(rest - (0.0, -0.1555, 0.6620), axis=1))
        teeth = base[group]
        return float(skin[edge, 2] - teeth[np.abs(teeth[:, 0]) < 0.006][:, 2].min())

    assert gap("smile") > gap("neutral") + 0.001
    assert gap("laugh") > gap("neutral") + 0.002
