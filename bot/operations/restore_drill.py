"""`python -m bot restore-drill`: whether a backup brings the studio back, tried in an empty folder of its own.

Neither the data folder nor the backup is changed, and the bot may be running meanwhile.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.client import StudioBot
from bot.core.errors import BotError
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.maintenance.self_check import MIB, backup_folder
from bot.operations.diagnosis import Diagnosis
from data.core.data_errors import DataError
from data.credits import ledger
from data.upkeep import scheduled_backups
from data.upkeep.backup import back_up, restore
from engine.models.model import CatalogueError

_MOST_SENTENCES = 3


def examine(settings: Settings, backup: Path | None = None) -> Iterator[Diagnosis]:
    """Every finding of a drill with `backup`, else the newest that was made by itself, else one made for it."""
    near = settings.data_folder if settings.data_folder.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=".restore-drill-", dir=near) as folder:
        empty = Path(folder)
        try:
            chosen, finding = _chosen(settings, backup, empty)
            yield finding
            restore(chosen, empty / "studio")
            yield Diagnosis("good", "Restore: its database can be used, and every picture is there and undamaged.")
            yield from asyncio.run(_started(settings.model_copy(update={"data_folder": empty / "studio"})))
        except (DataError, BotError, CatalogueError) as error:
            yield Diagnosis("bad", f"Restore: {error}")
        except OSError as error:
            yield Diagnosis("bad", f"Restore: {error.strerror}, {error.filename}. Nothing was changed.")


def _chosen(settings: Settings, backup: Path | None, empty: Path) -> tuple[Path, Diagnosis]:
    """The backup that is tried. Raises DataError, OSError."""
    if backup is not None:
        return backup, Diagnosis("note", f"Backup: {backup} is tried.")
    kept = scheduled_backups.kept(backup_folder(settings))
    if kept:
        return kept[-1][1], Diagnosis("note", f"Backup: {kept[-1][1]} is tried, the newest that was made by itself.")
    made = back_up(settings.data_folder, empty / "backup")
    told = f"Backup: there is none that was made by itself, so one was made for this: {made.bytes / MIB:,.1f} MiB."
    return made.folder, Diagnosis("note", told)


async def _started(settings: Settings) -> list[Diagnosis]:
    """What a bot finds that opens on it, unconnected. Raises DataError, BotError, CatalogueError."""
    async with await StudioBot.open(settings) as bot:
        return [*await _books(bot.stores), *await _files(bot.stores), await _counted(bot.stores)]


async def _books(stores: Stores) -> list[Diagnosis]:
    wrong = await ledger.check(stores.database)
    if wrong:
        said = " ".join(wrong[:_MOST_SENTENCES])
        return [Diagnosis("bad", f"Books: they do not add up, in {len(wrong):,} places: {said}")]
    return [Diagnosis("good", "Books: they add up.")]


async def _files(stores: Stores) -> list[Diagnosis]:
    missing = await stores.pictures.missing()
    if missing:
        return [Diagnosis("bad", f"Pictures: {len(missing):,} are missing, such as {missing[0]}.")]
    return [Diagnosis("good", "Pictures: all are there.")]


async def _counted(stores: Stores) -> Diagnosis:
    """What is in it, to compare with what you know, and that a bot starts from it."""
    counts = await stores.database.fetch_one(
        "SELECT (SELECT count(*) FROM portraits) AS portraits, (SELECT count(*) FROM characters) AS characters,"
        " (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM orders WHERE state = 'open') AS open"
    )
    if counts is None:
        raise RuntimeError("a count has no row")
    return Diagnosis(
        "good",
        f"Start: the bot opens on it, with {counts['portraits']:,} portraits, {counts['characters']:,} saved faces, "
        f"{counts['accounts']:,} accounts, and {counts['open']:,} orders that it would go on with.",
    )
