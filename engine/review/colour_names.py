"""Which colour names a person would accept for a pixel, for cloth, hair and skin; and the light's own colour taken off.

Colours are in OKLCH (Ottosson 2020): lightness 0 to 1, chroma about 0 to 0.3, hue in degrees (red 29, yellow 110, green
142, blue 264). Names overlap, as they do among people: a dark grey may be called black as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LMS: Final = np.array(
    ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
     (0.0883024619, 0.2817188376, 0.6299787005))
)  # fmt: skip
_LAB: Final = np.array(
    ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
     (0.0259040371, 0.7827717662, -0.8086757660))
)  # fmt: skip
_LUMA: Final = np.array((0.2126, 0.7152, 0.0722))


@dataclass(frozen=True, slots=True)
class Region:
    """A box of colours: from and to of lightness, chroma, and hue (which may pass 360)."""

    light: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float] = (0.0, 360.0)

    def holds(self, colours: Colours) -> Mask:
        """Which of the colours (N, 3: lightness, chroma, hue) lie in it."""
        light, chroma, hue = np.moveaxis(colours, -1, 0)
        turned = (hue - self.hue[0]) % 360
        inside = (light >= self.light[0]) & (light <= self.light[1])
        inside &= (chroma >= self.chroma[0]) & (chroma <= self.chroma[1])
        return np.asarray(inside & (turned <= self.hue[1] - self.hue[0]))


CLOTH: Final[Mapping[str, tuple[Region, ...]]] = MappingProxyType(
    {
        "red": (Region((0.15, 0.72), (0.075, 0.40), (358, 402)),),
        "orange": (Region((0.35, 0.90), (0.075, 0.40), (28, 78)),),
        "yellow": (Region((0.50, 1.0), (0.075, 0.40), (72, 120)),),
        "green": (Region((0.18, 0.95), (0.045, 0.40), (118, 176)),),
        "teal": (Region((0.18, 0.85), (0.030, 0.40), (166, 230)),),
        "blue": (Region((0.05, 0.85), (0.035, 0.40), (226, 288)),),
        "purple": (Region((0.15, 0.80), (0.045, 0.40), (280, 336)),),
        "pink": (Region((0.52, 0.98), (0.040, 0.30), (325, 392)),),
        "brown": (Region((0.10, 0.52), (0.016, 0.13), (15, 85)),),
        "beige": (Region((0.55, 0.99), (0.012, 0.105), (50, 118)), Region((0.82, 1.0), (0.006, 0.07), (60, 140))),
        "white": (Region((0.70, 1.0), (0.0, 0.042)),),
        "grey": (Region((0.22, 0.80), (0.0, 0.038)),),
        "black": (Region((0.0, 0.36), (0.0, 0.045)),),
    }
)
HAIR: Final[Mapping[str, tuple[Region, ...]]] = MappingProxyType(
    {
        "black": (Region((0.0, 0.36), (0.0, 0.050)),),
        "dark brown": (Region((0.08, 0.46), (0.008, 0.110), (15, 90)),),
        "brown": (Region((0.16, 0.58), (0.018, 0.130), (20, 90)),),
        "red": (Region((0.18, 0.75), (0.060, 0.30), (20, 66)),),
        "blonde": (Region((0.44, 0.97), (0.028, 0.22), (58, 112)),),
        "grey": (Region((0.30, 0.86), (0.0, 0.036)),),
        "white": (Region((0.58, 1.0), (0.0, 0.042)),),
        "blue": (Region((0.15, 0.85), (0.035, 0.40), (226, 292)),),
        "pink": (Region((0.40, 0.98), (0.040, 0.32), (325, 390)),),
    }
)
SKIN: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"dark": (0.0, 0.54), "brown": (0.36, 0.66), "olive": (0.50, 0.80), "light": (0.58, 0.92), "fair": (0.62, 1.0)}
)
"""The lightness of a rightly exposed cheek that each name is used for."""
_REDDEST: Final = ((0.35, 6.5), (0.85, 2.6))
"""Lightness of a cheek, and the most red over blue (linear) that such skin has in white light: dark, then pale."""
_PALEST: Final = 1.4
"""The least red over blue of any skin."""
ENOUGH: Final = 4000
"""Pixels whose names are looked up, of a large part of a picture."""
_ADAPTED: Final = 0.67
"""How far eyes get used to a light that they can tell, in logarithms of its colour."""
_MOST_ADAPTED: Final = 1.6
"""How far eyes get used to a light: for more than a candle's colour they do not."""


