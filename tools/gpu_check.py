"""Checks local models on a real card in a few minutes: `python -m tools.gpu_check`, from a checkout, with no download.

Needs torch, diffusers, transformers, accelerate and, for one step, peft (the `local` extra). The report is JSON and is
written before and after every step, so that a stop loses nothing; when the minutes are over the process ends, whatever
it is at. `--tiny --device cpu` runs the same steps on tiny likenesses.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import json
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from engine.backends.diffusers import DiffusersBackend
from engine.backends.local import placing, runtime
from engine.backends.local.loaded import Loaded
from engine.backends.local.model_cache import ModelCache
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Adapter, Finished, Job, JobCancelled, Lane, Progress
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.placement.graphics_card import Card, ram_for_models
from engine.placement.model_parts import parts_of
from engine.placement.plan import Placement, need_of, plan, usual_load
from engine.placement.sizes import GIB
from engine.prompt import PortraitPrompt
from tools.gpu_models import CHECKED, Checked, model_for, pipeline

Step = Callable[[], Awaitable[dict[str, Any]]]
PLACES: Final = (
    ("none", "auto"),
    ("encoders", "auto"),
    ("model", "auto"),
    ("group", "auto"),
    ("encoders", "fp8"),
    ("group", "fp8"),
)
"""(offload, precision), in the order in which a pipeline is built again least often."""
BATCHES: Final = (1, 2, 4)
LEAST_S: Final = 20.0
"""A step is not begun with less time than this."""
RESERVE_S: Final = 15.0
"""An order that runs so long before the end breaks off; what has not come back at the end is left there."""
STAND_IN: Final = Card(name="a processor that stands in", usable_bytes=64 * GIB, ram_bytes=64 * GIB)
_ARRIVALS: Final = count(1)


class GpuReport:
    """What was found, step by step, in a file that is whole after each. Its clock begins when it is made."""

    def __init__(self, file: Path, minutes: float) -> None:
        self.told: dict[str, Any] = {"whole": False, "steps": {}}
        self._file = file
        self._began_s = perf_counter()
        self._budget_s = minutes * 60
        self._saving = threading.Lock()
        self.save()

    @property
    def left_s(self) -> float:
        """Seconds in which orders may run."""
        return self._budget_s - RESERVE_S - (perf_counter() - self._began_s)

    def end_in_time(self, end: Callable[[int], None] = os._exit) -> threading.Timer:
        """Ends the process with the code 1 when the time is over: a build, a compiler or a kernel may never come back.

        Returns what keeps the time.
        """

        def over() -> None:
            print(f"{self._file}: the time was over; what ran then is marked in it.", file=sys.stderr, flush=True)
            end(1)

        timer = threading.Timer(max(0.0, self.left_s + RESERVE_S), over)
        timer.daemon = True
        timer.start()
        return timer

    async def step(self, name: str, step: Step) -> None:
        """Runs one step and writes down what came of it; a fault in it ends no other."""
        began_s = perf_counter()
        if self.left_s < LEAST_S:
            found: dict[str, Any] = {"skipped": "no time was left"}
        else:
            print(f"{name} …", file=sys.stderr, flush=True)
            self.told["steps"][name] = {"failed": "it did not come back before the time was over or the process ended"}
            self.save()
            try:
                found = await step()
            except JobCancelled:
                found = {"skipped": "the time was over in the middle of it"}
            except Exception as error:  # noqa: BLE001 - a check that fails is what the report is for
                found = {"failed": f"{type(error).__name__}: {error}", "where": traceback.format_exc(limit=-4)}
        self.told["steps"][name] = {**found, "took_s": round(perf_counter() - began_s, 2)}
        self.save()

    def save(self) -> None:
        """Raises OSError where the file cannot be written."""
        with self._saving:
            whole = self._file.with_suffix(".part")
            whole.write_text(json.dumps(self.told, indent=1, default=str) + "\n", encoding="utf-8")
            whole.replace(self._file)


class Pipelines:
    """Builds pipelines with random weights as a backend's reader, and keeps the last few for the next that asks."""

    def __init__(self, *, tiny: bool) -> None:
        self.tiny = tiny
        self.keep = 1
        self.built_s = 0.0
        self._of: dict[str, Checked] = {}
        self._built: dict[tuple[str, str, str], Any] = {}

    def model(self, name: str, **changes: Any) -> Model:
        model = replace(model_for(CHECKED[name], tiny=self.tiny), **changes)
        self._of[model.source] = CHECKED[name]
        return model

    def read(self, model: Model, dtype: Any, kept: Any, first: Any) -> tuple[Any, bool]:
        """See engine.backends.local.pipeline_loading.Reader."""
        import torch

        key = (model.source, str(dtype), "fp8" if kept == "fp8" else "plain")
        if model.compile != "none" or key not in self._built:
            for old in list(self._built)[: max(0, len(self._built) - self.keep + 1)]:
                del self._built[old]
            gc.collect()
            began_s = perf_counter()
            pipe = pipeline(self._of[model.source], dtype, tiny=self.tiny)
            self.built_s = perf_counter() - began_s
            if kept == "fp8":
                denoiser = getattr(pipe, placing.denoiser_name(pipe))
                denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
            self._built[key] = pipe
        pipe = self._built[key]
        placing.release(pipe)
        return pipe, False

    def park(self) -> None:
        """Takes all of them off the card."""
        for pipe in self._built.values():
            placing.park(pipe)

    def spoil(self, model: Model) -> None:
        """Layer by layer leaves weights elsewhere: such a pipeline is built again."""
        for key in [key for key in self._built if key[0] == model.source]:
            del self._built[key]


