"""The pack: small enough to ship, every file named with its licence, every backdrop readable."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

from engine.renderer import assets

FORBIDDEN = ("Rolled_neck", "VNeckTop", "genital", "Harvey", "F_Dress")


def _files() -> list[Path]:
    return sorted(path for path in assets.PACK.rglob("*") if path.is_file())


def test_the_pack_is_at_most_forty_megabytes() -> None:
    assert 1e6 < sum(path.stat().st_size for path in _files()) < 40e6


def test_every_file_is_listed_with_its_licence() -> None:
    listed = re.findall(r"`([\w.*-]+)`", (assets.PACK.parent / "README.md").read_text())
    missing = [path.name for path in _files() if not any(fnmatch.fnmatch(path.name, name) for name in listed)]

    assert missing == []
    assert not [path.name for path in _files() if any(word.lower() in path.name.lower() for word in FORBIDDEN)]


def test_eighteen_skins_and_eighteen_backdrops() -> None:
    assert len([path for path in _files() if path.name.startswith("skin-")]) == 18
    assert len(assets.backdrop_names()) == 18


@pytest.mark.parametrize("name", assets.backdrop_names())
def test_a_backdrop_is_light(name: str) -> None:
    light = assets.backdrop(name)

    assert light.shape == (256, 512, 3)
    assert np.isfinite(light).all()
    assert light.min() >= 0
    assert 0.01 < light.mean() < 50


@pytest.mark.parametrize(
    "path", [path.stem for path in _files() if path.stem.startswith(("clothes", "eyelashes")) and path.suffix == ".npz"]
)
def test_what_is_fitted_lies_on_the_body(path: str) -> None:
    found = assets.proxy(path)
    fitted = found.fitted(assets.base().rest)
    near = fitted[fitted[:, 2] > -0.3]

    assert np.isfinite(fitted).all()
    assert np.abs(near[:, 0]).max() < 0.7
    assert found.faces.max() < len(fitted)
    assert found.uv_faces.max() < len(found.uv)
