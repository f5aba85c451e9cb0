"""Checkpoints in one file: what kind each is, what a folder of them offers, and portraits of each kind."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.backends.local.clip_words import chunks_of
from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.pipeline_loading import read
from engine.backends.local.runtime import LocalSettings, prepare
from engine.jobs.job import Adapter, ModelUnavailable
from engine.models.catalogue import Catalogue, CatalogueSettings, build
from engine.models.file_configs import configs_of
from engine.models.local_models import local_model, sizes
from engine.models.model import CatalogueError
from engine.models.single_files import kind_of
from engine.models.weights import BadWeights
from engine.placement.model_parts import parts_of
from engine.prompt import parse
from tests.engine.adapters import add_face_adapter
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.backends.test_image_to_image import edit
from tests.engine.backends.test_references import face
from tests.engine.lora_styles import KOHYA, PEFT, STYLES, loras, write
from tests.engine.loras import header_only
from tests.engine.one_file import KINDS, D, Sizes, flux, save, sd15, sd35, sdxl
from tests.engine.stage import job, jobs

NAMES = {
    "sd15": "SD 1.5",
    "sdxl": "SDXL",
    "sd35": "SD 3.5 Large",
    "sd35-medium": "SD 3.5 Medium",
    "flux": "FLUX.1 dev",
    "flux-schnell": "FLUX.1 schnell",
}
OFFERED = ("sd15", "sdxl", "sd35", "flux")
SMALL = sizes(64 * 64)


@pytest.fixture(scope="session")
def one_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint of each family."""
    folder = tmp_path_factory.mktemp("one-file")
    return {kind: save(folder / f"{kind}.safetensors", KINDS[kind]()) for kind in OFFERED}


def test_the_kind_is_told_from_the_tensors_and_their_shapes_are_its_configuration() -> None:
    for name, title in NAMES.items():
        kind = kind_of(KINDS[name]())
        assert kind.name == title
        assert set(configs_of(kind, KINDS[name]())) == {*kind.parts, "scheduler"}
    unet = configs_of(kind_of(sdxl()), sdxl())["unet"]
    assert (unet["block_out_channels"], unet["cross_attention_dim"], unet["addition_time_embed_dim"]) == (
        [32, 64],
        40,
        8,
    )
    guided = {**sdxl(), "v_pred": (1,), "ztsnr": (1,)}
    assert configs_of(kind_of(guided), guided)["scheduler"]["prediction_type"] == "v_prediction"
    medium = configs_of(kind_of(sd35(medium=True)), sd35(medium=True))
    assert medium["transformer"]["dual_attention_layers"] == [0]


