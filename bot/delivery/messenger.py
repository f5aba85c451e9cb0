"""How an order reaches Discord: progress while it runs, then the result, once and only once.

The result is an edit of the status message, which can be repeated without harm: by the interaction's token while it
lives, else through the channel. Where both are refused a new message is sent there, else a direct one, with the order's
id as its nonce; a send whose outcome is unknown is looked for before it is sent again. A refusal closes a way, whatever
its code, but one that is about the contents, which is answered with plainer ones; what is no refusal is tried again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import aiohttp
import discord

from bot.components import portrait_buttons
from bot.core.marking import Marker
from bot.core.picture_safety import PictureSafety
from bot.core.results import Result
from bot.core.stores import Stores
from bot.core.studio_watcher import StudioWatcher
from bot.delivery.payloads import PLAINER, ChannelClosed, MessageGone, Payload, PayloadBuilder, Shape, series_payload
from bot.delivery.progress import DiscordProgressMessage
from bot.languages.message_catalogues import SOURCE
from bot.languages.speech import counted, speaking, stored, worded
from bot.messages import cards, place_faults, series_sheet
from bot.messages.replies import NO_PINGS
from data.orders.jobs import Order, Way
from data.pictures.portrait_rows import Portrait

log = logging.getLogger(__name__)

TOKEN_MARGIN_S: Final = 5.0
RETRIES_S: Final = (1, 2, 4, 8, 16, 32, 60, 120)

_GONE_MESSAGE: Final = {10008}
_TOO_LARGE: Final = 40005
_DEAD_TOKEN: Final = {10015, 50027}
_CLOSED_CHANNEL: Final = {10003, 50001, 50013, 50083, 10004}
_NO_ANSWER: Final = (discord.RateLimited, aiohttp.ClientError, TimeoutError, OSError)
_PASSES: Final = {408, 425, 429}


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


class DiscordMessenger:
    """Sends and edits the messages of orders; `reviews` says whether cards have the line of their review."""

    def __init__(
        self,
        client: discord.Client,
        stores: Stores,
        safety: PictureSafety,
        marker: Marker,
        watcher: StudioWatcher | None = None,
        *,
        reviews: bool = True,
    ) -> None:
        self._reviews = reviews
        self._client = client
        self._stores = stores
        self._marker = marker
        self.safety = safety
        self.watcher = watcher or StudioWatcher()
        self.pace = _Pace()

    def progress_message(self, order: Order) -> DiscordProgressMessage:
        return DiscordProgressMessage(self, order)

    async def edit(self, order: Order, payload: Payload) -> None:
        """Edit the order's status message by token, or through the channel once that is dead.

        Raises MessageGone, ChannelClosed, or discord's error when neither says why.
        """
        if _token_lives(order):
            try:
                await self._edit_by_token(order, payload)
            except discord.HTTPException as error:
                if error.status != 401 and error.code not in _DEAD_TOKEN:
                    raise _sorted(error) from error
                log.info("token ended early, editing through the channel", extra={"job": order.id})
            else:
                return
        if _is_away(order):
            raise ChannelClosed
        try:
            await self._edit_in_channel(order, payload)
        except discord.HTTPException as error:
            raise _sorted(error) from error

    async def deliver(self, order: Order, result: Result) -> Way | None:
        """Bring the result to the person and say how; None when every way is closed."""
        limit = self._upload_limit(order)
        packer = PayloadBuilder(self._stores, self._marker, order, result, limit, reviews=self._reviews)
        await packer.packed("full")  # what is wrong with the portrait itself is told before anything is sent
        return await self._bring(order, packer.packed)

    async def tell(self, order: Order, sentence: str) -> Way | None:
        """Say that nothing came of an order; needs nothing of what it was for."""
        card = Payload([cards.failure([sentence], order.id)])
        plain = Payload([], content=f"{stored(sentence)}\n{worded('Order {id}', id=order.id)}")

        async def packed(shape: Shape) -> Payload:
            return plain if shape in {"plain", "bare"} else card

        return await self._bring(order, packed)

    async def _bring(self, order: Order, packed: "_Packed") -> Way | None:
        bringing = _Bringing(packed)
        for pause_s in (*RETRIES_S, None):
            try:
                return await self._in_turn(order, bringing)
            except (discord.HTTPException, *_NO_ANSWER) as error:
                log.warning("delivery did not get through: %s", type(error).__name__, extra={"job": order.id})
            if pause_s is not None:
                await asyncio.sleep(pause_s)
            # A send may be under way since: then it is looked for first, since nonces hold for minutes only.
            order = await self._stores.orders.get(order.id) or order
        return None

    async def _in_turn(self, order: Order, bringing: "_Bringing") -> Way | None:
        """The first way that works, of those not yet refused. Raises what may pass."""
        unanswered: Exception | None = None
        if _token_lives(order):
            try:
                if await bringing.by("token", lambda payload: self._edit_by_token(order, payload)):
                    return "token"
            except (discord.HTTPException, *_NO_ANSWER) as error:
                # The same edit through the channel does no harm. A new message might: this one may have got through.
                unanswered = error
        is_there = not _is_away(order)
        shows = is_there and order.message_id is not None
        if shows and await bringing.by("channel", lambda payload: self._edit_in_channel(order, payload)):
            return "channel"
        if unanswered is not None:
            raise unanswered
        if is_there and await bringing.by("new message", lambda payload: self._send_anew(order, payload)):
            return "new message"
        if await bringing.by("direct message", lambda payload: self._send_privately(order, payload)):
            return "direct message"
        return None

    async def _edit_by_token(self, order: Order, payload: Payload) -> None:
        application_id = self._client.application_id
        if application_id is None or order.message_id is None or not order.token:
            raise RuntimeError("the client has not logged in, or there is nothing to edit")
        webhook = discord.Webhook.partial(application_id, order.token, client=self._client)
        await webhook.edit_message(order.message_id, **payload.of_edit(), allowed_mentions=NO_PINGS)

    async def _edit_in_channel(self, order: Order, payload: Payload) -> None:
        if order.message_id is None:
            raise MessageGone
        message = self._place(order).get_partial_message(order.message_id)
        await message.edit(**payload.of_edit(), allowed_mentions=NO_PINGS)

    async def _send_anew(self, order: Order, payload: Payload) -> None:
        await self._send_once(order, self._place(order), payload)

    async def _send_privately(self, order: Order, payload: Payload) -> None:
        user = self._client.get_user(order.user_id) or await self._client.fetch_user(order.user_id)
        why = await place_faults.why_not_there(self._client, order.guild_id, order.channel_id)
        shown = payload.with_note(why) if why else payload
        await self._send_once(order, user.dm_channel or await user.create_dm(), shown)

    async def _send_once(self, order: Order, channel: discord.abc.Messageable, payload: Payload) -> None:
        message = await self._find_sent(order, channel)
        if message is None:
            await self._stores.orders.sending(order.id, now=time.time())
            message = await channel.send(**payload.of_send(), nonce=order.id, allowed_mentions=NO_PINGS)
        await self._stores.orders.set_message(order.id, message.id, message.channel.id)

    def _place(self, order: Order) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(order.channel_id, guild_id=order.guild_id or None)

    async def _find_sent(self, order: Order, channel: discord.abc.Messageable) -> discord.Message | None:
        """The message of an earlier send whose answer never came, known by the order's id on its buttons."""
        if order.sending_since is None:
            return None
        me = self._client.user
        after = discord.Object(discord.utils.time_snowflake(_moment(order.sending_since - 60)))
        try:
            async for message in channel.history(limit=200, after=after, oldest_first=True):
                if me is not None and message.author.id == me.id and portrait_buttons.belongs_to(message, order):
                    return message
        except discord.Forbidden:
            # Reading the history may be forbidden where sending is allowed; the send itself will tell.
            return None
        return None

    async def sheet_so_far(self, order: Order) -> series_sheet.Sheet | None:
        """The frames that there are by now, of an order that a series began as."""
        return await series_sheet.draw(self._stores, self._marker, order.id) if order.series_id == order.id else None

    async def call_back(self, orders: Sequence[Order]) -> None:
        """Mention people of one channel beside the portraits that they waited for. A failure is logged and is all."""
        found = [await self._stores.orders.get(order.id) for order in orders]
        fresh = [one for one in found if one is not None and one.message_id is not None and not _is_away(one)]
        if not fresh:
            return
        first, channel = fresh[0], self._place(fresh[0])
        people = dict.fromkeys(order.user_id for order in fresh)
        names = ", ".join(f"<@{user_id}>" for user_id in people)
        reference = channel.get_partial_message(first.message_id or 0).to_reference(fail_if_not_exists=False)
        try:
            await channel.send(
                counted(
                    "{names}, your portrait is ready.", "{names}, your portraits are ready.", len(people), names=names
                ),
                reference=reference if len(fresh) == 1 else discord.utils.MISSING,
                nonce=f"{first.id}.call",
                allowed_mentions=discord.AllowedMentions(
                    users=[discord.Object(user_id) for user_id in people], replied_user=False
                ),
            )
        except (discord.HTTPException, *_NO_ANSWER) as error:
            log.info("a call back did not get through: %s", type(error).__name__, extra={"job": first.id})

    async def remove(self, portrait: Portrait) -> None:
        """Take a deleted portrait out of its message; a message that shows nothing else goes."""
        order = await self._stores.orders.get(portrait.order_id)
        if order is not None and order.series_id is not None:
            await self._draw_anew(order.series_id)
            return
        if portrait.message_id is None:
            return
        if not portrait.channel_id:
            await self._remove_by_token(order, portrait.message_id)
            return
        channel = self._client.get_partial_messageable(portrait.channel_id, guild_id=portrait.guild_id or None)
        try:
            await channel.get_partial_message(portrait.message_id).delete()
        except (discord.NotFound, discord.Forbidden):
            log.info("the message of a deleted portrait was out of reach", extra={"job": portrait.job_id})

    async def _remove_by_token(self, order: Order | None, message_id: int) -> None:
        """In a place that the bot is no member of; after the token's quarter of an hour only the person can."""
        application_id = self._client.application_id
        if order is None or application_id is None or not order.token or not _token_lives(order):
            return
        try:
            webhook = discord.Webhook.partial(application_id, order.token, client=self._client)
            await webhook.delete_message(message_id)
        except discord.HTTPException:
            log.info("the message of a deleted portrait was out of reach", extra={"job": order.id})

    async def _draw_anew(self, series_id: str) -> None:
        """Show a series without a frame that was deleted, in each of its messages."""
        for order_id in await self._stores.series.orders(series_id):
            order = await self._stores.orders.get(order_id)
            if order is None or order.state == "open" or order.message_id is None or _is_away(order):
                continue
            try:
                with speaking(order.language or SOURCE):
                    payload = replace(await series_payload(self._stores, self._marker, order), laid_out=True)
                await self._edit_in_channel(order, payload)
            except discord.HTTPException:
                log.info("a message of a series was out of reach", extra={"job": order.id})

    def _upload_limit(self, order: Order) -> int:
        """Bytes that one attachment of this order's message may have."""
        guild = self._client.get_guild(order.guild_id) if order.guild_id else None
        known = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        return min(known, order.upload_limit) if order.upload_limit else known


