"""A model that is made ready at start; one that cannot be keeps nothing from going on."""

import asyncio
from pathlib import Path

import pytest

from engine.backends.warm_up import warm_up_job
from engine.jobs.job import Loading, Progress
from engine.models.studio_model import STEPS, studio_model
from tests.engine.placement.test_placing import model_in, studio_of
from tests.engine.stage import follow, job


async def test_an_order_that_comes_meanwhile_waits_as_for_loading_and_the_next_does_not(tiny_checkpoint: Path) -> None:
    async with studio_of(model_in(tiny_checkpoint)) as studio:
        warming = asyncio.create_task(studio.engine.warm("m"))
        await asyncio.sleep(0)
        first = await follow(studio.engine, job("A1", 0, previews=False))
        assert isinstance(first[0], Loading)
        await warming
        assert studio.backend.ready == ("m",)
        assert isinstance((await follow(studio.engine, job("A2", 1, previews=False)))[0], Progress)


async def test_a_model_that_cannot_be_read_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with studio_of(model_in(tmp_path / "gone")) as studio:
        await studio.engine.warm("m")
        assert "its folder is missing" in caplog.text
        assert not studio.fatal.done()


def test_the_studio_is_warmed_with_a_small_draft_and_others_with_two_steps(tiny_checkpoint: Path) -> None:
    draft, steps = warm_up_job(studio_model()), warm_up_job(model_in(tiny_checkpoint))
    assert (draft.steps, draft.width * draft.height < 10_000) == (STEPS["draft"], True)
    assert (steps.steps, (steps.width, steps.height)) == (2, (32, 48))
