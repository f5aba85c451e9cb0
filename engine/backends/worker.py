"""One dedicated thread that runs blocking calls in turn, replaced when it ends and watched while it works.

It knows threads and the event loop, nothing of models.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class WorkerDied(Exception):
    """The thread ended in the middle of a call; the next call gets a new thread."""


class WorkerHung(Exception):
    """The thread has not given a sign of life for too long and cannot be stopped; str() says for how long."""


class _Call(Generic[T]):
    """A call on its way through the thread; whoever settles it first wins."""

    def __init__(self, function: Callable[[], T], loop: asyncio.AbstractEventLoop) -> None:
        self._function = function
        self._loop = loop
        self.future: asyncio.Future[T] = loop.create_future()

    def perform(self) -> None:
        try:
            result = self._function()
        except Exception as error:  # noqa: BLE001 - it is raised again where the call was awaited
            self.fail(error)
        else:
            self._post(self._set_result, result)

    def fail(self, error: BaseException) -> None:
        self._post(self._set_error, error)

    def _set_result(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _set_error(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def _post(self, callback: Callable[[Any], None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, value)


class _Life:
    """One thread's life: it takes calls until it is told to end, or ends by itself."""

    def __init__(self, name: str, niceness: int) -> None:
        self._niceness = niceness
        self._inbox: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._over = False
        self.current: _Call[Any] | None = None
        self.last_sign_s = perf_counter()
        self.patience_s: float | None = None
        self.busy = threading.Event()
        self.hung: _Call[Any] | None = None
        """The call in which it was given up."""
        self.thread = threading.Thread(target=self._main, name=name, daemon=True)

    def put(self, call: _Call[Any] | None) -> bool:
        """False when the thread has ended and takes nothing more."""
        with self._lock:
            if not self._over:
                self._inbox.put(call)
            return not self._over

    def _main(self) -> None:
        # Threads that this one starts (torch's) inherit it, so the event loop always gets its turn.
        be_nice(self._niceness)
        try:
            while (call := self._inbox.get()) is not None:
                self.current, self.last_sign_s, self.patience_s = call, perf_counter(), None
                self.busy.set()
                call.perform()
                self.busy.clear()
                self.current = None
        except BaseException:
            log.exception("The worker thread %s ended in the middle of a call.", self.thread.name)
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._over = True
        left = [self.current] if self.current else []
        with contextlib.suppress(queue.Empty):
            while True:
                call = self._inbox.get_nowait()
                left += [call] if call else []
        for call in left:
            call.fail(WorkerDied("the worker thread ended"))
        self.current = None
        self.busy.set()


def be_nice(niceness: int) -> None:
    """Sets the priority of the thread that calls it, never to more than it has; 0 leaves it as the process has it."""
    thread = threading.get_native_id()
    with contextlib.suppress(OSError, AttributeError):
        if niceness > os.getpriority(os.PRIO_PROCESS, thread):
            os.setpriority(os.PRIO_PROCESS, thread, niceness)


class Worker:
    """Runs one call after another on its own thread.

    `hang_s` is how long a call may go without `sign_of_life`; then it raises WorkerHung where it was awaited.
    Such a thread cannot be stopped: the process should end.
    """

    def __init__(self, name: str, *, hang_s: float = 300.0, niceness: int = 10) -> None:
        self._name = name
        self._hang_s = hang_s
        self._niceness = niceness
        self._life: _Life | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result. Raises what it raises, WorkerDied or WorkerHung."""
        if self._life is not None and self._life.hung is not None and self._life.hung is self._life.current:
            raise WorkerHung("an earlier call has not come back")
        call: _Call[T] = _Call(function, asyncio.get_running_loop())
        while not self._living().put(call):
            self._life = None
        return await call.future

    def sign_of_life(self, *, patience_s: float | None = None) -> None:
        """Called from within a call: it is still moving, and may now be silent for `patience_s`."""
        life = self._life
        if life is not None:
            life.last_sign_s, life.patience_s = perf_counter(), patience_s

    async def close(self) -> None:
        """Ends the thread after its current call."""
        life, self._life = self._life, None
        if life is None:
            return
        last: _Call[None] = _Call(lambda: None, asyncio.get_running_loop())
        if life.put(last):
            life.put(None)
            with contextlib.suppress(WorkerDied):
                await last.future
        life.thread.join(timeout=1.0)

    def _living(self) -> _Life:
        if self._life is None:
            self._life = _Life(self._name, self._niceness)
            self._life.thread.start()
            watch = threading.Thread(target=self._watch, args=(self._life,), daemon=True)
            watch.name = f"{self._name} watch"
            watch.start()
        return self._life

    def _watch(self, life: _Life) -> None:
        while life.thread.is_alive():
            life.busy.wait()
            life.thread.join(min(1.0, self._hang_s / 4))
            silent_s = perf_counter() - life.last_sign_s
            call = life.current
            if call is not None and silent_s > (life.patience_s or self._hang_s):
                life.hung = call
                call.fail(WorkerHung(f"no step for {silent_s:.0f} s"))
                return
