"""No order hangs: whatever is raised between running and closed ends it, delivered or refunded, and is told truly."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.core import following, patience
from bot.core.picture_safety import PictureSafety
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.results import Result
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import MAX_TAKES, UNSHOWN_KEPT_S, Studio
from data.core import schema
from data.core.database import FILE_NAME
from data.credits import ledger
from data.orders.jobs import Order, Way
from engine.backends import Cancelled, Outcome, Report
from engine.jobs.job import Event, Finished, Job
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model
from engine.models.model import Model
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine
from engine.wording.dialects import RenderedPrompt
from tests.data.conftest import png

SAM, GUILD = 7, 1
GOOD = Finished(
    picture=png(1),
    width=4,
    height=6,
    seed=5,
    words=RenderedPrompt("a woman"),
    model_title="Painter",
    note="",
    steps=1,
    render_s=0.1,
    batch=1,
)


@dataclass
class Painter:
    """A backend that hands out what it is told to, once it may; at the `spoiled` renders with a seed that is none."""

    finished: Finished
    spoiled: frozenset[int] = frozenset()
    slots: int = 1

    def __post_init__(self) -> None:
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.count = 0

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        self.count += 1
        self.started.set()
        await self.may_end.wait()
        if self.count in self.spoiled:
            return [replace(self.finished, seed="abc")]  # type: ignore[arg-type]  # what it must survive
        return [self.finished]

    async def close(self) -> None:
        return


class Window:
    """What Discord is to the studio; `broken` are the calls that raise, and `closed` says that no way is open."""

    def __init__(self) -> None:
        self.broken: dict[str, Exception] = {}
        self.closed = False
        self.results: list[Result] = []
        self.told: list[str] = []

    def _may_break(self, call: str) -> None:
        if call in self.broken:
            raise self.broken[call]

    def progress_message(self, order: Order) -> "Window":
        self._may_break("board")
        return self

    def update(self, job_id: str, event: Event) -> None:
        self._may_break("update")

    def again(self, job_id: str) -> None:
        self._may_break("again")

    def ended(self, job_id: str, sentence: str = "") -> None:
        self._may_break("ended")

    async def close(self) -> None:
        self._may_break("close")

    async def deliver(self, order: Order, result: Result) -> Way | None:
        self._may_break("deliver")
        self.results.append(result)
        return None if self.closed else "token"

    async def tell(self, order: Order, sentence: str) -> Way | None:
        self._may_break("tell")
        self.told.append(sentence)
        return "token"

    async def call_back(self, orders: Sequence[Order]) -> None:
        self._may_break("call_back")


class House:
    """A studio without Discord that makes what it is told to."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self.stores = stores
        self.window = Window()
        self.painter = Painter(GOOD)
        model = replace(local_model("/nowhere/painter=painter"), note="")
        engine = Engine(Catalogue((model,), model.id), {"local": lambda: self.painter}, before_start=self._before_start)
        self.studio = Studio(settings, stores, engine, self.window, PictureSafety(settings, stores, None))

    async def _before_start(self, jobs: Sequence[Job]) -> None:
        await self.studio.before_start(jobs)

    async def order(self, count: int = 1) -> Order:
        request = OrderRequest(
            source=f"test:{time.perf_counter_ns()}",
            place=Whereabouts(guild_id=GUILD, channel_id=2),
            user_id=SAM,
            prompt=PortraitPrompt(subject="a woman", seed=5),
            count=count,
        )
        return await self.studio.order(request, StatusMessage(message_id=1, token="t", token_expires_at=0.0))

    async def balance(self) -> int:
        return (await self.studio.account(GUILD, SAM)).balance

    async def ended(self, order: Order) -> Order:
        """The order, once it is followed no more."""
        await asyncio.wait_for(self.studio.seen_through(order.id), 60)
        return await self.studio.find_order(order.id)

    async def states(self, order: Order) -> tuple[str, list[str]]:
        order = await self.ended(order)
        return order.state, [row.state for row in order.jobs]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=tmp_path / "var",
        data_free_mib=0,
    )


