"""The figure of best of several: what the blind rule says of the best by review against the random one."""

import pytest

from engine.review.judged_parts import PortraitReview, ReviewMeasure, ReviewPart, as_data
from tools.best_of_figure import figure, wilson
from tools.review_report import PAIRS, Area, table


def compared(drawn: int, *portraits: tuple[float, float]) -> dict[str, object]:
    """Portraits by the sum of their faults and their score."""
    rows = [
        {
            "faults": {"blur": faults} if faults else {},
            "review": as_data(PortraitReview((ReviewMeasure("skin", (ReviewPart("skin texture", score, "So."),)),))),
        }
        for faults, score in portraits
    ]
    return {"number": 2, "portraits": rows, "random": drawn}


def test_the_rule_prefers_the_portrait_with_smaller_faults_whatever_the_review_says() -> None:
    right = compared(1, (0, 90), (1, 20), (0.5, 50), (0, 80))
    wrong = compared(0, (0, 40), (1, 95), (0.5, 50), (0, 80))
    same = compared(3, (0, 90), (1, 20), (0.5, 50), (0, 80))
    found = figure([right, right, wrong, same])
    assert (found.best, found.random, found.neither, found.least) == (2, 1, 1, 3)
    assert found.share == pytest.approx(2 / 3)
    assert found.mean == pytest.approx((3 * 0.75 + 0.125) / 4)
    assert found.interval[0] < found.mean < found.interval[1]
    assert wilson(10, 0.5) == pytest.approx((0.237, 0.763), abs=0.001)


def test_skin_is_compared_in_pairs_that_are_alike_but_for_it() -> None:
    def portrait(pair: int | None, skin: str, score: float) -> dict[str, object]:
        return {
            "truth": {"skin": skin, "glasses": False, "age": ""}, "pair": pair, "read": {"good": {"likeness": score}},
        }  # fmt: skip

    rows = [portrait(at, skin, 80 + at + (skin == "dark")) for at in range(4) for skin in ("dark", "fair")]
    told = table([*rows, portrait(None, "dark", 0)], [Area("another person", "likeness", 9, 9, 1.0)], [])
    head, _, line = told.splitlines()[-3:]
    assert (head.split(" | ")[2], line.split(" | ")[2]) == (PAIRS, "+1.0 ± 0.0")
