"""Answers to interactions, and the one place where an error becomes words for a person."""

import logging
import time
from typing import Any

import discord
from discord import app_commands

from bot import guard
from bot.app import Interaction
from bot.core import words
from bot.core.errors import BotError
from bot.core.requests import StatusMessage
from bot.languages import audience
from bot.languages.speech import reworded, told, worded
from bot.messages import place_faults, refusals
from data.core import presence
from data.core.data_errors import DataError
from engine.jobs.job import EngineError
from engine.pictures.intake import BadPicture

log = logging.getLogger(__name__)

NO_PINGS = discord.AllowedMentions.none()
TOKEN_LIFE_S = 15 * 60
SORRY = worded(
    "Something went wrong here, and it was written to the log. Try again; if it stays, tell the bot's owner."
)
USER_FACING = (BotError, DataError, EngineError, BadPicture)


async def begin(interaction: Interaction, *, private: bool = False) -> StatusMessage:
    """Acknowledge at once with a public "thinking" message that becomes the order's status message.

    A `private` one is seen by the person alone: for what asks them something first.
    """
    callback = await interaction.response.defer(thinking=True, ephemeral=private)
    if not private:
        await audience.for_all(interaction)
    message_id = callback.message_id if callback is not None else None
    if message_id is None:
        message_id = (await interaction.original_response()).id
    return _answer(interaction, message_id)


async def begin_below(interaction: Interaction, embed: discord.Embed) -> StatusMessage:
    """A public status message for a button under a private one; the press is acknowledged already."""
    message = await interaction.followup.send(embed=embed, wait=True, allowed_mentions=NO_PINGS)
    return _answer(interaction, message.id)


def answer_in_place(interaction: Interaction) -> StatusMessage:
    """For a button whose own message becomes the order's status message; the press is acknowledged already."""
    return _answer(interaction, interaction.message.id if interaction.message else None)


def _answer(interaction: Interaction, message_id: int | None) -> StatusMessage:
    received = interaction.created_at.timestamp()
    return StatusMessage(
        message_id=message_id,
        token=interaction.token,
        token_expires_at=min(received, time.time()) + TOKEN_LIFE_S,
        upload_limit=interaction.filesize_limit,
        language=audience.of_all(interaction),
    )


async def whisper(interaction: Interaction, content: str | None = None, **parts: Any) -> None:
    """StatusMessage only to the person who asked, whether or not the interaction was acknowledged before."""
    parts.setdefault("allowed_mentions", NO_PINGS)
    if interaction.response.is_done():
        await interaction.followup.send(content or discord.utils.MISSING, ephemeral=True, **parts)
    else:
        await interaction.response.send_message(content, ephemeral=True, **parts)


async def admitted(interaction: Interaction) -> bool:
    """Whether the person may use the bot there, asked before anything of a command, press or form is done.

    Whoever may not is told why, and nobody else sees it; what they type is completed with nothing. What is done for
    the person begins here (see `data.core.presence`).
    """
    presence.begin()
    await audience.for_one(interaction)
    try:
        await guard.admit(interaction)
    except Exception as error:  # noqa: BLE001 - what cannot be asked is refused
        if interaction.type is discord.InteractionType.autocomplete:
            await _complete_nothing(interaction, error)
        else:
            await tell_error(interaction, error)
        return False
    return True


async def _complete_nothing(interaction: Interaction, error: Exception) -> None:
    if sentence_for(error) is None:
        log.error("who may could not be asked", exc_info=error)
    try:
        await interaction.response.autocomplete([])
    except discord.HTTPException as failure:
        log.info("a completion was not taken: %s", failure)


async def tell_error(interaction: Interaction, error: BaseException) -> None:
    """Turn an error into a sentence for the person; unknown ones are logged with their traceback."""
    await audience.of_error(interaction)
    sentence = place_faults.forbidden(interaction) if _is_forbidden(error) else sentence_for(error)
    if sentence is None:
        log.error("a command or button failed", exc_info=error)
        sentence = reworded(SORRY)
    # Before the person is told: what they can appeal against has a number.
    refusals.count(interaction.client, error)
    refused = await refusals.keep(interaction.client, guard.server_of(interaction), interaction.user.id, error)
    parts = {} if refused is None else await interaction.client.refused(refused)
    try:
        # The first follow-up to a "thinking" message takes its place, and is seen by whoever could see that.
        await whisper(interaction, sentence, **parts)
    except discord.HTTPException as failure:
        log.warning("an error could not be told: %s", failure)
    await refusals.note(interaction, error)


def _is_forbidden(error: BaseException) -> bool:
    return isinstance(refusals.planned(error), discord.Forbidden)


def sentence_for(error: BaseException) -> str | None:
    """What to tell a person, or None when the error is nobody's plan."""
    match error:
        case app_commands.CommandInvokeError(original=original):
            return sentence_for(original)
        case app_commands.TransformerError():
            return worded("“{value}” is not something I can use there.", value=words.plain(str(error.value), 100))
        case app_commands.MissingPermissions() | app_commands.CheckFailure():
            return worded("That command is for moderators of this server.")
        case app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound():
            return worded("This command has just changed. Type it again in a minute.")
        case BotError():
            return told(error)
        case _ if isinstance(error, USER_FACING):
            # Names that people typed and what providers answered stand in these.
            return words.sentence(told(error))
        case discord.Forbidden():
            return worded(
                "Discord does not let me do that here. Ask a moderator to check my permissions in this channel."
            )
        case _:
            return None
