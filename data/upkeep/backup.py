"""Copies of the data folder: made while the bot runs, and put back while it does not.

A backup is a folder like the data folder itself: the database, and the pictures it needs. Both functions block:
call them in a thread.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.core import schema
from data.core.at_rest import close_folder
from data.core.data_errors import BackupStopped, BadBackup, DatabaseUnreadable, DataError, NoSpace
from data.core.database import FILE_NAME
from data.core.files import is_full, private_file, private_folder, private_opener, sync_folder
from data.core.folder_lock import lock_folder
from data.core.sqlite_errors import in_words
from data.pictures.picture_store import FOLDER_NAME

log = logging.getLogger(__name__)

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup; `bytes` counts the database and the pictures."""

    folder: Path
    pictures: int
    bytes: int


def back_up(data_folder: Path, target: Path, stopped: Callable[[], bool] = lambda: False) -> Backup:
    """Copy the database and its pictures to `target`, which must not exist. The bot may be running.

    `stopped` is asked before each picture. Raises `DatabaseUnreadable`, `NoSpace`, `FileExistsError`, `BackupStopped`;
    then nothing is left at `target`.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already; a backup needs a folder of its own.")
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    with _undone(partial), _worded(data_folder / FILE_NAME):
        private_folder(partial / FOLDER_NAME)
        pictures = _copy_all(data_folder, partial, stopped)
        copied = sum(file.stat().st_size for file in [partial / FILE_NAME, *pictures])
        sync_folder(partial / FOLDER_NAME)
        sync_folder(partial)
        partial.rename(target)
        sync_folder(target.parent)
    return Backup(target, len(pictures), copied)


def _copy_all(source: Path, target: Path, stopped: Callable[[], bool]) -> list[Path]:
    """A consistent copy of database and pictures; returns the pictures' files.

    Pictures come and go while this runs. Those that are there now are copied first, so that only one that was
    made and deleted since can be missing from the database's copy; then the database is simply copied again.
    """
    _copy_pictures(source, target, _names(source), stopped)
    for _ in range(_ROUNDS):
        _copy_database(source / FILE_NAME, target / FILE_NAME)
        wanted = _wanted(target / FILE_NAME)
        if not (missing := _copy_pictures(source, target, wanted, stopped)):
            break
        if missing == _lacking(source):
            break  # not deleted meanwhile: lost before, and no reason to have no backup at all
    for name in _names(target) - wanted:
        (target / FOLDER_NAME / name).unlink()
    return [target / FOLDER_NAME / name for name in _names(target)]


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's own backup, which sees one moment of a database that is being written to."""
    target.unlink(missing_ok=True)
    private_file(target)
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, whatever was in the write-ahead log
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())


def _copy_pictures(source: Path, target: Path, names: set[str], stopped: Callable[[], bool]) -> set[str]:
    """Copy those that are not there yet; returns the names that the source does not have."""
    missing = set()
    for name in names - _names(target):
        if stopped():
            raise BackupStopped
        try:
            _copy(source / FOLDER_NAME / name, target / FOLDER_NAME / name)
        except FileNotFoundError:
            missing.add(name)
    return missing


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)  # it would keep the mode that it was left with
    with source.open("rb") as old, open(target, "xb", opener=private_opener) as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())


def _names(folder: Path) -> set[str]:
    """The pictures' files in a data folder or a backup."""
    pictures = folder / FOLDER_NAME
    return {file.name for file in pictures.glob("[0-9a-f]*.*")} if pictures.is_dir() else set()


def _wanted(database: Path) -> set[str]:
    """The pictures' files that a database needs."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {f"{sha256}.{ext}" for sha256, ext in connection.execute("SELECT sha256, ext FROM pictures")}


def _lacking(folder: Path) -> set[str]:
    return _wanted(folder / FILE_NAME) - _names(folder)


def restore(backup: Path, data_folder: Path) -> Path | None:
    """Put a backup in place of the data folder's contents, which are set aside.

    Returns the folder that holds what was there before (None when there was no database).
    Raises `BadBackup`, `FolderInUse` (the bot is running), `NoSpace`: the data folder's database is then as it was.
    """
    _check(backup)
    with lock_folder(data_folder), _worded(data_folder / FILE_NAME):
        close_folder(data_folder)
        new = data_folder / f".restored-{secrets.token_hex(4)}"
        try:
            _bring_in(backup, data_folder, new)
            aside = _set_aside(data_folder)
            # The one step that changes what the bot will see; before it everything old is still in place.
            new.replace(data_folder / FILE_NAME)
            sync_folder(data_folder)
        finally:
            new.unlink(missing_ok=True)
    return aside


def _bring_in(backup: Path, data_folder: Path, new: Path) -> None:
    """Copy the backup's files beside those in use. Pictures are named by their content: none replaces another."""
    pictures = data_folder / FOLDER_NAME
    if not pictures.is_dir():
        private_folder(pictures)
    for name in _wanted(backup / FILE_NAME):
        temporary = pictures / f".staged-{name}"
        try:
            _copy(backup / FOLDER_NAME / name, temporary)
            temporary.replace(pictures / name)
        finally:
            temporary.unlink(missing_ok=True)
    sync_folder(pictures)
    _copy(backup / FILE_NAME, new)


def _set_aside(data_folder: Path) -> Path | None:
    """Keep the present database and its pictures in a folder of their own, as second names of the same files."""
    database = data_folder / FILE_NAME
    if not any(data_folder.glob(f"{FILE_NAME}*")):
        return None
    aside = data_folder / time.strftime(f"before-restore-%Y%m%d-%H%M%S-{secrets.token_hex(2)}", time.gmtime())
    private_folder(aside / FOLDER_NAME)
    for name in _names(data_folder):
        os.link(data_folder / FOLDER_NAME / name, aside / FOLDER_NAME / name)
    if database.exists():
        _fold_log(database)
        os.link(database, aside / FILE_NAME)
    # Only left when the database could not be opened. The restored one must not meet them.
    for suffix in ("-wal", "-shm"):
        log_file = database.with_name(FILE_NAME + suffix)
        if log_file.exists():
            log_file.replace(aside / log_file.name)
    sync_folder(aside)
    return aside


def _fold_log(database: Path) -> None:
    """Bring the write-ahead log into the database's file, as far as it can be read."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        log.warning("%s cannot be read any more (%s); it is set aside as it is", database, error)


def _check(backup: Path) -> None:
    """Raises `BadBackup` unless the database can be used and every picture is there and is what its name says."""
    database = backup / FILE_NAME
    if not database.is_file():
        raise BadBackup(backup, f"there is no {FILE_NAME} in it")
    try:
        schema.check(database, len(schema.migrations()))
        wanted = _wanted(database)
    except (DataError, sqlite3.Error) as error:
        raise BadBackup(backup, str(error)) from error
    for name in sorted(wanted):
        file = backup / FOLDER_NAME / name
        if not file.is_file():
            raise BadBackup(backup, f"the picture {name} is missing")
        with file.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != name.partition(".")[0]:
                raise BadBackup(backup, f"the picture {name} is damaged")


@contextmanager
def _undone(folder: Path) -> Iterator[None]:
    """Remove `folder` when what is done in it fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _worded(database: Path) -> Iterator[None]:
    """What SQLite and the file system raise, in this package's words."""
    try:
        yield
    except sqlite3.Error as error:
        told = in_words(error)
        raise told if isinstance(told, NoSpace) else DatabaseUnreadable(database, f"SQLite says “{error}”") from error
    except OSError as error:
        if is_full(error):
            raise NoSpace from error
        raise
