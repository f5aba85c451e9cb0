"""The bot as a process of its own, started, watched, killed and started again on the same data folder.

What happens is awaited through the stand-in or the bot's log, never by sleeping.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.standin.discord import StandIn
from tests.standin.model import clock

REPOSITORY = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Started:
    """A process that runs: its output, and how to learn its exit code once that has ended."""

    pid: int
    output: asyncio.StreamReader
    wait: Callable[[], Awaitable[int]]


class BotProcess:
    """`python -m bot` on `folder`, pointed at `standin`. `settings` are environment variables on top.

    `module` may name another one to run in its place, as the benchmark does.
    """

    def __init__(self, standin: StandIn, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.standin = standin
        self.folder = folder
        self.settings = dict(settings or {})
        self.module = "bot"
        self.log: list[str] = []
        self.exit_code: int | None = None
        self._started: Started | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        assert self._started is not None, "The bot was not started."
        return self._started.pid

    def environment(self) -> dict[str, str]:
        """What the process sees; nothing of the test's own settings leaks into it."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "HF_HUB_OFFLINE": "1",
            "DISCORD_TOKEN": self.standin.token,
            "DISCORD_API_URL": self.standin.api_url,
            "DISCORD_GATEWAY_URL": self.standin.gateway_url,
            "DATA_FOLDER": str(self.folder / "var"),
            "DATA_FREE_MIB": "0",
            **self.settings,
        }

    async def launch(self) -> None:
        """Start the process and return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.exit_code = None
        self._started = await self.spawn()
        self._reader = asyncio.create_task(self._read(self._started))

    async def spawn(self) -> Started:
        """Start the process; its two outputs are one stream."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            cwd=self.folder,
            env=self.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        return Started(process.pid, process.stdout, process.wait)

    async def start(self, timeout_s: float = 240) -> None:
        """Start the process and return once it has identified at the gateway."""
        before = self.standin.gateway.identifies
        await self.launch()
        await self.standin.until(
            lambda: (self.standin.ready and self.standin.gateway.identifies > before) or self.exit_code is not None,
            timeout_s,
            f"the bot to identify; its log so far:\n{self.text}",
        )
        assert self.exit_code is None, f"The bot ended with {self.exit_code}:\n{self.text}"

    async def exited(self, timeout_s: float = 120) -> int:
        """The exit code, once the process has ended and its log is read to the end."""
        assert self._reader is not None, "The bot was not started."
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), timeout_s)
        except TimeoutError:
            raise AssertionError(f"The bot still runs after {timeout_s} s:\n{self.text}") from None
        assert self.exit_code is not None
        return self.exit_code

    async def kill(self) -> None:
        """SIGKILL: no goodbye, no cleanup. Returns when Discord has noticed, too."""
        self._signal(signal.SIGKILL)
        await self.exited()
        await self.standin.until(lambda: not self.standin.ready, 10, "the gateway to lose the bot")

    async def terminate(self, timeout_s: float = 120) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds it took."""
        started = clock()
        self._signal(signal.SIGTERM)
        code = await self.exited(timeout_s)
        return code, clock() - started

    async def close(self) -> None:
        """End the process whatever state it is in."""
        if self._started is not None and self.exit_code is None:
            self._signal(signal.SIGKILL)
            await self.exited()

    async def logged(self, words: str, timeout_s: float = 120) -> str:
        """The first log line with `words`, once it is there."""
        return await self.standin.until(
            lambda: next((line for line in self.log if words in line), None), timeout_s, f"{words!r} in the log"
        )

    @property
    def text(self) -> str:
        """The log so far, of all starts."""
        return "\n".join(self.log)

    def ask(self, number: signal.Signals) -> None:
        """Send the process a signal that does not end it."""
        self._signal(number)

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            # A process that has ended but was not waited for yet is still there to be signalled.
            os.kill(self.pid, number)

    async def _read(self, started: Started) -> None:
        async for line in started.output:
            self.log.append(line.decode(errors="replace").rstrip())
            self.standin.world.pulse.ring()
        self.exit_code = await started.wait()
        self.standin.world.pulse.ring()
