"""In whose language something is said: what one person alone sees in theirs, what all see in their server's."""

import asyncio
from typing import Any, Final

import discord

from bot.languages import message_catalogues, speech
from bot.languages.message_catalogues import SOURCE, language_of

_FOR_ALL: Final = "answers are for all"


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
    there = interaction.guild_locale if interaction.guild_id else interaction.locale
    return language_of(there.value) if there is not None else SOURCE


def of_guild(guild: discord.Guild | None) -> str:
    """The language of a server, English for none."""
    return SOURCE if guild is None else language_of(guild.preferred_locale.value)


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


async def _speak(spoken: str) -> None:
    if spoken != SOURCE:
        # The first time it is read from the disk.
        await asyncio.to_thread(message_catalogues.translations, spoken)
    speech.speak(spoken)
