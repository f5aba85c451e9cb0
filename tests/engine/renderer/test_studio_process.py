"""The studio's own process: its pictures, cancelling, ending, and the work that two processes share."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from engine.renderer import crew, photograph
from engine.renderer.processes import StudioFailed, StudioLost, StudioProcess
from engine.renderer.scene import Hair, Person, Scene, Sitter
from engine.renderer.stops import Cancelled

SCENE = Scene(sitters=(Sitter(person=Person(hair=Hair(style="bald"))),))
SIZE = (48, 72)


@pytest.fixture(scope="module")
def process() -> Iterator[StudioProcess]:
    process = StudioProcess()
    yield process
    process.close()


def test_a_picture_from_the_process_is_the_one_that_is_taken_here(process: StudioProcess) -> None:
    shares: list[float] = []
    made = process.photograph(SCENE, SIZE, "draft", lambda share, _: shares.append(share))
    assert np.array_equal(made.picture, photograph.photograph(SCENE, SIZE, "draft").picture)
    assert shares[-1] == 1.0


def test_cancelling_ends_within_a_second(process: StudioProcess) -> None:
    process.photograph(SCENE, SIZE, "draft")
    wanted = threading.Event()
    wanted.set()
    stopped: list[float] = []

    def report(share: float, _: object) -> None:
        if share > 0.2 and wanted.is_set():
            stopped.append(time.monotonic())
            wanted.clear()

    with pytest.raises(Cancelled):
        process.photograph(SCENE, (512, 768), "fine", report, lambda: not wanted.is_set())
    assert time.monotonic() - stopped[0] < 1.0
    assert process.photograph(SCENE, SIZE, "draft").picture.shape == (72, 48, 3)


def test_a_process_that_ends_is_an_error_and_the_next_picture_has_another(process: StudioProcess) -> None:
    process.photograph(SCENE, SIZE, "draft")
    first = process.pid

    def end(share: float, _: object) -> None:
        if share > 0.1 and process.pid == first and first is not None:
            os.kill(first, signal.SIGKILL)

    with pytest.raises(StudioLost, match="order it again"):
        process.photograph(SCENE, (512, 768), "fine", end)
    assert process.photograph(SCENE, SIZE, "draft").picture.shape == (72, 48, 3)
    assert process.pid != first


def test_a_scene_that_cannot_be_taken_fails_alone(process: StudioProcess) -> None:
    with pytest.raises(StudioFailed):
        process.photograph(SCENE, SIZE, "no such quality")
    assert process.photograph(SCENE, SIZE, "draft").picture.shape == (72, 48, 3)


def test_the_process_ends_when_its_starter_hangs_up() -> None:
    process = StudioProcess()
    process.photograph(SCENE, SIZE, "draft")
    held = process._process
    assert held is not None
    assert held.stdin is not None
    held.stdin.close()
    assert held.wait(timeout=60) == 0
    process.close()


def test_work_is_shared_and_each_unit_is_done_once() -> None:
    done = crew.shared(1, 500)

    def work(number: int) -> None:
        done[0, number] += number + 1

    crew.Crew(2).run(range(500), work, lambda share: None)
    assert np.array_equal(done[0], np.arange(1, 501))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="work is not shared without fork")
def test_a_helper_that_is_killed_is_an_error() -> None:
    lead = os.getpid()

    def work(number: int) -> None:
        if os.getpid() != lead:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.002)  # leaves the helper its share

    with pytest.raises(crew.HandLost):
        crew.Crew(2).run(range(400), work, lambda share: None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="work is not shared without fork")
def test_giving_up_ends_the_helpers() -> None:
    workers = crew.Crew(2)
    seen: set[int] = set()

    def between(share: float) -> None:
        seen.update(workers._helpers)
        if share > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        workers.run(range(200), lambda number: time.sleep(0.001), between)
    assert seen
    for helper in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(helper, 0)
