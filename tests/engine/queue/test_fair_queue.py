"""Whose turn it is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.jobs.job import Job, Lane
from engine.queue.fair_queue import PASSES_IN_A_ROW, BatchKey, FairQueue
from tests.engine.stage import job, jobs


def one(key: BatchKey, candidates: int) -> int:
    return 1


def eight(key: BatchKey, candidates: int) -> int:
    return 8


def unlimited(user: str) -> int:
    return 10**6


def queue_of(*some: Job) -> FairQueue:
    queue = FairQueue()
    for each in some:
        queue.add(each)
    return queue


def drained(queue: FairQueue) -> list[str]:
    order: list[str] = []
    while batch := queue.pick(one, unlimited):
        order += [each.id for each in batch]
    return order


def test_users_take_turns() -> None:
    queue = queue_of(*jobs("A1 A2 B1 C1 C2 A3"))
    assert [each.id for each in queue.in_order()] == ["A1", "B1", "C1", "A2", "C2", "A3"]
    assert drained(queue) == ["A1", "B1", "C1", "A2", "C2", "A3"]


def test_a_batch_is_filled_in_fair_order() -> None:
    queue = queue_of(*jobs("A1 A2 B1 C1 C2 A3"))
    picked = queue.pick(lambda key, candidates: 4, unlimited)
    assert [each.id for each in picked] == ["A1", "B1", "C1", "A2"]


def test_a_batch_takes_along_only_what_fits() -> None:
    other = job("B1", 1, width=48)
    queue = queue_of(job("A1", 0), other, job("C1", 2), job("D1", 3, guidance=4.0), job("A2", 4))
    assert [each.id for each in queue.pick(eight, unlimited)] == ["A1", "C1", "A2"]
    assert [each.id for each in queue.pick(eight, unlimited)] == ["B1"]


def test_somebody_new_comes_before_the_next_job_of_a_user_with_200() -> None:
    """200 jobs of one user never delay another user's single job by more than the batch that runs."""
    many = [job(f"A{nth}", nth) for nth in range(200)]
    queue = queue_of(*many)
    queue.pick(eight, unlimited)
    queue.add(job("B1", 500, model="another"))
    assert [each.id for each in queue.pick(eight, unlimited)] == ["B1"]


def test_serving_a_user_alone_is_not_held_against_the_next_newcomer() -> None:
    queue = queue_of(*jobs("A1 A2 A3 A4"))
    for _ in range(3):
        queue.pick(one, unlimited)
    queue.add(job("B1", 10))
    queue.add(job("B2", 11))
    assert drained(queue) == ["B1", "A4", "B2"]


def test_resubmitting_after_each_job_does_not_jump_the_line() -> None:
    queue = queue_of(*jobs("A1 B1 C1"))
    order = []
    for arrival in range(10, 16):
        (picked,) = queue.pick(one, unlimited)
        order.append(picked.user)
        queue.add(job(f"{picked.user}{arrival}", arrival))
    assert order == ["A", "B", "C", "A", "B", "C"]


def test_fast_goes_first_but_one_pick_in_eight_is_standard() -> None:
    fast = [job(f"F{nth}", nth, lane=Lane.FAST) for nth in range(20)]
    standard = [job(f"S{nth}", 100 + nth) for nth in range(5)]
    queue = queue_of(*fast, *standard)
    expected = [each.id for each in queue.in_order()]
    order = drained(queue)
    assert order == expected
    assert [name[0] for name in order[:16]] == list("FFFFFFFS" * 2)


def test_one_seat_in_eight_of_a_shared_batch_is_standard() -> None:
    fast = [job(f"F{nth}", nth, lane=Lane.FAST) for nth in range(20)]
    queue = queue_of(*fast, job("S1", 100), job("S2", 101))
    assert "".join(each.id[0] for each in queue.pick(eight, unlimited)) == "FFFFFFFS"


def test_a_standard_job_that_fits_no_batch_is_not_starved_by_those_that_do() -> None:
    fast = [job(f"F{nth}", nth, lane=Lane.FAST) for nth in range(200)]
    fitting = [job(f"S{nth}", 300 + nth) for nth in range(50)]
    queue = queue_of(*fast, *fitting, job("T1", 400, model="another"))
    picks = [[each.id for each in queue.pick(eight, unlimited)] for _ in range(17)]
    assert ["T1"] in picks


def test_a_user_without_a_seat_is_passed_over() -> None:
    queue = queue_of(*jobs("A1 A2 B1"))
    batch = queue.pick(eight, lambda user: 0 if user == "A" else 4)
    assert [each.id for each in batch] == ["B1"]
    assert queue.pick(eight, lambda user: 0) == []
    assert drained(queue) == ["A1", "A2"]


def test_a_batch_respects_the_seats_of_each_user() -> None:
    queue = queue_of(*jobs("A1 A2 A3 B1 B2"))
    assert [each.id for each in queue.pick(eight, lambda user: 2)] == ["A1", "B1", "A2", "B2"]


def test_a_job_queued_alone_shares_no_batch() -> None:
    queue = FairQueue()
    queue.add(job("A1", 0), alone=True)
    queue.add(job("B1", 1))
    assert [each.id for each in queue.pick(eight, unlimited)] == ["A1"]


