"""`/settings`: what a server decides for itself."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import replies
from bot.errors import NotAllowed
from bot.guard import person_of
from data.servers import ServerSettings

if TYPE_CHECKING:
    from bot.client import Interaction


@app_commands.command(description="For moderators: this server's studio settings.")
@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
@app_commands.describe(studio_role="Members of this role may grant credits and tiers, and delete portraits")
async def settings(interaction: "Interaction", studio_role: discord.Role | None = None) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    if not interaction.permissions.manage_guild:
        raise NotAllowed
    servers = interaction.client.stores.servers
    current = await servers.get(person.place.guild_id)
    if studio_role is not None:
        current = replace(current, studio_role_id=studio_role.id)
        await servers.save(current, actor_id=person.user_id, now=time.time())
    await replies.whisper(interaction, embed=_card(current))


def _card(current: ServerSettings) -> discord.Embed:
    role = f"<@&{current.studio_role_id}>" if current.studio_role_id else "none (only Manage Server counts)"
    embed = discord.Embed(title="This server's studio")
    embed.add_field(name="Studio role", value=role, inline=False)
    embed.add_field(
        name="Showing the commands to that role",
        value=(
            "Discord hides /grant and /settings from members without Manage Server. To show them to the studio "
            "role: Server Settings, Integrations, this bot, choose the command, add the role."
        ),
        inline=False,
    )
    return embed


COMMANDS: tuple[Any, ...] = (settings,)
