"""What the hosted backends share: one request a job, watched for its cancellation, and never paid for twice.

A provider either gives a ticket that is asked after (Mage, Black Forest Labs), or the picture in its one answer
(OpenAI, Google). What was sent is written down before it is sent, so that a restart knows what may have been bought.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp

from engine.backends import Cancelled, Outcome, Report
from engine.backends.provider_errors import (
    AnswerLost,
    CircuitOpen,
    GenerationFailed,
    ProviderError,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    UnusableAnswer,
)
from engine.backends.provider_pictures import MAX_BYTES, download, is_at, reference_jpeg
from engine.backends.provider_values import cost_of
from engine.jobs.job import EngineError, Finished, Job, JobCancelled, Progress, Role, Sampling
from engine.models.catalogue import Catalogue
from engine.models.hosted_models import TITLES, Access
from engine.models.model import Model, Provider
from engine.pictures.decoding.decoder import Decoder
from engine.pictures.intake import BadPicture, CleanPicture
from engine.pictures.signing import has_manifest
from engine.sayings import worded
from engine.wording.dialects import Attached, RenderedPrompt, render

log = logging.getLogger(__name__)

T = TypeVar("T")
SENT: Final = "sent"
"""Written down before a request goes out; a ticket takes its place."""
LOOK_S: Final = 0.2
"""How often a cancellation is looked for."""
PATIENCE_S: Final = 120.0
"""How long one job waits in all because the provider says that there is too much at once."""
MOST_TURNS: Final = 60
"""How often one job is sent while the provider says that there is too much at once."""
ATTEMPT_S: Final = 60.0
"""The longest that one answer without a picture may take in all."""
UNPACKING: Final = 4
EARLY: Final = 0.9
"""The first look at a ticket comes at this part of the shortest time that its model took lately."""
MISSES: Final = 6
"""So many failures in a row while asking after a ticket, or fetching its picture, end it."""


class RequestJournal(Protocol):
    """What was asked of a provider for each job: a line of text that outlives restarts."""

    async def remember(self, job_id: str, text: str, charged_usd_micros: int | None = None) -> None:
        """`charged_usd_micros` is what the provider says that it charges for what is called so."""
        ...

    async def recall(self, job_id: str) -> str:
        """ "" when nothing was remembered."""
        ...

    async def presume_charge(self, job_id: str, usd_micros: int) -> None:
        """What was remembered last may have been billed, and nobody says how much: so much, if nothing was said."""
        ...

    async def take_back_charge(self, job_id: str) -> None:
        """What was remembered last is not billed after all."""
        ...


class JournalInMemory:
    """A journal that ends with the process. `charges` are in millionths of a US dollar."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.charges: dict[str, int] = {}

    async def remember(self, job_id: str, text: str, charged_usd_micros: int | None = None) -> None:
        self.entries[job_id] = text
        if charged_usd_micros is not None:
            self.charges[job_id] = charged_usd_micros

    async def recall(self, job_id: str) -> str:
        return self.entries.get(job_id, "")

    async def presume_charge(self, job_id: str, usd_micros: int) -> None:
        self.charges.setdefault(job_id, usd_micros)

    async def take_back_charge(self, job_id: str) -> None:
        self.charges.pop(job_id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A job made ready to be sent; `pictures` are JPEGs in the order in which the words count them."""

    job: Job
    model: Model
    words: RenderedPrompt
    aspect: str
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The picture as it came, or the address where it waits, and its seed where the provider says it."""

    picture: bytes = b""
    seed: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bought:
    """A submission that was taken: what to ask after, and its price in the provider's own units as it says it."""

    ticket: str
    units: object = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A ticket's portrait waits at `url`."""

    url: str
    seed: int | None = None


class HostedBackend(ABC):
    """One provider. `unit_s` is what waits between tries are counted in; `bills` says whether it charges.

    Without a `decoder` to share it has its own, and closes it.
    """

    provider: ClassVar[Provider]
    bills: ClassVar[bool] = True
    unbilled: ClassVar[tuple[type[ProviderError], ...]] = (GenerationFailed,)
    """After these the provider gives back what it charged."""

    def __init__(
        self,
        catalogue: Catalogue,
        access: Access,
        journal: RequestJournal | None = None,
        *,
        unit_s: float = 1.0,
        decoder: Decoder | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._access = access
        self._journal = journal or JournalInMemory()
        self._unit_s = unit_s
        self._decoder = decoder or Decoder()
        self._shares_decoder = decoder is not None
        self._title = TITLES[self.provider]
        self._hosts = frozenset(host.lower() for host in access.hosts)
        self._closing = False
        self._running: set[asyncio.Task[Any]] = set()
        self._submissions: dict[str, asyncio.Task[Any]] = {}
        self._quiet_until_s = 0.0
        self._opening = asyncio.Lock()
        self._opened = False
        self._slots = asyncio.Semaphore(access.slots)

    @property
    def slots(self) -> int:
        """How many requests the provider takes at once, and some more: finished pictures are unpacked meanwhile."""
        return self._access.slots + UNPACKING

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """Always 1: a request is a picture, and there are slots for more."""
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render."""
        return await asyncio.gather(*(self._one(job, report, cancelled) for job in batch))

    async def close(self) -> None:
        """Lets go of what is under way; what was bought is written down and asked after at the next start."""
        self._closing = True
        if self._running:
            await asyncio.wait(self._running)
        if not self._shares_decoder:
            await self._decoder.close()
        await self._hang_up()

    @abstractmethod
    async def _answer(self, ask: Ask, noted: str, report: Report) -> Answer:
        """The picture; `noted` is what is remembered of this job. Raises ProviderError."""

    async def _fetched(self, answer: Answer) -> bytes:
        """The picture of an answer that says where it is. Raises ProviderError."""
        return answer.picture

    @abstractmethod
    async def _hang_up(self) -> None:
        """Closes connections."""

    def _connect(self) -> None:
        """Imports and makes what requests need. Blocking: called once, in a thread."""
        return

    async def _call_off(self, job_id: str, ticket: str) -> None:
        """Tells the provider that nobody waits for it any more, where it can be told."""
        return

    async def _one(self, job: Job, report: Report, cancelled: Cancelled) -> Outcome:
        work = asyncio.ensure_future(self._made(job, report, cancelled))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        try:
            while not (await asyncio.wait({work}, timeout=LOOK_S))[0]:
                if self._closing or cancelled(job.id):
                    return await self._let_go(job, work)
            return work.result()
        except ProviderError as error:
            self._failed(job, error)
            await self._account_for(job, error)
            return error
        except EngineError as error:
            return error
        except Exception:
            await self._count_what_was_sent(job)
            raise
        finally:
            work.cancel()

    async def _let_go(self, job: Job, work: asyncio.Future[Finished]) -> JobCancelled:
        # An engine that stops ends its jobs a moment before it closes its backends; that is no cancellation.
        for _ in range(3):
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        submission = self._submissions.get(job.id)
        if submission is not None:
            await asyncio.wait({submission})
        noted = await self._journal.recall(job.id)
        if not self._closing and noted:
            if self.bills:
                log.warning(
                    "Cancelled after it was sent to %s, which may charge for it.", self._title, extra={"job": job.id}
                )
            await self._presume_charge(job)
            await self._call_off(job.id, noted)
        return JobCancelled()

    async def _made(self, job: Job, report: Report, cancelled: Cancelled) -> Finished:
        model = self._catalogue.get(job.model)
        noted = await self._journal.recall(job.id)
        aside = self._catalogue.breaker.why_open(self.provider)
        if aside and not noted:
            raise CircuitOpen(self._title, aside)
        await self._open()
        ask = await asyncio.to_thread(prepared, job, model)
        report(job.id, Progress(0, 1))
        began_s = perf_counter()
        async with self._slots:
            if cancelled(job.id):
                raise JobCancelled
            answer = await self._answer(ask, noted, report)
        # The provider is done with it by now: what follows takes no slot.
        raw = await self._fetched(answer)
        picture = await self._plain(raw, job)
        self._catalogue.breaker.worked(self.provider)
        return Finished(
            picture=picture.png,
            width=picture.width,
            height=picture.height,
            seed=job.seed if answer.seed is None else answer.seed,
            words=ask.words,
            model_title=model.title,
            note=model.note,
            steps=job.steps,
            render_s=perf_counter() - began_s,
            batch=1,
            sampling=self._sampling(ask, answer),
            by_provider=raw if has_manifest(raw) else b"",
        )

    def _sampling(self, ask: Ask, answer: Answer) -> Sampling:
        """What is known of how it was sampled: what the provider was told and takes, or says itself."""
        told = ask.job.seed if ask.model.seeded else None
        return Sampling(seed=told if answer.seed is None else answer.seed)

    async def _plain(self, raw: bytes, job: Job) -> CleanPicture:
        if len(raw) > MAX_BYTES:
            raise UnusableAnswer(self._title, worded("the picture is too large"))
        try:
            return await self._decoder.plain(raw, job.user)
        except BadPicture:
            raise UnusableAnswer(self._title, worded("the picture is damaged or too large")) from None

    async def _open(self) -> None:
        async with self._opening:
            if not self._opened:
                await asyncio.to_thread(self._connect)
                self._opened = True

    def _failed(self, job: Job, error: ProviderError) -> None:
        """Tells the operator, without a word of the prompt, and counts what speaks against the provider."""
        kind = type(error).__name__
        if error.may_be_billed and self.bills:
            log.error("%s: %s may charge for a portrait that did not arrive.", kind, self._title, extra={"job": job.id})
        elif not isinstance(error, CircuitOpen):
            status = getattr(error, "status", "")
            log.warning("%s at %s %s", kind, self._title, status, extra={"job": job.id})
        if error.blames and self._catalogue.breaker.failed(self.provider, open_s=error.open_s):
            log.error("%s is set aside: %s.", self._title, self._catalogue.breaker.why_open(self.provider))

    async def _account_for(self, job: Job, error: ProviderError) -> None:
        """What a failure costs the operator."""
        if isinstance(error, self.unbilled):
            await self._journal.take_back_charge(job.id)
        elif error.may_be_billed or self._is_bought(await self._journal.recall(job.id)):
            await self._presume_charge(job)

    async def _count_what_was_sent(self, job: Job) -> None:
        """Whatever broke on this side, the provider may charge for what it was sent."""
        if await self._journal.recall(job.id):
            await self._presume_charge(job)

    async def _presume_charge(self, job: Job) -> None:
        if self.bills:
            await self._journal.presume_charge(job.id, self._catalogue.get(job.model).cost_usd_micros)

    def _is_bought(self, noted: str) -> bool:
        """Whether what is remembered says that the provider took the request."""
        return False

    async def _patiently(self, job: Job, call: Callable[[], Awaitable[T]]) -> T:
        """Waits as told while there is too much at once: nothing was accepted then, so it may be sent again."""
        waited_s, attempt = 0.0, 0
        while True:
            await self._until_quiet_ends()
            try:
                return await call()
            except RateLimited as error:
                await self._journal.remember(job.id, "")
                usual_s = 2.0 * 2**attempt * self._unit_s
                # Whoever says "at once" for ever is asked ever more rarely all the same.
                wait_s = usual_s if error.wait_s is None else max(error.wait_s, min(usual_s / 8, self._unit_s))
                attempt += 1
                waited_s += wait_s
                if waited_s > PATIENCE_S or attempt > MOST_TURNS:
                    raise
                # All jobs of the provider wait, not only the one that was told to.
                self._quiet_until_s = max(self._quiet_until_s, perf_counter() + wait_s)

    async def _until_quiet_ends(self) -> None:
        while (left_s := self._quiet_until_s - perf_counter()) > 0:  # noqa: ASYNC110 - it may be moved meanwhile
            await asyncio.sleep(left_s * (1 + 0.1 * random.random()))

    async def _to_its_end(self, job: Job, buying: Coroutine[Any, Any, T]) -> T:
        """Awaits a call that goes on when the waiting is cancelled: its answer says what was bought."""
        task = asyncio.create_task(buying)
        self._submissions[job.id] = task
        task.add_done_callback(lambda done: self._over(job.id, done))
        return await asyncio.shield(task)

    def _over(self, job_id: str, task: asyncio.Task[Any]) -> None:
        self._submissions.pop(job_id, None)
        if not task.cancelled():
            task.exception()  # seen: whoever waited for it may have gone


class TicketedBackend(HostedBackend):
    """A provider that answers with a ticket. `keyed`: it knows a repeated request by its idempotency key."""

    keyed: ClassVar[bool] = False

    def __init__(
        self,
        catalogue: Catalogue,
        access: Access,
        journal: RequestJournal | None = None,
        *,
        unit_s: float = 1.0,
        decoder: Decoder | None = None,
    ) -> None:
        super().__init__(catalogue, access, journal, unit_s=unit_s, decoder=decoder)
        self._lasted_s: dict[str, deque[float]] = {}
        self._session: aiohttp.ClientSession | None = None

    @abstractmethod
    async def submit(self, ask: Ask) -> Bought:
        """Buys the portrait. Raises ProviderError."""

    @abstractmethod
    async def look(self, ticket: str) -> Ready | None:
        """The portrait when it is there, None while it is being made. Raises ProviderError."""

    async def _answer(self, ask: Ask, noted: str, report: Report) -> Answer:
        ticket = noted
        if noted in ("", SENT):
            if noted == SENT and not self.keyed:
                raise AnswerLost(self._title)
            ticket = await self._patiently(ask.job, lambda: self._to_its_end(ask.job, self._bought(ask)))
        ready = await self._awaited(ask, ticket)
        if not self._is_providers(ready.url):
            raise UnusableAnswer(self._title, worded("the picture is at an address that is not the provider's"))
        return Answer(url=ready.url, seed=ready.seed)

    async def _fetched(self, answer: Answer) -> bytes:
        return await self._persistently(lambda: download(self._http(), answer.url, self._title))

    async def _bought(self, ask: Ask) -> str:
        await self._journal.remember(ask.job.id, SENT)
        bought = await self.submit(ask)
        await self._journal.remember(ask.job.id, bought.ticket, self._charged(ask, bought.units))
        return bought.ticket

    def _charged(self, ask: Ask, units: object) -> int | None:
        """What the provider says that it charges, in millionths of a US dollar; None when it says nothing."""
        if units is None or not self._access.unit_usd:
            return None
        price = ask.model.cost_usd_micros
        charged = cost_of(units, self._access.unit_usd, price)
        if charged is None:
            log.warning("%s names a cost that cannot be; the price in the settings counts.", self._title)
        return price if charged is None else charged

    async def _awaited(self, ask: Ask, ticket: str) -> Ready:
        lasted_s = self._lasted_s.setdefault(ask.model.id, deque(maxlen=8))
        began_s = perf_counter()
        while True:
            await asyncio.sleep(_pause_s(perf_counter() - began_s, min(lasted_s, default=0.0)) * self._unit_s)
            ready = await self._persistently(lambda: self.look(ticket))
            if ready is not None:
                lasted_s.append(perf_counter() - began_s)
                return ready

    async def _persistently(self, call: Callable[[], Awaitable[T]]) -> T:
        """For what may be asked again without harm. Raises AnswerLost when it keeps failing."""
        # By hand, not by tenacity: a provider that names its own wait is given it.
        for miss in range(MISSES):
            try:
                return await call()
            except (ProviderUnreachable, ProviderFailing, ProviderSilent, RateLimited) as error:
                told_s = error.wait_s if isinstance(error, RateLimited) else None
                log.info("%s while asking %s after a portrait", type(error).__name__, self._title)
                await asyncio.sleep(min(told_s, PATIENCE_S) if told_s is not None else 2**miss * self._unit_s)
        raise AnswerLost(self._title)

    def _is_bought(self, noted: str) -> bool:
        return noted not in ("", SENT)

    def _is_providers(self, url: object) -> bool:
        """Whether the address is at the provider's own hosts, as the settings have them."""
        base = urlsplit(self._access.base_url)
        ports = () if base.port is None else (base.port,)
        return is_at(url, self._hosts, plain_http=base.scheme == "http", ports=ports)

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,  # `answers` does it, and counts
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._access.timeout_s, connect=20),
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._session

    async def _hang_up(self) -> None:
        if self._session is not None:
            await self._session.close()


class DirectBackend(HostedBackend):
    """A provider whose one answer holds the picture."""

    @abstractmethod
    async def ask(self, ask: Ask, report: Report) -> bytes:
        """The picture. Raises ProviderError."""

    async def _answer(self, ask: Ask, noted: str, report: Report) -> Answer:
        if noted:
            raise AnswerLost(self._title)
        return Answer(await self._patiently(ask.job, lambda: self._asked(ask, report)))

    async def _asked(self, ask: Ask, report: Report) -> bytes:
        await self._journal.remember(ask.job.id, SENT)
        try:
            return await asyncio.wait_for(self.ask(ask, report), self._access.timeout_s)
        except TimeoutError:
            raise ProviderSilent(self._title) from None


def prepared(job: Job, model: Model) -> Ask:
    """The job in the words of its model, with as many pictures as it takes: the one to change, faces, the others.

    Blocking.
    """
    room = model.references - (job.edit is not None)
    taken = sorted(job.references, key=lambda reference: reference.role is not Role.FACE)[: max(0, room)]
    words = render(
        job.prompt,
        model.family,
        characters=[reference.handle for reference in taken if reference.role is Role.FACE],
        others=[Attached(reference.handle, reference.role) for reference in taken if reference.role is not Role.FACE],
        change=job.edit.words if job.edit else "",
        looks=job.looks(),
    )
    paths = [*([job.edit.path] if job.edit else []), *(reference.path for reference in taken)]
    return Ask(
        job=job,
        model=model,
        words=words,
        aspect=_aspect(job, model),
        pictures=tuple(reference_jpeg(path) for path in paths),
    )


def _aspect(job: Job, model: Model) -> str:
    size = (job.width, job.height)
    exact = next((aspect for aspect, its_size in model.sizes.items() if its_size == size), None)
    shape = job.width / job.height
    return exact or min(model.sizes, key=lambda aspect: abs(model.sizes[aspect][0] / model.sizes[aspect][1] - shape))


def _pause_s(elapsed_s: float, usual_s: float) -> float:
    """Seconds until the next look: shortly before it is usually there, then often; without experience, ever rarer."""
    if not usual_s:
        return min(3.0, max(0.25, 0.1 * elapsed_s))
    if elapsed_s < EARLY * usual_s:
        return EARLY * usual_s - elapsed_s
    return min(3.0, max(0.1, 0.05 * usual_s))
