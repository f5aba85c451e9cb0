"""Processes that tests of the data start and kill: none outlives its code, whatever that raises, or its test."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

LIMIT_S: Final = 120.0
"""After this a process that still runs is killed, so that whoever waits for its next line gets none."""


def alone(work: Coroutine[object, object, None]) -> NoReturn:
    """Do the work and end this process with it: a database's threads would keep it alive after an error, for ever."""
    code = 1
    try:
        asyncio.run(work)
        code = 0
    except BaseException:  # noqa: BLE001 - shown, and then there is nothing left that could handle it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def started(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs this code, its input and output piped; with the block at the latest it and its own end."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        watch = threading.Timer(LIMIT_S, _end, [process])
        watch.daemon = True
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def said(process: subprocess.Popen[str]) -> str:
    """The next line of its output. Raises AssertionError when it has ended without one."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"It ended with {process.wait()}."
    return line.rstrip("\n")
