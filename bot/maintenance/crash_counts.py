"""How many errors that nobody planned were reported lately; what is in a report is told by `bot.operations`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

FILE_NAME: Final = "crashes.log"
"""In the data folder; the reports before are in a file of the same name with .1 behind it."""


def latest(folder: Path, since: float) -> list[tuple[str, str]]:
    """The kind of each error since a moment (epoch seconds), and the last line of the program that it came through."""
    found = list[tuple[str, str]]()
    for name in (f"{FILE_NAME}.1", FILE_NAME):
        try:
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            continue
        found += [told for line in lines if (told := _of(line, since)) is not None]
    return found


def _of(line: str, since: float) -> tuple[str, str] | None:
    """None for what is older, or no report."""
    try:
        report = json.loads(line)
        if datetime.fromisoformat(report["time"]).timestamp() < since:
            return None
        places = [one.strip() for one in report["traceback"] if one.startswith("  File ")]
        return str(report["error"]).partition(":")[0], places[-1] if places else str(report["where"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
