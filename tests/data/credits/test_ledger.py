"""Whatever happens in whatever order: the balance is the sum of its entries, never negative, and no hold outlives
its job. A state machine plays a studio's days against a plain model of them, with cancels and crashes in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from data.core.data_errors import InsufficientCredits
from data.credits import ledger
from data.orders.jobs import JobRow
from tests.data.conftest import ANA, DAY, FACTS, GUILD, MODERATOR, NOON, House, order, png
from tests.data.stepping import Crash, cancelled_at, crashed_at

ENDED = {"delivered", "failed", "cancelled"}


@dataclass
class ModelJob:
    price: int
    of_allowance: int
    day: int | None
    state: str = "waiting"


@dataclass
class Model:
    """What an account ought to be, written as simply as possible."""

    lasting: int = 0
    allowance: int = 0
    day: int | None = None
    jobs: dict[str, ModelJob] = field(default_factory=dict)

    def new_day(self, day: int, amount: int) -> None:
        if day > (self.day if self.day is not None else -1):
            self.day, self.allowance = day, amount

    def place(self, prices: dict[str, int]) -> None:
        for job_id, price in prices.items():
            of_allowance = min(self.allowance, price)
            self.allowance -= of_allowance
            self.lasting -= price - of_allowance
            self.jobs[job_id] = ModelJob(price, of_allowance, self.day)

    def end(self, job_id: str, state: str) -> None:
        job = self.jobs[job_id]
        if job.state not in {"waiting", "running"}:
            return
        job.state = state
        self.lasting += job.price - job.of_allowance
        if job.day == self.day:
            self.allowance += job.of_allowance

    def revoke(self, amount: int) -> None:
        from_lasting = min(self.lasting, amount)
        self.lasting -= from_lasting
        self.allowance -= min(self.allowance, amount - from_lasting)


class Studio(RuleBasedStateMachine):
    """One user's account and jobs, over a real database."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp(prefix="economy-"))
        self.lives = 0
        self.keys = 0
        self.day = 0
        self.model = Model()
        self.house = self.run(House.open(self.root / "0"))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.house.db.close())
        self.runner.close()
        shutil.rmtree(self.root)

    @property
    def now(self) -> float:
        return NOON + self.day * DAY

    def key(self) -> str:
        self.keys += 1
        return f"key {self.keys}"

    @initialize(amount=st.integers(1, 60))
    def first_grant(self, amount: int) -> None:
        self.grant(amount)

    @rule(amount=st.integers(1, 60))
    def grant(self, amount: int) -> None:
        key = self.key()
        for _ in range(2):
            self.run(self.house.accounts.grant(GUILD, ANA, amount, key=key, actor_id=MODERATOR, now=self.now))
        self.model.lasting += amount

    @rule(amount=st.integers(1, 60))
    def revoke(self, amount: int) -> None:
        self.run(self.house.accounts.revoke(GUILD, ANA, amount, key=self.key(), actor_id=MODERATOR, now=self.now))
        self.model.revoke(amount)

    @rule(amount=st.integers(1, 40), days=st.integers(0, 2))
    def allowance(self, amount: int, days: int) -> None:
        self.day += days
        day = f"2027-01-{self.day:08d}"
        self.run(self.house.accounts.get(GUILD, ANA, now=self.now, allowance=amount, day=day))
        self.model.new_day(self.day, amount)

    @rule(prices=st.lists(st.integers(0, 30), min_size=1, max_size=4))
    def place(self, prices: list[int]) -> None:
        wanted = order(*prices, source=self.key())
        balance = self.model.lasting + self.model.allowance
        if balance < sum(prices):
            with pytest.raises(InsufficientCredits) as error:
                self.run(self.house.orders.place(wanted, now=self.now))
            assert error.value.balance == balance
        else:
            self.run(self.house.orders.place(wanted, now=self.now))
            self.model.place({f"{wanted.id}.{number}": price for number, price in enumerate(prices)})

    def pick(self, data: st.DataObject, *states: str) -> str | None:
        found = [job_id for job_id, job in self.model.jobs.items() if job.state in states]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        if (job_id := self.pick(data, "waiting", "running", *ENDED)) is not None:
            job = self.model.jobs[job_id]
            started = self.run(self.house.orders.starting([job_id], self.now))
            assert (job_id in started) == (job.state not in ENDED)
            if started:
                job.state = "running"

    @rule(data=st.data())
    def render(self, data: st.DataObject) -> None:
        if (job_id := self.pick(data, "waiting", "running")) is not None:
            staged = self.run(self.house.pictures.stage(png(len(self.model.jobs))))
            self.run(self.house.orders.store(job_id, staged, FACTS, self.now))
            self.model.jobs[job_id].state = "rendered"

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        if (job_id := self.pick(data, "rendered", "delivered")) is not None:
            self.run(self.house.orders.settle(job_id, self.now))
            self.model.jobs[job_id].state = "delivered"

    @rule(data=st.data(), state=st.sampled_from(["failed", "cancelled"]))
    def end(self, data: st.DataObject, state: Any) -> None:
        if (job_id := self.pick(data, "waiting", "running", "rendered", *ENDED)) is not None:
            self.run(self.house.orders.end(job_id, state, "", self.now))
            self.model.end(job_id, state)

    @rule(data=st.data(), amount=st.integers(1, 40))
    def cancel_after_midnight(self, data: st.DataObject, amount: int) -> None:
        """What a cheat would try first."""
        self.allowance(amount, 1)
        self.end(data, "cancelled")

    @rule()
    def reopen(self) -> None:
        self.run(self.house.db.close())
        self.house = self.run(House.open(self.root / str(self.lives)))

    @rule(data=st.data(), at=st.integers(0, 14), crash=st.booleans())
    def interrupt(self, data: st.DataObject, at: int, crash: bool) -> None:
        """A cancel, or the end of the process, at one of the awaits of something: it is done or it is not."""
        what = data.draw(st.sampled_from(["place", "grant", "end", "settle"]))
        job_id = self.pick(data, "waiting", "running") if what == "end" else self.pick(data, "rendered")
        if what in {"end", "settle"} and job_id is None:
            return
        prices = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=3))
        wanted, key = order(*prices, source=self.key()), self.key()
        works: dict[str, Coroutine[Any, Any, Any]] = {}
        if what == "place":
            works[what] = self.house.orders.place(wanted, now=self.now)
        elif what == "grant":
            works[what] = self.house.accounts.grant(GUILD, ANA, 5, key=key, actor_id=MODERATOR, now=self.now)
        elif what == "end":
            works[what] = self.house.orders.end(str(job_id), "cancelled", "", self.now)
        else:
            works[what] = self.house.orders.settle(str(job_id), self.now)
        self.run(self.crash(works[what], at) if crash else self.cancel(works[what], at))
        self.take_note(what, wanted.id, prices, key, job_id)

    async def cancel(self, work: Coroutine[Any, Any, Any], at: int) -> None:
        async def cancelled() -> None:
            with contextlib.suppress(InsufficientCredits):
                await cancelled_at(work, {at})

        task = asyncio.ensure_future(cancelled())
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def crash(self, work: Coroutine[Any, Any, Any], at: int) -> None:
        """Go on from the files as they were in the middle of `work`."""
        old, self.lives = self.root / str(self.lives), self.lives + 1
        new = self.root / str(self.lives)
        with contextlib.suppress(Crash, InsufficientCredits):
            await crashed_at(work, at, lambda: shutil.copytree(old, new))
        await self.house.db.close()
        if not new.exists():
            shutil.copytree(old, new)
        shutil.rmtree(old)
        self.house = await House.open(new)
        await self.house.pictures.sweep()

    def take_note(self, what: str, order_id: str, prices: list[int], key: str, job_id: str | None) -> None:
        """Bring the model up to what the database says has happened: all of it, or nothing."""
        if what == "place":
            if self.run(self.house.orders.get(order_id)) is not None:
                self.model.place({f"{order_id}.{number}": price for number, price in enumerate(prices)})
        elif what == "grant":
            row = self.run(self.house.db.fetch_one("SELECT 1 FROM ledger WHERE key = ?", (f"grant:{key}",)))
            self.model.lasting += 5 if row is not None else 0
        else:
            job: JobRow = self.run(self.house.orders.job(str(job_id)))
            if what == "end" and job.state == "cancelled":
                self.model.end(job.id, "cancelled")
            self.model.jobs[job.id].state = job.state

    @precondition(lambda self: any(job.state in ENDED for job in self.model.jobs.values()))
    @rule()
    def close_orders(self) -> None:
        for each in self.run(self.house.orders.open_orders()):
            if all(job.state in ENDED for job in each.jobs):
                self.run(self.house.orders.close(each.id))

    @invariant()
    def the_books_are_right(self) -> None:
        type(self).steps += 1
        account = self.run(self.house.accounts.find(GUILD, ANA, now=self.now))
        assert self.run(ledger.check(self.house.db)) == []
        if account is not None:
            assert account.balance == self.model.lasting + self.model.allowance
            assert account.allowance_left == self.model.allowance
            assert account.balance >= 0


def play(examples: int) -> None:
    run_state_machine_as_test(
        Studio,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_books_are_right_after_whatever_happens() -> None:
    play(12)


@pytest.mark.long
def test_the_books_are_right_after_20_000_steps() -> None:
    Studio.steps = 0
    while Studio.steps < 20_000:
        play(100)
