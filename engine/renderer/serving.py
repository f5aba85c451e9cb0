"""The studio's process, `python -m engine.renderer.serving`: takes pictures and fits faces for whoever started it."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

from engine import crash_text
from engine.renderer import frames
from engine.renderer.stops import Cancelled


class _Requests:
    """What the starter asks for, read by a thread: pictures and faces in a queue, cancelling at once."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self.orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.cancelled: set[int] = set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                kind, number, *rest = frames.receive(self._pipe)
            except (EOFError, OSError):
                os._exit(0)  # the starter is gone: so are we, whatever we were at
            if kind == "cancel":
                self.cancelled.add(number)
            else:
                self.orders.put((kind, number, rest))


def serve() -> None:
    """Takes pictures until the starter closes the pipe."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not be taken for an answer
    if hasattr(os, "nice"):
        os.nice(5)  # the bot's own process goes first
    requests = _Requests(sys.stdin.buffer)
    from engine.renderer import photograph  # the libraries are read while the first order is on its way
    from engine.renderer.fitting import fitter

    work: dict[str, Callable[..., Any]] = {"picture": photograph.photograph, "fit": fitter.fitted}

    frames.send(answers, ("ready", 0))
    while True:
        kind, number, order = requests.orders.get()
        frames.send(answers, _done(work[kind], answers, requests, number, order))


def _done(
    work: Callable[..., Any], answers: IO[bytes], requests: _Requests, number: int, order: Sequence[Any]
) -> tuple[Any, ...]:
    """One picture or one person, or why there is none."""

    def report(share: float, preview: Any = None) -> None:
        frames.send(answers, ("report", number, share, preview))

    try:
        return "done", number, work(*order, report, lambda: number in requests.cancelled)
    except Cancelled:
        return "cancelled", number
    except Exception as error:  # noqa: BLE001  # told to the starter, who turns it into words
        print(crash_text.text_of(error), file=sys.stderr)
        return "failed", number, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    serve()
