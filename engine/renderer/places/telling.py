"""Which place a finished picture shows: its colours and their order, beside those of each place's own pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import camera, film, lights, places
from engine.renderer.places import maps
from engine.renderer.scene import RGB, Camera, Film, Place, Scene
from engine.renderer.tracing.vectors import F, Floats

SMALL: Final = (48, 72)
SEEDS: Final = (900_001, 900_002, 900_003, 900_004)
"""Of the pictures that are compared with; no scene is made with them but by chance."""
_MORE_SEEDS: Final = (*SEEDS, 900_005, 900_006, 900_007, 900_008)
"""For places with several views, of which each seed shows one."""
_LEAST_SPREAD: Final = 0.02
_MOST: Final = 4.0
"""Spreads that one number may add: no single part of a picture, which a sign may hide, decides alone."""
_EYES: Final = (0.0, -0.1, 1.6)
_CELLS: Final = (4, 3)


def signature(picture: Floats, there: npt.NDArray[np.bool_]) -> Floats:
    """Numbers (N) that tell places apart, of a picture (H, W, 3) of 0 to 1 where the place is seen: `there` (H, W)."""
    colours = _opponent(picture)
    cells = [_cell(part, seen) for part, seen in zip(_parts(colours), _parts(there[..., None]), strict=True)]
    whole = colours[there] if there.any() else colours.reshape(-1, 3)
    return np.concatenate([np.concatenate(cells), 0.9 * _histogram(whole)]).astype(np.float32)


def _opponent(picture: Floats) -> Floats:
    red, green, blue = np.moveaxis(np.asarray(picture, np.float32), -1, 0)
    return np.stack([(red + green + blue) / 3, (red - green) * 2, ((red + green) / 2 - blue) * 1.5], -1)


def _parts(picture: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
    return [cell for row in np.array_split(picture, _CELLS[0]) for cell in np.array_split(row, _CELLS[1], axis=1)]


def _cell(part: npt.NDArray[np.generic], seen: npt.NDArray[np.generic]) -> Floats:
    """Mean colour and unevenness of one part of the picture; not a number where it is hidden."""
    shown = part[seen[..., 0].astype(bool)]
    if len(shown) < 4:
        return np.full(4, np.nan, np.float32)
    return np.append(shown.mean(0), shown[:, 0].std() * 1.2).astype(np.float32)


def _histogram(colours: Floats) -> Floats:
    """Shares of colours by brightness and by each opponent hue."""
    found = []
    for channel, low, high, bins in ((0, 0.0, 1.0, 10), (1, -0.8, 0.8, 11), (2, -0.8, 0.8, 11)):
        at = np.clip((colours[:, channel] - low) / (high - low), 0, 0.9999) * (bins - 1)
        floor = at.astype(int)
        share = np.bincount(floor, 1 - (at - floor), bins + 1) + np.bincount(floor + 1, at - floor, bins + 1)
        found.append(np.cumsum(share[:bins]) / len(colours) * 0.5)
    return np.concatenate(found).astype(np.float32)


def told(picture: npt.NDArray[np.uint8], there: npt.NDArray[np.bool_], scene: Scene, names: Iterable[str] = ()) -> str:
    """The place whose own pictures are most like this one, taken with the scene's lens, light and film.

    `there` (H, W) is where the place is seen: not the sitter. `names` are the places to choose from, all by default.
    """
    from PIL import Image

    shown = np.asarray(Image.fromarray(picture).resize(SMALL, Image.Resampling.BOX), np.float32) / 255
    clear = np.asarray(Image.fromarray(there.astype(np.uint8) * 255).resize(SMALL, Image.Resampling.BOX)) > 250
    mine = signature(shown, clear)
    known = {name: _theirs(name, scene, clear) for name in names or places.NAMES}
    spread = _spread(known.values())
    far = {name: min(apart(mine, each, spread) for each in theirs) for name, theirs in known.items()}
    return min(far, key=lambda name: far[name])


def _spread(known: Iterable[list[Floats]]) -> Floats:
    """How much pictures of one place differ in each number: what tells places apart is what differs less within one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # parts that no picture shows have no mean
        off = np.concatenate([np.array(theirs) - np.nanmean(theirs, 0) for theirs in known])
        return np.asarray(np.sqrt(np.nanmean(off**2, 0)) + F(_LEAST_SPREAD), np.float32)


def apart(one: Floats, other: Floats, spread: Floats) -> float:
    """How unlike two signatures are, over what both of them show, in units of `spread`."""
    both = np.isfinite(one) & np.isfinite(other) & np.isfinite(spread)
    return float(np.minimum(np.abs(one[both] - other[both]) / spread[both], _MOST).mean())


def _theirs(name: str, scene: Scene, clear: npt.NDArray[np.bool_]) -> list[Floats]:
    """Signatures of a place's own pictures, and of the same mirrored: places are turned to suit the light."""
    colour = scene.place.colour if name == "backdrop" else None
    own = places.own_light(replace(scene.place, name=name))
    spill = np.array(lights.spill(scene.light, own), np.float32)
    stock = replace(scene.film, grain=0.0)
    frame = (
        scene.camera.framing,
        round(scene.camera.focal_mm / 40) * 40 or 35,
        2.0 ** round(float(np.log2(scene.camera.f_number))),
    )
    seeds = _MORE_SEEDS if len(maps.VIEWS.get(name, ())) > 1 else SEEDS
    printed = [_printed(_seen(name, scene.place.time, colour, frame, seed) * spill, stock) for seed in seeds]
    return [signature(each, clear) for seen in printed for each in (seen, seen[:, ::-1])]


def _printed(light: Floats, stock: Film) -> Floats:
    return film.printed(light, stock, 0)


@lru_cache(maxsize=4000)
def _seen(name: str, time: str, colour: RGB | None, frame: tuple[str, float, float], seed: int) -> Floats:
    """A place's picture, small: made at twice the size, as finer things would be lost."""
    shot = Camera(framing=frame[0], focal_mm=frame[1], f_number=frame[2])
    wanted = Place(name=name, time=time, colour=colour)
    width, height = SMALL
    size = (width * 2, height * 2)
    large = places.seen(wanted, camera.aim(shot, _EYES, size), size, seed)
    return np.asarray(large.reshape(height, 2, width, 2, 3).mean((1, 3)) * F(1), np.float32)
