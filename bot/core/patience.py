"""Trying again what may succeed later: a database that another process holds, a disk that is full or away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from data.core.data_errors import DatabaseBusy, DatabaseDamaged, NoSpace

log = logging.getLogger(__name__)

T = TypeVar("T")
PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Between the attempts; the last one repeats."""
BUSY_S: Final = 300.0
"""For how long a database is waited for: while it is held nothing else could be written either, no refund at all."""
BROKEN_S: Final = 20.0
"""For how long a disk or a folder is waited for; then the order is refunded, within a minute of its picture."""


def may_pass(error: BaseException) -> bool:
    """Whether the same work may succeed a little later."""
    # Without a number it is not the system that complains: Pillow calls a picture that is none an OSError, too.
    system = isinstance(error, OSError) and error.errno is not None
    return system or isinstance(error, DatabaseBusy | DatabaseDamaged | NoSpace)


async def patiently(work: Callable[[], Awaitable[T]], what: str) -> T:
    """Do `work`, and again while it fails with what may pass. Raises its last error once that has lasted too long."""
    # By hand, not by tenacity: how long is waited depends on the last error, and the whole is as short as its options.
    started, tried = time.perf_counter(), 0
    while True:
        try:
            return await work()
        except (DatabaseBusy, DatabaseDamaged, NoSpace, OSError) as error:
            limit_s = BUSY_S if isinstance(error, DatabaseBusy) else BROKEN_S
            if not may_pass(error) or time.perf_counter() - started > limit_s:
                raise
            log.warning("%s did not succeed and is tried again: %s", what, error)
        await asyncio.sleep(PAUSES_S[min(tried, len(PAUSES_S) - 1)])
        tried += 1