class Checks:
    """The steps, one method each; each returns what it found as plain figures."""

    def __init__(self, device: str, pipes: Pipelines, over: Callable[[], bool] = lambda: False) -> None:
        self._device = device
        self._pipes = pipes
        self._over = over
        """Whether the time is over: an order that runs then ends with its step."""
        self._first: dict[str, Any] = {}
        """Pixels of the same order, all on the card, to hold other placements against."""

    def backend(self, *models: Model, **settings: Any) -> DiffusersBackend:
        card = STAND_IN if self._device == "cpu" else None
        told = LocalSettings(device=self._device, card=card, preview_every_s=0.0, **settings)
        return DiffusersBackend(Catalogue(models, models[0].id), settings=told, reader=self._pipes.read)

    async def machine(self) -> dict[str, Any]:
        import diffusers
        import torch
        import transformers

        from engine.backends.local.devices import fault, found_card, look

        card = found_card() if self._device != "cpu" else None
        plans = {}
        for name in CHECKED:
            model = model_for(CHECKED[name], tiny=False)
            parts = parts_of(model)
            if card is not None and parts is not None:
                plans[name] = plan(model, parts, card).placement.settings
        return {
            "seen": repr(look()),
            "fault": fault(look()),
            "card": repr(card),
            "ram_for_models_gib": round(ram_for_models() / GIB, 1),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
            "planned": plans,
        }

    async def placed(self, name: str, offload: str, precision: str) -> dict[str, Any]:
        """One placement: seconds cold and warm, the peak against the plan, and the picture against all on the card."""
        model = self._pipes.model(name, offload=offload, precision=precision)
        backend = self.backend(model)
        _forget_peak()
        try:
            cold_s, _, _ = await self._ordered(backend, [_job(model, seed=5)])
            warm_s, made, previews = await self._ordered(backend, [_job(model, seed=5)])
            loaded = _loaded(backend, model)
            found = {
                "built_s": round(self._pipes.built_s, 2),
                "cold_s": round(cold_s, 2),
                "warm_s": round(warm_s, 2),
                "render_s": round(made[0].render_s, 3),
                "previews": previews,
                "preview_ms": round(loaded.preview_row_s * 1000, 2),
            }
            return found | self._peak(model, loaded.placement) | self._beside_first(name, made[0])
        finally:
            await self._end(backend, model, spoilt=offload == "sequential")

    def _peak(self, model: Model, placement: Placement | None) -> dict[str, Any]:
        peak, parts = _peak_bytes(), parts_of(model)
        if peak is None or parts is None or placement is None:
            return {"peak_gib": None}
        planned = need_of(parts, placement, usual_load(model), model).card
        return {
            "peak_gib": round(peak / GIB, 3),
            "planned_gib": round(planned / GIB, 3),
            "of_plan": round(peak / planned, 3),
        }

    def _beside_first(self, name: str, made: Finished) -> dict[str, Any]:
        import numpy as np

        pixels = _pixels(made)
        first = self._first.setdefault(name, pixels)
        return {"finite": True, "levels_off": int(np.abs(pixels - first).max())}

    async def batches(self, name: str) -> dict[str, Any]:
        """Seconds a portrait by batch, as planned."""
        model = self._pipes.model(name, offload="encoders")
        backend = self.backend(model)
        try:
            await self._ordered(backend, [_job(model)])
            found: dict[str, Any] = {}
            for batch in BATCHES:
                _, made, _ = await self._ordered(backend, [_job(model, previews=False) for _ in range(batch)])
                together = min(one.batch for one in made)
                found[str(batch)] = {"together": together, "s_a_portrait": round(made[0].render_s / together, 3)}
            return found
        finally:
            await self._end(backend, model)

    async def compiled(self, name: str) -> dict[str, Any]:
        """Regional compile: what the first picture costs, and what the next gain."""
        model = self._pipes.model(name, offload="encoders")
        found = {}
        for key, tuned in (("plain", model), ("compiled", replace(model, compile="blocks"))):
            backend = self.backend(tuned, **({"compiler": "eager"} if self._device == "cpu" else {}))
            try:
                first_s, _, _ = await self._ordered(backend, [_job(tuned, seed=5, previews=False)])
                _, made, _ = await self._ordered(backend, [_job(tuned, seed=5, previews=False)])
                found[key] = {"first_s": round(first_s, 2), "render_s": round(made[0].render_s, 3)}
                found[key] |= self._beside_first(name, made[0])
            finally:
                await self._end(backend, tuned, spoilt=key == "compiled")
        return found

    async def formats(self, name: str) -> dict[str, Any]:
        """Whether pictures are finite in each number format; an order that comes to no numbers is refused."""
        found = {}
        for precision in ("bfloat16", "float16", "fp8"):
            model = self._pipes.model(name, offload="encoders", precision=precision)
            backend = self.backend(model)
            try:
                _, made, _ = await self._ordered(backend, [_job(model, seed=5, previews=False)])
                found[precision] = self._beside_first(name, made[0])
            except JobCancelled:
                raise
            except Exception as error:  # noqa: BLE001 - one format that fails says nothing of the others
                found[precision] = {"finite": False, "why": str(error)}
            finally:
                await self._end(backend, model)
        return found

    async def fine_tuned(self, name: str) -> dict[str, Any]:
        """A LoRA over streamed weights, and the model's own picture afterwards."""
        model = self._pipes.model(name, offload="group")
        backend = self.backend(model)
        with tempfile.TemporaryDirectory() as folder:
            try:
                _, (own,), _ = await self._ordered(backend, [_job(model, seed=5, previews=False)])
                file = _lora(_loaded(backend, model).pipe, Path(folder))
                tuned = replace(_job(model, seed=5, previews=False), adapters=(Adapter(name="check", path=file),))
                took_s, (other,), _ = await self._ordered(backend, [tuned])
                _, (again,), _ = await self._ordered(backend, [_job(model, seed=5, previews=False)])
                changed = other.picture != own.picture
                return {"changes": changed, "without_a_trace": again.picture == own.picture, "took_s": round(took_s, 2)}
            finally:
                await self._end(backend, model, spoilt=True)

    async def out_of_memory(self, name: str) -> dict[str, Any]:
        """Memory is made scarce for a batch of four, and then plenty again."""
        model = self._pipes.model(name, offload="auto" if self._device != "cpu" else "none")
        backend = self.backend(model)
        try:
            _, (before,), _ = await self._ordered(backend, [_job(model, seed=5, previews=False)])
            placed = _loaded(backend, model).placement
            scarce = _scarce(_loaded(backend, model).pipe, self._device)
            try:
                outcomes = await self._outcomes(backend, [_job(model, previews=False) for _ in range(4)])
            finally:
                scarce()
            _, (after,), _ = await self._ordered(backend, [_job(model, seed=5, previews=False)])
            return {
                "scarce": [type(one).__name__ + f" {getattr(one, 'batch', '')}".rstrip() for one in outcomes],
                "recovered": after.picture == before.picture,
                "placed_again": _loaded(backend, model).placement == placed,
            }
        finally:
            await self._end(backend, model)

    async def in_turn(self, first: str, second: str) -> dict[str, Any]:
        """Two models by turns on one card: what each order takes once both have been read."""
        self._pipes.keep = 2
        models = [self._pipes.model(name) for name in (first, second)]
        backend = self.backend(*models)
        try:
            took = []
            for model in (*models, *models, *models):
                took_s, _, _ = await self._ordered(backend, [_job(model, previews=False)])
                took.append(round(took_s, 2))
            cache = _cache(backend)
            return {"orders_s": took, "resident": cache.resident, "parked": cache.parked}
        finally:
            for model in models:
                await self._end(backend, model)
            self._pipes.keep = 1

    async def _ordered(self, backend: DiffusersBackend, jobs: Sequence[Job]) -> tuple[float, list[Finished], int]:
        """Seconds, pictures, and how many previews came. Raises what an order ended with."""
        seen: list[Any] = []
        began_s = perf_counter()
        outcomes = await self._outcomes(backend, jobs, seen)
        took_s = perf_counter() - began_s
        for outcome in outcomes:
            if not isinstance(outcome, Finished):
                raise outcome
        await asyncio.sleep(0)
        return took_s, list(outcomes), sum(1 for event in seen if isinstance(event, Progress) and event.preview)

    async def _outcomes(
        self, backend: DiffusersBackend, jobs: Sequence[Job], seen: list[Any] | None = None
    ) -> Sequence[Any]:
        told = [] if seen is None else seen
        return await backend.render(jobs, lambda job_id, event: told.append(event), lambda job_id: self._over())

    async def _end(self, backend: DiffusersBackend, model: Model, *, spoilt: bool = False) -> None:
        """Everything off the card, so that the next step begins with an empty one."""
        import torch

        if spoilt:
            self._pipes.spoil(model)
        self._pipes.park()
        await backend.close()
        backend.model_cache = None
        gc.collect()
        runtime.free_unused(torch.device(self._device))


