"""The figure that ranks reviews: what is better in everything comes first, and nothing measured is nothing."""

from engine.review.judged_parts import PortraitReview, ReviewMeasure, ReviewPart
from engine.review.ranking import overall


def review(*scores: float | None) -> PortraitReview:
    names = ("skin", "light", "eyes", "anatomy")
    parts = [(name, ReviewPart(name, score, "")) for name, score in zip(names, scores, strict=False)]
    return PortraitReview(tuple(ReviewMeasure(name, (part,)) for name, part in parts))


def test_what_is_better_in_everything_comes_first() -> None:
    assert 0 <= overall(review(20, 30, 40)) < overall(review(60, 70, 80)) <= 100
    assert overall(review(None, None)) == overall(PortraitReview(())) == 0
