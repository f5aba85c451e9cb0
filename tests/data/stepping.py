"""Interrupting a coroutine at a chosen one of its awaits."""

from __future__ import annotations

import asyncio
import itertools
import types
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Crash(BaseException):
    """The process ended here, as far as the interrupted coroutine can tell."""


@types.coroutine
def stepped(work: Coroutine[Any, Any, T], resumed: Callable[[int], None]) -> Generator[Any, Any, T]:
    """Run `work`, calling `resumed(n)` when its n-th await is about to wait (n even) and is over (n odd)."""
    steps = itertools.count()
    step: Callable[[], Any] = lambda: work.send(None)  # noqa: E731
    while True:
        try:
            waiting_for = step()
        except StopIteration as end:
            value: T = end.value
            return value
        try:
            resumed(next(steps))
            yield waiting_for
            resumed(next(steps))
        except BaseException as error:  # noqa: BLE001 - handed to the coroutine, as the event loop would
            step = _throwing(work, error)
        else:
            step = lambda: work.send(None)  # noqa: E731


def _throwing(work: Coroutine[Any, Any, T], error: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(error)


def cancelled_at(work: Coroutine[Any, Any, T], at: Collection[int]) -> Awaitable[T]:
    """Run `work` in the current task, which is cancelled while it waits for the n-th time, for each n in `at`."""

    def cancel(step: int) -> None:
        task = asyncio.current_task()
        if step % 2 == 0 and step // 2 in at and task is not None:
            task.cancel()

    return stepped(work, cancel)


def crashed_at(work: Coroutine[Any, Any, T], at: int, picture: Callable[[], object]) -> Awaitable[T]:
    """Run `work` until its n-th await is over; then call `picture` (of the disk, as a crash would leave it)."""

    def crash(step: int) -> None:
        if step == 2 * at + 1:
            picture()
            raise Crash

    return stepped(work, crash)
