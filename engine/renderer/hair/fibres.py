"""Strands as meshes of kind "fibre": points along each, how wide, which colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.renderer.geometry import unit
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB

Floats = npt.NDArray[Any]

GREY: RGB = (0.50, 0.49, 0.48)


def mesh(points: Floats, beside: Floats, width: float, colour: Floats, taper: float = 0.3, shine: float = 0.4) -> Mesh:
    """Strands (N, K, 3) as one mesh. `beside` (N, K, 3) are the normals of what they lie on, `colour` (N, K, 3)."""
    count, steps, _ = points.shape
    start = (np.arange(count)[:, None] * steps + np.arange(steps - 1)).reshape(-1, 1)
    radius = width / 2 * np.interp(np.linspace(0, 1, steps), (0, 0.65, 1), (1, 1, taper))
    extra = {
        "radius": np.broadcast_to(radius[None, :, None], (count, steps, 1)).reshape(-1, 1).astype(np.float32),
        "colour": colour.reshape(-1, 3).astype(np.float32),
    }
    flat = points.reshape(-1, 3).astype(np.float32)
    normals = np.broadcast_to(beside, points.shape).reshape(-1, 3).astype(np.float32)
    info = {"light": float(colour.mean()), "shine": shine}
    return Mesh("fibre", flat, np.hstack([start, start + 1]), normals, extra, info)


def coloured(
    count: int, steps: int, colour: RGB, random: np.random.Generator, grey: float = 0.0, tips: RGB | None = None,
    vary: float = 0.18, locks: Floats | None = None,
) -> Floats:  # fmt: skip
    """Colours (N, K, 3): each strand and each lock a little its own, darker at the root, some of them grey."""
    tone = np.exp(vary * random.normal(size=(count, 1, 1)))
    if locks is not None:
        tone = tone * np.exp(0.20 * random.normal(size=int(locks.max()) + 1))[locks][:, None, None]
    along = np.linspace(0, 1, steps)[None, :, None]
    base: Floats = np.where(random.random((count, 1, 1)) < grey, np.array(GREY), np.array(colour))
    if tips is not None:
        share = np.clip((along - 0.35) / 0.45, 0, 1)
        base = base * (1 - share) + np.array(tips) * share
    return base * tone * (0.8 + 0.35 * along)


def children(
    parents: Floats, beside: Floats, count: int, random: np.random.Generator, spread: float, wave: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Strands about each parent: points, normals, and which parent (lock) each belongs to."""
    n, steps, _ = parents.shape
    along = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    across = unit(np.cross(unit(np.gradient(parents, axis=1)), beside)).astype(np.float32)
    parents, beside = parents.astype(np.float32), beside.astype(np.float32)
    wide = spread * (0.55 + 0.75 * along) * (1 - 0.45 * along**3)
    made = []
    for _ in range(count):
        aside, out = random.normal(size=(2, n, 1, 1)).astype(np.float32)
        phase, turns = random.uniform(0, 6.28, (n, 1, 1)), random.uniform(0.6, 1.8, (n, 1, 1))
        waves = ((0.0006 + wave) * along * np.sin(turns * 6.28 * along + phase)).astype(np.float32)
        loose = random.normal(size=(n, steps, 3)).astype(np.float32) * (0.00025 * along)
        made.append(parents + across * (aside * wide + waves) + np.abs(out) * beside * wide * 0.45 + loose)
    return np.concatenate(made), np.tile(beside, (count, 1, 1)), np.tile(np.arange(n), count)
