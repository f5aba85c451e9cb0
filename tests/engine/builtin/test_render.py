"""Rendering, for who changes it: needs the `builtin` extra, so it runs only when asked for (`-m long`)."""

import numpy as np
import pytest

from engine.builtin.scenes import scene

pytestmark = pytest.mark.long


def test_the_same_number_is_the_same_picture() -> None:
    """A data set can be made again from its numbers."""
    render = pytest.importorskip("engine.builtin.render", exc_type=ImportError)
    geometry = pytest.importorskip("engine.builtin.geometry", exc_type=ImportError)
    what = scene(5, 1)
    shaped = geometry.template().shaped(what.person)
    first, second = (np.asarray(render.render(what, shaped), float) for _ in range(2))
    assert first.shape == (what.size[1], what.size[0], 3)
    assert np.abs(first - second).mean() < 1.0


def test_people_have_one_face_each() -> None:
    """dlib sees the rendered people as people."""
    render = pytest.importorskip("engine.builtin.render", exc_type=ImportError)
    geometry = pytest.importorskip("engine.builtin.geometry", exc_type=ImportError)
    faces = pytest.importorskip("engine.builtin.faces", exc_type=ImportError)
    body = geometry.template()
    scenes = [scene(seed, number) for seed in range(4) for number in range(0, 9, 3)]
    found = [len(faces.find(render.render(what, body.shaped(what.person)))) for what in scenes]
    assert sum(count == 1 for count in found) >= 9
