"""Colours that are not any colour: what hair, eyes, skin and lips have, as linear RGB albedo."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.renderer.scene import RGB

HAIR: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "black": (0.026, 0.020, 0.017),
        "dark brown": (0.075, 0.040, 0.022),
        "brown": (0.145, 0.075, 0.038),
        "light brown": (0.25, 0.145, 0.075),
        "auburn": (0.17, 0.057, 0.026),
        "red": (0.29, 0.088, 0.030),
        "strawberry": (0.52, 0.26, 0.12),
        "dark blonde": (0.34, 0.213, 0.113),
        "blonde": (0.55, 0.385, 0.222),
        "platinum": (0.78, 0.68, 0.52),
        "grey": (0.352, 0.355, 0.362),
        "white": (0.562, 0.56, 0.556),
        "pink": (0.64, 0.17, 0.31),
        "blue": (0.050, 0.13, 0.37),
        "green": (0.06, 0.32, 0.12),
        "purple": (0.22, 0.06, 0.38),
    }
)
"""What light becomes on its way through a hair."""

IRIS: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "dark brown": (0.045, 0.020, 0.010),
        "brown": (0.105, 0.046, 0.016),
        "amber": (0.22, 0.11, 0.025),
        "hazel": (0.15, 0.085, 0.028),
        "green": (0.115, 0.13, 0.055),
        "blue": (0.10, 0.16, 0.24),
        "grey": (0.15, 0.165, 0.18),
    }
)

SKIN: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "fair": (0.60, 0.415, 0.335),
        "light": (0.50, 0.325, 0.245),
        "olive": (0.385, 0.245, 0.165),
        "tan": (0.315, 0.185, 0.115),
        "brown": (0.205, 0.110, 0.066),
        "dark": (0.095, 0.050, 0.031),
    }
)
"""Cheeks, from the lightest to the darkest."""

LIPS: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "red": (0.36, 0.022, 0.026),
        "nude": (0.36, 0.17, 0.13),
        "pink": (0.48, 0.15, 0.18),
        "dark": (0.12, 0.018, 0.032),
    }
)


def natural(colour: RGB) -> bool:
    """Whether hair has this colour undyed: red at most, blue least, from black through brown to white."""
    red, green, blue = colour
    return red >= 0.95 * green and green >= 0.9 * blue


def linear(hex_colour: str) -> RGB:
    """ "#b3121d" in sRGB as linear RGB."""
    values = [int(hex_colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


def nearest(colour: RGB, among: Mapping[str, RGB]) -> str:
    """The name of the colour that looks most like it: distances are of cube roots, which is about how eyes see."""
    return min(
        among,
        key=lambda name: sum((a ** (1 / 3) - b ** (1 / 3)) ** 2 for a, b in zip(colour, among[name], strict=True)),
    )
