"""Whether a picture shows the marks that are known of somebody's skin: freckles, moles, spots of age, scars.

Where each mark must lie and how strong it must be comes from the person's map of the skin, seen through the scene's
lens; whether it is there comes from the pixels: they must be darker or paler than the skin round it just there, in
the mark's own shape. What cannot be seen is not asked, by a rule that knows size, cover, light and grain, and never
the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import camera, crew, lettering, sitting, skin
from engine.renderer.scene import Person, Scene
from engine.renderer.tracing.draws import Draws
from engine.renderer.tracing.textures import texel
from engine.renderer.tracing.vectors import F, Floats, dot, unit
from engine.renderer.tracing.world import World
from engine.review.colour_names import brightness, linear

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

LEAST_PIXELS: Final = 1.5
"""How wide a mark is at least, to be asked for: of a disk of its area, where it has half its strength."""
LEAST_SURE: Final = 6.0
"""How many times the noise of the skin round it (grain, pores) a mark must stand out, as it is known, to be asked."""
LEAST_LIGHT: Final = 0.012
"""Of skin round a mark, linear, 1 is white: darker is deep shadow, where nothing is asked."""
FOUND: Final = 0.45
"""The share of its known strength that a mark must have, to be there. On 16 pictures of `practice` this and
`LEAST_SURE` find 99 of 100 marks, and another person's in 7 of 100 places where those are looked for."""
_WHOLE: Final = 0.97
_SOFT: Final = 0.60
"""How far lens and film spread a point, in pixels of a picture 768 high."""
_FACE_M: Final = (0.085, 0.095, 0.125)
_SAMPLES: Final = 6
_DENSITY: Final = 0.45


@dataclass(frozen=True)
class SkinSeen:
    """Which point of the skin's map each ray of a picture's part meets."""

    rows: slice
    columns: slice
    uv: Floats
    """(2, H × W × samples)"""
    met: Floats
    """1 where a ray met skin first, (H × W × samples)."""
    facing: Floats
    """The cosine to the lens there."""
    soft: float

    def shape(self) -> tuple[int, int]:
        """Rows and columns of the part."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    def contrast(self, person: Person) -> Floats:
        """What a person's marks would do to each pixel, (H, W, 3), as a logarithm; a soft lens makes less of it."""
        seen = texel(skin.marks_contrast(person), self.uv) * self.met
        return self._soft(seen.T.reshape(*self.shape(), -1, 3).mean(2))

    def cover(self) -> Floats:
        """How much of each pixel is skin that is not seen edge on, (H, W)."""
        return self._soft((self.met * (self.facing > F(0.25))).reshape(*self.shape(), -1).mean(-1)[..., None])[..., 0]

    def _soft(self, values: Floats) -> Floats:
        from scipy.ndimage import gaussian_filter

        return np.asarray(gaussian_filter(values, (self.soft, self.soft, 0)), np.float32)


def seen_skin(scene: Scene, size: tuple[int, int]) -> SkinSeen:
    """The skin of a scene's first sitter as the lens shows it in a picture of this size (width, height)."""
    scene = lettering.fits(scene)
    seats = [sitting.seat(sitter) for sitter in scene.sitters]
    optics = camera.aim(scene.camera, np.mean([seat.eyes for seat in seats], axis=0), size, len(seats))
    meshes = [mesh for seat in seats for mesh in seat.meshes(optics.eye, _DENSITY, legs=False)]
    world = World.of(meshes, crew.hands_here())
    ours = next(number for number, mesh in enumerate(world.meshes) if mesh.kind == "skin")
    rows, columns = _box(optics, seats[0].eyes, size)
    pixel = (np.arange(rows.start, rows.stop)[:, None] * size[0] + np.arange(columns.start, columns.stop)).ravel()
    pixel, sample = np.repeat(pixel, _SAMPLES), np.tile(np.arange(_SAMPLES), pixel.size)
    origin, direction = optics.rays(pixel, size, Draws(0, pixel, sample))
    hits = world.solid.first(origin, direction)
    met = hits.geometry == ours
    at = np.flatnonzero(met)
    uv, facing = np.zeros((2, len(pixel)), np.float32), np.zeros(len(pixel), np.float32)
    values = world.tables[ours].at(hits.primitive[at], hits.u[at], hits.v[at])
    uv[:, at], facing[at] = values["uv"], -dot(unit(values["n"]), direction[:, at])
    return SkinSeen(rows, columns, uv, met.astype(np.float32), facing, _SOFT * size[1] / 768)


def _box(optics: camera.Optics, eyes: npt.ArrayLike, size: tuple[int, int]) -> tuple[slice, slice]:
    x, y = optics.shown(eyes, size)
    half, above, below = (length * size[1] / optics.view for length in _FACE_M)
    top, bottom = np.clip((y - above, y + below), 0, size[1]).astype(int)
    left, right = np.clip((x - half, x + half), 0, size[0]).astype(int)
    return slice(int(top), int(bottom)), slice(int(left), int(right))


