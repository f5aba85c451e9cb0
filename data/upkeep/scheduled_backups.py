"""Backups that are made by themselves: when the next one is due, and how many are kept. Blocking.

The time of each is in its name, so that nothing but the folder itself says what there is.
"""

from __future__ import annotations

import shutil
import time
from calendar import timegm
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from data.core.data_errors import NoSpace
from data.core.database import FILE_NAME
from data.core.files import private_folder
from data.pictures.picture_store import FOLDER_NAME
from data.upkeep.backup import Backup, back_up

FOLDER: Final = "backups"
"""Where they are in the data folder, where no other folder is named."""
_FORM: Final = "likeness-%Y%m%d-%H%M%S"


def kept(folder: Path) -> Sequence[tuple[float, Path]]:
    """The backups in a folder that were made by themselves, oldest first: when (epoch seconds), and where."""
    found = [(moment, path) for path in _entries(folder) if (moment := _moment(path.name)) is not None]
    return sorted(found)


def is_due(folder: Path, every_s: float, now: float) -> bool:
    """Whether the newest backup is this old by now, or there is none; one of the future, by a wrong clock, is none."""
    return not any(0 <= now - moment < every_s for moment, _ in kept(folder))


def size_of_next(data_folder: Path) -> int:
    """About how many bytes a backup takes: the database and all pictures."""
    pictures = sum(path.stat().st_size for path in _entries(data_folder / FOLDER_NAME))
    return pictures + sum(path.stat().st_size for path in data_folder.glob(f"{FILE_NAME}*"))


def make(
    data_folder: Path,
    folder: Path,
    *,
    keep: int,
    now: float,
    leave_bytes: int = 0,
    stopped: Callable[[], bool] = lambda: False,
) -> Backup:
    """Make a backup into the folder, then delete all but the newest `keep` that were made by themselves.

    `leave_bytes` stay free. Raises `NoSpace` and what `back_up` raises, OSError too; then all earlier ones are kept.
    """
    if not folder.is_dir():
        private_folder(folder)
    for path in _entries(folder):
        if path.name.startswith(".") and _moment(path.name[1:].rpartition(".")[0]) is not None:
            shutil.rmtree(path, ignore_errors=True)  # what a backup that was cut off has left
    if shutil.disk_usage(folder).free < size_of_next(data_folder) + leave_bytes:
        raise NoSpace
    made = back_up(data_folder, folder / time.strftime(_FORM, time.gmtime(now)), stopped)
    for _, path in kept(folder)[:-keep]:
        shutil.rmtree(path)
    return made


def _entries(folder: Path) -> Sequence[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _moment(name: str) -> float | None:
    """When the backup of this name was made; None for what has another name."""
    try:
        return float(timegm(time.strptime(name, _FORM)))
    except ValueError:
        return None
