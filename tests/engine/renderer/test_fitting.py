"""Faces from elsewhere: rows of numbers, quick heads, the search, colours of a picture, and all of it on a draft."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from engine.faces import identity
from engine.prompt import parse
from engine.renderer import faces, photograph
from engine.renderer.fitting import controls, draft_head, fitter, looking, person_colours, solving
from engine.renderer.processes import StudioProcess
from engine.renderer.reading import read
from engine.renderer.scene import Person
from engine.renderer.stops import Cancelled

SMALL = fitter.FittingPlan(
    mixes=((0.9, 0.1, 0.0),), ages=(48.0,), draft=(80, 120), numbers=4, again=0, rounds=1, steps=1
)
needs_dlib = pytest.mark.skipif(bool(identity.missing()), reason=identity.missing() or "faces can be looked at")


@pytest.fixture(scope="module")
def stranger() -> tuple[Person, Image.Image]:
    """Somebody, and a small picture of them that does not say who they are."""
    scene = read(parse("a woman of 40 with long brown hair, close-up, front view, softbox"), seed=11).scene
    return scene.sitters[0].person, Image.fromarray(photograph.photograph(scene, (128, 192), "draft").picture)


@pytest.mark.parametrize("seed", range(3))
def test_a_row_of_numbers_is_the_person_it_came_from(seed: int) -> None:
    somebody = faces.person(seed)
    row = controls.numbers(somebody)
    again = controls.person(row, somebody)
    assert np.allclose(controls.numbers(again), row, atol=0.01)
    assert controls.within(row) == pytest.approx(row, abs=2.0)
    assert (again.skin, again.hair, again.seed) == (somebody.skin, somebody.hair, somebody.seed)


def test_no_row_leaves_what_a_person_can_be() -> None:
    wild = controls.within(np.full(controls.COUNT, 40.0))
    somebody = controls.person(wild, faces.person(1))
    assert all(abs(value) <= controls.MOST for _, value in somebody.shape)
    assert somebody.age <= 95
    assert sum(somebody.ancestry) == pytest.approx(1.0)
    assert controls.held(wild).turn <= 35


def test_a_quick_head_is_the_same_each_time_and_turns() -> None:
    somebody = faces.person(4)
    straight = draft_head.drawn(somebody, controls.Held())
    assert straight.shape == (draft_head.SIDE, draft_head.SIDE, 3)
    assert np.array_equal(straight, draft_head.drawn(somebody, controls.Held()))
    turned = draft_head.drawn(somebody, controls.Held(turn=15, smile=0.4, jaw=0.2))
    assert np.abs(turned.astype(int) - straight).mean() > 2


@needs_dlib
def test_people_are_told_apart_in_quick_heads() -> None:
    looks = [
        looking.seen(draft_head.drawn(faces.person(seed), controls.Held(turn=turn)))
        for seed in (1, 2)
        for turn in (0, 6)
    ]
    first, again, other, _ = (each for each in looks if each is not None)
    assert np.linalg.norm(first.embedding - again.embedding) < np.linalg.norm(first.embedding - other.embedding) - 0.2


def test_points_are_levelled() -> None:
    points = np.random.default_rng(1).normal(size=(68, 2)) * 20 + 100
    level = looking.levelled(points)
    assert level[36:42].mean(0) == pytest.approx((-0.5, 0.0), abs=1e-9)
    assert level[42:48].mean(0) == pytest.approx((0.5, 0.0), abs=1e-9)


def test_the_search_finds_a_row_by_what_is_seen() -> None:
    """Where what is seen is a plain function of the row, the wanted row is nearly reached."""
    rng = np.random.default_rng(3)
    mixed = rng.normal(size=(solving.FACE + 20, controls.COUNT)) * 0.05

    def look(row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(np.tanh(mixed @ row))

    start = controls.usual(controls.numbers(faces.person(1)))
    goal = controls.within(start + rng.normal(size=controls.COUNT) * 0.5)
    search = solving.begun(look, look(goal), start, np.zeros(len(mixed)))
    assert search is not None
    before = search.left(search.saw)
    search.measure(np.arange(controls.COUNT))
    while search.advance():
        pass
    assert search.left(search.saw) < 0.35 * before


def test_a_row_in_which_no_face_is_seen_begins_nothing() -> None:
    row = controls.numbers(faces.person(1))
    assert solving.begun(lambda _: None, np.zeros(200), row, np.zeros(200)) is None


@needs_dlib
def test_colours_are_those_of_the_picture(stranger: tuple[Person, Image.Image]) -> None:
    somebody, picture = stranger
    small = looking.scaled(picture)
    seen = looking.seen(small)
    assert seen is not None
    found = person_colours.coloured(
        replace(faces.person(1), ancestry=somebody.ancestry, masculinity=0.0), small, seen.pixels
    )
    assert np.abs(np.log(np.array(found.skin.tone) / np.array(somebody.skin.tone))).max() < 0.8
    darker = person_colours.toned(found, np.full(3, 0.1), np.full(3, 0.2))
    assert np.array(darker.skin.tone) == pytest.approx(np.array(found.skin.tone) * 0.5**0.6, rel=0.01)
    assert found.hair.style == "long straight"
    assert found.beard.kind == "none"


@needs_dlib
def test_a_stranger_becomes_somebody_like_them_and_the_same_in_the_studios_process(
    stranger: tuple[Person, Image.Image],
) -> None:
    _, picture = stranger
    shares: list[float] = []
    found = fitter.fit(picture, SMALL, shares.append)
    assert found.distance <= found.before
    assert found.person.hair.style in ("long straight", "shoulder length")  # one step does not tell the sex
    assert shares == sorted(shares)
    assert fitter.from_json(fitter.to_json(found)) == found
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    process = StudioProcess()
    try:
        assert process.fit(buffer.getvalue(), SMALL) == found
        with pytest.raises(Cancelled):
            process.fit(buffer.getvalue(), fitter.WHOLE, cancelled=lambda: True)
    finally:
        process.close()


@needs_dlib
def test_a_search_that_is_given_up_ends(stranger: tuple[Person, Image.Image]) -> None:
    asked: list[int] = []

    def given_up() -> bool:
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        fitter.fit(stranger[1], cancelled=given_up)
    assert len(asked) == 6


@pytest.mark.parametrize("kept", ["", "{}", "[]", "null", '{"version": 1, "scene": "x", "distance": 0, "before": 0}'])
def test_what_is_no_kept_person_is_nobody(kept: str) -> None:
    assert fitter.from_json(kept) is None


@needs_dlib
def test_where_there_is_no_face_nobody_is_found() -> None:
    plain = Image.new("RGB", (96, 128), "teal")
    with pytest.raises(fitter.NoFace):
        fitter.fit(plain)
    buffer = io.BytesIO()
    plain.save(buffer, "PNG")
    assert fitter.fitted(buffer.getvalue()) is None
