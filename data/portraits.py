"""Stored portraits: the recipe of each, its picture and the message that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database
from data.pictures import PictureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitFacts:
    """What only the engine knows about a finished portrait; `words` and `negative` are what the model was given."""

    seed: int
    model_title: str
    words: str
    negative: str
    steps: int
    guidance: float
    render_s: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Portrait:
    id: int
    job_id: str
    order_id: str
    guild_id: int
    channel_id: int
    message_id: int | None
    user_id: int
    sha256: str
    width: int
    height: int
    seed: int
    model: str
    model_title: str
    prompt: str
    words: str
    negative: str
    steps: int
    guidance: float
    render_s: float
    note: str
    parent_id: int | None
    created_at: float


class Portraits:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def get(self, portrait_id: int) -> Portrait | None:
        """The portrait, or None when it never was or has been deleted."""
        raise NotImplementedError

    async def by_message(self, message_id: int) -> tuple[Portrait, ...]:
        """The portraits that a message shows, in the order of their jobs."""
        raise NotImplementedError

    async def of_order(self, order_id: str) -> tuple[Portrait, ...]:
        """The portraits of an order, in the order of their jobs."""
        raise NotImplementedError

    async def of_user(
        self, guild_id: int | None, user_id: int, *, before_id: int | None = None, limit: int = 10
    ) -> Sequence[Portrait]:
        """The user's portraits in one server (None: everywhere), newest first; keyset paging by `before_id`."""
        raise NotImplementedError

    async def latest(self, user_id: int, guild_id: int | None = None) -> Portrait | None:
        raise NotImplementedError

    async def set_message(self, portrait_id: int, message_id: int, channel_id: int) -> None:
        """Which message shows the portrait."""
        raise NotImplementedError

    async def delete(self, portrait_id: int, now: float) -> bool:
        """Blank the recipe and let go of the picture; False when it was gone already."""
        raise NotImplementedError
