"""Which place a finished picture shows: its colours and their order, beside those of each place's own pictures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import camera, film, lights, places
from engine.renderer.scene import RGB, Camera, Film, Place, Scene
from engine.renderer.tracing.vectors import F, Floats

SMALL: Final = (48, 72)
SEEDS: Final = tuple(range(900_001, 900_009))
"""Of the pictures that are compared with; no scene is made with them but by chance."""
Kind = tuple[str, str, RGB | None, tuple[str, float, float]]
"""A place, its time, its colour, and the framing, lens and stop that it is seen with."""
_LEAST_SPREAD: Final = 0.03
_ALONE: Final = 0.2
"""The share of the numbers' spread that is taken as each one's own."""
_MOST: Final = 4.0
"""Spreads that one number may add: no single part of a picture, which a sign may hide, decides alone."""
_LENSES: Final = (24, 28, 35, 42, 50, 60, 70, 85, 105, 135, 200)
"""Focal lengths in mm that a place's own pictures are taken with: the nearest, in steps of a fifth."""
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


def told(
    picture: npt.NDArray[np.uint8], there: npt.NDArray[np.bool_], scene: Scene, names: Collection[str] = ()
) -> str:
    """The place whose own pictures are most like this one, taken with the scene's lens, light and film.

    `there` (H, W) is where the place is seen: not the sitter. `names` are the places to choose from, all by default.
    """
    from PIL import Image

    shown = np.asarray(Image.fromarray(picture).resize(SMALL, Image.Resampling.BOX), np.float32) / 255
    clear = np.asarray(Image.fromarray(there.astype(np.uint8) * 255).resize(SMALL, Image.Resampling.BOX)) > 250
    mine = signature(shown, clear)
    known = {name: _theirs(name, scene, clear) for name in names or places.NAMES}
    same = _measure(known.values())
    far = {name: min(same.apart(mine, each) for each in theirs) for name, theirs in known.items()}
    return min(far, key=lambda name: far[name])


@dataclass(frozen=True, slots=True)
class Measure:
    """What tells places apart: how their numbers differ, and go together, within pictures of one place."""

    shown: npt.NDArray[np.bool_]
    """Which numbers of a signature are of parts that are seen."""
    turned: Floats
    """Makes of those numbers ones that are independent and of spread 1 within a place."""

    def apart(self, one: Floats, other: Floats) -> float:
        """How unlike two signatures are."""
        off = (one[self.shown] - other[self.shown]) @ self.turned
        return float(np.minimum(np.abs(off), _MOST).mean())


def _measure(known: Collection[Floats]) -> Measure:
    """Learned from the places' own pictures: what differs less within one place tells it from others.

    Numbers go together (a brighter sky is so in three parts and in the histogram), so that differences are counted
    once: by the covariance within places, of which a share is taken as if there were none, for they are few pictures.
    """
    shown = np.all([np.isfinite(theirs).all(0) for theirs in known], 0)
    off = np.concatenate([theirs[:, shown] - theirs[:, shown].mean(0) for theirs in known])
    together = off.T @ off / len(off)
    own = np.diag(np.diag(together) * F(_ALONE) + F((1 + _ALONE) * _LEAST_SPREAD**2))
    return Measure(shown, np.linalg.cholesky(np.linalg.inv(together * F(1 - _ALONE) + own)))


def _theirs(name: str, scene: Scene, clear: npt.NDArray[np.bool_]) -> Floats:
    """Signatures (N, …) of a place's own pictures, and of the same mirrored: places are turned to suit the light."""
    colour = scene.place.colour if name == "backdrop" else None
    spill = lights.spill(scene.light, places.own_light(replace(scene.place, name=name)))
    return _signatures(
        (name, scene.place.time, colour, frame_of(scene.camera)), spill, replace(scene.film, grain=0.0), clear.tobytes()
    )


def frame_of(shot: Camera) -> tuple[str, float, float]:
    """The framing, lens (mm) and stop that a place's own pictures are taken with, to be like this one's."""
    lens = min(_LENSES, key=lambda focal_mm: abs(float(np.log(focal_mm / shot.focal_mm))))
    return shot.framing, lens, 2.0 ** (round(2 * float(np.log2(shot.f_number))) / 2)


@lru_cache(maxsize=64)
def _signatures(kind: Kind, spill: RGB, stock: Film, shown: bytes) -> Floats:
    clear = np.frombuffer(shown, bool).reshape(SMALL[::-1])
    printed = [_printed(_seen(*kind, seed) * np.array(spill, np.float32), stock) for seed in SEEDS]
    return np.array([signature(each, clear) for seen in printed for each in (seen, seen[:, ::-1])])


def _printed(light: Floats, stock: Film) -> Floats:
    return film.printed(light, stock, 0)


@lru_cache(maxsize=8000)
def _seen(
    name: str, time: str, colour: RGB | None, frame: tuple[str, float, float], seed: int
) -> npt.NDArray[np.float16]:
    """A place's picture, small: made at twice the size, as finer things would be lost."""
    shot = Camera(framing=frame[0], focal_mm=frame[1], f_number=frame[2])
    wanted = Place(name=name, time=time, colour=colour)
    width, height = SMALL
    size = (width * 2, height * 2)
    large = places.seen(wanted, camera.aim(shot, _EYES, size), size, seed)
    return np.asarray(large.reshape(height, 2, width, 2, 3).mean((1, 3)), np.float16)
