"""Talking with the person at the terminal; or, where there is none, with the lines of standard input."""

import asyncio
import contextlib
import getpass
import sys
import threading
from typing import TextIO


class Console:
    """Sentences out, answers in. Where the input is no terminal its lines are the answers, in turn."""

    def __init__(self, source: TextIO | None = None, out: TextIO | None = None) -> None:
        self._source = source or sys.stdin
        self._out = out or sys.stdout
        self.is_terminal = self._source.isatty()

    def say(self, sentence: str) -> None:
        """One paragraph."""
        print(sentence, file=self._out, flush=True)

    def secret(self, question: str) -> str:
        """What is typed, which is not shown; "" at the end of the input. Blocking."""
        if self._source is sys.stdin and self.is_terminal:
            try:
                return getpass.getpass(f"{question}: ").strip()
            except EOFError:
                return ""
        return self._source.readline().strip()

    async def agrees(self, question: str, *, usually: bool) -> bool:
        """Whether the answer is yes. Enter is what is `usually` said; the end of the input is no."""
        print(f"{question} [{'Y/n' if usually else 'y/N'}] ", end="", file=self._out, flush=True)
        line = await self._line()
        if not self.is_terminal:
            self.say(line.strip())
        said = line.strip().casefold()
        return said in {"y", "yes"} or (not said and bool(line) and usually)

    async def _line(self) -> str:
        """One line, read by a thread that a program which ends does not wait for: Ctrl+C works meanwhile."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            line = self._source.readline()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_give, answer, line)

        threading.Thread(target=read, name="answer", daemon=True).start()
        return await answer


def _give(answer: asyncio.Future[str], line: str) -> None:
    if not answer.done():
        answer.set_result(line)
