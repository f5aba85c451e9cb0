"""The scale is set on people of training alone, and the bench runs on whatever checkpoint there is."""

import json
import random
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from engine.builtin import crops, holding_bench
from engine.builtin.crops import Crops
from engine.builtin.people import person
from engine.builtin.scenes import LOOKS, PER_PERSON
from tests import faces
from tests.engine.adapters import add_face_adapter

NUMBERS = {
    f"{name}-{take + 1}": seed * PER_PERSON + take * LOOKS
    for name, seed in (("ana", 9), ("kai", 19))
    for take in range(4)
}


def invented(people: int) -> Crops:
    """Two pictures of each person, 0.2 apart; people are about 1.4 apart."""
    rng = np.random.default_rng(1)
    embeddings: dict[int, np.ndarray] = {}
    for seed in range(people):
        middle, step = (vector / np.linalg.norm(vector) for vector in rng.normal(size=(2, 128)))
        first = seed * PER_PERSON
        embeddings |= {first: middle.astype(np.float32), first + LOOKS: (middle + 0.2 * step).astype(np.float32)}
    return Crops({}, embeddings)


def test_the_scale_is_set_on_people_of_training_and_says_what_it_rests_on(tmp_path: Path) -> None:
    found = holding_bench.calibrated(invented(60))
    assert found.people == sum(not person(seed).held_out for seed in range(60))
    assert found.scale.full == pytest.approx(0.2, abs=1e-3)
    assert found.scale.full < found.scale.accepted < found.scale.other
    values = tomllib.loads(holding_bench.written(found))
    assert values["other"] == pytest.approx(found.scale.other, abs=1e-4)
    with pytest.raises(ValueError, match="no pairs to calibrate"):
        holding_bench.calibrated(Crops({}, {}))


def test_the_bench_runs_on_any_checkpoint(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renders, checkpoint = tmp_path / "renders", tmp_path / "checkpoint"
    renders.mkdir()
    for name, number in NUMBERS.items():
        shutil.copy(faces.FOLDER / f"{name}.png", renders / f"{number:06d}.png")
    crops.measure(renders)
    shutil.copytree(tiny_checkpoint, checkpoint)
    add_face_adapter(checkpoint)
    random.seed(0)
    arguments = ["--renders", str(renders), "bench", "--json", "--checkpoint", str(checkpoint), "--people", "2"]
    assert holding_bench.main([*arguments, "--scenes", "1", "--steps", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["people"] == 2
    assert figures["ceiling_true_renders"]["frames"] == 6
    assert figures["ceiling_true_renders"]["accepted_by_unseen_pictures"] > 0.5
    for name in ("floor_without_reference", "before_retries", "after_retries"):
        assert figures[name]["frames"] == 2
        assert figures[name]["accepted_by_unseen_pictures"] == 0
