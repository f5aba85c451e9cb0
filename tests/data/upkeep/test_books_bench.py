"""The figures that the bench prints are of real orders and real pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.upkeep import books_bench


def test_the_bench_prints_its_figures_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books_bench.main(["--json", "--orders=3", "--pairs=2", "--entries=2000", f"--folder={tmp_path}"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["orders"]["commits_per_order"] == 1
    assert figures["orders"]["orders_per_s"] > 0
    assert figures["history"]["entries"] == 2000
    assert list(tmp_path.iterdir()) == []
