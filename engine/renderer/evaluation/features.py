"""Numbers that tell glasses, hair and beards from bare skin, read off the face's own landmarks in any picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.evaluation.views import View
from engine.review.colour_names import brightness, linear, opponent
from engine.review.face_frame import Picture, Point

Grey = npt.NDArray[np.float64]

PIXELS: Final = 32
"""Of a straightened part of the face, a unit."""
_BARE: Final = np.array((0.030, 0.010, 0.40))
"""How unlike the face bare skin on top of a head may be: in colour, in hairs, in lightness. Chosen on 320 pictures of
other prompts and seeds than the 200, half of them made colourless."""
_FRAMES: Final = (19.3, 12.8, 15.5, -14.7, 9.2)
"""What a bridge, the plainer and the fainter rim and bare skin count for glasses, and what there is without: logistic
regression on 145 pictures of other prompts and seeds than the 200, of which it gets 99 % right."""
_GRAIN: Final = 0.6
_BEND: Final = 0.004
"""What a line costs that goes up or down by a pixel."""
_SHAVEN: Final = 5.5
"""What a face without a beard has at most of what `whiskers` adds up: its weights were chosen on pictures with known
beards, two in three shaven."""
_PALE, _DARK = (0.040, 0.012), (-0.30, 0.020)
"""What a moustache has at least: another colour and hairs, or a lightness of at most so much and more hairs.
Chosen on 145 practice pictures and older ones of other prompts, none of the 200."""

_FAIR: Final = 0.14
"""How much lighter than the cheek lip, chin and jaw all are where a white beard grows, as a share: in 70 practice
pictures no shaven face is."""


def glasses(view: View) -> float:
    """How surely there are glasses, above 0: a line across the bridge of the nose and one under each eye stand out.

    A line may bend: frames are round, and heads tilt. What skin below the eyes has of lines is taken off, as wrinkles
    and a film's grain are there too; each counts by its root, for one alone may be a gleam, however strong.
    """
    eyes = (view.outline[36:42].mean(0), view.outline[42:48].mean(0))
    bridge = _line(_grey(view, _box(view, view.outline[27], 0.13, -0.42, 0.34)), _GRAIN)
    rims = sorted(_line(_grey(view, _box(view, eye, 0.26, 0.20, 0.78)), _GRAIN) for eye in eyes)
    skin = np.mean([_line(_grey(view, _box(view, eye, 0.20, 0.80, 1.05))) for eye in eyes])
    found = np.sqrt(np.array((bridge, rims[1], rims[0], skin), float))
    return float(np.dot(_FRAMES[:-1], found) - _FRAMES[-1])


def _line(part: Grey, grain: float = 0.0) -> float:
    """The strongest thin line from one side of a part to the other, rising or falling by a pixel a pixel at most.

    It is how much a pixel of that line differs from what is around it, in shares of the part's brightness, less
    `grain` times what neighbours differ by.
    """
    from scipy.ndimage import gaussian_filter1d

    bright = max(float(part.mean()), 0.08)
    fine = part - gaussian_filter1d(part, 3, axis=0, mode="nearest")
    drawn = np.abs(gaussian_filter1d(fine, 1, axis=1, mode="nearest")) / bright
    best = drawn[:, 0]
    for column in drawn.T[1:]:
        beside = np.maximum(np.append(-np.inf, best[:-1]), np.append(best[1:], -np.inf))
        best = np.maximum(best, beside - _BEND) + column
    noise = np.median(np.abs(np.diff(part - part.mean(1, keepdims=True), axis=1))) / 0.954 / bright
    return float(max(best.max() / drawn.shape[1] - grain * noise, 0))


@dataclass(frozen=True, slots=True)
class Unlike:
    """How far a part of the picture is from somebody's bare skin: in colour, in lightness, in single hairs and dots."""

    colour: float
    lightness: float
    """As a share: lighter above 0, darker below."""
    hairs: float


@dataclass(frozen=True, slots=True)
class Scalp:
    """How unlike bare skin the top of a head is: below 1 as skin is, from 1 on it is hair."""

    hairs: float
    """In single hairs alone."""
    unlike: float
    """In those, in colour or in lightness."""


def scalp(view: View) -> Scalp:
    """What grows on top of the head, low and narrow enough there that a bare head still is, and neither edge nor place.

    The smoothest of cheeks and forehead says what skin has of dots: a fringe may hang before the forehead.
    """
    brows, cheeks = (view.outline[19] + view.outline[24]) / 2, _cheeks(view, -1, 1)
    forehead, top = (_lab(view, _box(view, brows, *part)) for part in ((0.36, -0.38, -0.12), (0.29, -0.86, -0.62)))
    smooth = min(_hairs(part) for part in (*cheeks, forehead))
    skins = [(_mean_skin(parts)[0], smooth) for parts in ([*cheeks, forehead], [forehead])]
    seen, near = (_unlike(top, skin) for skin in skins)
    colour, hairs, light = np.array((min(seen.colour, near.colour), near.hairs, abs(near.lightness))) / _BARE
    return Scalp(float(hairs), float(max(colour, hairs, light)))


