"""Words in pictures, read by the `tesseract` command where it is installed."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Picture = npt.NDArray[np.uint8]

COMMAND: Final = "tesseract"
_LIMIT_S: Final = 60.0
_ENLARGED: Final = (2, 4)
_CLOSE: Final = 6
_LOOKED_AT: Final = 14
_LAYOUTS: Final = ("11", "6")
"""tesseract's page segmentation: words anywhere, and one block of them."""
_PLAIN: Final = re.compile(r"[^A-Z0-9]+")


def missing() -> str:
    """Why words cannot be read here; "" when they can."""
    return "" if shutil.which(COMMAND) else f"the {COMMAND} command is not installed"


def same(told: str, asked: str) -> bool:
    """Whether the asked words were read one after the other, whatever case, spaces, stops, and specks between lines."""
    rest = _plain(told)
    for word in asked.split():
        _, found, rest = rest.partition(_plain(word))
        if not found:
            return False
    return True


def read(picture: Picture, asked: str) -> str:
    """What stands in a picture (H, W, 3): the first reading that has the asked words, or else the longest one.

    The picture is looked at in several sizes, whole and in parts, and as a negative: as a person steps closer.
    """
    longest = ""
    for part in _parts(picture):
        for layout in _LAYOUTS:
            told = " ".join(_read(part, layout).split())
            if same(told, asked):
                return told
            longest = max(longest, told, key=len)
    return longest


def _parts(picture: Picture) -> Iterator[Image.Image]:
    """The whole, then what looks most like writing, each as it is and as a negative."""
    whole = Image.fromarray(picture).convert("L")
    for times in _ENLARGED:
        yield from _both(whole, times)
    for box in _written(np.asarray(whole, float)):
        yield from _both(whole.crop(box), _CLOSE)


def _both(part: Image.Image, times: int) -> Iterator[Image.Image]:
    large = part.resize((part.width * times, part.height * times), Image.Resampling.BICUBIC)
    large = ImageOps.autocontrast(large, 1)
    yield large
    yield ImageOps.invert(large)


def _written(grey: npt.NDArray[np.float64]) -> list[tuple[int, int, int, int]]:
    """Parts (left, top, right, bottom) of a grey picture with the most upright strokes, no two the same."""
    height, width = grey.shape
    tall, wide = height // 8, width // 3
    strokes = np.minimum(np.abs(np.diff(grey, axis=1)), 60) ** 2
    found = [
        (float(strokes[top : top + tall, left : left + wide].mean()), (left, top, left + wide, top + tall))
        for top in range(0, height - tall + 1, tall // 2)
        for left in range(0, width - wide + 1, wide // 3)
    ]
    return [box for _, box in sorted(found, reverse=True)[:_LOOKED_AT]]


def _read(part: Image.Image, layout: str) -> str:
    raw = io.BytesIO()
    part.save(raw, "PNG", compress_level=1)
    command = [COMMAND, "stdin", "stdout", "--psm", layout, "-l", "eng"]
    told = subprocess.run(  # noqa: S603  # fixed words, and the picture as input
        command, input=raw.getvalue(), capture_output=True, timeout=_LIMIT_S, check=False, env=_environment()
    )
    return told.stdout.decode(errors="replace")


def _environment() -> dict[str, str]:
    """One thread: more of them are slower for pictures so small."""
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.upper())
