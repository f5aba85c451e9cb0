"""What holds for a cluster: several servers behind one queue, one of them kept for the fast lane."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.backends import provider_errors as wrong
from engine.backends.cluster import ClusterBackend
from engine.backends.hosted import SENT, JournalInMemory
from engine.jobs.job import Finished, Job, JobCancelled, Lane
from engine.models.catalogue import Catalogue
from engine.models.circuit_breaker import CircuitBreaker
from engine.models.hosted_models import Access, Server, hosted_models
from engine.queue.engine import Engine, Limits
from tests.engine.providers.server import StandInServer, StandInSglang
from tests.engine.providers.stage import WORDS, character
from tests.engine.stage import picture

MODEL = "stabilityai/stable-diffusion-3.5-medium=Medium"


class House:
    """A studio with three servers, the last of which takes only the fast lane."""

    def __init__(
        self, servers: list[StandInServer], *, models: tuple[str, ...] = (MODEL,), cost_usd: float = 0.0
    ) -> None:
        self.servers = servers
        urls = [server.url + server.prefix for server in servers]
        access = Access(
            key="",
            base_url="",
            models=models,
            slots=0,
            timeout_s=20.0,
            servers=tuple(Server(url=url, fast_only=number == 2) for number, url in enumerate(urls)),
        )
        offered = tuple(hosted_models({"cluster": access}, {"medium": cost_usd}))
        self.catalogue = Catalogue(offered, offered[0].id)
        self.journal = JournalInMemory()
        self.backend = ClusterBackend(self.catalogue, access, self.journal, unit_s=0.01)
        self.engine = Engine(
            self.catalogue,
            {"cluster": lambda: self.backend},
            limits=Limits(running_per_user=100, waiting_per_user=100),
        )

    def job(self, name: str, arrival: int = 0, lane: Lane = Lane.STANDARD, **changes: Any) -> Job:
        width, height = self.catalogue.models[0].sizes["2:3"]
        values: dict[str, Any] = {
            "id": name,
            "user": name.split(".")[0],
            "lane": lane,
            "model": "medium",
            "prompt": WORDS,
            "width": width,
            "height": height,
            "steps": 28,
            "guidance": 4.5,
            "seed": 7,
            "arrival": arrival,
            "previews": False,
        }
        return Job(**{**values, **changes})

    def orders(self, count: int, lane: Lane = Lane.STANDARD) -> list[asyncio.Task[Finished]]:
        """So many people's jobs, all in the queue at once."""
        jobs = [self.job(f"{lane}{number}.0", number, lane) for number in range(count)]
        return [asyncio.create_task(picture(self.engine, job)) for job in jobs]

    @property
    def made(self) -> list[int]:
        return [len(server.bought) for server in self.servers]


@pytest.fixture
async def servers() -> AsyncIterator[list[StandInServer]]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(StandInServer()) for _ in range(3)]
        yield found
        assert [server.invalid for server in found] == [[], [], []]


@pytest.fixture
async def house(servers: list[StandInServer]) -> AsyncIterator[House]:
    house = House(servers)
    yield house
    await house.engine.stop(5.0)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what happens in the servers' own time."""
    while not holds():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.005)


def hold(servers: list[StandInServer], *, held: bool = True) -> None:
    for server in servers:
        if held:
            server.held = True
        else:
            server.let_go()


async def test_every_server_works_at_once_and_no_more_than_it_has_slots(house: House) -> None:
    hold(house.servers)
    standard, fast = house.orders(5), house.orders(1, Lane.FAST)
    await until(lambda: [server.under_way for server in house.servers] == [1, 1, 1])
    hold(house.servers, held=False)
    await asyncio.gather(*standard, *fast)
    assert sum(house.made) == 6
    assert [server.most_under_way for server in house.servers] == [1, 1, 1]


async def test_the_server_kept_for_the_fast_lane_takes_nothing_else(house: House) -> None:
    await asyncio.gather(*house.orders(6))
    assert house.made[2] == 0
    await asyncio.gather(*house.orders(1, Lane.FAST))
    assert house.made[2] == 1