_Packed = Callable[[Shape], Awaitable[Payload]]


class _Bringing:
    """One order's delivery: which ways have been refused, and the shape that each has come to."""

    def __init__(self, packed: _Packed) -> None:
        self._packed = packed
        self._first: Shape = "full"
        self._shapes: dict[Way, Shape] = {}
        self._refused: set[Way] = set()

    async def by(self, way: Way, send: Callable[[Payload], Awaitable[None]]) -> bool:
        """Try one way, in plainer shapes where Discord refuses the contents; False when it is closed.

        Raises what may pass.
        """
        while way not in self._refused:
            shape = self._shapes.setdefault(way, self._first)
            try:
                await send(await self._packed(shape))
            except discord.HTTPException as error:
                if _may_pass(error):
                    raise
                if (plainer := self._plainer(shape, error)) is not None:
                    self._shapes[way] = plainer
                    continue
                log.warning("delivery by %s was refused: %s %s", way, error.status, error.code)
                self._refused.add(way)
            else:
                return True
        return False

    def _plainer(self, shape: Shape, error: discord.HTTPException) -> Shape | None:
        """The shape to try next, where it is the contents that are refused."""
        if error.status == 413 or error.code == _TOO_LARGE:
            self._first = "small"
            return "small" if shape == "full" else PLAINER[shape]
        if error.status == 400 and isinstance(_sorted(error), discord.HTTPException):
            return PLAINER[shape]
        return None


def _is_away(order: Order) -> bool:
    """Whether it was ordered where the bot is no member, so that only its token reaches there (`bot.guard.is_away`)."""
    return order.channel_id == 0


def _token_lives(order: Order) -> bool:
    return bool(order.token and order.message_id and time.time() < (order.token_expires_at or 0) - TOKEN_MARGIN_S)


def _may_pass(error: discord.HTTPException) -> bool:
    return error.status >= 500 or error.status in _PASSES


def _sorted(error: discord.HTTPException) -> Exception:
    if error.code in _GONE_MESSAGE:
        return MessageGone()
    if error.code in _CLOSED_CHANNEL:
        return ChannelClosed()
    return error


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
