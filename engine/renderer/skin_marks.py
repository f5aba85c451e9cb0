"""Freckles, moles, spots of age and scars: small marks stamped on the head's part of a skin map."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.renderer import assets

Picture = npt.NDArray[np.float32]

MILLIMETRE: Final = 2.4
"""Texels of the map, on the face."""
_ASKED: Final = 0.6
"""More moles than chance gives anybody: words asked for them."""
SCARS: Final[dict[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "cheek": ((0.040, 0.706), (0.050, 0.676)),
    "brow": ((0.034, 0.762), (0.040, 0.741)),
    "chin": ((0.006, 0.634), (0.014, 0.624)),
    "lip": ((0.011, 0.676), (0.013, 0.664)),
    "forehead": ((0.010, 0.800), (0.028, 0.772)),
    "nose": ((-0.006, 0.713), (0.007, 0.709)),
    "temple": ((0.058, 0.765), (0.064, 0.745)),
    "jaw": ((0.052, 0.652), (0.040, 0.640)),
    "neck": ((0.036, 0.582), (0.014, 0.550)),
}
"""Where a scar begins and ends on the template, x and z, on the picture's right."""
_NECK: Final = (0.05, 0.53, 0.625)
"""How far aside the neck's front goes on the template, and from and to which height."""


def stamped_marks(
    head: Picture,
    tone: Picture,
    fields: dict[str, Picture],
    skin: Any,
    rng: np.random.Generator,
    age: float,
    places: tuple[Picture, ...],
) -> None:
    """All of somebody's marks, in place; `rng` is the person's own, so that they come back with the face.

    `places` are x, y and z of each texel on the template, in metres.
    """
    spots, moles, old, named = rng.spawn(4)
    freckled = float(skin.freckles)
    if freckled > 0.02:
        brown = tone * np.array((0.66, 0.50, 0.42), np.float32)
        count = int(80 + 560 * freckled)
        _spots(head, brown, fields["freckled"], count, (0.25, 0.75), 0.22 + 0.40 * freckled, spots)
    count = int(moles.poisson(3.2 * skin.moles))
    _spots(head, tone * np.array((0.36, 0.26, 0.22), np.float32), fields["marked"], count, (0.45, 0.95), 0.85, moles)
    if skin.moles >= _ASKED:  # whoever was told to have moles has some that are seen across a room
        colour = tone * np.array((0.36, 0.26, 0.22), np.float32)
        _spots(head, colour, fields["marked"], 2, (1.0, 1.6), 0.9, named, faintest=0.8)
    count = int(old.poisson(max(age - 52, 0) * 0.9))
    sun = fields["marked"] * np.clip(0.25 + fields["forehead"] + fields["ruddy"], 0, 1)
    _spots(head, tone * np.array((0.70, 0.56, 0.48), np.float32), sun, count, (0.5, 1.7), 0.38, old)
    for place in skin.scars:
        if not place.startswith("neck"):
            _scar(head, tone, place, places, places[1] < _FACE_Y)


def _spots(
    head: Picture, colour: Picture, where: Picture, count: int, radius_mm: tuple[float, float], strength: float,
    rng: np.random.Generator, faintest: float = 0.30,
) -> None:  # fmt: skip
    chance = np.cumsum(where.ravel().astype(np.float64))
    if count <= 0 or chance[-1] <= 0:
        return
    at = np.searchsorted(chance, rng.random(count) * chance[-1])
    sizes = radius_mm[0] + (radius_mm[1] - radius_mm[0]) * rng.random(count) ** 2
    sizes = sizes * MILLIMETRE
    dark = rng.uniform(faintest, 1.0, count) * strength
    for place, size, amount in zip(at, sizes, dark, strict=True):
        row, column = divmod(int(place), where.shape[1])
        _dab(head, colour, row, column, float(size), float(amount))


def _dab(head: Picture, colour: Picture, row: int, column: int, radius: float, amount: float) -> None:
    reach = int(np.ceil(radius * 2)) + 1
    top, left = max(row - reach, 0), max(column - reach, 0)
    window = head[top : row + reach + 1, left : column + reach + 1]
    y, x = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]]
    share = np.clip(1.4 - np.hypot(y - row, x - column) / radius, 0, 1)[..., None].astype(np.float32)
    window += (colour - window) * share * np.float32(amount)


_FACE_Y: Final = -0.06
"""Behind which the template's head is no face."""


def stamped_neck(whole: Picture, tone: Picture, skin: Any) -> None:
    """The scars of somebody's neck, in place; `whole` is the map of all skin."""
    for place in skin.scars:
        if place.startswith("neck"):
            rows, columns, places, there = _neck(whole.shape[0])
            _scar(whole[rows, columns], tone, place, places, there)


@lru_cache(maxsize=1)
def _neck(side: int) -> tuple[slice, slice, tuple[Picture, ...], npt.NDArray[np.bool_]]:
    """The part of a map (side × side) with the neck's front; its texels' x, y, z on the template, which are."""
    from scipy.interpolate import LinearNDInterpolator

    surface = assets.surface()
    rest = surface.rest[surface.split]
    aside, low, high = _NECK
    front = (np.abs(rest[:, 0]) < aside) & (rest[:, 2] > low) & (rest[:, 2] < high) & (rest[:, 1] < 0.02)
    at = surface.split_uv[front] * (side, -side) + (0, side)
    near = np.abs(at[:, 0] - np.median(at[:, 0])) < 0.1 * side  # the chin's part of the map is elsewhere
    at, rest = at[near], rest[front][near]
    (left, top), (right, bottom) = at.min(0).astype(int), at.max(0).astype(int)
    column, row = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
    found = LinearNDInterpolator(at, rest)(column, row)
    there = np.isfinite(found[..., 0])
    places = tuple(np.nan_to_num(found[..., axis], nan=9.0).astype(np.float32) for axis in range(3))
    return slice(top, bottom), slice(left, right), places, there


def _scar(head: Picture, tone: Picture, place: str, places: tuple[Picture, ...], where: npt.NDArray[np.bool_]) -> None:
    """A pale line with a darker rim: "cheek left" lies on the picture's left; an unknown place leaves none.

    `where` is the part of the map that can have one.
    """
    name, _, side = place.partition(" ")
    if name not in SCARS:
        return
    flip = -1.0 if side == "left" else 1.0
    (x0, z0), (x1, z1) = SCARS[name]
    x, _, z = places
    px, pz = x * flip - x0, z - z0
    dx, dz = x1 - x0, z1 - z0
    t = np.clip((px * dx + pz * dz) / (dx * dx + dz * dz), 0, 1)
    bend = 0.0012 * np.sin(t * 5.0)
    off = np.hypot(px - dx * t + bend, pz - dz * t)
    front = where * np.sin(np.pi * np.clip(t * 0.9 + 0.05, 0, 1)) ** 0.5
    rim = np.exp(-0.5 * (off / 0.0016) ** 2) * front
    line = np.exp(-0.5 * (off / 0.0007) ** 2) * front
    for amount, colour in ((0.75 * rim, (0.78, 0.50, 0.48)), (0.85 * line, (1.30, 1.10, 1.08))):
        share = amount[..., None].astype(np.float32)
        head += (tone * np.array(colour, np.float32) - head) * share
