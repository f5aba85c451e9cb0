"""Seeing an erasure through: open orders end, then rows and files go, then memory, then messages on Discord.

It is written down before it begins, so that the next start finishes what a crash or a stop leaves.
"""

import logging
import time
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.app import App
from bot.core import faults
from bot.languages.speech import worded
from data.core.data_errors import DataError
from data.people.erasure import MessageRemoval, OrdersOpen

log = logging.getLogger(__name__)

STOPPED: Final = worded("Cancelled, because everything of this person is being erased.")
FACE_GONE: Final = worded("A character in this portrait was erased by its owner; your credits are back.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many pictures are gone from the studio's disk, and how many messages are to be deleted on Discord."""

    pictures: int
    messages: int


@dataclass(frozen=True, slots=True)
class Tidied:
    """Messages that were deleted, that are out of the bot's reach, and that are tried again later."""

    deleted: int
    out_of_reach: int
    later: int


async def erase(bot: App, user_id: int) -> Outcome:
    """Erase everything of this person but messages, which `tidy` deletes. May be repeated after a crash."""
    privacy = bot.stores.privacy
    await privacy.begin(user_id, now=time.time())
    faults.after("erase-asked")
    while True:
        await _end_orders(bot, user_id)
        faults.after("erase-orders")
        try:
            erased = await privacy.erase(user_id, now=time.time())
            break
        except OrdersOpen:
            log.info("an order came in between; it is ended before the erasure goes on")
    faults.after("erase-rows")
    await bot.engine.forget(erased.pictures)
    await scrub(bot)
    return Outcome(len(erased.pictures), erased.messages)


async def _end_orders(bot: App, user_id: int) -> None:
    for found in await bot.stores.privacy.in_the_way(user_id):
        order = await bot.studio.find_order(found.id)
        await bot.studio.stop_jobs([row.id for row in order.jobs], STOPPED if found.own else FACE_GONE)
        if not await bot.studio.seen_through(order.id):
            # As after a restart: what was not delivered is refunded.
            await bot.studio.drop(order.id, STOPPED)


async def scrub(bot: App) -> None:
    """Clean the database's file of what was erased; tried again each hour when it cannot be done now."""
    try:
        if await bot.stores.privacy.needs_scrub():
            await bot.stores.privacy.scrub()
    except DataError as error:
        log.warning("the database's file still holds what was erased; it is cleaned later: %s", error)


async def tidy(bot: App) -> Tidied:
    """Delete the messages of erased people on Discord, as far as the bot can."""
    counts = {True: 0, False: 0, None: 0}
    async with bot.tidying:
        for removal in await bot.stores.privacy.removals():
            gone = await _delete(bot, removal)
            counts[gone] += 1
            if gone is not None:
                await bot.stores.privacy.removed(removal.message_id)
    return Tidied(counts[True], counts[False], counts[None])


async def _delete(bot: App, removal: MessageRemoval) -> bool | None:
    """Whether the message was deleted; False when it is gone or out of reach, None when that is to be tried again."""
    channel = bot.get_partial_messageable(removal.channel_id, guild_id=removal.guild_id or None)
    try:
        await channel.get_partial_message(removal.message_id).delete()
    except (discord.NotFound, discord.Forbidden):
        return False
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("a message of an erased person could not be deleted yet: %s", type(error).__name__)
        return None
    return True


async def finish_earlier(bot: App) -> None:
    """At start, before orders are taken up: finish the erasures that an earlier run began."""
    for user_id in await bot.stores.privacy.unfinished():
        try:
            await erase(bot, user_id)
        except DataError:
            log.exception("an erasure of an earlier run could not be finished; it is tried again at the next start")
        else:
            log.info("finished an erasure of an earlier run")
    await scrub(bot)


async def keep_up(bot: App, *, now: float) -> None:
    """Each hour: what could not be done before, and links that are not needed any more."""
    await scrub(bot)
    await bot.stores.privacy.forget_links(now=now)
    await tidy(bot)
