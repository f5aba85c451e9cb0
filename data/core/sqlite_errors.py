"""SQLite's result codes as the errors of this package."""

from __future__ import annotations

import sqlite3

from data.core.data_errors import DatabaseBusy, DatabaseDamaged, NoSpace

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


def in_words(error: sqlite3.Error) -> Exception:
    """What to raise in place of `error`: a `DataError` where a person can do something; else itself."""
    primary = int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return NoSpace()
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseBusy()
    if primary in _DAMAGED:
        return DatabaseDamaged(str(error))
    return error
