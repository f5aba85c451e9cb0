"""`python -m bot`: the studio on Discord, until it is told to stop."""

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
from pathlib import Path

import discord

from bot.core.errors import EXIT_CANNOT_START, EXIT_FATAL, BotError, DiscordUnreachable, SettingsError
from bot.core.real_people import real_people_of
from bot.core.settings import Settings, hub_variables
from bot.operations import (
    doctor,
    fetch_models,
    plan_table,
    policy_check,
    portrait_bench,
    portrait_compare,
    readings,
    upgrade_check,
)
from bot.operations.logs import set_up_by
from data.core.data_errors import DataError
from data.upkeep.backup import Backup, back_up, restore
from engine.models.model import CatalogueError

log = logging.getLogger(__name__)

_LARGEST_GIB = 100_000
_LOG_LEVELS = {"setup": "WARNING", "restore-drill": "ERROR"}
"""Of tools whose sentences are not to be looked for between log lines."""


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
        set_up_by(settings, serving=options.tool is None, level=_LOG_LEVELS.get(options.tool, ""))
        match options.tool:
            case "setup":
                return _set_up(settings)
            case "doctor":
                return doctor.run(settings)
            case "upgrade-check":
                return doctor.told(upgrade_check.examine(settings))
            case "plan":
                return plan_table.run(settings, options.gib, options.ram, as_json=options.json)
            case "readings":
                return readings.export(settings, options.out)
            case "fetch":
                return fetch_models.run(settings, options.models, newest=options.newest)
            case "bench":
                return portrait_bench.run(settings, options)
            case "compare":
                return portrait_compare.run(settings, options)
            case "backup":
                print(_backed_up(_back_up(settings.data_folder, options.folder)))
            case "restore":
                print(_restored(restore(options.folder, settings.data_folder), settings.data_folder))
            case "restore-drill":
                return _drill(settings, options.folder)
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
    tools.add_parser("setup", help="from a token to the first portrait on your server, step by step")
    tools.add_parser("doctor", help="check token, folders, disk, models and GPU, and say how to mend each")
    tools.add_parser("upgrade-check", help="say what the next start would do to the data folder; changes nothing")
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
    comparing = tools.add_parser(
        "compare", help="make and review every model's portraits of the same prompts, as a page"
    )
    portrait_compare.add_options(comparing)
    backup = tools.add_parser("backup", help="copy database and pictures to a new folder; the bot may be running")
    backup.add_argument("folder", type=Path)
    back = tools.add_parser("restore", help="put a backup in place of the data folder; the bot must be stopped")
    back.add_argument("folder", type=Path)
    drill = tools.add_parser(
        "restore-drill", help="restore a backup into an empty folder and look whether the bot starts from it"
    )
    drill.add_argument("folder", type=Path, nargs="?", help="a backup; left out: the newest made by itself")
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


def _drill(settings: Settings, folder: Path | None) -> int:
    from bot.operations import restore_drill

    return doctor.told(restore_drill.examine(settings, folder))


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
    from bot.operations.connection import in_words, open_bot

    token = settings.discord_token.get_secret_value()
    if not token:
        raise SettingsError(
            "DISCORD_TOKEN is empty. `python -m bot setup` asks for your bot's token and does the rest, "
            "or try `make demo`, which needs none."
        )
    bot = await open_bot(settings)
    _stop_on_signals(bot)
    with in_words():
        async with bot:
            await bot.start(token)
    return bot.exit_code


def _set_up(settings: Settings) -> int:
    from bot.operations import setup_steps
    from bot.operations.console import Console

    return setup_steps.run(settings, Console())


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
