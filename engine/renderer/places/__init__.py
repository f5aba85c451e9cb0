"""Places: a map of light all around, and the picture of it behind the sitter, blurred as the lens blurs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer.camera import Optics
from engine.renderer.places import cloths, halls, land, lens, maps, rooms, town
from engine.renderer.places.canvas import Canvas, Layer, step
from engine.renderer.places.lens import Lens
from engine.renderer.scene import RGB, Place
from engine.renderer.tracing.vectors import LUMA, F, Floats


@dataclass(frozen=True)
class Setting:
    """A place set up behind a sitter."""

    environment: Floats
    """Radiance (H, W, 3) all around, of mean luminance 1; its middle column is what the lens looks at."""
    backdrop: Callable[[tuple[int, int], int], Floats]
    """(size, seed) → the picture behind (H, W, 3), as bright as it is to look beside a rightly exposed face."""


SETS: Final[dict[str, Callable[[Canvas], list[Layer]]]] = {
    "daylight studio": rooms.daylight_studio, "cafe": rooms.cafe, "bar": rooms.bar, "library": rooms.reading_room,
    "office": rooms.office, "kitchen": rooms.kitchen, "hospital": rooms.hospital, "stage": halls.stage,
    "city night": town.city_night, "rooftop": town.rooftop, "garden": land.garden, "park": land.park,
    "field": land.field,
    "beach": land.beach, "sea": land.sea, "mountains": land.mountains, "desert": land.desert, "snow": land.snow,
    "rain": town.rain, "fog": land.fog, "church": halls.church, "space": halls.space, "car": town.car,
}  # fmt: skip
"""Places that are painted by code; each takes a canvas and gives its layers, the farthest first."""
NAMES: Final = tuple(sorted({*SETS, *maps.VIEWS, *cloths.CLOTHS}))
_OWN_LIGHT: Final = {
    "space": 1.0, "white studio": 0.9, "city night": 0.85, "stage": 0.8, "bar": 0.75, "night": 0.85, "rooftop": 0.6,
    "sky": 0.7, "church": 0.4, "fog": 0.5, "snow": 0.5, "sea": 0.5, "beach": 0.5, "mountains": 0.5, "rain": 0.6,
}  # fmt: skip
_SLANTS: Final = {
    "daylight studio": 0.7, "cafe": 0.8, "bar": 0.8, "library": 0.8, "office": 0.85, "kitchen": 0.75, "hospital": 0.9,
    "church": 0.55, "city night": 0.6, "rain": 0.6, "rooftop": 0.3,
}  # fmt: skip
_ADAPTED: Final = 0.8
"""How far the camera's white balance goes to make a place's light neutral."""
_MOST_TINT: Final = 0.12
"""Stops by which light that falls on the front of a sitter may differ from white: more, and no cloth keeps its name."""
_PITCH: Final = 1.0
"""Degrees that a painted place is seen from below: more of the walls, less of the floor."""
_DARKEST: Final = 0.085
"""How bright the usual part of a place after dark is at most, beside lit skin of 0.34."""


def place(wanted: Place, optics: Optics, seed: int = 0) -> Setting:
    """The place as this camera sees it, one of its variants by the seed; unknown names are a grey studio."""
    name = wanted.name if wanted.name in NAMES else "grey studio"
    eye = Lens.of(optics)
    turn = wanted.turn + _turned(name, seed)

    def backdrop(size: tuple[int, int], _seed: int) -> Floats:
        return _picture(name, wanted.time, turn, wanted.colour, eye, size, seed) * F(wanted.level)

    return Setting(_light(name, wanted.time, turn, wanted.colour, seed), backdrop)


def seen(wanted: Place, optics: Optics, size: tuple[int, int], seed: int) -> Floats:
    """The picture behind alone, without working out how the place lights."""
    name = wanted.name if wanted.name in NAMES else "grey studio"
    turn = wanted.turn + _turned(name, seed)
    return _picture(name, wanted.time, turn, wanted.colour, Lens.of(optics), size, seed) * F(wanted.level)


def own_light(wanted: Place) -> float:
    """How much of what is seen of a place is lit by itself, 0 to 1: lamps round the sitter change little of that."""
    usual = 0.0 if wanted.name in cloths.CLOTHS else 0.35
    late = 0.8 if wanted.time in ("night", "sunset", "blue hour") and usual else 0.0
    return max(_OWN_LIGHT.get(wanted.name, usual), late)


def _turned(name: str, seed: int) -> float:
    """Degrees that a set is turned by, so that a series does not stand before one wall."""
    return float(np.random.default_rng((seed & 0xFFFFFFFF, 12)).uniform(-5, 5)) if name not in cloths.CLOTHS else 0.0


def _slant(name: str, seed: int) -> float:
    """The tangent of the angle at which a set's walls are seen: nobody stands quite square to a room or a street."""
    if name not in _SLANTS:
        return 0.0
    random = np.random.default_rng((seed & 0xFFFFFFFF, 13))
    return _SLANTS[name] * float(random.uniform(0.55, 1.0)) * float(random.choice((-1, 1)))