REFUSED: dict[str, Sizes] = {
    "filling in": {**sd15(), D + "input_blocks.0.0.weight": (32, 9, 3, 3)},
    "guiding pictures": {**flux(), D + "img_in.weight": (64, 384)},
    "refiner": {D + "input_blocks.0.0.weight": (32, 4, 3, 3), "conditioner.embedders.0.model.ln_final.weight": (8,)},
    "SD 2": {D + "input_blocks.0.0.weight": (32, 4, 3, 3), "cond_stage_model.model.ln_final.weight": (8,)},
    "denoiser alone": {name.removeprefix(D): size for name, size in flux().items() if name.startswith(D)},
    "vae are not in it": {name: size for name, size in sdxl().items() if not name.startswith("first_stage_model.")},
    "text_encoder are not in it": {name: size for name, size in flux().items() if "clip_l" not in name},
    "of 4 bits": {**flux(), D + "img_in.weight_scale_2": (1,)},
    "the denoiser alone": {**flux(), D + "double_stream_modulation_img.lin.weight": (8, 8)},
    "ControlNet": {"control_model.input_blocks.0.0.weight": (8, 4, 3, 3)},
    "vae=": {"encoder.mid.attn_1.q.weight": (8, 8, 1, 1)},
    "not known": {"some.weight": (2, 2)},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_whole_model_is_refused_with_the_reason(reason: str) -> None:
    with pytest.raises(BadWeights, match=reason):
        kind_of(REFUSED[reason])


def test_a_folder_offers_what_it_holds_and_names_the_rest(one_files: dict[str, Path], tmp_path: Path) -> None:
    for kind, file in one_files.items():
        below = "Stable-diffusion/people" if kind == "sd15" else "checkpoints"
        (tmp_path / below).mkdir(parents=True, exist_ok=True)
        (tmp_path / below / f"{kind}.safetensors").symlink_to(file)
    for number, kind in enumerate(OFFERED):
        loras(tmp_path / ("Lora" if number % 2 else "loras"), kind)
    (tmp_path / "checkpoints" / "old.ckpt").write_bytes(b"\x80\x02")
    (tmp_path / "checkpoints" / "cut.safetensors").write_bytes(one_files["sd15"].read_bytes()[:100_000])
    (tmp_path / "checkpoints" / "lies.safetensors").write_bytes(b"\xff" * 7 + b"\x00" + b"{}")
    header_only(tmp_path / "checkpoints" / "strange.safetensors", {"some.weight": (2, 2)})
    write(tmp_path / "loras" / "film.safetensors", {"lora_unet_blocks_0_self_attn_q": (8, 8)}, KOHYA)
    write(tmp_path / "loras" / "two.safetensors", {"lora_unet_down_blocks_0_attn2_to_k": (8, 1024)}, KOHYA)
    header_only(
        tmp_path / "loras" / "glora.safetensors", {f"lora_unet_mid_block.{end}.weight": (2, 2) for end in ("a1", "b1")}
    )
    ends = {"hada_w1_a": (64, 2), "hada_w1_b": (2, 40), "hada_w2_a": (64, 2), "hada_w2_b": (2, 40), "alpha": (1,)}
    ha = {f"lora_unet_input_blocks_3_1_transformer_blocks_0_attn2_to_k.{end}": size for end, size in ends.items()}
    header_only(tmp_path / "loras" / "ha.safetensors", ha)
    shutil.copyfile(one_files["flux"], tmp_path / "loras" / "sd15.safetensors")
    catalogue = build(CatalogueSettings(builtin=False, default="sdxl", models_folder=tmp_path))
    assert {model.id: model.family for model in catalogue.models} == {
        "sd15": "tags",
        "sdxl": "tags",
        "sd35": "sd35",
        "flux": "flux",
    }
    for kind in OFFERED:
        others = {"ha"} if kind == "sdxl" else set()
        assert {one.name for one in catalogue.fine_tunes_of(kind)} == others | {
            f"{kind}-{style}" for style in STYLES[kind]
        }
    told = "\n".join(catalogue.refused)
    for name, reason in (
        ("old.ckpt", "a pickle may run code"),
        ("cut.safetensors", "it was cut off"),
        ("lies.safetensors", "cannot be read as safetensors"),
        ("strange.safetensors", "of a kind that is not known here"),
        ("film.safetensors", "it is for Wan, and the local models are FLUX.1, SD 1.5, SD 3.5, SDXL"),
        ("two.safetensors", "it is for SD 2"),
        ("glora.safetensors", "it is a GLoRA"),
        ("sd15.safetensors", "another model is called sd15"),
    ):
        assert any(name in line and reason in line for line in catalogue.refused), (name, told)
    assert len(catalogue.refused) == 8
    own = build(
        CatalogueSettings(
            builtin=False, default="mine", local_models=(f"{one_files['sdxl']}=mine",), models_folder=tmp_path
        )
    )
    assert "sdxl" not in [model.id for model in own.models]


def test_a_file_that_is_named_and_cannot_be_offered_stops_the_start(tmp_path: Path) -> None:
    for name in ("gone.safetensors", "old.ckpt"):
        with pytest.raises(CatalogueError, match=name):
            local_model(str(tmp_path / name))


@pytest.fixture(params=OFFERED)
async def shown(request: pytest.FixtureRequest, one_files: dict[str, Path]) -> AsyncIterator[tuple[str, Studio]]:
    model = replace(local_model(f"{one_files[request.param]}=m"), sizes=SMALL)
    studio = Studio(Catalogue((model,), "m"), LocalSettings(threads=1))
    yield request.param, studio
    await studio.engine.stop(10.0)


async def test_each_kind_makes_portraits_and_changes_pictures(shown: tuple[str, Studio], tmp_path: Path) -> None:
    kind, studio = shown
    model = studio.engine.catalogue.get("m")
    told = {one.name: one.elements for one in (parts_of(model) or pytest.fail("no parts")).parts}
    size = {"width": 64, "height": 64, "steps": 2}
    one, two = await studio.pictures(*jobs("A1 B1", **size))
    again, changed = (
        (await studio.pictures(job("A2", 0, **size)))[0],
        (await studio.pictures(job("A3", 0, edit=edit(tmp_path, strength=0.5), **size)))[0],
    )
    assert one.picture != two.picture
    assert np.abs(pixels(again) - pixels(one)).max() <= 2  # alone instead of two at a time
    assert changed.picture != one.picture
    assert (one.width, again.sampling.sampler) == (64, "Euler")
    loaded = studio.loaded()
    assert not [name for name, part in loaded.pipe.components.items() if getattr(part, "training", False)]
    counted = {
        name: sum({id(one): one.numel() for one in part.state_dict(keep_vars=True).values()}.values())
        for name, part in loaded.pipe.components.items()
        if hasattr(part, "parameters")
    }
    assert counted.keys() == told.keys()
    assert all(abs(told[name] - count) <= 0.02 * count for name, count in counted.items()), (kind, told, counted)


@pytest.mark.parametrize("kind", OFFERED)
def test_loras_in_every_style_are_laid_over_it(one_files: dict[str, Path], tmp_path: Path, kind: str) -> None:
    import torch

    prepare(LocalSettings())
    model = local_model(f"{one_files[kind]}=m")
    pipe, _ = read(model, torch.float32, "half", None)
    tunes = FineTunes(pipe, "m")
    for style, file in loras(tmp_path, kind).items():
        tunes.use([Adapter(name=style, path=file, weight=0.5)])
        assert tunes.active == ((style, 0.5),)
    tunes.unload()
    assert tunes.names == ()
    wide = write(tmp_path / "wide.safetensors", {"transformer.transformer_blocks.0.attn.to_q": (16, 16)}, PEFT)
    with pytest.raises(ModelUnavailable, match="does not fit"):
        tunes.use([Adapter(name="wide", path=wide)])


@pytest.fixture
async def sd(one_files: dict[str, Path], tmp_path: Path) -> AsyncIterator[Studio]:
    words = tmp_path / "embeddings"
    words.mkdir()
    save_file({"emb_params": np.full((2, 16), 0.5, np.float32)}, words / "softlook.safetensors")
    save_file(
        {"clip_l": np.zeros((1, 16), np.float32), "clip_g": np.zeros((1, 24), np.float32)}, words / "xl.safetensors"
    )
    add_face_adapter(tmp_path / "faces", 16)
    entry = (
        f"{one_files['sd15']}=m;clip_skip=2;sampler=DPM++ 2M Karras;embeddings={words};ip_adapter={tmp_path / 'faces'}"
    )
    studio = Studio(Catalogue((replace(local_model(entry), sizes=SMALL),), "m"), LocalSettings(threads=1))
    yield studio
    await studio.engine.stop(10.0)


async def test_words_samplers_and_faces_of_stable_diffusion(sd: Studio, tmp_path: Path) -> None:
    """One model in memory for all of it, because reading one takes longest."""
    size = {"width": 64, "height": 64, "steps": 2}
    plain, weighted, learned = await sd.pictures(
        job("A1", 0, prompt=parse("a woman with a red scarf, softlock"), **size),
        job("B1", 0, prompt=parse("a woman with a (red scarf:1.5), softlock"), **size),
        job("C1", 0, prompt=parse("a woman with a red scarf, softlook"), **size),
    )
    assert len({plain.picture, weighted.picture, learned.picture}) == 3
    assert "(red scarf:1.5)" in weighted.words.prompt
    assert (plain.sampling.sampler, plain.sampling.schedule, plain.batch) == ("DPM++ 2M", "Karras", 3)
    assert sd.engine.catalogue.get("m").references == 1
    pipe = sd.loaded().pipe
    long = "a woman in a " + ", ".join(f"coat number {number}" for number in range(40))
    assert chunks_of(pipe, long) > 1
    assert chunks_of(pipe, "softlook") == 1
    asked = [
        job("D1", 0, prompt=parse(f"a man, sampler: {name}"), **size) for name in ("Euler a", "Heun", "made up euler")
    ]
    made = [(await sd.pictures(one))[0] for one in asked]
    assert [one.sampling.sampler for one in made] == ["Euler a", "Heun", "DPM++ 2M"]
    short, longer = await sd.pictures(
        job("E1", 0, prompt=parse("a man"), **size), job("F1", 0, prompt=parse(long), **size)
    )
    assert (short.batch, longer.batch) == (1, 1)
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    without, of_ana, of_kai = [
        (await sd.pictures(job(f"G{number}", 0, references=held, **size)))[0]
        for number, held in enumerate(((), (ana,), (kai,)))
    ]
    assert len({without.picture, of_ana.picture, of_kai.picture}) == 3
    assert of_ana.note == ""
    assert np.abs(pixels(without)).max() > 0


async def test_sdxl_takes_a_face_too(one_files: dict[str, Path], tmp_path: Path) -> None:
    add_face_adapter(tmp_path / "faces", 40)
    entry = f"{one_files['sdxl']}=m;ip_adapter={tmp_path / 'faces'}"
    studio = Studio(Catalogue((replace(local_model(entry), sizes=SMALL),), "m"), LocalSettings(threads=1))
    size = {"width": 64, "height": 64, "steps": 2}
    ana = face(tmp_path, "ana", 1)
    without, held = await asyncio.gather(
        studio.pictures(job("A1", 0, **size)), studio.pictures(job("B1", 0, references=(ana,), **size))
    )
    assert without[0].picture != held[0].picture
    await studio.engine.stop(10.0)


def test_settings_that_would_have_no_effect_are_refused(one_files: dict[str, Path]) -> None:
    for entry, reason in (
        (f"{one_files['sd15']};sampler=Euler b", "There is no sampler 'Euler b'"),
        (f"{one_files['flux']};sampler=Euler a", "has one sampler alone"),
        (f"{one_files['flux']};clip_skip=2", "for SD 1.5 and SDXL"),
        (f"{one_files['sdxl']};clip_skip=20", "from 1 to 8"),
        (f"{one_files['flux']};vae=/x.safetensors", "for SD 1.5 and SDXL"),
    ):
        with pytest.raises(CatalogueError, match=reason):
            local_model(entry)
