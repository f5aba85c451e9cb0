"""Who is being erased, and what had begun before that: such an operation stores nothing of them any more.

An operation says that it begins (`begin`); what stores something of a person asks `check` in the transaction that
stores it. An erasure is a transaction of the same one writer, so that nothing comes between question and storing. It is
all in memory: no operation outlives the process, and unfinished erasures are known again from their own table.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar

from data.core.data_errors import DataError

_moments = itertools.count(1)
_began: ContextVar[int | None] = ContextVar("operation_began", default=None)


class BeingErased(DataError):
    """Somebody whom this is about is being erased just now; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("Everything of this person is being erased just now, so nothing was stored. Try again later.")


class ErasedMeanwhile(DataError):
    """Somebody whom this is about was erased since the operation began; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            "Everything of this person was erased while this was under way, so it was not stored. Begin anew if it is "
            "still wanted."
        )


def begin() -> None:
    """An operation begins in this task, and in those that it starts: to be called before anything is awaited."""
    _began.set(next(_moments))


def begin_unless_begun() -> None:
    """As `begin`, where nobody has said so before."""
    if _began.get() is None:
        begin()


class Presence:
    """What one database knows of it."""

    def __init__(self) -> None:
        self._leaving: set[int] = set()
        self._left: dict[int, int] = {}
        self._left_earlier: dict[int, int] = {}

    def leaves(self, user_id: int) -> None:
        """The erasure of this person has begun."""
        self._leaving.add(user_id)

    def has_left(self, user_id: int) -> None:
        """It is done; what begins from now on is of somebody new."""
        self._leaving.discard(user_id)
        self._left[user_id] = next(_moments)

    def is_leaving(self, user_id: int) -> bool:
        return user_id in self._leaving

    def check(self, *user_ids: int) -> None:
        """Raises `BeingErased` and `ErasedMeanwhile` when nothing may be stored of one of these people."""
        if not self._leaving.isdisjoint(user_ids):
            raise BeingErased
        began = _began.get()
        if began is not None and any(self._moment(user_id) > began for user_id in user_ids):
            raise ErasedMeanwhile

    def forget(self) -> None:
        """Forget who had left before the last call: no operation lasts that long. To be called each hour or less."""
        self._left_earlier, self._left = self._left, {}

    def _moment(self, user_id: int) -> int:
        return self._left.get(user_id) or self._left_earlier.get(user_id, 0)
