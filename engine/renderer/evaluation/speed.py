"""What pictures cost: seconds by stage, the start of the process, and memory. A busy machine's figures mean nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.prompt import parse
from engine.renderer import photograph
from engine.renderer.reading import read
from engine.renderer.scene import Scene

PROMPT: Final = "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up"
_MB: Final = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """One kind of picture: medians over a few, by the clock, and processor seconds of all processes."""

    kind: str
    seconds: float
    cpu_s: float
    stages: dict[str, float]


def costs(times: int = 3) -> tuple[Cost, ...]:
    """Warm pictures: new people as standard and draft, until their first preview is shown, and a known person again."""
    photograph.photograph(_scene(1), quality="preview")  # the libraries and the pack are read here
    seeds = [range(first, first + times) for first in (10, 20, 30, 40)]  # each kind's people are met there first
    return (
        _cost("standard", "standard", seeds[0]),
        _cost("draft", "draft", seeds[1]),
        _cost("first preview, standard", "standard", seeds[2], to_preview=True),
        _cost("first preview, draft", "draft", seeds[3], to_preview=True),
        _known(times),
    )


def _known(times: int) -> Cost:
    photograph.photograph(_scene(90), quality="standard")
    return _cost("standard, known person", "standard", [90] * times)


def _cost(kind: str, quality: str, seeds: Sequence[int], to_preview: bool = False) -> Cost:
    clocks, cpus, stages = [], [], []
    for seed in seeds:
        began, before = time.perf_counter(), _cpu()
        if to_preview:
            _until_shown(_scene(seed), quality)
            stages.append({"all": time.perf_counter() - began})
        else:
            stages.append(photograph.photograph(_scene(seed), quality=quality).seconds)
        clocks.append(time.perf_counter() - began)
        cpus.append(_cpu() - before)
    names = list(stages[0])
    by_stage = {name: round(statistics.median(each.get(name, 0.0) for each in stages), 2) for name in names}
    return Cost(kind, round(statistics.median(clocks), 2), round(statistics.median(cpus), 2), by_stage)


def _until_shown(scene: Scene, quality: str) -> None:
    """A picture that is given up as soon as its first preview is there."""
    shown: list[bool] = []

    def report(share: float, preview: photograph.Picture | None) -> None:
        if preview is not None:
            shown.append(True)

    with suppress(photograph.Cancelled):
        photograph.photograph(scene, quality=quality, report=report, cancelled=lambda: bool(shown))


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _scene(seed: int) -> Scene:
    return read(parse(PROMPT), seed=seed).scene


def start_s(times: int = 3) -> float:
    """Seconds from starting a process until it could take a picture: the median."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import engine.renderer.photograph"], check=True)  # ourselves
        found.append(time.perf_counter() - began)
    return round(statistics.median(found), 2)


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    peak = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return round(int(peak.split()[1]) / _MB, 0)
