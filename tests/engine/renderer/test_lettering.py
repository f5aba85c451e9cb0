"""Words in the picture: they fit, are not mirrored, and lie where the scene says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from engine.renderer import camera, lettering, sitting
from engine.renderer.scene import Camera, Hair, Lettering, Outfit, Person, Scene, Sitter

SITTER = Sitter(person=Person(seed=5, hair=Hair(style="bald")), outfit=Outfit(garment="t-shirt", hat="cap"))
SIZE = (512, 768)


@lru_cache(maxsize=8)
def put(on: str, words: str = "HELLO") -> tuple[Scene, camera.Optics, list, list]:  # type: ignore[type-arg]
    scene = lettering.fits(Scene(sitters=(SITTER,), lettering=(Lettering(words=words, on=on),)))
    seat = sitting.seat(SITTER)
    optics = camera.aim(scene.camera, seat.eyes, SIZE)
    bare = seat.meshes(optics.eye, 0.2)
    return scene, optics, bare, lettering.added(scene, SITTER, seat.shift, bare, optics)


@pytest.mark.parametrize("on", ["badge", "hat", "shirt", "sign", "wall"])
def test_words_lie_within_the_picture_and_read_from_left_to_right(on: str) -> None:
    _, optics, bare, made = put(on)
    known = {id(mesh) for mesh in bare}
    new = [mesh for mesh in made if id(mesh) not in known]
    page = next(mesh for mesh in new if "print" in mesh.info or mesh.info.get("map") is not None)
    uv = page.extra["print" if "print" in page.info else "uv"]
    near = (np.abs(uv - 0.5) < (0.6 if on == "shirt" else 50)).all(1)
    plane = np.linalg.lstsq(np.c_[uv, np.ones(len(uv))][near], page.v[near], rcond=None)[0]
    corners = [np.array((*corner, 1.0)) @ plane for corner in ((0, 0.5), (1, 0.5), (0.5, 0), (0.5, 1))]
    left, right, bottom, top = (optics.shown(corner, SIZE) for corner in corners)
    assert 0 < left[0] < right[0] < SIZE[0]
    assert 0 < top[1] < bottom[1] < SIZE[1]


def test_somebody_stands_aside_of_a_sign() -> None:
    scene, optics, _, _ = put("sign")
    assert scene.camera.aside > 0
    assert optics.shown(sitting.seat(SITTER).eyes, SIZE)[0] < 0.45 * SIZE[0]


@pytest.mark.parametrize("on", ["shirt", "badge", "sign"])
def test_no_hair_hangs_over_words(on: str) -> None:
    sitter = replace(SITTER, person=Person(seed=5, hair=Hair(style="long straight")), outfit=Outfit(garment="t-shirt"))
    scene = lettering.fits(Scene(sitters=(sitter,), lettering=(Lettering(words="HELLO", on=on),)))
    seat = sitting.seat(sitter)
    optics = camera.aim(scene.camera, seat.eyes, SIZE)
    bare = seat.meshes(optics.eye, 0.2)
    made = lettering.added(scene, sitter, seat.shift, bare, optics)
    known = {id(mesh) for mesh in bare}
    hair = [mesh for mesh in made if mesh.kind == "fibre"]
    page = next(m for m in made if id(m) not in known and m.kind != "fibre" and {"print", "map"} & set(m.info))
    uv = page.extra["print" if "print" in page.info else "uv"]
    there = page.v[(np.abs(uv - 0.5) <= 0.5).all(1)]
    words = shown(there, optics)
    strands = np.concatenate([mesh.v[::5] for mesh in hair])
    strands = shown(strands[strands[:, 1] < there[:, 1].max()], optics)  # what hangs down the back hides nothing
    over = ((strands > words.min(0)) & (strands < words.max(0))).all(1)
    assert len(strands) > 1000
    assert over.mean() < 0.001


def shown(points: np.ndarray, optics: camera.Optics) -> np.ndarray:
    return np.array([optics.shown(point, SIZE) for point in points])


def test_a_badge_is_larger_where_it_is_seen_from_farther_away() -> None:
    near, far = (camera.aim(Camera(framing=name), (0.0, -0.1, 1.6), SIZE) for name in ("bust", "three-quarter"))
    sizes = []
    for optics in (near, far):
        one, bare = Lettering(words="ANNA", on="badge"), sitting.seat(SITTER).meshes(optics.eye, 0.2)
        page = lettering._badge(one, SITTER, np.zeros(3), bare, optics)[-1]
        sizes.append(float(np.ptp(page.v, axis=0).max()))
    assert sizes[0] < sizes[1] < 0.15


def test_words_on_a_shirt_are_printed_on_the_cloth() -> None:
    _, _, bare, made = put("shirt")
    assert len(bare) == len(made)
    assert sum("print" in mesh.info for mesh in made) == 1


def test_framing_is_widened_only_as_far_as_words_need() -> None:
    close = Scene(camera=Camera(framing="close-up"))
    assert lettering.fits(close) == close
    badge = replace(close, lettering=(Lettering(words="ANNA", on="badge"),))
    assert lettering.fits(badge).camera.framing == "bust"
    sign = replace(close, lettering=(Lettering(words="OPEN", on="sign"),))
    assert lettering.fits(sign).camera.f_number >= 5.6, "what is behind the eyes is sharp"
    assert lettering.fits(sign).camera.framing == "bust"
    wide = replace(badge, camera=Camera(framing="three-quarter"))
    assert lettering.fits(wide) == wide


@pytest.mark.parametrize("words", ["A", "HELLO", "Dr. Rosalind Okonkwo", "the quick brown fox jumps over the lazy dog"])
def test_any_words_fill_their_page_without_leaving_it(words: str) -> None:
    cover = lettering._cover(words, (0.09, 0.05))
    inked = np.argwhere(cover > 0.1)
    assert len(inked)
    assert (inked.min(0) > 0).all()
    assert (inked.max(0) < np.array(cover.shape) - 1).all()


def test_words_are_broken_between_words_only() -> None:
    said = "one two three four five"
    assert all(text.split() == said.split() for text in lettering._breakings(said.split()))
