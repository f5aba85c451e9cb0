"""Words in a picture, read by the `tesseract` command where it is installed, within a bounded number of looks."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from engine.review.face_frame import FaceFrame, Picture
from engine.sayings import worded

COMMAND: Final = "tesseract"
_LIMIT_S: Final = 20.0
_ROWS_PX: Final = 220
"""How high a part is made before it is read: tesseract likes letters of 30 to 90 pixels."""
_LOOKS: Final = 3
"""So many parts are read at most: each takes a quarter of a second."""
_TALL, _WIDE = 12, 4
"""Into so many rows and columns a picture is parted to look for strokes."""
_ROOM: Final = (0.6, 0.4)
"""Room to the sides and up and down round a part, in its own widths and heights."""
_PLAIN: Final = re.compile(r"[^A-Z0-9]+")


class NotRead(RuntimeError):
    """The command that reads words failed; str() says how, as a clause. Nothing is then known of the words."""


def missing() -> str:
    """Why words cannot be read here, as a clause; "" when they can."""
    return "" if shutil.which(COMMAND) else worded("the {command} command is not installed", command=COMMAND)


def legibility(frame: FaceFrame, asked: str) -> tuple[float, str]:
    """How much of the asked words can be read, 0 to 1, and what was read where most of them could. Raises NotRead."""
    wanted, best = _plain(asked), (0.0, "")
    for part in _parts(frame):
        told = " ".join(_read(part).split())
        best = max(best, (_held(_plain(told), wanted), told))
        if best[0] >= 1:
            break
    return best


def _held(told: str, wanted: str) -> float:
    """The share of the wanted letters that stand in what was read, in order and close together."""
    if not wanted or not told:
        return 0.0
    if wanted in told:
        return 1.0
    size = len(wanted)
    windows = (told[at : at + size + 1] for at in range(max(1, len(told) - size + 1)))
    return min(0.95, max(SequenceMatcher(None, wanted, window).ratio() for window in windows))


def _parts(frame: FaceFrame) -> Iterator[Image.Image]:
    """What looks most like writing, dark on light: first on the chest, then anywhere."""
    grey = Image.fromarray(frame.picture).convert("L")
    for box in _written(np.asarray(grey, float), frame)[:_LOOKS]:
        part = grey.crop(box)
        times = _ROWS_PX / part.height
        large = part.resize((round(part.width * times), _ROWS_PX), Image.Resampling.BICUBIC)
        large = ImageOps.autocontrast(large, 1)
        yield ImageOps.invert(large) if _light_on_dark(np.asarray(large)) else large


def _light_on_dark(grey: Picture) -> bool:
    """Letters cover less than what they stand on."""
    middle = (float(grey.min()) + float(grey.max())) / 2
    return float((grey > middle).mean()) < 0.5


def _written(grey: npt.NDArray[np.float64], frame: FaceFrame) -> list[tuple[int, int, int, int]]:
    """Parts (left, top, right, bottom) round what has the most upright strokes, off the head, no two the same."""
    height, width = grey.shape
    strokes = np.minimum(np.abs(np.diff(grey, axis=1, append=grey[:, -1:])), 60) ** 2
    strokes[(np.abs(frame.u) < 1.5) & (frame.v < 2.0) & (frame.v > -2.2)] = 0
    total = np.pad(strokes.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall, wide = height // _TALL, width // _WIDE
    found = []
    for top in range(0, height - tall + 1, max(1, tall // 2)):
        for left in range(0, width - wide + 1, max(1, wide // 4)):
            bottom, right = top + tall, left + wide
            inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
            found.append((float(inside), (left, top, right, bottom)))
    kept = _distinct([box for _, box in sorted(found, reverse=True)[:60]])
    return [_wider(box, width, height) for box in kept]


def _wider(box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """With room round it, for the rest of the word."""
    aside, up = round(_ROOM[0] * (box[2] - box[0])), round(_ROOM[1] * (box[3] - box[1]))
    return max(0, box[0] - aside), max(0, box[1] - up), min(width, box[2] + aside), min(height, box[3] + up)


def _distinct(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Without those that show nearly what an earlier one shows."""
    kept: list[tuple[int, int, int, int]] = []
    for box in boxes:
        if all(_overlap(box, other) < 0.6 for other in kept):
            kept.append(box)
    return kept


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((each[2] - each[0]) * (each[3] - each[1]) for each in (one, other))
    return max(0, wide) * max(0, tall) / max(smaller, 1)


def _read(part: Image.Image) -> str:
    raw = io.BytesIO()
    part.save(raw, "PNG", compress_level=1)
    command = [COMMAND, "stdin", "stdout", "--psm", "6", "-l", "eng"]
    told = subprocess.run(  # noqa: S603  # fixed words, and the picture as input
        command, input=raw.getvalue(), capture_output=True, timeout=_LIMIT_S, check=False,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    if told.returncode:
        raise NotRead(worded("the {command} command ended with {code}", command=COMMAND, code=told.returncode))
    return told.stdout.decode(errors="replace")


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.upper())
