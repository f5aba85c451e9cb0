"""What is left of a picture once the device is done with it: to be written as a PNG, by threads of their own.

The device's thread hands over plain arrays and goes on with the next batch; nothing here knows torch.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.backends import Outcome
from engine.backends.worker import be_nice
from engine.jobs.job import EngineError, Finished

if TYPE_CHECKING:
    from PIL.Image import Image

PNG_LEVEL = 3
THREADS = 2
NICENESS = 10
"""Behind the event loop, and behind the thread that keeps a GPU busy."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A picture that is not written yet: `pixels` is (height, width, 3) in uint8, or a picture as the pipeline gave
    it, and `told` is its outcome without the file.
    """

    pixels: Any
    told: Finished

    def written(self) -> Finished:
        """The outcome with its PNG."""
        return replace(self.told, picture=png(self.pixels))


def png(pixels: Any) -> bytes:
    """A PNG of an array (height, width, 3) in uint8, or of a picture."""
    from PIL import Image as Pictures

    picture: Image = pixels if isinstance(pixels, Pictures.Image) else Pictures.fromarray(pixels)
    file = io.BytesIO()
    picture.convert("RGB").save(file, "PNG", compress_level=PNG_LEVEL)
    return file.getvalue()


class Finisher:
    """Writes the pictures of one batch after another; its threads start with the first and end with `close`."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def finish(self, made: Sequence[Unwritten | EngineError]) -> list[Outcome]:
        """The outcomes, in the same order."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "pictures", initializer=lambda: be_nice(NICENESS))
        return await asyncio.gather(*(_written(one, self._threads) for one in made))

    def close(self) -> None:
        """Lets go of the threads; what they are at is finished, for whoever waits for it."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None


async def _written(made: Unwritten | EngineError, threads: ThreadPoolExecutor) -> Outcome:
    if isinstance(made, EngineError):
        return made
    return await asyncio.get_running_loop().run_in_executor(threads, made.written)
