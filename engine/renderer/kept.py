"""What is kept for the next picture, and memory that goes back to the system."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """The last few things that were made. Room is made before another is, so that no more than `most` ever exist."""

    def __init__(self, make: Callable[..., Thing], most: int) -> None:
        self._make = make
        self._most = most
        self._things: dict[Hashable, Thing] = {}

    def __contains__(self, key: tuple[Hashable, ...]) -> bool:
        return key in self._things

    def __call__(self, *key: Hashable) -> Thing:
        """What `make` makes of these arguments, made now where it isn't kept."""
        if key in self._things:
            thing = self._things.pop(key)
        else:
            while len(self._things) >= self._most:
                del self._things[next(iter(self._things))]
            thing = self._make(*key)
        self._things[key] = thing
        return thing


def give_back() -> None:
    """Gives memory that nothing uses any more back to the system, where glibc would keep it: up to 200 MB a picture."""
    gc.collect(1)
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    """glibc's malloc_trim; None with another library."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
