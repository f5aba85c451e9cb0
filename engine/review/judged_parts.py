"""What a review is made of: measures of parts, each with a score of 0 to 100, a sentence, and what was read.

`known_answers.toml` says of each part how well it tells good from bad on portraits whose truth is known; a part that
cannot is not shown. The validation (`python -m tools.review_validation`) writes that file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any, Final

from engine.sayings import Saying, from_parts, to_parts, worded

ANSWERS: Final = Path(__file__).with_name("known_answers.toml")
LEAST_AREA: Final = 0.8
"""A part whose area under the curve is below this on any kind of bad picture is not offered."""
TO_INSTALL: Final = "Install it:"
"""How a line of what is left out begins that is for the operator."""
_EXACT: Final = frozenset({"aspect"})
"""Mere arithmetic, which needs no known answers."""


References = Sequence[Sequence[bytes]]
"""Of each character that was asked for, the embeddings (`engine.faces.identity`) of its reference pictures."""


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """One thing that was looked at. `score` is None where it could not be measured; `told` then says why."""

    name: str
    score: float | None
    told: str
    read: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReviewMeasure:
    """One of the measures: its score is that of its worst part, and so is its sentence."""

    name: str
    parts: tuple[ReviewPart, ...]

    @property
    def worst(self) -> ReviewPart | None:
        """The part with the lowest score; None where nothing could be measured."""
        scored = [part for part in self.parts if part.score is not None]
        return min(scored, key=lambda part: part.score or 0.0, default=None)

    @property
    def score(self) -> float | None:
        """0 to 100; None where nothing could be measured."""
        return None if self.worst is None else self.worst.score

    @property
    def told(self) -> str:
        """A sentence: what is worst, or that nothing is wrong, or why nothing could be measured."""
        if self.worst is None:
            return next((part.told for part in self.parts), worded("Nothing of this was asked for."))
        return self.worst.told


@dataclass(frozen=True, slots=True)
class PortraitReview:
    """A portrait's measures in their order."""

    measures: tuple[ReviewMeasure, ...]
    left_out: tuple[str, ...] = ()
    """What could not be measured on this machine, and why, as sentences."""

    def measure(self, name: str) -> ReviewMeasure:
        """The measure of that name. Raises KeyError."""
        return {each.name: each for each in self.measures}[name]


def over_series(reviews: Sequence[PortraitReview], measure: str) -> tuple[float, float] | None:
    """The median and the worst score of a measure over the pictures of a series; None where none was measured.

    A picture that lacks the measure is not counted.
    """
    scored = [each.score for review in reviews for each in review.measures if each.name == measure]
    known = [score for score in scored if score is not None]
    return (median(known), min(known)) if known else None


def between(value: float, bad: float, good: float) -> float:
    """0 to 100: 0 at `bad` and beyond, 100 at `good`, a straight line between; `bad` may be above `good`."""
    return 100.0 * min(1.0, max(0.0, (value - bad) / (good - bad)))


@lru_cache(maxsize=1)
def known_answers() -> Mapping[str, float]:
    """By part, the smallest area under the curve that it has for any kind of bad picture."""
    return {name: float(area) for name, area in tomllib.loads(ANSWERS.read_text(encoding="utf-8"))["areas"].items()}


def offered(part: ReviewPart) -> bool:
    """Whether the part tells good from bad; one that no known answer exists for does not."""
    return part.name in _EXACT or known_answers().get(part.name, 0.0) >= LEAST_AREA


def as_data(review: PortraitReview) -> dict[str, Any]:
    """The review as JSON can carry it."""
    return {
        "measures": {
            each.name: {
                "score": _rounded(each.score),
                "told": each.told,
                "parts": {
                    part.name: {
                        "score": _rounded(part.score),
                        "told": part.told,
                        "read": dict(part.read),
                        **_said(part),
                    }
                    for part in each.parts
                },
            }
            for each in review.measures
        },
        "left_out": [to_parts(each) for each in review.left_out],
    }


def from_data(told: Mapping[str, Any]) -> PortraitReview:
    """The review that was told as data. Raises KeyError, TypeError for what is none."""
    measures = tuple(
        ReviewMeasure(name, tuple(_part(part, facts) for part, facts in each["parts"].items()))
        for name, each in told["measures"].items()
    )
    return PortraitReview(measures, tuple(map(from_parts, told["left_out"])))


def _said(part: ReviewPart) -> dict[str, Any]:
    """What its sentence was made of, for it to be said in another language."""
    return {"said": to_parts(part.told)} if isinstance(part.told, Saying) else {}


def _part(name: str, facts: Mapping[str, Any]) -> ReviewPart:
    return ReviewPart(name, facts["score"], from_parts(facts.get("said", facts["told"])), facts["read"])


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 1)
