"""`/studio-admin`: for the bot's owner, and only in the owner's own server."""

import time
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.components.base import MAX_ID
from bot.core import words
from bot.core.errors import NotAllowed, Refused
from bot.languages.speech import labelled, worded
from bot.messages import cards, replies

admin = app_commands.Group(
    name="studio-admin",
    description="For the bot's owner.",
    guild_only=True,
    default_permissions=discord.Permissions(administrator=True),
)
servers = app_commands.Group(name="servers", description="Which servers may use the bot.", parent=admin)


@servers.command(description="Let a server in.")
@app_commands.describe(server="The server's id", note="A note for yourself")
async def allow(interaction: Interaction, server: Range[str, 1, 20], note: Range[str, 0, 200] = "") -> None:
    await _set(interaction, server, allowed=True, note=note)


@servers.command(description="Keep a server out.")
@app_commands.describe(server="The server's id", note="A note for yourself")
async def deny(interaction: Interaction, server: Range[str, 1, 20], note: Range[str, 0, 200] = "") -> None:
    await _set(interaction, server, allowed=False, note=note)


@servers.command(name="list", description="Servers the bot is in, and whether they may use it.")
async def list_(interaction: Interaction) -> None:
    await require_owner(interaction)
    bot = interaction.client
    lines = []
    for guild in sorted(bot.guilds, key=lambda guild: guild.name.casefold()):
        mark = worded("may use it") if await bot.serves(guild.id) else worded("is kept out")
        lines.append(f"`{guild.id}` {words.plain(guild.name, 60)} · {mark}")
    embed = discord.Embed(
        title=labelled("title", "Servers"), description="\n".join(lines)[:4000] or worded("None."), colour=cards.ACCENT
    )
    await replies.whisper(interaction, embed=embed)


async def _set(interaction: Interaction, server: str, *, allowed: bool, note: str) -> None:
    await require_owner(interaction)
    if not (server.isascii() and server.isdecimal() and 0 < int(server) <= MAX_ID):
        raise Refused(
            worded("A server's id is a number: switch on Developer Mode, then right-click the server, Copy ID.")
        )
    await interaction.client.stores.servers.set_access(
        int(server), allowed=allowed, actor_id=interaction.user.id, reason=note, now=time.time()
    )
    if allowed:
        done = worded("Server `{server}` may use the studio.", server=server)
    else:
        done = worded("Server `{server}` is kept out.", server=server)
    await replies.whisper(interaction, done)


async def require_owner(interaction: Interaction) -> None:
    """Acknowledge a command of the bot's owner. Raises NotAllowed for everybody else."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    if not interaction.client.is_owner(interaction.user.id):
        raise NotAllowed(worded("That is for the bot's owner only."))


HOME_COMMANDS: tuple[Any, ...] = (admin,)
