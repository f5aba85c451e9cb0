"""The dashboard and the alerts ask for figures that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it comes with transformers

from bot.core.status_address import listen_address
from bot.web.figures import Metrics

DEPLOY = Path(__file__).parents[3] / "deploy"
MONITORING = DEPLOY / "monitoring"
NAME = re.compile(r"\blikeness_[a-z_]+")
LABELS = re.compile(r"\bby \(([a-z_, ]+)\)")


def known() -> tuple[set[str], set[str]]:
    """Names of all samples that /metrics can have, and of their labels."""
    names: set[str] = set()
    labels = {"le"}
    for one in vars(Metrics()).values():
        if not hasattr(one, "_labelnames"):
            continue
        labels |= set(one._labelnames)
        ends = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[one._type]
        names |= {f"{one._name}{end}" for end in ends}
    return names, labels


def expressions() -> list[str]:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    panels: list[Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    return [rule["expr"] for rule in rules] + [one["expr"] for panel in panels for one in panel["targets"]]


def test_every_figure_and_label_that_is_asked_for_is_there() -> None:
    names, labels = known()
    asked = {name for text in expressions() for name in NAME.findall(text)}
    by = {label.strip() for text in expressions() for found in LABELS.findall(text) for label in found.split(",")}
    assert asked - names == set()
    assert by - labels == set()
    left_out = {name for name in names if not name.endswith(("_bucket", "_sum", "_count"))} - asked
    seen_elsewhere = {
        "likeness_hosted_cost_month_dollars",
        "likeness_discord_latency_seconds",
        "likeness_servers",
        "likeness_status_viewers",
        "likeness_orders_placed_total",
    }
    assert left_out <= seen_elsewhere


def test_the_panels_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_compose_file_brings_prometheus_to_the_bot_with_the_token() -> None:
    told = yaml.safe_load((DEPLOY / "compose.monitoring.yaml").read_text(encoding="utf-8"))
    scrape = yaml.safe_load((MONITORING / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"][0]
    studio = told["services"]["studio"]["environment"]
    (target,) = scrape["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert listen_address(studio["STATUS_LISTEN"]).port == int(port)
    assert json.loads(studio["STATUS_HOSTS"]) == [host]
    secret = Path(scrape["authorization"]["credentials_file"]).name
    assert told["secrets"][secret] == {"environment": "STATUS_TOKEN"}
    assert told["services"]["prometheus"]["secrets"] == [secret]
    for service in told["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in told["volumes"] or (DEPLOY / source).is_file()
