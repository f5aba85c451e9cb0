"""A judge of portraits by a rule that tests can fulfil: the brighter, the better."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from PIL import Image, ImageStat

from engine.prompt import NOTHING, PortraitPrompt
from engine.review.judged_parts import PortraitReview, References, ReviewMeasure, ReviewPart
from engine.review.portrait_review import NotReviewed


@dataclass
class ByBrightness:
    """Scores 0 to 100; nothing is reviewed while it is `broken`. `looks` counts. Blocking, as every judge is."""

    broken: str = ""
    looks: int = 0
    asked: list[PortraitPrompt] = field(default_factory=list)

    def __call__(
        self,
        picture: bytes,
        prompt: PortraitPrompt = NOTHING,
        references: References = (),
        *,
        photographic: bool = False,
    ) -> PortraitReview:
        self.looks += 1
        self.asked.append(prompt)
        if self.broken:
            raise NotReviewed(self.broken)
        skin = ReviewPart("skin texture", brightness(picture), "The skin has texture.")
        return PortraitReview((ReviewMeasure("skin", (skin,)),))


def brightness(picture: bytes) -> float:
    """0 for black to 100 for white."""
    with Image.open(io.BytesIO(picture)) as opened:
        return round(ImageStat.Stat(opened.convert("L")).mean[0] / 2.55, 3)
