"""Answers to interactions, and the one place where an error becomes words for a person."""

import functools
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import app_commands

from bot import refusals
from bot.errors import BotError
from bot.wishes import Answer
from data import presence
from data.errors import DataError
from engine.intake import BadPicture
from engine.jobs import EngineError

if TYPE_CHECKING:
    from bot.client import Interaction

log = logging.getLogger(__name__)

T = TypeVar("T")
NO_PINGS = discord.AllowedMentions.none()
TOKEN_LIFE_S = 15 * 60
SORRY = "Something went wrong here, and it was written to the log. Try again; if it stays, tell the bot's owner."
SPEAKING = (BotError, DataError, EngineError, BadPicture)


async def begin(interaction: "Interaction") -> Answer:
    """Acknowledge at once with a public "thinking" message that becomes the order's status message."""
    callback = await interaction.response.defer(thinking=True)
    message_id = callback.message_id if callback is not None else None
    if message_id is None:
        message_id = (await interaction.original_response()).id
    return _answer(interaction, message_id)


def answer_in_place(interaction: "Interaction") -> Answer:
    """For a button whose own message becomes the order's status message; the press is acknowledged already."""
    return _answer(interaction, interaction.message.id if interaction.message else None)


def _answer(interaction: "Interaction", message_id: int | None) -> Answer:
    received = interaction.created_at.timestamp()
    return Answer(
        message_id=message_id,
        token=interaction.token,
        token_expires_at=min(received, time.time()) + TOKEN_LIFE_S,
        upload_limit=interaction.filesize_limit,
    )


async def whisper(interaction: "Interaction", content: str | None = None, **parts: Any) -> None:
    """Answer only to the person who asked, whether or not the interaction was acknowledged before."""
    parts.setdefault("allowed_mentions", NO_PINGS)
    if interaction.response.is_done():
        await interaction.followup.send(content or discord.utils.MISSING, ephemeral=True, **parts)
    else:
        await interaction.response.send_message(content, ephemeral=True, **parts)


async def tell_error(interaction: "Interaction", error: BaseException) -> None:
    """Turn an error into a sentence for the person; unknown ones are logged with their traceback."""
    sentence = sentence_for(error)
    if sentence is None:
        log.error("a command or button failed", exc_info=error)
        sentence = SORRY
    try:
        # The first follow-up to a "thinking" message takes its place, and is seen by whoever could see that.
        await whisper(interaction, sentence)
    except discord.HTTPException as failure:
        log.warning("an error could not be told: %s", failure)
    await refusals.note(interaction, error)


def sentence_for(error: BaseException) -> str | None:
    """What to tell a person, or None when the error is nobody's plan."""
    match error:
        case app_commands.CommandInvokeError(original=original):
            return sentence_for(original)
        case app_commands.TransformerError():
            return f"“{discord.utils.escape_markdown(str(error.value))[:100]}” is not something I can use there."
        case app_commands.MissingPermissions() | app_commands.CheckFailure():
            return "That command is for moderators of this server."
        case app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound():
            return "This command has just changed. Type it again in a minute."
        case _ if isinstance(error, SPEAKING):
            return str(error)
        case discord.Forbidden():
            return "Discord does not let me do that here. Ask a moderator to check my permissions in this channel."
        case _:
            return None


def told(
    callback: Callable[[T, discord.Interaction[Any]], Coroutine[Any, Any, None]],
) -> Callable[[T, discord.Interaction[Any]], Coroutine[Any, Any, None]]:
    """For the callbacks of buttons and menus: an error becomes a sentence for the person who pressed."""

    @functools.wraps(callback)
    async def run(item: T, interaction: discord.Interaction[Any]) -> None:
        presence.begin()
        try:
            await callback(item, interaction)
        except Exception as error:  # noqa: BLE001 - the last handler before the person
            await tell_error(interaction, error)

    return run
