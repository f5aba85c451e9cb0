"""One process apart, from the side of the bot: started when first asked, ended when it takes too long, replaced.

All of it blocks while the process works and belongs in a thread, which only waits for a pipe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import PIL

from engine.apart.pipe_messages import TOO_MUCH, receive, send

WALL_S: Final = 20.0
"""What one picture may take by the clock, waiting for a busy machine and the start of the process included."""
PICTURES: Final = 500
"""After so many pictures a process is replaced."""
_FOLDERS: Final = (str(Path(__file__).parents[2]), str(Path(PIL.__file__).parents[1]))
"""Where this package and Pillow are: the process looks nowhere else, and runs nobody's start-up code."""
_START: Final = (
    "import sys; parent, *folders = sys.argv[1:]; sys.path += folders; "
    "from engine.pictures.decoding.decoding_process import main; main()"
)
_KEPT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What of the environment goes along: keys and tokens are there too."""

_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each thread of a library for arithmetic would reserve memory of its own, of which there is a limit."""


class Ended(Exception):
    """The process ended in the middle of a picture; str() says how, for the log."""


class TookTooLong(Ended):
    """It was ended because the picture took all the time there is."""


class Apart:
    """At most one process at a time, for one picture at a time."""

    def __init__(self, *, wall_s: float = WALL_S) -> None:
        self._wall_s = wall_s
        self._process: subprocess.Popen[bytes] | None = None
        self._done = 0
        self._lock = threading.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """None while there is no process."""
        return self._process.pid if self._process else None

    def ask(self, job: str, raw: bytes, **more: str) -> tuple[dict[str, Any], bytes]:
        """What the job (`engine.pictures.decoding.tasks`) made of it: facts and bytes; `more` is for the job.

        Raises Ended.
        """
        process = self._living()
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            process.kill()

        watch = threading.Timer(self._wall_s, end)
        watch.daemon = True
        watch.start()
        try:
            answer = _asked(process, {"job": job, **more}, raw)
        finally:
            watch.cancel()
        self._done += 1
        if answer is None or answer[0].get("bad") == TOO_MUCH or self._done >= PICTURES:
            self._end(process)
        if answer is not None:
            return answer
        if overdue.is_set():
            raise TookTooLong(f"no answer within {self._wall_s:.0f} s")
        raise _how(process.returncode)

    def close(self) -> None:
        """Ends the process at once, whatever it is at; no other is started."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()

    def reap(self) -> None:
        """Waits for the end of a process that was ended."""
        if self._process is not None:
            self._end(self._process)

    def _living(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise Ended("it is closed")
            if self._process is not None and self._process.poll() is None:
                return self._process
            if self._process is not None:
                self._end(self._process)
            self._process, self._done = _STARTER.start(), 0
            return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()
        self._process = None


class _Starter:
    """Starts processes from a thread that stays as long as this process.

    Linux ends a process that wishes to end with its parent when the thread ends that started it, not the parent.
    """

    def __init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="apart")

    def start(self) -> subprocess.Popen[bytes]:
        """Raises Ended."""
        try:
            return self._thread.submit(_started).result()
        except RuntimeError as error:  # the interpreter is ending and takes no more work
            raise Ended(str(error)) from None


_STARTER: Final = _Starter()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_STARTER.anew)  # no thread goes along with a fork


def _started() -> subprocess.Popen[bytes]:
    # -I and -S: no environment, no folder of the user's, no site-packages with start-up code of their own.
    command = [sys.executable, "-I", "-S", "-c", _START, str(os.getpid()), *_FOLDERS]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**_ONE_THREAD, **{name: os.environ[name] for name in _KEPT if name in os.environ}},
        start_new_session=True,
    )


def _asked(process: subprocess.Popen[bytes], facts: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes] | None:
    """None when the process ended before it answered."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        send(process.stdin, facts, raw)
        return receive(process.stdout)
    except (OSError, ValueError, TypeError):  # a closed pipe, or an answer that is none
        return None


def _how(code: int) -> Ended:
    if code == -signal.SIGXCPU:
        return TookTooLong("its time on the processor was used up")
    return Ended(f"it ended with {code}")
