"""What comes after the device: pictures are written while the next batch is made, and only what is a picture is."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.local import pixels as made_pixels
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Finished, Job, Progress, RenderFailed
from engine.queue.engine import Limits
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.placement.test_placing import model_in, portrait, studio_of
from tests.engine.stage import job, jobs, tiny
from tests.engine.tiny_models import make


@pytest.fixture
def held_writing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """PNGs are written once this is set."""
    held, save = threading.Event(), Image.Image.save

    def slow(picture: Image.Image, file: Any, format: str | None = None, **more: Any) -> None:
        assert format != "PNG" or held.wait(60)
        save(picture, file, format, **more)

    monkeypatch.setattr(Image.Image, "save", slow)
    return held


async def test_the_next_batch_begins_before_the_last_one_is_written_and_a_third_waits(
    tiny_checkpoint: Path, held_writing: threading.Event
) -> None:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings(), Limits(batch=1))
    seen: list[str] = []

    async def follow(one: Job, at_its_end: Callable[[], None]) -> None:
        async for event in studio.engine.submit(one):
            if isinstance(event, Progress) and f"{one.id} began" not in seen:
                seen.append(f"{one.id} began")
            if isinstance(event, Progress) and event.step == event.steps:
                at_its_end()
            if isinstance(event, Finished):
                seen.append(f"{one.id} written")

    ends: list[Callable[[], None]] = [lambda: None, held_writing.set, lambda: None]
    await asyncio.gather(*(follow(one, end) for one, end in zip(jobs("A1 B1 C1", previews=False), ends, strict=True)))
    assert seen.index("B1 began") < seen.index("A1 written")
    assert seen.index("A1 written") < seen.index("C1 began")
    await studio.engine.stop(10.0)


def overflow(model: Any, part: str) -> None:
    """What a part gives has no number in it while it works at 16 bits, as where float16 overflows."""
    import torch

    def spoilt(module: Any, given: Any, result: Any) -> Any:
        first = result[0] if isinstance(result, tuple) else result
        half = next(module.parameters()).dtype != torch.float32
        spoiled = torch.full_like(first, torch.nan) if half else first
        return (spoiled, *result[1:]) if isinstance(result, tuple) else spoiled

    module = getattr(model.pipe, part)
    (module.decoder if part == "vae" else module).register_forward_hook(spoilt)


@pytest.mark.parametrize("kind", ["tiny", "klein", "qwen-image"])
async def test_an_autoencoder_that_overflows_at_16_bits_decodes_again_at_32(tmp_path: Path, kind: str) -> None:
    folder = make(kind, tmp_path / kind)
    async with studio_of(model_in(folder, precision="bfloat16")) as studio:
        usual = await portrait(studio, job("A1", 0, seed=5, previews=False))
        overflow(studio.loaded(), "vae")
        again = await portrait(studio, job("A2", 1, seed=5, previews=False))
        assert np.abs(pixels(usual) - pixels(again)).max() <= 8
        assert str(studio.loaded().pipe.vae.dtype) == "torch.bfloat16"


async def test_a_picture_without_numbers_is_refused_and_others_are_delivered(tiny_checkpoint: Path) -> None:
    async with studio_of(model_in(tiny_checkpoint, precision="float16")) as studio:
        await portrait(studio, job("A1", 0))
        overflow(studio.loaded(), "transformer")
        with pytest.raises(RenderFailed, match="the picture is black"):
            await portrait(studio, job("A2", 1))


def test_only_pictures_count_as_pictures() -> None:
    import torch

    good = torch.rand(3, 4, 4)
    bad = [torch.full_like(good, value) for value in (0.0, 1.0, torch.nan, torch.inf)]
    found = made_pixels.of(torch.stack([good, *bad]))
    assert [one is not None for one in found] == [True, False, False, False, False]
    assert np.array_equal(found[0], (good.permute(1, 2, 0).numpy() * 255).round().astype("uint8"))
    black = Image.new("RGB", (4, 4))
    assert made_pixels.of([black]) == [None]
