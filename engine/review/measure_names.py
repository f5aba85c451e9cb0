"""The measures by name, and what several reviews say together of what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from engine.review.judged_parts import PortraitReview

SAME_FACE: Final = "same face"
ASKED_FOR: Final = "asked for"
MEASURES: Final = ("skin", "light", "eyes", "anatomy", SAME_FACE, ASKED_FOR)
_ASKED: Final = frozenset({"light side", "frontal light", "warmth", "face count"})
"""Parts of other measures than "asked for" that compare with the prompt's words."""
_SEEN: Final = 50.0
"""The score from which a part says that it is there as asked."""


def as_asked(reviews: Sequence[PortraitReview]) -> float | None:
    """The share (0 to 1) of what was asked for and can be looked for that is there; None where nothing was."""
    scores = [
        part.score
        for review in reviews
        for measure in review.measures
        for part in measure.parts
        if part.score is not None and (measure.name == ASKED_FOR or part.name in _ASKED)
    ]
    return fmean(score >= _SEEN for score in scores) if scores else None
