"""The check for a real card, on tiny likenesses on a processor: every step runs, and the report is whole after each."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.backends.local import runtime
from engine.placement.model_parts import parts_of
from tests.engine.placement.architectures import BUILDERS
from tools.gpu_check import GpuReport, main
from tools.gpu_models import CHECKED, model_for, share_tables


def test_a_stop_loses_nothing_and_a_fault_ends_no_other_step(tmp_path: Path) -> None:
    report = GpuReport(tmp_path / "report.json", minutes=8)

    async def good() -> dict[str, object]:
        return {"value": 1}

    async def bad() -> dict[str, object]:
        raise LookupError("no such thing")

    for name, step in (("bad", bad), ("good", good)):
        asyncio.run(report.step(name, step))
        told = json.loads((tmp_path / "report.json").read_text())
        assert name in told["steps"]
    assert told["steps"]["good"]["value"] == 1
    assert told["steps"]["bad"]["failed"] == "LookupError: no such thing"

    async def endless() -> dict[str, object]:
        return json.loads((tmp_path / "report.json").read_text())["steps"]["endless"]  # type: ignore[no-any-return]

    asyncio.run(report.step("endless", endless))
    assert "did not come back" in report.told["steps"]["endless"]["failed"]  # were the process ended in it
    late = GpuReport(tmp_path / "late.json", minutes=0)
    asyncio.run(late.step("good", good))
    assert late.told["steps"]["good"]["skipped"]
    ended: list[int] = []
    late.end_in_time(ended.append).join(60.0)
    assert ended == [1]


def test_the_report_is_there_also_where_nothing_could_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(settings: object) -> None:
        raise ImportError("no module of this name")

    monkeypatch.setattr(runtime, "prepare", broken)
    with pytest.raises(ImportError):
        main(["--out", str(tmp_path / "report.json")])
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["ended_by"] == "ImportError: no module of this name"
    assert not told["whole"]


@pytest.mark.parametrize(
    ("model", "only"),
    [("sdxl", ["out of memory"]), *(pytest.param(name, [name], marks=pytest.mark.long) for name in CHECKED)],
)
def test_its_steps_run_on_a_tiny_likeness(tmp_path: Path, model: str, only: list[str]) -> None:
    file = tmp_path / "report.json"
    options = ["--tiny", "--device", "cpu", "--out", str(file), "--model", model]
    options += [one for words in only for one in ("--only", words)]
    assert main(options) == 0, file.read_text()
    told = json.loads(file.read_text())
    assert told["whole"]
    assert all("took_s" in step and "skipped" not in step for step in told["steps"].values())
    for name, step in told["steps"].items():
        if "out of memory" in name:
            assert step["recovered"]
            assert step["placed_again"]


@pytest.mark.long
@pytest.mark.parametrize("name", list(CHECKED))
def test_at_full_size_a_model_has_the_parts_that_are_planned_for(name: str) -> None:
    """Put together without memory, on torch's meta device."""
    import torch
    from transformers.initialization import no_init_weights

    def without_memory(architecture: str) -> Any:
        with torch.device("meta"), no_init_weights():
            return BUILDERS[architecture][2]()

    pipe = CHECKED[name].whole(without_memory)
    known = parts_of(model_for(CHECKED[name], tiny=False))
    assert known is not None
    for part in known.parts:
        module = getattr(pipe, part.name)
        share_tables(module)
        assert sum(weight.numel() for weight in module.parameters()) == pytest.approx(part.elements, rel=0.02)
