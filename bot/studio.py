"""The story of an order, from a person's words to a delivered portrait. Nothing else knows the whole of it.

This module knows data and engine, and of Discord only that there is a `Post` which shows things to people.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from bot import faults, words
from bot.errors import Gone, Refused
from bot.holding import Holding
from bot.marking import Marker
from bot.settings import Settings
from bot.stores import Stores
from bot.wishes import Answer, Checks, Wish, short_of_credits
from data.accounts import FREE, Account
from data.errors import InsufficientCredits, JobOver, NoSpace
from data.jobs import JobRow, NewOrder, Order, OrderReference
from data.portraits import Portrait, PortraitFacts
from engine.catalogue import Model
from engine.engine import Engine
from engine.jobs import (
    Adapter,
    Edit,
    EngineError,
    EngineStopped,
    Event,
    Finished,
    Job,
    JobCancelled,
    Lane,
    Reference,
    RenderFailed,
    Role,
)
from engine.prompt import from_json

log = logging.getLogger(__name__)

MAX_STARTS: Final = 3
ADAPTED_PIPELINE: Final = "StableDiffusion3Pipeline"
MENTION_AFTER_S: Final = 120.0
CANCELLED: Final = "Cancelled; your credits are back."
STOPPED_TOO_OFTEN: Final = "The studio stopped three times while making this portrait, so it was given up and refunded."


class StoppedTooOften(EngineError):
    """The process ended again and again while this job ran."""

    def __init__(self) -> None:
        super().__init__("The studio stopped three times while making this portrait, so it was given up.")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an order. `left` says what the account holds now."""

    portraits: Sequence[Portrait]
    sentences: Sequence[str]
    left: str


class Board(Protocol):
    """Shows how far an order is."""

    def update(self, job_id: str, event: Event) -> None: ...
    def again(self, job_id: str) -> None: ...
    def ended(self, job_id: str, sentence: str = "") -> None: ...
    async def close(self) -> None: ...


class Post(Protocol):
    """Shows orders to people; `deliver` may be repeated and shows the result once."""

    def board(self, order: Order) -> Board: ...
    async def deliver(self, order: Order, result: Result) -> bool: ...
    async def call_back(self, order: Order) -> None: ...


