"""Somebody in the chair: a person's body, hair, clothes and things worn, as meshes in the studio."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import accessories, body, hair, hats, wardrobe
from engine.renderer import skin as skins
from engine.renderer.camera import Optics
from engine.renderer.kept import Kept
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Outfit, Person, Pose, Sitter

Point = npt.NDArray[np.float64]

_APART_M: Final = 0.46
"""How far from the middle somebody at `place` 1 sits."""
_TALLER_M: Final = 0.05
"""How much higher a man's eyes are than a woman's, where two sit."""
_HIPS_M: Final = 0.50
"""How far below the eyes clothes may show that there are legs."""
_STEP_M: Final = 0.05
"""The lens's place is rounded to this for the gaze, so that a small move of the camera needs no new body."""


@dataclass(frozen=True)
class Seat:
    """A sitter's place: where the middle of the eyes is, in the studio."""

    sitter: Sitter
    eyes: Point
    shift: Point

    def meshes(self, camera_eye: npt.ArrayLike, density: float, legs: bool = True) -> list[Mesh]:
        """Everything of the sitter, for a camera there; without `legs` where the picture ends above them."""
        return self._shifted(_SITTINGS(*self._asked(camera_eye), density, legs))

    def met(self, camera_eye: npt.ArrayLike, density: float, legs: bool = True) -> bool:
        """Whether those meshes are there already."""
        return (*self._asked(camera_eye), density, legs) in _SITTINGS

    def sketched(self, camera_eye: npt.ArrayLike, density: float, legs: bool = True) -> list[Mesh]:
        """As `meshes`, but not kept: for a first look, while somebody is not met yet."""
        return self._shifted(_made(*self._asked(camera_eye), density, legs))

    def _asked(self, camera_eye: npt.ArrayLike) -> tuple[Person, Pose, Outfit, tuple[float, float, float]]:
        eye = np.asarray(camera_eye, float) - self.shift
        lens = np.round((eye - (self.eyes - self.shift)) / _STEP_M) * _STEP_M
        towards = (float(lens[0]), float(lens[1]), float(lens[2]))
        return self.sitter.person, self.sitter.pose, self.sitter.outfit, towards

    def _shifted(self, made: tuple[Mesh, ...]) -> list[Mesh]:
        return [replace(mesh, v=mesh.v + self.shift) if self.shift.any() else mesh for mesh in made]


def shows_legs(optics: Optics, eyes: npt.ArrayLike) -> bool:
    """Whether a picture reaches down to the hips of somebody whose eyes are there."""
    hips = np.asarray(eyes, float) - np.array((0.0, 0.0, _HIPS_M)) - optics.eye
    return float(hips @ optics.up) / float(hips @ optics.forward) > -0.5 * optics.height


def seat(sitter: Sitter) -> Seat:
    """Where somebody sits; hair and clothes follow in `meshes`."""
    middle = body.eyes_middle(sitter.person, sitter.pose)
    shift = np.zeros(3)
    if sitter.place:  # two people: heads nearly level, as a photographer seats them
        shift[:] = sitter.place * _APART_M, 0.0, _TALLER_M * (sitter.person.masculinity - 0.5) - middle[2]
    return Seat(sitter, middle + shift, shift)


def _made(
    person: Person, pose: Pose, outfit: Outfit, lens: tuple[float, float, float], density: float, legs: bool
) -> tuple[Mesh, ...]:
    """All meshes of somebody. The skin is painted meanwhile: it knows nothing of shapes."""
    with ThreadPoolExecutor(1) as painter:
        painted = painter.submit(skins.skin_map, person)
        built = body.build(person, pose, lens)
        clothes = _CLOTHES(person, pose, outfit, lens, legs)
        grown = hair.grow(person, built, built.middle + np.array(lens), density, clothes, hats.above_rim(outfit, built))
        grown = accessories.under_hat(grown, outfit, built)
        painted.result()
    skin = built.covered(wardrobe.sunk(built, clothes))
    others = (*(eye.mesh for eye in built.eyes), built.lashes, *built.mouth)
    return (skin, *others, *clothes, *grown, *accessories.worn(person, outfit, built, clothes))


def _dressed(
    person: Person, pose: Pose, outfit: Outfit, lens: tuple[float, float, float], legs: bool
) -> tuple[Mesh, ...]:
    return tuple(wardrobe.dress(outfit, body.build(person, pose, lens), legs))


_CLOTHES: Final = Kept(_dressed, 2)
"""Those of `_SITTINGS`, which has the same meshes: a first look wears them as well."""
_SITTINGS: Final = Kept(_made, 2)
"""The last two people's, for the next picture of them: 80 to 130 MB each."""
