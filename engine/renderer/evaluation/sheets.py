"""Many pictures on one sheet, as they came."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]

COLUMNS: Final = 8
DRAWN: Final = 48
_SEED: Final = 20_481
_MOST_BYTES: Final = 4_000_000
_QUALITIES: Final = (88, 82, 75, 68)


def drawn(names: list[str], count: int = DRAWN, seed: int = _SEED) -> list[str]:
    """Some of the names by chance, always the same ones, in their order."""
    return sorted(random.Random(seed).sample(sorted(names), min(count, len(names))))


def sheet(pictures: Mapping[str, Picture], columns: int = COLUMNS) -> Image.Image:
    """The pictures in rows, each at its own size; the last row may be short."""
    first = next(iter(pictures.values()))
    height, width = first.shape[:2]
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (width * min(columns, len(pictures)), height * rows), (16, 16, 16))
    for at, picture in enumerate(pictures.values()):
        whole.paste(Image.fromarray(picture), (at % columns * width, at // columns * height))
    return whole


def save(whole: Image.Image, file: Path) -> None:
    """As JPEG of less than four megabytes: at a lower quality, and then smaller, until it is."""
    scale = 1.0
    while True:
        size = (round(whole.width * scale), round(whole.height * scale))
        shown = whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            shown.save(file, "JPEG", quality=quality, optimize=True)
            if file.stat().st_size < _MOST_BYTES:
                return
        scale *= 0.8
