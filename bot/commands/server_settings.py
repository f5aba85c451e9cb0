"""`/settings`: what a server decides for itself."""

import time
from dataclasses import replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.app import Interaction
from bot.core import words
from bot.core.errors import NotAllowed, Refused
from bot.guard import person_of
from bot.languages import audience
from bot.languages.message_catalogues import OWN_NAMES
from bot.languages.speech import labelled, reworded, worded
from bot.messages import cards, replies
from data.people.servers import ServerSettings

MOST_BLOCKED = 200
MOST_ALLOWANCE = 100_000
_AS_AT_DISCORD = "discord"
_LIKE_DISCORD = labelled("choice", "As in the server's settings at Discord")


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


async def complete_zone(interaction: Interaction, current: str) -> list[Choice[str]]:
    typed = current.strip().replace(" ", "_").casefold()
    return [Choice(name=zone, value=zone) for zone in _zones() if typed in zone.casefold()][:25]


async def complete_language(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The languages by their own names, and the way back to what the server has at Discord."""
    typed = current.strip().casefold()
    named = {_AS_AT_DISCORD: reworded(_LIKE_DISCORD), **OWN_NAMES}
    return [Choice(name=name, value=value) for value, name in named.items() if typed in name.casefold()]


@app_commands.command(description="For those who manage the server: this server's studio settings.")
@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
@app_commands.describe(
    studio_role="Members of this role may grant, look up accounts and delete portraits",
    time_zone="Where midnight is: the daily allowance is given then",
    allowance="Credits a day for the free tier here; -1: the bot's default",
    adult="Whether adult portraits may be made in age-restricted channels",
    block="A word or phrase that prompts here may not contain",
    unblock="A blocked word or phrase to allow again",
    moderation_channel="Where moderators are told that something waits for them, without any words of it",
    language="The language of what everybody here sees",
    ask_when_unsure="Whether a prompt that may have been misread is shown to its author before it is paid for",
)
@app_commands.autocomplete(time_zone=complete_zone, language=complete_language)
async def settings(
    interaction: Interaction,
    studio_role: discord.Role | None = None,
    time_zone: Range[str, 1, 60] | None = None,
    allowance: Range[int, -1, MOST_ALLOWANCE] | None = None,
    adult: bool | None = None,
    block: Range[str, 2, 60] | None = None,
    unblock: Range[str, 2, 60] | None = None,
    ask_when_unsure: bool | None = None,
    moderation_channel: discord.TextChannel | None = None,
    language: Range[str, 1, 40] | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    if not interaction.permissions.manage_guild:
        raise NotAllowed
    servers = interaction.client.stores.servers
    current = await servers.get(person.place.guild_id)
    if adult and not interaction.client.safety.looks:
        raise Refused(
            worded(
                "Adult portraits cannot be allowed: nothing here looks at pictures before they are shown. The bot's "
                "owner can install what does; `python -m bot doctor` says how."
            )
        )
    changed = _changed(current, studio_role, time_zone, allowance, adult)
    if ask_when_unsure is not None:
        changed = replace(changed, asks=ask_when_unsure)
    if moderation_channel is not None:
        changed = replace(changed, moderation_channel_id=moderation_channel.id)
    if language is not None:
        changed = replace(changed, language=_language(language))
    changed = replace(changed, blocked_words=_blocked(changed.blocked_words, block, unblock))
    if changed != current:
        await servers.save(changed, actor_id=person.user_id, now=time.time())
        audience.choose(changed.guild_id, changed.language)
    await replies.whisper(interaction, embed=_card(changed, interaction.client.settings.credits_daily))


def _language(asked: str) -> str:
    """What is stored of a language that was chosen or typed. Raises Refused."""
    typed = asked.strip().casefold()
    if typed == _AS_AT_DISCORD:
        return ""
    found = [code for code, name in OWN_NAMES.items() if typed in {code.casefold(), name.casefold()}]
    if not found:
        raise Refused(worded("That language is not known. Choose one from the list."))
    return found[0]


def _changed(
    current: ServerSettings,
    studio_role: discord.Role | None,
    time_zone: str | None,
    allowance: int | None,
    adult: bool | None,
) -> ServerSettings:
    """Raises Refused."""
    changed = current
    if studio_role is not None:
        if studio_role.is_default():
            raise Refused(worded("@everyone cannot be the studio role: then everybody could grant credits."))
        changed = replace(changed, studio_role_id=studio_role.id)
    if time_zone is not None:
        if time_zone not in _zones():
            raise Refused(worded("That time zone is not known. Choose one from the list, such as Europe/Lisbon."))
        changed = replace(changed, time_zone=time_zone)
    if allowance is not None:
        changed = replace(changed, allowance=None if allowance < 0 else allowance)
    if adult is not None:
        changed = replace(changed, adult=adult)
    return changed


def _blocked(known: tuple[str, ...], block: str | None, unblock: str | None) -> tuple[str, ...]:
    """Raises Refused."""
    kept = [word for word in known if unblock is None or word.casefold() != unblock.strip().casefold()]
    if unblock is not None and len(kept) == len(known):
        raise Refused(worded("That word is not on this server's block list."))
    if block is not None and block.strip().casefold() not in {word.casefold() for word in kept}:
        if len(kept) >= MOST_BLOCKED:
            raise Refused(
                worded("The block list has {most} entries, which is as many as there may be.", most=MOST_BLOCKED)
            )
        kept.append(" ".join(block.split()))
    return tuple(kept)


def _card(current: ServerSettings, default_allowance: int) -> discord.Embed:
    role = f"<@&{current.studio_role_id}>" if current.studio_role_id else worded("none (only Manage Server counts)")
    allowance = default_allowance if current.allowance is None else current.allowance
    embed = discord.Embed(title=labelled("title", "This server's studio"), colour=cards.ACCENT)
    embed.add_field(name=labelled("field", "Studio role"), value=role)
    embed.add_field(name=labelled("field", "Time zone"), value=current.time_zone)
    embed.add_field(
        name=labelled("field", "Language for all"),
        value=OWN_NAMES.get(current.language) or reworded(_LIKE_DISCORD),
    )
    embed.add_field(name=labelled("field", "Daily allowance"), value=words.credits_word(allowance))
    embed.add_field(
        name=labelled("field", "Adult portraits"),
        value=worded("in age-restricted channels") if current.adult else worded("never"),
    )
    embed.add_field(
        name=labelled("field", "Prompts that may be misread"),
        value=worded("asked about") if current.asks else worded("made as they are"),
    )
    embed.add_field(
        name=labelled("field", "Moderators are told in"),
        value=f"<#{current.moderation_channel_id}>" if current.moderation_channel_id else worded("no channel"),
    )
    embed.add_field(
        name=labelled("field", "Blocked"),
        value=words.plain(", ".join(current.blocked_words), 900) or worded("nothing of its own"),
        inline=False,
    )
    embed.add_field(
        name=labelled("field", "Showing the commands to the studio role"),
        value=(
            worded(
                "Discord hides the moderators' commands from members without Manage Server. To show them to the "
                "studio role: Server Settings, Integrations, this bot, choose the command, add the role."
            )
        ),
        inline=False,
    )
    return embed


COMMANDS: tuple[Any, ...] = (settings,)