class Studio:
    """Takes orders and sees them through, also those that an earlier run of the bot left open."""

    def __init__(self, settings: Settings, stores: Stores, engine: Engine, post: Post) -> None:
        self.stores = stores
        self.engine = engine
        self.checks = Checks(settings, stores, engine)
        self._post = post
        self._marker = Marker(settings)
        self._holding = Holding(settings, stores, engine)
        self._counter = asyncio.Lock()
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._ignored: dict[str, tuple[str, ...]] = {}
        self._held: set[str] = set()
        self._closing = False

    @property
    def settings(self) -> Settings:
        return self.checks.settings

    async def order(self, wish: Wish, answer: Answer) -> Order:
        """Check the wish, charge for it and write it down, all or nothing; then see it through in the background.

        Raises Refused (PriceUnconfirmed: the person must see the price first), EngineError or DataError, and has
        then changed nothing.
        """
        if self._closing:
            raise Refused("The studio is restarting. Try again in a minute; nothing was charged.")
        new, tier = await self.checks.order_for(wish, answer)
        # One at a time from the look at the queue to the place in it: else many at once would pass its caps.
        async with self._counter:
            await self.checks.one_series(wish)
            self.checks.room(wish, tier)
            order = await self._place(new)
            faults.after("row")
            if order.created:
                if wish.ignored:
                    self._ignored[order.id] = wish.ignored
                self.follow(order)
                faults.after("submit")
        return order

    async def _place(self, new: NewOrder) -> Order:
        try:
            now = time.time()
            return await self.stores.orders.place(new, now=now, ceilings=self.checks.ceilings(now))
        except InsufficientCredits as error:
            raise short_of_credits(error.price, error.balance) from error

    async def account(self, guild_id: int, user_id: int) -> Account:
        """The person's account in this server, with today's allowance given."""
        return await self.checks.account(guild_id, user_id)

    def price(self, account: Account, model: Model, lane: Lane) -> int:
        """Credits for one portrait in that lane."""
        return self.checks.price(account, model, lane)

    def follow(self, order: Order) -> None:
        """Put an order's jobs into the queue, now, and see it through in the background."""
        if order.id in self._followed:
            return
        rows = [row for row in order.jobs if row.state in {"waiting", "running"}]
        # A series does not fill the queue: its next frame takes a place when one is done.
        at_once = self.settings.series_waiting if order.series_id else len(rows)
        streams = {row.id: self._submitted(order, row) for row in rows[:at_once]}
        self._held.update(row.id for row in rows[at_once:])
        task = asyncio.create_task(self._follow(order, rows, streams), name=f"order-{order.id}")
        self._followed[order.id] = task
        task.add_done_callback(lambda done: self._followed.pop(order.id, None))
        task.add_done_callback(lambda done: self._ignored.pop(order.id, None))

    def _submitted(self, order: Order, row: JobRow) -> AsyncIterator[Event] | EngineError:
        """The job's events, or why it cannot be made; it was charged, so the queue's caps do not count any more."""
        if row.attempts >= MAX_STARTS:
            return StoppedTooOften()
        try:
            return self.engine.submit(self._job(order, row), accepted=True)
        except EngineError as error:
            return error

    async def _follow(
        self, order: Order, rows: Sequence[JobRow], streams: Mapping[str, AsyncIterator[Event] | EngineError]
    ) -> None:
        board = self._post.board(order)
        places = asyncio.Semaphore(max(1, len(streams)))
        try:
            endings = await asyncio.gather(
                *(self._in_turn(order, row, streams.get(row.id), board, places) for row in rows)
            )
            await board.close()
            if all(endings):
                await self._conclude(order.id)
        except Exception:
            log.exception(
                "an order could not be seen through; it is taken up again at the next start",
                extra={"job": order.id},
            )
            await board.close()

    async def _in_turn(
        self,
        order: Order,
        row: JobRow,
        stream: AsyncIterator[Event] | EngineError | None,
        board: Board,
        places: asyncio.Semaphore,
    ) -> bool:
        """Render one job when the order has a place for it; see `_render`."""
        async with places:
            if stream is None:
                now = await self.stores.orders.job(row.id) or row
                self._held.discard(row.id)
                if now.state not in {"waiting", "running"}:
                    board.ended(row.id, now.error)
                    return True
                stream = self._submitted(order, row)
            return await self._render(order, row, stream, board)

    async def _conclude(self, order_id: str) -> None:
        """Deliver what is rendered, settle it, close the order; each step may come twice."""
        order = await self.find_order(order_id)
        result = await self.result(order)
        delivered = await self._post.deliver(order, result)
        faults.after("edit")
        now = time.time()
        if delivered and result.portraits and now - order.created_at > MENTION_AFTER_S:
            await self._mention(order, now)
        for row in order.jobs:
            if row.state == "rendered":
                await self.stores.orders.settle(row.id, now)
        faults.after("settle")
        await self.stores.orders.close(order.id)
        log.info("order closed", extra={"job": order.id})

    async def _mention(self, order: Order, now: float) -> None:
        """Who waited long is called back, once: written down first, so that a crash can only lose the call."""
        if await self.stores.orders.mention_once(order.id, now):
            await self._post.call_back(order)

    async def result(self, order: Order) -> Result:
        """What an order came to, from its rows alone."""
        portraits = await self.stores.portraits.of_order(order.id)
        sentences = [row.error or CANCELLED for row in order.jobs if row.state in {"failed", "cancelled"}]
        account = await self.checks.account(order.guild_id, order.user_id)
        return Result(portraits, sentences, balance_line(account))

    async def _render(
        self, order: Order, row: JobRow, stream: AsyncIterator[Event] | EngineError, board: Board
    ) -> bool:
        """One job, from the queue to a stored portrait or a refund; False when it goes on at the next start."""
        try:
            finished = await self._best(order, row, await self._finish(row, stream, board), board)
            prompt = from_json(row.prompt or order.prompt)
            picture = await self._marker.mark(finished, prompt, row)
            staged = await self.stores.pictures.stage(picture)
            faults.after("picture")
            await self.stores.orders.store(
                row.id, staged, facts(finished, row.guidance, self._ignored.get(order.id, ())), time.time()
            )
            faults.after("portrait")
        except EngineStopped:
            return False
        except JobCancelled:
            return await self._end(row, "cancelled", CANCELLED, board)
        except JobOver:
            return True
        except NoSpace as error:
            return await self._end(row, "failed", str(error), board)
        except EngineError as error:
            return await self._end(row, "failed", f"{error} Your credits are back.", board)
        board.ended(row.id)
        return True

    def _job(self, order: Order, row: JobRow) -> Job:
        model = self.engine.catalogue.get(row.model)
        job = Job(
            id=row.id,
            user=self.checks.turn_of(order.guild_id, order.user_id),
            lane=Lane(row.lane),
            model=row.model,
            prompt=from_json(row.prompt or order.prompt),
            width=row.width,
            height=row.height,
            steps=row.steps,
            guidance=row.guidance,
            seed=row.seed,
            references=tuple(self._reference(model, item) for item in order.references),
            edit=self._edit(order),
            adapters=self._adapters(row),
            arrival=row.arrival,
            previews=model.live_preview,
        )
        scales = [item.scale for item in order.references if item.scale is not None]
        return replace(job, reference_scale=max(scales, default=model.reference_scale))

    def _reference(self, model: Model, item: OrderReference) -> Reference:
        """An IP-Adapter reads the face alone; a model that looks at pictures gets the whole one."""
        adapter = model.provider == "local" and model.pipeline == ADAPTED_PIPELINE
        sha256 = item.crop_sha256 if item.crop_sha256 and adapter else item.sha256
        path = self.stores.pictures.path(sha256)
        role = Role(item.role)
        return Reference(handle=item.handle, path=path, sha256=sha256, role=role, embedding=item.embedding)

    def _adapters(self, row: JobRow) -> tuple[Adapter, ...]:
        """Raises UnknownFineTune when its file is not offered any more."""
        if not row.fine_tune:
            return ()
        return (self.engine.catalogue.fine_tune(row.fine_tune, row.model).adapter(row.fine_tune_strength),)

    def _edit(self, order: Order) -> Edit | None:
        edit = order.edit
        if edit is None or edit.sha256 is None:
            return None
        path = self.stores.pictures.path(edit.sha256)
        return Edit(path=path, sha256=edit.sha256, words=edit.words, strength=edit.strength)

    async def _best(self, order: Order, row: JobRow, first: Finished, board: Board) -> Finished:
        """The portrait that is delivered: this one, or a further try whose face holds better."""

        async def once_more(job: Job) -> Finished:
            board.again(row.id)
            return await self._finish(row, self.engine.submit(job, accepted=True), board)

        return await self._holding.best(order, row, self._job(order, row), first, once_more)

    async def _finish(self, row: JobRow, stream: AsyncIterator[Event] | EngineError, board: Board) -> Finished:
        if isinstance(stream, EngineError):
            raise stream
        async for event in stream:
            if isinstance(event, Finished):
                return event
            board.update(row.id, event)
        raise RenderFailed("the engine ended without a picture")

    async def _end(self, row: JobRow, state: Literal["failed", "cancelled"], sentence: str, board: Board) -> bool:
        await self.stores.orders.end(row.id, state, sentence, time.time())
        board.ended(row.id, sentence)
        return True

    async def before_start(self, jobs: Sequence[Job]) -> None:
        """Write down that these jobs are about to start, so that one that kills the process is known."""
        await self.stores.orders.starting([job.id for job in jobs], time.time())

    async def resume(self) -> int:
        """Take up every order that an earlier run left open, in their old order; says how many."""
        orders = [order for order in await self.stores.orders.open_orders() if order.id not in self._followed]
        for order in orders:
            self.follow(order)
        return len(orders)

    async def cancel(self, order: Order) -> int:
        """Cancel what of an order has not been rendered; says how many portraits that stops."""
        stopped = 0
        # Frames that wait for a place first: else they would take those that come free.
        for row in [row for row in order.jobs if row.id in self._held]:
            ended = await self.stores.orders.end(row.id, "cancelled", CANCELLED, time.time())
            self.engine.cancel(row.id)
            stopped += ended.state == "cancelled"
        return stopped + sum(self.engine.cancel(row.id) for row in order.jobs)

    async def stop_jobs(self, job_ids: Iterable[str], sentence: str) -> int:
        """End jobs that wait or run, with a sentence and a refund; says how many. What is rendered is delivered."""
        stopped = 0
        for job_id in job_ids:
            row = await self.stores.orders.end(job_id, "cancelled", sentence, time.time())
            stopped += row.state == "cancelled"
            self.engine.cancel(job_id)
        return stopped

    async def seen_through(self, order_id: str) -> bool:
        """Wait for the end of an order that is being seen through; False at once when it is not."""
        task = self._followed.get(order_id)
        if task is None:
            return False
        await asyncio.wait({task})
        return True

    async def find_order(self, order_id: str) -> Order:
        """Raises Gone."""
        order = await self.stores.orders.get(order_id)
        if order is None:
            raise Gone("That order is not there any more.")
        return order

    async def find_portrait(self, portrait_id: int) -> Portrait:
        """Raises Gone."""
        portrait = await self.stores.portraits.get(portrait_id)
        if portrait is None:
            raise Gone("That portrait was deleted.")
        return portrait

    async def close(self, grace_s: float) -> None:
        """Finish the current step, keep the rest for the next start; takes about `grace_s` seconds at most."""
        self._closing = True
        started = time.perf_counter()
        await self.engine.stop(grace_s * 0.75)
        running = list(self._followed.values())
        if running:
            left_s = max(0.5, grace_s - (time.perf_counter() - started))
            _, late = await asyncio.wait(running, timeout=left_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.stores.orders.requeue_running()


def facts(finished: Finished, guidance: float, ignored: tuple[str, ...] = ()) -> PortraitFacts:
    """What is stored of a finished portrait: the words that were really sent, and what was left out of them.

    `ignored` are the flags of other tools that were typed; they are told here once and kept nowhere else.
    """
    sent = finished.words
    told_t5 = sent.long_prompt and sent.long_prompt != sent.prompt
    notes = [finished.note]
    if sent.dropped:
        notes.append(f"Not said to this model: {words.plain('; '.join(sent.dropped), 300)}.")
    if ignored:
        notes.append(f"Means nothing here: {words.plain('; '.join(ignored), 300)}.")
    if sent.left_to_reference:
        notes.append(f"Left to the reference picture: {words.plain('; '.join(sent.left_to_reference), 300)}.")
    return PortraitFacts(
        seed=finished.seed,
        model_title=finished.model_title,
        words=f"CLIP: {sent.prompt}\nT5: {sent.long_prompt}" if told_t5 else sent.prompt,
        negative=sent.negative,
        steps=finished.steps,
        guidance=guidance,
        render_s=finished.render_s,
        note=" ".join(note for note in notes if note),
    )


def balance_line(account: Account) -> str:
    if account.tier != FREE:
        return f"{words.credits_word(account.balance)} left · {account.tier} tier"
    return f"{words.credits_word(account.balance)} left"
