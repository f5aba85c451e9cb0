"""Triangles of one material: what the body, the wardrobe and the hair hand to the tracer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Index = npt.NDArray[np.integer[Any]]


@dataclass
class Mesh:
    """Vertices (V, 3), triangles (F, 3), unit normals (V, 3); `kind` names the material that shades it."""

    kind: str
    """skin, cloth, eye, fibre, card (a picture that is partly transparent), plain."""
    v: Array
    f: Index
    n: Array
    extra: dict[str, Array] = field(default_factory=dict)
    """More values a vertex, (V, k), interpolated by name over a triangle."""
    info: dict[str, Any] = field(default_factory=dict)
    """What holds for the whole mesh: colour, maps, roughness."""
