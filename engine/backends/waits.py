"""How long a provider asks to wait, as far as that is believed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 86_400.0
"""Whoever asks for more is taken to ask for a day."""
_MOST_CHARACTERS: Final = 64


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
