"""Hair of the head, brows and beards as fibres: `grow` is all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.renderer.body import Body
from engine.renderer.hair import brows, growing
from engine.renderer.hair.surface import Surface
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Person


def grow(
    person: Person, body: Body, camera_eye: npt.ArrayLike, density: float, clothes: Sequence[Mesh] = ()
) -> list[Mesh]:
    """Fibres of somebody's head, brows and beard, lying over `clothes`.

    `density` is a share of the style's strands, which grow wider as they get fewer. Fibres turn to whoever looks, so
    that `camera_eye` (in the body's metres) matters to styles that hide something from the lens only.
    """
    del camera_eye
    random = np.random.default_rng((person.seed & 0xFFFFFFFF, 11))
    made = [brows.brows(person, body, random)]
    if person.beard.kind != "none":
        made.append(brows.beard(person, body, random, density))
    if person.hair.style in ("bald", "none"):
        return made
    return made + growing.head(person, body, Surface.of(body, clothes), random, density)
