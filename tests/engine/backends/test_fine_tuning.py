"""LoRAs on a real, tiny checkpoint: switched, mixed into the queue, taken off, and the base unharmed."""

import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Adapter, Finished, Job, ModelUnavailable
from engine.models.catalogue import Catalogue
from engine.models.loras import FineTune
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.loras import lora, lora_of
from tests.engine.stage import job, tiny


@pytest.fixture(scope="module")
def folder(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fine-tunes")
    for seed, name in enumerate(("film", "ink", "oil", "chalk", "pastel", "print"), start=1):
        lora(folder, name, tiny_checkpoint, seed=seed)
    return folder


def with_fine_tunes(base: Path, *fine_tunes: FineTune) -> Catalogue:
    return replace(tiny(base), fine_tunes=fine_tunes)


@pytest.fixture
async def studio(tiny_checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(tiny_checkpoint), LocalSettings())
    yield studio
    await studio.engine.stop(10.0)


def at(folder: Path, name: str, scale: float = 1.0) -> tuple[Adapter, ...]:
    return (Adapter(name=name, path=folder / f"{name}.safetensors", weight=scale),)


async def made(studio: Studio, one: Job) -> Finished:
    return (await studio.pictures(one))[0]


async def test_the_base_is_bit_for_bit_what_it_was(studio: Studio, folder: Path) -> None:
    before = await made(studio, job("A1", 0, seed=5))
    loaded = studio.loaded()
    weights = {name: weight.clone() for name, weight in loaded.pipe.transformer.state_dict().items()}
    tuned = await made(studio, job("A2", 1, seed=5, adapters=at(folder, "film")))
    off = await made(studio, job("A3", 2, seed=5))
    loaded.fine_tunes.unload()
    without = await made(studio, job("A4", 3, seed=5))
    assert before.picture == off.picture == without.picture
    assert before.picture != tuned.picture
    now = loaded.pipe.transformer.state_dict()
    assert weights.keys() == now.keys()
    assert all((weights[name] == now[name]).all() for name in weights)


async def test_the_picture_differs_as_the_strength_does(studio: Studio, folder: Path) -> None:
    scales = (None, 0.0, 0.05, 0.5, 1.0)
    some = [
        await made(studio, job(f"A{nth}", nth, seed=5, adapters=() if scale is None else at(folder, "film", scale)))
        for nth, scale in enumerate(scales)
    ]
    base, nothing, little, half, full = (pixels(one) for one in some)
    away = [float(np.abs(one - base).mean()) for one in (nothing, little, half, full)]
    assert away[0] == 0.0
    assert 0.0 < away[1] < min(away[2:])
    assert (half != full).any()


async def test_a_strength_gives_the_same_picture_again_whatever_came_between(studio: Studio, folder: Path) -> None:
    first = await made(studio, job("A1", 0, seed=5, adapters=at(folder, "film", 0.5)))
    await made(studio, job("A2", 1, seed=5, adapters=at(folder, "ink")))
    await made(studio, job("A3", 2, seed=5))
    again = await made(studio, job("A4", 3, seed=5, adapters=at(folder, "film", 0.5)))
    assert first.picture == again.picture


async def test_fine_tunes_are_batched_with_their_own_kind(studio: Studio, folder: Path) -> None:
    kinds = {"A": at(folder, "film"), "B": at(folder, "ink"), "C": at(folder, "film", 0.5), "D": ()}
    some = [
        job(f"{user}{nth}", 2 * nth + second, user=f"{user}{second}", id=f"{user}{nth}{second}", adapters=adapters)
        for nth, (user, adapters) in enumerate(kinds.items())
        for second in range(2)
    ]
    alone = {one.id: await made(studio, replace(one, id=f"alone {one.id}")) for one in some}
    together = dict(zip((one.id for one in some), await studio.pictures(*some), strict=True))
    assert {one.batch for one in together.values()} == {2}
    for name, one in together.items():
        assert np.abs(pixels(one) - pixels(alone[name])).max() <= 2


async def test_a_fine_tune_is_read_once_and_the_one_unused_for_longest_leaves(studio: Studio, folder: Path) -> None:
    await made(studio, job("A0", 0))
    fine_tunes = studio.loaded().fine_tunes
    bare = studio.loaded().bytes
    for nth, name in enumerate(("film", "ink", "oil", "film", "chalk", "pastel")):
        await made(studio, job(f"B{nth}", nth, adapters=at(folder, name)))
    assert fine_tunes.names == ("oil", "film", "chalk", "pastel")
    assert studio.loaded().bytes == bare + fine_tunes.bytes > bare
    assert studio.backend.model_cache is not None
    assert studio.backend.model_cache.resident == ("m",)


async def test_unloading_frees_what_was_read(studio: Studio, folder: Path) -> None:
    await made(studio, job("A1", 0, adapters=at(folder, "film")))
    await made(studio, job("A2", 1, adapters=at(folder, "ink")))
    loaded = studio.loaded()
    tuned = sum(weight.numel() for weight in loaded.pipe.transformer.parameters())
    loaded.fine_tunes.unload()
    gc.collect()
    assert not loaded.fine_tunes.names
    assert sum(weight.numel() for weight in loaded.pipe.transformer.parameters()) < tuned
    assert not any(".lora_" in name for name, _ in loaded.pipe.transformer.named_modules())
    await made(studio, job("A3", 2, adapters=at(folder, "film")))
    assert loaded.fine_tunes.names == ("film",)


async def test_one_that_also_reads_words_changes_how_they_are_read_and_back(
    studio: Studio, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    reading = lora(tmp_path, "reader", tiny_checkpoint, targets=("q_proj", "v_proj"), part="text_encoder")
    before = await made(studio, job("A1", 0, seed=5))
    tuned = await made(studio, job("A2", 1, seed=5, adapters=at(reading.parent, "reader")))
    assert studio.loaded().fine_tunes.reading == (("reader", 1.0),)
    after = await made(studio, job("A3", 2, seed=5))
    assert before.picture == after.picture != tuned.picture
    studio.loaded().fine_tunes.unload()
    assert (await made(studio, job("A4", 3, seed=5))).picture == before.picture


@pytest.mark.parametrize("held", [True, False])
async def test_a_file_that_does_not_fit_is_refused_again_at_loading_and_nothing_is_left_of_it(
    studio: Studio, folder: Path, tmp_path: Path, held: bool
) -> None:
    """A file that changed after the start, or whose base lies in a hub."""
    wide = lora_of(tmp_path, "wide", {"transformer_blocks.0.attn.to_q": (64, 64)})
    lora_of(tmp_path, "foreign", {"some.module": (8, 8)}, part="elsewhere")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(wide.read_bytes()[:-40])
    before = await made(studio, job("A1", 0, seed=5, adapters=at(folder, "film") if held else ()))
    for name, reason in (("wide", "64 → 64 in the file"), ("foreign", "nothing in it"), ("cut", "cannot be read")):
        with pytest.raises(ModelUnavailable, match=f"fine-tune {name} does not fit it: .*{reason}"):
            await made(studio, job(f"A{name}", 1, adapters=at(tmp_path, name)))
    assert studio.loaded().fine_tunes.names == (("film",) if held else ())
    again = await made(studio, job("A3", 2, seed=5, adapters=at(folder, "film") if held else ()))
    assert again.picture == before.picture


async def test_trigger_words_are_said_while_the_fine_tune_takes_part(tiny_checkpoint: Path, folder: Path) -> None:
    film = FineTune(name="film", title="Film", base="m", path=folder / "film.safetensors", triggers=("softfilm",))
    studio = Studio(with_fine_tunes(tiny_checkpoint, film), LocalSettings())
    with_it = await made(studio, job("A1", 0, adapters=(film.adapter(),)))
    at_nothing = await made(studio, job("A2", 1, adapters=(film.adapter(0.0),)))
    plain = await made(studio, job("A3", 2))
    assert with_it.words.prompt == f"softfilm, {plain.words.prompt}"
    assert at_nothing.words == plain.words
    await studio.engine.stop(10.0)
