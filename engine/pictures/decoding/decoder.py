"""The way in for pictures from outside: slots for those who hand them in, and one or two processes that decode.

Who took the least time lately goes first, and nobody has more than one process: however long the pictures of one person
take, those of others are not behind them. Pixels are counted, so that all that is decoded at once is bounded together.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from engine.apart.pipe_messages import TOO_MUCH
from engine.apart.process import WALL_S, Apart, Ended, TookTooLong
from engine.pictures.decoding.bare import DAMAGED, counted
from engine.pictures.decoding.decoding_slots import DecodingSlots
from engine.pictures.intake import MAX_BYTES, MAX_PIXELS, BadPicture, CleanPicture
from engine.recipes import sound
from engine.recipes.embedded_recipe import EmbeddedRecipe
from engine.recipes.picture_text import MAX_TEXT
from engine.sayings import from_parts, worded

log = logging.getLogger(__name__)

PROCESSES: Final = 2
PHOTO: Final = 12_000_000
"""Pixels of a photo as most telephones take them."""
TOGETHER: Final = MAX_PIXELS + PHOTO
"""Pixels of all that are decoded at once: the largest there may be never keeps a photo waiting."""
LATELY_S: Final = 120.0
"""How long it is remembered what somebody's pictures took."""
STOPPING: Final = worded("The studio is just stopping. Send that picture again in a minute.")
_PNG: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(eq=False)
class _Task:
    """A picture that waits for a process or is in one."""

    job: str
    raw: bytes
    owner: Hashable
    done: asyncio.Future[tuple[dict[str, Any], bytes]]
    pixels: int
    began_s: float = 0.0