def _cache(backend: DiffusersBackend) -> ModelCache:
    """Once something was ordered."""
    if backend.model_cache is None:
        raise RuntimeError("nothing was ordered yet")
    return backend.model_cache


def _loaded(backend: DiffusersBackend, model: Model) -> Loaded:
    return _cache(backend).take(model, lambda: None)


def _job(model: Model, *, seed: int | None = None, previews: bool = True) -> Job:
    arrival = next(_ARRIVALS)
    width, height = max(model.sizes.values(), key=lambda size: size[0] * size[1])
    return Job(
        id=f"check-{arrival}",
        user="check",
        lane=Lane.STANDARD,
        model=model.id,
        prompt=PortraitPrompt(subject="a woman by a window"),
        width=width,
        height=height,
        steps=model.steps,
        guidance=model.guidance,
        seed=arrival if seed is None else seed,
        arrival=arrival,
        previews=previews,
    )


def _pixels(made: Finished) -> Any:
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(made.picture)) as picture:
        return np.asarray(picture, dtype=np.int16)


def _lora(pipe: Any, folder: Path) -> Path:
    """A LoRA over every query of the denoiser's attention."""
    import torch
    from safetensors.torch import save_file

    name = placing.denoiser_name(pipe)
    weights: dict[str, Any] = {}
    chance = torch.Generator().manual_seed(3)
    for path, module in getattr(pipe, name).named_modules():
        if path.endswith("to_q") and isinstance(module, torch.nn.Linear):
            weights[f"{name}.{path}.lora_A.weight"] = torch.randn(4, module.in_features, generator=chance) * 0.1
            weights[f"{name}.{path}.lora_B.weight"] = torch.randn(module.out_features, 4, generator=chance) * 0.1
    file = folder / "check.safetensors"
    save_file(weights, str(file))
    return file


