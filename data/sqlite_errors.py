"""SQLite's error codes as the errors of this package."""

from __future__ import annotations

import sqlite3

from data.errors import DatabaseBusy, DatabaseBroken, DataError, NoSpace

_FULL = sqlite3.SQLITE_FULL
_BUSY = sqlite3.SQLITE_BUSY


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of `error`; 0 when it carries none."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return int(code) & 0xFF


def in_words(error: sqlite3.Error) -> Exception:
    """What to raise in place of `error`: a `DataError` where a person can act on it, else `error` itself."""
    code = primary_code(error)
    if code == _FULL:
        return NoSpace()
    if code == _BUSY:
        return DatabaseBusy()
    if isinstance(error, sqlite3.IntegrityError):
        return error
    return DatabaseBroken(str(error)) if code in _BROKEN else error
