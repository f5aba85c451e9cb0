"""What holds for somebody who hands jobs to the engine, with a backend that is driven by hand."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from engine.backends import Backend, BackendLost, RenderInterrupted
from engine.jobs.job import (
    EngineStopped,
    Event,
    Finished,
    Job,
    JobCancelled,
    JobTimedOut,
    Lane,
    Loading,
    ModelUnavailable,
    OutOfMemory,
    Progress,
    Queued,
    QueueFull,
    RenderFailed,
    UnknownModel,
)
from engine.models.catalogue import Catalogue
from engine.queue.engine import Engine, Limits
from engine.queue.timings import Timings
from tests.engine.stage import HandBackend, HandClock, catalogue, follow, job, jobs, learned, picture, turn


@pytest.fixture
def backend() -> HandBackend:
    return HandBackend()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(backend: HandBackend, clock: HandClock) -> Engine:
    return make(backend, clock=clock)


def make(backend: Backend, **options: object) -> Engine:
    options.setdefault("timings", learned(job("A1", 0)))
    return Engine(catalogue("m", "n"), {"local": lambda: backend}, **options)  # type: ignore[arg-type]


async def submit(engine: Engine, *some: Job) -> list[asyncio.Task[list[Event]]]:
    """Submits in this order; each task follows one job."""
    tasks = [asyncio.create_task(follow(engine, each)) for each in some]
    for task in tasks:
        task.add_done_callback(lambda task: task.cancelled() or task.exception())  # seen, whether awaited or not
    await turn()
    return tasks


async def test_a_job_that_finds_the_backend_free_starts_at_once(engine: Engine, backend: HandBackend) -> None:
    (task,) = await submit(engine, job("A1", 0))
    backend.step(1)
    await turn()
    await backend.finish()
    assert [type(event) for event in await task] == [Progress, Finished]


async def test_jobs_that_come_together_are_rendered_together(engine: Engine, backend: HandBackend) -> None:
    tasks = await submit(engine, *jobs("A1 B1"))
    assert backend.started == [["A1", "B1"]]
    await backend.finish()
    assert all(isinstance(events[-1], Finished) for events in await asyncio.gather(*tasks))


async def test_waiting_jobs_are_told_their_place_whenever_it_changes(engine: Engine, backend: HandBackend) -> None:
    backend.largest = 1
    _, second, third = await submit(engine, *jobs("A1 B1 C1"))
    await backend.finish()
    await backend.finish()
    await backend.finish()
    assert [event.place for event in await second if isinstance(event, Queued)] == [1]
    assert [event.place for event in await third if isinstance(event, Queued)] == [2, 1]


async def test_the_wait_is_unknown_until_something_was_measured(backend: HandBackend) -> None:
    backend.largest = 1
    engine = make(backend, timings=Timings())
    await submit(engine, *jobs("A1 B1 C1"))
    place = engine.place("B1")
    assert place is not None
    assert place.wait_s is None
    await backend.finish(render_s=10.0)
    place = engine.place("C1")
    assert place is not None
    assert place.wait_s is not None
    low, high = place.wait_s
    assert 10 < low < 20 < high < 30


async def test_a_full_queue_says_how_long_it_is_and_takes_nothing(backend: HandBackend) -> None:
    engine = make(backend, limits=Limits(waiting_per_user=2, waiting=3, batch=1))
    await submit(engine, job("A1", 0))
    await submit(engine, *jobs("A2 A3"))
    with pytest.raises(QueueFull, match=r"You already have 2 .* limit is 2") as full:
        engine.submit(job("A4", 4))
    assert (full.value.waiting, full.value.whose) == (2, "you")
    with pytest.raises(QueueFull):
        engine.check("B", Lane.STANDARD, count=3)
    engine.submit(job("B1", 5))
    with pytest.raises(QueueFull, match="studio already has 3"):
        engine.check("C", Lane.FAST)
    assert len(engine.waiting()) == 4


async def test_a_job_accepted_before_a_restart_always_finds_room(backend: HandBackend) -> None:
    engine = make(backend, limits=Limits(waiting_per_user=1, batch=1))
    await submit(engine, job("A1", 0))
    await submit(engine, job("A2", 1))
    engine.submit(job("A3", 3), accepted=True)
    assert [entry.job.id for entry in engine.waiting()] == ["A1", "A2", "A3"]


async def test_one_user_never_has_more_running_than_the_cap(backend: HandBackend) -> None:
    backend.slots = 3
    engine = make(backend, limits=Limits(running_per_user=2, batch=1))
    await submit(engine, *jobs("A1 A2 A3 B1"))
    assert backend.started == [["A1"], ["B1"], ["A2"]]
    await backend.finish()
    assert backend.started[3:] == [["A3"]]


async def test_users_may_have_caps_of_their_own(backend: HandBackend) -> None:
    backend.slots = 3
    engine = make(backend, limits=Limits(batch=1), running_cap={"A": 1, "B": 2}.__getitem__)
    await submit(engine, *jobs("A1 A2 B1 B2"))
    assert sorted(backend.started) == [["A1"], ["B1"], ["B2"]]


async def test_a_free_slot_never_waits_while_somebody_may_start(backend: HandBackend) -> None:
    backend.slots = 2
    engine = make(backend, limits=Limits(running_per_user=1, batch=1))
    await submit(engine, *jobs("A1 A2 A3 B1"))
    assert backend.started == [["A1"], ["B1"]]
    await backend.finish()
    assert backend.started[2:] == [["A2"]]


async def test_cancelling_a_waiting_job_removes_it_at_once(engine: Engine, backend: HandBackend) -> None:
    backend.largest = 1
    _, task = await submit(engine, *jobs("A1 A2"))
    assert engine.cancel("A2")
    assert [entry.job.id for entry in engine.waiting()] == ["A1"]
    with pytest.raises(JobCancelled):
        await task
    await backend.finish()
    assert backend.started == [["A1"]]


async def test_cancelling_one_job_of_a_batch_lets_the_others_go_on(engine: Engine, backend: HandBackend) -> None:
    first, second = await submit(engine, *jobs("A1 B1"))
    backend.step(1)
    assert engine.cancel("A1")
    assert backend.step(2) == ["B1"]
    with pytest.raises(JobCancelled):
        await first
    await backend.finish()
    assert (await second)[-1] == Finished(
        picture=b"B1", width=32, height=48, seed=1, words=(await second)[-1].words,  # type: ignore[union-attr]
        model_title="m", note="", steps=4, render_s=2.0, batch=2,
    )  # fmt: skip


async def test_a_cancelled_job_gives_its_slot_back_while_its_batch_goes_on(backend: HandBackend) -> None:
    backend.slots = 2
    engine = make(backend, limits=Limits(running_per_user=1))
    await submit(engine, *jobs("A1 A2 B1"))
    assert backend.started == [["A1", "B1"]]
    engine.cancel("A1")
    await turn()
    assert backend.started[1:] == [["A2"]]


async def test_of_two_cancels_at_once_one_counts(engine: Engine, backend: HandBackend) -> None:
    tasks = await submit(engine, job("A1", 0))

    async def cancel() -> bool:
        return engine.cancel("A1")

    assert sorted(await asyncio.gather(cancel(), cancel())) == [False, True]
    with pytest.raises(JobCancelled):
        await tasks[0]


async def test_cancelling_what_is_over_or_unknown_says_no(engine: Engine, backend: HandBackend) -> None:
    (task,) = await submit(engine, job("A1", 0))
    await backend.finish()
    await task
    assert not engine.cancel("A1")
    assert not engine.cancel("B1")


async def test_a_job_cancelled_while_its_start_is_written_down_is_not_rendered(backend: HandBackend) -> None:
    written = asyncio.Event()

    async def write(some: Sequence[Job]) -> None:
        await written.wait()

    engine = make(backend, before_start=write)
    tasks = await submit(engine, *jobs("A1 B1"))
    assert engine.cancel("A1")
    written.set()
    await turn()
    assert backend.started == [["B1"]]
    with pytest.raises(JobCancelled):
        await tasks[0]


async def test_starts_are_written_down_before_each_start(backend: HandBackend) -> None:
    written: list[list[str]] = []

    async def write(some: Sequence[Job]) -> None:
        assert len(backend.started) == len(written)
        written.append([each.id for each in some])

    engine = make(backend, before_start=write)
    await submit(engine, *jobs("A1 B1"))
    await backend.fail(RenderInterrupted("the thread ended"))
    await backend.finish()
    await backend.finish()
    assert written == [["A1", "B1"], ["A1"], ["B1"]]


async def test_a_job_whose_start_may_not_be_written_fails_alone(backend: HandBackend) -> None:
    async def write(some: Sequence[Job]) -> None:
        if any(each.id == "A1" for each in some):
            raise RenderFailed("it stopped the studio three times")

    engine = make(backend, before_start=write)
    first, second = await submit(engine, *jobs("A1 B1"))
    with pytest.raises(RenderFailed, match="three times"):
        await first
    assert backend.started == [["B1"]]
    await backend.finish()
    assert isinstance((await second)[-1], Finished)


async def test_when_no_start_can_be_written_jobs_fail_with_a_sentence(
    backend: HandBackend, caplog: pytest.LogCaptureFixture
) -> None:
    async def write(some: Sequence[Job]) -> None:
        raise OSError("disk full")

    engine = make(backend, before_start=write)
    (task,) = await submit(engine, job("A1", 0))
    with pytest.raises(RenderFailed, match="could not be recorded"):
        await task
    assert backend.started == []
    assert "disk full" in caplog.text


async def test_a_job_past_its_deadline_ends_and_the_rest_of_its_batch_goes_on(
    backend: HandBackend, clock: HandClock
) -> None:
    engine = make(backend, clock=clock, limits=Limits(deadline_s=60))
    first, _ = await submit(engine, *jobs("A1 B1"))
    clock.now_s = 59
    assert backend.step(1) == ["A1", "B1"]
    clock.now_s = 61
    assert backend.step(2) == []
    with pytest.raises(JobTimedOut, match="60 s"):
        await first


async def test_reading_the_model_does_not_count_against_the_deadline(backend: HandBackend, clock: HandClock) -> None:
    engine = make(backend, clock=clock, limits=Limits(deadline_s=60))
    await submit(engine, job("A1", 0))
    backend.say(Loading("m"))
    clock.now_s = 1000
    assert backend.step(0) == ["A1"]
    clock.now_s = 1059
    assert backend.step(1) == ["A1"]
    clock.now_s = 1061
    assert backend.step(2) == []


async def test_an_interrupted_batch_is_started_again_job_by_job(engine: Engine, backend: HandBackend) -> None:
    tasks = await submit(engine, *jobs("A1 B1"))
    await backend.fail(RenderInterrupted("the thread ended"))
    assert backend.started == [["A1", "B1"], ["A1"]]
    await backend.finish()
    await backend.finish()
    assert backend.started[2:] == [["B1"]]
    assert all(isinstance(events[-1], Finished) for events in await asyncio.gather(*tasks))


async def test_a_job_that_breaks_off_three_times_is_given_up(
    engine: Engine, backend: HandBackend, caplog: pytest.LogCaptureFixture
) -> None:
    (task,) = await submit(engine, job("A1", 0))
    for _ in range(3):
        await backend.fail(RenderInterrupted("the thread ended"))
    with pytest.raises(RenderFailed, match="broke off 3 times"):
        await task
    assert len(backend.started) == 3


async def test_an_unexpected_error_fails_only_the_job_that_causes_it(
    engine: Engine, backend: HandBackend, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await submit(engine, *jobs("A1 B1"))
    await backend.fail(ValueError("an odd prompt"))
    await backend.fail(ValueError("an odd prompt"))
    await backend.finish()
    with pytest.raises(RenderFailed, match="unexpected"):
        await first
    assert isinstance((await second)[-1], Finished)
    assert "an odd prompt" in caplog.text
    assert "red scarf" not in caplog.text


async def test_an_engine_error_of_a_batch_is_everybodys(engine: Engine, backend: HandBackend) -> None:
    tasks = await submit(engine, *jobs("A1 B1"))
    await backend.fail(ModelUnavailable("m", "its folder is missing"))
    for task in tasks:
        with pytest.raises(ModelUnavailable, match="its folder is missing"):
            await task


async def test_a_lost_backend_asks_for_a_new_process_once_and_starts_nothing_more(
    backend: HandBackend, caplog: pytest.LogCaptureFixture
) -> None:
    reasons: list[str] = []
    backend.slots = 2
    engine = make(backend, on_fatal=reasons.append, limits=Limits(batch=1))
    tasks = await submit(engine, *jobs("A1 B1 C1"))
    await backend.fail(BackendLost("no step for 300 s"))
    await backend.fail(BackendLost("no step for 300 s"))
    assert reasons == ["no step for 300 s"]
    assert backend.started == [["A1"], ["B1"]]
    await engine.stop(1.0)
    for task in tasks:
        with pytest.raises(EngineStopped):
            await task


async def test_stopping_leaves_jobs_unended_and_joins_the_backend(engine: Engine, backend: HandBackend) -> None:
    backend.largest = 1
    running, waiting = await submit(engine, *jobs("A1 B1"))
    backend.step(1)
    await engine.stop(grace_s=5.0)
    assert backend.closed
    for task in (running, waiting):
        with pytest.raises(EngineStopped):
            await task
    with pytest.raises(EngineStopped):
        engine.submit(job("C1", 5))
    assert backend.started == [["A1"]]


async def test_stopping_does_not_wait_longer_than_the_grace(caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(HandBackend):
        async def close(self) -> None:
            await asyncio.Event().wait()

    engine = make(Stuck())
    (task,) = await submit(engine, job("A1", 0))
    await engine.stop(grace_s=0.01)
    with pytest.raises(EngineStopped):
        await task
    assert "did not stop" in caplog.text


async def test_stopping_an_engine_that_never_ran_is_nothing(engine: Engine) -> None:
    await engine.stop(grace_s=1.0)


async def test_an_idle_engine_has_no_tasks(engine: Engine, backend: HandBackend) -> None:
    (task,) = await submit(engine, job("A1", 0))
    await backend.finish()
    await task
    await turn()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_job_goes_on_when_nobody_follows_it(engine: Engine, backend: HandBackend) -> None:
    events = engine.submit(job("A1", 0))
    await turn()
    backend.step(1)
    async for event in events:
        assert isinstance(event, Progress)
        break
    backend.step(2)
    await backend.finish()
    assert engine.waiting() == ()


async def test_a_slow_follower_gets_the_newest_step_with_the_last_preview(engine: Engine, backend: HandBackend) -> None:
    events = engine.submit(job("A1", 0))
    await turn()
    backend.step(1)
    backend.step(2, preview=b"jpeg")
    backend.step(3)
    await backend.finish()
    seen = [event async for event in events]
    assert seen[0] == Progress(3, 4, b"jpeg")
    assert len(seen) == 2


async def test_unknown_models_and_missing_backends_are_told_at_once(backend: HandBackend) -> None:
    engine = Engine(catalogue("sd35", "flux"), {"flux": lambda: backend})
    with pytest.raises(UnknownModel, match="Did you mean sd35"):
        engine.submit(job("A1", 0, model="sd3"))
    with pytest.raises(ModelUnavailable):
        engine.submit(job("A1", 0, model="sd35"))
    assert engine.waiting() == ()


async def test_the_same_job_twice_is_refused(engine: Engine) -> None:
    engine.submit(job("A1", 0))
    with pytest.raises(ValueError, match="A1"):
        engine.submit(job("A1", 1))


async def test_models_with_backends_of_their_own_do_not_wait_for_each_other() -> None:
    local, hosted = HandBackend(), HandBackend()
    shown: Catalogue = catalogue("m", "n")
    engine = Engine(shown, {"local": lambda: local, "n": lambda: hosted}, limits=Limits(batch=1))
    await submit(engine, job("A1", 0), job("A2", 1), job("A3", 2, model="n"))
    assert local.started == [["A1"]]
    assert hosted.started == [["A3"]]
    assert [(entry.job.id, entry.state, entry.place) for entry in engine.waiting()] == [
        ("A1", "running", 0),
        ("A3", "running", 0),
        ("A2", "waiting", 1),
    ]


async def test_what_a_backend_says_of_memory_bounds_the_batch(engine: Engine, backend: HandBackend) -> None:
    backend.largest = 2
    await submit(engine, *jobs("A1 B1 C1"))
    assert backend.started == [["A1", "B1"]]


async def test_out_of_memory_of_one_job_is_its_own(engine: Engine, backend: HandBackend) -> None:
    class Small(HandBackend):
        async def finish(self, render_s: float = 1.0) -> None:
            batch = self._running[0][0]
            await self._settle([OutOfMemory("m") for _ in batch])

    small = Small()
    engine = make(small)
    (task,) = await submit(engine, job("A1", 0))
    await small.finish()
    with pytest.raises(OutOfMemory, match="not enough memory"):
        await task


async def test_200_jobs_of_one_user_delay_another_by_one_batch_at_most(backend: HandBackend) -> None:
    engine = make(backend, limits=Limits(waiting_per_user=500, waiting=500, running_per_user=8))
    for nth in range(200):
        engine.submit(job(f"A{nth}", nth))
    await turn()
    engine.submit(job("B1", 300))
    await turn()
    await backend.finish()
    assert "B1" in backend.started[1]


async def test_batches_grow_only_as_far_as_they_pay(backend: HandBackend) -> None:
    """A model that gains nothing from batches renders one at a time, so that nobody waits for others."""
    limits = Limits(waiting_per_user=500, waiting=500, running_per_user=8)
    engine = make(backend, limits=limits, timings=Timings())
    for nth in range(40):
        engine.submit(job(f"{'ABCDEFGH'[nth % 8]}{nth}", nth))
    await turn()
    for _ in range(12):
        await backend.finish(render_s=1.0)  # a second a picture, whatever the batch
    assert [len(batch) for batch in backend.started[-5:]] == [1] * 5


async def test_nothing_personal_is_logged(
    engine: Engine, backend: HandBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    task = asyncio.create_task(picture(engine, job("A1", 0)))
    await turn()
    await backend.finish()
    await task
    assert "scarf" not in caplog.text