@dataclass(frozen=True, slots=True)
class MarkSeen:
    """One mark that a picture was asked for: how much of its known strength is there, and how sure that is."""

    strength: float
    """1 is as the map has it; about 0 where nothing is there."""
    sure: float
    """How many times the noise round it the mark must stand out, as it is known."""
    pixels: float
    """How wide it is in the picture."""
    row: int
    column: int

    @property
    def there(self) -> bool:
        """Whether the picture shows it."""
        return self.strength >= FOUND


def asked(picture: Picture, seen: SkinSeen, person: Person) -> tuple[MarkSeen, ...]:
    """Every mark of a person that can be seen at all in the picture (H, W, 3), and whether it is."""
    return looked_for(picture[seen.rows, seen.columns], seen.contrast(person), seen.cover())


def looked_for(picture: Picture, known: Floats, cover: Floats) -> tuple[MarkSeen, ...]:
    """The marks of a part of a picture (H, W, 3): `known` is what they would do to it (H, W, 3), as a logarithm, and
    `cover` how much of each pixel is skin that the lens sees (H, W).
    """
    from scipy.ndimage import find_objects, label

    part = linear(picture)
    light = np.log(np.maximum(part, 1e-3))
    bright = brightness(part)
    known = known * _slope(bright)[..., None]
    strength = np.abs(known).max(-1)
    spread = _noise(light, (cover > _WHOLE) & (strength < F(0.004)))
    if spread is None:
        return ()
    marks, _ = label(strength > _LEAST_STRENGTH)
    found = []
    for number, box in enumerate(find_objects(marks), 1):
        rows, columns = (
            slice(max(side.start - _ROUND, 0), min(side.stop + _ROUND, most))
            for side, most in zip(box, strength.shape, strict=True)
        )
        here = (rows, columns)
        own = marks[here] == number
        if cover[here].min() < _WHOLE or np.median(bright[here][~own]) < LEAST_LIGHT:
            continue
        found.append(_one(light[here], known[here], own, spread, (box[0].start, box[1].start)))
    return tuple(mark for mark in found if mark.sure >= LEAST_SURE and mark.pixels >= LEAST_PIXELS)


def _slope(bright: Floats) -> Floats:
    """How steep a film's characteristic curve is where it has such brightness: burnt skin loses what is on it."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(np.clip(_GAMMA * (1 - gaussian_filter(bright, 3) / _WHITE), 0.15, _GAMMA))


_GAMMA, _WHITE = 1.48, 1.05
"""A usual film's: see `engine.renderer.film`."""
_LEAST_STRENGTH: Final = 0.02
"""The weakest part of a mark that is looked at, as a logarithm."""
_NO_MARK: Final = 0.006
_ENOUGH_BARE: Final = 12
_ROUND: Final = 4
"""Pixels round a mark whose skin it is compared with."""


def _one(light: Floats, known: Floats, own: Mask, spread: Floats, at: tuple[int, int]) -> MarkSeen:
    """A mark against the skin round it, which may be lighter to a side: by least squares, colours by their noise."""
    colour = known[own].sum(0)
    best = np.linalg.solve(spread, colour)
    best /= np.sqrt(best @ spread @ best)
    signal, shape = (light @ best).ravel(), (known @ best).ravel()
    y, x = np.mgrid[0 : own.shape[0], 0 : own.shape[1]]
    plane = np.stack([np.ones(own.size), x.ravel(), y.ravel()], 1)
    clear = shape - plane @ np.linalg.lstsq(plane, shape, rcond=None)[0]
    energy = float(clear @ clear)
    bare = np.abs(known).max(-1).ravel() < _NO_MARK
    uneven = 1.0
    if bare.sum() >= _ENOUGH_BARE:
        rest = signal[bare] - plane[bare] @ np.linalg.lstsq(plane[bare], signal[bare], rcond=None)[0]
        uneven = max(uneven, float(rest.std()))
    size = np.abs(known).max(-1) * own
    pixels = 2 * float(np.sqrt((size >= size.max() / 2).sum() / np.pi))
    return MarkSeen(float(clear @ signal) / energy, float(np.sqrt(energy)) / uneven, pixels, *at)


def _noise(light: Floats, bare: Mask) -> Floats | None:
    """How the colours of bare skin differ from those some pixels farther, (3, 3); None where there is hardly any."""
    from scipy.ndimage import gaussian_filter

    fine = light - gaussian_filter(light, (3, 3, 0))
    inner = _narrowed(bare, 3)
    if inner.sum() < 400:
        return None
    values = fine[inner]
    size = np.linalg.norm(values, axis=1)
    usual = values[size < np.quantile(size, 0.95)]
    return np.asarray(np.cov(usual.T) * 1.3 + 1e-7 * np.eye(3))


def _narrowed(mask: Mask, steps: int) -> Mask:
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(mask, iterations=steps))
