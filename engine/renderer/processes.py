"""The studio's own process as the bot has it: started when first needed, killed when it does not stop, started anew."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from engine.renderer import frames
from engine.renderer.scene import Scene
from engine.renderer.stops import Cancelled

if TYPE_CHECKING:
    from engine.renderer.fitting.fitter import FittingPlan

_THREADS: Final = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
_LOOK_S: Final = 0.1
"""How often it is asked whether a picture is still wanted."""
_STOP_S: Final = 0.7
"""How long the process may take to stop a picture before it is killed."""


class StudioLost(RuntimeError):
    """The studio's process ended while it took this picture; order it again, a new process starts by itself."""


class StudioFailed(RuntimeError):
    """The studio could not take this picture. Its log says why; other pictures are not affected."""


class StudioProcess:
    """One process that takes one picture at a time. Calls block; they may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._number = 0

    def photograph(
        self,
        scene: Scene,
        size: tuple[int, int] = (512, 768),
        quality: str = "standard",
        report: Callable[[float, Any], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Any:
        """As `photograph.photograph`, whose `Photograph` it returns. Raises Cancelled, StudioLost or StudioFailed."""
        with self._lock:
            self._number += 1
            self._send(("picture", self._number, scene, size, quality))
            return self._wait(report, cancelled)

    def fit(
        self,
        picture: bytes,
        plan: FittingPlan,
        report: Callable[[float, Any], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Any:
        """The person in a stored picture as `fitting.fitter.Fitted`, None where it shows no face that can be fitted.

        Raises Cancelled, StudioLost or StudioFailed.
        """
        with self._lock:
            self._number += 1
            self._send(("fit", self._number, picture, plan))
            return self._wait(report, cancelled)

    def start(self) -> None:
        """Starts the process ahead of the first picture, which is then there sooner."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """Ends the process; a later picture starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return None if self._process is None else self._process.pid

    def _send(self, message: Any) -> None:
        for attempt in (1, 2):
            process = self._running()
            try:
                frames.send(process.stdin, message)  # type: ignore[arg-type]
                return
            except OSError:
                self.close()
                if attempt == 2:
                    raise StudioLost(StudioLost.__doc__) from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in _THREADS}, "MALLOC_ARENA_MAX": "2"}
        command = [sys.executable, "-m", "engine.renderer.serving"]
        process = subprocess.Popen(  # noqa: S603  # our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._process, self._answers = process, queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, self._answers), daemon=True).start()
        return process

    def _wait(self, report: Callable[[float, Any], None] | None, cancelled: Callable[[], bool] | None) -> Any:
        stop_by: float | None = None
        while True:
            if stop_by is None and cancelled is not None and cancelled():
                stop_by = time.monotonic() + _STOP_S
                self._send_quietly(("cancel", self._number))
            if stop_by is not None and time.monotonic() > stop_by:
                self.close()
                raise Cancelled
            try:
                kind, number, *rest = self._answers.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if kind == "lost":
                self.close()
                raise (Cancelled if stop_by is not None else StudioLost(StudioLost.__doc__))
            if number != self._number:
                continue
            if kind == "report" and report is not None and stop_by is None:
                report(*rest)
            elif kind == "cancelled":
                raise Cancelled
            elif kind == "failed":
                raise StudioFailed(f"{StudioFailed.__doc__} ({rest[0]})")
            elif kind == "done":
                return rest[0]

    def _send_quietly(self, message: Any) -> None:
        """To a process that may have ended: that is heard by reading."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                frames.send(self._process.stdin, message)


def _read(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[Any]) -> None:
    """Hands on what the process says, and that it ended."""
    try:
        while True:
            answers.put(frames.receive(process.stdout))  # type: ignore[arg-type]
    except (EOFError, OSError, ValueError):
        answers.put(("lost", 0))
