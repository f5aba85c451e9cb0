"""What the operator's model settings turn into."""

import shutil
from pathlib import Path

import pytest

from engine.jobs.job import UnknownModel
from engine.models.catalogue import CatalogueSettings, build
from engine.models.local_models import local_model, sizes
from engine.models.model import CatalogueError
from engine.prompt import ASPECTS
from tests.engine.adapters import add_ip_adapter


def test_a_folder_or_hub_id_is_a_model() -> None:
    settings = CatalogueSettings(
        builtin=False,
        local_models=("stabilityai/stable-diffusion-3.5-large=SD 3.5 Large", "/models/other"),
        default="sd-3.5-large",
    )
    catalogue = build(settings)
    large, other = catalogue.models
    assert (large.id, large.title, large.family) == ("sd-3.5-large", "SD 3.5 Large", "sd35")
    assert (large.steps, large.guidance, large.sizes["1:1"]) == (28, 3.5, (1024, 1024))
    assert (other.id, other.title, other.source) == ("other", "other", "/models/other")


def test_precision_and_offload_are_settings_of_one_model() -> None:
    model = local_model("folder=Name; precision=bfloat16; offload=model; memory_gib=18; steps=12; guidance=1")
    assert (model.precision, model.offload, model.memory_gib) == ("bfloat16", "model", 18.0)
    assert (model.steps, model.guidance) == (12, 1.0)


@pytest.mark.parametrize("option", ["precision=half", "offload=some", "memory_gib=much", "speed=2", "steps="])
def test_an_option_that_means_nothing_is_named(option: str) -> None:
    with pytest.raises(CatalogueError, match=option):
        local_model(f"folder=Name;{option}")


@pytest.mark.parametrize("entry", ["", "=Name", "folder=???"])
def test_an_entry_without_a_model_is_refused(entry: str) -> None:
    with pytest.raises(CatalogueError, match="names no model"):
        local_model(entry)


def test_two_models_of_one_name_and_a_missing_default_are_refused() -> None:
    with pytest.raises(CatalogueError, match="Two models"):
        build(CatalogueSettings(local_models=("a=Name", "b=name")))
    with pytest.raises(CatalogueError, match="built-in"):
        build(CatalogueSettings(default="other"))


def test_an_unknown_model_gets_the_nearest_names() -> None:
    catalogue = build(CatalogueSettings())
    with pytest.raises(UnknownModel, match="Did you mean built-in"):
        catalogue.get("builtin")


@pytest.mark.parametrize("area", [32 * 48, 128 * 192, 1024 * 1024])
def test_every_aspect_has_a_size_on_the_grid(area: int) -> None:
    found = sizes(area)
    assert set(found) == set(ASPECTS)
    assert all(side % 16 == 0 and side > 0 for size in found.values() for side in size)


def test_sizes_of_large_models_keep_the_shape_and_the_area() -> None:
    for aspect, (width, height) in sizes(1024 * 1024).items():
        across, down = (int(part) for part in aspect.split(":"))
        assert width / height == pytest.approx(across / down, rel=0.01)
        assert width * height == pytest.approx(1024 * 1024, rel=0.02)


def test_a_folder_with_an_adapter_in_it_takes_one_saved_face(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with adapter"
    shutil.copytree(tiny_checkpoint, folder)
    assert local_model(f"{folder}=m").references == 0
    add_ip_adapter(folder)
    assert (local_model(f"{folder}=m").references, local_model(f"{folder}=m").family) == (1, "sd35")
