"""Saved faces through a real, tiny IP-Adapter."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Reference
from tests.engine.adapters import add_ip_adapter
from tests.engine.backends.test_diffusers import Studio, cancelled_at, pixels
from tests.engine.stage import job, tiny


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with adapter") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    add_ip_adapter(folder)
    return folder


@pytest.fixture
async def studio(checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(checkpoint), LocalSettings())
    yield studio
    await studio.engine.stop(10.0)


def face(folder: Path, name: str, shade: int) -> Reference:
    path = folder / f"{name}.png"
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").point(lambda level: (level * shade) % 256).save(path)
    return Reference(handle=name, path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


async def test_a_reference_changes_the_picture_and_another_changes_it_otherwise(studio: Studio, tmp_path: Path) -> None:
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    (plain,) = await studio.pictures(job("A1", 0, seed=1))
    (with_ana,) = await studio.pictures(job("A2", 1, seed=1, references=(ana,)))
    (with_kai,) = await studio.pictures(job("A3", 2, seed=1, references=(kai,)))
    (again,) = await studio.pictures(job("A4", 3, seed=1))
    assert len({plain.picture, with_ana.picture, with_kai.picture}) == 3
    assert plain.picture == again.picture
    assert "face" not in with_ana.note


async def test_in_a_batch_everybody_keeps_their_own_face(studio: Studio, tmp_path: Path) -> None:
    faces = [face(tmp_path, name, shade) for name, shade in (("ana", 1), ("kai", 7), ("mia", 13))]
    some = [job(f"{name}1", nth, references=(faces[nth],)) for nth, name in enumerate("ABC")]
    alone = [(await studio.pictures(each))[0] for each in some]
    together = await studio.pictures(*some)
    assert {made.batch for made in together} == {3}
    for one, shared in zip(alone, together, strict=True):
        assert np.abs(pixels(one) - pixels(shared)).max() <= 2


async def test_jobs_with_and_without_a_reference_do_not_share_a_batch(studio: Studio, tmp_path: Path) -> None:
    made = await studio.pictures(job("A1", 0), job("B1", 1, references=(face(tmp_path, "ana", 1),)))
    assert [each.batch for each in made] == [1, 1]


async def test_a_reference_is_read_once_in_a_series(studio: Studio, tmp_path: Path) -> None:
    ana = face(tmp_path, "ana", 1)
    await studio.pictures(*(job(f"A{nth}", nth, references=(ana,)) for nth in range(4)))
    await studio.pictures(job("A9", 9, references=(ana,)))
    assert studio.backend.embeddings is not None
    assert studio.backend.embeddings.references.made == 1


async def test_cancelling_beside_a_reference_leaves_the_face_as_it_would_be(checkpoint: Path, tmp_path: Path) -> None:
    ana = face(tmp_path, "ana", 1)
    studio = Studio(tiny(checkpoint), LocalSettings())
    other = job("B1", 1, steps=16, references=(ana,))
    (alone,) = await studio.pictures(job("B0", 2, steps=16, seed=other.seed, references=(ana,)))
    _, beside = await cancelled_at(studio, 5, other, cancelled=job("A1", 0, steps=16, references=(ana,)))
    assert beside.batch == 2
    assert np.abs(pixels(beside) - pixels(alone)).max() <= 2
    await studio.engine.stop(10.0)


async def test_of_two_characters_the_first_is_held_and_the_note_says_so(studio: Studio, tmp_path: Path) -> None:
    both = (face(tmp_path, "ana", 1), face(tmp_path, "kai", 7))
    (made,) = await studio.pictures(job("A1", 0, seed=1, references=both))
    (first,) = await studio.pictures(job("A2", 0, seed=1, references=both[:1]))
    assert "holds one face" in made.note
    assert made.picture == first.picture


async def test_a_forgotten_picture_is_read_anew_if_it_ever_comes_back(studio: Studio, tmp_path: Path) -> None:
    """Nothing of an erased face, nor of anybody's words, stays in memory; other faces do."""
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    await studio.pictures(job("A1", 0, references=(ana,)))
    await studio.pictures(job("A2", 1, references=(kai,)))
    embeddings = studio.backend.embeddings
    assert embeddings is not None
    read, words = embeddings.references.made, embeddings.texts.made
    await studio.engine.forget([ana.sha256])
    await studio.pictures(job("A3", 2, references=(kai,)))
    assert embeddings.references.made == read
    assert embeddings.texts.made > words
    await studio.pictures(job("A4", 3, references=(ana,)))
    assert embeddings.references.made == read + 1
