"""The events of one job on their way from the engine to whoever follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from engine.jobs.job import EngineError, Event, Finished, Progress


class EventStream(AsyncIterator[Event]):
    """An iterator for one follower. A slow one gets the newest event of each kind, so nothing piles up."""

    def __init__(self) -> None:
        self._pending: list[Event] = []
        self._error: EngineError | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Hands an event over; after the end it does nothing."""
        if self._closed:
            return
        self._pending = [old for old in self._pending if type(old) is not type(event)] + [
            self._with_unseen_preview(event)
        ]
        self._closed = isinstance(event, Finished)
        self._wake()

    def fail(self, error: EngineError) -> None:
        """Ends the stream with an error; after the end it does nothing."""
        if not self._closed:
            self._error, self._closed = error, True
            self._wake()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        while not self._pending:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._pending.pop(0)

    def _with_unseen_preview(self, event: Event) -> Event:
        if isinstance(event, Progress) and event.preview is None:
            for old in self._pending:
                if isinstance(old, Progress) and old.step <= event.step:
                    return replace(event, preview=old.preview)
        return event

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
