"""Accounts (one per server and user), their credits and their tier.

Every change of a balance is one ledger entry in the same transaction; see `ledger` and `balances` beside this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from data.core import audit
from data.core.data_errors import BadAmount, GrantLimitReached, KeyReused
from data.core.database import Database, Transaction
from data.core.rows import of_row
from data.credits import ledger, tier_rows
from data.credits.balances import account_row, allowance_due, renew_allowance
from data.credits.ledger import LedgerEntry, NewEntry, entry_of
from data.credits.tier_rows import FREE as FREE
from data.credits.tier_rows import UNLIMITED as UNLIMITED
from data.credits.tier_rows import TierChange as TierChange

MAX_AMOUNT = 1_000_000_000

# With what they granted before they had everything of theirs erased and came back.
_GRANTED = """
WITH actors AS (SELECT :actor AS id UNION ALL SELECT pseudonym FROM erasures WHERE user_id = :actor)
SELECT
    (SELECT coalesce(sum(l.amount), 0) FROM ledger l JOIN accounts a ON a.id = l.account_id
     WHERE l.kind = 'grant' AND l.actor_id IN actors AND l.created_at >= :since AND a.guild_id = :guild) AS credits,
    (SELECT count(*) FROM tier_changes t JOIN accounts a ON a.id = t.account_id
     WHERE t.kind = 'grant' AND t.actor_id IN actors AND t.created_at >= :since AND a.guild_id = :guild) AS tiers
"""


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
        row = await self._row(guild_id, user_id)
        if row is not None and not tier_rows.has_ended(row, now) and not allowance_due(row, day, allowance):
            return _account(row, now)
        async with self._db.storing(user_id) as tx:
            row = await account_row(tx, guild_id, user_id, now)
            row = await tier_rows.end_when_due(tx, row, now)
            if day is not None and allowance_due(row, day, allowance):
                row = await renew_allowance(tx, row, day, allowance, now)
        return _account(row, now)

    async def find(self, guild_id: int, user_id: int, *, now: float) -> Account | None:
        """The account without creating it."""
        row = await self._row(guild_id, user_id)
        return None if row is None else _account(row, now)

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
    ) -> LedgerEntry:
        """Give `amount` > 0 credits, once per `key`; audited. Raises `GrantLimitReached`, `BadAmount`."""
        _check_amount(amount)
        async with self._db.storing(user_id, actor_id) as tx:
            row = await account_row(tx, guild_id, user_id, now)
            if (first := await _first(tx, f"grant:{key}", row, amount)) is not None:
                return first
            await _check_limits(tx, guild_id, actor_id, limits, credits=amount)
            entry = await _change(tx, row, "grant", amount, f"grant:{key}", actor_id, reason, now)
            detail = f"{amount} credits, {entry.balance_after} then"
            await audit.record(
                tx, guild_id, actor_id, "grant credits", target_id=user_id, detail=detail, reason=reason, now=now
            )
        return entry

    async def revoke(
        self, guild_id: int, user_id: int, amount: int, *, key: str, actor_id: int, reason: str = "", now: float
    ) -> LedgerEntry:
        """Take up to `amount` > 0 credits, at most what is there (`-entry.amount` were taken); audited."""
        _check_amount(amount)
        async with self._db.storing(user_id, actor_id) as tx:
            row = await account_row(tx, guild_id, user_id, now)
            if (first := await _first(tx, f"revoke:{key}", row, None)) is not None:
                return first
            taken = min(amount, row["balance"])
            entry = await _change(tx, row, "adjust", -taken, f"revoke:{key}", actor_id, reason, now)
            detail = f"{taken} credits, {entry.balance_after} then"
            await audit.record(
                tx, guild_id, actor_id, "revoke credits", target_id=user_id, detail=detail, reason=reason, now=now
            )
        return entry

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
        """Set the tier until `until` (None: without an end), once per `key`; audited.

        Raises `GrantLimitReached`.
        """
        return await self._change_tier(
            "grant", guild_id, user_id, tier, until, key=key, actor_id=actor_id, reason=reason, now=now, limits=limits
        )

    async def revoke_tier(
        self, guild_id: int, user_id: int, *, key: str, actor_id: int, reason: str = "", now: float
    ) -> Account:
        """Back to the free tier, once per `key`; audited."""
        return await self._change_tier(
            "revoke", guild_id, user_id, FREE, None, key=key, actor_id=actor_id, reason=reason, now=now, limits=None
        )

    async def _change_tier(
        self,
        kind: str,
        guild_id: int,
        user_id: int,
        tier: str,
        until: float | None,
        *,
        key: str,
        actor_id: int,
        reason: str,
        now: float,
        limits: GrantLimits | None,
    ) -> Account:
        async with self._db.storing(user_id, actor_id) as tx:
            row = await tier_rows.end_when_due(tx, await account_row(tx, guild_id, user_id, now), now)
            first = await tx.one("SELECT account_id FROM tier_changes WHERE key = ?", (f"{kind}:{key}",))
            if first is not None:
                if first["account_id"] != row["id"]:
                    raise KeyReused(key)
                return _account(row, now)
            await _check_limits(tx, guild_id, actor_id, limits, tiers=1)
            row = await tier_rows.change(
                tx, row["id"], kind, tier, until, key=f"{kind}:{key}", actor_id=actor_id, reason=reason, now=now
            )
            detail = tier if until is None else f"{tier} until {until:.0f}"
            await audit.record(
                tx, guild_id, actor_id, f"{kind} tier", target_id=user_id, detail=detail, reason=reason, now=now
            )
        return _account(row, now)

    async def granted(self, guild_id: int, actor_id: int, *, since: float) -> Granted:
        """What this moderator has granted in this server since `since`."""
        row = await self._db.fetch_one(_GRANTED, {"guild": guild_id, "actor": actor_id, "since": since})
        return Granted(0, 0) if row is None else of_row(Granted, row)

    async def tiers_ending(self, *, before: float) -> Sequence[Account]:
        """Accounts whose tier ends before `before` and who have not been told of this end, soonest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM accounts WHERE tier_until < ? AND tier_told IS NOT tier_until ORDER BY tier_until",
            (before,),
        )
        return [_account(row, float("-inf")) for row in rows]

    async def mark_notified(self, account: Account) -> None:
        """Remember that the user was told of `account.tier_until`; a later change of it is told again."""
        async with self._db.transaction() as tx:
            await tx.execute("UPDATE accounts SET tier_told = ? WHERE id = ?", (account.tier_until, account.id))

    async def history(self, account_id: int, *, before_id: int | None = None, limit: int = 10) -> Sequence[LedgerEntry]:
        """Ledger entries, newest first; the next page begins before the last entry's id."""
        rows = await self._db.fetch_all(
            "SELECT * FROM ledger WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (account_id, before_id if before_id is not None else 1 << 62, limit),
        )
        return [entry_of(row) for row in rows]

    async def tier_history(self, account_id: int, *, limit: int = 10) -> Sequence[TierChange]:
        """Changes of the tier, newest first."""
        rows = await self._db.fetch_all(
            "SELECT id, kind, tier, until, actor_id, reason, created_at FROM tier_changes"
            " WHERE account_id = ? ORDER BY id DESC LIMIT ?",
            (account_id, limit),
        )
        return [of_row(TierChange, row) for row in rows]

    async def _row(self, guild_id: int, user_id: int) -> sqlite3.Row | None:
        return await self._db.fetch_one(
            "SELECT * FROM accounts WHERE guild_id = ? AND user_id = ?", (guild_id, user_id)
        )


