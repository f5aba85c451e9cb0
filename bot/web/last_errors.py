"""The last warnings and errors of the log, as the status page shows them; each on one line, without its traceback."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.core import words
from bot.core.guarded_records import guarded

KEPT: Final = 25
LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class LoggedError:
    """`at` in epoch seconds; `where` is the part of the bot, `job` an order's or job's id or ""."""

    at: float
    level: str
    where: str
    text: str
    job: str


class LastErrors(logging.Handler):
    """Keeps the newest; `count` is told the level of each. Records may come from any thread."""

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._count = count
        self._kept: deque[LoggedError] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = guarded(record).getMessage()
            if record.exc_info and (kind := record.exc_info[0]) is not None:
                text = f"{text} ({kind.__name__})"
            job = str(getattr(record, "job", "") or "")
            line = words.bare(text)[:LONGEST]
            self._kept.append(LoggedError(record.created, record.levelname, record.name, line, job))
            self._count(record.levelname.lower())
        except Exception:  # noqa: BLE001 - logging never stands in the way of what is logged
            self.handleError(record)

    def newest_first(self) -> list[LoggedError]:
        """What is kept."""
        return list(self._kept)[::-1]
