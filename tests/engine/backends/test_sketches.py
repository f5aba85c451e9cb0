"""Previews wherever a model's parts lie: by its own autoencoder, by a tiny one on disk, or cell by cell."""

import io
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.local.sketches import TINY_FOLDER, coloured, fitted, leaves
from engine.jobs.job import Finished, Progress
from engine.models.model import Model
from tests.engine.placement.test_placing import model_in, studio_of
from tests.engine.stage import follow, job
from tests.engine.tiny_models import SIZE, make


async def previews_of(model: Model) -> list[bytes]:
    async with studio_of(model) as studio:
        events = await follow(studio.engine, job("A1", 0, steps=12, seed=5))
        assert isinstance(events[-1], Finished)
        return [event.preview for event in events if isinstance(event, Progress) and event.preview]


@pytest.mark.parametrize(
    ("kind", "offload"), [("tiny", "model"), ("tiny", "sequential"), ("klein", "model"), ("qwen-image", "model")]
)
async def test_there_are_previews_with_any_offload(tmp_path: Path, kind: str, offload: str) -> None:
    shown = await previews_of(model_in(make(kind, tmp_path / kind), offload=offload))
    assert shown
    with Image.open(io.BytesIO(shown[-1])) as preview:
        assert (preview.format, preview.size) == ("JPEG", SIZE)


async def test_a_tiny_autoencoder_beside_the_model_is_what_previews_are_made_with(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    from diffusers import AutoencoderTiny

    with_tiny = tmp_path / "model"
    shutil.copytree(tiny_checkpoint, with_tiny)
    small = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    AutoencoderTiny(latent_channels=16, **small).save_pretrained(with_tiny / TINY_FOLDER)
    shown = [await previews_of(model_in(with_tiny, offload=offload)) for offload in ("none", "model")]
    assert shown[0][-1] == shown[1][-1] != (await previews_of(model_in(tiny_checkpoint)))[-1]
    (with_tiny / TINY_FOLDER / "config.json").write_text("{")
    assert await previews_of(model_in(with_tiny, offload="model"))


def test_colours_are_found_again_where_each_cell_has_one() -> None:
    """An autoencoder whose latents are mixed from a cell's mean colour stands in; noise hides a little of it."""
    import torch

    mix = torch.randn(8, 3, generator=torch.Generator().manual_seed(3))

    class Encoding:
        dtype = torch.float32

        def encode(self, shown: Any) -> Any:
            means = torch.nn.functional.avg_pool2d(shown, 8)
            return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: torch.einsum("nchw,dc->ndhw", means, mix)))

    pipe = SimpleNamespace(vae=Encoding(), maybe_free_model_hooks=lambda: None)
    colours = fitted(pipe, torch.device("cpu"))
    shown = torch.from_numpy(leaves())
    latents = pipe.vae.encode(shown * 2 - 1).latent_dist.mode()
    means = torch.nn.functional.avg_pool2d(shown, 8).clamp(0, 1)
    assert (coloured(latents, colours) - means).abs().max() < 0.02


def test_what_colours_are_fitted_to_is_always_the_same() -> None:
    assert np.array_equal(leaves(), leaves())
    assert 0.2 < leaves().std() < 0.4
