"""One figure for a whole review, by which portraits of one and the same order are put in their order."""

from __future__ import annotations

from statistics import fmean

from engine.review.judged_parts import PortraitReview


def overall(review: PortraitReview) -> float:
    """0 to 100: the mean of the measures that were measured, each counted by its worst part.

    Measures count alike, however many parts each has; a grave fault in one costs its whole share and is not outvoted
    by the other parts of that measure. What was not measured is left out, so that the figure compares portraits of one
    order, which are asked for the same, and not those of different ones. 0 where nothing was measured.
    """
    scores = [measure.score for measure in review.measures if measure.score is not None]
    return fmean(scores) if scores else 0.0