class Decoder:
    """Made at once, costs nothing until it is first asked; `close` ends what it started.

    `wall_s` is what one picture may take by the clock.
    """

    def __init__(self, *, wall_s: float = WALL_S) -> None:
        self._used = _Used()
        self._slots = DecodingSlots(self._used.lately_s)
        self._idle = [Apart(wall_s=wall_s) for _ in range(PROCESSES)]
        self._busy: dict[_Task, Apart] = {}
        self._waiting: list[_Task] = []
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that there are."""
        found = (one.pid for one in (*self._idle, *self._busy.values()))
        return tuple(pid for pid in found if pid is not None)

    @property
    def at_work(self) -> tuple[Hashable, ...]:
        """Whose pictures are being decoded."""
        return tuple(task.owner for task in self._busy)

    @asynccontextmanager
    async def slot(self, owner: Hashable) -> AsyncIterator[DecodingSlot]:
        """A slot for one picture of somebody, from before it is fetched until it is dealt with. Raises BadPicture."""
        async with self._slots.one(owner):
            yield DecodingSlot(self, owner)

    async def clean(self, raw: bytes, owner: Hashable) -> CleanPicture:
        """The picture as PNG, upright, its long side at most 2,048 px. Raises BadPicture."""
        if len(raw) > MAX_BYTES:
            raise BadPicture(too_heavy(len(raw)))
        return _picture(await self._do("clean", raw, owner))

    async def recipe(self, raw: bytes, owner: Hashable) -> EmbeddedRecipe:
        """What the picture says of how it was made. Raises BadPicture, also for a recipe that cannot be read."""
        if len(raw) > MAX_BYTES:
            raise BadPicture(too_heavy(len(raw)))
        facts, _ = await self._do("recipe", raw, owner)
        return embedded_of(facts)

    async def plain(self, raw: bytes, owner: Hashable) -> CleanPicture:
        """What a provider sent, as PNG with all its pixels. Raises BadPicture.

        It was paid for: where its process came to an end that was not the picture's doing, it is tried once more.
        """
        return _picture(await self._do("plain", raw, owner, again=True))

    async def preview(self, raw: bytes, owner: Hashable) -> bytes | None:
        """A small JPEG of what a provider sent; None when it cannot be read."""
        try:
            _, content = await self._do("preview", raw, owner)
        except BadPicture:
            return None
        return content if content.startswith(b"\xff\xd8\xff") else None

    async def close(self) -> None:
        """Ends the processes at once, whatever they are at; who waits for a picture is told that the studio stops."""
        self._closed = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            _fail(task, BadPicture(STOPPING))
        everyone = (*self._idle, *self._busy.values())
        for apart in everyone:
            apart.close()
        if self._threads is not None:
            threads, self._threads = self._threads, None
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(threads, one.reap) for one in everyone))
            threads.shutdown(wait=False)

    async def _do(self, job: str, raw: bytes, owner: Hashable, *, again: bool = False) -> tuple[dict[str, Any], bytes]:
        try:
            facts, content = await self._answer(job, raw, owner)
        except Ended as end:
            # Its pixels are not logged, nor whose they are.
            log.warning("a picture of %d bytes ended the process that decodes (%s): %s", len(raw), job, end)
            if again and not isinstance(end, TookTooLong) and not self._closed:
                return await self._do(job, raw, owner)
            raise BadPicture(STOPPING if self._closed else TOO_MUCH) from None
        if error := facts.get("error"):
            log.info("a picture of %d bytes could not be decoded (%s): %s", len(raw), job, str(error)[:80])
        if bad := facts.get("bad"):
            raise BadPicture(from_parts(facts.get("parts") or bad))
        return facts, content

    async def _answer(self, job: str, raw: bytes, owner: Hashable) -> tuple[dict[str, Any], bytes]:
        """Raises Ended."""
        if self._closed:
            raise Ended("it is closed")
        done: asyncio.Future[tuple[dict[str, Any], bytes]] = asyncio.get_running_loop().create_future()
        # What claims no size that can be read at once counts as the largest; one that is larger will be refused.
        count = 0 if job == "texts" else min(counted(raw) or MAX_PIXELS, MAX_PIXELS)
        task = _Task(job, raw, owner, done, count)
        self._waiting.append(task)
        self._start()
        try:
            return await done
        finally:
            if task in self._waiting:
                self._waiting.remove(task)

    def _start(self) -> None:
        """Gives the processes that are free to those whose turn it is."""
        while self._idle and (task := self._next()) is not None:
            self._waiting.remove(task)
            self._begin(task)

    def _next(self) -> _Task | None:
        in_work = {task.owner for task in self._busy}
        left = [task for task in self._waiting if task.owner not in in_work]
        left.sort(key=lambda task: self._used.lately_s(task.owner))
        room = TOGETHER - sum(task.pixels for task in self._busy)
        # A photo goes past a picture for which there is no room, and leaves the room for it. No larger one does, or
        # they would keep it out for ever.
        fits = (task for number, task in enumerate(left) if task.pixels <= (min(room, PHOTO) if number else room))
        return next(fits, None)

    def _begin(self, task: _Task) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(PROCESSES, thread_name_prefix="decoding")
        # A process that runs already, if there is one: the other is only started when both are needed.
        apart = next((one for one in self._idle if one.pid is not None), self._idle[0])
        self._idle.remove(apart)
        self._busy[task] = apart
        task.began_s = perf_counter()
        work = asyncio.get_running_loop().run_in_executor(self._threads, apart.ask, task.job, task.raw)
        work.add_done_callback(lambda done: self._over(task, done))

    def _over(self, task: _Task, work: asyncio.Future[tuple[dict[str, Any], bytes]]) -> None:
        self._idle.append(self._busy.pop(task))
        self._used.add(task.owner, perf_counter() - task.began_s)
        if work.cancelled():
            _fail(task, Ended("it was called off"))
        elif (error := work.exception()) is not None:
            _fail(task, error)
        elif not task.done.done():
            task.done.set_result(work.result())
        if not self._closed:
            self._start()


class DecodingSlot:
    """What somebody who has a slot may have done to their picture."""

    def __init__(self, decoder: Decoder, owner: Hashable) -> None:
        self._decoder = decoder
        self._owner = owner

    async def clean(self, raw: bytes) -> CleanPicture:
        """See Decoder.clean."""
        return await self._decoder.clean(raw, self._owner)

    async def recipe(self, raw: bytes) -> EmbeddedRecipe:
        """See Decoder.recipe."""
        return await self._decoder.recipe(raw, self._owner)


@dataclass
class _Used:
    """Seconds that somebody's pictures took lately, and when the last of them was over."""

    _seconds: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    def lately_s(self, owner: Hashable) -> float:
        seconds, last = self._seconds.get(owner, (0.0, 0.0))
        return seconds if perf_counter() - last < LATELY_S else 0.0

    def add(self, owner: Hashable, seconds: float) -> None:
        now = perf_counter()
        before = self.lately_s(owner)
        self._seconds = {one: used for one, used in self._seconds.items() if now - used[1] < LATELY_S}
        self._seconds[owner] = (before + seconds, now)


def too_heavy(size: int) -> str:
    """The sentence for a file of so many bytes."""
    return worded(
        "That file has {size:.0f} MiB; pictures may have at most {most} MiB.",
        size=size / 2**20,
        most=MAX_BYTES // 2**20,
    )


def _picture(answer: tuple[dict[str, Any], bytes]) -> CleanPicture:
    """What the process says is looked at once more, as far as that takes no decoding."""
    facts, content = answer
    width, height = facts.get("width"), facts.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and content.startswith(_PNG)):
        raise BadPicture(DAMAGED)
    if (width, height) != struct.unpack(">II", content[16:24].ljust(8, b"\0")):
        raise BadPicture(DAMAGED)
    return CleanPicture(content, width, height)


def embedded_of(facts: dict[str, Any]) -> EmbeddedRecipe:
    """The facts of a recipe, checked: whoever says them may have been taken over by a picture."""
    own, found = facts.get("own"), facts.get("found")
    if not isinstance(own, str) or len(own) > MAX_TEXT or not isinstance(found, dict | None):
        raise BadPicture(DAMAGED)
    try:
        return EmbeddedRecipe(own, None if found is None else sound(found))
    except (TypeError, ValueError):
        raise BadPicture(DAMAGED) from None


def _fail(task: _Task, error: BaseException) -> None:
    if not task.done.done():
        task.done.set_exception(error)
