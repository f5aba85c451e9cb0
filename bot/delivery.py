"""How an order reaches Discord: progress while it runs, then the result, once and only once.

The result is an edit of the status message, which can be repeated without harm: by the interaction's token while it
lives, then through the channel. Only when that message is gone is a new one sent, with the order's id as its nonce,
and a send whose outcome is unknown is looked for before it is sent again.
"""

import asyncio
import io
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
import discord

from bot import before_after, cards, series_menus, sheets, views
from bot.replies import NO_PINGS
from bot.stores import Stores
from bot.studio import Result
from data.jobs import Order
from data.portraits import Portrait
from engine import intake, provenance
from engine.jobs import Event, Progress, Queued
from engine.picture_text import exif_comment
from engine.prompt import from_json

log = logging.getLogger(__name__)

RUNNING_EDIT_S: Final = 1.3
WAITING_EDIT_S: Final = 10.0
TOKEN_MARGIN_S: Final = 5.0
SAFE_UPLOAD_BYTES: Final = 2 * 1024 * 1024
RETRIES_S: Final = (1, 2, 4, 8, 16, 32, 60, 120)

_GONE_MESSAGE: Final = {10008}
_TOO_LARGE: Final = 40005
_DEAD_TOKEN: Final = {10015, 50027}
_CLOSED_CHANNEL: Final = {10003, 50001, 50013, 50083, 10004}


class _MessageGone(Exception):
    """The status message was deleted."""


class _ChannelClosed(Exception):
    """The bot cannot write in that channel any more."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message's worth of content; files are made afresh for each try, since sending consumes them."""

    embeds: list[discord.Embed]
    pictures: tuple[tuple[str, bytes], ...] = ()
    view: discord.ui.View | None = None
    content: str | None = None

    def files(self) -> list[discord.File]:
        return [discord.File(io.BytesIO(data), name) for name, data in self.pictures]


@dataclass(slots=True)
class _Pace:
    """At most so many edits a second over all status messages, so that Discord's global limit is never near."""

    per_second: int = 10
    _sent: list[float] = field(default_factory=list)

    def admit(self) -> bool:
        now = time.perf_counter()
        self._sent = [moment for moment in self._sent if now - moment < 1.0]
        if len(self._sent) >= self.per_second:
            return False
        self._sent.append(now)
        return True