def lit_from(setting: Setting, side: float) -> Setting:
    """The place mirrored, if it is brighter on the other side than the key light is on; `side` as a lamp's."""
    height, width = setting.environment.shape[:2]
    grey = np.minimum(setting.environment @ LUMA, 30)
    across = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi
    level = np.sin((np.arange(height) + 0.5) / height * np.pi) ** 2
    aside = np.sin(across) * (1 - 0.8 * np.cos(across))  # what is behind the sitter lights no cheek
    if float(level @ grey @ aside) * side >= 0:
        return setting
    return Setting(
        np.ascontiguousarray(setting.environment[:, ::-1]), lambda size, seed: setting.backdrop(size, seed)[:, ::-1]
    )


@lru_cache(maxsize=6)
def _picture(
    name: str, time: str, turn: float, colour: RGB | None, eye: Lens, size: tuple[int, int], seed: int
) -> Floats:
    if name in cloths.CLOTHS:
        cloth = cloths.CLOTHS[name]
        made = cloths.painted(cloth, cloth.colour if colour is None else colour, size, seed)
    elif name in maps.VIEWS:
        made = maps.seen(maps.chosen(name, seed, time), turn, eye, size, time == "night") * maps.tint(name, time)
    else:
        coarse = eye.coarse(size)
        slant = _slant(name, seed)
        margin = lens.MARGIN if slant else 1.0
        layers = SETS[name](lens.view(eye, coarse, turn, _PITCH, seed, time, margin))
        made = lens.grown(lens.seen(layers, eye, coarse, slant), size)
        made = _after_dark(made) if name == "city night" or time == "night" else made
    made.setflags(write=False)
    return made


@lru_cache(maxsize=8)
def _light(name: str, time: str, turn: float, colour: RGB | None, seed: int) -> Floats:
    if name in cloths.CLOTHS:
        made = cloths.light(cloths.CLOTHS[name].colour if colour is None else colour)
    elif name in maps.VIEWS:
        made = maps.light(maps.chosen(name, seed, time), turn, time == "night") * maps.tint(name, time)
    else:
        made = lens.flat(SETS[name](lens.around(turn, seed, time)))
    made = _normalised(made)
    made.setflags(write=False)
    return made


def _after_dark(made: Floats) -> Floats:
    """A night (H, W, 3) whose lamps overlap as large disks: what is between them stays dark, and they stay bright."""
    level = made @ LUMA
    usual = float(np.median(level))
    held = min(_DARKEST / max(usual, 1e-4), 1.0)
    return np.asarray(made * (F(held) + F(1 - held) * step(level, usual, 4 * usual))[..., None], np.float32)


def forget() -> None:
    """Lets go of the pictures and maps that are kept."""
    _picture.cache_clear()
    _light.cache_clear()


def _normalised(picture: Floats) -> Floats:
    """Of mean luminance 1 over the sphere, without its sun."""
    grey = picture @ LUMA
    solid = np.sin((np.arange(len(grey)) + 0.5) / len(grey) * np.pi)[:, None]
    usual = np.minimum(grey, max(float(np.median(grey)), float(grey.mean()) * 0.25) * 12)
    mean = float((usual * solid).sum() / (solid.sum() * grey.shape[1]))
    balanced = picture / F(max(mean, 1e-5)) / _cast(picture)
    return np.asarray(balanced / _tint(balanced), np.float32)


def _cast(picture: Floats) -> Floats:
    """The colour that a place lends to everything, as far as the camera adapts to it."""
    dimmed = np.minimum(picture, np.median(picture @ LUMA) * 12)
    mean = (dimmed * (dimmed @ LUMA)[..., None]).mean((0, 1))  # the camera adapts to what is bright
    return np.asarray((mean / max(float(mean @ LUMA), 1e-6)) ** _ADAPTED, np.float32)


def _tint(picture: Floats) -> Floats:
    """What of the light on the front of a sitter (3) is too much of one colour: gels and leaves, where a set is small.

    Whoever takes a portrait there balances the face, so that the colour is left to edges and to the place itself.
    """
    height, width = picture.shape[:2]
    ahead = np.cos(((np.arange(width, dtype=np.float32) + F(0.5)) / F(width) - F(0.5)) * F(2 * np.pi))
    level = np.sin((np.arange(height, dtype=np.float32) + F(0.5)) / F(height) * F(np.pi))
    facing = level[:, None] ** 2 * np.maximum(-ahead, 0)[None]
    light = np.tensordot(facing, picture, 2)
    stops = np.log2(np.maximum(light / max(float(light @ LUMA), 1e-6), 1e-3))
    most = float(np.abs(stops).max())
    return np.asarray(2 ** (stops * max(1 - _MOST_TINT / max(most, 1e-6), 0.0)), np.float32)
