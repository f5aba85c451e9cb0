"""Bringing the database file to the schema of this version, before anybody else opens it. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path

from data.core.data_errors import DatabaseBusy, DatabaseTooNew, DatabaseUnreadable, MigrationFailed, NoSpace
from data.core.files import private_file, private_folder
from data.core.sqlite_errors import in_words

BUSY_TIMEOUT_S = 10.0
_FOLDER = resources.files("data") / "migrations"


def migrations() -> Sequence[str]:
    """The shipped migrations; the one at index n brings a database of version n to n + 1."""
    return [(_FOLDER / name).read_text(encoding="utf-8") for name in _names()]


def _names() -> Sequence[str]:
    names = sorted(entry.name for entry in _FOLDER.iterdir() if entry.name.endswith(".sql"))
    for number, name in enumerate(names, start=1):
        if int(name[:4]) != number:
            raise RuntimeError(f"migration {number:04d} is missing before {name}")
    return names


def waiting(path: Path) -> Sequence[str]:
    """The names of the migrations that `prepare` would apply to the database at `path`. No file is made or changed.

    Raises `DatabaseTooNew` or `DatabaseUnreadable`.
    """
    names = _names()
    # With a write-ahead log beside it somebody may be writing; without one SQLite would make its files to read it.
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as connection:
            _examine(connection, path, len(names))
            return [name.removesuffix(".sql") for name in names[_version(connection) :]]
    except sqlite3.Error as error:
        raise _reworded(path, error) from error


def prepare(path: Path, steps: Sequence[str] | None = None) -> None:
    """Create the database, or check it and apply what it lacks of `steps` (default: the shipped ones).

    Raises `DatabaseTooNew` and `DatabaseUnreadable` before anything is changed, `MigrationFailed`, `NoSpace`.
    """
    steps = migrations() if steps is None else steps
    try:
        private_folder(path.parent)
        if path.exists() and path.stat().st_size:
            check(path, len(steps))
        elif any((path.parent / "pictures").glob("[0-9a-f]*")):
            raise DatabaseUnreadable(path, "it is missing, though there are pictures beside it")
        private_file(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            while _version(connection) < len(steps):
                _migrate_once(connection, path, steps)
    except sqlite3.Error as error:
        raise _reworded(path, error) from error
    except OSError as error:
        raise DatabaseUnreadable(path, f"the system says “{error.strerror}”") from error


def _reworded(path: Path, error: sqlite3.Error) -> Exception:
    told = in_words(error)
    return told if isinstance(told, NoSpace | DatabaseBusy) else DatabaseUnreadable(path, f"SQLite says “{error}”")


def check(path: Path, known: int) -> None:
    """Raises `DatabaseTooNew` or `DatabaseUnreadable`. Only reads: a database that is not ours stays as it is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            _examine(connection, path, known)
    except sqlite3.Error as error:
        raise _reworded(path, error) from error


def _examine(connection: sqlite3.Connection, path: Path, known: int) -> None:
    found = _version(connection)
    if found > known:
        raise DatabaseTooNew(path, found, known)
    if connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
        raise DatabaseUnreadable(path, "its contents are damaged")
    if found == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise DatabaseUnreadable(path, "it belongs to another program")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate_once(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    """Apply the next step in one transaction. Foreign keys are checked at its end: tables can be rebuilt."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    try:
        # Another process may have applied it while this one waited for the lock.
        if version < len(steps):
            for statement in statements(steps[version]):
                connection.execute(statement)
            _check_references(connection)
            connection.execute(f"PRAGMA user_version={version + 1}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.rollback()
        if isinstance(in_words(error), NoSpace | DatabaseBusy):
            raise
        raise MigrationFailed(
            f"The database {path} could not be brought from schema {version} to {version + 1} (“{error}”). "
            "It is as it was before; please report this, and use the earlier version of the bot meanwhile."
        ) from error
    except BaseException:
        connection.rollback()
        raise


def _check_references(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.IntegrityError("rows would refer to nothing")


def statements(script: str) -> Iterator[str]:
    """The single statements of an SQL script; a trigger's body stays in one piece."""
    statement = ""
    *pieces, rest = script.split(";")
    for piece in pieces:
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + rest).strip():
        raise MigrationFailed("A migration ends in the middle of a statement, or in a comment.")
