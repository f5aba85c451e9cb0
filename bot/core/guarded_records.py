"""Log records whose text holds no prompt, name or token, whatever stands in the errors that they tell of."""

import copy
import logging

from bot.core.errors import SettingsError
from data.core.data_errors import DataError
from engine import crash_text


def guarded(record: logging.LogRecord) -> logging.LogRecord:
    """The record with errors in its text told without what may be somebody's, and no traceback kept from elsewhere."""
    if debugging():
        return record
    safe = copy.copy(record)
    safe.exc_text = None
    if isinstance(record.args, tuple):
        safe.args = tuple(_told(one) for one in record.args)
    if record.exc_info and record.name == "asyncio":
        safe.msg, safe.args = record.getMessage().partition("\n")[0], ()
    return safe


def _told(argument: object) -> object:
    """Sentences of the data folder and of the system are the operator's own; others may hold what somebody wrote."""
    own = isinstance(argument, DataError | OSError | SettingsError)
    return crash_text.in_one_line(argument) if isinstance(argument, BaseException) and not own else argument


def debugging() -> bool:
    """Whether everything is logged as it is: what a log at DEBUG is for."""
    return logging.getLogger().level <= logging.DEBUG
