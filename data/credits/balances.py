"""How a balance changes, inside somebody's transaction: the statements that accounts and orders share.

A balance has two parts: credits that last, and what is left of one day's allowance. Holds take the allowance
first. What is left of it goes when a later day's allowance is given, also when it comes back by a late refund.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from data.core.database import Transaction
from data.credits import ledger
from data.credits.ledger import LedgerEntry, NewEntry


async def account_row(tx: Transaction, guild_id: int, user_id: int, now: float) -> sqlite3.Row:
    """The account's row, made when new."""
    rows = await tx.execute(
        "INSERT INTO accounts (guild_id, user_id, created_at) VALUES (?, ?, ?)"
        " ON CONFLICT (guild_id, user_id) DO UPDATE SET user_id = user_id RETURNING *",
        (guild_id, user_id, now),
    )
    return rows[0]


def allowance_due(row: sqlite3.Row, day: str | None, allowance: int) -> bool:
    """Whether an allowance is to be taken back or given on `day`. A day before the last one never is."""
    last = row["allowance_day"]
    if day is None or (last is not None and day < last):
        return False
    if day == last:
        return allowance > 0 and row["allowance_given"] == 0
    return allowance > 0 or row["allowance_left"] > 0


async def renew_allowance(tx: Transaction, row: sqlite3.Row, day: str, allowance: int, now: float) -> sqlite3.Row:
    """Take back what is left of an earlier day's allowance and give this day's. Returns the row as it is then."""
    account, balance, left, last = row["id"], row["balance"], row["allowance_left"], row["allowance_day"]
    entries = []
    if last != day and left:
        balance -= left
        entries.append(
            NewEntry(
                account_id=account,
                kind="expiry",
                amount=-left,
                allowance_amount=-left,
                allowance_day=last,
                balance_after=balance,
                key=f"expiry:{account}:{last}",
                created_at=now,
            )
        )
    if allowance:
        balance += allowance
        entries.append(
            NewEntry(
                account_id=account,
                kind="allowance",
                amount=allowance,
                allowance_amount=allowance,
                allowance_day=day,
                balance_after=balance,
                key=f"allowance:{account}:{day}",
                created_at=now,
            )
        )
    changed = await tx.execute(
        "UPDATE accounts SET balance = ?, allowance_left = ?, allowance_day = ?, allowance_given = ?"
        " WHERE id = ? RETURNING *",
        (balance, allowance, day, allowance, account),
    )
    await ledger.append(tx, entries)
    return changed[0]


async def debit(tx: Transaction, account_id: int, total: int) -> int | None:
    """Take `total` credits if they are there, allowance first, and return the new balance, or else None."""
    row = await tx.one(
        "UPDATE accounts SET balance = balance - :total, allowance_left = max(0, allowance_left - :total)"
        " WHERE id = :account AND balance >= :total RETURNING balance",
        {"total": total, "account": account_id},
    )
    return None if row is None else int(row["balance"])


def holds(row: sqlite3.Row, prices: Sequence[tuple[str, int]], *, actor_id: int, now: float) -> list[NewEntry]:
    """The hold entries of jobs (id, price) for an account whose row was read before `debit`."""
    balance, left, entries = row["balance"], row["allowance_left"], []
    for job_id, price in prices:
        from_allowance = min(left, price)
        left -= from_allowance
        balance -= price
        entries.append(
            NewEntry(
                account_id=row["id"],
                kind="hold",
                amount=-price,
                allowance_amount=-from_allowance,
                allowance_day=row["allowance_day"] if from_allowance else None,
                balance_after=balance,
                job_id=job_id,
                key=f"hold:{job_id}",
                actor_id=actor_id,
                created_at=now,
            )
        )
    return entries


async def settle(tx: Transaction, job_id: str, *, now: float) -> None:
    """Spend the job's hold."""
    hold = await _hold(tx, job_id)
    row = await tx.execute("SELECT balance FROM accounts WHERE id = ?", (hold.account_id,))
    entry = NewEntry(
        account_id=hold.account_id,
        kind="settle",
        amount=0,
        balance_after=row[0]["balance"],
        job_id=job_id,
        key=f"settle:{job_id}",
        created_at=now,
    )
    await ledger.append(tx, [entry])


async def refund(tx: Transaction, job_id: str, *, actor_id: int, reason: str, now: float) -> None:
    """Give the job's hold back. Allowance of a day that is over expires at once: it never becomes lasting credits."""
    hold = await _hold(tx, job_id)
    row = (await tx.execute("SELECT * FROM accounts WHERE id = ?", (hold.account_id,)))[0]
    of_allowance = -hold.allowance_amount
    expired = of_allowance if hold.allowance_day != row["allowance_day"] else 0
    balance = row["balance"] - hold.amount
    entries = [
        NewEntry(
            account_id=hold.account_id,
            kind="refund",
            amount=-hold.amount,
            allowance_amount=of_allowance,
            allowance_day=hold.allowance_day,
            balance_after=balance,
            job_id=job_id,
            key=f"refund:{job_id}",
            actor_id=actor_id,
            reason=reason,
            created_at=now,
        )
    ]
    if expired:
        balance -= expired
        entries.append(
            NewEntry(
                account_id=hold.account_id,
                kind="expiry",
                amount=-expired,
                allowance_amount=-expired,
                allowance_day=hold.allowance_day,
                balance_after=balance,
                job_id=job_id,
                key=f"expiry:{job_id}",
                created_at=now,
            )
        )
    await tx.execute(
        "UPDATE accounts SET balance = ?, allowance_left = allowance_left + ? WHERE id = ?",
        (balance, of_allowance - expired, hold.account_id),
    )
    await ledger.append(tx, entries)


async def _hold(tx: Transaction, job_id: str) -> LedgerEntry:
    hold = await ledger.with_key(tx, f"hold:{job_id}")
    if hold is None:
        raise LookupError(f"job {job_id} has no hold")
    return hold
