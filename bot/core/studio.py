"""The story of an order, from a person's words to a delivered portrait. Nothing else knows the whole of it.

This module knows data and engine, and of Discord only that there is a `Messenger` which shows things to people.
"""

import asyncio
import contextvars
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.core import faults, reviewing
from bot.core.engine_jobs import Maker
from bot.core.errors import Gone, Refused
from bot.core.following import CANCELLED, Follower
from bot.core.patience import patiently
from bot.core.picture_safety import PictureSafety
from bot.core.real_people import NO_REAL_PEOPLE, RealPeople
from bot.core.requests import OrderRequest, StatusMessage, Validator, short_of_credits
from bot.core.results import Messenger
from bot.core.results import Result as Result
from bot.core.results import facts as facts
from bot.core.reviewing import Judge, Reviewer
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio_watcher import StudioWatcher
from bot.languages import speech
from bot.languages.message_catalogues import SOURCE
from bot.languages.speech import worded
from data.core.data_errors import DataError, InsufficientCredits
from data.credits.accounts import Account
from data.orders.jobs import JobRow, NewOrder, Order
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import Job, Lane, PictureSpec
from engine.models.model import Model
from engine.queue.engine import Engine
from engine.review.judged_parts import PortraitReview

log = logging.getLogger(__name__)

MAX_TAKES: Final = 3
"""How often one run of the bot takes an open order up before it is given up."""
UNSHOWN_KEPT_S: Final = 7 * 86_400.0
UNSHOWN_AGAIN_S: Final = 3600.0
TAKEN_UP_TOO_OFTEN: Final = worded(
    "The studio could not finish this order, however often it tried, so it was given up. Your credits are back."
)
NOBODY_TOLD: Final = worded(
    "This portrait could be shown nowhere for a week, so your credits are back. /portraits has it."
)
_LIVE: Final = frozenset({"waiting", "running"})


