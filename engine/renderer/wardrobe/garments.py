"""Garments that ship as meshes, fitted to a body and dyed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.renderer import assets
from engine.renderer.body import Body
from engine.renderer.geometry import smooth, unweld
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Outfit
from engine.renderer.tracing.surfaces import FABRICS

_LOWEST: Final = 1.2
"""Metres below the eyes that no framing shows."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A garment: which mesh and texture of the pack, and what it is made of."""

    mesh: str
    texture: str = "ao"
    fabric: str = "cotton"


CUTS: Final[dict[str, Cut]] = {
    "t-shirt": Cut("male_casualsuit04", fabric="jersey"),
    "women's t-shirt": Cut("female_casualsuit02", fabric="jersey"),
    "shirt": Cut("male_casualsuit01"),
    "blouse": Cut("female_elegantsuit01"),
    "sweater": Cut("male_casualsuit02", fabric="wool"),
    "jacket": Cut("male_casualsuit05"),
    "suit": Cut("male_elegantsuit01", "diffuse", "wool"),
}


def dress(outfit: Outfit, body: Body) -> list[Mesh]:
    """The outfit on this body, over its skin; unknown garments are a T-shirt."""
    cut = CUTS.get(outfit.garment) or CUTS["t-shirt" if body.person.masculinity >= 0.5 else "women's t-shirt"]
    v, f, uv, uv_faces = body.proxy(f"clothes-{cut.mesh}")
    kept = v[f][..., 2].min(1) > body.middle[2] - _LOWEST
    v, f, uv, uv_faces = smooth(v, f[kept], uv, uv_faces[kept], 1)
    fabric = FABRICS.get(outfit.fabric or cut.fabric, FABRICS["cotton"])
    info: dict[str, Any] = {"look": fabric, "colour": np.array(outfit.colour, np.float32)}
    name = f"clothes-{cut.mesh}-{cut.texture}"
    if assets.has(name):
        info["map"] = _dyed(name, cut.texture)
    return [unweld("cloth", v, f, uv, uv_faces, **info)]


def _dyed(name: str, texture: str) -> Any:
    """A picture that the colour is multiplied with: creases' shade, or a cloth's own colours made pale."""
    if texture == "ao":
        shade = assets.picture(name)[..., :1]
        return np.ascontiguousarray(np.broadcast_to(shade**1.4, (*shade.shape[:2], 3)), np.float32)
    return assets.colours(name)
