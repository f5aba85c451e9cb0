"""Servers of the studio's own (vLLM-Omni, SGLang-diffusion), each with OpenAI's interface, behind one queue.

A server that fails is set aside for a while and the others take its work. That sends a request twice, which is right
only because nobody bills it: where a model has a cost, a lost answer ends as with any other provider.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from engine.backends import Cancelled, Outcome, Report
from engine.backends.hosted import SENT, Answer, Ask, HostedBackend, RequestJournal
from engine.backends.openai import OpenAIBackend
from engine.backends.provider_errors import (
    AnswerLost,
    KeyRefused,
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
from engine.models.hosted_models import Access, Server
from engine.models.model import Provider
from engine.pictures.decoding.decoder import Decoder

log = logging.getLogger(__name__)

NO_KEY: Final = "none"
"""What a server gets that asks for no key: the SDK insists on one."""
_ELSEWHERE: Final = (
    ProviderUnreachable,
    ProviderFailing,
    ProviderSilent,
    AnswerLost,
    UnusableAnswer,
    KeyRefused,
    RateLimited,
)
"""After these another server is asked."""
_AT_ONCE: Final = (ProviderUnreachable, ProviderSilent, AnswerLost, RedirectRefused, KeyRefused)
"""After these the server is set aside at once; a fault of 500 may be the request's, so it takes three in a row."""


class _Worker(OpenAIBackend):
    """One server, and how many pictures it makes just now."""

    provider: ClassVar[Provider] = "cluster"

    def __init__(self, catalogue: Catalogue, access: Access, server: Server, decoder: Decoder) -> None:
        own = replace(
            access, key=access.key or NO_KEY, base_url=server.url, slots=server.slots, resolution="", quality=""
        )
        super().__init__(catalogue, own, decoder=decoder)
        self.server = server
        self.busy = 0

    def _fields(self, ask: Ask) -> dict[str, Any]:
        """OpenAI's fields, and those that both kinds of server have beside them."""
        extra = {
            "seed": ask.job.seed,
            "num_inference_steps": ask.job.steps,
            "guidance_scale": ask.job.guidance,
            "negative_prompt": ask.words.negative or None,
        }
        return {
            **super()._fields(ask),
            "prompt": ask.words.long_prompt or ask.words.prompt,
            "response_format": "b64_json",
            "extra_body": {name: value for name, value in extra.items() if value is not None},
        }


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
        self._workers = [_Worker(catalogue, access, server, self._decoder) for server in access.servers]
        self._breaker = CircuitBreaker()
        self._slot_left = asyncio.Event()
        self._answered: dict[str, Lane] = {}
        self._tell_room: Callable[[], None] = lambda: None

    def lanes(self, running: Mapping[Lane, int]) -> Collection[Lane]:
        """See Laned. A lane none of whose servers is up has room: its jobs end with a sentence instead of waiting."""
        busy = Counter(running)
        busy.subtract(Counter(self._answered.values()))
        up = self._up(Lane.FAST)
        kept = sum(worker.server.slots for worker in up if worker.server.fast_only)
        shared = sum(worker.server.slots for worker in up) - kept
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
            worker = await self._slot(ask.job, tried)
            try:
                picture = await self._from(worker, ask, report)
            except _ELSEWHERE as error:
                self._count_failure(worker, error)
                if error.may_be_billed and ask.model.cost_usd_micros:
                    raise
                tried[worker.server.url] = error
            else:
                self._breaker.worked(worker.server.url)
                return Answer(picture)
            finally:
                self._leave(worker)

    async def _from(self, worker: _Worker, ask: Ask, report: Report) -> bytes:
        try:
            picture = await asyncio.wait_for(worker.ask(ask, report), self._access.timeout_s)
        except TimeoutError:
            raise ProviderSilent(self._title) from None
        self._answered[ask.job.id] = ask.job.lane
        return picture

    async def _slot(self, job: Job, tried: Mapping[str, ProviderError]) -> _Worker:
        """A free slot at a server that this job has not tried: one kept for its lane first, then the least busy."""
        while True:
            left = [worker for worker in self._up(job.lane) if worker.server.url not in tried]
            if not left:
                raise self._nobody(tried)
            free = [worker for worker in left if worker.busy < worker.server.slots]
            if free:
                found = min(free, key=lambda one: (not one.server.fast_only, one.busy / one.server.slots))
                found.busy += 1
                return found
            await self._slot_left.wait()

    def _leave(self, worker: _Worker) -> None:
        worker.busy -= 1
        self._slot_left.set()
        self._slot_left = asyncio.Event()
        self._tell_room()

    def _up(self, lane: Lane) -> list[_Worker]:
        """The servers that take jobs of this lane and are not set aside."""
        return [
            worker
            for worker in self._workers
            if (lane is Lane.FAST or not worker.server.fast_only) and not self._breaker.why_open(worker.server.url)
        ]

    def _nobody(self, tried: Mapping[str, ProviderError]) -> ProviderError:
        busy = [error for error in tried.values() if isinstance(error, RateLimited)]
        if busy:
            return busy[-1]
        return NoServerLeft(self._title, all_of_them=not self._up(Lane.FAST))

    def _count_failure(self, worker: _Worker, error: ProviderError) -> None:
        if isinstance(error, RateLimited):
            return
        at_once_s = FIRST_OPEN_S if isinstance(error, _AT_ONCE) else 0.0
        kind = type(error).__name__
        log.warning("%s at the server %s", kind, worker.server.url)
        if self._breaker.failed(worker.server.url, open_s=at_once_s):
            log.error("The server %s is set aside: %s.", worker.server.url, self._breaker.why_open(worker.server.url))

    async def _hang_up(self) -> None:
        for worker in self._workers:
            await worker.close()

    def _connect(self) -> None:
        for worker in self._workers:
            worker._connect()
