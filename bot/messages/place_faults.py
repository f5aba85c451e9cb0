"""Why something could not be shown where it was asked for, in words that name what a moderator can mend."""

from collections.abc import Sequence
from typing import Final

import aiohttp
import discord

from bot.core import needed_permissions, words
from bot.languages.speech import reworded, worded

TOO_LATE: Final = worded(
    "It took longer than the quarter of an hour in which Discord lets me answer where you asked for it, so it comes "
    "here."
)
_UNKNOWN: Final = ""


async def why_not_there(client: discord.Client, guild_id: int, channel_id: int) -> str:
    """A sentence on what keeps the bot from writing in a place where something was ordered; empty where nothing does.

    `guild_id` is 0 for a person's own messages, `channel_id` 0 for places that the bot is no member of.
    """
    if not channel_id:
        return reworded(TOO_LATE)
    if not guild_id:
        return _UNKNOWN
    guild = client.get_guild(guild_id)
    if guild is None:
        return worded("I am no longer in the server where it was ordered.")
    try:
        channel = guild.get_channel_or_thread(channel_id) or await client.fetch_channel(channel_id)
    except discord.NotFound:
        return worded("The channel where it was ordered is gone.")
    except discord.Forbidden:
        return worded(
            "I cannot see {channel}, where it was ordered: I lack View Channels there, or it is a private thread that "
            "I was taken out of.",
            channel=f"<#{channel_id}>",
        )
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError):
        return _UNKNOWN
    return _in_channel(channel, guild.me)


def _in_channel(channel: object, me: discord.Member) -> str:
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return _UNKNOWN
    try:
        missing = lacking_in(channel, channel.permissions_for(me))
    except discord.ClientException:  # a thread whose channel is hidden
        return worded("I cannot see the channel that {channel} belongs to.", channel=f"<#{channel.id}>")
    if missing:
        return without(channel.id, missing)
    if isinstance(channel, discord.Thread) and channel.archived and channel.locked:
        return worded("The thread {channel}, where it was ordered, is closed and locked.", channel=f"<#{channel.id}>")
    return _UNKNOWN


def without(channel_id: int, missing: Sequence[str]) -> str:
    """What the bot lacks in a channel; `missing` as Discord shows it."""
    return worded(
        "In {channel}, where it was ordered, I lack {permissions}. A moderator can give me that.",
        channel=f"<#{channel_id}>",
        permissions=words.listed(missing),
    )


def lacking_in(channel: object, given: discord.Permissions) -> list[str]:
    """What the bot needs in such a place and was not given, as Discord shows it."""
    if given.administrator:
        return []
    wanted = needed_permissions.needed_in(isinstance(channel, discord.Thread))
    missing = {name: title for name, title in wanted.items() if not getattr(given, name)}
    for first, implied in needed_permissions.IMPLIED.items():
        if first in missing:
            missing = {name: title for name, title in missing.items() if name not in implied}
    return [reworded(title) for title in missing.values()]


def forbidden(interaction: "discord.Interaction[discord.Client]") -> str:
    """The sentence for whoever asked for something that Discord forbids the bot there."""
    missing = lacking_in(interaction.channel, interaction.app_permissions)
    if not missing or interaction.guild_id is None:
        return worded("Discord does not let me do that here. Ask a moderator to check my permissions in this channel.")
    return worded(
        "Discord does not let me do that here: I lack {permissions} in this channel. A moderator can give me that.",
        permissions=words.listed(missing),
    )
