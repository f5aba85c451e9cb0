"""Colours as cloth has them: no dye is as pure as a screen's colour, and no white throws back all light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.renderer.scene import RGB
from engine.renderer.tracing.vectors import LUMA

_PURE: Final[Mapping[str, float]] = {
    "silk": 0.83, "satin": 0.83, "nylon": 0.81, "rubber": 0.81, "velvet": 0.80, "leather": 0.72, "wool": 0.74,
    "knit": 0.66, "fine knit": 0.69, "cable knit": 0.66, "denim": 0.65, "linen": 0.68, "metal": 1.0, "mail": 1.0,
    "sequins": 1.0,
}  # fmt: skip
_USUALLY: Final = 0.82
"""The share of a colour's distance from grey that a fabric keeps of it; other fabrics keep this one."""
_UNMUTED: Final = 0.8
"""How much of that is not lost by very deep colours, whose dye hides the fabric, and by those that are nearly white,
whose tint is the fibre's own: navy is not black, nor cream white."""
_DEEP: Final = 0.04
_PALE: Final = (0.45, 0.75)
"""How light (luminance) a colour is that counts as deep, and from where to where as nearly white."""
_WHITEST: Final = 0.62
_BLACKEST: Final = 0.013


def dyed(colour: RGB, fabric: str) -> RGB:
    """The colour (linear) that cloth has when it is dyed so: the hue, less pure, between cloth's black and white."""
    share = _PURE.get(fabric, _USUALLY)
    if share == 1:
        return colour
    red, green, blue = (float(weight) for weight in LUMA.reshape(-1))
    grey = colour[0] * red + colour[1] * green + colour[2] * blue
    share += (1 - share) * _UNMUTED * max(1 - grey / _DEEP, _between(grey, *_PALE), 0.0)
    deeper = min(1.0, 0.80 + 0.20 * max(0.0, (grey - 0.15) / 0.35))  # only what is nearly white stays as light
    muted = [(grey + (value - grey) * share) * deeper for value in colour]
    most = max(1.0, max(muted) / _WHITEST)
    first, second, third = (_BLACKEST + (1 - _BLACKEST) * max(value, 0.0) / most for value in muted)
    return first, second, third


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