class Studio:
    """Takes orders and sees them through, also those that an earlier run of the bot left open."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        engine: Engine,
        messenger: Messenger,
        safety: PictureSafety,
        real_people: RealPeople = NO_REAL_PEOPLE,
        watcher: StudioWatcher | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._watcher = watcher or StudioWatcher()
        self.stores = stores
        self.engine = engine
        self.reviewer = Reviewer(settings, stores, judge)
        self.validator = Validator(settings, stores, engine, real_people, self.reviewer)
        self._messenger = messenger
        self._maker = Maker(stores, engine, self.validator)
        self._follower = Follower(settings, stores, engine, self._maker, safety, self._watcher, self.reviewer)
        self._counter = asyncio.Lock()
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._takes: Counter[str] = Counter()
        self._shown_again: dict[str, float] = {}
        self._closing = False

    @property
    def settings(self) -> Settings:
        return self.validator.settings

    async def order(self, request: OrderRequest, answer: StatusMessage) -> Order[PictureSpec]:
        """Check the request, charge for it and write it down, all or nothing; then see it through in the background.

        Raises what `Validator.order_for` raises, and has then changed nothing.
        """
        if self._closing:
            raise Refused(worded("The studio is restarting. Try again in a minute; nothing was charged."))
        new, tier = await self.validator.order_for(request, answer)
        await self.validator.disk()
        # One at a time from the look at the queue to the place in it: else many at once would pass its caps.
        async with self._counter:
            await self.validator.one_series(request)
            self.validator.room(request, tier)
            order = await self._place(new)
            faults.after("row")
            if order.created:
                self._watcher.order_placed(order)
                ignored = (*request.ignored, *self.validator.not_taken(request))
                if ignored or request.drawn:
                    self._follower.typed[order.id] = (ignored, request.drawn)
                self.follow(order)
                faults.after("submit")
        return order

    async def _place(self, new: NewOrder[PictureSpec]) -> Order[PictureSpec]:
        try:
            now = time.time()
            return await self.stores.orders.place(new, now=now, ceilings=self.validator.ceilings(now))
        except InsufficientCredits as error:
            raise short_of_credits(error.price, error.balance) from error

    async def account(self, guild_id: int, user_id: int) -> Account:
        """The person's account in this server, with today's allowance given."""
        return await self.validator.account(guild_id, user_id)

    def price(self, account: Account, model: Model, lane: Lane) -> int:
        """Credits for one portrait in that lane."""
        return self.validator.price(account, model, lane)

    def follow(self, order: Order[PictureSpec]) -> None:
        """Put an order's jobs into the queue, now, and see it through in the background."""
        if order.id in self._followed:
            return
        rows = [row for row in order.jobs if row.state in _LIVE]
        # A series does not fill the queue: its next frame takes a place when one is done.
        at_once = self.settings.series_waiting if order.series_id else len(rows)
        streams = {row.id: self._maker.submitted(order, row) for row in rows[:at_once]}
        self._follower.waiting_frames.update(row.id for row in rows[at_once:])
        self._begin(order, self._follower.see_through(order, rows, streams, self._messenger))

    def _begin(self, order: Order, work: Coroutine[Any, Any, None]) -> None:
        context = contextvars.copy_context()
        context.run(speech.speak, order.language or SOURCE)
        task = asyncio.create_task(work, name=f"order-{order.id}", context=context)
        self._followed[order.id] = task
        task.add_done_callback(lambda done: self._let_go(order))

    def _let_go(self, order: Order) -> None:
        self._followed.pop(order.id, None)
        self._follower.typed.pop(order.id, None)
        self._follower.waiting_frames.difference_update(row.id for row in order.jobs)

    def is_followed(self, order_id: str) -> bool:
        """Whether somebody is about to end this order; else the next look (`look_after`) sees to that."""
        return order_id in self._followed

    async def before_start(self, jobs: Sequence[Job]) -> None:
        """Write down that these jobs are about to start, so that one that kills the process is known."""
        ids = [job.id for job in jobs]
        await patiently(lambda: self.stores.orders.starting(ids, time.time()), "writing down that jobs start")

    async def resume(self) -> int:
        """Take up every order that an earlier run left open, in their old order; says how many."""
        return await self.look_after()

    async def look_after(self) -> int:
        """Take up open orders that nothing follows, and give up those that were taken up in vain; says how many.

        To be called every minute. What no way led to is shown again each hour, and refunded after a week.
        """
        if self._closing:
            return 0
        found = await self.stores.orders.open_orders()
        ids = {order.id for order in found}
        self._takes = Counter({order_id: takes for order_id, takes in self._takes.items() if order_id in ids})
        self._shown_again = {order_id: at for order_id, at in self._shown_again.items() if order_id in ids}
        if not await self._judged(order for order in found if order.id not in self._followed):
            return 0
        # As they are by now: one may have ended meanwhile.
        found = await self.stores.orders.open_orders()
        return sum(self._take_up(order) for order in found if order.id not in self._followed)

    async def _judged(self, orders: Iterable[Order[PictureSpec]]) -> bool:
        """Have policy read these orders again, in a thread so that thousands hold nobody up; whether there were any."""
        count = 0
        for taken in orders:
            order = taken
            if order.people is None:
                order = replace(order, people=await self.stores.asked_people.of_order(order.id))
            await asyncio.to_thread(self._maker.judge, order, [row for row in order.jobs if row.state in _LIVE])
            count += 1
        return count > 0 and not self._closing

    def _take_up(self, order: Order[PictureSpec]) -> bool:
        if order.unshown_since is not None:
            return self._take_up_unshown(order, order.unshown_since)
        self._takes[order.id] += 1
        if self._takes[order.id] > MAX_TAKES:
            log.error("an order was taken up in vain and is given up", extra={"job": order.id})
            self._begin(order, self._follower.give_up(order.id, TAKEN_UP_TOO_OFTEN, self._messenger))
        else:
            self.follow(order)
        return True

    def _take_up_unshown(self, order: Order[PictureSpec], since: float) -> bool:
        if time.time() > since + UNSHOWN_KEPT_S:
            self._begin(order, self._follower.give_up(order.id, NOBODY_TOLD, self._messenger))
            return True
        if time.perf_counter() < self._shown_again.get(order.id, 0.0):
            return False
        self._shown_again[order.id] = time.perf_counter() + UNSHOWN_AGAIN_S
        self.follow(order)
        return True

    async def notified(self, order: Order) -> None:
        """The person has been told that the portraits of this order are in /portraits: that settles them."""
        await self.stores.orders.delivered(order.id, "portraits", time.time())
        await self.stores.orders.close(order.id)
        log.info("order closed, as its person was told of it", extra={"job": order.id})

    async def cancel(self, order: Order) -> int:
        """Cancel what of an order has not been rendered; says how many portraits that stops."""
        stopped = 0
        # Frames that wait for a place first: else they would take those that come free.
        for row in sorted(order.jobs, key=lambda row: row.id not in self._follower.waiting_frames):
            stopped += await self._cancel(row)
        fresh = await self.find_order(order.id)
        if fresh.state == "open" and fresh.unshown_since is None:
            self.follow(fresh)
        return stopped

    async def _cancel(self, row: JobRow) -> bool:
        """What the engine does not know waits for a place, is being stored, or is followed by nobody."""
        if self.engine.cancel(row.id):
            return True
        before = await self.stores.orders.job(row.id)
        if before is None or before.state not in _LIVE:
            return False
        ended = await self.stores.orders.end(row.id, "cancelled", CANCELLED, time.time())
        # It may have taken its place since.
        self.engine.cancel(row.id)
        return ended.state == "cancelled"

    async def stop_jobs(self, job_ids: Iterable[str], sentence: str) -> int:
        """End jobs that wait or run, with a sentence and a refund; says how many. What is rendered is delivered."""
        stopped = 0
        for job_id in job_ids:
            row = await self.stores.orders.end(job_id, "cancelled", sentence, time.time())
            stopped += row.state == "cancelled"
            self.engine.cancel(job_id)
        return stopped

    async def drop(self, order_id: str, sentence: str) -> None:
        """End an order that nobody follows, with a refund of everything and without a word to anybody."""
        await self._follower.drop(order_id, "cancelled", sentence)
        await self.stores.orders.close(order_id)

    async def seen_through(self, order_id: str) -> bool:
        """Wait for the end of an order that is being seen through; False at once when it is not."""
        task = self._followed.get(order_id)
        if task is None:
            return False
        await asyncio.wait({task})
        return True

    async def find_order(self, order_id: str) -> Order[PictureSpec]:
        """Raises Gone."""
        order = await self.stores.orders.get(order_id)
        if order is None:
            raise Gone(worded("That order is not there any more."))
        return order

    async def find_portrait(self, portrait_id: int) -> Portrait[PictureSpec]:
        """Raises Gone."""
        portrait = await self.stores.portraits.get(portrait_id)
        if portrait is None:
            raise Gone(worded("That portrait was deleted."))
        return portrait

    async def review(self, portrait: Portrait[PictureSpec]) -> PortraitReview:
        """What the portrait is like. One that was not reviewed yet is, and that is kept. Raises Gone, Refused."""
        order = await self.find_order(portrait.order_id)
        found = reviewing.read((await self.reviewer.of_portraits(order, [portrait])).get(portrait.id))
        if found is None:
            if why := self.reviewer.missing():
                raise Refused(worded("That portrait cannot be reviewed here: {why}.", why=why))
            raise Refused(worded("That portrait could not be reviewed; the studio's log says why."))
        return found

    async def close(self, grace_s: float) -> None:
        """Finish the current step, keep the rest for the next start; takes about `grace_s` seconds at most."""
        self._closing = True
        started = time.perf_counter()
        await self._follower.calls.close()
        await self.engine.stop(grace_s * 0.75)
        running = list(self._followed.values())
        if running:
            left_s = max(0.5, grace_s - (time.perf_counter() - started))
            _, late = await asyncio.wait(running, timeout=left_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._follower.calls.close()
        await self.reviewer.close()
        try:
            await self.stores.orders.requeue_running()
        except DataError as error:
            log.warning("jobs that ran could not be put back: %s The next start takes them up all the same.", error)
