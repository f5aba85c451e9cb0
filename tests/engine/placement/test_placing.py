"""Each placement carried out on real pipelines with tiny checkpoints: the pictures are those of the unplaced model.

A processor stands in for the card, with an account of its own; what it cannot show is the speed, and streams.
"""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.backends.local.compressed import PACKAGES
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Adapter, Finished, Job, ModelUnavailable
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model, sizes
from engine.models.loras import read_folder
from engine.models.model import Model, Offload
from engine.placement.graphics_card import Card
from engine.placement.plan import Placement, Where
from engine.placement.sizes import GIB
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.lora_relatives import KINDS as RELATIVES
from tests.engine.loras import lora
from tests.engine.stage import job
from tests.engine.tiny_models import SIZE, make
from tests.engine.tiny_readers import HEADS, WIDTH

CARD = Card(name="a stand-in", usable_bytes=8 * GIB, ram_bytes=8 * GIB)
ROUGH = 16
"""Of 255 levels: how far pictures of random weights may be off when those are kept as fp8; real ones are less so."""
EVERYWHERE: tuple[Where, ...] = ("none", "encoders", "model", "group", "sequential")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("placed")
    return {kind: make(kind, base / kind) for kind in ("tiny", "klein", "sd15")}


def relative(folder: Path, kind: str) -> Path:
    """A file of this kind for what the first block's attention reads, in ComfyUI's names."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(3)
    file = folder / f"{kind}.safetensors"
    told = RELATIVES[kind][0]((3 * HEADS * WIDTH, HEADS * WIDTH))
    save_file({f"diffusion_model.joint_blocks.0.x_block.attn.qkv.{end}": 5 * one for end, one in told.items()}, file)
    return file


def model_in(folder: Path, name: str = "m", **changes: object) -> Model:
    model = replace(local_model(f"{folder}={name}"), sizes=sizes(SIZE[0] * SIZE[1]), family="plain")
    return replace(model, **changes)  # type: ignore[arg-type]  # fields of Model


@asynccontextmanager
async def studio_of(*models: Model, card: Card | None = CARD, **settings: object) -> AsyncIterator[Studio]:
    told = LocalSettings(card=card, preview_every_s=0.0, **settings)  # type: ignore[arg-type]
    studio = Studio(Catalogue(models, models[0].id), told)
    yield studio
    await studio.engine.stop(10.0)


async def portrait(studio: Studio, one: Job) -> Finished:
    return (await studio.pictures(one))[0]


async def portrait_of(model: Model, *, card: Card | None = CARD) -> Finished:
    async with studio_of(model, card=card) as studio:
        return await portrait(studio, job("A1", 0, seed=5, steps=3))


@pytest.mark.parametrize(
    ("kind", "offload"),
    [
        *(("tiny", offload) for offload in EVERYWHERE),
        *(pytest.param(kind, where, marks=pytest.mark.long) for kind in ("klein", "sd15") for where in EVERYWHERE),
    ],
)
async def test_a_picture_is_the_same_bit_for_bit_wherever_the_parts_are(
    folders: dict[str, Path], kind: str, offload: Where
) -> None:
    async with studio_of(model_in(folders[kind], offload=offload)) as studio:
        placed = await portrait(studio, job("A1", 0, seed=5, steps=3))
        assert studio.loaded().placement == Placement(offload)
    assert placed.picture == (await portrait_of(model_in(folders[kind]), card=None)).picture


@pytest.mark.parametrize("offload", ["none", "encoders", "group"])
async def test_weights_kept_as_fp8_change_a_picture_a_little_and_the_same_everywhere(
    folders: dict[str, Path], offload: Offload
) -> None:
    model = model_in(folders["tiny"], precision="fp8")
    kept = await portrait_of(replace(model, offload=offload))
    assert kept.picture == (await portrait_of(replace(model, offload="model"))).picture
    off = np.abs(pixels(kept) - pixels(await portrait_of(model_in(folders["tiny"]))))
    assert 0 < off.max() <= ROUGH


async def test_one_model_goes_through_all_placements_and_back_without_being_read_again(
    folders: dict[str, Path],
) -> None:
    async with studio_of(model_in(folders["tiny"])) as studio:
        first = await portrait(studio, job("A1", 0, seed=5))
        model_cache, model = studio.backend.model_cache, studio.engine.catalogue.get("m")
        assert model_cache is not None
        pipe = studio.loaded().pipe
        for where in ("encoders", "group", "model", "group", "none"):
            model_cache.take(model, lambda: pytest.fail("it was loaded again"), Placement(where))
            assert model_cache.resident == ("m",)
        assert studio.loaded().pipe is pipe
        assert (await portrait(studio, job("A2", 1, seed=5))).picture == first.picture


@pytest.mark.parametrize("precision", ["auto", "fp8"])
async def test_a_fine_tune_lies_over_parts_that_are_streamed(
    folders: dict[str, Path], tmp_path: Path, precision: str
) -> None:
    file = lora(tmp_path, "film", folders["tiny"])
    (fine_tune,), _ = read_folder(file.parent, [model_in(folders["tiny"])])
    tuned = job("A1", 0, seed=5, adapters=(Adapter(name=fine_tune.name, path=fine_tune.path, weight=1.0),))
    seen = []
    for offload in ("none", "group"):
        async with studio_of(model_in(folders["tiny"], offload=offload, precision=precision)) as studio:
            seen.append((await portrait(studio, tuned)).picture)
            seen.append((await portrait(studio, job("A2", 1, seed=5))).picture)
    assert seen[:2] == seen[2:]
    assert seen[0] != seen[1]


@pytest.mark.parametrize("offload", ["none", "group", "sequential"])
async def test_relatives_of_a_lora_lie_over_parts_wherever_they_are(
    folders: dict[str, Path], tmp_path: Path, offload: Offload
) -> None:
    """Mixed with a LoRA, weighted, and taken off; what they do is the same as over a model that is whole."""
    pair = Adapter(name="film", path=lora(tmp_path, "film", folders["tiny"]), weight=0.5)
    kron, turn = (Adapter(name=kind.lower(), path=relative(tmp_path, kind)) for kind in ("LoKr", "OFT"))
    weak = replace(kron, weight=0.25)
    mixed = (kron, turn) if offload == "sequential" else (kron, turn, pair)  # for which diffusers wants a real card
    told = [(), (kron,), (weak,), mixed, ()]
    async with studio_of(model_in(folders["tiny"], offload=offload)) as studio:
        seen = [
            (await portrait(studio, job(f"A{nth}", nth, seed=5, adapters=all_))).picture
            for nth, all_ in enumerate(told)
        ]
    assert seen[0] == seen[4]
    assert len(set(seen)) == 4
    if offload != "none":
        async with studio_of(model_in(folders["tiny"]), card=None) as studio:
            assert (await portrait(studio, job("B1", 0, seed=5, adapters=told[3]))).picture == seen[3]


async def test_decoding_in_tiles_is_nearly_the_same_picture(folders: dict[str, Path]) -> None:
    async with studio_of(model_in(folders["tiny"])) as studio:
        whole = await portrait(studio, job("A1", 0, seed=5))
        model_cache = studio.backend.model_cache
        assert model_cache is not None
        loaded = model_cache.take(studio.engine.catalogue.get("m"), lambda: None, Placement(tiled=True))
        assert loaded.pipe.vae.use_tiling
        again = await portrait(studio, job("A2", 1, seed=5))
        assert again.picture == whole.picture  # the next order is placed as planned
        assert not loaded.pipe.vae.use_tiling


async def test_a_model_that_fits_nowhere_is_refused_with_both_sizes(folders: dict[str, Path]) -> None:
    async with studio_of(model_in(folders["tiny"]), card=replace(CARD, usable_bytes=1000)) as studio:
        with pytest.raises(ModelUnavailable, match="of the GPU and"):
            await portrait(studio, job("A1", 0))


async def test_a_large_model_is_not_run_on_a_processor() -> None:
    async with studio_of(local_model("stabilityai/stable-diffusion-3.5-large=m"), card=None) as studio:
        with pytest.raises(ModelUnavailable, match="made for a GPU"):
            await portrait(studio, job("A1", 0))


@pytest.mark.parametrize(("precision", "package"), [("int8", "torchao"), ("nf4", "bitsandbytes")])
async def test_a_precision_that_needs_a_package_says_which(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, precision: str, package: str
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == package else there(name, *a))
    assert PACKAGES[precision] == package
    async with studio_of(model_in(folders["tiny"], precision=precision)) as studio:
        with pytest.raises(ModelUnavailable, match=f"needs {package}"):
            await portrait(studio, job("A1", 0))


async def test_two_models_in_turn_are_parked_beside_the_card_and_not_read_again(folders: dict[str, Path]) -> None:
    first, second = model_in(folders["tiny"], offload="none"), model_in(folders["tiny"], "n", offload="none")
    async with studio_of(first, second, memory_gib=1.5 * weights_gib(first)) as studio:
        made = await portrait(studio, job("A1", 0, seed=5))
        pipe = studio.loaded().pipe
        await portrait(studio, job("A2", 1, model="n"))
        model_cache = studio.backend.model_cache
        assert model_cache is not None
        assert (model_cache.resident, model_cache.parked) == (("n",), ("m",))
        assert studio.backend.ready == ("n",)
        again = await portrait(studio, job("A3", 2, seed=5))
        assert studio.loaded().pipe is pipe
        assert again.picture == made.picture


async def test_where_the_machine_has_no_room_either_a_model_leaves_memory(folders: dict[str, Path]) -> None:
    first, second = model_in(folders["tiny"], offload="none"), model_in(folders["tiny"], "n", offload="none")
    small = replace(CARD, ram_bytes=1000)
    async with studio_of(first, second, card=small, memory_gib=1.5 * weights_gib(first)) as studio:
        await portrait(studio, job("A1", 0))
        await portrait(studio, job("A2", 1, model="n"))
        model_cache = studio.backend.model_cache
        assert model_cache is not None
        assert (model_cache.resident, model_cache.parked) == (("n",), ())


def weights_gib(model: Model) -> float:
    """What a folder's weights take as float32."""
    return sum(file.stat().st_size for file in Path(model.source).rglob("*.safetensors")) / GIB