def linear(picture: npt.NDArray[np.uint8]) -> Colours:
    """sRGB bytes as linear light from 0 to 1."""
    shown = np.asarray(picture, float) / 255
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def brightness(light: Colours) -> npt.NDArray[np.float64]:
    """Luminance of linear colours (…, 3)."""
    return np.asarray(light @ _LUMA)


def opponent(light: Colours) -> Colours:
    """Linear RGB (…, 3) as lightness, red over green, yellow over blue (OKLab)."""
    return np.asarray(np.cbrt(np.maximum(light, 0) @ _LMS.T) @ _LAB.T)


def of_opponent(lab: Colours) -> Colours:
    """OKLab (…, 3) as linear RGB."""
    return np.asarray((lab @ np.linalg.inv(_LAB).T) ** 3 @ np.linalg.inv(_LMS).T)


def oklch(light: Colours) -> Colours:
    """Linear RGB (…, 3) as lightness, chroma and hue in degrees."""
    lab = opponent(light)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    return np.stack([lab[..., 0], chroma, hue], -1)


def light_taken_off(skin: Colours) -> npt.NDArray[np.float64]:
    """What to multiply linear RGB by so that a cheek (N, 3) is no warmer or colder than skin is: (3).

    Where the skin already is as skin is in white light, the light was white: nothing changes.
    """
    mean = np.maximum(np.median(skin, axis=0), 1e-4)
    tone = float(oklch(mean)[0])
    (dark, most), (pale, least) = _REDDEST
    reddest = np.interp(tone, (dark, pale), (most, least))
    warm = mean[0] / mean[2]
    change = np.clip(np.sqrt(warm / np.clip(warm, _PALEST, reddest)), 1 / _MOST_ADAPTED, _MOST_ADAPTED)
    gains = np.array((1 / change, 1.0, change))
    return np.asarray(gains * brightness(mean) / brightness(mean * gains))


def card_taken_off(card: Colours) -> npt.NDArray[np.float64]:
    """What to multiply linear RGB by for eyes that are used to a light in which a white card looks so (3): (3)."""
    own = np.maximum(card, 1e-4)
    gains = (brightness(own) / own) ** _ADAPTED
    return np.asarray(gains * brightness(own) / brightness(own * gains))


def shares(
    light: Colours, skin: Colours, names: Mapping[str, tuple[Region, ...]], card: Colours | None = None
) -> dict[str, float]:
    """How much of the linear colours (N, 3) goes by each name: as they are, or with the light's colour taken off.

    Of these the largest, because people get used to a light by half; `skin` (N, 3) is a cheek in the same light, and
    `card` (3) how a white card looks in it, where that is known.
    """
    some = light[:: max(1, len(light) // ENOUGH)]
    seen = [oklch(some), oklch(some * light_taken_off(skin))]
    if card is not None:
        seen.append(oklch(some * card_taken_off(card)))
    return {name: max(share(colours, each) for colours in seen) for name, each in names.items()}


def share(colours: Colours, regions: tuple[Region, ...]) -> float:
    """How much of colours (N, 3: lightness, chroma, hue) goes by a name."""
    if not len(colours):
        return 0.0
    return float(np.mean(np.any([region.holds(colours) for region in regions], axis=0)))
