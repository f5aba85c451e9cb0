"""Whether clothes and hair have the colours that were asked for, the place is light or dark, the face as large."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.review import colour_names
from engine.review.colour_names import linear, oklch
from engine.review.face_frame import FACE_UNITS, FaceFrame, Mask

Colours = npt.NDArray[np.float64]

_LEAST_BODY: Final = 0.03
_LEAST_PIXELS: Final = 250
_COLOURLESS: Final = 0.012


def colourless(near: FaceFrame) -> bool:
    """Whether the picture has no colours, as black and white film has none."""
    colours = oklch(linear(near.picture[::4, ::4]).reshape(-1, 3))
    return float(np.quantile(colours[:, 1], 0.9)) < _COLOURLESS or _one_hue(colours)


def _one_hue(colours: Colours) -> bool:
    """Sepia: whatever has colour at all has the same."""
    some = colours[(colours[:, 0] > 0.2) & (colours[:, 0] < 0.9)]
    turned = np.radians(some[:, 2])
    if len(turned) < _LEAST_PIXELS:
        return False
    return float(np.hypot(np.cos(turned).mean(), np.sin(turned).mean())) > 0.997 and float(np.std(some[:, 1])) < 0.02


def clothes_shares(near: FaceFrame) -> dict[str, float] | None:
    """How much of what is below the chin goes by each colour's name; None where it is not in the picture."""
    body = near.box(-2.0, 2.75, 2.0, 9.0)
    if body.sum() < _LEAST_BODY * body.size:
        return None
    light, cheeks = linear(near.picture[body]), _cheeks(near)
    light = light[:: max(1, len(light) // colour_names.ENOUGH)]
    bare = _near(light, cheeks)
    cloth = light if (~bare).mean() < 0.15 else light[~bare]
    found = [colour_names.shares(part, cheeks, colour_names.CLOTH) for part in (cloth, light)]
    return {name: max(each[name] for each in found) for name in found[0]}


def hair_shares(near: FaceFrame) -> dict[str, float] | None:
    """The same of the top of the head, for hair's names; None where that is not in the picture, or is skin."""
    top = near.box(-0.6, -1.6, 0.6, -1.1)
    if top.sum() < max(_LEAST_PIXELS, 0.2 * 0.6 * near.unit**2):
        return None
    light, cheeks = linear(near.picture[top]), _cheeks(near)
    if _near(light, cheeks).mean() > 0.8:
        return None
    return colour_names.shares(light, cheeks, colour_names.HAIR)


def place_lightness(near: FaceFrame) -> float | None:
    """The lightness, 0 to 1, of what is beside and above the head; None where nothing of the place is seen."""
    there = near.box(-99, -99, -2.2, 1.6) | near.box(2.2, -99, 99, 1.6) | near.box(-99, -99, 99, -2.4)
    if there.sum() < _LEAST_PIXELS:
        return None
    return float(np.mean(oklch(linear(near.picture[there]))[:, 0]))


def face_share(frame: FaceFrame) -> float:
    """The face's share of the picture's height, from chin to hair line."""
    return FACE_UNITS * frame.unit / frame.size[1]


def _cheeks(near: FaceFrame) -> Colours:
    return linear(near.picture[near.disk(-0.47, 0.62, 0.16) | near.disk(0.47, 0.62, 0.16)])


def _near(light: Colours, skin: Colours) -> Mask:
    """Which colours are those of this person's skin, in whatever light."""
    if not len(skin):
        return np.zeros(len(light), bool)
    own = oklch(np.median(skin, axis=0))
    lightness, chroma, hue = np.moveaxis(oklch(light), -1, 0)
    turned = np.abs((hue - own[2] + 180) % 360 - 180)
    scale = np.clip(lightness / max(own[0], 0.05), 0.4, 1.6)
    return np.asarray((turned < 14) & (np.abs(chroma / np.maximum(own[1] * scale, 0.01) - 1) < 0.35))