def _scarce(pipe: Any, device: str) -> Callable[[], None]:
    """Makes memory scarce, and returns what makes it plenty again."""
    import torch

    if device != "cpu":
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_allocated() + GIB) / total))
        return lambda: torch.cuda.set_per_process_memory_fraction(1.0)

    def refuse(module: Any, positional: Any, named: Any) -> None:
        first = positional[0] if positional else named.get("hidden_states", named.get("sample"))
        if len(first) > 2:
            raise torch.OutOfMemoryError("a stand-in for a card has no room for more than two rows")

    hook = getattr(pipe, placing.denoiser_name(pipe)).register_forward_pre_hook(refuse, with_kwargs=True)
    return lambda: hook.remove()


def _forget_peak() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes() -> int | None:
    import torch

    return int(torch.cuda.max_memory_reserved()) if torch.cuda.is_available() else None


def steps_of(checks: Checks, names: Sequence[str]) -> dict[str, Step]:
    """All steps by name, those first that say most."""
    steps: dict[str, Step] = {"machine": checks.machine}
    for name in names:
        for offload, precision in PLACES:
            title = f"{name}: {offload}{', fp8' if precision == 'fp8' else ''}"
            steps[title] = lambda n=name, o=offload, p=precision: checks.placed(n, o, p)  # type: ignore[misc]
        steps[f"{name}: batches"] = lambda n=name: checks.batches(n)  # type: ignore[misc]
        steps[f"{name}: sequential"] = lambda n=name: checks.placed(n, "sequential", "auto")  # type: ignore[misc]
        if name == names[0]:
            steps[f"{name}: out of memory"] = lambda n=name: checks.out_of_memory(n)  # type: ignore[misc]
            steps[f"{name}: LoRA over streamed weights"] = lambda n=name: checks.fine_tuned(n)  # type: ignore[misc]
            steps[f"{name}: number formats"] = lambda n=name: checks.formats(n)  # type: ignore[misc]
            steps[f"{name}: compile"] = lambda n=name: checks.compiled(n)  # type: ignore[misc]
    if len(names) > 1:
        steps[f"{names[0]} and {names[1]} in turn"] = lambda: checks.in_turn(names[0], names[1])
    return steps


