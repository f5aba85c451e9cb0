"""A small cache that forgets what was not used for longest.

By hand, not `cachetools.LRUCache`: that refuses a value larger than the limit, which here is kept until the next one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class LruCache(Generic[V]):
    """Holds values up to `limit_bytes` by their own size; `made` and `found` count misses and hits."""

    def __init__(self, limit_bytes: int, size: Callable[[V], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size = size
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._bytes = 0
        self.made = 0
        self.found = 0

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value for this key, made now if it is not there."""
        if key in self._values:
            self.found += 1
            self._values.move_to_end(key)
            return self._values[key]
        value = make()
        self.made += 1
        self._values[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._limit_bytes and len(self._values) > 1:
            _, oldest = self._values.popitem(last=False)
            self._bytes -= self._size(oldest)
        return value

    def drop(self, unwanted: Callable[[Hashable], bool]) -> None:
        """Forgets every value whose key is unwanted."""
        for key in [key for key in self._values if unwanted(key)]:
            self._bytes -= self._size(self._values.pop(key))
