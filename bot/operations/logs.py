"""Log lines for the one who runs the bot: time, level, place, the job's id where there is one; as text or as JSON."""

import io
import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from bot.core.errors import SettingsError
from bot.core.guarded_records import debugging, guarded
from bot.core.settings import Settings
from bot.operations.crash_reports import CrashReports, catch_the_rest
from data.core.files import private_opener
from engine import crash_text

_TEXT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MIB: Final = 2**20


class _Guarded(logging.Formatter):
    """Writes no prompt, name or token: of errors as `engine.crash_text` does, at DEBUG as Python does."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        error = ei[1]
        return crash_text.text_of(error) if error is not None and not debugging() else super().formatException(ei)


class _JobFormatter(_Guarded):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(guarded(record))
        job = getattr(record, "job", None)
        if not job:
            return line
        first, *rest = line.split("\n")
        return "\n".join([f"{first} [job {job}]", *rest])


class _JsonFormatter(_Guarded):
    """One object a line. Of what else a record carries nothing is written, so that nothing slips in by that way."""

    def format(self, record: logging.LogRecord) -> str:
        record = guarded(record)
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if job := getattr(record, "job", None):
            told["job"] = str(job)
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


class _PrivateFile(RotatingFileHandler):
    """Files for this user alone, like all that the bot keeps."""

    def _open(self) -> io.TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, opener=private_opener)


def set_up(level: str, *handlers: logging.Handler, as_json: bool = False) -> None:
    """Log to standard error, and to these. Discord's own chatter appears from WARNING on."""
    every = [logging.StreamHandler(sys.stderr), *handlers]
    for handler in every:
        handler.setFormatter(_JsonFormatter() if as_json else _JobFormatter(_TEXT))
    logging.basicConfig(level=level, handlers=every, force=True)
    for chatty in ("discord", "PIL", "aiosqlite"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def set_up_by(settings: Settings, *, serving: bool, level: str = "") -> None:
    """Log as the settings say, at `level` where one is given; into LOG_FILE only the bot that is `serving`.

    A tool beside it would set the same file aside at the same time. Raises SettingsError for a file that cannot be.
    """
    file: list[logging.Handler] = [_file(settings)] if serving and settings.log_file else []
    if serving:
        file.append(CrashReports(settings.data_folder))
        catch_the_rest()
    set_up(level or settings.log_level, *file, as_json=settings.log_format == "json")


def _file(settings: Settings) -> logging.Handler:
    try:
        return _PrivateFile(
            Path(settings.log_file),
            maxBytes=max(1, int(settings.log_file_mib * _MIB)),
            backupCount=settings.log_file_count,
            encoding="utf-8",
        )
    except OSError as error:
        raise SettingsError(
            f"LOG_FILE {settings.log_file} cannot be written ({error.strerror}). Name a file in a folder that is there "
            "and that the bot may write to, or leave it empty."
        ) from error
