"""Downloads of models, each on threads of its own: nothing else waits for them, and they stop when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from time import monotonic
from typing import Final

from engine.downloads.hub import FileFetcher, Hub, HubAccess, Stopped, check_pipeline, check_room
from engine.downloads.hub_cache import HowFar, HubCache, Listing, comes_from_a_hub
from engine.downloads.weight_faults import fault_of, gigabytes
from engine.jobs.job import Downloading, ModelUnavailable
from engine.models.model import Model
from engine.models.weights import folder_of

log = logging.getLogger(__name__)

TELL_EVERY_S: Final = 2.0
LOG_EVERY_S: Final = 30.0
_LOCK: Final = "likeness.lock"

Tell = Callable[[int, int], None]
"""How many bytes are there, of how many."""


class DownloadFailed(ModelUnavailable):
    """A model's weights cannot be had; `remedy` is for the operator."""

    def __init__(self, model: str, reason: str, remedy: str) -> None:
        super().__init__(model, reason)
        self.remedy = remedy


class Downloads:
    """Fetches the weights of models that come from a hub; all others are always there.

    A download that is cut off, cancelled or ended with the process goes on from there when it is next wanted.
    """

    def __init__(self, access: HubAccess, *, tell_every_s: float = TELL_EVERY_S) -> None:
        self.access = access
        self._tell_every_s = tell_every_s
        self._there: set[str] = set()

    def there(self, model: Model) -> bool:
        """Whether it is known that nothing has to be fetched; of a model that was not looked for yet it is not."""
        fetched = model.id in self._there and folder_of(model.source) is not None
        return fetched or not comes_from_a_hub(model)

    async def fetch(self, model: Model, tell: Callable[[Downloading], None]) -> None:
        """Until the model is on the disk; cancelling this stops it. Raises DownloadFailed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        stopped = threading.Event()

        def told(have: int, total: int) -> None:
            _call(loop, lambda: tell(Downloading(model.title, have, total)))

        def run() -> None:
            try:
                self.fetch_now(model, told, stopped)
            except BaseException as error:  # noqa: BLE001 - it is raised where it was awaited
                _call(loop, lambda error=error: None if done.done() else done.set_exception(error))  # type: ignore[misc]
            else:
                _call(loop, lambda: None if done.done() else done.set_result(None))

        threading.Thread(target=run, name=f"download {model.id}", daemon=True).start()
        try:
            await done
        finally:
            stopped.set()

    def fetch_now(self, model: Model, tell: Tell, stopped: threading.Event, *, newest: bool = False) -> None:
        """The same on this thread. `newest` looks for a newer commit first. Raises DownloadFailed and Stopped."""
        told = _Told(model, tell, self._tell_every_s)
        try:
            _fetch(model, self.access, told, stopped, newest=newest)
        except Stopped:
            log.info("The download of %s was stopped; it goes on from there when it is wanted again.", model.title)
            raise
        except Exception as error:
            fault = fault_of(error, model.source, token_from=self.access.token_from)
            if fault is None:
                raise
            log.error("%s was not downloaded: %s", model.title, fault)  # noqa: TRY400 - the sentence says it all
            log.debug("what failed", exc_info=error)
            raise DownloadFailed(model.title, fault.reason, fault.remedy) from error
        self._there.add(model.id)

    def absent(self, models: Iterable[Model]) -> list[Model]:
        """Those of which files have to be fetched; looks at the disk."""
        return [model for model in models if comes_from_a_hub(model) and not HubCache(model).how_far().whole]


class _Told:
    """Says how far a download is, now and then."""

    def __init__(self, model: Model, tell: Tell, every_s: float) -> None:
        self._model, self._tell, self.every_s = model, tell, every_s
        self._told_s = self._logged_s = -1e9

    def __call__(self, how_far: HowFar, *, always: bool = False) -> None:
        now_s = monotonic()
        if always or now_s - self._told_s >= self.every_s:
            self._told_s = now_s
            self._tell(how_far.done, how_far.total)
        if now_s - self._logged_s >= LOG_EVERY_S:
            self._logged_s = now_s
            done = f"{how_far.done / 1e9:.1f} of {gigabytes(how_far.total)}"
            log.info("Downloading %s: %s.", self._model.title, done)


def _fetch(model: Model, access: HubAccess, told: _Told, stopped: threading.Event, *, newest: bool) -> None:
    cache = HubCache(model)
    if not newest and (now := cache.how_far()).whole:
        cache.pin(now.commit)
        return
    with _alone(cache, told, stopped):
        hub = Hub(access)
        listing = None if newest else cache.listing()
        if listing is None:
            listing = hub.listing(model.source)
            check_pipeline(listing.files)
            cache.keep(listing)
        files = cache.lacks(listing)
        if files:
            check_room(files, cache, access.keep_free_bytes)
            log.info("Downloading %s, commit %s.", model.title, listing.commit[:7])
            _bring_all(model, cache, hub, listing, told, stopped)
        cache.link(listing)
        told(cache.how_far(), always=True)


def _bring_all(
    model: Model, cache: HubCache, hub: Hub, listing: Listing, told: _Told, stopped: threading.Event
) -> None:
    """Several files at a time, until all are there or one cannot be had."""
    broken = threading.Event()

    def go_on() -> None:
        if stopped.is_set() or broken.is_set():
            raise Stopped

    fetcher = FileFetcher(hub, model.source, cache, go_on, stopped.wait)
    told(cache.how_far(), always=True)
    with ThreadPoolExecutor(hub.access.connections, thread_name_prefix=f"download {model.id}") as pool:
        left: set[Future[None]] = {pool.submit(fetcher.bring, listing.commit, file) for file in cache.lacks(listing)}
        try:
            while left:
                done, left = wait(left, timeout=told.every_s, return_when=FIRST_EXCEPTION)
                told(cache.how_far())
                for one in done:
                    one.result()
                go_on()
        finally:
            broken.set()
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _alone(cache: HubCache, told: _Told, stopped: threading.Event) -> Iterator[None]:
    """One download of a model at a time, over all processes; how far another one is, is told meanwhile."""
    cache.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(descriptor):
            told(cache.how_far())
            if stopped.wait(1.0):
                raise Stopped
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(what)
