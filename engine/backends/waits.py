"""How long a provider asks to wait, as far as that is believed."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 86_400.0
"""Whoever asks for more is taken to ask for a day."""
_MOST_CHARACTERS: Final = 64
_MOST_READ: Final = 2_000
_SAID: Final = re.compile(
    r"(?:try again|retry) in (?:([0-9]{1,4})h)?(?:([0-9]{1,6})m(?!s))?(?:([0-9]{1,12}(?:\.[0-9]{1,12})?) ?(ms|s))?",
    re.I,
)


def retry_after_s(header: str | None) -> float | None:
    """Seconds in a Retry-After header (a number or a date); None when it says nothing usable."""
    if not header or len(header) > _MOST_CHARACTERS:
        return None
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, LookupError, OverflowError):
            return None
    return min(max(0.0, wait_s), LONGEST_WAIT_S) if math.isfinite(wait_s) else None


def said_s(message: object) -> float | None:
    """Seconds in words such as "Please try again in 1m12.5s"; None where nothing of the kind is said."""
    found = _SAID.search(message[:_MOST_READ]) if isinstance(message, str) else None
    if found is None or not any(found.groups()[:3]):
        return None
    hours, minutes, number, unit = found.groups()
    seconds = float(number or 0) / (1000 if unit and unit.lower() == "ms" else 1)
    return min(3600 * float(hours or 0) + 60 * float(minutes or 0) + seconds, LONGEST_WAIT_S)
