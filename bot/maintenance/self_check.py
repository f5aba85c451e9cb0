"""What the bot looks at each night: its books, files, backups and disk. What is wrong is told to its owners.

When that was last done, and what was told, is in a small file, so that a restart repeats nothing.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.maintenance import crash_counts
from data.core.data_errors import DataError
from data.core.files import write_over
from data.credits import ledger
from data.upkeep import scheduled_backups
from data.upkeep.retention import DAY_S

log = logging.getLogger(__name__)

FILE_NAME: Final = "self-check.json"
_NIGHT_S: Final = 3 * 3600.0
"""A day of the self-check begins at this time, in UTC."""
_MOST_SENTENCES: Final = 3
_LATE: Final = 2
"""How many times the hours between two backups the newest may be old."""
MIB: Final = 2**20

Tell = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SelfCheckFault:
    """Something that is wrong: `key` says which kind, `sentence` what it is and what mends it."""

    key: str
    sentence: str


class SelfCheck:
    """Looks once a night, and tells of each kind of fault once a day."""

    def __init__(self, settings: Settings, stores: Stores, tell: Tell) -> None:
        """`tell` brings a sentence to the bot's owners; it does not raise."""
        self._settings = settings
        self._stores = stores
        self._tell = tell
        self._file = settings.data_folder / FILE_NAME

    async def nightly(self, now: float) -> None:
        """Look, if that was not done since the last 3 o'clock (UTC) before `now` (epoch seconds)."""
        today, done = day_of(now), await asyncio.to_thread(self._read)
        if done.get("checked") == today:
            return
        found = await self.look(now)
        for fault in found:
            await self.report(fault, now)
        await self._note(checked=today)
        log.info("self-check: %s", "nothing is wrong" if not found else f"{len(found)} things are wrong")

    async def look(self, now: float) -> list[SelfCheckFault]:
        """Everything that is wrong as of `now`."""
        found = [await self._books(), await self._files()]
        found += await asyncio.to_thread(lambda: [self._backups(now), self._disk(), self._crashes(now)])
        return [fault for fault in found if fault is not None]

    async def report(self, fault: SelfCheckFault, now: float) -> None:
        """Tell of it, unless that kind was told of in the same day."""
        told = (await asyncio.to_thread(self._read)).get("told")
        told = told if isinstance(told, dict) else {}
        log.error("self-check: %s", fault.sentence)
        if told.get(fault.key) != day_of(now):
            await self._tell(fault.sentence)
            await self._note(told={**told, fault.key: day_of(now)})

    async def _books(self) -> SelfCheckFault | None:
        wrong = await ledger.check(self._stores.database)
        if not wrong:
            return None
        return SelfCheckFault(
            "books",
            f"The books do not add up, in {len(wrong):,} places: {' '.join(wrong[:_MOST_SENTENCES])} Keep a backup of "
            "now, and compare it with an earlier one.",
        )

    async def _files(self) -> SelfCheckFault | None:
        missing = await self._stores.pictures.missing()
        if not missing:
            return None
        return SelfCheckFault(
            "files",
            f"{len(missing):,} pictures are in the database and not on the disk, such as {missing[0]}. Restore them "
            "from a backup's folder pictures/.",
        )

    def _backups(self, now: float) -> SelfCheckFault | None:
        hours = self._settings.backup_every_hours
        if not hours:
            return None
        newest = scheduled_backups.kept(backup_folder(self._settings))[-1:]
        if newest and now - newest[0][0] < hours * 3600 * _LATE:
            return None
        age = f"the newest backup is {(now - newest[0][0]) / 3600:,.0f} hours old" if newest else "there is no backup"
        return SelfCheckFault("backup", f"BACKUP_EVERY_HOURS is {hours:g}, but {age}. The log says why.")

    def _disk(self) -> SelfCheckFault | None:
        free, floor = self._stores.pictures.free_bytes() / MIB, self._settings.data_free_mib
        if free >= floor * 2:
            return None
        refused = "orders are refused" if free < floor else f"below {floor:,} MiB orders are refused"
        return SelfCheckFault(
            "disk",
            f"The disk of the data folder has {free:,.0f} MiB free; {refused} (DATA_FREE_MIB). Make room, or set "
            "DATA_KEEP_DAYS.",
        )

    def _crashes(self, now: float) -> SelfCheckFault | None:
        """Errors that nobody planned, of the last day; of each kind where it came from."""
        found = crash_counts.latest(self._settings.data_folder, now - DAY_S)
        if not found:
            return None
        kinds = [f"{kind} in {place}" for kind, place in list(dict.fromkeys(found))[-_MOST_SENTENCES:]]
        return SelfCheckFault(
            "crashes",
            f"Errors that nobody planned in the last day: {len(found):,}. {'; '.join(kinds)}. {crash_counts.FILE_NAME} "
            "in the data folder has a report of each, without prompts or names: it can be sent with a bug report.",
        )

    def _read(self) -> dict[str, Any]:
        """What was noted; nothing where the file is missing or damaged, and all is then told anew."""
        try:
            noted = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    async def _note(self, **values: Any) -> None:
        def write() -> None:
            write_over(self._file, json.dumps({**self._read(), **values}).encode())

        try:
            await asyncio.to_thread(write)
        except (OSError, DataError) as error:
            log.warning("what the self-check told could not be noted, so it is told again: %s", error)


def day_of(now: float) -> int:
    """The number of the day of a moment (epoch seconds); days begin at 3 o'clock, UTC."""
    return int((now - _NIGHT_S) // DAY_S)


def backup_folder(settings: Settings) -> Path:
    """Where scheduled backups go."""
    return Path(settings.backup_folder) if settings.backup_folder else settings.data_folder / scheduled_backups.FOLDER
