"""A checkpoint whose transformer guesses clean latents, with a solver that remembers the steps before."""

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from diffusers import DPMSolverMultistepScheduler
from PIL import Image

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Progress
from tests.engine.backends.test_diffusers import Studio, cancelled_at, pixels
from tests.engine.backends.test_image_to_image import edit
from tests.engine.stage import follow, job, jobs, tiny


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solver") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    solver = DPMSolverMultistepScheduler(prediction_type="sample", use_flow_sigmas=True, flow_shift=2.0)
    solver.save_pretrained(folder / "scheduler")
    index = json.loads((folder / "model_index.json").read_text())
    index["scheduler"] = ["diffusers", "DPMSolverMultistepScheduler"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
async def studio(checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(checkpoint), LocalSettings(preview_every_s=0.0, preview_share=1e6))
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


async def test_previews_are_made_for_who_wants_one(studio: Studio) -> None:
    quiet = job("B1", 1, steps=12, previews=False)
    both = await asyncio.gather(follow(studio.engine, job("A1", 0, steps=12)), follow(studio.engine, quiet))
    seen, unseen = [[e.preview for e in events if isinstance(e, Progress) and e.preview] for events in both]
    assert unseen == []
    for preview in seen[-1:]:
        with Image.open(io.BytesIO(preview)) as image:
            assert (image.format, image.size) == ("JPEG", (32, 48))
    assert seen


async def test_a_picture_can_be_changed(studio: Studio, tmp_path: Path) -> None:
    """How far is told by the strength, and the seed gives the same change again."""
    weak, strong, again = [
        (await studio.pictures(job(f"A{nth}", nth, seed=5, steps=10, edit=edit(tmp_path, strength=strength))))[0]
        for nth, strength in enumerate((0.2, 0.9, 0.2))
    ]
    assert weak.picture == again.picture != strong.picture
