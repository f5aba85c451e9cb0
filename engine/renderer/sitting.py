"""Somebody in the chair: a person's body, hair, clothes and things worn, as meshes in the studio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.renderer.mesh import Mesh
from engine.renderer.scene import Sitter

Point = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seat:
    """A sitter's place: where the middle of the eyes is, in the studio."""

    sitter: Sitter
    eyes: Point

    def meshes(self, camera_eye: npt.ArrayLike, density: float) -> list[Mesh]:
        """Everything of the sitter, for a camera there."""
        raise NotImplementedError


def seat(sitter: Sitter) -> Seat:
    """Builds the body; hair and clothes follow in `meshes`."""
    return Seat(sitter, np.zeros(3))
