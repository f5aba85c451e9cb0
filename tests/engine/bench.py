"""Measures the engine on this machine: `python -m tests.engine.bench [--json] [--quick]`.

The diffusers path is measured with a small checkpoint of random weights: what is compared is what is around the model.

Every figure that compares two things measures them in turns in the same run and gives the median of the pairs.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import sys
import tempfile
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from engine.backends import Cancelled, Outcome, Report
from engine.backends.diffusers import DiffusersBackend
from engine.backends.local.embeddings import T5_TOKENS
from engine.backends.photo_studio import StudioBackend
from engine.jobs.job import Finished, Job, Lane
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model, sizes
from engine.models.model import Model
from engine.models.studio_model import missing, studio_model
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine, Limits
from engine.queue.fair_queue import BatchKey, FairQueue, batch_key
from engine.queue.timings import Timings
from tests.engine.tiny_models import SMALL, make

WIDE = Limits(waiting_per_user=10**6, waiting=10**6, running_per_user=8)
STEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `bound` says what `value` must not pass, and `holds` whether it does not."""

    name: str
    value: float
    unit: str
    bound: str
    holds: bool
    beside: dict[str, float | str]


def small_model(folder: Path) -> Model:
    """The catalogue's entry for the small checkpoint."""
    shape = sizes(SMALL.size[0] * SMALL.size[1])
    return replace(local_model(f"{folder}=small;steps={STEPS};guidance=3"), family="plain", sizes=shape)


class _FullBatches(Timings):
    """Takes every batch as full as it may be, so that all runs of a comparison render the same batches."""

    def batch_size(self, key: BatchKey, candidates: int, limit: int) -> int:
        return min(candidates, limit)


class Studio:
    """A small model behind an engine, and the same pipeline bare."""

    def __init__(self, folder: Path, *, users: int = 8) -> None:
        self.model = small_model(make("small", folder))
        self._catalogue = Catalogue((self.model,), self.model.id)
        self.backend = DiffusersBackend(self._catalogue)
        self.learned = Timings()
        self.batches: list[list[Job]] = []
        self._arrival = 0
        self._users = users

    def engine(self, limits: Limits, timings: Timings) -> Engine:
        return Engine(
            self._catalogue,
            {"local": lambda: self.backend},
            limits=limits,
            timings=timings,
            before_start=self._note,
        )

    def jobs(self, count: int, *, same_words: bool = False, previews: bool = False) -> list[Job]:
        return [self._job("a woman" if same_words else f"woman {nth}", previews) for nth in range(count)]

    async def through_queue(self, jobs: Sequence[Job], limits: Limits = WIDE, timings: Timings | None = None) -> float:
        """Seconds for all of them, submitted at once."""
        self.batches = []
        engine = self.engine(limits, timings or _FullBatches())
        began_s = perf_counter()
        await asyncio.gather(*(_finish(engine, job) for job in jobs))
        return perf_counter() - began_s

    async def bare(self, batches: Sequence[Sequence[Job]]) -> float:
        """Seconds for the same pictures from the pipeline alone, on the same thread, as PNG."""
        began_s = perf_counter()
        await self.backend._worker.run(lambda: [_bare(self._pipe(), batch) for batch in batches])
        return perf_counter() - began_s

    async def learn(self) -> None:
        """Renders until the engine has found out what a batch is worth here."""
        for _ in range(2):
            await self.through_queue(self.jobs(32), timings=self.learned)

    def chosen_batch(self) -> int:
        """The batch that the engine would take of many, by what it has learned."""
        return self.learned.batch_size(batch_key(self.jobs(1)[0]), 100, WIDE.batch)

    def count_encoder_runs(self) -> list[str]:
        runs: list[str] = []
        for name in ("text_encoder", "text_encoder_2"):
            getattr(self._pipe(), name).register_forward_hook(lambda *_, name=name: runs.append(name))
        return runs

    def _pipe(self) -> Any:
        assert self.backend.model_cache is not None
        return self.backend.model_cache.take(self.model, lambda: None).pipe

    def _job(self, words: str, previews: bool) -> Job:
        self._arrival += 1
        width, height = self.model.sizes["2:3"]
        return Job(
            id=str(self._arrival),
            user=f"user {self._arrival % self._users}",
            lane=Lane.STANDARD,
            model=self.model.id,
            prompt=PortraitPrompt(subject=words),
            width=width,
            height=height,
            steps=self.model.steps,
            guidance=self.model.guidance,
            seed=self._arrival,
            arrival=self._arrival,
            previews=previews,
        )

    async def _note(self, jobs: Sequence[Job]) -> None:
        self.batches.append(list(jobs))


