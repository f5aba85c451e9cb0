"""From a row of the database to what callers get, by the names of columns and fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from data.core.database import Value

if TYPE_CHECKING:
    # The default keeps annotations short wherever nobody looks at what a picture is made from: an `Order` there is an
    # `Order[object]`, and each is one, whatever is in it.
    from typing_extensions import TypeVar as _TypeVar

    Spec_co = _TypeVar("Spec_co", covariant=True, default=object)
else:
    Spec_co = TypeVar("Spec_co", covariant=True)

T = TypeVar("T")
Spec = TypeVar("Spec")


def of_row(made: type[T], row: sqlite3.Row | Mapping[str, Any], prefix: str = "", **more: Any) -> T:
    """The dataclass `made` with the column of each field's name, `prefix` before it; `more` are fields beside them.

    Raises IndexError or KeyError for a field that the row has no column for.
    """
    names = (one.name for one in fields(made))  # type: ignore[arg-type]  # T is a dataclass
    return made(**{name: more[name] if name in more else row[prefix + name] for name in names})


@dataclass(frozen=True, slots=True)
class StoredForm(Generic[Spec]):
    """How a dataclass that this package does not know lies in rows: whoever opens the stores says so.

    Each field of `made` is a column of its name; `to_columns` gives what is written, `from_columns` reads it again.
    """

    made: type[Spec]
    to_columns: Callable[[Spec], Mapping[str, Value]]
    from_columns: Callable[[Mapping[str, Any]], Spec]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(one.name for one in fields(self.made))  # type: ignore[arg-type]  # a dataclass

    def read(self, row: sqlite3.Row, prefix: str = "") -> Spec:
        """What lies in the row's columns of these names, `prefix` before them."""
        return self.from_columns({name: row[prefix + name] for name in self.columns})
