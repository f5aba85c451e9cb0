"""Servers of the studio's own (vLLM-Omni, SGLang-diffusion), each with OpenAI's interface, behind one queue.

A server that fails is set aside for a while and the others take its work. That sends a request twice, which is right
only because nobody bills it: where a model has a cost, a lost answer ends as with any other provider.
Neither kind of server can be told to stop, and neither stops when the connection closes: a request that nobody waits
for any more is awaited all the same, and its slot is free when the server is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from engine.backends import Cancelled, Outcome, Report
from engine.backends.cluster_server import ClusterServer
from engine.backends.hosted import SENT, Answer, Ask, HostedBackend, RequestJournal
from engine.backends.provider_errors import (
    AnswerLost,
    KeyRefused,
    ModelNotServed,
    NoServerLeft,
    ProviderError,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    RedirectRefused,
    UnusableAnswer,
)
from engine.jobs.job import Job, Lane, Sampling
from engine.models.catalogue import Catalogue
from engine.models.circuit_breaker import FIRST_OPEN_S, CircuitBreaker
from engine.models.hosted_models import Access
from engine.models.model import Provider
from engine.pictures.decoding.decoder import Decoder

log = logging.getLogger(__name__)

_ELSEWHERE: Final = (
    ProviderUnreachable,
    ProviderFailing,
    ProviderSilent,
    AnswerLost,
    UnusableAnswer,
    KeyRefused,
    RateLimited,
    ModelNotServed,
)
"""After these another server is asked."""
_AT_ONCE: Final = (ProviderUnreachable, ProviderSilent, AnswerLost, RedirectRefused, KeyRefused)
"""After these the server is set aside at once; a fault of 500 may be the request's, so it takes three in a row."""


