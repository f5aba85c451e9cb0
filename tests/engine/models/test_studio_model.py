"""The studio's entry in the catalogue: there by itself where it can run, and where it cannot, why and what to do."""

import importlib.util
import platform
import sys
from importlib.machinery import ModuleSpec

import pytest

from engine.jobs.job import UnknownModel
from engine.models.catalogue import CatalogueSettings, build
from engine.models.model import BUILTIN_ID, CatalogueError, Quality
from engine.models.studio_model import missing

NEEDED = ("embreex", "pyoidn", "scipy")


@pytest.fixture
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """As on a machine where these packages are not installed."""
    gone: tuple[str, ...] = request.param
    found = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in gone else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    return gone


def test_the_studio_is_there_without_any_setting() -> None:
    assert missing() == ""
    catalogue = build(CatalogueSettings())
    model = catalogue.get(BUILTIN_ID)
    assert catalogue.default == BUILTIN_ID
    assert (model.title, model.provider, model.sizes["2:3"]) == ("Studio", "studio", (512, 768))
    assert model.edits
    assert model.references


def test_it_can_be_left_out() -> None:
    with pytest.raises(CatalogueError, match="'built-in' is not offered; set MODEL_DEFAULT to one that is: a"):
        build(CatalogueSettings(builtin=False, local_models=("/nowhere/a",)))
    catalogue = build(CatalogueSettings(builtin=False, local_models=("/nowhere/a",), default="a"))
    assert [model.id for model in catalogue.models] == ["a"]


@pytest.mark.parametrize(("quality", "steps"), [("draft", 1), ("standard", 2), ("fine", 3)])
def test_how_carefully_it_works_is_a_setting(quality: Quality, steps: int) -> None:
    assert build(CatalogueSettings(studio_quality=quality)).get(BUILTIN_ID).steps == steps


@pytest.mark.parametrize("without", [(name,) for name in NEEDED] + [NEEDED], indirect=True)
def test_without_its_packages_it_is_not_offered_and_what_to_install_is_said(without: tuple[str, ...]) -> None:
    assert all(name in missing() for name in without)
    catalogue = build(CatalogueSettings(local_models=("/nowhere/other",), default="other"))
    with pytest.raises(UnknownModel):
        catalogue.get(BUILTIN_ID)
    with pytest.raises(CatalogueError) as alone:
        build(CatalogueSettings())
    with pytest.raises(CatalogueError) as beside:
        build(CatalogueSettings(local_models=("/nowhere/other",)))
    for told in (str(alone.value), str(beside.value)):
        assert all(name in told for name in without)
        assert '.venv/bin/pip install -e ".[studio]"' in told
    assert "set MODEL_DEFAULT to a model that is offered: other" in str(beside.value)
    assert "MODEL_LOCAL" in str(alone.value)


@pytest.mark.parametrize("without", [NEEDED[:2]], indirect=True)
def test_where_there_is_no_build_of_them_nobody_is_told_to_install_it(
    without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "neither embreex nor pyoidn is built for Linux on aarch64" in missing()
    with pytest.raises(CatalogueError) as told:
        build(CatalogueSettings())
    assert "pip install" not in str(told.value)
    assert "MODEL_LOCAL" in str(told.value)
