"""`python -m bot bench`: portraits a minute on this machine by model, shape and batch, beside a bare diffusers loop.

Everything goes through the queue and the backends as an order does, without Discord and the database.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bot.core.engine_setup import local_settings_by_card, make_catalogue
from bot.core.errors import BotError
from bot.core.settings import Settings
from engine.backends import Backend
from engine.jobs.job import EngineError, Finished, Job, Lane
from engine.models.catalogue import Catalogue
from engine.models.model import ON_THIS_MACHINE, Model
from engine.placement.sizes import GIB
from engine.prompt import ASPECTS, PortraitPrompt
from engine.queue.engine import Engine, Limits
from engine.queue.fair_queue import BatchKey
from engine.queue.timings import Timings

MOST_BATCHES: Final = 50
COLUMNS: Final = (
    *("model", "placement", "size", "steps", "batch", "first portrait", "portraits a minute"),
    *("bare diffusers", "of bare", "card GiB", "RAM GiB"),
)
_ARRIVALS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was measured of one model, shape and batch. `first_s` is the very first portrait with everything that comes
    before it, for the first trial of a model alone; None stands for what was not measured.
    """

    model: str
    placement: str
    size: tuple[int, int]
    steps: int
    batch: int
    first_s: float | None = None
    a_minute: float | None = None
    bare_a_minute: float | None = None
    card_gib: float | None = None
    ram_gib: float | None = None
    failed: str = ""


class EveryBatch(Timings):
    """Takes each batch as full as it may be, so that the batch that is measured is the one that was asked for."""

    def batch_size(self, key: BatchKey, candidates: int, limit: int) -> int:
        return max(1, min(candidates, limit))


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be said behind `python -m bot bench`."""
    parser.add_argument("--model", action="append", metavar="ID", help="only this model (may be said again)")
    parser.add_argument("--shape", action="append", choices=list(ASPECTS), help="2:3 where none is said")
    parser.add_argument("--batch", type=_batches, default=(1, 2, 4), metavar="N,N", help="how many at once; 1,2,4")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each is measured at least; 20")
    parser.add_argument("--no-bare", action="store_true", help="without the bare diffusers loop beside it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write it to a file too")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Measure and print; the exit code is 1 when a trial failed. Raises BotError."""
    trials = asyncio.run(_all_trials(settings, options))
    told = _as_json(trials) if options.json else markdown(trials, machine())
    print(told)
    if options.write is not None:
        try:
            options.write.write_text(told + "\n", encoding="utf-8")
        except OSError as error:
            raise BotError(f"{options.write} could not be written ({error.strerror}).") from error
    return int(any(trial.failed for trial in trials))