async def check(options: argparse.Namespace, report: GpuReport) -> dict[str, Any]:
    """Runs the steps that are wanted; returns the report, which is in its file too."""
    checks = Checks(options.device, Pipelines(tiny=options.tiny), lambda: report.left_s <= 0)
    for name, step in steps_of(checks, options.model or list(CHECKED)).items():
        if not options.only or any(part in name for part in options.only):
            await report.step(name, step)
    report.told["whole"] = True
    report.save()
    return report.told


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code is 1 where a step failed, 2 where there is no card and the processor was not asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.gpu_check", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("gpu-report.json"), help="the report; gpu-report.json")
    parser.add_argument("--minutes", type=float, default=8.0, help="end after so many, whatever runs; 8")
    parser.add_argument("--model", action="append", choices=list(CHECKED), help="only this one (may be said again)")
    parser.add_argument("--only", action="append", metavar="WORDS", help="only steps with these words in their name")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="tiny likenesses, to see that every step runs")
    options = parser.parse_args(arguments)
    report = GpuReport(options.out, options.minutes)
    report.told |= {"tiny": options.tiny, "device": options.device, "minutes": options.minutes}
    timer = report.end_in_time()
    try:
        return _run(options, report)
    except BaseException as error:
        report.told["ended_by"] = f"{type(error).__name__}: {error}"
        report.save()
        raise
    finally:
        timer.cancel()


def _run(options: argparse.Namespace, report: GpuReport) -> int:
    runtime.prepare(LocalSettings())  # first: it decides how torch is imported
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        report.told["ended_by"] = "torch can use no card here"
        report.save()
        print("torch can use no card here. To see that the steps run: --tiny --device cpu", file=sys.stderr)
        return 2
    told = asyncio.run(check(options, report))
    failed = [name for name, step in told["steps"].items() if "failed" in step]
    print(f"{options.out}: {len(told['steps'])} steps, {len(failed)} failed. {'; '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
