"""The local backend with a real, tiny Stable Diffusion 3 checkpoint."""

import asyncio
import ctypes
import io
import json
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.diffusers import DiffusersBackend
from engine.backends.local.loaded import Loaded
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import (
    EngineStopped,
    Event,
    Finished,
    Job,
    JobCancelled,
    JobTimedOut,
    Loading,
    ModelUnavailable,
    OutOfMemory,
    Progress,
    Reference,
)
from engine.models.catalogue import Catalogue
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine, Limits
from tests.engine.stage import WorthIt, follow, job, jobs, picture, tiny


class Studio:
    """An engine over the local backend; `backend` is there once a model was wanted."""

    def __init__(self, catalogue: Catalogue, settings: LocalSettings, limits: Limits | None = None) -> None:
        self.backend = DiffusersBackend(catalogue, settings=settings)
        self.engine = Engine(
            catalogue,
            {"local": lambda: self.backend},
            limits=limits or Limits(running_per_user=8),
            timings=WorthIt(),
            on_fatal=lambda reason: self.fatal.set_result(reason),
        )
        self.fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def loaded(self) -> Loaded:
        """The model in memory, once it was used."""
        assert self.backend.model_cache is not None
        return self.backend.model_cache.take(self.engine.catalogue.get("m"), lambda: None)

    async def pictures(self, *some: Job) -> list[Finished]:
        return await asyncio.gather(*(picture(self.engine, each) for each in some))


@pytest.fixture
async def studio(tiny_checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings(preview_every_s=0.0, preview_share=1e6))
    yield studio
    await studio.engine.stop(10.0)


def pixels(finished: Finished) -> "np.ndarray[Any, np.dtype[np.int16]]":
    with Image.open(io.BytesIO(finished.picture)) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image, dtype=np.int16)


def words(**slots: str) -> PortraitPrompt:
    return PortraitPrompt(**slots)  # type: ignore[arg-type]


async def test_a_portrait_is_a_png_of_the_ordered_size_and_says_how_it_was_made(studio: Studio) -> None:
    (made,) = await studio.pictures(job("A1", 7, width=48, height=32))
    assert pixels(made).shape == (32, 48, 3)
    assert (made.seed, made.steps, made.batch, made.model_title) == (7, 4, 1, "m")
    assert "red scarf" in made.words.prompt
    assert made.render_s > 0


async def test_a_seed_gives_the_same_picture_again_and_another_seed_another(studio: Studio) -> None:
    (first,) = await studio.pictures(job("A1", 0, seed=5))
    (again,) = await studio.pictures(job("A2", 1, seed=5))
    (other,) = await studio.pictures(job("A3", 2, seed=6))
    assert first.picture == again.picture
    assert first.picture != other.picture


async def test_words_change_the_picture(studio: Studio) -> None:
    (first,) = await studio.pictures(job("A1", 0, seed=5))
    (other,) = await studio.pictures(job("A2", 1, seed=5, prompt=words(subject="an old man, green hat")))
    assert first.picture != other.picture


async def test_a_picture_from_a_batch_is_the_one_it_would_have_been_alone(studio: Studio) -> None:
    """Within the model's numerical noise: at most two of 255 levels in any pixel."""
    alone = [(await studio.pictures(each))[0] for each in jobs("A1 B1 C1 D1")]
    together = await studio.pictures(*jobs("A2 B2 C2 D2"))
    assert [made.batch for made in together] == [4] * 4
    for one, shared in zip(alone, together, strict=True):
        assert np.abs(pixels(one) - pixels(shared)).max() <= 2


async def test_steps_are_told_one_by_one_with_previews_between(studio: Studio) -> None:
    events = await follow(studio.engine, job("A1", 0, steps=12))
    assert isinstance(events[0], Loading)
    assert [event.step for event in events if isinstance(event, Progress)] == list(range(13))
    previews = [event.preview for event in events if isinstance(event, Progress) and event.preview]
    assert previews
    with Image.open(io.BytesIO(previews[0])) as preview:
        assert (preview.format, preview.size) == ("JPEG", (32, 48))


async def test_no_previews_are_made_for_who_does_not_want_them(studio: Studio) -> None:
    events = await follow(studio.engine, job("A1", 0, steps=12, previews=False))
    assert not [event for event in events if isinstance(event, Progress) and event.preview]


async def test_previews_come_to_look_like_the_portrait(studio: Studio) -> None:
    """They show where the steps are heading, not the noise that is still there."""
    events = await follow(studio.engine, job("A1", 0, steps=24))
    previews = [event.preview for event in events if isinstance(event, Progress) and event.preview]
    assert isinstance(events[-1], Finished)
    made = pixels(events[-1])
    with Image.open(io.BytesIO(previews[-1])) as preview:
        assert np.abs(np.asarray(preview, dtype=np.int16) - made).mean() < 20


