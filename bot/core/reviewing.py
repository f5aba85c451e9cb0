"""Reviews of finished portraits: each is looked at once, one at a time and in a process apart, and its review is kept.

A review is never in an order's way: where there is none, the portrait goes out without.
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Protocol

from bot.core.settings import Settings
from bot.core.stores import Stores
from data.core.data_errors import PictureMissing
from data.orders.jobs import Order
from data.pictures.kept_reviews import KeptReview
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.models.model import BUILTIN_ID
from engine.prompt import NOTHING, PortraitPrompt
from engine.review import portrait_review
from engine.review.judged_parts import PortraitReview, References, as_data, from_data
from engine.review.portrait_review import NotReviewed
from engine.review.ranking import overall

log = logging.getLogger(__name__)

SOON_S: Final = 4.0
"""How long a portrait waits for its review before it is stored: under load it goes out without the line on its card,
and the button has it."""


class Judge(Protocol):
    """Reviews a picture that was asked for with a prompt, of these faces. Blocking; raises NotReviewed.

    `photographic` is whether a model made it whose pictures are like photographs.
    """

    def __call__(
        self, picture: bytes, prompt: PortraitPrompt, references: References, /, *, photographic: bool
    ) -> PortraitReview: ...


class Reviewer:
    """`judge` None: `engine.review`. Whoever waits for a look takes no thread."""

    def __init__(self, settings: Settings, stores: Stores, judge: Judge | None = None) -> None:
        self._settings = settings
        self._stores = stores
        self._judge = judge or portrait_review.review
        self._own = judge is None
        self._turn = asyncio.Lock()
        self._once = asyncio.Lock()
        self._late: dict[int, asyncio.Task[None]] = {}

    def missing(self) -> str:
        """Why nothing is reviewed here, as a clause; "" when it is."""
        return portrait_review.missing() if self._own else ""

    @property
    def bar(self) -> float:
        """Below this figure of its review a portrait is made again; 0: never."""
        return 0.0 if self.missing() else self._settings.review_retry_below

    async def look(self, order: Order, picture: bytes, prompt: PortraitPrompt, model: str) -> KeptReview | None:
        """The review of a picture of an order that a model made, by its id; None where it could not be reviewed, which
        the log tells."""
        if self.missing():
            return None
        # What an edit asks for is not what the prompt of the picture before it says.
        asked = prompt if order.edit is None else NOTHING
        try:
            faces = await self._faces(order.id)
            async with self._turn:
                review = await asyncio.to_thread(
                    partial(self._judge, picture, asked, faces, photographic=model != BUILTIN_ID)
                )
            return KeptReview(overall(review), json.dumps(as_data(review), ensure_ascii=False))
        except NotReviewed as error:
            log.warning("a portrait was not reviewed: %s", error, extra={"job": order.id})
        except Exception:
            log.exception("a portrait could not be reviewed", extra={"job": order.id})
        return None

    def begin(
        self, order: Order, picture: bytes, prompt: PortraitPrompt, model: str
    ) -> asyncio.Task[KeptReview | None] | None:
        """A look at a picture beside what else is done with it; None where its review is not wanted by itself."""
        if not (self._settings.review_shown or order.best_of or compares_models(order)) or self.missing():
            return None
        return asyncio.create_task(self.look(order, picture, prompt, model), name=f"review-{order.id}")

    async def soon(self, looking: asyncio.Task[KeptReview | None]) -> KeptReview | None:
        """What a look has come to in a moment, if it has."""
        await asyncio.wait({looking}, timeout=SOON_S)
        return looking.result() if looking.done() else None

    def later(self, portrait: Portrait, looking: asyncio.Task[KeptReview | None]) -> None:
        """Keep what a look comes to for a portrait that did not wait for it."""
        task = asyncio.create_task(self._keep_late(portrait, looking), name=f"late-review-{portrait.id}")
        self._late[portrait.id] = task
        task.add_done_callback(lambda _: self._late.pop(portrait.id, None))

    async def _keep_late(self, portrait: Portrait, looking: asyncio.Task[KeptReview | None]) -> None:
        try:
            if (review := await looking) is not None:
                await self._stores.reviews.keep(portrait.id, review, time.time())
        except Exception:
            log.exception("a review could not be kept", extra={"job": portrait.job_id})

    async def of_portraits(self, order: Order, portraits: Sequence[Portrait[PictureSpec]]) -> dict[int, KeptReview]:
        """The reviews of portraits of an order by their ids; those that have none yet are looked at and kept."""
        if late := {self._late[one.id] for one in portraits if one.id in self._late}:
            await asyncio.wait(late)
        known = await self._stores.reviews.of([one.id for one in portraits])
        for one in portraits:
            if one.id not in known and (review := await self._looked_at(order, one)) is not None:
                known[one.id] = review
        return known

    async def _looked_at(self, order: Order, portrait: Portrait[PictureSpec]) -> KeptReview | None:
        """The review of a stored portrait, which somebody else may have asked for at the same time."""
        async with self._once:
            if (known := (await self._stores.reviews.of([portrait.id])).get(portrait.id)) is not None:
                return known
            try:
                picture = await self._stores.pictures.read(portrait.sha256)
            except PictureMissing:
                return None
            review = await self.look(order, picture, portrait.spec.prompt, portrait.spec.model)
            if review is not None:
                await self._stores.reviews.keep(portrait.id, review, time.time())
            return review

    async def close(self) -> None:
        """No look goes on: what is missing is looked at when it is needed."""
        if self._own:
            portrait_review.stop()
        late = list(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _faces(self, order_id: str) -> References:
        """The embeddings of an open order's saved faces, one list for each."""
        found: dict[str, list[bytes]] = {}
        for face in await self._stores.attempts.pinned_faces(order_id):
            if face.embedding:
                found.setdefault(face.handle, []).append(face.embedding)
        return list(found.values())


def compares_models(order: Order[Any]) -> bool:
    """Whether it is a series of several models, whose reviews are shown side by side."""
    return order.series_id is not None and len({row.spec.model for row in order.jobs}) > 1


def read(kept: KeptReview | None) -> PortraitReview | None:
    """None where there is none that can be read: an older version may have kept it."""
    return None if kept is None else read_text(kept.told)


def read_text(told: str | None) -> PortraitReview | None:
    """As `read`, of the review's text."""
    try:
        return from_data(json.loads(told or ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
