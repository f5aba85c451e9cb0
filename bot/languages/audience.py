"""In whose language something is said: what one person alone sees in theirs, what all see in their server's."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.languages import message_catalogues, speech
from bot.languages.message_catalogues import SOURCE, language_of

_FOR_ALL: Final = "answers are for all"
_chosen: Final[dict[int, str]] = {}
"""Languages that servers have chosen for what all see; others have the one of their settings at Discord."""


def choose(guild_id: int, language: str) -> None:
    """From now on all read that language in this server; "" is what the server has at Discord."""
    _chosen[guild_id] = language


def choose_all(chosen: Mapping[int, str]) -> None:
    """As `choose`, for every server at once: others have not chosen."""
    _chosen.clear()
    _chosen.update(chosen)


async def for_one(interaction: discord.Interaction[Any]) -> None:
    """From now on speak the language of the person alone."""
    await _speak(language_of(interaction.locale.value))


async def for_all(interaction: discord.Interaction[Any]) -> None:
    """From now on speak the language of everybody who reads there: the server's, or the person's in direct messages.

    Errors are told in it too: what answers a public message first takes its place.
    """
    interaction.extras[_FOR_ALL] = True
    await _speak(of_all(interaction))


def of_all(interaction: discord.Interaction[Any]) -> str:
    """The language of everybody who reads where this comes from."""
    if chosen := _chosen.get(interaction.guild_id or 0):
        return chosen
    there = interaction.guild_locale if interaction.guild_id else interaction.locale
    return language_of(there.value) if there is not None else SOURCE


def of_guild(guild: discord.Guild | None) -> str:
    """The language of a server, English for none."""
    if guild is None:
        return SOURCE
    return _chosen.get(guild.id) or language_of(guild.preferred_locale.value)


async def for_readers(message: discord.Message) -> None:
    """From now on speak the language of the server of a message; English where it was sent directly."""
    await _speak(of_guild(message.guild))


async def for_pressed(interaction: discord.Interaction[Any]) -> None:
    """From now on speak the language of whoever sees the message that was pressed on, which is about to be changed."""
    await _speak(of_readers(interaction))


def of_readers(interaction: discord.Interaction[Any]) -> str:
    """The language of whoever sees the message that was pressed on."""
    alone = interaction.message is None or interaction.message.flags.ephemeral
    return language_of(interaction.locale.value) if alone else of_all(interaction)


async def of_error(interaction: discord.Interaction[Any]) -> None:
    """From now on speak to whoever will see an error of this interaction."""
    if _FOR_ALL not in interaction.extras:
        await for_one(interaction)


async def for_visitor(language: str) -> None:
    """From now on speak the language of somebody who reads a page."""
    await _speak(language)


async def _speak(spoken: str) -> None:
    if spoken != SOURCE:
        # The first time it is read from the disk.
        await asyncio.to_thread(message_catalogues.translations, spoken)
    speech.speak(spoken)