def _batches(text: str) -> tuple[int, ...]:
    """Raises argparse.ArgumentTypeError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 64 for part in parts):
        raise argparse.ArgumentTypeError(f"{text} is no list of batches from 1 to 64, such as 1,2,4")
    return tuple(sorted({int(part) for part in parts}))


async def _all_trials(settings: Settings, options: argparse.Namespace) -> list[Trial]:
    catalogue = make_catalogue(settings)
    trials: list[Trial] = []
    for model in _chosen(catalogue, options.model):
        backend = _backend(settings, catalogue, model)
        try:
            async for trial in trials_of(backend, catalogue, model, options):
                trials.append(trial)
                print(f"measured: {_line(trial)}", file=sys.stderr)
        finally:
            await backend.close()
    return trials


def _chosen(catalogue: Catalogue, ids: Sequence[str] | None) -> list[Model]:
    """Raises BotError for an id that is offered nowhere here, or runs elsewhere."""
    able = {model.id: model for model in catalogue.models if model.provider in ON_THIS_MACHINE}
    wrong = sorted(set(ids or ()) - able.keys())
    if wrong or not able:
        there = ", ".join(able) or "none"
        raise BotError(f"{', '.join(wrong) or 'No model'} runs on this machine; there is: {there}.")
    return [able[model_id] for model_id in dict.fromkeys(ids or able)]


def _backend(settings: Settings, catalogue: Catalogue, model: Model) -> Backend:
    if model.provider == "studio":
        from engine.backends.photo_studio import StudioBackend

        return StudioBackend(catalogue)
    from engine.backends.diffusers import DiffusersBackend

    return DiffusersBackend(catalogue, settings=local_settings_by_card(settings)[0])


async def trials_of(
    backend: Backend, catalogue: Catalogue, model: Model, options: argparse.Namespace
) -> AsyncIterator[Trial]:
    """One a shape and batch; a model that fails is told once."""
    sizes = [model.sizes[shape] for shape in options.shape or ["2:3"]]
    told = Trial(model=model.id, placement="", size=sizes[0], steps=model.steps, batch=1)
    try:
        first_s, _ = await _seconds(backend, catalogue, [_job(model, sizes[0])], 1)
        told = replace(told, first_s=first_s, placement=_placement(backend, model))
        for size in sizes:
            most = backend.max_batch(model, size)
            for batch in [one for one in options.batch if one <= most] or [most]:
                told = replace(told, size=size, batch=batch)
                yield await _trial(backend, catalogue, told, model, options)
                told = replace(told, first_s=None)
    except EngineError as error:
        yield replace(told, failed=str(error))


async def _trial(
    backend: Backend, catalogue: Catalogue, told: Trial, model: Model, options: argparse.Namespace
) -> Trial:
    """Fills in what is measured when nothing is cold. Raises EngineError."""
    _forget_peak()
    once = [_job(model, told.size) for _ in range(told.batch)]
    once_s, together = await _seconds(backend, catalogue, once, told.batch)
    if together < told.batch:
        return replace(told, failed=f"{told.batch} do not fit into memory together")
    rounds = max(1, min(MOST_BATCHES, round(options.seconds / max(once_s, 0.01))))
    jobs = [_job(model, told.size) for _ in range(rounds * told.batch)]
    took_s, _ = await _seconds(backend, catalogue, jobs, told.batch)
    bare_s = None if options.no_bare else await _bare_s(backend, model, jobs, told.batch)
    return replace(
        told,
        a_minute=60 * len(jobs) / took_s,
        bare_a_minute=60 * len(jobs) / bare_s if bare_s else None,
        card_gib=_card_peak_gib(),
        ram_gib=_ram_peak_gib(),
    )


async def _seconds(backend: Backend, catalogue: Catalogue, jobs: Sequence[Job], batch: int) -> tuple[float, int]:
    """How long all of them take, submitted at once, and how many were made together at least. Raises EngineError."""
    engine = Engine(
        catalogue,
        {"local": lambda: backend, "studio": lambda: backend},
        limits=Limits(waiting_per_user=10**6, waiting=10**6, running_per_user=64, deadline_s=86_400, batch=batch),
        timings=EveryBatch(),
    )
    began_s = perf_counter()
    made = await asyncio.gather(*(_finished(engine, job) for job in jobs))
    return perf_counter() - began_s, min(one.batch for one in made)


async def _finished(engine: Engine, job: Job) -> Finished:
    last: object = None
    async for event in engine.submit(job):
        last = event
    if not isinstance(last, Finished):
        raise TypeError(f"{job.id} ended without a picture")
    return last


async def _bare_s(backend: Backend, model: Model, jobs: Sequence[Job], batch: int) -> float | None:
    """Seconds for the same pictures from a plain loop over the same pipeline; None where there is none."""
    from engine.backends.diffusers import DiffusersBackend

    if not isinstance(backend, DiffusersBackend) or model.needs_picture:
        return None
    return sum([await backend.bare_s(jobs[start : start + batch]) for start in range(0, len(jobs), batch)])


def _job(model: Model, size: tuple[int, int]) -> Job:
    arrival = next(_ARRIVALS)
    return Job(
        id=f"bench-{arrival}",
        user=f"sitter {arrival}",
        lane=Lane.STANDARD,
        model=model.id,
        prompt=PortraitPrompt(subject=f"a woman with short hair, number {arrival}", lighting="window light"),
        width=size[0],
        height=size[1],
        steps=model.steps,
        guidance=model.guidance,
        seed=arrival,
        arrival=arrival,
        previews=False,
    )


def _placement(backend: Backend, model: Model) -> str:
    from engine.backends.diffusers import DiffusersBackend

    if not isinstance(backend, DiffusersBackend) or backend.model_cache is None:
        return "its own process" if model.provider == "studio" else ""
    if backend.model_cache.card is None:
        return "processor"
    planned = backend.model_cache.planned(model)
    return planned.settings + (", tiles" if planned.tiled else "")


def _forget_peak() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _card_peak_gib() -> float | None:
    """Since `_forget_peak`; None without a card."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return float(torch.cuda.max_memory_allocated()) / GIB


def _ram_peak_gib() -> float | None:
    """The most that this process and those that it has started held since they began; None where that is not told."""
    own = os.getpid()
    try:
        files = [Path(f"/proc/{own}/status"), *(Path(f"/proc/{child}/status") for child in _children(own))]
        return sum(_peak_kib(file.read_text(encoding="ascii", errors="replace")) for file in files) * 1024 / GIB
    except OSError:
        return None


def _children(process: int) -> list[int]:
    threads = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text(encoding="ascii").split()]


def _peak_kib(status: str) -> int:
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0])


def machine() -> dict[str, str]:
    """What stands above the table: the processor, the card, and the versions that decide."""
    told = {"processor": f"{_processor()}, {os.cpu_count()} threads", "system": platform.system()}
    torch = sys.modules.get("torch")
    if torch is not None:
        from engine.backends.local.devices import look

        seen = look()
        told["card"] = f"{seen.name}, driver {seen.driver}" if seen.name else "none that torch can use"
        told |= {name: _version(name) for name in ("torch", "diffusers", "transformers")}
    return {**told, "likeness": _version("likeness"), "measured": datetime.now(UTC).strftime("%Y-%m-%d")}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def markdown(trials: Sequence[Trial], on: dict[str, str]) -> str:
    """The table as it can be posted."""
    lines = ["; ".join(f"{name}: {value}" for name, value in on.items()), ""]
    lines += [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    return "\n".join([*lines, *(_line(trial) for trial in trials)])


def _line(trial: Trial) -> str:
    if trial.failed:
        return f"| {trial.model} | failed: {trial.failed} |" + " |" * (len(COLUMNS) - 2)
    share = trial.a_minute / trial.bare_a_minute if trial.a_minute and trial.bare_a_minute else None
    cells = (
        *(trial.model, trial.placement, f"{trial.size[0]} × {trial.size[1]}", str(trial.steps), str(trial.batch)),
        _number(trial.first_s, " s"),
        *(_number(value) for value in (trial.a_minute, trial.bare_a_minute, share, trial.card_gib, trial.ram_gib)),
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.3g}{unit}" if value < 100 else f"{value:.0f}{unit}"


def _as_json(trials: Sequence[Trial]) -> str:
    told: list[dict[str, Any]] = [asdict(trial) for trial in trials]
    return json.dumps({"machine": machine(), "trials": told}, indent=2, ensure_ascii=False)
