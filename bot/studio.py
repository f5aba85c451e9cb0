"""The story of an order, from a person's words to a delivered portrait. Nothing else knows the whole of it.

This module knows data and engine, and of Discord only that there is a `Post` which shows things to people.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from bot import faults, policy, words
from bot.errors import AgainstPolicy, Gone, PriceUnconfirmed, Refused
from bot.marking import Marker
from bot.settings import ModelPrice, Settings
from bot.stores import Stores
from bot.tiers import Tier
from data.accounts import FREE, Account
from data.characters import Character
from data.errors import InsufficientCredits, JobOver, NoSpace
from data.jobs import JobRow, NewJob, NewOrder, Order, SpendCeiling
from data.portraits import Portrait, PortraitFacts
from engine.catalogue import Model
from engine.engine import Engine
from engine.jobs import (
    EngineError,
    EngineStopped,
    Event,
    Finished,
    Job,
    JobCancelled,
    Lane,
    ModelUnavailable,
    QueueFull,
    Reference,
    RenderFailed,
)
from engine.prompt import PortraitPrompt, from_json, to_json

log = logging.getLogger(__name__)

DEFAULT_ASPECT: Final = "2:3"
MAX_STARTS: Final = 3
MAX_SEED: Final = 2**32 - 1
DAY_S: Final = 86_400.0
MENTION_AFTER_S: Final = 120.0
CANCELLED: Final = "Cancelled; your credits are back."
STOPPED_TOO_OFTEN: Final = "The studio stopped three times while making this portrait, so it was given up and refunded."


class StoppedTooOften(EngineError):
    """The process ended again and again while this job ran."""

    def __init__(self) -> None:
        super().__init__("The studio stopped three times while making this portrait, so it was given up.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an order was made. `guild_id` is 0 in direct messages."""

    guild_id: int
    channel_id: int
    adult: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status message of an order and the token that edits it until `token_expires_at` (epoch seconds)."""

    message_id: int | None
    token: str
    token_expires_at: float
    upload_limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asked for. `source` names the request itself, so that one that comes twice counts once.

    `confirmed` is the price of it all that the person was shown and agreed to.
    """

    source: str
    place: Place
    user_id: int
    prompt: PortraitPrompt
    model: str | None = None
    lane: Lane = Lane.STANDARD
    count: int = 1
    parent_portrait_id: int | None = None
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an order. `left` says what the account holds now."""

    portraits: Sequence[Portrait]
    sentences: Sequence[str]
    left: str


class Board(Protocol):
    """Shows how far an order is."""

    def update(self, job_id: str, event: Event) -> None: ...
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
        self.settings = settings
        self.stores = stores
        self.engine = engine
        self._post = post
        self._marker = Marker(settings)
        self._counter = asyncio.Lock()
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._running_caps: dict[str, int] = {}

    async def order(self, wish: Wish, answer: Answer) -> Order:
        """Check the wish, charge for it and write it down, all or nothing; then see it through in the background.

        Raises Refused (PriceUnconfirmed: the person must see the price first), EngineError or DataError, and has
        then changed nothing.
        """
        if self._closing:
            raise Refused("The studio is restarting. Try again in a minute; nothing was charged.")
        model = self._model(wish)
        characters = await self._characters(wish.user_id, wish.prompt)
        from_upload = await self._check_policy(wish, characters)
        account = await self.account(wish.place.guild_id, wish.user_id)
        tier = self.settings.tier(account.tier)
        tier.check(account.tier, model, wish.prompt.aspect or DEFAULT_ASPECT)
        price = self.price(account, model, wish.lane)
        self._check_price(wish, account, price * wish.count)
        new = replace(self._new_order(wish, answer, model, characters, account, price), from_upload=from_upload)
        # One at a time from the look at the queue to the place in it: else many at once would pass its caps.
        async with self._counter:
            self._check_room(wish, tier)
            order = await self._place(new)
            faults.after("row")
            if order.created:
                self.follow(order)
                faults.after("submit")
        return order

    async def _place(self, new: NewOrder) -> Order:
        try:
            now = time.time()
            return await self.stores.orders.place(new, now=now, ceilings=self._ceilings(now))
        except InsufficientCredits as error:
            raise _short_of_credits(error.price, error.balance) from error

    def _ceilings(self, now: float) -> list[SpendCeiling]:
        """What hosted providers may cost the operator in a day: all users together, and each one."""
        both = ((self.settings.spend_daily, False), (self.settings.spend_daily_per_user, True))
        return [
            SpendCeiling(provider, now - DAY_S, round(limit * 1_000_000), per_user)
            for limits, per_user in both
            for provider, limit in limits.items()
        ]

    async def _check_policy(self, wish: Wish, characters: Sequence[Character]) -> bool:
        """Whether any picture behind the order was handed in by a person. Raises AgainstPolicy."""
        server = await self.stores.servers.get(wish.place.guild_id)
        from_upload = any(one.origin == "upload" for character in characters for one in character.references)
        decision = policy.decide(
            policy.PolicyQuestion(
                prompt=wish.prompt,
                from_upload=from_upload,
                operator_allows_adult=self.settings.moderation_adult,
                server_allows_adult=server.adult,
                channel_age_restricted=wish.place.adult,
                operator_blocked=self.settings.moderation_blocked,
                server_blocked=server.blocked_words,
            )
        )
        if isinstance(decision, policy.Refused):
            raise AgainstPolicy(decision.rule, decision.sentence)
        return from_upload

    def _check_price(self, wish: Wish, account: Account, total: int) -> None:
        if total <= max(self.settings.price_confirm_above, wish.confirmed):
            return
        if total > account.balance:
            raise _short_of_credits(total, account.balance)
        raise PriceUnconfirmed(total, account.balance)

    def _model(self, wish: Wish) -> Model:
        model = self.engine.catalogue.get(wish.model or self.engine.catalogue.default)
        away = self.engine.catalogue.unavailable(model)
        if away:
            raise ModelUnavailable(model.title, away)
        return model

    async def _characters(self, user_id: int, prompt: PortraitPrompt) -> list[Character]:
        found = []
        for handle in prompt.characters:
            character = await self.stores.characters.get(user_id, handle)
            if character is None:
                raise await self.unknown_handle(user_id, handle)
            found.append(character)
        return found

    async def unknown_handle(self, user_id: int, handle: str) -> Refused:
        """The error for a handle that nobody saved, naming the nearest ones."""
        handles = await self.stores.characters.handles(user_id)
        shown = words.plain(handle, 40)
        near = words.nearest(handle, handles)
        if near:
            meant = words.listed((f"@{name}" for name in near), "or")
            return Refused(f"You have no character called {shown}. Did you mean {meant}?")
        if handles:
            return Refused(f"You have no character called {shown}. /character list shows yours.")
        return Refused(
            f"You have no character called {shown}. Save a face first: press “Save as character” under a portrait."
        )

    def _check_room(self, wish: Wish, tier: Tier) -> None:
        turn = self.turn_of(wish.place.guild_id, wish.user_id)
        cap = tier.waiting or self.settings.queue_waiting_per_user
        waiting = sum(entry.job.user == turn and entry.state == "waiting" for entry in self.engine.waiting())
        if waiting + wish.count > cap:
            raise QueueFull(waiting, cap, "you")
        self.engine.check(turn, wish.lane, wish.count)
        self._running_caps[turn] = tier.running or self.settings.queue_running_per_user
        floor = self.settings.data_free_mib * 2**20
        if floor and self.stores.pictures.free_bytes() < floor:
            raise Refused(
                "The studio's disk is nearly full, so no new portraits are taken and nothing was charged. "
                "Please tell the person who runs this bot."
            )

    def turn_of(self, guild_id: int, user_id: int) -> str:
        """Whose turn a job takes in the fair queue: the person's, whatever server they are in."""
        return str(user_id)

    def running_cap(self, turn: str) -> int:
        """How many portraits of one person may run at once, by the tier of their last order."""
        return self._running_caps.get(turn, self.settings.queue_running_per_user)

    def price(self, account: Account, model: Model, lane: Lane) -> int:
        """Credits for one portrait. A tier pays nothing in the standard lane for the models that it covers."""
        own = self.settings.price_models.get(model.id, ModelPrice())
        standard = self.settings.price_standard if own.standard is None else own.standard
        if lane is Lane.FAST:
            return max(standard, self.settings.price_fast if own.fast is None else own.fast)
        return standard if self.settings.tier(account.tier).pays_for(model) else 0

    async def account(self, guild_id: int, user_id: int) -> Account:
        """The person's account in this server, with today's allowance given."""
        server = await self.stores.servers.get(guild_id)
        now = time.time()
        known = await self.stores.accounts.find(guild_id, user_id, now=now)
        allowance = self.settings.tier(known.tier if known else FREE).daily
        if allowance is None:
            allowance = self.settings.credits_daily if server.allowance is None else server.allowance
        return await self.stores.accounts.get(
            guild_id,
            user_id,
            now=now,
            allowance=allowance,
            day=datetime.fromtimestamp(now, ZoneInfo(server.time_zone)).date().isoformat(),
        )

    def _new_order(
        self,
        wish: Wish,
        answer: Answer,
        model: Model,
        characters: Sequence[Character],
        account: Account,
        price: int,
    ) -> NewOrder:
        prompt = wish.prompt
        first = prompt.seed if prompt.seed is not None else secrets.randbelow(MAX_SEED + 1)
        width, height = size_of(model, prompt.aspect)
        jobs = tuple(
            NewJob(
                model=model.id,
                lane=wish.lane.value,
                seed=(first + position) & MAX_SEED,
                width=width,
                height=height,
                steps=model.steps,
                guidance=model.guidance,
                price=price,
                provider=model.provider,
                cost_usd_micros=model.cost_usd_micros,
            )
            for position in range(wish.count)
        )
        return NewOrder(
            id=secrets.token_hex(8),
            source=wish.source,
            guild_id=wish.place.guild_id,
            channel_id=wish.place.channel_id,
            user_id=wish.user_id,
            prompt=to_json(prompt),
            token=answer.token,
            token_expires_at=answer.token_expires_at,
            message_id=answer.message_id,
            parent_portrait_id=wish.parent_portrait_id,
            upload_limit=answer.upload_limit,
            references=tuple(reference.id for character in characters for reference in character.references[:1]),
            jobs=jobs,
            tier=None if account.tier == FREE else account.tier,
        )

    def follow(self, order: Order) -> None:
        """Put an order's jobs into the queue, now, and see it through in the background."""
        if order.id in self._followed:
            return
        streams = {row.id: self._submitted(order, row) for row in order.jobs if row.state in {"waiting", "running"}}
        task = asyncio.create_task(self._follow(order, streams), name=f"order-{order.id}")
        self._followed[order.id] = task
        task.add_done_callback(lambda done: self._followed.pop(order.id, None))

    def _submitted(self, order: Order, row: JobRow) -> AsyncIterator[Event] | EngineError:
        """The job's events, or why it cannot be made; it was charged, so the queue's caps do not count any more."""
        if row.attempts >= MAX_STARTS:
            return StoppedTooOften()
        try:
            return self.engine.submit(self._job(order, row), accepted=True)
        except EngineError as error:
            return error

    async def _follow(self, order: Order, streams: Mapping[str, AsyncIterator[Event] | EngineError]) -> None:
        board = self._post.board(order)
        try:
            endings = await asyncio.gather(
                *(self._render(order, row, streams[row.id], board) for row in order.jobs if row.id in streams)
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
        account = await self.account(order.guild_id, order.user_id)
        return Result(portraits, sentences, balance_line(account))

    async def _render(
        self, order: Order, row: JobRow, stream: AsyncIterator[Event] | EngineError, board: Board
    ) -> bool:
        """One job, from the queue to a stored portrait or a refund; False when it goes on at the next start."""
        try:
            finished = await self._finish(row, stream, board)
            picture = await self._marker.mark(finished, from_json(order.prompt), row.model, row.guidance)
            staged = await self.stores.pictures.stage(picture)
            faults.after("picture")
            await self.stores.orders.store(row.id, staged, facts(finished, row.guidance), time.time())
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
        return Job(
            id=row.id,
            user=self.turn_of(order.guild_id, order.user_id),
            lane=Lane(row.lane),
            model=row.model,
            prompt=from_json(order.prompt),
            width=row.width,
            height=row.height,
            steps=row.steps,
            guidance=row.guidance,
            seed=row.seed,
            references=tuple(
                Reference(handle=item.handle, path=self.stores.pictures.path(item.sha256), sha256=item.sha256)
                for item in order.references
            ),
            arrival=row.arrival,
            previews=model.live_preview,
        )

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
        return sum(self.engine.cancel(row.id) for row in order.jobs)

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


def size_of(model: Model, aspect: str | None) -> tuple[int, int]:
    """Width and height in pixels. Raises Refused for an aspect that the model cannot make."""
    wanted = aspect or DEFAULT_ASPECT
    size = model.sizes.get(wanted)
    if size is None:
        raise Refused(f"{model.title} cannot make {wanted}. It makes {words.listed(model.sizes, 'or')}.")
    return size


def facts(finished: Finished, guidance: float) -> PortraitFacts:
    """What is stored of a finished portrait: the words that were really sent, and what was left out of them."""
    sent = finished.words
    told_t5 = sent.long_prompt and sent.long_prompt != sent.prompt
    notes = [finished.note]
    if sent.dropped:
        notes.append(f"Not said to this model: {words.plain('; '.join(sent.dropped), 300)}.")
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


def _short_of_credits(price: int, balance: int) -> Refused:
    return Refused(
        f"This costs {words.credits_word(price)} and you have {balance:,}. "
        "A moderator can grant more with /grant credits."
    )
