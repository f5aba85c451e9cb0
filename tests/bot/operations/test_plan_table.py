"""`python -m bot plan`: what an operator reads before buying or loading anything."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

HOUSE = Path(__file__).parents[3]
USUAL = ("sd-3.5-large", "sdxl", "flux.2-klein-4b", "z-image-turbo")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MODEL_")]:
        monkeypatch.delenv(name)


def told(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    main(["plan", "--json", *more])
    answer = json.loads(capsys.readouterr().out)
    assert answer["measured"] is False
    return {model["id"]: model for model in answer["models"]}


@pytest.mark.parametrize("gib", ["8", "12", "16", "24", "80"])
def test_every_known_model_has_its_line(capsys: pytest.CaptureFixture[str], gib: str) -> None:
    models = told(capsys, "--gib", gib, "--ram", "64")
    assert set(USUAL) < set(models)
    for model in models.values():
        assert model["offload"] != "sequential"
        assert {"card_gib", "ram_gib", "batch", "previews", "expected_speed", "otherwise", "weights"} < set(model)
        assert model["card_gib"] <= float(gib) or not model["fits"]


def test_12_gib_run_the_usual_ones_and_8_run_stable_diffusion(capsys: pytest.CaptureFixture[str]) -> None:
    twelve = told(capsys, "--gib", "12", "--ram", "32")
    assert all(twelve[name]["fits"] and twelve[name]["batch"] >= 1 for name in USUAL)
    eight = told(capsys, "--gib", "8", "--ram", "16")
    assert all(eight[name]["fits"] for name in ("sdxl", "sd-1.5"))


def test_models_of_the_settings_come_first_and_as_they_are_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_LOCAL", '["Tongyi-MAI/Z-Image-Turbo=Mine;offload=group", "somebody/unheard-of=Other"]')
    models = told(capsys, "--gib", "24", "--ram", "64")
    assert list(models)[:2] == ["mine", "other"]
    assert (models["mine"]["configured"], models["mine"]["offload"]) == (True, "group")
    assert models["other"]["fits"] is None
    assert "memory_gib" in models["other"]["set"]
    assert "z-image-turbo" not in models


def test_one_that_fits_nowhere_ends_with_1_and_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_LOCAL", '["stabilityai/stable-diffusion-3.5-large;offload=none"]')
    assert main(["plan", "--gib", "12", "--ram", "32"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("*sd-3.5-large"))
    assert "does not fit" in line
    assert "set precision=fp8;offload=encoders" in line
    assert main(["plan", "--gib", "80", "--ram", "32"]) == 0


@pytest.mark.parametrize("size", ["0", "-1", "much", "nan", "inf", "1e9"])
def test_a_size_that_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str], size: str) -> None:
    with pytest.raises(SystemExit):
        main(["plan", f"--gib={size}"])
    assert "no number of GiB" in capsys.readouterr().err


def test_without_a_card_it_asks_for_a_size(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert main(["plan"]) == 2
    assert "plan --gib 12" in capsys.readouterr().err


def test_a_size_needs_no_torch() -> None:
    code = "import sys; from bot.__main__ import main; main(['plan', '--gib', '12']); print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert shown.stdout.rstrip().endswith("False")
