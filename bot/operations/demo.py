"""`make demo`: the whole bot on a local page, with two members to be, and no token, GPU or network."""

import argparse
import asyncio
import logging
import os
import socket
import sys
import time
import webbrowser
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import discord

from bot.client import StudioBot
from bot.core.errors import BotError, SettingsError
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.operations.local_page import LiveEnv, page, world
from bot.operations.logs import set_up
from data.core.data_errors import DataError, KeyReused
from data.credits.ledger import LedgerNote

log = logging.getLogger(__name__)

GUILD_ID: Final = 1_324_000_000_000_000_000
CREDITS: Final = 500
WELCOME: Final = (
    "**Welcome to the studio.** Type `/portrait`, choose `prompt` with Enter, and describe somebody, for example:\n"
    "> a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up\n"
    "\n"
    "Press Enter again and watch it develop. Then press **Save as character**, call it `ana`, "
    "and write `@ana` in the next prompt:\n"
    "> @ana in a white shirt, by the sea at sunset\n"
    "\n"
    "`/help` tells the rest. At the top you can switch between two people: **sam** orders portraits, and **mira** "
    "is a moderator, who can also `/grant credits`."
)


def main() -> int:
    """Serve the page until interrupted; returns the exit code."""
    options = _arguments()
    os.umask(0o077)  # as in `bot.__main__.run`
    set_up("WARNING")
    try:
        asyncio.run(_run(options))
    except KeyboardInterrupt:
        return 0
    except (BotError, DataError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.operations.demo", description="The studio on a local page.")
    parser.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1 (default 8765; 0: any free one)")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="where characters and portraits are kept")
    parser.add_argument(
        "--hosted", action="store_true", help="also offer hosted models whose keys are in the environment"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    return parser.parse_args()


def demo_settings(folder: Path, *, hosted: bool = False) -> Settings:
    """Settings of the demo: the defaults whatever `.env` says, and the demo's own server let in.

    Keys that happen to be in the environment are used only when `hosted` says so: those models cost money.
    """
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=folder,
        discord_servers=(GUILD_ID,),
        data_free_mib=64,
    )
    return settings if hosted else settings.without_hosted()


def _check_port(port: int) -> None:
    """Raises SettingsError when the page could not be served there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} is in use, perhaps by another demo. Stop that, or type: make demo ARGS='--port 0'"
            ) from error


async def _run(options: argparse.Namespace) -> None:
    _check_port(options.port)
    settings = demo_settings(options.data, hosted=options.hosted)
    bot = await StudioBot.open(settings, sync="always")
    async with world(bot, bot_name="Likeness") as env:
        channel, people = build_server(env)
        await _first_credits(bot.stores, people)
        await _welcome(env, bot, channel)
        async with page(env, channel, people, port=options.port) as preview:
            _announce(preview.url, browser=not options.no_browser)
            await preview.wait_closed()


def build_server(env: LiveEnv) -> tuple[Any, list[Any]]:
    """A server with a channel and two members, whose ids are the same at every start."""
    env.clock.moment = datetime(2025, 1, 1, tzinfo=UTC)
    sam = env.create_user("sam")
    env.clock.moment = datetime(2025, 1, 2, tzinfo=UTC)
    mira = env.create_user("mira")
    env.clock.moment = datetime(2025, 1, 3, tzinfo=UTC)
    guild = env.create_guild("Portrait Studio", id=GUILD_ID)
    env.clock.moment = datetime(2025, 1, 4, tzinfo=UTC)
    channel = guild.create_text_channel("studio")
    env.clock.moment = None
    moderators = guild.create_role("moderators", permissions=discord.Permissions(manage_guild=True))
    return channel, [guild.add_member(sam), guild.add_member(mira, roles=[moderators])]


async def _first_credits(stores: Stores, people: list[Any]) -> None:
    for person in people:
        with suppress(KeyReused):  # the books know somebody who was erased by another name, and have welcomed them
            await stores.accounts.grant(
                GUILD_ID,
                person.id,
                CREDITS,
                LedgerNote(
                    key=f"demo:welcome:{person.id}", actor_id=person.id, reason="Welcome to the demo", now=time.time()
                ),
            )


async def _welcome(env: LiveEnv, bot: StudioBot, channel: Any) -> None:
    with env._bot_scope():
        await bot.get_partial_messageable(channel.id, guild_id=GUILD_ID).send(WELCOME)


def _announce(url: str, *, browser: bool) -> None:
    print(f"\nLikeness is open at  {url}\nPress Ctrl+C to stop.\n", flush=True)
    if browser:
        try:
            webbrowser.open(url)
        except webbrowser.Error:
            log.info("no browser could be opened")


if __name__ == "__main__":
    sys.exit(main())
