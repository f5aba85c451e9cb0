"""Accounts (one per server and user), their credits and their tier.

Every change of a balance is one ledger entry in the same transaction; see `data.ledger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database
from data.ledger import Entry

FREE = "free"
UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Account:
    """One user's account in one server (guild 0: direct messages), as of the `now` it was asked with.

    `allowance_left` is the part of `balance` that comes from the day's allowance.
    """

    id: int
    guild_id: int
    user_id: int
    balance: int
    allowance_left: int
    tier: str
    tier_until: float | None


@dataclass(frozen=True, slots=True)
class TierChange:
    """One line of an account's tier history; `kind` is "grant", "revoke" or "expiry"."""

    id: int
    kind: str
    tier: str
    until: float | None
    actor_id: int
    reason: str
    created_at: float


@dataclass(frozen=True, slots=True)
class GrantLimits:
    """What one moderator may grant in one server since `since` (None: no limit)."""

    since: float
    credits: int | None = None
    tiers: int | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """What a moderator has granted: credits in sum, and how many tiers."""

    credits: int
    tiers: int


class Accounts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(
        self, guild_id: int, user_id: int, *, now: float, allowance: int = 0, day: str | None = None
    ) -> Account:
        """The account, created when new. A tier whose end has come is ended.

        With `day` (ISO date in the server's time zone) the first call of a day takes back what is left of an
        earlier day's allowance and gives `allowance`. A day before the last one given changes nothing.
        """
        raise NotImplementedError

    async def find(self, guild_id: int, user_id: int, *, now: float) -> Account | None:
        """The account without creating it."""
        raise NotImplementedError

    async def grant(
        self,
        guild_id: int,
        user_id: int,
        amount: int,
        *,
        key: str,
        actor_id: int,
        reason: str = "",
        now: float,
        limits: GrantLimits | None = None,
    ) -> Entry:
        """Give `amount` > 0 credits, once per `key`; audited. Raises `GrantLimitReached`."""
        raise NotImplementedError

    async def revoke(
        self,
        guild_id: int,
        user_id: int,
        amount: int,
        *,
        key: str,
        actor_id: int,
        reason: str = "",
        now: float,
    ) -> Entry:
        """Take up to `amount` > 0 credits, at most what is there (`-entry.amount` were taken); audited."""
        raise NotImplementedError

    async def grant_tier(
        self,
        guild_id: int,
        user_id: int,
        tier: str,
        *,
        until: float | None,
        key: str,
        actor_id: int,
        reason: str = "",
        now: float,
        limits: GrantLimits | None = None,
    ) -> Account:
        """Set the tier until `until` (None: without an end), once per `key`; audited."""
        raise NotImplementedError

    async def revoke_tier(
        self, guild_id: int, user_id: int, *, key: str, actor_id: int, reason: str = "", now: float
    ) -> Account:
        """Back to the free tier, once per `key`; audited."""
        raise NotImplementedError

    async def granted(self, guild_id: int, actor_id: int, *, since: float) -> Granted:
        """What this moderator has granted in this server since `since`."""
        raise NotImplementedError

    async def tiers_ending(self, *, before: float) -> Sequence[Account]:
        """Accounts whose tier ends before `before` and who have not been told of this end."""
        raise NotImplementedError

    async def mark_told(self, account: Account) -> None:
        """Remember that the user was told of `account.tier_until`."""
        raise NotImplementedError

    async def history(self, account_id: int, *, before_id: int | None = None, limit: int = 10) -> Sequence[Entry]:
        """Ledger entries, newest first; the next page begins before the last entry's id."""
        raise NotImplementedError

    async def tier_history(self, account_id: int, *, limit: int = 10) -> Sequence[TierChange]:
        """Changes of the tier, newest first."""
        raise NotImplementedError
