"""Orders and their jobs: what was ordered, how far it is, and the credits it holds.

One order is one message; one job is one picture and one hold. A job's life:
waiting → running → rendered (its portrait is stored) → delivered (settled), or failed | cancelled (refunded).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from data.database import Database
from data.pictures import PictureStore, StagedPicture
from data.portraits import Portrait, PortraitFacts

State = Literal["waiting", "running", "rendered", "delivered", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One picture to be made. `price` in credits; `cost_usd_micros` is what a hosted provider will charge."""

    model: str
    lane: str
    seed: int
    width: int
    height: int
    steps: int
    guidance: float
    price: int
    provider: str = "local"
    cost_usd_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """`source` says where the order came from and is unique (such as "interaction:123").

    `upload_limit` is what one attachment of the answer may have, in bytes (0: not said).
    `references` are ids of `CharacterReference`s of the same user. `tier`, when given, is the tier that the
    prices rest on: an account that has lost it is refused with `TierEnded`.
    """

    id: str
    source: str
    guild_id: int
    channel_id: int
    user_id: int
    prompt: str
    jobs: tuple[NewJob, ...]
    token: str | None = None
    token_expires_at: float | None = None
    message_id: int | None = None
    upload_limit: int = 0
    parent_portrait_id: int | None = None
    references: tuple[int, ...] = ()
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class OrderReference:
    """A reference picture pinned by an order: its file stays until the order is closed."""

    position: int
    handle: str
    sha256: str


@dataclass(frozen=True, slots=True)
class JobRow:
    id: str
    order_id: str
    position: int
    arrival: int
    model: str
    provider: str
    lane: str
    seed: int
    width: int
    height: int
    steps: int
    guidance: float
    price: int
    state: State
    attempts: int
    portrait_id: int | None
    error: str
    created_at: float
    started_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Order:
    """`created` is False when `place` found that the same source had ordered already.

    `sending_since` is when a new message was first sent for it (see `sending`), epoch seconds.
    `balance` is the account's balance when the order was read (after its holds, in the answer of `place`).
    """

    id: str
    source: str
    account_id: int
    guild_id: int
    channel_id: int
    user_id: int
    prompt: str
    token: str | None
    token_expires_at: float | None
    message_id: int | None
    upload_limit: int
    sending_since: float | None
    parent_portrait_id: int | None
    state: Literal["open", "closed"]
    created_at: float
    balance: int
    jobs: tuple[JobRow, ...]
    references: tuple[OrderReference, ...]
    created: bool


@dataclass(frozen=True, slots=True)
class SpendCeiling:
    """At most `limit_usd_micros` for `provider` since `since`; of one user, or (None) of all."""

    provider: str
    since: float
    limit_usd_micros: int
    user_id: int | None = None


class Orders:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def place(self, order: NewOrder, *, now: float, ceilings: Sequence[SpendCeiling] = ()) -> Order:
        """Write the order, its jobs and their holds, and debit the account, in one commit.

        Raises `InsufficientCredits`, `TierEnded`, `CharacterGone`, `CeilingReached`, `NoSpace`: nothing is changed.
        """
        raise NotImplementedError

    async def get(self, order_id: str) -> Order | None:
        raise NotImplementedError

    async def job(self, job_id: str) -> JobRow | None:
        raise NotImplementedError

    async def open_orders(self) -> Sequence[Order]:
        """Orders that are not closed, in order of arrival."""
        raise NotImplementedError

    async def of_user(self, guild_id: int, user_id: int, *, limit: int = 25) -> Sequence[Order]:
        """The user's orders, newest first."""
        raise NotImplementedError

    async def set_message(self, order_id: str, message_id: int, channel_id: int) -> None:
        """Where the order's status message is."""
        raise NotImplementedError

    async def sending(self, order_id: str, now: float) -> None:
        """Write down, before a new message is sent, that one is: its outcome may stay unknown. The first time counts."""
        raise NotImplementedError

    async def starting(self, job_ids: Collection[str], now: float) -> frozenset[str]:
        """Count an attempt and mark the jobs as running; returns those that may start (not ended meanwhile)."""
        raise NotImplementedError

    async def requeue(self, job_ids: Collection[str]) -> None:
        """Running jobs wait again (graceful stop). Attempts stay counted unless the jobs never ran."""
        raise NotImplementedError

    async def store(self, job_id: str, staged: StagedPicture, facts: PortraitFacts, now: float) -> Portrait:
        """Keep the portrait and mark the job as rendered; a second call returns the first portrait.

        Raises `JobOver` when the job was cancelled or failed meanwhile (the staged picture is removed).
        """
        raise NotImplementedError

    async def settle(self, job_id: str, now: float) -> JobRow:
        """The portrait was delivered: the hold is spent. Idempotent. Raises `NotRendered`, `JobOver`."""
        raise NotImplementedError

    async def end(
        self,
        job_id: str,
        state: Literal["failed", "cancelled"],
        error: str,
        now: float,
        *,
        rendered_too: bool = False,
    ) -> JobRow:
        """End the job and refund its hold. Returns the job as it is afterwards.

        A job that has ended, or is rendered (unless `rendered_too`), is left as it is.
        """
        raise NotImplementedError

    async def close(self, order_id: str) -> None:
        """The order's message is final: nothing is to be done after a restart. Lets go of its references."""
        raise NotImplementedError

    async def spent_usd_micros(self, provider: str, *, since: float, user_id: int | None = None) -> int:
        """What jobs of a provider that were not refunded have cost since `since`."""
        raise NotImplementedError
