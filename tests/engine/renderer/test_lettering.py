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
