"""Telling a person, with their next command, of portraits that could be shown nowhere else: only that settles them."""

import logging
import time
from collections.abc import Sequence
from typing import Final

import aiohttp
import discord

from bot.app import Interaction
from bot.core import words
from bot.guard import server_of
from bot.messages import place_faults, replies
from data.core.data_errors import DataError
from data.orders.jobs import Order

log = logging.getLogger(__name__)

_ON_ITS_WAY: Final = "One moment…"


async def tell(interaction: Interaction) -> None:
    """Say to the person alone what waits in /portraits, if something does. What is not told stays for the next time."""
    if interaction.type is not discord.InteractionType.application_command:
        return
    bot = interaction.client
    try:
        waiting = await bot.stores.orders.unshown(interaction.user.id)
        if not waiting:
            return
        await _clear_the_way(interaction)
        why = await _why(interaction, waiting)
        why = await _why(interaction, waiting)
        await replies.whisper(interaction, " ".join(filter(None, (_sentence(interaction, waiting), why))))
        for order in waiting:
            await bot.studio.notified(order)
    except (DataError, discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
        # A RuntimeError says that the connection was closed, as at a stop.
        log.warning("somebody could not be told of a portrait, it is tried again: %s", type(error).__name__)


async def _clear_the_way(interaction: Interaction) -> None:
    """The first follow-up takes the place of a message that still thinks: that is the status of a new order."""
    if interaction.response.type is not discord.InteractionResponseType.deferred_channel_message:
        return
    original = await interaction.original_response()
    if original.flags.loading:
        await original.edit(content=_ON_ITS_WAY)


async def _why(interaction: Interaction, waiting: Sequence[Order]) -> str:
    """What a moderator can mend, where all were ordered in one place that the bot is a member of."""
    places = {(order.guild_id, order.channel_id) for order in waiting}
    guild_id, channel_id = places.pop()
    if places or not channel_id:
        return ""
    return await place_faults.why_not_there(interaction.client, guild_id, channel_id)


def _sentence(interaction: Interaction, waiting: Sequence[Order]) -> str:
    bot, now = interaction.client, time.time()
    elsewhere = {order.guild_id for order in waiting} - {server_of(interaction)}
    names = [guild.name if (guild := bot.get_guild(one)) else "direct messages" for one in sorted(elsewhere)]
    where = f" (also those in {words.listed(words.plain(name, 60) for name in names)})" if names else ""
    count = sum(row.portrait_id is not None for order in waiting for row in order.jobs)
    since = min(int(order.unshown_since or now) for order in waiting)
    subject = "A portrait of yours is" if count == 1 else f"{count} portraits of yours are"
    pronoun = "it" if count == 1 else "them"
    return (
        f"{subject} ready since <t:{since}:R> and could not be shown where {'it was' if count == 1 else 'they were'} "
        f"ordered: `/portraits` has {pronoun}{where}."
    )
