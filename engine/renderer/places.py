"""Places: a map of light all around, and the picture of it behind the sitter, blurred as the lens blurs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import assets
from engine.renderer.camera import Optics
from engine.renderer.scene import RGB, Place
from engine.renderer.tracing.vectors import LUMA, F, Floats

_ADAPTED: Final = 0.6
"""How far the camera's white balance goes to make a place's light neutral."""


@dataclass(frozen=True)
class Setting:
    """A place set up behind a sitter."""

    environment: Floats
    """Radiance (H, W, 3) all around, of mean luminance 1; its middle column is what the lens looks at."""
    backdrop: Callable[[tuple[int, int], int], Floats]
    """(size, seed) → the picture behind (H, W, 3), as bright as it is to look beside a rightly exposed face."""


def lit_from(setting: Setting, side: float) -> Setting:
    """The place mirrored, if it is brighter on the other side than the key light is on; `side` as a lamp's."""
    width = setting.environment.shape[1]
    grey = np.minimum(setting.environment @ LUMA, 12)
    aside = np.sin((np.arange(width) + 0.5) / width * 2 * np.pi - np.pi)
    if float((grey * aside).sum()) * side >= 0:
        return setting
    return Setting(
        np.ascontiguousarray(setting.environment[:, ::-1]), lambda size, seed: setting.backdrop(size, seed)[:, ::-1]
    )


@dataclass(frozen=True, slots=True)
class View:
    """A part of a map: degrees to turn it by and to look up, how bright it looks, metres to what is there."""

    name: str
    turn: float = 0.0
    pitch: float = 3.0
    level: float = 0.34
    away: float = 40.0


@dataclass(frozen=True, slots=True)
class Cloth:
    """A painted studio cloth: its colour, and how much it is mottled and falls off."""

    colour: RGB
    mottle: float = 0.22
    fall: float = 1.0
    away: float = 1.6
    room: str = "studio"


CLOTHS: Final[dict[str, Cloth]] = {
    "grey studio": Cloth((0.13, 0.13, 0.135)),
    "white studio": Cloth((1.05, 1.05, 1.06), mottle=0.015, fall=0.15),
    "black studio": Cloth((0.006, 0.006, 0.007), mottle=0.1),
    "blue studio": Cloth((0.07, 0.11, 0.17)),
    "warm studio": Cloth((0.17, 0.135, 0.105)),
    "green studio": Cloth((0.07, 0.11, 0.085)),
    "coloured studio": Cloth((0.2, 0.2, 0.2), mottle=0.04, fall=0.35),
}
VIEWS: Final[dict[str, View]] = {
    "apartment": View("apartment"), "bridge": View("bridge"), "city": View("city"), "dawn": View("dawn"),
    "esplanade": View("esplanade", turn=-40, level=0.12), "forest": View("forest", turn=-30), "hall": View("hall"),
    "lab": View("lab"), "lobby": View("lobby", turn=20, level=0.22), "night": View("night", level=0.10),
    "park": View("park"), "sky": View("sky", pitch=8), "daylight studio": View("studio", away=3),
    "sunrise": View("sunrise"), "sunset": View("sunset", turn=-140), "venice": View("venice"),
    "warehouse": View("warehouse"), "workshop": View("workshop"),
}  # fmt: skip


def place(wanted: Place, optics: Optics) -> Setting:
    """The place as this camera sees it; unknown names are a grey studio."""
    if wanted.name in VIEWS:
        return _outside(VIEWS[wanted.name], wanted, optics)
    cloth = CLOTHS.get(wanted.name, CLOTHS["grey studio"])
    colour = cloth.colour if wanted.colour is None else wanted.colour
    room = _normalised(_lights_only(assets.backdrop(cloth.room)), wanted.turn)

    def backdrop(size: tuple[int, int], seed: int) -> Floats:
        return _painted(cloth, colour, size, seed) * F(wanted.level)

    return Setting(room, backdrop)


def _outside(view: View, wanted: Place, optics: Optics) -> Setting:
    picture = assets.backdrop(view.name)
    turn = view.turn + wanted.turn

    def backdrop(size: tuple[int, int], seed: int) -> Floats:
        del seed
        return _seen(picture, view, turn, optics, size) * F(wanted.level)

    return Setting(_normalised(picture, turn), backdrop)


def _lights_only(picture: Floats) -> Floats:
    """A studio's room: its lamps off, its walls' light left."""
    return np.minimum(picture, F(float(np.mean(picture))) * 2)


