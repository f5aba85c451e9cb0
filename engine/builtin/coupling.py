"""Which noise a picture is learned from: noise that already says what neither words nor a face do.

A caption leaves open how the head is held and where exactly the light stands, and neither it nor an embedding says how
high the crown is (`builds`). Learned from independent noise, a picture begins as the mean of all poses, and a small
transformer must agree with itself, patch by patch, on one of them. Here the noise of one patch is the pose's own
numbers, each made standard normal over the data, so that all noise together is still white (flow matching with a
data-dependent coupling: Albergo et al. 2024, "Stochastic interpolants with data-dependent couplings"). Plain white
noise draws a pose at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.builtin.scenes import Scene, mirrored

Array = npt.NDArray[np.float64]
PATCH = 4
"""Side of a patch, in latent pixels."""
_NORMAL = NormalDist()


def of_pose(what: Scene) -> dict[str, float]:
    """How the head is turned and where the light stands, by name; where the eyes are, `align` has settled."""
    return {
        "turn": what.turn,
        "gaze": what.gaze,
        "azimuth": what.light_azimuth,
        "elevation": what.light_elevation,
    }


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


class Coupling:
    """The numbers of all poses of a data set, as they are and mirrored, and those of heads whose build is known."""

    def __init__(self, scenes: Iterable[Scene], builds: Mapping[int, Array] | None = None) -> None:
        every = [one for what in scenes for one in (what, mirrored(what))]
        rows = [of_pose(what) for what in every]
        columns = [
            normal_ranks([row[name] for row in rows], [_group_of_pose(name, what) for what in every])
            for name in rows[0]
        ]
        if builds:
            sexes = [what.person.sex for what in every]
            columns += [
                normal_ranks(list(lengths), sexes)
                for lengths in np.stack([builds[what.person.seed] for what in every], axis=1)
            ]
        told = torch.from_numpy(np.stack(columns, axis=1)).float()
        self._poses: dict[tuple[int, float, float], Tensor] = {
            _key(what): row for what, row in zip(every, told, strict=True)
        }

    def pose(self, what: Scene) -> Tensor:
        """Standard normal numbers of the pose, and of the head's build."""
        return self._poses[_key(what)]


def _key(what: Scene) -> tuple[int, float, float]:
    return what.person.seed, what.turn, what.zoom


def put(noise: Tensor, poses: Sequence[Tensor]) -> Tensor:
    """Noise (B, C, h, w) whose upper right patch, where the background is, says how the head is held and built."""
    said = noise.clone()
    for row, numbers in enumerate(poses):
        patch = said[row, :, :PATCH, -PATCH:].reshape(-1).clone()
        patch[: len(numbers)] = numbers
        said[row, :, :PATCH, -PATCH:] = patch.view(noise.shape[1], PATCH, PATCH)
    return said
