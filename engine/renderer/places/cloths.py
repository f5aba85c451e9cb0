"""Painted studio cloths of any colour, and the light of the room they hang in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import assets
from engine.renderer.scene import RGB
from engine.renderer.tracing.vectors import LUMA, F, Floats


@dataclass(frozen=True, slots=True)
class Cloth:
    """A painted studio cloth: its colour, and how much it is mottled and falls off."""

    colour: RGB
    mottle: float = 0.22
    fall: float = 1.0
    lit: float = 1.0
    """How much brighter lamps of its own make it."""


CLOTHS: Final[dict[str, Cloth]] = {
    "grey studio": Cloth((0.13, 0.13, 0.135)),
    "white studio": Cloth((1.05, 1.05, 1.06), mottle=0.015, fall=0.1, lit=1.45),
    "black studio": Cloth((0.006, 0.006, 0.007), mottle=0.1),
    "blue studio": Cloth((0.07, 0.11, 0.17)),
    "warm studio": Cloth((0.17, 0.135, 0.105)),
    "green studio": Cloth((0.07, 0.11, 0.085)),
    "coloured studio": Cloth((0.2, 0.2, 0.2), mottle=0.06, fall=0.45),
    "backdrop": Cloth((0.2, 0.2, 0.2), mottle=0.10, fall=0.55),
}


LEAST_SEEN = 0.16
"""What the strongest channel of a coloured cloth has at least."""


def seen(colour: RGB) -> RGB:
    """A deep colour as a lit cloth shows it: what is called deep blue is not black behind somebody."""
    most, least = max(colour), min(colour)
    if most >= LEAST_SEEN or least > 0.5 * most:
        return colour
    red, green, blue = (LEAST_SEEN / most * channel for channel in colour)
    return (red, green, blue)


def painted(cloth: Cloth, colour: RGB, size: tuple[int, int], seed: int) -> Floats:
    """A mottled cloth, lighter behind the head, the light a little to one side."""
    width, height = size
    random = np.random.default_rng((seed & 0xFFFFFFFF, 6))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / F(height)
    middle = width / height * (0.5 + 0.16 * random.uniform(-1, 1))
    glow = np.exp(-(((x - F(middle)) / F(0.5)) ** 2 + ((y - F(0.42 + 0.06 * random.uniform(-1, 1))) / F(0.55)) ** 2))
    fall = F(cloth.fall)
    even = (1 - fall + fall * (F(0.22) + F(0.95) * glow)) * np.exp(F(cloth.mottle) * _blotches(size, seed))
    return np.asarray(even[..., None] * np.array(seen(colour), np.float32) * F(cloth.lit), np.float32)


def _blotches(size: tuple[int, int], seed: int) -> Floats:
    """Brush marks of a painted cloth: smooth noise of three sizes."""
    from PIL import Image

    random = np.random.default_rng((seed & 0xFFFFFFFF, 5))
    total = np.zeros((size[1], size[0]), np.float32)
    for cells, strength in ((6, 0.55), (14, 0.28), (38, 0.10)):
        coarse: npt.NDArray[np.float32] = random.normal(size=(cells * 3 // 2, cells)).astype(np.float32)
        total += F(strength) * np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    return total


def light(colour: RGB) -> Floats:
    """A studio's room, its lamps off, its walls' light left, and the cloth behind the sitter in its colour."""
    room = assets.backdrop("studio")
    room = np.minimum(room, F(float(np.mean(room))) * 2)
    room = room / F(float((room @ LUMA).mean()))
    rows, columns = room.shape[:2]
    up = (0.5 - (np.arange(rows) + 0.5) / rows) * 180
    across = ((np.arange(columns) + 0.5) / columns - 0.5) * 360
    share = np.clip((58 - np.abs(across)) / 12, 0, 1)[None] * np.clip((52 - np.abs(up - 6)) / 12, 0, 1)[:, None]
    share = share[..., None].astype(np.float32)
    return np.asarray(room * (1 - share) + np.array(seen(colour), np.float32) * F(2.6) * share, np.float32)
