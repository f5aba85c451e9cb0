"""The bot in a process that is forked from one where everything is imported already.

Importing the libraries of local models takes seconds of processor time; tests that kill and restart the bot many
times would spend most of their time there. The child runs the same `run()` as `python -m bot`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from tests.standin.process import BotProcess, Started

PRELOADED = ["bot.__main__", "bot.client", "tests.standin.preload"]


def run_bot(environment: Mapping[str, str], folder: str, output: Connection) -> None:
    """In the child: be what `python -m bot` would be with this environment, in this folder."""
    from bot.__main__ import run

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(output.fileno(), stream.fileno())
    output.close()
    sys.argv = ["bot"]
    run()


class WarmBotProcess(BotProcess):
    """A `BotProcess` that starts in an instant, once the first one has waited for the imports."""

    async def spawn(self) -> Started:
        """Fork the bot; its output comes through a pipe, which ends when the process does."""
        reading, writing = multiprocessing.Pipe(duplex=False)
        process = _forks().Process(target=run_bot, args=(self.environment(), str(self.folder), writing))
        await asyncio.to_thread(process.start)
        writing.close()
        assert process.pid is not None

        async def wait() -> int:
            await asyncio.to_thread(process.join)
            assert process.exitcode is not None
            return process.exitcode

        return Started(process.pid, await _stream(reading), wait)


def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    # Heard by the first process alone: the server it starts serves all tests of the run.
    context.set_forkserver_preload(PRELOADED)
    return context


async def _stream(reading: Connection) -> asyncio.StreamReader:
    """The raw bytes of a pipe's reading end."""
    stream = asyncio.StreamReader()
    pipe = os.fdopen(os.dup(reading.fileno()), "rb", buffering=0)
    reading.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    return stream