async def _finish(engine: Engine, job: Job) -> Finished:
    last = None
    async for event in engine.submit(job):
        last = event
    assert isinstance(last, Finished)
    return last


def _bare(pipe: Any, batch: Sequence[Job]) -> list[bytes]:
    """What a script without any engine would do with these prompts and seeds."""
    import torch

    first = batch[0]
    with torch.inference_mode():
        images = pipe(
            prompt=[job.prompt.subject for job in batch],
            negative_prompt=[""] * len(batch),
            generator=[torch.Generator("cpu").manual_seed(job.seed) for job in batch],
            width=first.width,
            height=first.height,
            num_inference_steps=first.steps,
            guidance_scale=first.guidance,
            max_sequence_length=T5_TOKENS,
        ).images
    pictures = []
    for image in images:
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=3)
        pictures.append(file.getvalue())
    return pictures


@dataclass(slots=True)
class _Took:
    """Seconds of several runs: by the clock, and of processor time in all threads, which other work on the
    machine hardly changes."""

    clock_s: list[float]
    processor_s: list[float]


async def _in_turns(pairs: int, *runs: Callable[[], Awaitable[float]]) -> list[_Took]:
    """Runs them in turns, every second round backwards."""
    took = [_Took([], []) for _ in runs]
    for nth in range(pairs):
        order = range(len(runs)) if nth % 2 == 0 else reversed(range(len(runs)))
        for index in order:
            began_s = process_time()
            took[index].clock_s.append(await runs[index]())
            took[index].processor_s.append(process_time() - began_s)
    return took


def _ratio(above: Sequence[float], below: Sequence[float]) -> float:
    return median(one / other for one, other in zip(above, below, strict=True))


async def overhead(studio: Studio, pairs: int) -> Figure:
    """40 portraits through the queue against the bare pipeline with the same batches."""
    await studio.through_queue(studio.jobs(40))
    batches = list(studio.batches)
    bare, queued, previewed = await _in_turns(
        pairs,
        lambda: studio.bare(batches),
        lambda: studio.through_queue(studio.jobs(40)),
        lambda: studio.through_queue(studio.jobs(40, previews=True)),
    )
    value = _ratio(queued.clock_s, bare.clock_s)
    beside: dict[str, float | str] = {
        "with previews": round(_ratio(previewed.clock_s, bare.clock_s), 3),
        "by processor time": round(_ratio(queued.processor_s, bare.processor_s), 3),
        "with previews, by processor time": round(_ratio(previewed.processor_s, bare.processor_s), 3),
        "bare s": round(median(bare.clock_s), 2),
        "queue s": round(median(queued.clock_s), 2),
        "pairs": pairs,
        "batches": " ".join(str(len(batch)) for batch in batches),
    }
    return Figure(name="overhead", value=value, unit="×", bound="≤ 1.03", holds=value <= 1.03, beside=beside)


async def batch_gain(studio: Studio, pairs: int) -> Figure:
    """8 users with 4 portraits each against one at a time, beside what the bare pipeline gains."""
    await studio.through_queue(studio.jobs(32))
    batches = list(studio.batches)
    singles = [[job] for batch in batches for job in batch]
    alone = replace(WIDE, batch=1)
    queue_alone, queue_batched, bare_alone, bare_batched = await _in_turns(
        pairs,
        lambda: studio.through_queue(studio.jobs(32), alone),
        lambda: studio.through_queue(studio.jobs(32)),
        lambda: studio.bare(singles),
        lambda: studio.bare(batches),
    )
    gain = _ratio(queue_alone.clock_s, queue_batched.clock_s)
    bare_gain = _ratio(bare_alone.clock_s, bare_batched.clock_s)
    value = gain / bare_gain
    beside: dict[str, float | str] = {
        "queue gain": round(gain, 2),
        "bare gain": round(bare_gain, 2),
        "batch chosen by itself": studio.chosen_batch(),
        "pairs": pairs,
        "batches": " ".join(str(len(batch)) for batch in batches),
    }
    return Figure(name="batch_gain", value=value, unit="of bare", bound="≥ 0.9", holds=value >= 0.9, beside=beside)


