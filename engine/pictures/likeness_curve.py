"""How a face held over the frames of a series, as a curve on its contact sheet. Blocking; belongs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from PIL import ImageDraw, ImageFont

from engine.faces.likeness import ACCEPTED

_INK: Final = (28, 28, 30)
_FAINT: Final = (120, 120, 124)
_LINE: Final = (214, 211, 204)
_CURVE: Final = (70, 108, 140)
_WORST: Final = (200, 85, 61)
_FONT: Final = ImageFont.load_default(size=17)
_TITLE_PX: Final = 44
_NUMBERS_PX: Final = 26
_SCALE_PX: Final = 62
_DOT_PX: Final = 6
_FEW: Final = 16
"""Up to so many frames have their figure beside their point; of more, the worst alone."""

Frames = Sequence[tuple[int, int | None]]
"""The number of each frame and its likeness, 0 to 100; None where it was not measured."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


def draw(canvas: ImageDraw.ImageDraw, frames: Frames, box: Box) -> None:
    """Draw the likenesses of two frames or more, the median as a line and the worst in another colour."""
    left, top, right, bottom = box
    plot = (left + _SCALE_PX, top + _TITLE_PX, right - _SCALE_PX, bottom - _NUMBERS_PX)
    known = [value for _, value in frames if value is not None]
    middle = median(known)
    short = f"Likeness by frame; dashed: median {middle:.0f}"
    title = f"{short}; from {ACCEPTED:.0f} on the face counts as the same"
    fits = canvas.textlength(title, _FONT) <= right - left
    canvas.text((left, top), title if fits else short, _FAINT, _FONT)
    for value in (0, 20, 40, 60, 80, 100):
        y = _y(plot, value)
        canvas.line((plot[0] - 18, y, plot[2] + 18, y), _FAINT if value == ACCEPTED else _LINE, 1)
        if value in (0, ACCEPTED, 100):
            canvas.text((plot[0] - 24, y), str(value), _FAINT, _FONT, anchor="rm")
    _dashes(canvas, plot, _y(plot, middle))
    _points(canvas, frames, plot, min(known))
    for place, (number, _) in enumerate(frames):
        canvas.text((_x(plot, place, len(frames)), bottom), str(number), _FAINT, _FONT, anchor="mb")


def _points(canvas: ImageDraw.ImageDraw, frames: Frames, plot: Box, worst: int) -> None:
    """A dot for each measured frame, a line between neighbours: a gap where one was not measured."""
    at = {
        place: (_x(plot, place, len(frames)), _y(plot, value), value)
        for place, (_, value) in enumerate(frames)
        if value is not None
    }
    for one, following in pairwise(at):
        if following == one + 1:
            canvas.line((*at[one][:2], *at[following][:2]), _CURVE, 3)
    first_worst = next(place for place, found in at.items() if found[2] == worst)
    for place, (x, y, value) in at.items():
        colour = _WORST if place == first_worst else _CURVE
        canvas.ellipse((x - _DOT_PX, y - _DOT_PX, x + _DOT_PX, y + _DOT_PX), colour)
        if place == first_worst or len(at) <= _FEW:
            # Where the line goes up to both sides the figure stands below it, if there is room.
            beside = [at[one][2] for one in (place - 1, place + 1) if one in at]
            below = all(value < other for other in beside) and y + 34 < plot[3]
            spot, anchor = ((x, y + 10), "mt") if below else ((x, y - 9), "mb")
            canvas.text(spot, str(value), _INK, _FONT, anchor=anchor)


def _dashes(canvas: ImageDraw.ImageDraw, plot: Box, y: float) -> None:
    x = plot[0]
    while x < plot[2]:
        canvas.line((x, y, min(x + 9, plot[2]), y), _CURVE, 1)
        x += 16


def _x(plot: Box, place: int, count: int) -> float:
    return plot[0] + (plot[2] - plot[0]) * place / max(1, count - 1)


def _y(plot: Box, value: float) -> float:
    return plot[3] - (plot[3] - plot[1]) * value / 100
