"""Training on several processes: each takes its own batches, and gradients are averaged once a step.

On a busy machine this loses less than threads do, which wait for each other thousands of times a step.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor

RANK, WORLD, STORE = "LIKENESS_RANK", "LIKENESS_WORLD", "LIKENESS_STORE"


class Team:
    """This process's place among those that train together; alone when none were started."""

    def __init__(self) -> None:
        self.rank = int(os.environ.get(RANK, "0"))
        self.size = int(os.environ.get(WORLD, "1"))
        if self.size > 1:
            torch.distributed.init_process_group(
                "gloo", init_method=f"file://{os.environ[STORE]}", rank=self.rank, world_size=self.size
            )

    @property
    def leads(self) -> bool:
        """Whether this is the process that saves and logs."""
        return self.rank == 0

    def average(self, weights: list[torch.nn.Parameter], number: float) -> float:
        """Averages the gradients in place, and the number, over all processes."""
        if self.size == 1:
            return number
        gradients = [w.grad if w.grad is not None else torch.zeros_like(w) for w in weights]
        *summed, numbers = self.total([*gradients, torch.tensor([number])])
        for weight, gradient in zip(weights, summed, strict=True):
            weight.grad = gradient / self.size
        return float(numbers) / self.size

    def total(self, tensors: list[Tensor]) -> list[Tensor]:
        """Each tensor, summed over all processes."""
        if self.size == 1:
            return tensors
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


def start_others(count: int, store: Path) -> int:
    """Runs this command line `count` times as one team; returns the first exit code that is not 0, or 0."""
    store.unlink(missing_ok=True)
    shared = os.environ | {WORLD: str(count), STORE: str(store)}
    command = [sys.executable, "-m", "engine.builtin.train", *sys.argv[1:]]
    team = [subprocess.Popen(command, env=shared | {RANK: str(rank)}) for rank in range(count)]  # noqa: S603  (this very program)
    return next((code for code in [process.wait() for process in team] if code), 0)


def in_team() -> bool:
    """Whether this process was started by `start_others`."""
    return WORLD in os.environ
