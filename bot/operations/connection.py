"""From settings to a bot that is connected to Discord; whatever prevents it is told in one sentence."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import discord

from bot.client import StudioBot
from bot.core.errors import DiscordUnreachable, SettingsError
from bot.core.settings import Settings
from bot.operations.callbacks import repeat_lost_callbacks
from bot.operations.card_check import refuse_unusable_card
from bot.operations.endpoints import point_discord_at
from bot.operations.upgrade_check import remember_settings
from data.core.files import private_folder


async def open_bot(settings: Settings) -> StudioBot:
    """A bot on its data folder, not yet connected. Raises BotError, DataError or CatalogueError."""
    await asyncio.to_thread(refuse_unusable_card, settings)
    await asyncio.to_thread(_check_folder, settings.data_folder)
    point_discord_at(settings.discord_api_url or None, settings.discord_gateway_url or None)
    # It never speaks, so that nobody needs to hear which voice libraries are missing.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    bot = await StudioBot.open(settings)
    await asyncio.to_thread(remember_settings, settings.data_folder)
    repeat_lost_callbacks()
    return bot


@contextmanager
def in_words() -> Iterator[None]:
    """What discord.py raises when it cannot connect, as SettingsError or DiscordUnreachable."""
    try:
        yield
    except discord.LoginFailure as error:
        raise SettingsError(
            "Discord refused DISCORD_TOKEN. Reset it in the developer portal and put the new one into .env."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise SettingsError("Discord refused the bot's intents; none of them should need approval.") from error
    except (aiohttp.ClientConnectionError, discord.DiscordServerError, discord.GatewayNotFound) as error:
        raise DiscordUnreachable(
            f"Discord could not be reached ({type(error).__name__}). Check this machine's network and, if they "
            "are set, DISCORD_API_URL and DISCORD_GATEWAY_URL; then start the bot again."
        ) from error


def _check_folder(folder: Path) -> None:
    try:
        private_folder(folder)
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be made ({error.strerror}). Set DATA_FOLDER in .env to a folder "
            "that the bot may write to."
        ) from error
