"""The bench itself: what it prints."""

import json
from pathlib import Path

from tests.engine.bench import Figure, as_json, pick_scaling, small_model, table

FIGURES = [Figure(name="overhead", value=1.01234, unit="×", bound="≤ 1.03", holds=True, beside={"pairs": 7})]


def test_the_table_has_a_line_a_figure_with_its_bound() -> None:
    assert table(FIGURES).split() == ["overhead", "1.012", "×", "≤", "1.03", "ok", "pairs", "7"]


def test_the_json_holds_the_same_figures() -> None:
    shown = json.loads(as_json(FIGURES))
    assert shown["overhead"] == {"value": 1.0123, "unit": "×", "bound": "≤ 1.03", "holds": True, "pairs": 7}
    assert shown["machine"]["cores"] >= 1


def test_picking_is_measured_without_any_model(tmp_path: Path) -> None:
    figure = pick_scaling(small_model(tmp_path), rounds=2)
    assert figure.value > 0
    assert 100 < float(figure.beside["bytes a waiting job"]) < 10_000