class Post:
    """Sends and edits the messages of orders."""

    def __init__(self, client: discord.Client, stores: Stores) -> None:
        self._client = client
        self._stores = stores
        self.pace = _Pace()

    def board(self, order: Order) -> "Board":
        return Board(self, order)

    async def edit(self, order: Order, parcel: Parcel) -> None:
        """Edit the order's status message by token, then through the channel.

        Raises _MessageGone, _ChannelClosed, or discord's error when neither says why.
        """
        if order.message_id is None:
            raise _MessageGone
        if order.token and time.time() < (order.token_expires_at or 0) - TOKEN_MARGIN_S:
            try:
                await self._edit_by_token(order.token, order.message_id, parcel)
            except discord.HTTPException as error:
                if error.code in _GONE_MESSAGE:
                    raise _MessageGone from error
                if error.status != 401 and error.code not in _DEAD_TOKEN:
                    raise
                log.info("token ended early, editing through the channel", extra={"job": order.id})
            else:
                return
        await self._edit_in_channel(order, order.message_id, parcel)

    async def _edit_by_token(self, token: str, message_id: int, parcel: Parcel) -> None:
        application_id = self._client.application_id
        if application_id is None:
            raise RuntimeError("the client has not logged in")
        webhook = discord.Webhook.partial(application_id, token, client=self._client)
        await webhook.edit_message(
            message_id,
            content=parcel.content,
            embeds=parcel.embeds,
            attachments=parcel.files(),
            view=parcel.view,
            allowed_mentions=NO_PINGS,
        )

    async def _edit_in_channel(self, order: Order, message_id: int, parcel: Parcel) -> None:
        channel = self._client.get_partial_messageable(order.channel_id, guild_id=order.guild_id or None)
        try:
            await channel.get_partial_message(message_id).edit(
                content=parcel.content,
                embeds=parcel.embeds,
                attachments=parcel.files(),
                view=parcel.view,
                allowed_mentions=NO_PINGS,
            )
        except discord.HTTPException as error:
            raise _sorted(error) from error

    async def deliver(self, order: Order, result: Result) -> bool:
        """Bring the result to the person; False when every way is closed and it waits in /portraits."""
        parcel = await self._parcel(order, result, self._upload_limit(order))
        for pause_s in (*RETRIES_S, None):
            try:
                return await self._deliver_once(order, parcel)
            except discord.HTTPException as error:
                if error.status == 413 or error.code == _TOO_LARGE:
                    parcel = await self._parcel(order, result, SAFE_UPLOAD_BYTES)
                elif not isinstance(error, discord.DiscordServerError) and error.status != 429:
                    log.exception(
                        "Discord refused a delivery; the portrait waits in /portraits", extra={"job": order.id}
                    )
                    return False
                problem: Exception = error
            except (discord.RateLimited, aiohttp.ClientError, TimeoutError, OSError) as error:
                problem = error
            log.warning("delivery did not get through: %s", type(problem).__name__, extra={"job": order.id})
            if pause_s is not None:
                await asyncio.sleep(pause_s)
            # A send may be under way since: then it is looked for first, since nonces hold for minutes only.
            order = await self._stores.orders.get(order.id) or order
        return False

    async def _deliver_once(self, order: Order, parcel: Parcel) -> bool:
        try:
            await self.edit(order, parcel)
        except _MessageGone:
            return await self._send_anew(order, parcel)
        except _ChannelClosed:
            return await self._send_privately(order, parcel)
        return True

    async def _send_anew(self, order: Order, parcel: Parcel) -> bool:
        channel = self._client.get_partial_messageable(order.channel_id, guild_id=order.guild_id or None)
        try:
            message = await self._find_sent(order, channel)
            if message is None:
                await self._stores.orders.sending(order.id, now=time.time())
                message = await self._send(channel, order, parcel)
        except _ChannelClosed:
            return await self._send_privately(order, parcel)
        await self._stores.orders.set_message(order.id, message.id, message.channel.id)
        return True

    async def _send_privately(self, order: Order, parcel: Parcel) -> bool:
        try:
            user = self._client.get_user(order.user_id) or await self._client.fetch_user(order.user_id)
            channel = user.dm_channel or await user.create_dm()
            message = await self._find_sent(order, channel)
            if message is None:
                await self._stores.orders.sending(order.id, now=time.time())
                message = await self._send(channel, order, parcel)
        except (_ChannelClosed, discord.NotFound, discord.Forbidden):
            log.info("no way to the person is open; the portrait waits in /portraits", extra={"job": order.id})
            return False
        await self._stores.orders.set_message(order.id, message.id, message.channel.id)
        return True

    async def _send(self, channel: discord.abc.Messageable, order: Order, parcel: Parcel) -> discord.Message:
        try:
            return await channel.send(
                content=parcel.content,
                embeds=parcel.embeds,
                files=parcel.files(),
                view=parcel.view or discord.utils.MISSING,
                nonce=order.id,
                allowed_mentions=NO_PINGS,
            )
        except discord.HTTPException as error:
            raise _sorted(error) from error

    async def _find_sent(self, order: Order, channel: discord.abc.Messageable) -> discord.Message | None:
        """The message of an earlier send whose answer never came, known by the order's id on its buttons."""
        if order.sending_since is None:
            return None
        me = self._client.user
        after = discord.Object(discord.utils.time_snowflake(_moment(order.sending_since - 60)))
        try:
            async for message in channel.history(limit=200, after=after, oldest_first=True):
                if me is not None and message.author.id == me.id and views.belongs_to(message, order):
                    return message
        except discord.Forbidden:
            # Reading the history may be forbidden where sending is allowed; the send itself will tell.
            return None
        except discord.HTTPException as error:
            raise _sorted(error) from error
        return None

    async def _parcel(self, order: Order, result: Result, limit: int) -> Parcel:
        """The final message: a card and a picture (of `limit` bytes at most) for each portrait, and what failed.

        A series is shown as its contact sheet.
        """
        if order.series_id is not None:
            return await self._series_parcel(order, tuple(result.sentences), result.left)
        portraits = result.portraits
        pictures: list[tuple[str, bytes]] = []
        embeds: list[discord.Embed] = []
        tries = await self._stores.tries.of_jobs([item.job_id for item in portraits])
        for item in portraits:
            png = await self._stores.pictures.read(item.sha256)
            data, kind = await _fitting(png, limit)
            name = f"likeness-{item.id}.{kind}"
            pictures.append((name, data))
            first = not embeds
            changed = order.edit.words if order.edit else ""
            left = result.left if first else ""
            looked_at = tries.get(item.job_id, ())
            card = cards.portrait(item, image_name=name, left=left, brief=not first, changed=changed, tries=looked_at)
            if compared := await before_after.lines(self._stores, order, item):
                card.add_field(name="Before and after", value="\n".join(compared), inline=False)
            embeds.append(card)
        if result.sentences:
            left = "" if portraits else result.left
            embeds.append(cards.failure(result.sentences, order.id, left=left))
        return Parcel(embeds, tuple(pictures), views.finished(portraits) if portraits else None)

    async def _series_parcel(self, order: Order, sentences: tuple[str, ...] = (), left: str = "") -> Parcel:
        sheet = await sheets.draw(self._stores, order.series_id or "")
        if sheet is None:
            raise RuntimeError(f"order {order.id} is of a series that is not there")
        embed = sheets.card(sheet, sentences, left=left, order_id=order.id)
        view = series_menus.ended(sheet.series, sheet.finished)
        return Parcel([embed], ((sheets.NAME, sheet.jpeg),), view)

    async def sheet_so_far(self, order: Order) -> sheets.Sheet | None:
        """The frames that there are by now, of an order that a series began as."""
        return await sheets.draw(self._stores, order.id) if order.series_id == order.id else None

    async def call_back(self, order: Order) -> None:
        """Mention the person beside the portrait they waited for. A failure is logged: the portrait is there."""
        fresh = await self._stores.orders.get(order.id)
        if fresh is None or fresh.message_id is None:
            return
        channel = self._client.get_partial_messageable(fresh.channel_id, guild_id=fresh.guild_id or None)
        person = discord.Object(order.user_id)
        try:
            await channel.send(
                f"<@{order.user_id}>, your portrait is ready.",
                reference=channel.get_partial_message(fresh.message_id).to_reference(fail_if_not_exists=False),
                nonce=f"{order.id}.call",
                allowed_mentions=discord.AllowedMentions(users=[person], replied_user=False),
            )
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a call back did not get through: %s", type(error).__name__, extra={"job": order.id})

    async def remove(self, portrait: Portrait) -> None:
        """Take a deleted portrait out of its message; a message that shows nothing else goes."""
        order = await self._stores.orders.get(portrait.order_id)
        if order is not None and order.series_id is not None:
            await self._draw_anew(order.series_id)
            return
        if portrait.message_id is None:
            return
        channel = self._client.get_partial_messageable(portrait.channel_id, guild_id=portrait.guild_id or None)
        try:
            await channel.get_partial_message(portrait.message_id).delete()
        except (discord.NotFound, discord.Forbidden):
            log.info("the message of a deleted portrait was out of reach", extra={"job": portrait.job_id})

    async def _draw_anew(self, series_id: str) -> None:
        """Show a series without a frame that was deleted, in each of its messages."""
        for order_id in await self._stores.series.orders(series_id):
            order = await self._stores.orders.get(order_id)
            if order is None or order.state == "open" or order.message_id is None:
                continue
            try:
                await self._edit_in_channel(order, order.message_id, await self._series_parcel(order))
            except (_MessageGone, _ChannelClosed, discord.HTTPException):
                log.info("a message of a series was out of reach", extra={"job": order.id})

    def _upload_limit(self, order: Order) -> int:
        """Bytes that one attachment of this order's message may have."""
        guild = self._client.get_guild(order.guild_id) if order.guild_id else None
        known = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        return min(known, order.upload_limit) if order.upload_limit else known


