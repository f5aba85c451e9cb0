"""Strands as meshes of kind "fibre": points along each, how wide, which colour."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.geometry import lengths
from engine.renderer.hair.field import Floats
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB

GREY: Final[RGB] = (0.40, 0.395, 0.39)
_ROOT, _END = 1.16, 0.92
"""Powers of a colour that roots and ends have."""
_SHADED, _SHADED_TO = 0.26, 0.16
"""How much less light reaches the roots of locks among so many hairs, and how far along them that is felt."""
_REGROWN: Final = (0.07, 0.04)
"""How far along dyed hair its own colour has grown out, and how far that varies from strand to strand."""
_THICK_AT: Final = ((0, 0.65, 1), (1, 1))


def mesh(
    points: Floats, beside: Floats, width: Floats | float, colour: Floats, taper: float = 0.3, shine: float = 0.4
) -> Mesh:
    """Strands (N, K, 3) as one mesh, `width` metres wide: all of them, or each (N).

    `beside` (N, K, 3) are the normals of what they lie on, `colour` (N, K, 3).
    """
    count, steps, _ = points.shape
    start = (np.arange(count, dtype=np.int32)[:, None] * steps + np.arange(steps - 1, dtype=np.int32)).reshape(-1, 1)
    along = np.interp(np.linspace(0, 1, steps), _THICK_AT[0], (*_THICK_AT[1], taper)).astype(np.float32)
    radius = np.broadcast_to(np.asarray(width, np.float32) / 2, (count,))[:, None] * along
    extra: dict[str, Floats] = {
        "radius": radius.reshape(-1, 1),
        "colour": colour.reshape(-1, 3).astype(np.float32, copy=False),
    }
    flat = points.reshape(-1, 3).astype(np.float32, copy=False)
    normals = np.broadcast_to(beside, points.shape).reshape(-1, 3).astype(np.float32, copy=False)
    info = {"light": float(colour.mean()), "shine": shine}
    return Mesh("fibre", flat, np.hstack([start, start + 1]), normals, extra, info)


def runs(points: Floats) -> Floats:
    """How far along hair is at the points of strands (N, K), as a share of a long one's length."""
    along = lengths(np.diff(points, axis=1))
    run = np.concatenate([np.zeros((len(points), 1), np.float32), np.cumsum(along, 1)], 1)
    return np.asarray(np.minimum(run / max(float(np.quantile(run[:, -1], 0.8)), 1e-4), 1), np.float32)


def coloured(
    run: Floats, colour: RGB, random: np.random.Generator, grey: float = 0.0, tips: RGB | None = None,
    vary: float = 0.15, locks: npt.NDArray[np.intp] | None = None, own: RGB | None = None,
) -> Floats:  # fmt: skip
    """Colours (N, K, 3): each strand and each lock a little its own, darker at the root, a share of them grey.

    `run` (N, K) is how far along the points are, 0 to 1. A strand with more pigment is darker and deeper in colour:
    its colour is a power of the one asked. `own` is what grows out of dyed hair at its roots.
    """
    count = len(run)
    pigment = vary * random.standard_normal((count, 1), np.float32)
    if locks is not None:
        pigment += 0.17 * random.standard_normal((int(locks.max()) + 1, 1), np.float32)[locks]
    pigment = np.exp(np.clip(pigment, -0.45, 0.45))
    shades = np.log(np.maximum(np.array(colour, np.float32), np.float32(0.004)))
    silver = random.random((count, 1)) < grey
    pale = np.array(GREY, np.float32) * np.exp(0.25 * random.standard_normal((count, 1), np.float32))
    root, end = (np.where(silver, pale * np.float32(more), np.exp(pigment * shades * np.float32(power)))
                 for more, power in ((0.90, _ROOT), (1.05, _END)))  # fmt: skip
    along = run[..., None]
    base = root[:, None] * (1 - along) + end[:, None] * along
    if tips is not None:
        start = (0.38 + 0.08 * random.standard_normal((count, 1, 1))).astype(np.float32)
        share = np.clip((along - start) / np.float32(0.35), 0, 1)
        dyed = np.exp(pigment * np.log(np.maximum(np.array(tips, np.float32), np.float32(0.004))))
        base = base * (1 - share) + dyed[:, None] * share
    if own is not None:
        far = (_REGROWN[0] + _REGROWN[1] * random.standard_normal((count, 1, 1))).astype(np.float32)
        grown = np.clip((far - along) / np.float32(0.05) + np.float32(0.5), 0, 1)
        base = base + np.float32(0.8) * grown * (np.array(own, np.float32) - base)
    if locks is not None:
        base = base * (1 - np.float32(_SHADED) * np.exp(along * np.float32(-1 / _SHADED_TO)))
    return np.asarray(base, np.float32)
