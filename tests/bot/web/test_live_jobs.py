"""What is kept of the portraits that are made now."""

from __future__ import annotations

from bot.web.live_jobs import LiveJobs
from engine.jobs.job import Job, Lane, Loading, Progress
from engine.prompt import parse


def job(name: str) -> Job:
    return Job(
        id=name, user="7", arrival=1, model="m", lane=Lane.FAST, prompt=parse("a man"), width=8, height=8, steps=4,
        guidance=1.0, seed=1,
    )  # fmt: skip


def test_a_job_goes_through_its_stages_and_leaves_nothing() -> None:
    live = LiveJobs()
    live.queued(job("a"))
    assert live.ended("nobody") is live.told("nobody", Progress(1, 4)) is None
    ((started, waited_s),) = live.started([job("a"), job("nobody")])
    assert (started.id, waited_s >= 0) == ("a", True)
    assert live.told("a", Loading("m")) is None, "what came before was no stage"
    loaded = live.told("a", Progress(0, 4))
    assert loaded is not None
    assert loaded.stage == "loading"
    assert live.told("a", Progress(3, 4)) is None
    assert (live.jobs["a"].step, live.jobs["a"].steps) == (3, 4)
    live.show("a", b"jpeg")
    made = live.ended("a")
    assert made is not None
    assert (made.model, made.stage) == ("m", "rendering")
    assert (live.jobs, live._previews) == ({}, {})


def test_previews_are_the_last_two_and_none_once_one_may_not_be_shown() -> None:
    live = LiveJobs()
    live.queued(job("a"))
    names = []
    for number in range(3):
        live.show("a", bytes([number]))
        names.append(live.jobs["a"].preview)
    assert [live.preview(name) for name in names] == [None, b"\x01", b"\x02"]
    live.show("a", None)
    assert [live.preview(name) for name in (*names, "")] == [None] * 4
    live.show("nobody", b"late")
    assert live._previews == {}
    live.show("a", b"jpeg")
    live.queued(job("a"))
    assert live._previews == {}, "what broke off is made anew"