class Board:
    """The status message of one order. Updates are coalesced; the result waits for the edit in flight and is last."""

    def __init__(self, post: Post, order: Order) -> None:
        self._post = post
        self._order = order
        self._prompt = from_json(order.prompt)
        self._stages = {row.id: cards.Stage(done=row.portrait_id is not None) for row in order.jobs}
        self._again: set[str] = set()
        self._preview: bytes | None = None
        self._sheet: sheets.Sheet | None = None
        self._on_sheet = 0
        self._last_edit = 0.0
        self._busy = asyncio.Lock()
        self._wake: asyncio.Task[None] | None = None
        self._closed = False

    def update(self, job_id: str, event: Event) -> None:
        """Note where a portrait is; the message is edited when its turn comes."""
        if isinstance(event, Progress) and event.preview is not None:
            self._preview = event.preview
        self._stages[job_id] = cards.Stage(event=event, again=job_id in self._again)
        self._schedule()

    def again(self, job_id: str) -> None:
        """A portrait is made once more; nothing is wrong."""
        self._again.add(job_id)

    def ended(self, job_id: str, sentence: str = "") -> None:
        self._stages[job_id] = cards.Stage(ended=sentence, done=not sentence)
        self._schedule()

    async def close(self) -> None:
        """No progress is shown after this returns."""
        self._closed = True
        async with self._busy:
            pass
        if self._wake is not None and not self._wake.done():
            self._wake.cancel()
            await asyncio.gather(self._wake, return_exceptions=True)

    def _schedule(self) -> None:
        if not self._closed and (self._wake is None or self._wake.done()):
            self._wake = asyncio.create_task(self._edit_soon(), name=f"status-{self._order.id}")

    async def _edit_soon(self) -> None:
        shown: dict[str, cards.Stage] = {}
        while not self._closed and shown != self._stages:
            wait_s = self._last_edit + self._interval() - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, RUNNING_EDIT_S))
                continue
            if not self._post.pace.admit():
                await asyncio.sleep(0.2)
                continue
            async with self._busy:
                shown = dict(self._stages)
                await self._edit()

    def _interval(self) -> float:
        waiting = all(isinstance(stage.event, Queued) for stage in self._stages.values())
        return WAITING_EDIT_S if waiting else RUNNING_EDIT_S

    async def _edit(self) -> None:
        if self._closed:
            return
        self._last_edit = time.perf_counter()
        await self._draw_sheet()
        shown = self._sheet.jpeg if self._sheet else self._preview
        pictures = ((cards.PREVIEW_NAME, shown),) if shown else ()
        labels = [row.label for row in self._order.jobs if row.label]
        embed = cards.status(self._prompt, list(self._stages.values()), has_preview=bool(pictures), labels=labels)
        parcel = Parcel([embed], pictures, self._view())
        try:
            await self._post.edit(self._order, parcel)
        except (_MessageGone, _ChannelClosed):
            self._closed = True
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a progress edit failed: %s", type(error).__name__, extra={"job": self._order.id})

    async def _draw_sheet(self) -> None:
        """A series shows its pictures as they come."""
        done = sum(stage.done for stage in self._stages.values())
        if done > self._on_sheet:
            self._on_sheet = done
            self._sheet = await self._post.sheet_so_far(self._order)

    def _view(self) -> discord.ui.View:
        if self._sheet is None:
            return views.running(self._order.id)
        return series_menus.running(self._order.id, self._order.id, self._sheet.finished)


async def _fitting(png: bytes, limit: int) -> tuple[bytes, str]:
    if len(png) <= limit:
        return png, "png"
    return await asyncio.to_thread(_as_webp, png, limit), "webp"


def _as_webp(png: bytes, limit: int) -> bytes:
    """The recipe goes along; the signed manifest stays with the stored PNG."""
    recipe = provenance.read(png)
    return intake.to_webp(png, limit, exif_comment(provenance.to_text(recipe)) if recipe else b"")


def _sorted(error: discord.HTTPException) -> Exception:
    if error.code in _GONE_MESSAGE:
        return _MessageGone()
    if error.code in _CLOSED_CHANNEL:
        return _ChannelClosed()
    return error


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
