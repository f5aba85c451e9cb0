"""Charts of a server's figures, drawn with Pillow: readable on Discord's dark background. Blocking; use a thread."""

import io
from collections.abc import Mapping, Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SIZE: Final = (960, 480)
BACKGROUND: Final = "#1e1f22"
INK: Final = "#f2f3f5"
FAINT: Final = "#4e5058"
SERIES: Final = ("#c8553d", "#e5b25d", "#5d9c9b", "#8a7fb5", "#7fa650", "#b5657f", "#5b7fb5", "#a0a4ab")
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 70, 30, 60
_SCALE_LINES = 4


def stacked_days(title: str, days: Sequence[str], series: Mapping[str, Sequence[int]]) -> bytes:
    """A PNG of stacked bars, one a day; `series` maps a name to as many figures as there are days."""
    picture = Image.new("RGB", SIZE, BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.text((_LEFT, 18), title, fill=INK, font=ImageFont.load_default(22))
    totals = [sum(figures[index] for figures in series.values()) for index in range(len(days))]
    top = _round_up(max(totals, default=0))
    _draw_scale(draw, top)
    _draw_bars(draw, days, series, top)
    _draw_legend(draw, list(series))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _round_up(value: int) -> int:
    """A top of the scale that divides into whole quarters."""
    step = _SCALE_LINES
    while step < value:
        step *= 2 if step % 10 else 5
    return step


def _height(value: float, top: int) -> float:
    return (SIZE[1] - _TOP - _BOTTOM) * value / top


def _draw_scale(draw: ImageDraw.ImageDraw, top: int) -> None:
    font = ImageFont.load_default(14)
    for line in range(_SCALE_LINES + 1):
        value = top * line // _SCALE_LINES
        y = SIZE[1] - _BOTTOM - _height(value, top)
        draw.line([(_LEFT, y), (SIZE[0] - _RIGHT, y)], fill=FAINT)
        draw.text((_LEFT - 10, y), str(value), fill=INK, font=font, anchor="rm")


def _draw_bars(draw: ImageDraw.ImageDraw, days: Sequence[str], series: Mapping[str, Sequence[int]], top: int) -> None:
    room = (SIZE[0] - _LEFT - _RIGHT) / max(len(days), 1)
    font = ImageFont.load_default(13)
    every = max(1, round(60 / room))
    for index, day in enumerate(days):
        left, floor = _LEFT + room * index + room * 0.15, float(SIZE[1] - _BOTTOM)
        for number, figures in enumerate(series.values()):
            height = _height(figures[index], top)
            if height:
                colour = SERIES[number % len(SERIES)]
                draw.rectangle([(left, floor - height), (left + room * 0.7, floor)], fill=colour)
                floor -= height
        if index % every == 0:
            draw.text((left + room * 0.35, SIZE[1] - _BOTTOM + 8), day, fill=INK, font=font, anchor="ma")


def _draw_legend(draw: ImageDraw.ImageDraw, names: Sequence[str]) -> None:
    font = ImageFont.load_default(14)
    x = float(_LEFT)
    for number, name in enumerate(names[: len(SERIES)]):
        draw.rectangle([(x, SIZE[1] - 22), (x + 12, SIZE[1] - 10)], fill=SERIES[number])
        draw.text((x + 18, SIZE[1] - 16), name, fill=INK, font=font, anchor="lm")
        x += 34 + draw.textlength(name, font=font)
