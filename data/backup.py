"""Copies of the data folder: made while the bot runs, and put back while it does not.

A backup is a folder with the database and the pictures it needs. Both functions block: call them in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup; `bytes` counts the database and the pictures."""

    folder: Path
    pictures: int
    bytes: int


def back_up(data_folder: Path, target: Path) -> Backup:
    """Copy the database and its pictures to `target`, which must not exist. The bot may be running.

    Raises `DatabaseUnreadable`, `NoSpace`, `FileExistsError`; then nothing is left at `target`.
    """
    raise NotImplementedError


def restore(backup: Path, data_folder: Path) -> Path | None:
    """Put a backup in place of the data folder's contents, which are set aside.

    Returns the folder that holds what was there before (None when there was nothing).
    Raises `BadBackup`, `FolderInUse` (the bot is running), `NoSpace`: the data folder is then as it was.
    """
    raise NotImplementedError