def _account(row: sqlite3.Row, now: float) -> Account:
    tier, until = tier_rows.tier_of(row, now)
    return Account(row["id"], row["guild_id"], row["user_id"], row["balance"], row["allowance_left"], tier, until)


def _check_amount(amount: int) -> None:
    if not 0 < amount <= MAX_AMOUNT:
        raise BadAmount(amount, MAX_AMOUNT)


async def _first(tx: Transaction, key: str, row: sqlite3.Row, amount: int | None) -> LedgerEntry | None:
    """What the first call with this key wrote. Raises `KeyReused` when that was about something else."""
    entry = await ledger.with_key(tx, key)
    if entry is not None and (entry.account_id != row["id"] or amount not in {None, entry.amount}):
        raise KeyReused(key)
    return entry


async def _change(
    tx: Transaction,
    row: sqlite3.Row,
    kind: ledger.Kind,
    amount: int,
    key: str,
    actor_id: int,
    reason: str,
    now: float,
) -> LedgerEntry:
    """Change lasting credits; only when less is left than the allowance does that shrink."""
    balance = row["balance"] + amount
    left = min(row["allowance_left"], balance)
    await tx.execute("UPDATE accounts SET balance = ?, allowance_left = ? WHERE id = ?", (balance, left, row["id"]))
    entry = NewEntry(
        account_id=row["id"],
        kind=kind,
        amount=amount,
        allowance_amount=left - row["allowance_left"],
        allowance_day=row["allowance_day"] if left != row["allowance_left"] else None,
        balance_after=balance,
        key=key,
        actor_id=actor_id,
        reason=reason,
        created_at=now,
    )
    return (await ledger.append(tx, [entry]))[0]


async def _check_limits(
    tx: Transaction, guild_id: int, actor_id: int, limits: GrantLimits | None, *, credits: int = 0, tiers: int = 0
) -> None:
    if limits is None:
        return
    row = await tx.execute(_GRANTED, {"guild": guild_id, "actor": actor_id, "since": limits.since})
    granted = of_row(Granted, row[0])
    if limits.credits is not None and credits and granted.credits + credits > limits.credits:
        raise GrantLimitReached("credits", granted.credits, limits.credits)
    if limits.tiers is not None and tiers and granted.tiers + tiers > limits.tiers:
        raise GrantLimitReached("tiers", granted.tiers, limits.tiers)
