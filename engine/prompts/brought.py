"""What a text brings along from other tools beside its words, and how shapes and seeds are read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from engine.prompts.portrait_prompt import ASPECTS

MAX_SEED: Final = 2**63 - 1
_RATIO: Final = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*[:x×/]\s*(\d{1,5}(?:\.\d{1,3})?)(?![\w:/.])", re.I)


@dataclass(slots=True)
class Brought:
    """What was taken out of a text. `ignored` means nothing here and is told to the person; `drawn` are choices, as
    "forest|beach: beach", drawn by `draw`."""

    aspect: str | None = None
    seed: int | None = None
    negative: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    draw: int = 0


def nearest_aspect(width: float, height: float) -> str | None:
    """The one of `ASPECTS` nearest in shape; None when a side is not positive."""
    if width <= 0 or height <= 0:
        return None
    wanted = math.log(width / height)
    return min(ASPECTS, key=lambda aspect: abs(wanted - math.log(_ratio(aspect))))


def _ratio(aspect: str) -> float:
    width, height = aspect.split(":")
    return int(width) / int(height)


def aspect_in(text: str) -> str | None:
    """Read "2:3", "832x1216" and the like; None when the whole text is not a shape."""
    text = text.strip()
    found = _RATIO.match(text)
    return nearest_aspect(float(found[1]), float(found[2])) if found and found.end() == len(text) else None


def seed_in(text: str) -> int | None:
    """Read a seed; None when it is none or out of range."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    return int(text) if int(text) <= MAX_SEED else None
