"""The SQLite file: opening, reading, transactions. Knows no table.

One connection writes, behind an `asyncio.Lock`; another one reads, and sees committed rows only.
Each statement is one hop to the connection's own thread, so the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

from data.core import schema
from data.core.data_errors import DatabaseBusy, DataError
from data.core.folder_lock import FolderLock as FolderLock
from data.core.folder_lock import lock_folder as lock_folder
from data.core.presence import Presence
from data.core.sqlite_errors import in_words

FILE_NAME = "likeness.sqlite3"
log = logging.getLogger(__name__)
T = TypeVar("T")
Value = str | int | float | bytes | None
Values = Sequence[Value] | Mapping[str, Value]


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even when the calling task is cancelled meanwhile, then let the cancel go on.

    A thread cannot be cancelled: leaving early would let the file system and the database disagree.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.warning("failed while being cancelled: %s", failure)
    raise cancelled


class Transaction:
    """One open transaction. Only valid inside its `async with`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._after_commit: list[Callable[[], None]] = []
        self._files_after_commit: list[Callable[[], None]] = []
        self._after_rollback: list[Callable[[], None]] = []
        self._open = True

    async def execute(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """Run one statement and return its rows (`RETURNING` for changes)."""
        if not self._open:
            raise RuntimeError("the transaction is over")
        try:
            return list(await self._connection.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            raise in_words(error) from error

    async def one(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        """Run one statement and return its first row."""
        rows = await self.execute(sql, values)
        return rows[0] if rows else None

    def on_commit(self, call: Callable[[], None]) -> None:
        """`call` runs after the commit, before anything else does; quick, and without raising."""
        self._after_commit.append(call)

    def on_commit_in_thread(self, call: Callable[[], None]) -> None:
        """As `on_commit`, for what waits for a disk: in a thread, before another transaction begins."""
        self._files_after_commit.append(call)

    def on_rollback(self, call: Callable[[], None]) -> None:
        """`call` runs after a rollback, in a thread, before another transaction begins; without raising."""
        self._after_rollback.append(call)

    async def _end(self, *, committed: bool) -> None:
        self._open = False
        for call in self._after_commit if committed else ():
            call()
        # Undoing goes backwards, so that the first step is undone last.
        files = self._files_after_commit if committed else self._after_rollback[::-1]
        if files:
            await asyncio.to_thread(lambda: [call() for call in files])


class SideReader:
    """A connection of its own that reads what has been committed, for questions that may take long: the database's
    other readers do not wait behind them. The database closes it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def fetch_all(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """Rows of one query."""
        try:
            return list(await self._connection.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            raise in_words(error) from error

    async def close(self) -> None:
        """After what is being read."""
        await self._connection.close()


class Database:
    """An open database. Make one with `Database.open`, end it with `close`."""

    _transaction_type = Transaction

    def __init__(self, folder: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self.folder = folder
        self.commits = 0
        """How many transactions have been committed since the start."""
        self.presence = Presence()
        self._writer = writer
        self._reader = reader
        self._side_readers: list[SideReader] = []
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open, and create or migrate, the database in `folder`.

        Raises `DatabaseTooNew` (the file is untouched), `DatabaseUnreadable`, `MigrationFailed`, `NoSpace`.
        """
        path = folder / FILE_NAME
        await finish(asyncio.to_thread(schema.prepare, path))
        writer = await _connect(
            path, "PRAGMA foreign_keys=ON", "PRAGMA recursive_triggers=ON", "PRAGMA secure_delete=ON"
        )
        try:
            reader = await _connect(path, "PRAGMA query_only=ON")
        except BaseException:
            await finish(writer.close())
            raise
        return cls(folder, writer, reader)

    async def side_reader(self) -> SideReader:
        """A further reader, for questions that may take long."""
        reader = SideReader(await _connect(self.path, "PRAGMA query_only=ON"))
        self._side_readers.append(reader)
        return reader

    async def scrub(self) -> None:
        """Rewrite the file so that nothing that was deleted can be read in it or in its write-ahead log.

        Waits for the transaction that may be open. Raises `DatabaseBusy` while somebody reads, and `NoSpace`: the
        file is copied as a whole.
        """
        async with self._lock:
            await finish(self._scrub())

    async def _scrub(self) -> None:
        try:
            await self._writer.execute_fetchall("VACUUM")
            rows = list(await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
        except sqlite3.Error as error:
            raise in_words(error) from error
        if rows[0][0]:
            raise DatabaseBusy

    async def close(self) -> None:
        """Close both connections after the transaction that may be open."""
        async with self._lock:
            await finish(self._close())

    async def _close(self) -> None:
        for reader in self._side_readers:
            await reader.close()
        await self._reader.close()
        await self._writer.close()

    async def fetch_all(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """Rows of one query over what has been committed."""
        try:
            return list(await self._reader.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            raise in_words(error) from error

    async def fetch_one(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        rows = await self.fetch_all(sql, values)
        return rows[0] if rows else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A write transaction: committed when the block ends, rolled back when it raises or is cancelled.

        When the task is cancelled during the commit, the commit is completed before the cancel goes on.
        Raises `DatabaseBusy` when another process holds the database, `NoSpace` when the disk is full.
        """
        if self._holder is asyncio.current_task():
            raise RuntimeError("a transaction is already open in this task")
        async with self._lock:
            self._holder = asyncio.current_task()
            transaction = self._transaction_type(self._writer)
            try:
                await transaction.execute("BEGIN IMMEDIATE")
                yield transaction
            except BaseException:
                await finish(self._roll_back(transaction))
                raise
            else:
                await finish(self._commit(transaction))
            finally:
                self._holder = None

    @asynccontextmanager
    async def storing(self, *user_ids: int) -> AsyncIterator[Transaction]:
        """A transaction that stores something of these people.

        Raises `BeingErased` and `ErasedMeanwhile` as well: nothing is stored of somebody who is being erased, nor
        what had begun before somebody was.
        """
        async with self.transaction() as tx:
            self.presence.check(*user_ids)
            yield tx

    async def _commit(self, transaction: Transaction) -> None:
        try:
            await transaction.execute("COMMIT")
        except (DataError, sqlite3.Error):
            await self._roll_back(transaction)
            raise
        self.commits += 1
        await transaction._end(committed=True)

    async def _roll_back(self, transaction: Transaction) -> None:
        # Statements of a cancelled await may still be under way on the connection's thread: this one queues
        # behind them. `rollback` does nothing when SQLite has already rolled back by itself (disk full).
        try:
            await self._writer.rollback()
        except sqlite3.Error as error:
            raise in_words(error) from error
        finally:
            await transaction._end(committed=False)


async def _connect(path: Path, *pragmas: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=schema.BUSY_TIMEOUT_S)
    try:
        connection.row_factory = sqlite3.Row
        for pragma in ("PRAGMA synchronous=FULL", *pragmas):
            await connection.execute_fetchall(pragma)
    except BaseException:
        await finish(connection.close())
        raise
    return connection
