"""The scales of likeness: what a distance between two faces means, from 0 to 100. Pure but for its one small file.

There are two, because dlib was made for photographs: two renders of different people are nearer to each other than two
photographs are. Which one holds is decided by what made the picture.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("likeness.toml")
ACCEPTED: Final = 60.0
"""From here on a face counts as the same person's."""
COPIED: Final = 0.92
"""From here on two faces are one picture: pose, light and expression are the same."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Distances that mean 100 (`full`), 60 (`accepted`) and 0 (`other`)."""

    full: float
    accepted: float
    other: float

    def __call__(self, distance: float) -> float:
        """The likeness of two faces so far apart, 0…100: straight lines between the three points."""
        if distance <= self.accepted:
            share = (self.accepted - distance) / (self.accepted - self.full)
            return min(100.0, ACCEPTED + (100.0 - ACCEPTED) * share)
        share = (self.other - distance) / (self.other - self.accepted)
        return max(0.0, ACCEPTED * share)


@lru_cache(maxsize=2)
def scale(*, photographic: bool = False) -> Scale:
    """The scale for pictures of the studio, or of models whose pictures are like photographs."""
    values = tomllib.loads(FILE.read_text(encoding="utf-8"))["photographs" if photographic else "renders"]
    return Scale(float(values["full"]), float(values["accepted"]), float(values["other"]))
