"""What a review says of what was asked for: a sentence where it is there and where it is not.

Whole ones for every choice, as other languages bend their words. Each stands with the score that it is said below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.sayings import Saying, labelled, worded

Sentences = tuple[tuple[float, Saying], tuple[float, Saying]]
"""What is said below 50, and else."""


def _either(missed: Saying, kept: Saying) -> Sentences:
    return (50, missed), (101, kept)


WARMTH: Final[Mapping[str, Sentences]] = MappingProxyType(
    {
        "warm": _either(worded("The light was to be warm, and is not."), worded("The light is warm as asked.")),
        "cold": _either(worded("The light was to be cold, and is not."), worded("The light is cold as asked.")),
    }
)
CATCHLIGHT_SIDE: Final[Mapping[str, Sentences]] = MappingProxyType(
    {
        "left": _either(worded("The catchlights are not on the left."), worded("The catchlights are on the left.")),
        "right": _either(worded("The catchlights are not on the right."), worded("The catchlights are on the right.")),
    }
)
PLACE: Final[Mapping[str, Sentences]] = MappingProxyType(
    {
        "light": _either(worded("The place was to be light, and is not."), worded("The place is light as asked.")),
        "dark": _either(worded("The place was to be dark, and is not."), worded("The place is dark as asked.")),
    }
)
UNSEEN: Final[Mapping[str, Saying]] = MappingProxyType(
    {
        "clothes colour": worded("The clothes cannot be seen."),
        "hair colour": worded("The hair cannot be seen."),
    }
)
COLOURS: Final[Mapping[str, Saying]] = MappingProxyType(
    {
        "red": labelled("colour", "red"),
        "orange": labelled("colour", "orange"),
        "yellow": labelled("colour", "yellow"),
        "green": labelled("colour", "green"),
        "teal": labelled("colour", "teal"),
        "blue": labelled("colour", "blue"),
        "purple": labelled("colour", "purple"),
        "pink": labelled("colour", "pink"),
        "brown": labelled("colour", "brown"),
        "dark brown": labelled("colour", "dark brown"),
        "blonde": labelled("colour", "blonde"),
        "beige": labelled("colour", "beige"),
        "white": labelled("colour", "white"),
        "grey": labelled("colour", "grey"),
        "black": labelled("colour", "black"),
    }
)
FRAMING_NAMES: Final[Mapping[str, Saying]] = MappingProxyType(
    {
        "extreme close-up": labelled("framing", "extreme close-up"),
        "close-up": labelled("framing", "close-up"),
        "head and shoulders": labelled("framing", "head and shoulders"),
        "bust": labelled("framing", "bust"),
        "half length": labelled("framing", "half length"),
        "three-quarter": labelled("framing", "three-quarter"),
    }
)


def light_side(side: str, stops: float) -> Sentences:
    """Of light from the left, the right or the front; the cheek at the picture's left is brighter by `stops`."""
    if stops > 0:
        how = worded("the cheek at the left is {stops:.1f} stops brighter", stops=stops)
    else:
        how = worded("the cheek at the right is {stops:.1f} stops brighter", stops=-stops)
    if side == "left":
        missed = worded("Light was to come from the left; {how}.", how=how)
        return _either(missed, worded("Light comes from the left as asked: {how}.", how=how))
    if side == "right":
        missed = worded("Light was to come from the right; {how}.", how=how)
        return _either(missed, worded("Light comes from the right as asked: {how}.", how=how))
    missed = worded("Light was to come from the front; {how}.", how=how)
    return _either(missed, worded("Light comes from the front as asked: {how}.", how=how))


def framing(wanted: str, share: float) -> Sentences:
    """`share` is the face's of the picture's height."""
    name = FRAMING_NAMES[wanted]
    return _either(
        worded("The framing was to be {framing}; the face has {share:.0%} of the height.", framing=name, share=share),
        worded("The framing is {framing} as asked.", framing=name),
    )


def colour(part: str, wanted: str, most: str, *, as_asked: bool) -> Saying:
    """Of clothes or hair; `most` is the colour that most of it goes by."""
    asked, seen = COLOURS[wanted], COLOURS[most]
    if part == "clothes colour":
        if as_asked:
            return worded("The clothes are {colour} as asked.", colour=asked)
        return worded("The clothes were to be {colour}; most of them go by {most}.", colour=asked, most=seen)
    if as_asked:
        return worded("The hair is {colour} as asked.", colour=asked)
    return worded("The hair was to be {colour}; most of it goes by {most}.", colour=asked, most=seen)
