"""One thread for blocking calls: it ends, is replaced, hangs and closes without taking the event loop along."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from engine.backends.worker import Worker, WorkerDied, WorkerHung, be_nice


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker("test worker")
    yield worker
    await worker.close()


async def test_calls_run_in_turn_on_one_thread_that_is_not_the_loops(worker: Worker) -> None:
    first, second = await asyncio.gather(worker.run(threading.get_ident), worker.run(threading.get_ident))
    assert first == second != threading.get_ident()


async def test_an_error_comes_back_where_the_call_was_awaited(worker: Worker) -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        await worker.run(fail)
    assert await worker.run(lambda: 1) == 1


async def test_a_thread_that_ends_is_replaced(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    first = await worker.run(threading.current_thread)
    dying = asyncio.create_task(worker.run(sys.exit))
    behind = asyncio.create_task(worker.run(lambda: 1))
    with pytest.raises(WorkerDied):
        await dying
    with pytest.raises(WorkerDied):
        await behind
    assert await worker.run(threading.current_thread) is not first, "idents may come again; the object does not"
    assert "ended in the middle of a call" in caplog.text


async def test_a_call_that_gives_no_sign_of_life_is_given_up() -> None:
    worker = Worker("stuck", hang_s=0.02)
    release = threading.Event()
    with pytest.raises(WorkerHung, match="no step for"):
        await worker.run(release.wait)
    release.set()


async def test_a_call_may_announce_that_it_will_be_silent() -> None:
    worker = Worker("patient", hang_s=0.02)

    def read_a_large_file() -> str:
        worker.sign_of_life(patience_s=60.0)
        threading.Event().wait(0.1)
        return "read"

    assert await worker.run(read_a_large_file) == "read"
    await worker.close()


async def test_closing_waits_for_the_current_call(worker: Worker) -> None:
    release = threading.Event()
    call = asyncio.create_task(worker.run(lambda: release.wait() and "done"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(worker.close())
    await asyncio.sleep(0)
    assert not closing.done()
    release.set()
    assert await call == "done"
    await closing
    assert "test worker" not in [thread.name for thread in threading.enumerate()]


async def test_closing_a_worker_that_never_ran_or_died_is_nothing(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker("idle")
    await worker.close()
    with pytest.raises(WorkerDied):
        await worker.run(sys.exit)
    await worker.close()


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="niceness of a thread is Unix")
async def test_the_thread_leaves_the_processor_to_the_event_loop() -> None:
    worker = Worker("nice", niceness=os.getpriority(os.PRIO_PROCESS, 0) + 3)
    assert await worker.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())) > (
        os.getpriority(os.PRIO_PROCESS, 0)
    )
    # A process that is nicer still: its thread must not get ahead of the loop.
    await worker.run(lambda: be_nice(-1))
    assert await worker.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())) > (
        os.getpriority(os.PRIO_PROCESS, 0)
    )
    await worker.close()
