"""Where hair grows: points scattered on the skin, and which part of the head each belongs to.

Points are drawn on the template, so that the same person's hairs stay where they are in every pose and expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.renderer import regions
from engine.renderer.body import Body
from engine.renderer.geometry import unit
from engine.renderer.hair.field import Floats, Frame
from engine.renderer.hairline import Line

REGIONS: Final = ("fringe", "top", "side", "back", "nape")
"""The parts of a head that a barber treats apart."""


@dataclass(frozen=True)
class Roots:
    """Where hairs leave the skin, in the head's frame; `rest` are the template's positions."""

    points: Floats
    normals: Floats
    rest: Floats
    inside: Floats
    """Degrees within the hair line."""

    def __len__(self) -> int:
        return len(self.points)

    def only(self, kept: npt.NDArray[Any]) -> Roots:
        """Some of the roots."""
        return Roots(self.points[kept], self.normals[kept], self.rest[kept], self.inside[kept])

    @property
    def around(self) -> Floats:
        """Degrees from the face's middle: 0 in front, 180 behind."""
        offset = self.rest - regions.CENTRE
        return np.asarray(np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1])))


Density = Callable[[Floats], Floats]


def scatter(
    body: Body, frame: Frame, where: npt.NDArray[np.bool_], count: int, random: np.random.Generator, share: Density,
) -> Roots:  # fmt: skip
    """`count` points or fewer on triangles all of whose corners are `where`; `share` says how likely each is kept.

    `share` sees template positions and answers from 0 to 1.
    """
    faces = body.part.faces[where[body.part.faces].all(1)]
    at = body.part.rest[faces]
    area = np.linalg.norm(np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]), axis=1)
    total = np.cumsum(area)
    found: list[tuple[Floats, ...]] = []
    left, likely = count, 0.8
    for _ in range(5):
        n = min(int(left / likely * 1.1) + 64, 400_000)
        chosen = faces[np.searchsorted(total, random.random(n) * total[-1])]
        weights = _inside_triangles(n, random)
        rest = (body.part.rest[chosen] * weights).sum(1)
        kept = np.flatnonzero(random.random(n) < share(rest))[:left]
        points = (body.part.vertices[chosen[kept]] * weights[kept]).sum(1)
        normals = (body.normals[chosen[kept]] * weights[kept]).sum(1)
        found.append((points, normals, rest[kept]))
        left -= len(kept)
        likely = max(len(kept) / n, 0.02)
        if left <= 0:
            break
    points, normals, rest = (np.concatenate(parts) for parts in zip(*found, strict=True))
    turned = unit(normals @ frame.turn).astype(np.float32)
    return Roots(frame.inside(points), turned, rest, np.zeros(len(points)))


def _inside_triangles(count: int, random: np.random.Generator) -> Floats:
    a, b = random.random((2, count))
    over = a + b > 1
    a, b = np.where(over, 1 - a, a), np.where(over, 1 - b, b)
    return np.stack([1 - a - b, a, b], 1)[..., None]


def rooted(body: Body, frame: Frame, line: Line, count: int, random: np.random.Generator, soft: float = 4.0) -> Roots:
    """Roots on the scalp, thinning out over `soft` degrees at the hair line."""
    near = (body.masks["growth"] > -12) & (body.masks["ears"] < 0.3)

    def share(rest: Floats) -> Floats:
        offset = rest - regions.CENTRE
        around = np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1]))
        softly = soft * (1 + 1.2 * regions.bump(around - 62, 14))
        return np.asarray(np.clip((line.inside(rest) + 1.5) / softly, 0, 1) ** 1.6 * line.full(rest))

    found = scatter(body, frame, near, count, random, share)
    return Roots(found.points, found.normals, found.rest, line.inside(found.rest))


def parts(roots: Roots) -> dict[str, Floats]:
    """How much each root belongs to each of `REGIONS`; they add up to 1."""
    x, y, z = unit(roots.rest - regions.CENTRE).T
    high = _step(z, 0.34, 0.68)
    behind = _step(y, 0.0, 0.45)
    fringe = _step(-y, 0.40, 0.66) * _step(z, 0.22, 0.42) * _step(-np.abs(x), -0.66, -0.48)
    nape = _step(-z, 0.02, 0.30) * behind
    rest = 1 - fringe
    low = rest * (1 - high)
    told = {
        "fringe": fringe, "top": rest * high, "side": low * (1 - behind), "back": low * behind * (1 - nape),
        "nape": low * behind * nape,
    }  # fmt: skip
    return {name: value.astype(np.float32) for name, value in told.items()}


def _step(value: Floats, low: float, high: float) -> Floats:
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
