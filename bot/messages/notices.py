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
from bot.languages import audience
from bot.languages.speech import counted, reworded, speaking, together, worded
from bot.messages import place_faults, replies
from data.core.data_errors import DataError
from data.orders.jobs import Order

log = logging.getLogger(__name__)

_ON_ITS_WAY: Final = worded("One moment…")


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
        await audience.for_one(interaction)
        why = await _why(interaction, waiting)
        await replies.whisper(interaction, together(_sentence(interaction, waiting), why))
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
        with speaking(audience.of_all(interaction)):
            await original.edit(content=reworded(_ON_ITS_WAY))


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
    names = [guild.name if (guild := bot.get_guild(one)) else worded("direct messages") for one in sorted(elsewhere)]
    count = sum(row.portrait_id is not None for order in waiting for row in order.jobs)
    ready = counted(
        "A portrait of yours is ready since <t:{since}:R> and could not be shown where it was ordered: `/portraits` "
        "has it.",
        "{count} portraits of yours are ready since <t:{since}:R> and could not be shown where they were ordered: "
        "`/portraits` has them.",
        count,
        since=min(int(order.unshown_since or now) for order in waiting),
    )
    where = words.listed(words.plain(name, 60) for name in names) if names else ""
    return together(ready, worded("Among them are those of {places}.", places=where) if where else "")
