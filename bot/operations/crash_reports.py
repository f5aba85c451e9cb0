"""What is kept of errors that nobody planned: a file of reports that can be sent to whoever mends the program.

A report says when and where, what else was running (versions, not people), the ids of the job or order, and the
traceback. No prompt, name or token is in it (`engine.crash_text`).
"""

import json
import logging
import platform
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from bot.maintenance.crash_counts import FILE_NAME
from data.core.files import private_folder, private_opener
from engine import crash_text

log = logging.getLogger(__name__)

_BYTES: Final = 2**20
_PACKAGES: Final = ("likeness", "discord.py", "aiosqlite", "torch", "diffusers", "pillow")


class CrashReports(RotatingFileHandler):
    """One JSON object a line, for each record with a traceback; the file is set aside once, at 1 MiB."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE_NAME, maxBytes=_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self._versions = _versions()

    def _open(self) -> Any:
        folder = Path(self.baseFilename).parent
        if not folder.is_dir():  # with the first report: a start that fails at once makes no folder
            private_folder(folder)
        return open(self.baseFilename, "a", encoding=self.encoding, opener=private_opener)

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - logging's own name
        """It has a form of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR and _error_of(record) is not None

    def format(self, record: logging.LogRecord) -> str:
        error = _error_of(record)
        report = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds"),
            "where": record.name,
            # The text as it is written in the program: what is filled in may be anybody's.
            "what": str(record.msg) if isinstance(record.msg, str) and not _is_foreign(record) else "",
            "job": str(getattr(record, "job", "") or ""),
            "error": crash_text.in_one_line(error) if error else "",
            "traceback": crash_text.text_of(error).splitlines() if error else [],
            "versions": self._versions,
        }
        return json.dumps(report, ensure_ascii=False)


def _is_foreign(record: logging.LogRecord) -> bool:
    """Whether a library said it: asyncio's texts have the error in them, already filled in."""
    return not record.name.startswith(("bot.", "engine.", "data.", "root", "__main__"))


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def catch_the_rest() -> None:
    """What ends the process, or a thread, goes to the log too; Python itself would print messages as they are."""

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("the process ends by an error", exc_info=(kind, error, trace))

    def thread_ended(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
            log.error("a thread ended by an error", exc_info=told.exc_value)

    def let_go(told: "sys.UnraisableHookArgs") -> None:
        log.error("an error came where nobody could take it", exc_info=told.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = ended, thread_ended, let_go