def _normalised(picture: Floats, turn: float) -> Floats:
    """Turned by degrees, and of mean luminance 1 without its sun."""
    width = picture.shape[1]
    moved = np.roll(picture, -round(turn / 360 * width) % width, axis=1)
    grey = moved @ LUMA
    usual = float(np.minimum(grey, np.median(grey) * 12).mean())
    return np.asarray(moved / max(usual, 1e-4) / _cast(picture, _ADAPTED), np.float32)


def _cast(picture: Floats, share: float) -> Floats:
    """The colour that a place lends to everything, as far as the camera adapts to it."""
    mean = np.minimum(picture, np.median(picture @ LUMA) * 12).mean((0, 1))
    return np.asarray((mean / max(float(mean @ LUMA), 1e-6)) ** share, np.float32)


def _seen(picture: Floats, view: View, turn: float, optics: Optics, size: tuple[int, int]) -> Floats:
    """The part of a map behind the sitter, blurred by disks as large as the lens makes them."""
    from PIL import Image

    width, height = size
    wide = float(np.clip(2 * np.arctan(optics.height / 2) * 1.9, np.radians(34), np.radians(80)))
    part = _cut(picture, wide, width / height, turn, view.pitch, (max(width // 2, 8), max(height // 2, 8)))
    part = part / _cast(picture, _ADAPTED / 2)
    part = np.minimum(part, F(float(np.median(part)) * 30))
    blurred = disk(part, max(optics.blur(view.away, part.shape[0]), height / 256))
    grown = [np.asarray(Image.fromarray(blurred[..., c]).resize(size, Image.Resampling.BICUBIC)) for c in range(3)]
    full = np.maximum(np.stack(grown, -1), 0)
    return np.asarray(full * F(view.level / max(float(np.median(full @ LUMA)), 1e-3)), np.float32)


def _cut(picture: Floats, tall: float, aspect: float, turn: float, pitch: float, size: tuple[int, int]) -> Floats:
    """A flat picture (of `tall` radians from bottom to top) out of a map, looking `pitch` degrees up."""
    width, height = size
    rows, columns = picture.shape[:2]
    half = np.tan(tall / 2)
    x = (np.arange(width) / width - 0.5) * 2 * half * aspect
    y = (0.5 - np.arange(height) / height) * 2 * half + np.tan(np.radians(pitch))
    across, rise = np.meshgrid(x, y)
    u = ((np.radians(turn) + np.arctan(across)) / (2 * np.pi) + 0.5) % 1 * columns
    v = np.clip((0.5 - np.arctan2(rise, np.sqrt(1 + across * across)) / np.pi) * rows, 0, rows - 1.001)
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    fu, fv = (u - column)[..., None].astype(np.float32), (v - row)[..., None].astype(np.float32)
    column %= columns
    after = (column + 1) % columns
    upper = picture[row, column] * (1 - fu) + picture[row, after] * fu
    lower = picture[row + 1, column] * (1 - fu) + picture[row + 1, after] * fu
    return np.asarray(upper * (1 - fv) + lower * fv, np.float32)


def disk(picture: Floats, radius: float) -> Floats:
    """Each point spread over a disk of this radius in pixels."""
    reach = max(int(np.ceil(radius)), 1)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    kernel /= kernel.sum()
    padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    shape = tuple(side + 2 * reach for side in padded.shape[:2])
    spectrum = np.fft.rfft2(kernel, shape)
    height, width = picture.shape[:2]
    out = np.empty_like(picture)
    for channel in range(3):
        spread = np.fft.irfft2(np.fft.rfft2(padded[..., channel], shape) * spectrum, shape)
        out[..., channel] = spread[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    return out


def _painted(cloth: Cloth, colour: RGB, size: tuple[int, int], seed: int) -> Floats:
    """A mottled cloth, lighter behind the head."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / F(height)
    middle = width / height / 2
    glow = np.exp(-(((x - F(middle)) / F(0.5)) ** 2 + ((y - F(0.42)) / F(0.55)) ** 2))
    fall = F(cloth.fall)
    even = 1 - fall + fall * (F(0.22) + F(0.95) * glow)
    return np.asarray(
        (even * np.exp(F(cloth.mottle) * _blotches(size, seed)))[..., None] * np.array(colour, np.float32)
    )


def _blotches(size: tuple[int, int], seed: int) -> Floats:
    """Brush marks of a painted cloth: smooth noise of three sizes."""
    from PIL import Image

    random = np.random.default_rng((seed & 0xFFFFFFFF, 5))
    total = np.zeros((size[1], size[0]), np.float32)
    for cells, strength in ((6, 0.55), (14, 0.28), (38, 0.10)):
        coarse: npt.NDArray[np.float32] = random.normal(size=(cells * 3 // 2, cells)).astype(np.float32)
        total += F(strength) * np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    return total
