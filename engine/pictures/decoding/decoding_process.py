"""The process apart: it takes one picture after the other on its standard input and answers on its standard output.

It ends when its input ends, with the process that started it, or when a picture took all its memory or time.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from engine.apart.pipe_messages import TOO_MUCH, receive, send
from engine.pictures.decoding.bare import DAMAGED
from engine.pictures.decoding.tasks import JOBS, Made
from engine.pictures.intake import BadPicture
from engine.sayings import to_parts

MEMORY: Final = 544 * 2**20
"""Bytes that pictures may take beyond what the process itself needs; a JPEG of 40 MP and four inks takes 460 MiB."""
CPU_S: Final = 8
"""What one picture may take; the hardest that are let through take about three."""
_PR_SET_PDEATHSIG: Final = 1
_M_MMAP_THRESHOLD: Final = -3
_GIVEN_BACK: Final = 2**20
"""Blocks of so many bytes go back to the system once they are free; glibc would keep hundreds of MiB."""
_NICENESS: Final = 5


def main() -> None:
    """Serve until there is nothing left to read."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _leave_the_rest()
    _limit()
    while (message := receive(inbox)) is not None:
        _allow_one_more()
        facts, content = _done(message[0], message[1])
        send(outbox, facts, content)
        if facts.get("bad") == TOO_MUCH:
            return
        del message, facts, content


def _done(asked: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes]:
    """What the job makes, or {"bad": a sentence, "error": for the log}."""
    try:
        more = {name: value for name, value in asked.items() if name != "job"}
        made: Made = JOBS[asked["job"]](raw, **more)
        return dict(made.facts), made.content
    except BadPicture as error:
        return {"bad": str(error), "parts": to_parts(str(error))}, b""
    except MemoryError:
        return {"bad": TOO_MUCH, "error": "MemoryError"}, b""
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they please; the bot logs the kind
        return {"bad": DAMAGED, "error": type(error).__name__}, b""


def _leave_the_rest() -> None:
    """Nothing but messages goes through the pipes, and what is meant for the bot as a whole is not for this process."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)
    # The bot ends it when it is done with it; systemd and a terminal signal all processes at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # a wish: some boxes allow none
        os.nice(_NICENESS)
    if sys.platform == "linux":
        # Also in the middle of a picture, when no end of input is seen. Elsewhere the limit of time ends it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(sys.argv[1]):
            os._exit(0)


def _limit() -> None:
    """It writes no files and takes only so much memory. Outside Linux there is no such limit of memory."""
    with contextlib.suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _GIVEN_BACK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _allow_one_more() -> None:
    """The limit is on all that the process ever takes, in whole seconds: SIGXCPU ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = math.ceil(time.process_time()) + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
