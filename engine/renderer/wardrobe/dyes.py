"""Colours as cloth has them: no dye is as pure as a screen's colour, and no white throws back all light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.renderer.scene import RGB
from engine.renderer.tracing.vectors import LUMA

_PURE: Final[Mapping[str, float]] = {
    "silk": 0.88, "satin": 0.88, "nylon": 0.86, "rubber": 0.86, "velvet": 0.84, "leather": 0.76, "wool": 0.72,
    "knit": 0.74, "fine knit": 0.76, "cable knit": 0.74, "denim": 0.72, "linen": 0.74, "metal": 1.0, "mail": 1.0,
    "sequins": 1.0,
}  # fmt: skip
_USUALLY: Final = 0.85
"""The share of a colour's distance from grey that a fabric keeps of it; other fabrics keep this one."""
_WHITEST: Final = 0.62
_BLACKEST: Final = 0.013


def dyed(colour: RGB, fabric: str) -> RGB:
    """The colour (linear) that cloth has when it is dyed so: the hue, less pure, between cloth's black and white."""
    share = _PURE.get(fabric, _USUALLY)
    if share == 1:
        return colour
    red, green, blue = (float(weight) for weight in LUMA.reshape(-1))
    grey = colour[0] * red + colour[1] * green + colour[2] * blue
    muted = [grey + (value - grey) * share for value in colour]
    most = max(1.0, max(muted) / _WHITEST)
    first, second, third = (_BLACKEST + (1 - _BLACKEST) * max(value, 0.0) / most for value in muted)
    return first, second, third
