"""A checkpoint whose transformer guesses clean latents, with a solver that remembers the steps before."""

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.backends.local.runtime import LocalSettings
from engine.builtin.shipping import build_scheduler
from engine.jobs import Finished, Progress
from engine.local_models import TRAINED_FOLDER
from tests.engine.stage import follow, job, jobs, tiny
from tests.engine.test_diffusers import Studio, cancelled_at, pixels
from tests.engine.test_edits import edit


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solver") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    scheduler = build_scheduler()
    scheduler.register_to_config(flow_shift=2.0)
    scheduler.save_pretrained(folder / "scheduler")
    index = json.loads((folder / "model_index.json").read_text())
    index["scheduler"] = ["diffusers", "DPMSolverMultistepScheduler"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
async def studio(checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(checkpoint), LocalSettings(preview_every_s=0.0))
    yield studio
    await studio.engine.stop(10.0)


async def test_a_picture_from_a_batch_is_the_one_it_would_have_been_alone(studio: Studio) -> None:
    alone = [(await studio.pictures(each))[0] for each in jobs("A1 B1 C1")]
    together = await studio.pictures(*jobs("A2 B2 C2"))
    assert [made.batch for made in together] == [3] * 3
    for one, shared in zip(alone, together, strict=True):
        assert np.abs(pixels(one) - pixels(shared)).max() <= 2


async def test_cancelling_in_a_batch_leaves_the_others_as_they_would_be(studio: Studio) -> None:
    other = job("B1", 1, steps=12)
    (alone,) = await studio.pictures(job("B0", 2, steps=12, seed=other.seed))
    _, beside = await cancelled_at(studio, 5, other)
    assert beside.batch == 2
    assert np.abs(pixels(beside) - pixels(alone)).max() <= 2


async def test_previews_show_the_guess_of_who_wants_one() -> None:
    """The trained model's last guess is nearly the portrait."""
    studio = Studio(tiny(TRAINED_FOLDER), LocalSettings(preview_every_s=0.0))
    quiet = job("B1", 1, steps=12, previews=False)
    events, (made,) = await asyncio.gather(follow(studio.engine, job("A1", 0, steps=12)), studio.pictures(quiet))
    previews = [event.preview for event in events if isinstance(event, Progress) and event.preview]
    await studio.engine.stop(10.0)
    assert made.picture
    assert isinstance(events[-1], Finished)
    portrait = pixels(events[-1])
    with Image.open(io.BytesIO(previews[-1])) as preview:
        assert np.abs(np.asarray(preview, dtype=np.int16) - portrait).mean() < 20


async def test_a_picture_can_be_changed(tmp_path: Path) -> None:
    """The weaker the change, the nearer to the picture it began from. The trained model makes it."""
    studio = Studio(tiny(TRAINED_FOLDER), LocalSettings())
    weak, strong = [
        (await studio.pictures(job(f"A{nth}", nth, seed=5, steps=10, edit=edit(tmp_path, strength=strength))))[0]
        for nth, strength in enumerate((0.2, 0.9))
    ]
    await studio.engine.stop(10.0)
    with Image.open(edit(tmp_path).path) as image:
        before = np.asarray(image.convert("RGB").resize((32, 48)), dtype=np.int16)
    assert np.abs(pixels(weak) - before).mean() < np.abs(pixels(strong) - before).mean()
