"""What everything that is sewn on needs to know: who dresses the body, and how a part of its cloth or metal looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB, Outfit
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe.parts import Front
from engine.renderer.wardrobe.pieces import Piece

Look: TypeAlias = dict[str, Any]
GOLD: Final[RGB] = (0.83, 0.60, 0.22)
STEEL: Final[RGB] = (0.62, 0.62, 0.63)


class Tailor(Protocol):
    """Who dresses a body: what sewing needs to know."""

    outfit: Outfit
    body: Body
    meshes: list[Mesh]
    piece: Piece | None

    def dye(self, which: str | RGB) -> RGB:
        """A colour of the outfit."""


Part: TypeAlias = Callable[[Tailor, Piece, Look], list[Mesh]]
"""Makes what is sewn on a piece."""


def plain(look: Look, **more: Any) -> Look:
    """A look without the garment's own picture and creases."""
    return {name: value for name, value in look.items() if name not in ("map", "creases")} | more


def ribbed(look: Look) -> Look:
    """The look of the ribs at a knitted edge."""
    return plain(look) | {"look": FABRICS["rib"]}


def front(tailor: Tailor, piece: Piece) -> Front:
    """The front of everything that is on so far."""
    return Front(piece, tailor.meshes)


def metal(colour: RGB) -> Look:
    """Buttons, zips and rings."""
    return {"colour": np.array(colour, np.float32), "metal": True, "rough": 0.28}


def darker(look: Look) -> Array:
    """A colour for what is set off from the cloth."""
    return np.asarray(look["colour"] * 0.35 + 0.01, np.float32)
