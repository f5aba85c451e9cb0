"""Which of several portraits of one order is delivered: the best by review. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.pictures.kept_reviews import KeptReview
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec


@dataclass(frozen=True, slots=True)
class BestPortrait:
    """The portrait that is shown and those that are a press away, in their order; `reviewed` of all were reviewed.

    `by_review` is False where that could not decide, and the first is shown.
    """

    portrait: Portrait[PictureSpec]
    others: tuple[Portrait[PictureSpec], ...]
    reviewed: int
    by_review: bool


def choose(
    portraits: Sequence[Portrait[PictureSpec]], reviews: Mapping[int, KeptReview], chosen: str | None = None
) -> BestPortrait:
    """The best of at least one portrait, by the reviews that there are; the first of those that are alike.

    `chosen` is the job whose portrait was chosen before, and stays chosen while it is there.
    """
    reviewed = [one for one in portraits if one.id in reviews]
    by_review = len(reviewed) > 1
    best = max(reviewed, key=lambda one: reviews[one.id].overall) if by_review else portraits[0]
    shown = next((one for one in portraits if one.job_id == chosen), best)
    if by_review and shown is not best:
        by_review = shown in reviewed and reviews[shown.id].overall == reviews[best.id].overall
    return BestPortrait(shown, tuple(one for one in portraits if one is not shown), len(reviewed), by_review)
