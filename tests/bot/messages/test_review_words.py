"""Reviews, likenesses over time and models compared, in words."""

import json
from dataclasses import replace

import pytest

from bot.core.best_of_several import BestPortrait
from bot.messages import alt_text, character_card, review_words
from data.orders.attempts import Attempt
from data.orders.series_rows import SeriesFrame
from engine.pictures.contact_sheet import Cell
from engine.review.judged_parts import PortraitReview, ReviewMeasure, ReviewPart, as_data


def review(skin: float, eyes: float | None = None) -> PortraitReview:
    left_out = ("Eyes are not measured: a part is missing. Install it: pip install something.",)
    return PortraitReview(
        (
            ReviewMeasure("skin", (ReviewPart("skin texture", skin, "The skin has texture."),)),
            ReviewMeasure("eyes", (ReviewPart("eye sharpness", eyes, "The face is too small."),)),
            ReviewMeasure("same face", ()),
            ReviewMeasure("asked for", (ReviewPart("framing", 100.0, "As asked."),)),
        ),
        left_out,
    )


def best(others: int, reviewed: int, *, by_review: bool) -> BestPortrait:
    return BestPortrait(None, (None,) * others, reviewed, by_review)  # type: ignore[arg-type]  # they are only counted


FACE = Attempt(number=1, seed=1, likenesses=(91.2,), chosen=True)
SECOND = replace(FACE, number=2, chosen=False, review=40.0)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (review_words.card_field(None), None),
        (review_words.card_field(PortraitReview(())), None),
        (review_words.card_field(review(81.6)), ("Review", "Skin 82")),
        (review_words.card_field(review(80, 70), [FACE]), ("Review", "Skin 80 · Eyes 70 · Same face 91")),
        (
            review_words.card_field(review(80), [FACE, SECOND]),
            ("Review", "Skin 80 · Same face 91\nThe best of 2 tries."),
        ),
        (review_words.card_field(review(80), (), best(3, 4, by_review=True)), ("Best of 4", "Skin 80")),
        (
            review_words.card_field(review(80), (), best(3, 3, by_review=True)),
            ("Best of 4", "Skin 80\nNot all could be reviewed; left out: 1."),
        ),
        (review_words.card_field(None, (), best(3, 4, by_review=True)), ("Best of 4", "It was chosen by its review.")),
        (
            review_words.card_field(None, (), best(3, 0, by_review=False)),
            ("The first of 4", "They could not be reviewed, so the first is shown."),
        ),
        (review_words.card_field(review(80), (), best(0, 1, by_review=False)), ("Review", "Skin 80")),
    ],
)
def test_a_card_says_what_was_reviewed_and_how_it_was_chosen(
    told: tuple[str, str] | None, field: tuple[str, str] | None
) -> None:
    assert told == field


def test_models_of_a_series_stand_beside_each_other_with_median_and_worst() -> None:
    frame = SeriesFrame(1, "beach", "1", "order", "one", "delivered", "", 1, "a", 90.0, False, "The One", 2.0, 10, None)
    frames = [
        replace(frame, review=json.dumps(as_data(review(80)))),
        replace(frame, number=2, review=json.dumps(as_data(review(60))), likeness=70.0),
        replace(frame, number=3, model="two", model_title="The Two", review="{", likeness=None),
        replace(frame, number=4, model="two", model_title=None, portrait_id=None, render_s=None, likeness=None),
    ]
    assert review_words.of_models(frames[:2]) == []
    assert review_words.of_models(frames) == [
        (
            "The One · 2 of 2 frames",
            "Skin 70 (60) · Same face 80 (70) · As asked 100 (100)\nPrompt followed 100% · 2.0 s · 10 credits",
        ),
        ("The Two · 1 of 2 frames", "Not reviewed.\n2.0 s · 10 credits"),
    ]


def test_a_face_over_time_and_a_series_curve_are_told_in_figures() -> None:
    assert character_card._lately([(7, 90.0)]) == ()
    told = character_card._lately([(7, 90.0), (9, 31.0), (12, 100.0)])
    assert told == ("Over time `█▃█` 90, 31, 100", "The least of these is 31, in No. 9.")
    cells = [Cell(number=n, label="sea", picture=b"-", likeness=like) for n, like in enumerate((91, None, 55), 1)]
    assert "Likeness by frame as a curve: frame 1 91, frame 3 55; median 73, worst 55." in alt_text.of_sheet("A", cells)
    assert "curve" not in alt_text.of_sheet("A", cells[:2])
