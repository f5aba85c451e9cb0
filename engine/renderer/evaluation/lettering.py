"""Words in pictures, read by the `tesseract` command where it is installed."""

from __future__ import annotations

import io
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
_LAYOUTS: Final = ("11", "6")
"""tesseract's page segmentation: words anywhere, and one block of them."""
_PLAIN: Final = re.compile(r"[^A-Z0-9]+")


def missing() -> str:
    """Why words cannot be read here; "" when they can."""
    return "" if shutil.which(COMMAND) else f"the {COMMAND} command is not installed"


def same(told: str, asked: str) -> bool:
    """Whether the asked words are among those that were read, whatever case, spaces and stops."""
    return _plain(asked) in _plain(told)


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
    whole = Image.fromarray(picture).convert("L")
    lower = whole.crop((0, whole.height // 3, whole.width, whole.height))
    middle = whole.crop((whole.width // 6, whole.height // 4, whole.width * 5 // 6, whole.height * 3 // 4))
    upper = whole.crop((whole.width // 2, 0, whole.width, whole.height * 2 // 3))
    other = whole.crop((0, 0, whole.width // 2, whole.height * 2 // 3))
    for times in _ENLARGED:
        for part in (whole, lower, middle, upper, other):
            large = ImageOps.autocontrast(
                part.resize((part.width * times, part.height * times), Image.Resampling.BICUBIC), 1
            )
            yield large
            yield ImageOps.invert(large)


def _read(part: Image.Image, layout: str) -> str:
    raw = io.BytesIO()
    part.save(raw, "PNG", compress_level=1)
    command = [COMMAND, "stdin", "stdout", "--psm", layout, "-l", "eng"]
    told = subprocess.run(  # noqa: S603  # fixed words, and the picture as input
        command, input=raw.getvalue(), capture_output=True, timeout=_LIMIT_S, check=False
    )
    return told.stdout.decode(errors="replace")


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.upper())
