"""The hair line: where hair begins on somebody's head, for what grows there and for the skin that shows under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.renderer import regions
from engine.renderer.geometry import Array, unit
from engine.renderer.scene import Person


@dataclass(frozen=True)
class Line:
    """A person's hair line: how far back it is, its peak and unevenness, drawn by the seed and moved by age."""

    receded: float
    peak: float
    height: float
    rounded: float
    """Degrees by which hair fills the temples."""
    temples: float
    """Degrees by which hair comes forward between temple and ear."""
    burns: float
    """Degrees that hair grows down before the ears."""
    waves: Array
    ragged: float
    """Degrees by which the line wavers."""

    @classmethod
    def of(cls, person: Person) -> Line:
        """The hair line that somebody has in every picture."""
        random = np.random.default_rng((person.seed & 0xFFFFFFFF, 21))
        man = person.masculinity >= 0.5
        peak = random.choice((0.0, 0.25, 0.8), p=(0.45, 0.35, 0.2))
        height = random.normal(-1.7 if man else -2.2, 0.35)
        own = 0.25 * man * random.random() * np.clip((person.age - 22) / 30, 0, 1)
        rounded = random.uniform(1.0, 4.0) if man else random.uniform(8.0, 12.0)
        rounded *= 1 - 0.8 * min(person.hair.line, 1.0)
        waves = random.uniform(0, 6.28, 6)
        receded, burns = max(person.hair.line, own), 18.0 if man else 8.0
        temples, ragged = (6.0, 0.9) if man else (11.0, 1.3)
        return cls(float(receded), float(peak), float(height), float(rounded), temples, burns, waves, ragged)

    def inside(self, rest: Array) -> Array:
        """Degrees within the line at positions of the template (N, 3); negative on the face."""
        grown = regions.growth(rest, 0.0, self.peak, self.height)
        offset = rest - regions.CENTRE
        around = np.degrees(np.arctan2(offset[:, 0], -offset[:, 1]))
        uneven = sum(np.sin(around * 0.09 * (k + 1.3) + phase) / (k + 1) for k, phase in enumerate(self.waves))
        grown = grown + self.ragged * np.asarray(uneven) + self.rounded * regions.bump(np.abs(around) - 53, 13)
        grown = grown + self.temples * regions.bump(np.abs(around) - 67, 8)
        grown = grown + self.burns * regions.bump(np.abs(around) - 75, 6.5)
        return np.asarray(grown - self._lost(rest))

    def _lost(self, rest: Array) -> Array:
        """Degrees that age has taken: high temples first, the whole front next, the crown last."""
        offset = unit(rest - regions.CENTRE)
        around = np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1]))
        temples = 17.0 * regions.bump(around - 32, 15)
        front = 21.0 * np.clip(1 - around / 55, 0, 1) ** 0.7
        lost = self.receded * temples + max(self.receded - 0.35, 0) * front
        crown = np.degrees(np.arccos(np.clip(offset @ unit(np.array((0.0, 0.62, 0.80))), -1, 1)))
        return np.asarray(lost + max(self.receded - 0.7, 0) * 3.0 * np.clip(24 - crown, 0, None))

    def full(self, rest: Array) -> Array:
        """How dense hair is at positions of the template (N, 3), 0 to 1: age thins it on top."""
        _, behind, high = unit(rest - regions.CENTRE).T
        top = regions.edge(high - 0.55, 0.10) * regions.edge(0.75 - behind, 0.08)
        return np.asarray(1 - 0.75 * np.clip(self.receded - 0.25, 0, 1) * top)
