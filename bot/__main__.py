"""`python -m bot`: the studio on Discord, until it is told to stop."""

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
from pathlib import Path

import aiohttp
import discord

from bot.core.errors import EXIT_CANNOT_START, EXIT_FATAL, BotError, DiscordUnreachable, SettingsError
from bot.core.real_people import real_people_of
from bot.core.settings import Settings, hub_variables
from bot.operations import doctor, fetch_models, plan_table, policy_check, portrait_bench, readings
from bot.operations.logs import set_up
from data.core.data_errors import DataError
from data.core.files import private_folder
from data.upkeep.backup import Backup, back_up, restore
from engine.models.model import CatalogueError

log = logging.getLogger(__name__)

_LARGEST_GIB = 100_000


def run() -> None:
    """`main` as a command: leaves with its exit code as soon as all is closed.

    Taking torch apart in good order costs the interpreter seconds, and a thread that was left behind in the middle
    of a step would keep the process alive.
    """
    # What libraries write for it, weights for instance, is nobody else's either. Our own files do not count on this.
    os.umask(0o077)
    code = main()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Run the bot or one of its tools; returns the process's exit code (0 stopped, 2 cannot start, 70 start again)."""
    options = _parser().parse_args(arguments)
    for name, value in hub_variables().items():
        os.environ.setdefault(name, value)
    try:
        settings = Settings.load()
        if options.tool == "policy":
            return _policy(settings, options)
        set_up(settings.log_level)
        match options.tool:
            case "doctor":
                return doctor.run(settings)
            case "plan":
                return plan_table.run(settings, options.gib, options.ram, as_json=options.json)
            case "readings":
                return readings.export(settings, options.out)
            case "fetch":
                return fetch_models.run(settings, options.models, newest=options.newest)
            case "bench":
                return portrait_bench.run(settings, options)
            case "backup":
                print(_backed_up(_back_up(settings.data_folder, options.folder)))
            case "restore":
                print(_restored(restore(options.folder, settings.data_folder), settings.data_folder))
            case _:
                for sentence in settings.renamed:
                    log.warning("%s", sentence)
                return asyncio.run(serve(settings))
        return 0
    except DiscordUnreachable as error:
        print(error, file=sys.stderr)
        return EXIT_FATAL
    except (BotError, DataError, CatalogueError) as error:
        print(error, file=sys.stderr)
        return EXIT_CANNOT_START


def _policy(settings: Settings, options: argparse.Namespace) -> int:
    """Raises SettingsError."""
    return policy_check.run(
        options.prompt,
        options.character,
        upload=options.upload,
        adult=options.adult,
        blocked=settings.moderation_blocked,
        real_people=real_people_of(settings),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="The studio on Discord.")
    tools = parser.add_subparsers(dest="tool", metavar="TOOL")
    tools.add_parser("doctor", help="check token, folders, disk, models and GPU, and say how to mend each")
    planning = tools.add_parser("plan", help="say where each local model lives on a card, and what that takes")
    planning.add_argument("--gib", type=_size, help="a card of this many GiB, instead of the one in this machine")
    planning.add_argument("--ram", type=_size, help="a machine of this much memory in GiB, instead of this one")
    planning.add_argument("--json", action="store_true", help="print JSON")
    misread = tools.add_parser("readings", help="the misreadings that people gave you, to teach the studio")
    exporting = misread.add_subparsers(dest="what", metavar="WHAT", required=True)
    export = exporting.add_parser("export", help="write them as JSON lines; the bot may be running")
    export.add_argument("--out", type=Path, help="a new file, instead of standard output")
    fetching = tools.add_parser("fetch", help="download models from a hub, or list what is there")
    fetching.add_argument("models", nargs="*", metavar="MODEL", help="a model's id or hub id; none: list them all")
    fetching.add_argument("--newest", action="store_true", help="look for a newer commit than the one that is kept")
    benching = tools.add_parser("bench", help="measure portraits a minute on this machine, as a table to post")
    portrait_bench.add_options(benching)
    backup = tools.add_parser("backup", help="copy database and pictures to a new folder; the bot may be running")
    backup.add_argument("folder", type=Path)
    back = tools.add_parser("restore", help="put a backup in place of the data folder; the bot must be stopped")
    back.add_argument("folder", type=Path)
    policy = tools.add_parser("policy", help="say what policy makes of a prompt, as JSON")
    policy.add_argument("prompt")
    policy.add_argument("--character", type=_age, metavar="AGE", help="a saved face of this age is in it")
    policy.add_argument("--upload", action="store_true", help="an uploaded picture is behind it")
    policy.add_argument("--adult", action="store_true", help="asked where adult content is allowed")
    return parser


def _age(text: str) -> int:
    """Years. Raises argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise argparse.ArgumentTypeError(f"{text} is no age in years")
    return int(text)


def _size(text: str) -> float:
    """GiB, of a card or a machine. Raises argparse.ArgumentTypeError."""
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0 < size <= _LARGEST_GIB:
        raise argparse.ArgumentTypeError(f"{text} is no number of GiB from above 0 to {_LARGEST_GIB:,}")
    return size


def _back_up(data_folder: Path, target: Path) -> Backup:
    try:
        return back_up(data_folder, target)
    except OSError as error:
        why = "it exists already" if isinstance(error, FileExistsError) else error.strerror
        raise BotError(f"No backup was made in {target}: {why}. Name a new folder that can be written.") from error


def _backed_up(backup: Backup) -> str:
    return f"Backed up to {backup.folder}: {backup.pictures:,} pictures, {backup.bytes / 2**20:,.1f} MiB in all."


def _restored(aside: Path | None, data_folder: Path) -> str:
    kept = f" What was there before is kept in {aside}." if aside else ""
    return f"Restored into {data_folder}.{kept}"


async def serve(settings: Settings) -> int:
    """Raises BotError, DataError or CatalogueError, as one sentence, when the bot cannot start."""
    from bot.client import StudioBot
    from bot.operations.callbacks import repeat_lost_callbacks
    from bot.operations.card_check import refuse_unusable_card
    from bot.operations.endpoints import point_discord_at

    token = settings.discord_token.get_secret_value()
    if not token:
        raise SettingsError(
            "DISCORD_TOKEN is empty. Copy .env.example to .env and put your bot's token there "
            "(Discord developer portal, your application, Bot), or try `make demo`, which needs none."
        )
    await asyncio.to_thread(refuse_unusable_card, settings)
    await asyncio.to_thread(_check_folder, settings.data_folder)
    point_discord_at(settings.discord_api_url or None, settings.discord_gateway_url or None)
    # It never speaks, so that nobody needs to hear which voice libraries are missing.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    bot = await StudioBot.open(settings)
    _stop_on_signals(bot)
    repeat_lost_callbacks()
    try:
        async with bot:
            await bot.start(token)
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
    return bot.exit_code


def _check_folder(folder: Path) -> None:
    try:
        private_folder(folder)
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be made ({error.strerror}). Set DATA_FOLDER in .env to a folder "
            "that the bot may write to."
        ) from error


def _stop_on_signals(bot: discord.Client) -> None:
    loop = asyncio.get_running_loop()
    closing: set[asyncio.Task[None]] = set()

    def stop() -> None:
        if not closing:
            log.info("asked to stop: finishing the current step, the rest goes on at the next start")
            closing.add(loop.create_task(bot.close()))

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)


if __name__ == "__main__":
    run()
