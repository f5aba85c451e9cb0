"""Any other diffusers pipeline by one entry in a file; and what is known of models by their names alone."""

from pathlib import Path

import pytest

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import ModelUnavailable
from engine.models.catalogue import Catalogue, CatalogueSettings, build
from engine.models.local_models import local_model
from engine.models.model import CatalogueError
from engine.models.models_file import read_models_file
from engine.models.weights import folder_of
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.loras import lora
from tests.engine.stage import job
from tests.engine.tiny_models import make

WHOLE = """
[[model]]
source = "somebody/some-model"
id = "some"
title = "Some model"
pipeline = "PixArtSigmaPipeline"
family = "plain"
steps = 20
guidance = 4.5
negative = true
references = 0
edits = false
needs_picture = false
writes_text = true
shows_faces = false
megapixels = 0.25
grid = 32
sizes = {"1:1" = [512, 512]}
memory_gib = 20
precision = "bfloat16"
offload = "model"
licence = "Apache-2.0"
best_for = "trying things"
catch = "unknown"
note = "An experiment."

[[model]]
source = "black-forest-labs/FLUX.2-klein-4B"
steps = 6
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "models.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_entry_says_everything_or_only_where_the_model_is(tmp_path: Path) -> None:
    some, klein = read_models_file(written(tmp_path, WHOLE))
    assert (some.id, some.title, some.pipeline, some.licence) == (
        "some",
        "Some model",
        "PixArtSigmaPipeline",
        "Apache-2.0",
    )
    assert (some.steps, some.guidance, some.memory_gib, some.precision, some.offload) == (
        20,
        4.5,
        20,
        "bfloat16",
        "model",
    )
    assert some.sizes["1:1"] == (512, 512)
    assert (some.shows_faces, klein.shows_faces) == (False, True)
    assert all(side % 32 == 0 for size in some.sizes.values() for side in size)
    assert (klein.id, klein.pipeline, klein.steps, klein.references) == ("flux.2-klein-4b", "Flux2KleinPipeline", 6, 4)


def test_its_models_stand_beside_the_others(tmp_path: Path) -> None:
    settings = CatalogueSettings(models_file=written(tmp_path, WHOLE), default="some")
    assert [model.id for model in build(settings).models] == ["built-in", "some", "flux.2-klein-4b"]


def test_a_model_may_make_some_shapes_alone(tmp_path: Path) -> None:
    (model,) = read_models_file(written(tmp_path, '[[model]]\nsource = "x"\nsizes = {"1:1" = [512, 512]}'))
    assert dict(model.sizes) == {"1:1": (512, 512)}


WRONG = [
    ("model = 3", "may hold only"),
    ("[[models]]\nsource = 'x'", "may hold only"),
    ("[[model]]\ntitle = 'x'", "Model 1 in models.toml needs a source"),
    ("[[model]]\nsource = 'x'\nspeed = 3", "says speed, which means nothing; it may say source"),
    ("[[model]]\nsource = 'x'\nsteps = 0", "says steps = 0; it should be a whole number from 1"),
    ("[[model]]\nsource = 'x'\nedits = 'yes'", "should be true or false"),
    ("[[model]]\nsource = 'x'\nshows_faces = 1", "should be true or false"),
    ("[[model]]\nsource = 'x'\nfamily = 'no'", "should be one of studio"),
    ("[[model]]\nsource = 'x'\nprecision = 'half'", "should be one of auto"),
    ("[[model]]\nsource = 'x'\nsizes = {'2:3' = [1]}", "write sizes as"),
    ("[[model]]\nsource = 'x'\nsizes = {'5:3' = [512, 512]}", "write sizes as"),
    ("[[model]]\nsource = 'x'\nmegapixels = 'many'", "megapixels is a number"),
    ("[[model]]\nsource = 'x'\nedits = true", "takes no picture: say references too"),
    ("[[model]", "is not TOML"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_an_entry_that_means_nothing_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        read_models_file(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_models_file(tmp_path / "gone.toml")


async def test_another_pipeline_renders_and_takes_a_fine_tune_by_its_entry_alone(tmp_path: Path) -> None:
    folder = make("sd15", tmp_path / "old")
    (model,) = read_models_file(
        written(tmp_path, f'[[model]]\nsource = "{folder}"\nid = "m"\nsteps = 3\nguidance = 5.0\nmegapixels = 0.0015')
    )
    assert model.pipeline == "StableDiffusionPipeline"
    lora(tmp_path / "loras", "film", folder, targets=("to_q", "to_v"), part="unet")
    settings = CatalogueSettings(
        builtin=False,
        models_file=tmp_path / "models.toml",
        default="m",
        fine_tunes_folder=tmp_path / "loras",
    )
    catalogue = build(settings)
    assert catalogue.refused == ()
    studio = Studio(catalogue, LocalSettings())
    first, again = [(await studio.pictures(job(f"A{nth}", nth, seed=5)))[0] for nth in range(2)]
    (tuned,) = await studio.pictures(job("A3", 3, seed=5, adapters=(catalogue.fine_tune("film", "m").adapter(),)))
    assert pixels(first).shape == (48, 32, 3)
    assert first.picture == again.picture != tuned.picture
    await studio.engine.stop(10.0)


async def test_a_pipeline_that_diffusers_lacks_is_told_in_one_sentence(tmp_path: Path) -> None:
    text = '[[model]]\nsource = "somebody/some-model"\nid = "m"\npipeline = "os"'
    (model,) = read_models_file(written(tmp_path, text))
    studio = Studio(Catalogue((model,), "m"), LocalSettings())
    with pytest.raises(ModelUnavailable, match="diffusers has no pipeline called os"):
        await studio.pictures(job("A1", 0))
    await studio.engine.stop(10.0)


BY_NAME = {
    "stabilityai/stable-diffusion-3.5-large": ("sd-3.5-large", "StableDiffusion3Pipeline", 28),
    "stabilityai/stable-diffusion-3.5-large-turbo": ("sd-3.5-large-turbo", "StableDiffusion3Pipeline", 4),
    "stabilityai/stable-diffusion-3.5-medium": ("sd-3.5-medium", "StableDiffusion3Pipeline", 40),
    "black-forest-labs/FLUX.2-klein-4B": ("flux.2-klein-4b", "Flux2KleinPipeline", 4),
    "black-forest-labs/FLUX.2-klein-base-4B": ("flux.2-klein-base-4b", "Flux2KleinPipeline", 50),
    "Qwen/Qwen-Image": ("qwen-image", "QwenImagePipeline", 50),
    "Qwen/Qwen-Image-Edit": ("qwen-image-edit", "QwenImageEditPipeline", 50),
    "Qwen/Qwen-Image-Edit-2511": ("qwen-image-edit", "QwenImageEditPlusPipeline", 40),
    "Tongyi-MAI/Z-Image-Turbo": ("z-image-turbo", "ZImagePipeline", 8),
}


@pytest.mark.parametrize("source", BY_NAME)
def test_a_published_model_is_known_by_its_hub_id(source: str) -> None:
    model = local_model(source)
    assert (model.id, model.pipeline, model.steps) == BY_NAME[source]
    assert model.licence
    assert model.memory_gib
    assert len(model.best_for) < 70


def test_its_pipeline_is_one_that_diffusers_has() -> None:
    import diffusers

    for source in BY_NAME:
        assert hasattr(diffusers, local_model(source).pipeline)


def test_the_files_say_what_a_folder_holds_whatever_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "qwen-image"
    folder.mkdir()
    (folder / "model_index.json").write_text('{"_class_name": "ZImagePipeline"}')
    model = local_model(str(folder))
    assert (model.pipeline, model.references, model.licence) == ("ZImagePipeline", 0, "")


def test_a_hub_model_is_looked_up_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert folder_of("somebody/model") is None
    snapshot = tmp_path / "models--somebody--model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert folder_of("somebody/model") == snapshot
