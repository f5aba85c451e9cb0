"""Several cards behind one queue: a backend each, every one with its own worker and its own models in memory."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from engine.backends import (
    Backend,
    BackendLost,
    Cancelled,
    CardMemory,
    Housing,
    Keeping,
    Laned,
    ModelPlace,
    Outcome,
    ReadingBeside,
    Remembering,
    RenderInterrupted,
    Report,
    Warming,
)
from engine.jobs.job import Job, Lane, Loading, NotOnThisCard
from engine.models.model import Model

log = logging.getLogger(__name__)


class _CardInUse:
    """One card: what runs on it, and which models it cannot hold."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self.backend = backend
        self.running: Counter[Lane] = Counter()
        self.unfit: dict[str, NotOnThisCard] = {}

    @property
    def ready(self) -> Collection[str]:
        return self.backend.ready if isinstance(self.backend, Keeping) else ()

    @property
    def only_ready(self) -> bool:
        return isinstance(self.backend, ReadingBeside) and self.backend.only_ready

    def takes(self, model_id: str) -> bool:
        """Whether a batch of this model may start on it now."""
        return self.is_free and model_id not in self.unfit and (not self.only_ready or model_id in self.ready)

    @property
    def is_free(self) -> bool:
        if isinstance(self.backend, Laned):
            return bool(self.backend.lanes(self.running))
        return self.running.total() < self.backend.slots


class SeveralCards:
    """Hands each batch to one card: a free one that has the model in memory, else the one with the fewest models.

    A card that fails is left out until the next start, and what ran on it starts again on another; only when no card is
    left is the backend lost. A model that one card cannot hold goes to one that can.
    """

    def __init__(self, cards: Mapping[str, Backend]) -> None:
        """`cards` are the backends by the names of their devices, such as "cuda:1"."""
        self._cards = [_CardInUse(name, backend) for name, backend in cards.items()]
        self._lost: list[_CardInUse] = []
        self._assigned: dict[str, _CardInUse | None] = {}
        """The card of each batch, by its first job's id; None while it waits for one that can hold its model."""
        self._freed = asyncio.Event()
        self._tell_room: Callable[[], None] = lambda: None

    @property
    def slots(self) -> int:
        """How many batches run at once: one for each card that works."""
        return sum(card.backend.slots for card in self._cards)

    @property
    def ready(self) -> Collection[str]:
        """See Keeping.ready: the models on cards that are free, so that the queue prefers what need not be loaded."""
        return {model for card in self._cards if card.is_free for model in card.ready}

    @property
    def only_ready(self) -> bool:
        """See ReadingBeside.only_ready: where no free card would take anything else."""
        return all(card.only_ready for card in self._cards if card.is_free)

    @property
    def places(self) -> Sequence[ModelPlace]:
        """See Housing.places."""
        return [place for card in self._cards if isinstance(card.backend, Housing) for place in card.backend.places]

    def card_memory(self) -> Sequence[CardMemory]:
        """See Housing.card_memory."""
        houses = [card.backend for card in list(self._cards) if isinstance(card.backend, Housing)]
        return [memory for house in houses for memory in house.card_memory()]

    async def warm(self, model: Model) -> None:
        """See Warming.warm: on every card that can hold it. Raises what `render` raises where none can."""
        failed: list[Exception] = []

        async def ready(card: _CardInUse, backend: Warming) -> None:
            try:
                await backend.warm(model)
            except Exception as error:  # noqa: BLE001 - one card's fault is not the others'; it is told
                log.warning("%s is not ready on %s: %s.", model.title, card.name, str(error).rstrip("."))
                failed.append(error)

        able = [(card, card.backend) for card in self._cards if isinstance(card.backend, Warming)]
        await asyncio.gather(*(ready(card, backend) for card, backend in able))
        if failed and len(failed) == len(able):
            raise failed[0]

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """What fits on every card, since it is not settled yet which takes it."""
        return min((card.backend.max_batch(model, size) for card in self._cards), default=1)

    def lanes(self, running: Mapping[Lane, int]) -> Collection[Lane]:
        """See Laned.lanes. None while a batch waits for a card that can hold its model: it is next."""
        waits = any(card is None for card in self._assigned.values())
        return () if waits or not any(card.is_free for card in self._cards) else tuple(Lane)

    def on_room(self, tell: Callable[[], None]) -> None:
        """See Laned.on_room."""
        self._tell_room = tell
        for card in self._cards:
            if isinstance(card.backend, Laned):
                card.backend.on_room(self._has_room)

    def assign(self, head: Job) -> None:
        """See Assigning.assign."""
        card = self._assigned[head.id] = self._best(head.model)
        if card is not None:
            card.running[head.lane] += 1

    def release(self, head: Job) -> None:
        """See Assigning.release."""
        card = self._assigned.pop(head.id)
        if card is not None:
            card.running[head.lane] -= 1
        self._has_room()

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render."""
        head = batch[0]
        while True:
            card = self._assigned[head.id] or await self._suitable(batch, report)
            try:
                return await card.backend.render(batch, report, cancelled)
            except NotOnThisCard as error:
                log.warning("%s does not go on %s: %s.", head.model, card.name, error.reason)
                card.unfit[head.model] = error
                self._give_up(head, card)
            except BackendLost as error:
                self._lose(card, str(error))
                raise RenderInterrupted(f"{card.name} failed") from error

    async def forget(self, pictures: Collection[str]) -> None:
        """See Remembering.forget."""
        backends = [card.backend for card in self._cards]
        await asyncio.gather(*(one.forget(pictures) for one in backends if isinstance(one, Remembering)))

    async def close(self) -> None:
        """See Backend.close."""
        await asyncio.gather(*(card.backend.close() for card in (*self._cards, *self._lost)))

    def _best(self, model_id: str) -> _CardInUse | None:
        free = [card for card in self._cards if card.takes(model_id)]
        return min(free, key=lambda card: (model_id not in card.ready, len(card.ready)), default=None)

    async def _suitable(self, batch: Sequence[Job], report: Report) -> _CardInUse:
        """A card that can hold the model, as soon as one is free. Raises NotOnThisCard where there is none."""
        head = batch[0]
        for job in batch:
            report(job.id, Loading(job.model))  # their time does not run meanwhile
        while True:
            refusals = [card.unfit.get(head.model) for card in self._cards]
            if refusals and all(refusals):
                raise next(error for error in refusals if error)
            card = self._best(head.model)
            if card is not None:
                self._assigned[head.id] = card
                card.running[head.lane] += 1
                self._tell_room()
                return card
            await self._freed.wait()

    def _give_up(self, head: Job, card: _CardInUse) -> None:
        self._assigned[head.id] = None
        card.running[head.lane] -= 1
        self._has_room()

    def _lose(self, card: _CardInUse, reason: str) -> None:
        """Raises BackendLost where it was the last."""
        if card in self._cards:
            self._cards.remove(card)
            self._lost.append(card)
        self._has_room()
        if not self._cards:
            raise BackendLost(f"{card.name}: {reason}")
        left = ", ".join(one.name for one in self._cards)
        log.critical("%s is left out until the next start: %s. What is left: %s.", card.name, reason, left)

    def _has_room(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()
        self._tell_room()