class ClusterBackend(HostedBackend):
    """All servers. Each makes as many pictures at once as it has slots, and one may be kept for the fast lane."""

    provider: ClassVar[Provider] = "cluster"
    bills: ClassVar[bool] = False

    def __init__(
        self,
        catalogue: Catalogue,
        access: Access,
        journal: RequestJournal | None = None,
        *,
        unit_s: float = 1.0,
        decoder: Decoder | None = None,
    ) -> None:
        slots = sum(server.slots for server in access.servers)
        super().__init__(catalogue, replace(access, slots=slots), journal, unit_s=unit_s, decoder=decoder)
        self._servers = [ClusterServer(catalogue, access, server, self._decoder) for server in access.servers]
        self.breaker = CircuitBreaker()
        self._slot_left = asyncio.Event()
        self._answered: dict[str, Lane] = {}
        self._requests: set[asyncio.Task[bytes]] = set()
        self._abandoned: Counter[Lane] = Counter()
        """Requests that a server still works on, and nobody waits for."""
        self._tell_room: Callable[[], None] = lambda: None

    def lanes(self, running: Mapping[Lane, int]) -> Collection[Lane]:
        """See Laned. A lane none of whose servers is up has room: its jobs end with a sentence instead of waiting."""
        busy = Counter(running)
        busy.subtract(Counter(self._answered.values()))
        busy.update(self._abandoned)
        up = self._up(Lane.FAST)
        kept = sum(server.slots for server in up if server.fast_only)
        shared = sum(server.slots for server in up) - kept
        left = shared - busy[Lane.STANDARD] - max(0, busy[Lane.FAST] - kept)
        room = {
            Lane.FAST: left > 0 or busy[Lane.FAST] < kept or not up,
            Lane.STANDARD: left > 0 or not shared,
        }
        return [lane for lane, is_open in room.items() if is_open]

    def on_room(self, tell: Callable[[], None]) -> None:
        """See Laned."""
        self._tell_room = tell

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render."""
        try:
            return await super().render(batch, report, cancelled)
        finally:
            for job in batch:
                self._answered.pop(job.id, None)

    def _sampling(self, ask: Ask, answer: Answer) -> Sampling:
        """All that the servers are told; which sampler they have, they do not say."""
        return Sampling(seed=ask.job.seed, steps=ask.job.steps, guidance=ask.job.guidance)

    async def _answer(self, ask: Ask, noted: str, report: Report) -> Answer:
        if noted and ask.model.cost_usd_micros:
            raise AnswerLost(self._title)
        return await self._patiently(ask.job, lambda: self._from_somebody(ask, report))

    async def _from_somebody(self, ask: Ask, report: Report) -> Answer:
        """Asks one server after the other until one answers. Raises what the last one failed with."""
        await self._journal.remember(ask.job.id, SENT)
        tried: dict[str, ProviderError] = {}
        while True:
            server = await self._slot(ask.job, tried)
            try:
                picture = await self._from(server, ask, report)
            except _ELSEWHERE as error:
                self._count_failure(server, error)
                if error.may_be_billed and ask.model.cost_usd_micros:
                    raise
                tried[server.url] = error
            else:
                self.breaker.worked(server.url)
                return Answer(picture)

    async def _from(self, server: ClusterServer, ask: Ask, report: Report) -> bytes:
        """The picture. The request goes on when this is cancelled, and keeps its slot as long as the server works."""
        request = asyncio.create_task(self._asked(server, ask, report))
        self._requests.add(request)
        request.add_done_callback(lambda done: self._leave(server, done))
        try:
            picture = await asyncio.shield(request)
        except asyncio.CancelledError:
            if not request.done():
                self._abandon(server, request, ask.job.lane)
            raise
        self._answered[ask.job.id] = ask.job.lane
        return picture

    def _abandon(self, server: ClusterServer, request: asyncio.Task[bytes], lane: Lane) -> None:
        def over(done: asyncio.Task[bytes]) -> None:
            self._abandoned[lane] -= 1
            error = None if done.cancelled() else done.exception()
            if isinstance(error, _ELSEWHERE):
                self._count_failure(server, error)

        self._abandoned[lane] += 1
        request.add_done_callback(over)

    async def _asked(self, server: ClusterServer, ask: Ask, report: Report) -> bytes:
        try:
            return await asyncio.wait_for(server.ask(ask, report), self._access.timeout_s)
        except TimeoutError:
            raise ProviderSilent(self._title) from None

    async def _slot(self, job: Job, tried: Mapping[str, ProviderError]) -> ClusterServer:
        """A free slot at a server that this job has not tried: one kept for its lane first, then the least busy."""
        while True:
            left = [server for server in self._up(job.lane) if server.url not in tried]
            if not left:
                raise self._nobody(tried)
            free = [server for server in left if server.busy < server.slots]
            if free:
                found = min(free, key=lambda one: (not one.fast_only, one.busy / one.slots))
                found.busy += 1
                return found
            await self._slot_left.wait()

    def _leave(self, server: ClusterServer, request: asyncio.Task[bytes]) -> None:
        self._requests.discard(request)
        if not request.cancelled():
            request.exception()  # seen: whoever waited for it may have gone
        server.busy -= 1
        self._slot_left.set()
        self._slot_left = asyncio.Event()
        # Behind what counts an abandoned request out, which was asked for later.
        asyncio.get_running_loop().call_soon(self._tell_room)

    def _up(self, lane: Lane) -> list[ClusterServer]:
        """The servers that take jobs of this lane and are not set aside."""
        return [
            server
            for server in self._servers
            if (lane is Lane.FAST or not server.fast_only) and not self.breaker.why_open(server.url)
        ]

    def _nobody(self, tried: Mapping[str, ProviderError]) -> ProviderError:
        for kind in (RateLimited, ModelNotServed):
            said = [error for error in tried.values() if isinstance(error, kind)]
            if said and (kind is RateLimited or len(said) == len(tried)):
                return said[-1]
        return NoServerLeft(self._title, all_of_them=not self._up(Lane.FAST))

    def _count_failure(self, server: ClusterServer, error: ProviderError) -> None:
        if isinstance(error, RateLimited):
            return
        if isinstance(error, ModelNotServed):
            log.warning("The server %s serves another model.", server.url)
            return
        server.doubtful = True
        at_once_s = FIRST_OPEN_S if isinstance(error, _AT_ONCE) else 0.0
        kind = type(error).__name__
        log.warning("%s at the server %s", kind, server.url)
        if self.breaker.failed(server.url, open_s=at_once_s):
            log.error("The server %s is set aside: %s.", server.url, self.breaker.why_open(server.url))

    async def _hang_up(self) -> None:
        for request in list(self._requests):
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        for server in self._servers:
            await server.close()

    def _connect(self) -> None:
        for server in self._servers:
            server._connect()
