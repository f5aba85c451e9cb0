"""How an account's tier changes, inside somebody's transaction, and the record of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from data.core.database import Transaction
from data.credits.ledger import LedgerNote

FREE = "free"
UNLIMITED = "unlimited"


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


def tier_of(row: sqlite3.Row, now: float) -> tuple[str, float | None]:
    """The tier that an account's row stands for at `now`, and its end."""
    return (FREE, None) if has_ended(row, now) else (row["tier"], row["tier_until"])


def has_ended(row: sqlite3.Row, now: float) -> bool:
    until = row["tier_until"]
    return until is not None and now >= until


async def end_when_due(tx: Transaction, row: sqlite3.Row, now: float) -> sqlite3.Row:
    """Put an account whose tier has ended back to the free one. Returns the row as it is then."""
    if not has_ended(row, now):
        return row
    until = row["tier_until"]
    key = f"expiry:{row['id']}:{until}"
    # The same end can come twice when a moderator grants the same date again after it has passed.
    await tx.execute(
        "INSERT INTO tier_changes (account_id, kind, tier, until, key, actor_id, reason, created_at)"
        " VALUES (?, 'expiry', ?, ?, ?, 0, '', ?) ON CONFLICT (key) DO NOTHING",
        (row["id"], row["tier"], until, key, now),
    )
    return await _set(tx, row["id"], FREE, None)


async def change(
    tx: Transaction,
    account_id: int,
    kind: str,
    tier: str,
    until: float | None,
    note: LedgerNote,
) -> sqlite3.Row:
    """Set the tier and record it under the note's key. Returns the account's row."""
    await tx.execute(
        "INSERT INTO tier_changes (account_id, kind, tier, until, key, actor_id, reason, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (account_id, kind, tier, until, note.key, note.actor_id, note.reason, note.now),
    )
    return await _set(tx, account_id, tier, until)


async def _set(tx: Transaction, account_id: int, tier: str, until: float | None) -> sqlite3.Row:
    rows = await tx.execute(
        "UPDATE accounts SET tier = ?, tier_until = ? WHERE id = ? RETURNING *", (tier, until, account_id)
    )
    return rows[0]
