"""The search for a face: least squares with a ridge, on how what is seen changes with each number of a row.

No gradient is known of a face recogniser, so each number is moved a little in a quick picture, and what that does to
the 128 numbers and 68 points is taken for the slope. The steps that the slopes propose are tried, the best is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.fitting import controls

Numbers = npt.NDArray[np.float64]
Look = Callable[[Numbers], "Numbers | None"]
"""What is seen for a row: 128 numbers and the points, weighted, in one row; None where no face is found."""

FACE: Final = 128
STEP: Final = 0.75
"""How far a number is moved for its slope, in how far it usually strays."""
RIDGES: Final = (0.0004, 0.0012, 0.004, 0.012)
LONGEST: Final = 1.2
"""No number is moved farther than this in one step."""


@dataclass
class Search:
    """Where the search is: `row`, what is seen there, the slopes. `aside` is what quick pictures get wrong."""

    look: Look
    wanted: Numbers
    row: Numbers
    aside: Numbers
    saw: Numbers
    slopes: Numbers

    def left(self, saw: Numbers) -> float:
        """How far the embedding is from the wanted one."""
        return float(np.linalg.norm((saw + self.aside - self.wanted)[:FACE]))

    def cost(self, row: Numbers, saw: Numbers, ridge: float = 0.0012) -> float:
        """What is to become small: all that is seen otherwise than wanted, and how unusual the face is."""
        return float(((saw + self.aside - self.wanted) ** 2).sum() + ridge * (_unusual(row) ** 2).sum())

    def measure(self, numbers: npt.NDArray[np.int64]) -> None:
        """Looks at what each of these numbers of the row does."""
        for k in numbers:
            moved = self.row.copy()
            step = STEP if moved[k] <= controls.usual(moved)[k] else -STEP
            moved[k] += step
            moved = controls.within(moved)
            step = moved[k] - self.row[k]
            saw = self.look(moved) if abs(step) > 0.1 else None
            if saw is not None:
                self.slopes[:, k] = (saw - self.saw) / step

    def advance(self) -> bool:
        """Tries the steps that the slopes propose with each ridge; False when none is better."""
        best, before = None, self.cost(self.row, self.saw)
        for ridge in RIDGES:
            row = controls.within(self.row + self._step(ridge))
            saw = self.look(row)
            if saw is None:
                continue
            self._learn(row, saw)
            cost = self.cost(row, saw)
            if best is None or cost < best[0]:
                best = (cost, row, saw)
        if best is None or best[0] >= before * 0.995:
            return False
        _, self.row, self.saw = best
        return True

    def _step(self, ridge: float) -> Numbers:
        missing = self.wanted - self.saw - self.aside
        square = self.slopes.T @ self.slopes + ridge * np.eye(len(self.row))
        pull = self.slopes.T @ missing - ridge * _unusual(self.row)
        step = np.linalg.solve(square, pull)
        return np.asarray(np.clip(step, -LONGEST, LONGEST))

    def _learn(self, row: Numbers, saw: Numbers) -> None:
        """Corrects the slopes by what a step really did (Broyden's rule)."""
        moved = row - self.row
        length = float(moved @ moved)
        if length > 1e-6:
            self.slopes += np.outer(saw - self.saw - self.slopes @ moved, moved) / length


def _unusual(row: Numbers) -> Numbers:
    """How far the row is from usual people, in how far they usually stray; who they are is free, but for a little."""
    away = row - controls.usual(row)
    away[: len(controls.WHO)] = 0.0
    away[-len(controls.POSE) :] *= 0.5
    return np.asarray(away)


def begun(look: Look, wanted: Numbers, row: Numbers, aside: Numbers) -> Search | None:
    """A search that begins at a row; None where no face is seen there."""
    saw = look(row)
    return None if saw is None else Search(look, wanted, row, aside, saw, np.zeros((len(saw), len(row))))
