"""Which providers are set aside for a while because they keep failing. Pure bookkeeping on a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 3
"""So many in a row set a provider aside."""
FIRST_ASIDE_S = 60.0
LONGEST_ASIDE_S = 900.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    times: int = 0
    until_s: float = -math.inf


class Standing:
    """What is known of each provider by its name.

    After its time aside a provider is tried again: one success clears it, one failure sets it aside for twice
    as long. `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def worked(self, provider: str) -> None:
        self._records.pop(provider, None)

    def failed(self, provider: str, *, aside_s: float = 0.0) -> bool:
        """Counts a failure, or sets the provider aside at once for `aside_s`; True when it is newly set aside."""
        record = self._records.setdefault(provider, _Record())
        record.failures += 1
        if self.aside(provider) or (record.failures < FAILURES and not aside_s):
            return False
        wait_s = min(FIRST_ASIDE_S * 2**record.times, LONGEST_ASIDE_S)
        record.times += 1
        record.until_s = self._clock() + max(wait_s, aside_s)
        return True

    def aside(self, provider: str) -> str:
        """Why the provider is not asked now, as a clause; "" when it is."""
        record = self._records.get(provider)
        if record is None:
            return ""
        left_s = record.until_s - self._clock()
        if left_s <= 0:
            return ""
        minutes = math.ceil(left_s / 60)
        return f"it keeps failing and is tried again in {minutes} min"
