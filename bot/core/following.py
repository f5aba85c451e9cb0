"""Seeing an order through to its end, whatever is raised on the way.

Two places know of errors: `_end_job`, for one portrait, and `see_through`, for the order. What may pass is tried again
(`bot/core/patience.py`), what may not is refunded with a sentence, and what cannot even be written down is left to the
studio's watch, which takes the order up again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from bot.core import best_of_several, faults
from bot.core.calling import Calls
from bot.core.engine_jobs import Maker, Stream, spec_of
from bot.core.errors import Gone
from bot.core.identity_retries import IdentityRetries
from bot.core.marking import Marker
from bot.core.patience import may_pass, patiently
from bot.core.picture_safety import PictureSafety, PictureWithheld
from bot.core.results import Messenger, ProgressMessage, Result, balance_line, facts
from bot.core.reviewing import Reviewer, compares_models
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio_watcher import StudioWatcher
from bot.core.told_words import NoLongerAllowed
from bot.languages.speech import reworded, stored, together, told, worded
from data.core.data_errors import DatabaseBusy, DatabaseDamaged, DataError, JobOver, NoSpace, PictureMissing
from data.orders.jobs import JobRow, Order
from data.pictures.kept_reviews import KeptReview
from data.pictures.portrait_rows import Portrait
from data.pictures.withheld import NewWithheld
from engine.jobs.job import EngineError, EngineStopped, Event, Finished, Job, JobCancelled, PictureSpec, RenderFailed
from engine.pictures.provenance import Origin
from engine.pictures.source_types import SourceType
from engine.queue.engine import Engine

log = logging.getLogger(__name__)

MENTION_AFTER_S: Final = 120.0
AGAIN_S: Final = (1.0, 4.0, 10.0)
CANCELLED: Final = worded("Cancelled; your credits are back.")
UNEXPECTED: Final = worded(
    "Something went wrong in the studio with this portrait, and it was written to the log. Your credits are back; try "
    "again, and tell the bot's owner if it stays."
)
UNKEPT: Final = worded(
    "The studio cannot store pictures just now, and it was written to the log. Your credits are back; please tell the "
    "one who runs this bot."
)
_LIVE: Final = frozenset({"waiting", "running"})


class Follower:
    """Follows orders. `waiting_frames` are those of series that wait for a place; `typed` is told under portraits: what
    of the typed words meant nothing here, and what was drawn of choices in them."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        engine: Engine,
        maker: Maker,
        safety: PictureSafety,
        watcher: StudioWatcher,
        reviewer: Reviewer,
    ) -> None:
        self.waiting_frames: set[str] = set()
        self.typed: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self.calls = Calls(stores)
        self._stores = stores
        self._engine = engine
        self._maker = maker
        self._safety = safety
        self._watcher = watcher
        self._marker = Marker(settings)
        self._reviewer = reviewer
        self._noted: set[str] = set()
        self._holding = IdentityRetries(settings, stores, engine, reviewer, watcher)

    async def see_through(
        self, order: Order, rows: Sequence[JobRow[PictureSpec]], streams: Mapping[str, Stream], messenger: Messenger
    ) -> None:
        """Render what is to be rendered, then deliver, settle and close; or refund. Raises nothing but a cancel."""
        try:
            if await self._all_ended(order, rows, streams, messenger):
                await self._concluded(order.id, messenger)
        except Exception:
            log.exception("an order could not be ended; it is taken up again in a minute", extra={"job": order.id})

    async def give_up(self, order_id: str, sentence: str, messenger: Messenger) -> None:
        """Refund what was not settled, say so and close the order. Raises nothing but a cancel, as above."""
        try:
            await self._give_up(order_id, sentence, messenger)
        except Exception:
            log.exception("an order could not be given up; that is tried again in a minute", extra={"job": order_id})

    async def _all_ended(
        self, order: Order, rows: Sequence[JobRow[PictureSpec]], streams: Mapping[str, Stream], messenger: Messenger
    ) -> bool:
        """False when some go on at the next start. Raises what kept one from being written down."""
        progress = _Quiet(order, messenger)
        places = asyncio.Semaphore(max(1, len(streams)))
        work = [self._in_turn(order, row, streams.get(row.id), progress, places) for row in rows]
        endings = await asyncio.gather(*work, return_exceptions=True)
        await progress.close()
        for ending in endings:
            if isinstance(ending, BaseException):
                raise ending
        return all(endings)

    async def _in_turn(
        self,
        order: Order,
        row: JobRow[PictureSpec],
        stream: Stream | None,
        progress: ProgressMessage,
        places: asyncio.Semaphore,
    ) -> bool:
        """One job, from the queue to a stored portrait or a refund, when the order has a place for it."""
        async with places:
            if stream is None:
                now = await patiently(lambda: self._stores.orders.job(row.id), "reading a job") or row
                self.waiting_frames.discard(row.id)
                if now.state not in _LIVE:
                    progress.ended(row.id, now.error)
                    return True
                stream = self._maker.submitted(order, row)
            try:
                await self._keep(order, row, *await self._best(order, row, stream, progress))
            except Exception as error:  # noqa: BLE001 - the last handler before the person; it logs what is unplanned
                return await self._end_job(order, row, error, progress)
            progress.ended(row.id)
            return True

    async def _end_job(
        self, order: Order, row: JobRow[PictureSpec], error: Exception, progress: ProgressMessage
    ) -> bool:
        """End a job for this reason; False when it goes on at the next start. The one place that tells them apart."""
        state: Literal["failed", "cancelled"] = "failed"
        withheld: NewWithheld | None = None
        sentence: str
        match error:
            case EngineStopped():
                return False
            case JobOver():
                return True
            case JobCancelled():
                state, sentence = "cancelled", CANCELLED
            case EngineError():
                sentence = together(told(error), worded("Your credits are back."))
                if isinstance(error, NoLongerAllowed):
                    await self._refused(order, error.rule)
            case PictureWithheld():
                sentence, withheld = told(error), error.record
                self._watcher.picture_withheld(withheld.rule)
            case NoSpace():
                sentence = told(error)
            case _:
                log.error("a portrait could not be made or kept", exc_info=error, extra={"job": row.id})
                sentence = UNKEPT if may_pass(error) else UNEXPECTED

        async def end() -> JobRow:
            return await self._stores.orders.end(row.id, state, sentence, time.time(), withheld=withheld)

        await patiently(end, "refunding a portrait")
        progress.ended(row.id, sentence)
        if withheld is not None:
            await self._safety.ended(withheld)
        return True

    async def _refused(self, order: Order, rule: str) -> None:
        """Note once for an order that policy does not let it through any more; it counts against nobody."""
        if order.id in self._noted:
            return
        self._noted.add(order.id)
        self._watcher.order_refused(rule)
        try:
            await self._stores.refused_orders.add(
                order.guild_id, order.user_id, rule, "", counts=False, now=time.time()
            )
        except DataError:
            log.exception("a refusal could not be written to the audit", extra={"job": order.id})

    async def _best(
        self, order: Order, row: JobRow[PictureSpec], stream: Stream, progress: ProgressMessage
    ) -> tuple[Finished, KeptReview | None]:
        """The portrait that is delivered: the first one, or a better attempt; and its review, where that decided."""

        async def once_more(job: Job) -> Finished:
            progress.again(row.id)
            return await self._finish(row, self._maker.again(order, job), progress)

        first = await self._finish(row, stream, progress)
        return await self._holding.best(order, row, self._maker.job(order, row), first, once_more)

    async def _finish(self, row: JobRow[PictureSpec], stream: Stream, progress: ProgressMessage) -> Finished:
        if isinstance(stream, Exception):
            raise stream
        async for event in stream:
            if isinstance(event, Finished):
                return event
            progress.update(row.id, event)
        raise RenderFailed(worded("the engine ended without a picture"))

    async def _keep(
        self, order: Order, row: JobRow[PictureSpec], finished: Finished, review: KeptReview | None
    ) -> None:
        spec = spec_of(order, row)
        looking = None if review else self._reviewer.begin(order, finished.picture, spec.prompt, spec.model)
        try:
            picture = await self._marker.mark(finished, spec, await self._origin(order, spec, finished))
            sent = finished.words.long_prompt or finished.words.prompt
            found = await self._safety.finished(order, row.id, picture, sent)
            if looking is not None:
                review = await self._reviewer.soon(looking)
            told = facts(finished, spec, *self.typed.get(order.id, ((), ())), found=found, review=review)

            async def store() -> Portrait[PictureSpec]:
                staged = await self._stores.pictures.stage(picture)
                faults.after("picture")
                return await self._stores.orders.store(row.id, staged, told, time.time())

            portrait = await patiently(store, "storing a portrait")
        except BaseException:
            if looking is not None:
                looking.cancel()
            raise
        if looking is not None and review is None:
            self._reviewer.later(portrait, looking)
        for sha256, fitted in finished.fitted:
            await self._stores.characters.keep_fitted(sha256, fitted)
        faults.after("portrait")

    async def _origin(self, order: Order, spec: PictureSpec, finished: Finished) -> Origin:
        """How the picture came to be, by IPTC's terms (`engine.pictures.source_types`)."""
        algorithmic = self._engine.catalogue.get(spec.model).provider == "studio"
        source = SourceType.ALGORITHMIC if algorithmic else SourceType.TRAINED
        changed = b""
        if order.edit is not None and order.edit.sha256 is not None:
            with contextlib.suppress(PictureMissing):
                changed = await self._stores.pictures.read(order.edit.sha256)
            # Of a portrait of ours nothing was ever captured, whatever is changed in it.
            source = SourceType.CHANGED_BY_TRAINED if order.from_upload and not algorithmic else source
        return Origin(source=source, changed=changed, by_provider=finished.by_provider)

    async def _concluded(self, order_id: str, messenger: Messenger) -> None:
        """Deliver, settle, close; after some failures that are nobody's plan, refund instead."""
        for pause_s in (*AGAIN_S, None):
            try:
                await self._conclude(order_id, messenger)
                return
            except (Gone, DatabaseBusy, DatabaseDamaged, NoSpace):
                raise
            except Exception:
                log.exception("the end of an order could not be shown", extra={"job": order_id})
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        await self._give_up(order_id, UNEXPECTED, messenger)

    async def _conclude(self, order_id: str, messenger: Messenger) -> None:
        """Each step may come twice. With every way closed the credits stay held until the person can be told."""
        orders = self._stores.orders
        order = await self._decided(await self.find_order(order_id))
        result = await self.result(order)
        way = await messenger.deliver(order, result)
        faults.after("edit")
        now = time.time()
        if way is None and result.portraits:
            await patiently(lambda: orders.found_no_way(order.id, now), "noting that every way is closed")
            self._watcher.order_closed(order, "unshown")
            log.warning("every way is closed; the person is told with their next command", extra={"job": order.id})
            return
        await patiently(lambda: orders.delivered(order.id, way, now), "settling an order")
        faults.after("settle")
        await patiently(lambda: orders.close(order.id), "closing an order")
        self._watcher.order_closed(order, "delivered" if result.portraits else "refunded")
        log.info("order closed", extra={"job": order.id})
        # A direct message calls by itself.
        if result.portraits and way != "direct message" and now - order.created_at > MENTION_AFTER_S:
            self.calls.call(order, messenger)

    async def _decided(self, order: Order) -> Order:
        """The order, with its best portrait chosen where that is what was ordered, and reviewed where all are shown."""
        if not (order.best_of or compares_models(order)):
            return order
        if not (portraits := await self._stores.portraits.of_order(order.id)):
            return order
        reviews = await self._reviewer.of_portraits(order, portraits)
        if not order.best_of:
            return order
        best = best_of_several.choose(portraits, reviews, order.best_job).portrait.job_id
        await patiently(lambda: self._stores.orders.choose_best(order.id, best), "choosing the best portrait")
        return await self.find_order(order.id)

    async def _give_up(self, order_id: str, sentence: str, messenger: Messenger) -> None:
        orders = self._stores.orders
        order = await self.drop(order_id, "failed", sentence)
        way = None
        try:
            way = await messenger.tell(order, sentence)
        except Exception:
            log.exception("a refund could not be told; it is in the account", extra={"job": order_id})
        await patiently(lambda: orders.delivered(order_id, way, time.time()), "noting a refund")
        await patiently(lambda: orders.close(order_id), "closing an order")
        self._watcher.order_closed(order, "refunded")
        log.info("order closed with a refund", extra={"job": order_id})

    async def drop(self, order_id: str, state: Literal["failed", "cancelled"], sentence: str) -> Order:
        """Refund everything of an order that was not settled, also what is rendered. Raises Gone."""
        order = await self.find_order(order_id)
        for row in order.jobs:

            async def end(job_id: str = row.id) -> JobRow:
                return await self._stores.orders.end(job_id, state, sentence, time.time(), rendered_too=True)

            await patiently(end, "refunding an order")
        return order

    async def find_order(self, order_id: str) -> Order:
        """Raises Gone."""
        order = await patiently(lambda: self._stores.orders.get(order_id), "reading an order")
        if order is None:
            raise Gone(worded("That order is not there any more."))
        return order

    async def result(self, order: Order) -> Result:
        """What an order came to, from its rows alone."""
        portraits = await self._stores.portraits.of_order(order.id)
        ended = [row for row in order.jobs if row.state in {"failed", "cancelled"}]
        sentences = [stored(row.error) or reworded(CANCELLED) for row in ended]
        account = await self._stores.accounts.find(order.guild_id, order.user_id, now=time.time())
        left = balance_line(account) if account else ""
        if not order.best_of or not portraits:
            return Result(portraits, sentences, left)
        reviews = await self._stores.reviews.of([one.id for one in portraits])
        best = best_of_several.choose(portraits, reviews, order.best_job)
        return Result([best.portrait], sentences, left, best)


class _Quiet:
    """A progress message that only shows: what goes wrong with it is logged and never stands in an order's way."""

    def __init__(self, order: Order, messenger: Messenger) -> None:
        self._order = order
        self._progress: ProgressMessage | None = None
        self._quietly(lambda: setattr(self, "_progress", messenger.progress_message(order)))

    def update(self, job_id: str, event: Event) -> None:
        if (progress := self._progress) is not None:
            self._quietly(lambda: progress.update(job_id, event))

    def again(self, job_id: str) -> None:
        if (progress := self._progress) is not None:
            self._quietly(lambda: progress.again(job_id))

    def ended(self, job_id: str, sentence: str = "") -> None:
        if (progress := self._progress) is not None:
            self._quietly(lambda: progress.ended(job_id, sentence))

    async def close(self) -> None:
        if self._progress is None:
            return
        try:
            await self._progress.close()
        except Exception:
            log.exception("a status message could not be ended", extra={"job": self._order.id})

    def _quietly(self, show: Callable[[], None]) -> None:
        try:
            show()
        except Exception:
            log.exception("how far an order is could not be shown", extra={"job": self._order.id})
