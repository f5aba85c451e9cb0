"""A portrait's end, wherever somebody asked for it."""

import contextlib
import time

import discord

from bot.app import App, Interaction
from data.pictures.portrait_rows import Portrait


async def delete_portrait(bot: App, portrait: Portrait, *, by: Interaction | None = None) -> None:
    """Its recipe and picture go, then its message. Whoever calls has asked whether the person may.

    `by` is a press on that message where the bot is no member: only it lets the message be deleted there. Raises
    discord.py's errors where Discord does not answer: all but the message is gone then.
    """
    await bot.stores.portraits.delete(portrait.id, time.time())
    if by is None:
        await bot.messenger.remove(portrait)
        return
    with contextlib.suppress(discord.HTTPException):
        await by.delete_original_response()
