"""From a row of the database to what callers get, by the names of columns and fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def of_row(made: type[T], row: sqlite3.Row | Mapping[str, Any], prefix: str = "", **more: Any) -> T:
    """The dataclass `made` with the column of each field's name, `prefix` before it; `more` are fields beside them.

    Raises IndexError or KeyError for a field that the row has no column for.
    """
    names = (one.name for one in fields(made))  # type: ignore[arg-type]  # T is a dataclass
    return made(**{name: more[name] if name in more else row[prefix + name] for name in names})
