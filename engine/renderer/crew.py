"""Work shared by two processes: this one and copies of it (fork), which see the same meshes without copying them.

Units of work are taken from a pipe that is filled beforehand, one at a time by whoever is free; every unit writes to
pixels of its own in shared memory. So the picture is the same whoever did what. Without fork one process does all.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from engine import crash_text
from engine.renderer.tracing.vectors import Floats

Unit = TypeVar("Unit")
_NUMBER: Final = struct.Struct("<I")
_MOST_UNITS: Final = 12_000
"""What fits a pipe that nobody reads yet: 64 KiB on Linux, 16 on macOS, where it grows."""


class HandLost(RuntimeError):
    """A process of the studio ended while it worked on a picture; order the picture again."""


def shared(channels: int, pixels: int) -> Floats:
    """Zeros (channels, pixels) that copies of this process write to as well."""
    memory = mmap.mmap(-1, channels * pixels * 4)
    return np.frombuffer(memory, np.float32).reshape(channels, pixels)


def hands_here() -> int:
    """How many processes can work at once: two at most, so that a bot beside them has room."""
    return min(2, os.cpu_count() or 1) if hasattr(os, "fork") else 1


@dataclass
class Crew:
    """Does units of work with `hands` processes."""

    hands: int
    _helpers: list[int] = field(default_factory=list)

    def run(self, units: Sequence[Unit], work: Callable[[Unit], None], between: Callable[[float], None]) -> None:
        """Does every unit; `between` hears the share done now and then, and may raise to stop all.

        Raises HandLost when a helping process ended before its work did.
        """
        for start in range(0, len(units), _MOST_UNITS):
            self._some(units[start : start + _MOST_UNITS], work, between)

    def _some(self, units: Sequence[Unit], work: Callable[[Unit], None], between: Callable[[float], None]) -> None:
        if not units:
            return
        take, give = os.pipe()
        try:
            os.write(give, b"".join(_NUMBER.pack(number) for number in range(len(units))))
            os.close(give)
            for _ in range(min(self.hands, len(units)) - 1):
                self._helpers.append(_helper(take, units, work))
            while taken := os.read(take, _NUMBER.size):
                (number,) = _NUMBER.unpack(taken)
                between(number / len(units))
                work(units[number])
            self._join()
        finally:
            self._dismiss()
            os.close(take)

    def _join(self) -> None:
        while self._helpers:
            _, status = os.waitpid(self._helpers[-1], 0)
            self._helpers.pop()
            if status:
                raise HandLost(HandLost.__doc__)

    def _dismiss(self) -> None:
        """Ends helpers that are still at work: the picture was given up."""
        for helper in self._helpers:
            os.kill(helper, signal.SIGKILL)
            os.waitpid(helper, 0)
        self._helpers.clear()


def _helper(take: int, units: Sequence[Unit], work: Callable[[Unit], None]) -> int:
    """A copy of this process that works until the pipe is empty or its lead is gone; returns its number."""
    with warnings.catch_warnings():  # Embree's idle threads are not copied, and a helper builds no tree that needs them
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    status, lead = 1, os.getppid()
    try:
        while os.getppid() == lead and (taken := os.read(take, _NUMBER.size)):
            work(units[_NUMBER.unpack(taken)[0]])
        status = 0
    except BaseException as error:  # noqa: BLE001  # nothing may leave a copy but its exit
        print(crash_text.text_of(error), file=sys.stderr)
    finally:
        os._exit(status)
    raise AssertionError  # pragma: no cover
