"""Strands as meshes of kind "fibre": points along each, how wide, which colour."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer.hair.field import Floats
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB

GREY: Final[RGB] = (0.50, 0.49, 0.48)
_THICK_AT: Final = ((0, 0.65, 1), (1, 1))


def mesh(points: Floats, beside: Floats, width: float, colour: Floats, taper: float = 0.3, shine: float = 0.4) -> Mesh:
    """Strands (N, K, 3) as one mesh. `beside` (N, K, 3) are the normals of what they lie on, `colour` (N, K, 3)."""
    count, steps, _ = points.shape
    start = (np.arange(count, dtype=np.int32)[:, None] * steps + np.arange(steps - 1, dtype=np.int32)).reshape(-1, 1)
    radius = width / 2 * np.interp(np.linspace(0, 1, steps), _THICK_AT[0], (*_THICK_AT[1], taper))
    extra = {
        "radius": np.broadcast_to(radius[None, :, None], (count, steps, 1)).reshape(-1, 1).astype(np.float32),
        "colour": colour.reshape(-1, 3).astype(np.float32, copy=False),
    }
    flat = points.reshape(-1, 3).astype(np.float32, copy=False)
    normals = np.broadcast_to(beside, points.shape).reshape(-1, 3).astype(np.float32, copy=False)
    info = {"light": float(colour.mean()), "shine": shine}
    return Mesh("fibre", flat, np.hstack([start, start + 1]), normals, extra, info)


def coloured(
    count: int, steps: int, colour: RGB, random: np.random.Generator, grey: Floats | float = 0.0,
    tips: RGB | None = None, vary: float = 0.18, locks: Floats | None = None,
) -> Floats:  # fmt: skip
    """Colours (N, K, 3): each strand and each lock a little its own, darker at the root, some of them grey.

    `grey` is the chance of each strand to be so.
    """
    tone = np.exp(np.float32(vary) * random.standard_normal((count, 1, 1), np.float32))
    if locks is not None:
        own = np.exp(0.20 * random.normal(size=int(locks.max()) + 1)).astype(np.float32)
        tone = tone * own[locks][:, None, None]
    along = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    turned = random.random((count, 1, 1)) < np.reshape(grey, (-1, 1, 1))
    base = np.where(turned, np.float32(GREY), np.float32(colour))
    if tips is not None:
        start = (0.35 + 0.08 * random.standard_normal((count, 1, 1))).astype(np.float32)
        share = np.clip((along - start) / np.float32(0.35), 0, 1)
        base = base * (1 - share) + np.float32(tips) * share
    return np.asarray(base * (tone * (np.float32(0.72) + np.float32(0.43) * along)))
