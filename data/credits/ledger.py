"""The append-only record of credits: one entry for every change of a balance, and one for every settled hold.

The database itself refuses to change or delete entries, to break the chain of balances, and to end a hold twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data.core.database import Database, Transaction, Value
from data.core.rows import of_row

Kind = Literal["grant", "allowance", "hold", "settle", "refund", "adjust", "expiry"]

_COLUMNS = (
    "account_id, kind, amount, allowance_amount, allowance_day, balance_after, job_id, key, actor_id, reason,"
    " created_at"
)

# Each query gives one row for every disagreement of its kind.
_CHECKS = (
    (
        "Account {0} has a balance of {1}, but its entries add up to {2}.",
        """SELECT a.id, a.balance, coalesce(sum(l.amount), 0) AS total FROM accounts a
           LEFT JOIN ledger l ON l.account_id = a.id GROUP BY a.id HAVING a.balance <> total""",
    ),
    (
        "Account {0} has {1} credits of its allowance left, but its entries add up to {2}.",
        """SELECT a.id, a.allowance_left, coalesce(sum(l.allowance_amount), 0) AS total FROM accounts a
           LEFT JOIN ledger l ON l.account_id = a.id GROUP BY a.id HAVING a.allowance_left <> total""",
    ),
    (
        "Job {0} is {1}, but the ledger ends its hold with {2}.",
        """SELECT j.id, j.state, coalesce(e.kind, 'nothing') FROM jobs j
           LEFT JOIN ledger e ON e.job_id = j.id AND e.kind IN ('settle', 'refund')
           WHERE e.kind IS NOT CASE j.state WHEN 'delivered' THEN 'settle'
               WHEN 'failed' THEN 'refund' WHEN 'cancelled' THEN 'refund' END""",
    ),
    (
        "Job {0} costs {1}, but {2} are held for it.",
        """SELECT j.id, j.price, coalesce(-h.amount, 'no credits') FROM jobs j
           LEFT JOIN ledger h ON h.job_id = j.id AND h.kind = 'hold' WHERE h.amount IS NOT -j.price""",
    ),
    (
        "Job {0} held {1} credits, but {2} were refunded.",
        """SELECT h.job_id, -h.amount, r.amount FROM ledger r
           JOIN ledger h ON h.job_id = r.job_id AND h.kind = 'hold'
           WHERE r.kind = 'refund' AND r.amount <> -h.amount""",
    ),
)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One ledger entry. `amount` is the signed change of the balance (0 for settle).

    `allowance_amount` is the part of it that concerns the allowance of `allowance_day`; actor 0 is the bot itself.
    """

    id: int
    account_id: int
    kind: Kind
    amount: int
    allowance_amount: int
    allowance_day: str | None
    balance_after: int
    job_id: str | None
    key: str
    actor_id: int
    reason: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be written; its fields are those of `LedgerEntry`."""

    account_id: int
    kind: Kind
    amount: int
    balance_after: int
    key: str
    created_at: float
    allowance_amount: int = 0
    allowance_day: str | None = None
    job_id: str | None = None
    actor_id: int = 0
    reason: str = ""

    def values(self) -> tuple[Value, ...]:
        return (
            self.account_id,
            self.kind,
            self.amount,
            self.allowance_amount,
            self.allowance_day,
            self.balance_after,
            self.job_id,
            self.key,
            self.actor_id,
            self.reason,
            self.created_at,
        )


async def append(tx: Transaction, entries: Sequence[NewEntry]) -> list[LedgerEntry]:
    """Write entries in one statement; each must continue from the balance of the one before it."""
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(entries))
    values = [value for entry in entries for value in entry.values()]
    sql = f"INSERT INTO ledger ({_COLUMNS}) VALUES {marks} RETURNING *"  # noqa: S608 - only marks vary
    return [entry_of(row) for row in await tx.execute(sql, values)]


async def with_key(tx: Transaction, key: str) -> LedgerEntry | None:
    """The entry that was written under this idempotency key."""
    row = await tx.one("SELECT * FROM ledger WHERE key = ?", (key,))
    return None if row is None else entry_of(row)


def entry_of(row: sqlite3.Row) -> LedgerEntry:
    """A row of the table as what callers get."""
    return of_row(LedgerEntry, row)


async def check(db: Database) -> Sequence[str]:
    """Every way in which balances, entries and jobs disagree, one sentence each; empty when all adds up.

    Reads the whole ledger: meant for a doctor's visit and for tests.
    """
    found = []
    for sentence, sql in _CHECKS:
        found += [sentence.format(*row) for row in await db.fetch_all(sql)]
    return found
