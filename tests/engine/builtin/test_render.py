"""Rendering, for who changes it: needs the `builtin` extra, so it runs only when asked for (`-m long`)."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.builtin.scenes import PER_PERSON, scene

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


def test_a_head_with_a_high_crown_is_told_as_one(tmp_path: Path) -> None:
    """Builds are measured on the very head that is rendered, and kept beside the renders."""
    pytest.importorskip("engine.builtin.geometry", exc_type=ImportError)
    builds = pytest.importorskip("engine.builtin.builds", exc_type=ImportError)
    heads = sorted((builds.of_person(seed) for seed in range(12)), key=lambda build: float(build[0]))
    low, high = heads[0], heads[-1]
    assert high[0] > low[0] > 0.5
    assert (high[1:3] > 0.5).all()
    for seed in (0, 1):
        Image.new("RGB", (128, 192)).save(tmp_path / f"{seed * PER_PERSON:06d}.png")
    assert builds.measure(tmp_path) == 2
    assert builds.read(tmp_path, [0, 1]) == {}  # too few to tell what embeddings say
    with pytest.raises(ValueError, match=r"engine\.builtin\.builds"):
        builds.read(tmp_path, [0, 2])