async def series_cache(studio: Studio, pairs: int) -> Figure:
    """Nine portraits of the same words run each text encoder once, nine of different words nine times."""
    runs = studio.count_encoder_runs()
    counts = []
    same_s: list[float] = []
    other_s: list[float] = []
    for nth in range(pairs):
        series = [_said(job, f"the same woman {nth}") for job in studio.jobs(9)]
        others = [_said(job, f"woman {nth} of {job.id}") for job in studio.jobs(9)]
        for jobs, seconds in ((series, same_s), (others, other_s)):
            runs.clear()
            seconds.append(await studio.through_queue(jobs, replace(WIDE, batch=1)))
            counts.append(runs.count("text_encoder") == runs.count("text_encoder_2") and len(runs) // 2)
    same, other = max(counts[::2]), max(counts[1::2])
    saved_s = median(b - a for a, b in zip(same_s, other_s, strict=True))
    beside: dict[str, float | str] = {"different words": other, "saved ms": round(saved_s * 1000, 1)}
    holds = set(counts[::2]) == {1} and set(counts[1::2]) == {9}
    return Figure(name="series_cache", value=same, unit="runs", bound="= 1 and 9", holds=holds, beside=beside)


def _said(job: Job, words: str) -> Job:
    return replace(job, prompt=PortraitPrompt(subject=words))


def pick_scaling(model: Model, rounds: int) -> Figure:
    """Picking the next batch among 10,000 jobs of 500 users against 100 jobs of 100 users.

    Between two picks a batch is rendered, which leaves nothing of the queue in the processor's caches; so they
    are emptied here too. `warm` is the same ratio without that.
    """
    few, many = _Line(model, 100, 100), _Line(model, 10_000, 500)
    warm = median(_picks_s(many, rounds)) / median(_picks_s(few, rounds))
    few_s: list[float] = []
    many_s: list[float] = []
    for _ in range(rounds):
        for line, seconds in ((few, few_s), (many, many_s)):
            _empty_caches()
            seconds.append(line.pick_s())
    value = median(many_s) / median(few_s)
    beside: dict[str, float | str] = {
        "warm": round(warm, 2),
        "100 jobs µs": round(median(few_s) * 1e6, 1),
        "10,000 jobs µs": round(median(many_s) * 1e6, 1),
        "bytes a waiting job": _bytes_per_job(model),
    }
    return Figure(name="pick_scaling", value=value, unit="×", bound="≤ 2", holds=value <= 2, beside=beside)


def _picks_s(line: _Line, count: int) -> list[float]:
    return [line.pick_s() for _ in range(count)]


def _empty_caches(filler: bytes = bytes(48 * 2**20)) -> int:
    return filler.count(1)


class _Line:
    """A queue that is kept at its length: what is picked comes in again as new jobs."""

    def __init__(self, model: Model, length: int, users: int) -> None:
        self._random = random.Random(1)
        self._model = model
        self._users = users
        self._arrival = 0
        self._queue = FairQueue()
        self._add(length)

    def pick_s(self) -> float:
        began_s = perf_counter()
        batch = self._queue.pick(lambda key, candidates: 8, lambda user: 4)
        took_s = perf_counter() - began_s
        self._add(len(batch))
        return took_s

    def _add(self, count: int) -> None:
        for _ in range(count):
            self._arrival += 1
            self._queue.add(_any_job(self._model, self._arrival, self._random, self._users))


def _any_job(model: Model, arrival: int, chance: random.Random, users: int) -> Job:
    width, height = chance.choice(list(model.sizes.values()))
    return Job(
        id=f"{arrival:016x}.0",
        user=f"{chance.randrange(users):018d}",
        lane=chance.choice(list(Lane)),
        model=model.id,
        prompt=PortraitPrompt(subject=f"somebody {arrival}"),
        width=width,
        height=height,
        steps=model.steps,
        guidance=model.guidance,
        seed=arrival,
        arrival=arrival,
    )


class _Shut:
    """A backend that never has a free slot."""

    slots = 0

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        raise NotImplementedError

    async def close(self) -> None:
        return None


def _bytes_per_job(model: Model, count: int = 10_000) -> int:
    """What a waiting job holds: itself, its words, its events and its places in the queue."""

    async def submit() -> int:
        engine = Engine(Catalogue((model,), model.id), {"local": _Shut}, limits=WIDE)
        chance = random.Random(1)
        tracemalloc.start()
        streams = [engine.submit(_any_job(model, nth, chance, 500)) for nth in range(count)]
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await engine.stop(1.0)
        return held // len(streams)

    return asyncio.run(submit())


async def loop_lag(studio: Studio, seconds: float) -> Figure:
    """How late the event loop is while a diffusers model runs in a thread, beside the same idle."""
    return await _lag("loop_lag", seconds, lambda: studio.through_queue(studio.jobs(24, previews=True)))


async def studio_lag(seconds: float, *, steps: int) -> Figure:
    """The same while the photo studio, whose pictures are taken in a process of its own, takes one after the other."""
    model = studio_model()
    catalogue = Catalogue((model,), model.id)
    engine = Engine(catalogue, {"studio": lambda: StudioBackend(catalogue)}, limits=WIDE)
    arrivals = count()

    async def one() -> Finished:
        chance = random.Random(1)
        return await _finish(engine, replace(_any_job(model, next(arrivals), chance, 8), steps=steps, previews=True))

    try:
        await one()  # the process starts with it
        return await _lag("studio_lag", seconds, one)
    finally:
        await engine.stop(10.0)


async def _lag(name: str, seconds: float, work: Callable[[], Coroutine[Any, Any, Any]]) -> Figure:
    idle = await _lags(asyncio.create_task(asyncio.sleep(seconds)))
    busy: list[float] = []
    while len(busy) < seconds / 0.01:
        busy += await _lags(asyncio.create_task(work()))
    value = _percentile(busy, 0.99) * 1000
    beside: dict[str, float | str] = {
        "idle ms": round(_percentile(idle, 0.99) * 1000, 2),
        "median ms": round(median(busy) * 1000, 2),
        "worst ms": round(max(busy) * 1000, 1),
        "samples": len(busy),
    }
    return Figure(name=name, value=value, unit="ms p99", bound="≤ 50", holds=value <= 50, beside=beside)


async def _lags(work: asyncio.Task[Any]) -> list[float]:
    """Seconds that a short sleep came back late, over and over until the work is done."""
    lags = []
    while not work.done():
        began_s = perf_counter()
        await asyncio.sleep(0.005)
        lags.append(max(0.0, perf_counter() - began_s - 0.005))
    return lags


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def _with_model(folder: Path, quick: bool) -> list[Figure]:
    studio = Studio(folder)
    await studio.learn()
    figures = [
        await overhead(studio, 1 if quick else 7),
        await batch_gain(studio, 1 if quick else 5),
        await series_cache(studio, 1 if quick else 3),
        await loop_lag(studio, 2.0 if quick else 20.0),
    ]
    await studio.backend.close()
    if not missing():
        figures.append(await studio_lag(2.0 if quick else 20.0, steps=1 if quick else 2))
    return figures


def run(*, quick: bool) -> list[Figure]:
    """All figures; takes minutes unless `quick`, which only shows that everything runs."""
    with tempfile.TemporaryDirectory() as folder:
        scaling = pick_scaling(small_model(Path(folder)), 20 if quick else 200)
        return [*asyncio.run(_with_model(Path(folder), quick)), scaling]


def table(figures: Sequence[Figure]) -> str:
    """The figures as people read them."""
    lines = []
    for figure in figures:
        beside = ", ".join(f"{name} {value}" for name, value in figure.beside.items())
        mark = "ok" if figure.holds else "MISSED"
        value = f"{figure.value:.4g} {figure.unit}"
        lines.append(f"{figure.name:<14}{value:<16}{figure.bound:<12}{mark:<8}{beside}")
    return "\n".join(lines)


def as_json(figures: Sequence[Figure]) -> str:
    """The figures for machines, with what the machine was like."""
    values = {
        figure.name: {
            "value": round(figure.value, 4),
            "unit": figure.unit,
            "bound": figure.bound,
            "holds": figure.holds,
            **figure.beside,
        }
        for figure in figures
    }
    machine = {"cores": os.cpu_count(), "load": [round(load, 2) for load in os.getloadavg()]}
    return json.dumps({"machine": machine, **values}, ensure_ascii=False, indent=2)


def main() -> int:
    """Prints the table or JSON; the exit code says whether every bound holds."""
    parser = argparse.ArgumentParser(description="Measures the engine on this machine.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="one round of everything, to see that it runs")
    options = parser.parse_args()
    figures = run(quick=options.quick)
    print(as_json(figures) if options.json else table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