@pytest.fixture
async def house(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, lay_books: Callable[[Path], object]
) -> AsyncIterator[House]:
    """A studio whose patience is short, since what it waits for is the test's own."""
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(patience, "PAUSES_S", (0.01,))
    monkeypatch.setattr(patience, "BROKEN_S", 0.2)
    monkeypatch.setattr(following, "AGAIN_S", (0.0, 0.0))
    lay_books(settings.data_folder)
    stores = await Stores.open(settings.data_folder)
    house = House(settings, stores)
    yield house
    assert await ledger.check(stores.database) == []
    await house.studio.close(4.0)
    await stores.close()


@contextlib.contextmanager
def locked(stores: Stores) -> Iterator[None]:
    """Another process writes to the database and does not end."""
    with contextlib.closing(sqlite3.connect(stores.database.folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def unusable(stores: Stores) -> Iterator[None]:
    """A file stands where the pictures' folder was."""
    folder, aside = stores.pictures.folder, stores.pictures.folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("")
    yield
    folder.unlink()
    aside.rename(folder)


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Return once the log has these words."""

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if words in record.getMessage():
                said.set()

    said, watch = asyncio.Event(), Watch()
    logging.getLogger("bot").addHandler(watch)
    try:
        if words not in caplog.text:
            await asyncio.wait_for(said.wait(), 60)
    finally:
        logging.getLogger("bot").removeHandler(watch)


BAD: dict[str, dict[str, Any]] = {
    "a seed too large": {"seed": 2**70},
    "a seed below all": {"seed": -(2**70)},
    "a seed in words": {"seed": "abc"},
    "half a seed": {"seed": 1.5},
    "no seed": {"seed": None},
    "a list for a seed": {"seed": [1]},
    "steps in words": {"steps": "many"},
    "no time": {"render_s": "soon"},
    "no title": {"model_title": None},
    "a note that is none": {"note": 7},
    "no words": {"words": None},
    "words of another kind": {"words": RenderedPrompt(prompt=b"bytes")},  # type: ignore[arg-type]
    "no picture": {"picture": b""},
    "a picture that is none": {"picture": b"GIF89a"},
    "a picture of nothing": {"picture": None},
}


@pytest.mark.parametrize("what", BAD)
async def test_what_a_provider_says_wrongly_ends_the_order_refunded_or_delivered(
    house: House, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Some of it does no harm; all else is refunded with a sentence and logged with its traceback."""
    before = await house.balance()
    house.painter.finished = replace(GOOD, **BAD[what])
    order = await house.order()
    state, jobs = await house.states(order)
    assert state == "closed"
    if jobs == ["failed"]:
        assert await house.balance() == before
        assert house.window.results[-1].sentences == [following.UNEXPECTED]
        assert "Traceback" in caplog.text
        assert not list(house.stores.pictures.folder.glob(".staged-*"))
    else:
        assert jobs == ["delivered"]
    house.painter.finished = GOOD
    assert await house.states(await house.order()) == ("closed", ["delivered"])


async def test_a_seed_out_of_range_is_refunded(house: House) -> None:
    house.painter.finished = replace(GOOD, seed=2**70)
    assert await house.states(await house.order()) == ("closed", ["failed"])


async def test_one_of_several_that_cannot_be_kept_is_refunded_alone(house: House) -> None:
    before = await house.balance()
    house.painter.spoiled = frozenset({2})
    state, jobs = await house.states(await house.order(3))
    assert (state, sorted(jobs)) == ("closed", ["delivered", "delivered", "failed"])
    assert await house.balance() == before - 2 * house.studio.settings.price_standard


async def test_a_locked_database_is_waited_for_and_the_portrait_arrives(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    house.painter.may_end.clear()
    order = await house.order()
    await house.painter.started.wait()
    with locked(house.stores):
        house.painter.may_end.set()
        await logged(caplog, "tried again")
        assert house.studio.is_followed(order.id)
    assert await house.states(order) == ("closed", ["delivered"])
    assert house.painter.count == 1


async def test_what_cannot_even_be_refunded_is_taken_up_by_the_watch(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database stays locked for longer than anybody waits."""
    monkeypatch.setattr(patience, "BUSY_S", 0.2)
    house.painter.may_end.clear()
    order = await house.order()
    await house.painter.started.wait()
    with locked(house.stores):
        house.painter.may_end.set()
        assert await house.states(order) == ("open", ["running"])
        assert not house.studio.is_followed(order.id)
        assert "could not be ended" in caplog.text
    assert await house.studio.look_after() == 1
    assert await house.states(order) == ("closed", ["delivered"])
    assert await house.studio.look_after() == 0


async def test_a_folder_that_cannot_be_used_is_waited_for_and_then_refunded(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    before = await house.balance()
    with unusable(house.stores):
        order = await house.order()
        assert await house.states(order) == ("closed", ["failed"])
    assert house.window.results[-1].sentences == [following.UNKEPT]
    assert "Traceback" in caplog.text
    assert await house.balance() == before
    assert await house.states(await house.order()) == ("closed", ["delivered"])


async def test_a_folder_that_comes_back_in_time_costs_nobody_their_portrait(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patience, "BROKEN_S", 60.0)
    caplog.set_level(logging.WARNING)
    with unusable(house.stores):
        order = await house.order()
        await logged(caplog, "storing a portrait did not succeed")
    assert await house.states(order) == ("closed", ["delivered"])
    assert house.painter.count == 1


@pytest.mark.parametrize("call", ["board", "update", "again", "ended", "close"])
async def test_a_status_that_cannot_be_shown_stands_in_nobodys_way(house: House, call: str) -> None:
    house.window.broken[call] = ZeroDivisionError()
    assert await house.states(await house.order()) == ("closed", ["delivered"])


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), ValueError("odd"), OSError(5, "Input/output error"), KeyError()]
)
async def test_a_delivery_that_always_breaks_is_refunded_and_told(
    house: House, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    before = await house.balance()
    house.window.broken["deliver"] = error
    order = await house.order(2)
    assert await house.states(order) == ("closed", ["failed", "failed"])
    assert house.window.told == [following.UNEXPECTED]
    assert await house.balance() == before
    assert type(error).__name__ in caplog.text
    assert "Traceback" in caplog.text


async def test_a_refund_that_cannot_be_told_is_one_all_the_same(house: House) -> None:
    house.window.broken |= {"deliver": ZeroDivisionError(), "tell": ZeroDivisionError()}
    order = await house.order()
    assert await house.states(order) == ("closed", ["failed"])
    assert (await house.studio.find_order(order.id)).delivered_by is None


async def test_a_portrait_whose_file_is_gone_is_refunded(house: House) -> None:
    """Between its storing and its delivery."""

    class Reading(Window):
        async def deliver(self, order: Order, result: Result) -> Way | None:
            for item in result.portraits:
                house.stores.pictures.path(item.sha256).unlink(missing_ok=True)
                await house.stores.pictures.read(item.sha256)
            return "token"

    house.studio._messenger = window = Reading()
    assert await house.states(await house.order()) == ("closed", ["failed"])
    assert window.told == [following.UNEXPECTED]


async def test_an_order_that_no_job_can_be_made_of_is_refunded_and_holds_up_nobody(house: House) -> None:
    """Its prompt cannot be read, as after a downgrade; it is taken up at a start, together with others."""
    house.painter.may_end.clear()
    orders = [await house.order() for _ in range(3)]
    await house.studio.close(0.1)
    async with house.stores.database.transaction() as tx:
        await tx.execute("UPDATE orders SET prompt = '{' WHERE id = ?", (orders[0].id,))
    again = House(house.studio.settings, house.stores)
    assert await again.studio.resume() == 3
    states = [await again.states(order) for order in orders]
    assert states == [("closed", ["failed"]), ("closed", ["delivered"]), ("closed", ["delivered"])]
    await again.studio.close(1.0)


async def test_an_order_that_is_taken_up_in_vain_is_given_up_refunded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it can ever be concluded: each take ends in the middle."""
    before = await house.balance()
    house.window.broken["deliver"] = _busy()
    order = await house.order()
    for _ in range(MAX_TAKES):
        assert await house.states(order) == ("open", ["rendered"])
        assert await house.studio.look_after() == 1
    assert await house.states(order) == ("open", ["rendered"])
    assert await house.studio.look_after() == 1
    assert await house.states(order) == ("closed", ["failed"])
    assert "given up" in house.window.told[-1]
    assert await house.balance() == before


def _busy() -> Exception:
    from data.core.data_errors import DatabaseBusy

    return DatabaseBusy()


async def test_cancelling_what_nobody_follows_refunds_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BUSY_S", 0.1)
    before = await house.balance()
    house.painter.may_end.clear()
    order = await house.order()
    await house.painter.started.wait()
    with locked(house.stores):
        house.painter.may_end.set()
        assert await house.states(order) == ("open", ["running"])
    assert await house.studio.cancel(order) == 1
    assert await house.states(order) == ("closed", ["cancelled"])
    assert await house.balance() == before


async def test_cancelling_what_is_being_stored_refunds_it(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine knows it no more, and its portrait is not there yet."""
    monkeypatch.setattr(patience, "BROKEN_S", 60.0)
    caplog.set_level(logging.WARNING)
    before = await house.balance()
    with unusable(house.stores):
        order = await house.order()
        await logged(caplog, "storing a portrait did not succeed")
        assert not house.studio.engine.waiting()
        assert await house.studio.cancel(order) == 1
    assert await house.states(order) == ("closed", ["cancelled"])
    assert await house.balance() == before
    assert await house.studio.cancel(order) == 0


async def test_with_every_way_closed_credits_are_held_until_the_person_is_told(house: House) -> None:
    before = await house.balance()
    house.window.closed = True
    order = await house.order()
    assert await house.states(order) == ("open", ["rendered"])
    (waiting,) = await house.stores.orders.unshown(SAM)
    assert waiting.id == order.id
    assert await house.studio.cancel(order) == 0
    await house.studio.notified(waiting)
    await house.studio.notified(waiting)
    assert await house.states(order) == ("closed", ["delivered"])
    assert (await house.studio.find_order(order.id)).delivered_by == "portraits"
    assert await house.balance() == before - house.studio.settings.price_standard
    assert await house.stores.orders.unshown(SAM) == []


async def test_a_way_that_opens_again_is_taken(house: House) -> None:
    house.window.closed = True
    order = await house.order()
    await house.ended(order)
    house.window.closed = False
    assert await house.studio.look_after() == 1
    assert await house.states(order) == ("closed", ["delivered"])
    assert (await house.studio.find_order(order.id)).delivered_by == "token"


async def test_ways_that_stay_closed_are_not_tried_each_minute_and_end_in_a_refund(house: House) -> None:
    before = await house.balance()
    house.window.closed = True
    order = await house.order()
    await house.ended(order)
    assert [await house.studio.look_after() for _ in range(2)] == [1, 0]
    await house.ended(order)
    async with house.stores.database.transaction() as tx:
        await tx.execute("UPDATE orders SET unshown_since = unshown_since - ?", (UNSHOWN_KEPT_S + 1,))
    assert await house.studio.look_after() == 1
    assert await house.states(order) == ("closed", ["failed"])
    assert await house.balance() == before
    assert len(await house.stores.portraits.of_order(order.id)) == 1


async def late(house: House, count: int) -> list[Order]:
    """Orders of which their person is called back, since they were placed long ago."""
    house.painter.may_end.clear()
    orders = [await house.order() for _ in range(count)]
    async with house.stores.database.transaction() as tx:
        await tx.execute("UPDATE orders SET created_at = created_at - 600")
    house.painter.may_end.set()
    return orders


async def test_who_waited_long_is_called_after_the_order_is_closed_once_and_together(house: House) -> None:
    """The first call hangs, as in a channel that takes no more messages for now: nothing waits for it."""
    go_on, called = asyncio.Event(), []

    class Calling(Window):
        async def call_back(self, orders: Sequence[Order]) -> None:
            states = [(await house.studio.find_order(order.id)).state for order in orders]
            called.append((states, [order.id for order in orders]))
            await go_on.wait()

    house.studio._messenger = Calling()
    orders = await late(house, 6)
    for order in orders:
        assert await house.states(order) == ("closed", ["delivered"])
    go_on.set()
    await asyncio.gather(*house.studio._follower.calls._calling.values())
    assert len(called) <= 3
    assert {state for states, _ in called for state in states} == {"closed"}
    assert sorted(one for _, ids in called for one in ids) == sorted(order.id for order in orders)


async def test_a_call_that_breaks_harms_nobody(house: House) -> None:
    house.window.broken["call_back"] = ZeroDivisionError()
    for order in await late(house, 2):
        assert await house.states(order) == ("closed", ["delivered"])
