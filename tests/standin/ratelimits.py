"""Rate limits as Discord counts them: a bucket per route and major parameter, and one for the bot as a whole.

What is sent with an interaction's token in place of the bot's own does not count for the latter.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from dataclasses import dataclass, field

from tests.standin.model import clock
from tests.standin.world import Options

GLOBAL = "global"


@dataclass(slots=True)
class Bucket:
    """At most `limit` requests in any fixed window of `window_s` seconds."""

    limit: int
    window_s: float
    used: int = 0
    resets_at: float = 0.0

    def take(self) -> float:
        """Count one request; 0 if it may pass, else the seconds to wait."""
        now = clock()
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + self.window_s
        if self.used >= self.limit:
            return self.resets_at - now
        self.used += 1
        return 0.0


@dataclass(slots=True)
class RateLimits:
    """Counts requests; `hits` lists the routes that got a 429."""

    options: Options
    hits: list[str] = field(default_factory=list)
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)

    def take(self, name: str, major: str, *, as_bot: bool) -> tuple[float, bool, dict[str, str]]:
        """(seconds to wait or 0, whether the global limit says so, headers for the answer)."""
        if as_bot and (wait_s := self._global()):
            self.hits.append(GLOBAL)
            return wait_s, True, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        bucket = self._bucket(name, major)
        if bucket is None:
            return 0.0, False, {}
        wait_s = bucket.take()
        if wait_s:
            self.hits.append(name)
        return wait_s, False, headers(name, bucket, limited=bool(wait_s))

    def _global(self) -> float:
        now = clock()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.options.requests_per_s:
            return self._recent[0] + 1.0 - now
        self._recent.append(now)
        return 0.0

    def _bucket(self, name: str, major: str) -> Bucket | None:
        limit = {
            "edit": self.options.edits_per_window,
            "edit_original": self.options.edits_per_window,
            "edit_followup": self.options.edits_per_window,
            "send": self.options.sends_per_window,
            "follow_up": self.options.sends_per_window,
            "open_dm": 10,
        }.get(name)
        if limit is None:
            return None
        return self._buckets.setdefault((name, major), Bucket(limit, self.options.window_s))


def headers(name: str, bucket: Bucket, *, limited: bool) -> dict[str, str]:
    reset_after_s = max(0.0, bucket.resets_at - clock())
    found = {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.limit - bucket.used),
        "X-RateLimit-Reset": f"{time.time() + reset_after_s:.3f}",
        "X-RateLimit-Reset-After": f"{math.ceil(reset_after_s * 1000) / 1000:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(name.encode()).hexdigest()[:32],
    }
    if limited:
        found["X-RateLimit-Scope"] = "user"
    return found
