"""The top of a head as its outline shows it: how high it is, and what lies just under that edge, skin or hair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.evaluation.views import View
from engine.review.colour_names import linear, of_opponent, opponent

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_STEP: Final = 1 / 24
_REACH: Final = np.arange(0.1, 2.5, _STEP)
"""How far from between the brows is looked, in units of the face."""
_WAYS: Final = np.radians(np.arange(-30, 31, 5))
"""Ways out from between the brows, from straight up."""
_FOREHEAD: Final = (0.12, 0.38)
_FARTHEST, _BEYOND = 1.75, 1.95
"""How far from the brows a head can end, and from where only the place is seen."""
_UNEVEN: Final = 0.25
"""How much farther than three in four an edge may be and still be the head's: a cloud or a beam behind is farther."""
_UNDER: Final = (0.42, 0.12)
"""What is looked at, down from the edge."""
_SHADES: Final = np.array((0.06, 0.012, 0.012))
"""Steps of lightness and of both opponent colours in which the place differs from itself."""
SKULL, _HIGHEST = (0.85, 1.15), 1.40
"""Where bare heads end, and higher than which hardly any does."""
_SURELY: Final = 0.7
_BARE: Final = np.array((0.025, 0.02, 0.4))
"""How unlike the forehead skin at the edge of a bare head may be: in colour, in fine detail, in lightness."""


@dataclass(frozen=True, slots=True)
class Crown:
    """The upper edge of a head against the place."""

    height: float
    """How far it is from between the brows, in units of the face: three in four ways out go at least so far."""
    unlike: float
    """How unlike the forehead the head is under that edge: below 1 as skin is there."""
    colours: Floats
    """What is seen under the edge, (N, 3) in linear light."""

    @property
    def bare(self) -> bool:
        """Whether skin goes right up to an edge that is as high as a skull's."""
        return self.unlike < _SURELY and SKULL[0] <= self.height <= SKULL[1]

    @property
    def hair(self) -> float:
        """How surely that is hair, from 1 on: unlike skin, or higher than any skull."""
        return max(self.unlike, self.height / _HIGHEST)


def crown(view: View) -> Crown | None:
    """The head's upper edge; None where too little of it is in the picture or stands out from the place."""
    seen, inside = _along(view)
    forehead = seen[:, _from_to(*_FOREHEAD)].reshape(-1, 4)
    skin = np.median(forehead, axis=0)
    parts = [_under(seen, inside, way) for way in range(len(_WAYS))]
    found = [(edge, seen[way, rows]) for way, (edge, rows) in enumerate(parts) if rows.sum() > 2]
    if len(found) < 3:
        return None
    height = float(np.percentile([edge for edge, _ in found], 25))
    ours = [part for edge, part in found if edge <= height + _UNEVEN]
    apart = np.median([_unlike(np.median(part, axis=0), skin) for part in ours], axis=0)
    light = np.concatenate([of_opponent(part[:, :3]) for part in ours])
    return Crown(height, float(np.linalg.norm(apart / _BARE)), light)


def _along(view: View) -> tuple[Floats, Mask]:
    """Lightness, both opponent colours and fine detail along every way (ways, steps, 4), and what is in the picture."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    brows = (view.outline[19] + view.outline[24]) / 2
    level = view.across / np.hypot(*view.across) * view.unit
    ways = np.sin(_WAYS)[:, None] * level - np.cos(_WAYS)[:, None] * view.down
    at = brows + _REACH[None, :, None] * ways[:, None]
    first = max(0, int(at[..., 1].min()) - 8)
    lab = opponent(linear(view.picture[first : max(int(at[..., 1].max()) + 9, first + 1)]))
    fine = np.abs(lab[..., 0] - gaussian_filter(lab[..., 0], max(0.045 * view.unit, 1.0)))
    soft = [gaussian_filter(lab[..., channel], max(0.03 * view.unit, 0.6)) for channel in range(3)]
    soft.append(gaussian_filter(fine, max(0.06 * view.unit, 1.5)))
    where = [at[..., 1] - first, at[..., 0]]
    seen = np.stack([map_coordinates(each, where, order=1, mode="nearest") for each in soft], -1)
    return seen, np.all((at >= 0) & (at <= np.array(view.size) - 1), axis=-1)


def _under(seen: Floats, inside: Mask, way: int) -> tuple[float, Mask]:
    """Where the head ends along one way, and the steps under that edge: none where no edge is found."""
    none = np.zeros(len(_REACH), bool)
    there = inside[way]
    if there[_REACH < 1.0].mean() < 0.95:
        return 0.0, none
    beyond = there & (_REACH > _BEYOND)
    if beyond.sum() < 5:
        beyond = there & _from_to(float(_REACH[there].max()) - 0.25, np.inf)
    place = seen[max(way - 2, 0) : way + 3, beyond, :3].reshape(-1, 3)
    middle = np.median(place, axis=0)
    usual = float(np.median(np.linalg.norm((place - middle) / _SHADES, axis=1)))
    ours = there & (np.linalg.norm((seen[way, :, :3] - middle) / _SHADES, axis=1) > max(1.2, 2 * usual))
    last = np.flatnonzero(ours & (_REACH < _FARTHEST))
    if not len(last):
        return 0.0, none
    edge = float(_REACH[last[-1]])
    return edge, _from_to(max(edge - _UNDER[0], 0.42), edge - _UNDER[1])


def _from_to(near: float, far: float) -> Mask:
    """Which steps lie between two distances from the brows."""
    return np.asarray((_REACH > near) & (_REACH < far))  # noqa: SIM300


def _unlike(part: Floats, skin: Floats) -> tuple[float, float, float]:
    """How far from the forehead's skin, in the same light or less of it."""
    scale = float(np.clip(part[0] / skin[0], 0.3, 2.0))
    colour = float(np.hypot(*(part[1:3] - skin[1:3] * scale)))
    fine = part[3] / max(part[0], 0.06) - skin[3] / max(skin[0], 0.05)
    return colour, float(max(fine, 0.0)), abs(float(part[0] / skin[0] - 1))
