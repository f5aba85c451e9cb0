"""What can go wrong between the bot and Discord, on demand, and the record of every request.

A fault waits for the nth request whose route fits, does its harm once (or `times` times), and is over.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.standin.model import Json
from tests.standin.pulse import Pulse


class Harm(enum.Enum):
    """What a fault does to the request it fits."""

    DROP_AFTER = "applied, but the connection closes without an answer"
    DROP_BEFORE = "not applied, and the connection closes"
    STATUS = "not applied, answered with a status"
    RATE_LIMIT = "not applied, answered with 429"
    HOLD_BEFORE = "held back before it is applied, till released"
    HOLD_AFTER = "applied, its answer held back till released"


@dataclass(eq=False, slots=True)
class Fault:
    """One planned fault. `route` is a route's name or a pattern for "METHOD /path", with `*`."""

    harm: Harm
    route: str
    nth: int = 1
    times: int = 1
    status: int = 500
    code: int = 0
    retry_after_s: float = 0.2
    seen: int = 0
    hits: int = 0
    pulse: Pulse = field(default_factory=Pulse)
    _gate: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, name: str, method: str, path: str) -> bool:
        """Count a request of this route; True when it is this one's turn to be harmed."""
        if self.hits >= self.times:
            return False
        if not (fnmatchcase(name, self.route) or fnmatchcase(f"{method} {path}", self.route)):
            return False
        self.seen += 1
        if self.seen < self.nth:
            return False
        self.hits += 1
        self.pulse.ring()
        return True

    async def wait_hit(self, timeout_s: float = 120) -> None:
        """Return once a request has met this fault."""
        await self.pulse.until(lambda: self.hits > 0, timeout_s, f"a request to {self.route}")

    def release(self) -> None:
        """Let the held requests go on."""
        self._gate.set()

    async def held(self) -> None:
        await self._gate.wait()


@dataclass(eq=False, slots=True)
class Request:
    """A request as it came, with the status it got; None while open or when the connection was closed on it."""

    at: float
    name: str
    method: str
    path: str
    payload: Json
    file_names: Sequence[str] = ()
    status: int | None = None
    applied: bool = False


class Faults:
    """The planned faults of one stand-in."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._planned: list[Fault] = []

    def drop_after(self, route: str, *, nth: int = 1, times: int = 1) -> Fault:
        """The effect happens, the answer never arrives."""
        return self._plan(Harm.DROP_AFTER, route, nth, times)

    def drop_before(self, route: str, *, nth: int = 1, times: int = 1) -> Fault:
        """Neither effect nor answer."""
        return self._plan(Harm.DROP_BEFORE, route, nth, times)

    def answer(self, route: str, status: int, *, nth: int = 1, times: int = 1) -> Fault:
        """A bare error status, such as 500."""
        fault = self._plan(Harm.STATUS, route, nth, times)
        fault.status = status
        return fault

    def refuse(self, route: str, status: int, code: int, *, nth: int = 1, times: int = 1) -> Fault:
        """An error status with one of Discord's codes, such as 403 and 50013."""
        fault = self.answer(route, status, nth=nth, times=times)
        fault.code = code
        return fault

    def rate_limit(self, route: str, retry_after_s: float, *, nth: int = 1, times: int = 1) -> Fault:
        """A 429 that asks to wait `retry_after_s`."""
        fault = self._plan(Harm.RATE_LIMIT, route, nth, times)
        fault.retry_after_s = retry_after_s
        return fault

    def hold_before(self, route: str, *, nth: int = 1, times: int = 1) -> Fault:
        """Keep the request waiting, unapplied, until `release()`."""
        return self._plan(Harm.HOLD_BEFORE, route, nth, times)

    def hold_after(self, route: str, *, nth: int = 1, times: int = 1) -> Fault:
        """Apply the request and keep the answer back until `release()`."""
        return self._plan(Harm.HOLD_AFTER, route, nth, times)

    def clear(self) -> None:
        """Forget every fault; what is held goes on."""
        for fault in self._planned:
            fault.release()
        self._planned.clear()

    def meet(self, name: str, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any. Every fitting fault counts it."""
        met = [fault for fault in self._planned if fault.fits(name, method, path)]
        return met[0] if met else None

    def _plan(self, harm: Harm, route: str, nth: int, times: int) -> Fault:
        fault = Fault(harm, route, nth, times, pulse=self._pulse)
        self._planned.append(fault)
        return fault
