"""Which noise a picture is learned from: noise that already says what words do not.

A caption leaves open whose face it is and how the head is held. Learned from independent noise, a picture begins as
the mean of all faces, and a small transformer must agree with itself, patch by patch, on one of them. Here the noise
of one patch is the person's own numbers, and that of another the pose's, each made standard normal over the data, so
that all noise together is still white (flow matching with a data-dependent coupling: Albergo et al. 2024, "Stochastic
interpolants with data-dependent couplings"). Plain white noise draws a person and a pose at random, and one seed is one
person in every scene. With a reference picture the person's patch is left to chance, so that it comes to mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.builtin.people import Person
from engine.builtin.scenes import Scene, mirrored

_T = TypeVar("_T")
Array = npt.NDArray[np.float64]
PATCH = 4
"""Side of a patch, in latent pixels."""
PERSON_AT, POSE_AT = (0, 0), (0, -1)
"""The patches that hold the numbers: the upper corners, where the background is."""
_SIDES = ("l-", "r-")
_NORMAL = NormalDist()


def of_person(who: Person) -> dict[str, float]:
    """What makes this face, by name; the mean of both sides."""
    found: dict[str, float] = {}
    for name, value in who.shape:
        both = name.removeprefix(_SIDES[0]).removeprefix(_SIDES[1])
        found[both] = found.get(both, 0.0) + (value / 2 if name.startswith(_SIDES) else value)
    african, asian, _ = who.ancestry
    found |= {"african": african, "asian": asian, "age": who.age_years}
    found |= {f"skin-{at}": value for at, value in enumerate(who.skin_shift)}
    found |= {f"lips-{at}": value for at, value in enumerate(who.lip_colour)}
    names = ("masculinity", "weight", "blush", "freckles", "under_eye", "hair_line", "hair_peak", "temples")
    brows = ("thickness", "arch", "slope", "gap", "length", "height", "density")
    return found | {name: getattr(who, name) for name in (*names, *(f"brow_{brow}" for brow in brows))}


def of_pose(what: Scene) -> dict[str, float]:
    """How the head is turned and where the light stands, by name; where the eyes are, `align` has settled."""
    return {
        "turn": what.turn,
        "gaze": what.gaze,
        "azimuth": what.light_azimuth,
        "elevation": what.light_elevation,
    }


def _group_of_person(name: str, who: Person) -> str:
    """Within which people a number is ranked: what the words say must not be said by the noise too."""
    if name == "age":
        return who.age
    return f"{who.sex}-{who.skin}" if name in {"african", "asian"} else who.sex


def _group_of_pose(name: str, what: Scene) -> str:
    return {"azimuth": what.light_side, "elevation": what.light_height}.get(name, "")


def normal_ranks(values: Sequence[float], groups: Sequence[str]) -> Array:
    """Values as the standard normal quantiles of their ranks within their groups."""
    found = np.zeros(len(values))
    for group in set(groups):
        at = np.flatnonzero(np.array(groups) == group)
        order = np.argsort(np.array(values)[at], kind="stable")
        quantiles = [_NORMAL.inv_cdf((rank + 0.5) / len(at)) for rank in range(len(at))]
        found[at[order]] = quantiles
    return found


def _table(all_of: Sequence[_T], numbers: Callable[[_T], dict[str, float]], group: Callable[[str, _T], str]) -> Array:
    """(N, numbers) of standard normal values."""
    rows = [numbers(one) for one in all_of]
    columns = [normal_ranks([row[name] for row in rows], [group(name, one) for one in all_of]) for name in rows[0]]
    return np.stack(columns, axis=1)


class Coupling:
    """The numbers of all people and poses of a data set, as they are and mirrored."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        every = [one for what in scenes for one in (what, mirrored(what))]
        people = list({what.person.seed: what.person for what in every}.values())
        told = _table(people, of_person, _group_of_person)
        self._people = {who.seed: torch.from_numpy(row).float() for who, row in zip(people, told, strict=True)}
        posed = _table(every, of_pose, _group_of_pose)
        self._poses = {_key(what): torch.from_numpy(row).float() for what, row in zip(every, posed, strict=True)}

    def person(self, what: Scene) -> Tensor:
        """Standard normal numbers of the person."""
        return self._people[what.person.seed]

    def pose(self, what: Scene) -> Tensor:
        """Standard normal numbers of the pose."""
        return self._poses[_key(what)]


def _key(what: Scene) -> tuple[int, float, float]:
    return what.person.seed, what.turn, what.zoom


def put(noise: Tensor, people: Sequence[Tensor | None], poses: Sequence[Tensor]) -> Tensor:
    """Noise (B, C, h, w) that says who it is to be, where that is not left open, and in which pose."""
    said = noise.clone()
    for row, (person, pose) in enumerate(zip(people, poses, strict=True)):
        for numbers, (down, across) in ((person, PERSON_AT), (pose, POSE_AT)):
            if numbers is None:
                continue
            top, left = _first(down, noise.shape[2]), _first(across, noise.shape[3])
            patch = said[row, :, top : top + PATCH, left : left + PATCH].reshape(-1).clone()
            patch[: len(numbers)] = numbers
            said[row, :, top : top + PATCH, left : left + PATCH] = patch.view(noise.shape[1], PATCH, PATCH)
    return said


def _first(place: int, side: int) -> int:
    return place * PATCH if place >= 0 else side + place * PATCH
