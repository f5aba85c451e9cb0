"""Log lines for the one who runs the bot: time, level, place, the job's id where there is one; as text or as JSON."""

import io
import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from bot.core.errors import SettingsError
from bot.core.settings import Settings
from data.core.files import private_opener

_TEXT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MIB: Final = 2**20


class _JobFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        job = getattr(record, "job", None)
        if not job:
            return line
        first, *rest = line.split("\n")
        return "\n".join([f"{first} [job {job}]", *rest])


class _JsonFormatter(logging.Formatter):
    """One object a line. Of what else a record carries nothing is written, so that nothing slips in by that way."""

    def format(self, record: logging.LogRecord) -> str:
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
    file = [_file(settings)] if serving and settings.log_file else []
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