def whiskers(view: View) -> float:
    """How much grows above the mouth, on the chin and on the jaw: above 0 a beard, below 0 a shaven face.

    Of the jaw the side that is more like the cheek counts: hair of the head and the place may lie beside the other.
    """
    corners = _mouth(view)
    cheeks = _cheeks(view, -1, 1)
    both = _mean_skin(cheeks)
    lip, chin = (_unlike(_lab(view, corners[name]), both) for name in ("lip", "chin"))
    sides = [
        _unlike(_lab(view, corners[side]), _mean_skin([cheek]))
        for side, cheek in zip(("left", "right"), cheeks, strict=True)
    ]
    jaw, light = np.min([_evidence(side) for side in sides], axis=0), max(side.lightness for side in sides)
    dark = float(np.clip(-lip.lightness, 0, 0.5))
    grown = np.dot(_evidence(lip), (1.5, 1.0)) + 2.2 * _evidence(chin)[0] + np.dot(jaw, (5.0, 7.0)) + 6.0 * dark
    found = [grown - _SHAVEN]
    if _moustache(lip) or min(lip.lightness, chin.lightness, light) > _FAIR:
        found.append(1.0)
    return float(max(found))


def _moustache(lip: Unlike) -> bool:
    """Whether one grows there, with nothing on chin and jaw: hairs, and another colour or far darker than the cheek."""
    coloured = lip.colour >= _PALE[0] and lip.hairs >= _PALE[1]
    return coloured or (lip.lightness <= _DARK[0] and lip.hairs >= _DARK[1])


def _evidence(found: Unlike) -> tuple[float, float]:
    return min(found.colour / 0.03, 1.5), min(found.hairs / 0.04, 1.5)


def _mouth(view: View) -> dict[str, Point]:
    """Corners of where a beard grows, (4, 2) pixels: between nose and lip, the chin, and both sides of the jaw."""
    at = view.outline

    def between(one: int, other: int, share: float) -> Point:
        return np.asarray(at[one] + share * (at[other] - at[one]))

    return {
        "lip": np.stack([between(49, 31, 0.78), between(53, 35, 0.78), between(49, 31, 0.15), between(53, 35, 0.15)]),
        "chin": np.stack([between(58, 7, 0.3), between(56, 9, 0.3), between(58, 7, 0.9), between(56, 9, 0.9)]),
        "left": np.stack([between(48, 4, 0.55), between(48, 4, 0.15), between(59, 6, 0.75), between(59, 6, 0.25)]),
        "right": np.stack([between(54, 12, 0.15), between(54, 12, 0.55), between(55, 10, 0.25), between(55, 10, 0.75)]),
    }


def _cheeks(view: View, *sides: int) -> list[Grey]:
    return [_reduced(view, partial(view.straightened, s * 0.47 - 0.14, 0.48, s * 0.47 + 0.14, 0.78)) for s in sides]


def _mean_skin(parts: list[Grey]) -> tuple[Grey, float]:
    """The colour (3) of bare skin, and how uneven it is in this picture: pores, and the film's grain."""
    uneven = float(np.mean([_hairs(part) for part in parts]))
    return np.median(np.concatenate([part.reshape(-1, 3) for part in parts]), axis=0), uneven


def _unlike(part: Grey, skin: tuple[Grey, float]) -> Unlike:
    own, uneven = skin
    light, red, yellow = np.moveaxis(part.reshape(-1, 3), -1, 0)
    scale = np.clip(light / max(float(own[0]), 0.05), 0.3, 2.0)  # the same skin in less light has less colour, too
    apart = float(np.median(np.hypot(red - own[1] * scale, yellow - own[2] * scale)))
    hairs = np.sqrt(max(_hairs(part) ** 2 - uneven**2, 0.0))
    return Unlike(apart, float(np.median(light) / max(float(own[0]), 0.05) - 1), float(hairs))


def _hairs(part: Grey) -> float:
    """The share of brightness that is in single hairs and dots: half of them are at least so strong."""
    from scipy.ndimage import gaussian_filter

    light = part[..., 0]
    fine = light - gaussian_filter(light, 1.5)
    return float(np.median(np.abs(fine)) / max(light.mean(), 0.05))


def _box(view: View, middle: Point, half: float, top: float, bottom: float) -> Point:
    """Corners (4, 2) in pixels of a part about a point, in units of the face: `half` to both sides, down from `top`."""
    aside = half * view.across
    return np.stack([middle + side * aside + v * view.down for v in (top, bottom) for side in (-1, 1)])


def _grey(view: View, corners: Point) -> Grey:
    return np.cbrt(brightness(linear(view.between(corners, PIXELS))))


def _lab(view: View, corners: Point) -> Grey:
    return _reduced(view, partial(view.between, corners))


def _reduced(view: View, part: Callable[[int], Picture]) -> Grey:
    """A part at `PIXELS` a unit, of all of the picture's pixels: of a large face single ones would be grain."""
    times = max(1, round(view.unit / PIXELS))
    light = linear(part(PIXELS * times))
    rows, columns = (side // times for side in light.shape[:2])
    cells = light[: rows * times, : columns * times].reshape(rows, times, columns, times, 3)
    return opponent(cells.mean((1, 3)))