async def cancelled_at(
    studio: Studio, step: int, other: Job, cancelled: Job | None = None
) -> tuple[list[Event], Finished]:
    """Cancels a job when it reports this step, while the other job shares its batch."""
    cancelled = cancelled or job("A1", 0, steps=other.steps)
    seen: list[Event] = []
    beside = asyncio.create_task(picture(studio.engine, other))

    async def cancelling() -> None:
        async for event in studio.engine.submit(cancelled):
            seen.append(event)
            if isinstance(event, Progress) and event.step == step:
                assert studio.engine.cancel(cancelled.id)

    with pytest.raises(JobCancelled):
        await cancelling()
    return seen, await beside


async def test_cancelling_in_a_batch_leaves_the_others_as_they_would_be(studio: Studio) -> None:
    other = job("B1", 1, steps=16)
    (alone,) = await studio.pictures(job("B0", 2, steps=16, seed=other.seed))
    seen, beside = await cancelled_at(studio, 5, other)
    last = seen[-1]
    assert isinstance(last, Progress)
    assert last.step == 5
    assert beside.batch == 2
    assert np.abs(pixels(beside) - pixels(alone)).max() <= 2


async def test_a_running_job_stops_within_one_step_and_the_next_one_starts(studio: Studio) -> None:
    events = studio.engine.submit(job("A1", 0, steps=5000))
    async for event in events:
        if isinstance(event, Progress) and event.step >= 2:
            studio.engine.cancel("A1")
            break
    (made,) = await studio.pictures(job("B1", 1))
    assert isinstance(made, Finished)


async def test_a_job_past_its_deadline_is_stopped(tiny_checkpoint: Path) -> None:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings(), Limits(deadline_s=0.0))
    with pytest.raises(JobTimedOut):
        await studio.pictures(job("A1", 0, steps=5000))
    await studio.engine.stop(10.0)


async def test_stopping_ends_after_the_current_step(studio: Studio) -> None:
    events = studio.engine.submit(job("A1", 0, steps=100_000))
    async for event in events:
        if isinstance(event, Progress) and event.step >= 2:
            break
    await studio.engine.stop(10.0)
    assert "diffusers" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(EngineStopped):
        await anext(aiter(events))


async def test_a_worker_thread_that_dies_in_a_batch_is_replaced_and_no_job_is_lost(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await studio.pictures(job("A0", 0))
    events = studio.engine.submit(job("A1", 1, steps=40))
    beside = asyncio.create_task(picture(studio.engine, job("B1", 2, steps=40)))
    killed = False
    made = None
    async for event in events:
        if isinstance(event, Progress) and event.step >= 3 and not killed:
            killed = True
            kill_thread("diffusers")
        if isinstance(event, Finished):
            made = event
    assert made is not None
    assert (made.batch, (await beside).batch) == (1, 1)
    assert "were interrupted" in caplog.text


def kill_thread(name: str) -> None:
    """Raises SystemExit in a running thread, as nothing in the backend expects it."""
    (ident,) = [thread.ident for thread in threading.enumerate() if thread.name == name]
    assert ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(SystemExit))


STEP_MIB = 2 * 6 * 32 * 4 * 16 / 2**20
"""What one step of one guided 32×48 picture takes by the limit's own arithmetic."""


async def test_a_batch_that_does_not_fit_into_memory_is_halved_and_remembered(tiny_checkpoint: Path) -> None:
    settings = LocalSettings(batch_memory_mib=2.5 * STEP_MIB)
    studio = Studio(tiny(tiny_checkpoint), settings)
    made = await studio.pictures(*jobs("A1 B1 C1 D1 E1 F1 G1 H1"))
    assert {each.batch for each in made} == {2}
    assert studio.backend.max_batch(studio.engine.catalogue.get("m"), (32, 48)) == 2
    assert {each.batch for each in await studio.pictures(*jobs("A2 B2 C2"))} <= {1, 2}
    await studio.engine.stop(10.0)


async def test_a_job_that_does_not_fit_alone_fails_with_a_sentence_and_the_next_is_served(
    tiny_checkpoint: Path,
) -> None:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings(batch_memory_mib=1.5 * STEP_MIB))
    with pytest.raises(OutOfMemory, match="smaller size"):
        await studio.pictures(job("A1", 0, width=64, height=64))
    await studio.pictures(job("B1", 1))
    await studio.engine.stop(10.0)


async def test_a_step_that_never_ends_asks_for_a_new_process(tiny_checkpoint: Path) -> None:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings(hang_s=1.0))
    await studio.pictures(job("A0", 0))
    release = threading.Event()
    studio.loaded().pipe.transformer.register_forward_pre_hook(lambda *_: release.wait() and None)
    follower = asyncio.create_task(picture(studio.engine, job("A1", 1)))
    assert "no step for" in await studio.fatal
    release.set()
    await studio.engine.stop(10.0)
    with pytest.raises(EngineStopped):
        await follower


