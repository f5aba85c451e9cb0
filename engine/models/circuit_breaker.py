"""A circuit breaker for each provider: one that keeps failing is not asked for a while. Pure bookkeeping on a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.sayings import worded

FAILURES = 3
"""So many in a row open the circuit."""
FIRST_OPEN_S = 60.0
LONGEST_OPEN_S = 900.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    times: int = 0
    until_s: float = -math.inf


class CircuitBreaker:
    """What is known of each provider by its name.

    While its circuit is open a provider is not asked. Then it is tried again: one success closes the circuit, one
    failure opens it for twice as long. `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def worked(self, provider: str) -> None:
        self._records.pop(provider, None)

    def failed(self, provider: str, *, open_s: float = 0.0) -> bool:
        """Counts a failure, or opens the circuit at once for `open_s` seconds; True when it is newly open."""
        record = self._records.setdefault(provider, _Record())
        record.failures += 1
        if self.why_open(provider) or (record.failures < FAILURES and not open_s):
            return False
        wait_s = min(FIRST_OPEN_S * 2**record.times, LONGEST_OPEN_S)
        record.times += 1
        record.until_s = self._clock() + max(wait_s, open_s)
        return True

    def why_open(self, provider: str) -> str:
        """Why the provider is not asked now, as a clause; "" when it is."""
        record = self._records.get(provider)
        if record is None:
            return ""
        left_s = record.until_s - self._clock()
        if left_s <= 0:
            return ""
        minutes = math.ceil(left_s / 60)
        return worded("it keeps failing and is tried again in {minutes} min", minutes=minutes)
