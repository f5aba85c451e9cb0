"""What the engine learns from its own renders."""

import pytest

from engine.queue.fair_queue import BatchKey, batch_key
from engine.queue.timings import Timings
from tests.engine.stage import job

KEY: BatchKey = batch_key(job("A1", 0))


def learned(*times: tuple[int, float]) -> Timings:
    timings = Timings()
    for batch, render_s in times:
        timings.measured(KEY, batch, render_s)
    return timings


def test_nothing_is_claimed_before_anything_was_measured() -> None:
    assert Timings().job_s(KEY) is None
    assert Timings().turn_s(KEY) is None


def test_batches_are_tried_by_doubling() -> None:
    timings = Timings()
    sizes = []
    for _ in range(5):
        sizes.append(timings.batch_size(KEY, 20, 8))
        timings.measured(KEY, sizes[-1], 1.0 + 0.1 * sizes[-1])
    assert sizes == [1, 2, 4, 8, 8]


def test_doubling_stops_where_it_does_not_pay() -> None:
    timings = learned((1, 1.0), (2, 2.0))
    assert timings.batch_size(KEY, 20, 8) == 1


def test_the_smallest_batch_near_the_best_is_taken() -> None:
    timings = learned((1, 1.0), (2, 1.1), (4, 2.1), (8, 4.2))
    assert timings.batch_size(KEY, 20, 8) == 2


def test_no_batch_is_larger_than_the_limit_or_who_waits() -> None:
    timings = learned((1, 1.0), (2, 1.1), (4, 1.2), (8, 1.3))
    assert timings.batch_size(KEY, 3, 8) == 3
    assert timings.batch_size(KEY, 20, 5) == 5


def test_one_slow_render_does_not_decide() -> None:
    timings = learned((1, 1.0), (2, 9.0), (2, 1.1), (2, 1.2), (1, 1.0))
    assert timings.job_s(KEY) is not None
    assert timings.batch_size(KEY, 2, 2) == 2


def test_a_size_that_was_measured_badly_gets_another_chance() -> None:
    timings = learned((1, 1.0), (2, 9.0))
    sizes = [timings.batch_size(KEY, 20, 8) for _ in range(64)]
    assert sizes.count(2) == 2
    assert set(sizes) == {1, 2}


def test_more_steps_take_longer_in_proportion() -> None:
    timings = learned((1, 1.0))
    assert timings.job_s(KEY._replace(steps=8)) == (2.0, 2.0)


def test_an_unmeasured_size_of_the_model_is_told_by_its_area() -> None:
    timings = learned((1, 1.0))
    assert timings.job_s(KEY._replace(width=64)) == (2.0, 2.0)
    assert timings.job_s(KEY._replace(model="another")) is None


def test_a_turn_costs_less_in_a_batch() -> None:
    timings = learned((1, 1.0), (4, 2.0))
    assert timings.turn_s(KEY) == (0.5, 1.0)
    assert timings.job_s(KEY) == (1.0, 2.0)


@pytest.mark.parametrize("render_s", [0, -1.0, float("nan"), float("inf"), "soon", None])
def test_a_time_that_cannot_be_one_teaches_nothing(render_s: float) -> None:
    timings = Timings()
    timings.measured(KEY, 1, render_s)
    assert timings.job_s(KEY) is None
    assert timings.batch_size(KEY, 4, 4) == 1
