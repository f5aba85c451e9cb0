"""A portrait's end, wherever somebody asked for it."""

import time

from bot.app import App
from data.pictures.portrait_rows import Portrait


async def delete_portrait(bot: App, portrait: Portrait) -> None:
    """Its recipe and picture go, then its message. Whoever calls has asked whether the person may.

    Raises discord.py's errors where Discord does not answer: all but the message is gone then.
    """
    await bot.stores.portraits.delete(portrait.id, time.time())
    await bot.messenger.remove(portrait)