async def test_a_fast_order_does_not_wait_for_the_standard_ones(house: House) -> None:
    hold(house.servers[:2])
    standard = house.orders(4)
    await until(lambda: house.made[:2] == [1, 1])
    (fast,) = house.orders(1, Lane.FAST)
    await fast
    assert not any(task.done() for task in standard)
    hold(house.servers[:2], held=False)
    await asyncio.gather(*standard)


async def test_fast_orders_beyond_their_server_use_the_others_first_come_first_served(house: House) -> None:
    hold(house.servers)
    fast = house.orders(3, Lane.FAST)
    await until(lambda: house.made == [1, 1, 1])
    hold(house.servers, held=False)
    await asyncio.gather(*fast)


async def test_a_server_that_dies_loses_nothing_and_the_others_take_its_work(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    hold(house.servers)
    tasks = house.orders(12)
    await until(lambda: house.made[:2] == [1, 1])
    await house.servers[0].break_down()
    hold(house.servers, held=False)
    done = await asyncio.gather(*tasks)
    assert len(done) == 12
    assert house.made == [1, 12, 0]
    assert "is set aside" in caplog.text
    assert "may charge" not in caplog.text
    assert house.catalogue.unavailable(house.catalogue.models[0]) == ""


async def test_a_server_that_was_never_there_costs_nobody_a_portrait(house: House) -> None:
    await house.servers[1].stop()
    assert len(await asyncio.gather(*house.orders(5))) == 5
    assert house.made == [5, 0, 0]


async def test_a_server_with_faults_is_asked_until_three_in_a_row(house: House) -> None:
    house.servers[0].fail("submit", "broken", times=9)
    await asyncio.gather(*house.orders(12))
    assert house.made == [0, 12, 0]
    assert len(house.servers[0]._faults["submit"]) == 6


async def test_when_no_server_of_the_lane_is_left_the_order_ends_with_a_sentence(house: House) -> None:
    for server in house.servers[:2]:
        await server.stop()
    results = await asyncio.gather(*house.orders(3), return_exceptions=True)
    assert {type(result) for result in results} == {wrong.NoServerLeft}
    assert "no server that works just now" in str(results[0])
    assert house.catalogue.unavailable(house.catalogue.models[0]) == ""  # the fast lane still has its own
    await asyncio.gather(*house.orders(1, Lane.FAST))


async def test_when_no_server_at_all_is_left_the_model_says_so(house: House) -> None:
    for server in house.servers:
        await server.stop()
    (result,) = await asyncio.gather(*house.orders(1, Lane.FAST), return_exceptions=True)
    assert isinstance(result, wrong.NoServerLeft)
    assert "tried again in 1 min" in house.catalogue.unavailable(house.catalogue.models[0])


async def test_what_was_sent_before_a_restart_is_made_again_since_nobody_bills_it(house: House) -> None:
    await house.journal.remember("a.0", SENT)
    assert (await picture(house.engine, house.job("a.0"))).seed == 7


async def test_servers_that_cost_money_are_never_asked_twice(servers: list[StandInServer]) -> None:
    house = House(servers, cost_usd=0.02)
    house.servers[0].fail("submit", "drop after")
    house.servers[1].fail("submit", "drop after")
    (result,) = await asyncio.gather(*house.orders(1), return_exceptions=True)
    assert isinstance(result, wrong.AnswerLost)
    assert sum(house.made) == 1
    await house.engine.stop(5.0)


async def test_a_cancelled_jobs_slot_is_free_when_its_server_is(house: House) -> None:
    hold(house.servers)
    tasks = house.orders(2)
    await until(lambda: house.made[:2] == [1, 1])
    house.engine.cancel("standard0.0")
    with pytest.raises(JobCancelled):
        await tasks[0]
    next_one = asyncio.create_task(picture(house.engine, house.job("b.0", 5)))
    fast = asyncio.create_task(picture(house.engine, house.job("f.0", 6, Lane.FAST)))
    await until(lambda: house.made[2] == 1)  # everything that could start has, and the cancelled one is still made
    assert house.made == [1, 1, 1]
    place = house.engine.place("b.0")
    assert place is not None
    assert place.place == 1
    hold(house.servers, held=False)
    await asyncio.gather(tasks[1], next_one, fast)
    assert [server.most_under_way for server in house.servers] == [1, 1, 1]


async def test_a_server_that_failed_is_asked_for_its_health_before_it_gets_work(servers: list[StandInServer]) -> None:
    now_s = 0.0
    house = House(servers[:1])
    house.backend.breaker = CircuitBreaker(lambda: now_s)
    server = servers[0]
    server.fail("submit", "drop")
    (lost,) = await asyncio.gather(*house.orders(1), return_exceptions=True)
    assert isinstance(lost, wrong.NoServerLeft)
    house.catalogue.breaker.worked("cluster")
    now_s, server.health = 61.0, 503
    (unwell,) = await asyncio.gather(*house.orders(1), return_exceptions=True)
    assert isinstance(unwell, wrong.NoServerLeft)
    assert (server.asked_for.count("/health"), len(server.bought)) == (1, 0)
    house.catalogue.breaker.worked("cluster")
    now_s, server.health = 999.0, 200
    await asyncio.gather(*house.orders(1))
    assert (server.asked_for.count("/health"), len(server.bought)) == (2, 1)
    await house.engine.stop(5.0)


async def test_a_server_is_asked_under_the_name_that_it_has_for_the_model() -> None:
    hub_id = MODEL.partition("=")[0]
    async with StandInServer(served="ours", root=hub_id) as alias, StandInServer(served=hub_id.upper()) as shouted:
        house = House([alias, shouted])
        hold([alias, shouted])
        tasks = house.orders(2)
        await until(lambda: house.made == [1, 1])
        hold([alias, shouted], held=False)
        await asyncio.gather(*tasks)
        assert [server.bought[0].model for server in (alias, shouted)] == ["ours", hub_id.upper()]
        alias.served = "theirs"  # started anew in between
        await asyncio.gather(*house.orders(1))
        assert alias.bought[-1].model == "theirs"
        assert (alias.invalid, shouted.invalid) == ([], [])
        await house.engine.stop(5.0)


async def test_a_server_with_another_model_is_passed_over_and_not_set_aside() -> None:
    """Two models, and a server with each: every picture is made by the one that has its model."""
    other = "Qwen/Qwen-Image"
    async with (
        StandInServer(served=other, root=other) as qwen,
        StandInServer(served="medium", root=MODEL.partition("=")[0]) as medium,
    ):
        house = House([qwen, medium], models=(MODEL, f"{other}=Qwen", "Tongyi-MAI/Z-Image-Turbo=Z"))
        await asyncio.gather(*house.orders(4))
        await picture(house.engine, house.job("q.0", 9, model="qwen"))
        assert house.made == [1, 4]
        with pytest.raises(wrong.ModelNotServed, match="no server with this model"):
            await picture(house.engine, house.job("z.0", 10, model="z"))
        assert all(house.catalogue.unavailable(model) == "" for model in house.catalogue.models)
        await house.engine.stop(5.0)


@pytest.mark.parametrize("kind", [StandInServer, StandInSglang])
async def test_a_request_has_the_fields_of_the_servers_own_models(kind: type[StandInServer], tmp_path: Path) -> None:
    entries = ("Qwen/Qwen-Image=Qwen", "black-forest-labs/FLUX.2-klein-4B=Klein", MODEL, "Qwen/Qwen-Image-Edit-2511=QE")
    async with kind() as server:
        house = House([server], models=entries)
        face = character(tmp_path)
        await picture(house.engine, house.job("a.0", 0, model="qwen", guidance=4.0))
        await picture(house.engine, house.job("a.1", 1, model="klein", guidance=1.0, references=(face,)))
        await picture(house.engine, house.job("a.2", 2, model="medium", references=(face,)))
        await picture(house.engine, house.job("a.3", 3, model="qe", guidance=4.0, references=(face,)))
        assert server.invalid == []
        qwen, klein, medium, editor = (sent.model_dump() for sent in server.fields)
        for sent in (qwen, editor):  # guided only by both
            assert sent["true_cfg_scale"] == 4.0
            assert sent["negative_prompt"]
        assert (klein["true_cfg_scale"], klein["negative_prompt"], klein["seed"]) == (None, None, 7)
        assert (medium["true_cfg_scale"], medium["guidance_scale"], medium["num_inference_steps"]) == (None, 4.5, 28)
        assert [sent.pictures for sent in server.bought] == [0, 1, 0, 1]
        await house.engine.stop(5.0)
