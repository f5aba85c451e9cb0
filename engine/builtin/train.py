"""Trains the built-in model: `python -m engine.builtin.train vae|transformer|export`.

Every stage saves its whole state every few minutes and goes on from it; `--minutes` bounds a run. States
live in the work folder (LIKENESS_BUILTIN_WORK), never in the repository.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.builtin import autoencoder, dataset, together
from engine.builtin.mixed import mixed
from engine.local_models import TRAINED_FOLDER

SAVE_EVERY_S = 180.0


def _log(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


def _save(state: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.rename(path)


def _restored(path: Path) -> dict[str, Any] | None:
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


class Average:
    """An exponential moving average of parameters, quick at first."""

    def __init__(self, modules: dict[str, torch.nn.Module], decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.values = {
            f"{name}.{key}": value.detach().clone().float()
            for name, module in modules.items()
            for key, value in module.state_dict().items()
            if value.is_floating_point()
        }

    @torch.no_grad()
    def update(self, modules: dict[str, torch.nn.Module]) -> None:
        """Moves a step towards the modules' weights."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = [], []
        for name, module in modules.items():
            for key, value in module.state_dict().items():
                if f"{name}.{key}" in self.values:
                    mine.append(self.values[f"{name}.{key}"])
                    theirs.append(value.detach())
        torch._foreach_lerp_(mine, theirs, 1 - keep)

    def put_into(self, modules: dict[str, torch.nn.Module]) -> None:
        """Overwrites the modules' weights with the average."""
        for name, module in modules.items():
            found = {key: self.values.get(f"{name}.{key}", value) for key, value in module.state_dict().items()}
            module.load_state_dict(found)


def _run(
    steps_done: int,
    step: Callable[[int], dict[str, float]],
    save: Callable[[int], None],
    quiet: bool = False,
) -> int:
    """Steps until a step says that no time is left, logging means and saving. Returns the steps done in all."""
    saved = logged = time.monotonic()
    sums: dict[str, float] = {}
    count = 0
    while True:
        found = step(steps_done)
        for key, value in found.items():
            sums[key] = sums.get(key, 0.0) + value
        steps_done, count = steps_done + 1, count + 1
        now = time.monotonic()
        if now - logged > 30 and not quiet:
            shown = ", ".join(f"{key} {value / count:.4f}" for key, value in sums.items())
            _log(f"step {steps_done}: {shown}, {(now - logged) / count:.3f} s a step")
            sums, count, logged = {}, 0, now
        if now - saved > SAVE_EVERY_S:
            save(steps_done)
            saved = now
        if found["left"] <= 0:
            break
    save(steps_done)
    return steps_done


def train_vae(minutes: float, renders: Path, batch: int, rate: float, side_px: int) -> None:
    """Trains the autoencoder and writes it, averaged, to the work folder's `vae`."""
    state_path = dataset.work() / "vae.pt"
    vae = autoencoder.build().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(vae.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.0)
    average = Average({"vae": vae}, 0.999)
    done = 0
    if state := _restored(state_path):
        vae.load_state_dict(state["vae"])
        optimiser.load_state_dict(state["optimiser"])
        average.values, average.steps, done = state["average"], state["average_steps"], state["steps"]
    found = dataset.pictures(renders)
    crops, rng = autoencoder.Crops(side_px), np.random.default_rng(done)
    crops.refresh(found)
    _log(f"autoencoder: {sum(p.numel() for p in vae.parameters())} parameters, {len(crops)} pictures, step {done}")
    ends = time.monotonic() + minutes * 60

    def step(number: int) -> dict[str, float]:
        left = max(0.0, ends - time.monotonic()) / (minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (number + 1) / 100) * (0.05 + 0.95 * min(1.0, left / 0.6))
        with mixed():
            total, parts = autoencoder.loss(vae, crops.batch(batch, rng))
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call,unused-ignore]
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        average.update({"vae": vae})
        return parts | {"left": left}

    def save(number: int) -> None:
        crops.refresh(dataset.pictures(renders))
        _save(
            {
                "vae": vae.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.values,
                "average_steps": average.steps,
                "steps": number,
            },
            state_path,
        )

    done = _run(done, step, save)
    average.put_into({"vae": vae})
    vae.eval()
    found = dataset.pictures(renders)
    sample = found[:: max(1, len(found) // 150)]
    mean, spread = autoencoder.measure_latents(vae, sample)
    vae.register_to_config(scaling_factor=1 / spread, shift_factor=mean)
    vae.save_pretrained(dataset.work() / "vae", safe_serialization=True)
    _log(f"step {done}: latents {mean:.3f} ± {spread:.3f}; held-out PSNR {_held_out_psnr(vae, renders):.2f} dB")


def _held_out_psnr(vae: Any, renders: Path) -> float:
    kept = dataset.pictures(renders, held_out=True)[:64]
    return autoencoder.psnr(vae, kept) if kept else math.nan


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.train", description=__doc__)
    parser.add_argument("stage", choices=("vae", "transformer", "export"))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--crop", type=int, default=64, help="side of the autoencoder's crops, in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that train the transformer together")
    parser.add_argument("--begin", type=Path, default=None, help="a checkpoint to begin from where there is no state")
    parser.add_argument("--compile", action="store_true", help="compile the transformer's blocks first")
    given = parser.parse_args()
    if given.stage == "transformer" and given.workers > 1 and not together.in_team():
        raise SystemExit(together.start_others(given.workers, dataset.work() / "team"))
    torch.set_num_threads(given.threads)
    if given.stage == "vae":
        renders = given.renders or dataset.work() / "renders"
        train_vae(given.minutes, renders, given.batch or 8, given.rate or 1e-3, given.crop)
        return
    from engine.builtin import diffusion, shipping

    renders = given.renders or dataset.aligned()
    if given.stage == "transformer":
        begin = partial(shipping.load, given.begin) if given.begin else None
        diffusion.train(given.minutes, renders, given.batch or 16, given.rate or 1e-3, begin, given.compile)
    else:
        shipping.export(given.out or TRAINED_FOLDER, renders)


if __name__ == "__main__":
    main()
