"""Changing a picture with a checkpoint of ours: from the picture itself, with a saved face beside it."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Adapter, Finished, ImageToImage, Progress, RenderFailed
from tests.engine.adapters import add_ip_adapter
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.backends.test_references import face
from tests.engine.loras import lora
from tests.engine.stage import follow, job, tiny


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edits") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    add_ip_adapter(folder)
    return folder


@pytest.fixture
async def studio(checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(checkpoint), LocalSettings(preview_every_s=0.0, preview_share=1e6))
    yield studio
    await studio.engine.stop(10.0)


def edit(folder: Path, shade: int = 3, strength: float = 0.5) -> ImageToImage:
    picture = face(folder, f"before{shade}", shade)
    return ImageToImage(path=picture.path, sha256=picture.sha256, words="a blue scarf", strength=strength)


async def test_a_saved_face_takes_part_in_an_edit(studio: Studio, tmp_path: Path) -> None:
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    some = [
        job(f"A{nth}", nth, seed=5, edit=edit(tmp_path), references=references)
        for nth, references in enumerate(((), (ana,), (kai,)))
    ]
    made = [(await studio.pictures(one))[0] for one in some]
    assert len({one.picture for one in made}) == 3
    assert not any("not used" in one.note for one in made)


async def test_faces_in_a_batch_of_edits_stay_with_their_own(studio: Studio, tmp_path: Path) -> None:
    faces = [face(tmp_path, name, shade) for name, shade in (("ana", 1), ("kai", 7))]
    some = [
        job(f"{name}1", nth, edit=edit(tmp_path, 3 + nth), references=(one,))
        for nth, (name, one) in enumerate(zip("AB", faces, strict=True))
    ]
    alone = [(await studio.pictures(one))[0] for one in some]
    together = await studio.pictures(*some)
    assert {one.batch for one in together} == {2}
    for one, shared in zip(alone, together, strict=True):
        assert np.abs(pixels(one) - pixels(shared)).max() <= 2


async def test_portraits_are_what_they_were_around_an_edit(studio: Studio, tmp_path: Path) -> None:
    ana = face(tmp_path, "ana", 1)
    first, edited, again = [
        (await studio.pictures(one))[0]
        for one in (
            job("A1", 0, seed=5, references=(ana,)),
            job("A2", 1, seed=5, references=(ana,), edit=edit(tmp_path)),
            job("A3", 2, seed=5, references=(ana,)),
        )
    ]
    assert first.picture == again.picture != edited.picture


async def test_edits_and_portraits_do_not_share_a_batch(studio: Studio, tmp_path: Path) -> None:
    made = await studio.pictures(job("A1", 0), job("B1", 1, edit=edit(tmp_path)))
    assert [one.batch for one in made] == [1, 1]


async def test_its_steps_and_previews_are_those_that_are_really_made(studio: Studio, tmp_path: Path) -> None:
    events = await follow(studio.engine, job("A1", 0, steps=48, edit=edit(tmp_path)))
    told = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in told] == list(range(25))
    assert {event.steps for event in told} == {24}
    assert isinstance(events[-1], Finished)
    shown = {event.step: event.preview for event in told if event.preview}
    assert list(shown) == [4, 8, 12, 16, 20]
    last = shown[20]
    with Image.open(io.BytesIO(last)) as preview:
        assert np.abs(np.asarray(preview, dtype=np.int16) - pixels(events[-1])).mean() < 20


async def test_a_picture_of_another_shape_is_cut_to_the_portraits(studio: Studio, tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    Image.linear_gradient("L").resize((300, 100)).convert("RGB").save(wide)
    one = ImageToImage(path=wide, sha256="1", words="", strength=0.5)
    (made,) = await studio.pictures(job("A1", 0, edit=one))
    assert pixels(made).shape == (48, 32, 3)


async def test_a_picture_that_cannot_be_read_fails_its_own_job_alone(
    studio: Studio, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = ImageToImage(path=tmp_path / "gone.png", sha256="2", words="", strength=0.5)
    await studio.pictures(job("A0", 0, edit=edit(tmp_path)))  # from now on two are tried together
    good = asyncio.create_task(follow(studio.engine, job("A1", 0, edit=edit(tmp_path))))
    with pytest.raises(RenderFailed, match="cannot be read any more"):
        await studio.pictures(job("B1", 1, edit=gone))
    assert isinstance((await good)[-1], Finished)
    assert "failed in the backend" in caplog.text  # they were tried together, then each alone


async def test_a_fine_tune_a_face_and_an_edit_work_together(
    studio: Studio, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    film = Adapter(name="film", path=lora(tmp_path, "film", tiny_checkpoint), weight=0.5)
    with_face = job("A1", 0, seed=5, edit=edit(tmp_path), references=(face(tmp_path, "ana", 1),))
    before, tuned, after = [
        (await studio.pictures(replace(with_face, id=f"A{nth}", adapters=adapters)))[0]
        for nth, adapters in enumerate(((), (film,), ()))
    ]
    assert before.picture == after.picture != tuned.picture