async def test_a_device_that_fails_asks_for_a_new_process(tiny_checkpoint: Path) -> None:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings())
    await studio.pictures(job("A0", 0))

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    studio.loaded().pipe.transformer.register_forward_pre_hook(fail)
    follower = asyncio.create_task(picture(studio.engine, job("A1", 1)))
    assert "the device failed" in await studio.fatal
    await studio.engine.stop(10.0)
    with pytest.raises(EngineStopped):
        await follower


def encoder_runs(studio: Studio) -> list[str]:
    """Notes every run of a text encoder from now on."""
    runs: list[str] = []
    loaded = studio.loaded()
    for name in ("text_encoder", "text_encoder_2"):
        getattr(loaded.pipe, name).register_forward_hook(lambda *_, name=name: runs.append(name))
    return runs


async def test_a_series_of_the_same_words_reads_them_once(studio: Studio) -> None:
    await studio.pictures(job("A0", 0, prompt=words(subject="somebody else")))
    runs = encoder_runs(studio)
    for nth in range(9):
        await studio.pictures(job(f"A{nth}", nth))
    assert runs == ["text_encoder", "text_encoder_2"]


async def test_a_series_of_different_words_reads_each_once(studio: Studio) -> None:
    await studio.pictures(job("A0", 0))
    runs = encoder_runs(studio)
    await studio.pictures(*(job(f"A{n}", n, prompt=words(subject=f"woman number {n}")) for n in range(8)))
    assert runs.count("text_encoder") == runs.count("text_encoder_2") == 8


async def test_models_that_do_not_fit_together_take_turns_in_memory(tiny_checkpoint: Path) -> None:
    catalogue = tiny(tiny_checkpoint, f"{tiny_checkpoint}=n")
    for memory_gib, expected in ((1.0, {"m", "n"}), (0.0005, {"n"})):
        studio = Studio(catalogue, LocalSettings(memory_gib=memory_gib))
        await studio.pictures(job("A1", 0))
        await studio.pictures(job("A2", 1, model="n"))
        assert studio.backend.model_cache is not None
        assert set(studio.backend.model_cache.resident) == expected
        await studio.pictures(job("A3", 2))
        await studio.engine.stop(10.0)


async def test_a_missing_model_folder_is_told_in_one_sentence(studio: Studio, tmp_path: Path) -> None:
    gone = Studio(tiny(tmp_path / "gone"), LocalSettings())
    with pytest.raises(ModelUnavailable, match="its folder is missing") as error:
        await gone.pictures(job("A1", 0))
    assert str(tmp_path) not in str(error.value)
    await gone.engine.stop(10.0)


@pytest.mark.parametrize("damage", ["cut", "gone", "pickle", "index"])
async def test_a_damaged_model_is_told_in_one_sentence(tiny_checkpoint: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_checkpoint, folder)
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "gone":
        weights.unlink()
    elif damage == "pickle":
        weights.rename(weights.with_suffix(".bin"))
    else:
        (folder / "model_index.json").write_text("{", encoding="utf-8")
    studio = Studio(tiny(folder), LocalSettings())
    with pytest.raises(ModelUnavailable, match="cannot be used now"):
        await studio.pictures(job("A1", 0))
    await studio.engine.stop(10.0)


async def test_a_model_that_wants_foreign_code_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_checkpoint, folder)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    index["scheduler"] = ["subprocess", "Popen"]
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    studio = Studio(tiny(folder), LocalSettings())
    with pytest.raises(ModelUnavailable, match="wants code from subprocess"):
        await studio.pictures(job("A1", 0))
    await studio.engine.stop(10.0)


async def test_a_precision_setting_holds(tiny_checkpoint: Path) -> None:
    catalogue = tiny(tiny_checkpoint, f"{tiny_checkpoint}=n;precision=bfloat16")
    studio = Studio(catalogue, LocalSettings())
    await studio.pictures(job("A1", 0), job("A2", 1, model="n"))
    assert studio.backend.model_cache is not None
    dtypes = [
        str(studio.backend.model_cache.take(catalogue.get(name), lambda: None).pipe.transformer.dtype)
        for name in ("m", "n")
    ]
    assert dtypes == ["torch.float32", "torch.bfloat16"]
    await studio.engine.stop(10.0)


async def test_an_offload_setting_without_a_gpu_is_an_error(tiny_checkpoint: Path) -> None:
    studio = Studio(tiny(tiny_checkpoint, f"{tiny_checkpoint}=n;offload=model"), LocalSettings(device="cpu"))
    with pytest.raises(ModelUnavailable, match="offload setting needs a GPU"):
        await studio.pictures(job("A1", 0, model="n"))
    await studio.engine.stop(10.0)


async def test_a_model_that_cannot_hold_a_face_says_so(studio: Studio, tmp_path: Path) -> None:
    ana = Reference(handle="ana", path=tmp_path / "ana.png", sha256="0")
    (made,) = await studio.pictures(job("A1", 0, references=(ana,)))
    assert "cannot hold a face" in made.note
    (without,) = await studio.pictures(job("A2", 0))
    assert made.picture == without.picture