def switches(queue: FairQueue) -> list[str]:
    """The models in the order in which a backend that holds one at a time has to load them, all jobs served alone."""
    loaded: list[str] = []
    while batch := queue.pick(one, unlimited, ready=loaded[-1:]):
        if loaded[-1:] != [batch[0].model]:
            loaded.append(batch[0].model)
    return loaded


def test_two_models_in_turn_are_not_loaded_for_each_order() -> None:
    """Twelve people who want one or the other by turns: without regard for what is loaded that is eleven changes."""
    waiting = [job(f"{name}1", nth, model="mn"[nth % 2]) for nth, name in enumerate("ABCDEFGHIJKL")]
    assert switches(queue_of(*waiting)) == ["m", "n", "m"]


def test_a_model_that_is_not_in_memory_waits_for_three_batches_at_most() -> None:
    queue = queue_of(job("A1", 0, model="n"), *(job(f"B{nth}", nth, model="m") for nth in range(1, 50)))
    order = [queue.pick(one, unlimited, ready=["m"])[0].id for _ in range(5)]
    assert order.index("A1") == PASSES_IN_A_ROW
    assert order[0] == "B1"


def test_while_a_model_is_read_only_those_go_whose_model_is_there_and_nobody_loses_a_turn() -> None:
    queue = queue_of(job("A1", 0, model="n"), *(job(f"B{nth}", nth, model="m") for nth in range(1, 9)))
    queue.add(job("C1", 9, model="m", lane=Lane.FAST))
    during = [queue.pick(one, unlimited, ready=["m"], only_ready=True)[0].id for _ in range(6)]
    assert during == ["C1", "B1", "B2", "B3", "B4", "B5"]
    assert queue.pick(one, unlimited, ready=["o"], only_ready=True) == []
    after = [queue.pick(one, unlimited, ready=["m"])[0].id for _ in range(4)]
    assert after.index("A1") == PASSES_IN_A_ROW


def test_the_fast_lane_does_not_wait_for_a_model_of_the_standard_lane() -> None:
    queue = queue_of(job("A1", 0, model="m"), job("B1", 1, model="n", lane=Lane.FAST))
    assert queue.pick(one, unlimited, ready=["m"])[0].id == "B1"


def test_among_those_whose_model_is_there_turns_are_kept() -> None:
    queue = queue_of(job("A1", 0, model="n"), *jobs("B1 B2 C1 B3 C2"))
    assert [queue.pick(one, unlimited, ready=["m"])[0].id for _ in range(3)] == ["B1", "C1", "B2"]


def test_a_job_put_back_takes_its_old_place() -> None:
    queue = queue_of(*jobs("A1 A2 A3"))
    (first,) = queue.pick(one, unlimited)
    queue.add(first)
    assert drained(queue) == ["A1", "A2", "A3"]


def test_removing_an_unknown_job_changes_nothing() -> None:
    queue = queue_of(*jobs("A1"))
    assert queue.remove("B1") is None
    assert len(queue) == 1


entries = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from(list(Lane)), st.sampled_from("xyz")), max_size=60
)


@given(entries, st.integers(1, 9), st.data())
def test_every_job_is_picked_once_or_removed(
    entries: list[tuple[str, Lane, str]], size: int, data: st.DataObject
) -> None:
    queue = FairQueue()
    left: set[str] = set()
    gone: list[str] = []
    for arrival, (user, lane, model) in enumerate(entries):
        queue.add(job(f"{user}{arrival}", arrival, lane=lane, model=model))
        left.add(f"{user}{arrival}")
        action = data.draw(st.sampled_from(["wait", "pick", "remove"]))
        if action == "pick":
            gone += [each.id for each in queue.pick(lambda key, candidates: size, unlimited)]
        elif action == "remove":
            name = data.draw(st.sampled_from(sorted(left)))
            if queue.remove(name) is not None:
                gone.append(name)
    assert len(queue) == len(entries) - len(gone)
    while batch := queue.pick(lambda key, candidates: size, unlimited):
        assert len({(each.model, each.width) for each in batch}) == 1
        gone += [each.id for each in batch]
    assert sorted(gone) == sorted(left)


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=40))
def test_nobody_who_waits_is_served_more_than_once_less_than_another(users: list[str]) -> None:
    queue = queue_of(*[job(f"{user}{nth}", nth) for nth, user in enumerate(users)])
    waiting, served = Counter(users), Counter[str]()
    assert [each.id for each in queue.in_order()] == drained(queue_of(*queue.in_order()))
    while batch := queue.pick(one, unlimited):
        user = batch[0].user
        served[user] += 1
        waiting[user] -= 1
        assert all(served[user] - served[other] <= 1 for other in waiting if waiting[other])


def test_memory_of_past_users_is_given_back() -> None:
    queue = FairQueue()
    for nth in range(1000):
        queue.add(job(f"A{nth}", nth, user=str(nth)))
        queue.pick(one, unlimited)
    assert len(queue._lines[Lane.STANDARD].virtual_times) < 100
