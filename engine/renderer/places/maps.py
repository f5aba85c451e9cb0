"""Photographed places: maps of light all around, turned so that what tells the place is behind the sitter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.places.lens import Lens, disk, grown
from engine.renderer.tracing.vectors import LUMA, F, Floats


@dataclass(frozen=True, slots=True)
class MapView:
    """A part of a map: degrees to turn it by and to look up, how bright it looks, metres to what is there."""

    name: str
    turn: float = 0.0
    pitch: float = 3.0
    level: float = 0.34
    away: float = 40.0


VIEWS: Final[dict[str, tuple[MapView, ...]]] = {
    "window room": (
        MapView("apartment", 8, 1, 0.38, 5),
        MapView("apartment", 79, 1, 0.38, 5),
        MapView("apartment", 13, 1, 0.38, 5),
    ),
    "workshop": (
        MapView("workshop", 8, 4, 0.30, 10),
        MapView("workshop", -62, 4, 0.30, 10),
        MapView("workshop", 100, 4, 0.30, 10),
    ),
    "city day": (
        MapView("city", 84, 9, 0.40),
        MapView("sunset", -70, 8, 0.40),
        MapView("city", 18, 9, 0.40),
        MapView("sunset", -122, 8, 0.40),
    ),
    "forest": (
        MapView("forest", -30, 5),
        MapView("forest", 92, 5),
        MapView("forest", 150, 5),
        MapView("forest", -120, 5),
    ),
    "warehouse": (
        MapView("warehouse", -20, 5, away=12),
        MapView("warehouse", 60, 5, away=12),
        MapView("warehouse", -100, 5, away=12),
    ),
    "lobby": (MapView("lobby", 0, 4, 0.40, 12), MapView("lobby", 62, 4, 0.40, 12), MapView("lobby", -75, 4, 0.40, 12)),
    "sky": (MapView("sky", 0, 15, 0.55), MapView("sky", 70, 14, 0.55), MapView("sky", -80, 15, 0.55)),
    **{
        name: (MapView(name),)
        for name in (
            "apartment",
            "bridge",
            "city",
            "dawn",
            "hall",
            "lab",
            "night",
            "sunrise",
            "sunset",
            "venice",
        )
    },
    "esplanade": (MapView("esplanade", turn=-40, level=0.12),),
}
"""Several for a place are chosen from by the seed."""
_TIMES: Final[dict[tuple[str, str], tuple[MapView, ...]]] = {
    ("sky", "sunset"): (MapView("dawn", 10, 16, 0.5), MapView("dawn", 60, 15, 0.5), MapView("dawn", -50, 15, 0.5)),
    ("window room", "night"): (MapView("apartment", 8, 1, 0.38, 5), MapView("apartment", 13, 1, 0.38, 5)),
    ("sky", "night"): (MapView("venice", 20, 15, 0.07), MapView("venice", 60, 16, 0.07)),
}
_LAMPLIT: Final = frozenset({"window room", "lobby", "workshop", "warehouse"})
_TINTS: Final = {"sunset": (1.10, 0.72, 0.48), "night": (0.10, 0.14, 0.24)}


def chosen(name: str, seed: int, time: str) -> MapView:
    """The part of a map for this place, seed and time."""
    views = _TIMES.get((name, time), VIEWS[name])
    return views[int(np.random.default_rng((seed & 0xFFFFFFFF, 11)).integers(len(views)))]


def tint(name: str, time: str) -> Floats:
    """What the time of day makes of a map that was taken by day."""
    own = (name, time) in _TIMES
    if time == "night" and name in _LAMPLIT:
        return np.array((0.62, 0.46, 0.32), np.float32)
    return np.array((1, 1, 1) if own else _TINTS.get(time, (1, 1, 1)), np.float32)


def windows_dark(picture: Floats) -> Floats:
    """A room after dark: its windows, which are bright and not warm, show the night."""
    level = picture @ LUMA
    lit = level > 1.25 * np.median(level)
    outside = lit & (picture[..., 2] > 0.72 * picture[..., 0])
    return np.where(outside[..., None], picture * np.array((0.012, 0.020, 0.045), np.float32), picture)


def seen(view: MapView, turn: float, lens: Lens, size: tuple[int, int], night: bool = False) -> Floats:
    """The part of a map behind the sitter, blurred by disks as large as the lens makes them."""
    coarse = lens.coarse(size)
    part = cut(view.name, lens.tall, turn + view.turn, view.pitch + float(np.degrees(lens.rise)) * 0.6, coarse)
    part = np.minimum(part, F(float(np.median(part @ LUMA)) * 40))
    usual = float(np.median(part @ LUMA))
    part = windows_dark(part) if night and view.name == "apartment" else part
    full = grown(disk(part, max(lens.blur(view.away, coarse[1]), coarse[1] / 115)), size)
    return np.asarray(full * F(view.level / max(usual, 1e-3)), np.float32)


@lru_cache(maxsize=4)
def mended(name: str) -> Floats:
    """A map without the dark rims and holes that its encoding left round and in lamps and the sun."""
    from scipy.ndimage import grey_closing

    picture = assets.backdrop(name)
    closed = np.stack([grey_closing(picture[..., k], (5, 5)) for k in range(3)], -1)
    hurt = (picture @ LUMA < 0.6 * (closed @ LUMA)) & (closed @ LUMA > 3 * np.median(picture @ LUMA))
    return np.where(hurt[..., None], closed, picture)


@lru_cache(maxsize=4)
def cut(name: str, tall: float, turn: float, pitch: float, size: tuple[int, int]) -> Floats:
    """A flat picture (of `tall` radians from bottom to top) out of a map, looking `pitch` degrees up."""
    from scipy.ndimage import map_coordinates

    picture = mended(name)
    width, height = size
    rows, columns = picture.shape[:2]
    half = np.tan(tall / 2)
    x = (np.arange(width) / width - 0.5) * 2 * half * width / height
    y = (0.5 - np.arange(height) / height) * 2 * half + np.tan(np.radians(pitch))
    across, rise = np.meshgrid(x, y)
    u = ((np.radians(turn) + np.arctan(across)) / (2 * np.pi) + 0.5) % 1 * columns - 0.5
    v = np.clip((0.5 - np.arctan2(rise, np.sqrt(1 + across * across)) / np.pi) * rows - 0.5, 0, rows - 1)
    logs = np.log(picture + F(1e-4))
    smooth = [map_coordinates(logs[..., k], (v, u), order=1, mode="grid-wrap", output=np.float32) for k in range(3)]
    return np.asarray(np.exp(np.stack(smooth, -1)) - F(1e-4), np.float32).clip(0)


def light(view: MapView, turn: float, night: bool = False) -> Floats:
    """The map, turned so that its middle column is what the lens looks at."""
    picture = mended(view.name)
    picture = windows_dark(picture) if night and view.name == "apartment" else picture
    width = picture.shape[1]
    return np.asarray(np.roll(picture, -round((turn + view.turn) / 360 * width) % width, axis=1))
