"""A classifier that judges by a rule that tests can fulfil: how much of a picture is about magenta."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from engine.safety.not_scored import NotScored

MAGENTA: Final = (255, 0, 255)


@dataclass
class ByColour:
    """Scores the share of pixels that differ from magenta by at most `tolerance` in each colour: with 255, all do.

    What is no picture is not scored, and nothing is while it is `broken`. Blocking, as every classifier is.
    """

    tolerance: int = 40
    broken: str = ""
    name: str = "by colour 1"

    def score(self, picture: bytes) -> float:
        if self.broken:
            raise NotScored(self.broken)
        try:
            with Image.open(io.BytesIO(picture)) as opened:
                small = opened.convert("RGB").resize((16, 16)).tobytes()
        except OSError as error:
            raise NotScored("that is no picture") from error
        wanted = MAGENTA * (len(small) // 3)
        near = [abs(one - other) <= self.tolerance for one, other in zip(small, wanted, strict=True)]
        return sum(all(near[at : at + 3]) for at in range(0, len(near), 3)) / (len(near) // 3)
