"""What holds for several cards behind the one queue. Their backends are driven by hand, and once they are real."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from engine.backends import BackendLost
from engine.backends.diffusers import DiffusersBackend
from engine.backends.local.runtime import LocalSettings
from engine.backends.several_cards import SeveralCards
from engine.jobs.job import Finished, Loading, ModelUnavailable, NotOnThisCard
from engine.models.model import Model
from engine.queue.engine import Engine, Limits
from tests.engine.stage import HandBackend, HandClock, catalogue, follow, job, picture, tiny, turn


class HandCard(HandBackend):
    """A card by hand, with these models in its memory."""

    def __init__(self, *ready: str) -> None:
        super().__init__()
        self.ready: Collection[str] = ready
        self.forgot: list[str] = []
        self.only_ready = False

    async def forget(self, pictures: Collection[str]) -> None:
        self.forgot += pictures


class Cards:
    """Two cards by hand, `first` with the model m in memory and `second` with n."""

    def __init__(self) -> None:
        self.first, self.second = HandCard("m"), HandCard("n")
        self.backend = SeveralCards({"cuda:0": self.first, "cuda:1": self.second})
        self.fatal: list[str] = []
        self.clock = HandClock()
        self.engine = Engine(
            catalogue("m", "n"),
            {"local": lambda: self.backend},
            limits=Limits(batch=1, running_per_user=8, deadline_s=100.0),
            on_fatal=self.fatal.append,
            clock=self.clock,
        )

    async def order(self, name: str, arrival: int, model: str = "m") -> "asyncio.Task[Finished]":
        task = asyncio.create_task(picture(self.engine, job(name, arrival, model=model)))
        await turn()
        return task

    @property
    def started(self) -> tuple[list[str], list[str]]:
        return tuple([name for batch in card.started for name in batch] for card in (self.first, self.second))  # type: ignore[return-value]


@pytest.fixture
async def cards() -> AsyncIterator[Cards]:
    cards = Cards()
    yield cards
    await cards.engine.stop(1.0)


async def test_each_card_gets_what_it_has_in_memory_and_both_work_at_once(cards: Cards) -> None:
    tasks = [await cards.order("A1", 0, "n"), await cards.order("B1", 1, "m")]
    assert cards.started == (["B1"], ["A1"])
    # Both are busy; the one that ends first takes what it has, though somebody else came before.
    tasks += [await cards.order("C1", 2, "n"), await cards.order("D1", 3, "m")]
    await cards.first.finish()
    assert cards.started == (["B1", "D1"], ["A1"])
    await cards.second.finish()
    assert cards.started == (["B1", "D1"], ["A1", "C1"])
    await cards.first.finish()
    await cards.second.finish()
    assert len(await asyncio.gather(*tasks)) == 4


async def test_a_model_in_demand_is_read_on_the_free_card_too(cards: Cards) -> None:
    tasks = [await cards.order(name, arrival) for arrival, name in enumerate(["A1", "B1"])]
    assert cards.started == (["A1"], ["B1"])
    await cards.first.finish()
    await cards.second.finish()
    await asyncio.gather(*tasks)


async def test_a_card_that_fails_is_left_out_and_its_work_goes_to_the_other(
    cards: Cards, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [await cards.order("A1", 0), await cards.order("B1", 1)]
    await cards.first.fail(BackendLost("CUDA error"))
    assert "cuda:0 is left out until the next start: CUDA error. What is left: cuda:1." in caplog.text
    await cards.second.finish()
    assert cards.started == (["A1"], ["B1", "A1"])
    assert cards.fatal == []
    await cards.engine.forget(["face"])
    assert (cards.first.forgot, cards.second.forgot) == ([], ["face"])
    await cards.second.fail(BackendLost("CUDA error"))
    assert cards.fatal == ["cuda:1: CUDA error"]
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_model_that_one_card_cannot_hold_waits_for_one_that_can(cards: Cards) -> None:
    first = await cards.order("A1", 0)
    events = asyncio.create_task(follow(cards.engine, job("B1", 1, model="n")))
    await turn()
    await cards.second.fail(NotOnThisCard("n", "too large"))
    waiting = await cards.order("C1", 2)  # nobody is let past it
    assert cards.started == (["A1"], ["B1"])
    await cards.first.finish()
    assert cards.started == (["A1", "B1"], ["B1", "C1"])
    await cards.second.finish()
    cards.clock.now_s = 1_000.0  # the time in which it waited is not its own
    await cards.first.finish()
    assert any(isinstance(event, Loading) for event in await events)
    await asyncio.gather(first, waiting)
    again = await cards.order("D1", 3, "n")  # known by now: it is not tried in vain
    assert cards.started[0][-1] == "D1"
    await cards.first.fail(NotOnThisCard("n", "too large, too"))
    with pytest.raises(ModelUnavailable, match="too large"):
        await again


async def test_a_card_that_reads_a_model_takes_only_what_it_has(cards: Cards) -> None:
    cards.first.only_ready = True
    tasks = [await cards.order("A1", 0, "n"), await cards.order("B1", 1, "n"), await cards.order("C1", 2, "m")]
    assert cards.started == (["C1"], ["A1"])
    await cards.first.finish()
    assert cards.started == (["C1"], ["A1"])  # B1 waits for a card that may take it
    await cards.second.finish()
    assert cards.started == (["C1"], ["A1", "B1"])
    await cards.second.finish()
    await asyncio.gather(*tasks)


async def test_a_card_that_cannot_be_made_ready_is_told_and_keeps_nothing_from_going_on(
    cards: Cards, caplog: pytest.LogCaptureFixture
) -> None:
    warmed: list[str] = []

    class WarmCard(HandCard):
        def __init__(self, name: str, error: Exception | None = None) -> None:
            super().__init__()
            self.name, self.error = name, error

        async def warm(self, model: Model) -> None:
            warmed.append(f"{model.id} on {self.name}")
            if self.error is not None:
                raise self.error

    backend = SeveralCards({"cuda:0": WarmCard("0", BackendLost("CUDA error")), "cuda:1": WarmCard("1")})
    engine = Engine(catalogue("m", "n"), {"local": lambda: backend}, on_fatal=cards.fatal.append)
    await engine.warm("m", "n")
    assert warmed == ["m on 0", "m on 1", "n on 0", "n on 1"]
    assert caplog.text.count("is not ready on cuda:0: CUDA error.") == 2
    alone = SeveralCards({"cuda:0": WarmCard("0", BackendLost("CUDA error"))})
    await Engine(catalogue("m"), {"local": lambda: alone}, on_fatal=cards.fatal.append).warm("m")
    assert "is not ready yet: CUDA error" in caplog.text
    assert cards.fatal == []


class _Recorded(DiffusersBackend):
    """Notes what it renders."""

    async def render(self, batch, report, cancelled):  # type: ignore[no-untyped-def]
        self.names = [*getattr(self, "names", []), *(one.id for one in batch)]
        return await super().render(batch, report, cancelled)


async def test_two_workers_make_the_same_pictures_each_with_its_own_models(tiny_checkpoint: Path) -> None:
    offered = tiny(tiny_checkpoint)
    workers = [_Recorded(offered, settings=LocalSettings(device="cpu", preview_every_s=0.0)) for _ in range(2)]
    backend = SeveralCards({f"cpu {number}": worker for number, worker in enumerate(workers)})
    engine = Engine(offered, {"local": lambda: backend}, limits=Limits(batch=1, running_per_user=8))
    made = await asyncio.gather(*(picture(engine, job(name, 0, seed=7)) for name in ("A1", "B1")))
    assert [worker.names for worker in workers] == [["A1"], ["B1"]]
    assert made[0].picture == made[1].picture
    caches = [worker.model_cache for worker in workers]
    assert all(cache is not None and cache.resident == ("m",) for cache in caches)
    assert caches[0] is not caches[1]
    await engine.stop(10.0)
