"""What an entry may ask for to be quicker: it takes effect, or it is an error."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backends.local import placing, tuning
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import ModelUnavailable
from engine.models.hosted_models import hosted_models
from engine.models.local_models import local_model
from engine.models.model import CatalogueError, Model
from engine.models.models_file import read_models_file
from engine.models.speed_options import cache_of
from tests.engine import tiny_models
from tests.engine.backends.test_diffusers import pixels
from tests.engine.models.test_hosted_models import access
from tests.engine.placement.test_placing import model_in, portrait, studio_of
from tests.engine.stage import job
from tests.engine.tiny_models import make


@pytest.fixture(scope="module")
def klein(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("klein", tmp_path_factory.mktemp("tuned") / "klein")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("qwen-image", tmp_path_factory.mktemp("tuned") / "qwen-image")


def test_options_are_read_in_both_places(tmp_path: Path) -> None:
    said = "compile=blocks; layout=channels_last; cudnn=benchmark; cache=first-block:0.1"
    model = local_model(f"folder=Name;{said}")
    assert (model.compile, model.layout, model.cudnn) == ("blocks", "channels_last", "benchmark")
    assert (cache_of(model), cache_of(local_model("folder=Name;cache=mag"))) == (("first-block", 0.1), ("mag", 0.0))
    lines = (f'{name} = "{value}"' for name, value in (option.split("=") for option in said.split("; ")))
    (tmp_path / "models.toml").write_text("\n".join(("[[model]]", 'source = "folder"', 'title = "Name"', *lines)))
    assert read_models_file(tmp_path / "models.toml") == [replace(model, source="folder")]


@pytest.mark.parametrize(
    "said",
    [
        *("compile=all", "layout=first", "cudnn=on", "cache=second-block", "cache=mag:0", "cache=mag:2", "cache=mag:x"),
        *("cache=first-block:nan", "cache=none:1", "compile=blocks;offload=sequential"),
    ],
)
def test_what_means_nothing_is_an_error_at_start(tmp_path: Path, said: str) -> None:
    with pytest.raises(CatalogueError, match=said.split(";")[0].split(":")[0]):
        local_model(f"folder=Name;{said}")
    if ";" not in said:
        name, value = said.split("=")
        (tmp_path / "models.toml").write_text(f'[[model]]\nsource = "folder"\n{name} = "{value}"\n')
        with pytest.raises(CatalogueError, match=name):
            read_models_file(tmp_path / "models.toml")


@pytest.mark.parametrize("said", ["compile=blocks", "layout=channels_last", "cudnn=benchmark", "cache=mag"])
def test_what_a_server_decides_is_an_error_in_a_cluster(said: str) -> None:
    cluster = access("cluster", f"Tongyi-MAI/Z-Image-Turbo=Z;{said}")
    with pytest.raises(CatalogueError, match="has no effect here"):
        hosted_models({"cluster": cluster}, {})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cudnn": "benchmark"}, "no NVIDIA card"),
        ({"cache": "first-block"}, "no step cache for SD3Transformer2DModel"),
    ],
)
async def test_what_has_no_effect_on_this_machine_or_model_is_told(
    tiny_checkpoint: Path, changes: dict[str, Any], why: str
) -> None:
    async with studio_of(model_in(tiny_checkpoint, **changes)) as studio:
        with pytest.raises(ModelUnavailable, match=why):
            await portrait(studio, job("A1", 0))


async def test_caches_that_this_model_cannot_have_and_blocks_that_grow_without_a_card_are_told(klein: Path) -> None:
    for cache, why in (("mag", "nobody has measured Flux2"), ("first-block", "cannot leave out the blocks of Flux2")):
        async with studio_of(model_in(klein, cache=cache)) as studio:
            with pytest.raises(ModelUnavailable, match=why):
                await portrait(studio, job("A1", 0))
    async with studio_of(model_in(klein), expandable=True) as studio:
        with pytest.raises(ModelUnavailable, match="MODEL_EXPANDABLE_SEGMENTS is set"):
            await portrait(studio, job("A1", 0))


async def seen_with(model: Model, **settings: Any) -> tuple[Any, Any]:
    """The pixels of a picture, and the loaded pipeline."""
    async with studio_of(model, **settings) as studio:
        made = await portrait(studio, job("A1", 0, seed=5, previews=False))
        return pixels(made), studio.loaded().pipe


@pytest.mark.long
async def test_compiled_blocks_make_the_same_picture(tiny_checkpoint: Path) -> None:
    """Traced by torch and run as it is: what the compiler makes of it on a card is for a card to show."""
    usual, _ = await seen_with(model_in(tiny_checkpoint))
    compiled, _ = await seen_with(model_in(tiny_checkpoint, compile="blocks"), compiler="eager")
    assert np.abs(usual - compiled).max() <= 1


@pytest.mark.parametrize("kind", ["tiny", "klein", "z-image", "sd15"])
def test_every_block_that_is_repeated_is_compiled_and_nothing_else(kind: str) -> None:
    pipe, model = tiny_models.KINDS[kind](), local_model("folder=Name;compile=blocks")
    tuning.tune(pipe, model, LocalSettings(compiler="eager"))
    denoiser = getattr(pipe, placing.denoiser_name(pipe))
    compiled = {type(part).__name__ for part in denoiser.modules() if part._compiled_call_impl is not None}
    assert compiled
    assert all("Block" in name for name in compiled)


async def test_another_layout_makes_the_same_picture(tiny_checkpoint: Path) -> None:
    import torch

    usual, _ = await seen_with(model_in(tiny_checkpoint))
    other, pipe = await seen_with(model_in(tiny_checkpoint, layout="channels_last"))
    assert pipe.vae.decoder.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert np.abs(usual - other).max() <= 2


@pytest.mark.parametrize("offload", ["none", "group"])
async def test_a_step_cache_leaves_blocks_out_and_nothing_of_it_reaches_the_next_order(
    qwen: Path, offload: str
) -> None:
    async with studio_of(model_in(qwen, cache="first-block:1", offload=offload)) as studio:
        first = await portrait(studio, job("A1", 0, seed=5, steps=8, previews=False))
        runs: list[int] = []
        blocks = studio.loaded().pipe.transformer.transformer_blocks
        blocks[-1].attn.register_forward_hook(lambda *_: runs.append(1))
        await portrait(studio, job("A2", 1, steps=8, width=64, height=48, previews=False))
        assert 0 < len(runs) < 8
        again = await portrait(studio, job("A3", 2, seed=5, steps=8, previews=False))
        assert again.picture == first.picture
