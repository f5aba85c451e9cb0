"""Years of a busy studio: orders that ended long ago, with their jobs, credits and deleted portraits, in bulk."""

from __future__ import annotations

import contextlib
import itertools
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data.core import schema
from data.core.database import FILE_NAME

LONG_AGO = 1_700_000_000.0
GRANTED, PRICE = 1_000_000, 5
_ORDERS_AT_ONCE = 10_000

Row = tuple[object, ...]


@dataclass(slots=True)
class _Batch:
    orders: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    portraits: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)


def write(folder: Path, *, orders: int, people: int, seed: int = 1) -> None:
    """Fill a new data folder: `orders` of `people`, of whom each was granted credits once. Blocking."""
    folder.mkdir(parents=True, exist_ok=True)
    schema.prepare(folder / FILE_NAME)
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys=ON")
        balances = _granted(db, people)
        for batch in _batches(orders, balances, random.Random(seed)):
            db.execute("BEGIN")
            _insert(db, batch)
            db.execute("COMMIT")
        db.executemany("UPDATE accounts SET balance = ? WHERE id = ?", [(b, a) for a, b in balances.items()])
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _granted(db: sqlite3.Connection, people: int) -> dict[int, int]:
    """The balances of as many new accounts, by their ids."""
    db.execute("BEGIN")
    accounts = [(number, 1, 10_000 + number, GRANTED, LONG_AGO) for number in range(1, people + 1)]
    db.executemany("INSERT INTO accounts (id, guild_id, user_id, balance, created_at) VALUES (?, ?, ?, ?, ?)", accounts)
    db.executemany(
        "INSERT INTO ledger (account_id, kind, amount, balance_after, key, actor_id, created_at)"
        " VALUES (?, 'grant', ?, ?, ?, 0, ?)",
        [(number, GRANTED, GRANTED, f"grant:old:{number}", LONG_AGO) for number in range(1, people + 1)],
    )
    db.execute("COMMIT")
    return dict.fromkeys(range(1, people + 1), GRANTED)


def _batches(orders: int, balances: dict[int, int], choice: random.Random) -> Iterator[_Batch]:
    numbers = iter(range(orders))
    while some := list(itertools.islice(numbers, _ORDERS_AT_ONCE)):
        batch = _Batch()
        for number in some:
            _end(batch, number, choice.choice(list(balances)), balances, delivered=choice.random() < 0.9)
        yield batch


def _end(batch: _Batch, number: int, account: int, balances: dict[int, int], *, delivered: bool) -> None:
    """An order of one job: its hold, and its settlement or refund."""
    order_id, now = f"{number:016x}", LONG_AGO + number
    job_id = f"{order_id}.0"
    batch.orders.append((order_id, f"old:{number}", account, now))
    batch.jobs.append((job_id, order_id, PRICE, "delivered" if delivered else "failed", now, now))
    balances[account] -= PRICE
    batch.entries.append((account, "hold", -PRICE, balances[account], job_id, f"hold:{job_id}", now))
    if not delivered:
        balances[account] += PRICE
        batch.entries.append((account, "refund", PRICE, balances[account], job_id, f"refund:{job_id}", now))
        return
    batch.entries.append((account, "settle", 0, balances[account], job_id, f"settle:{job_id}", now))
    batch.portraits.append((job_id, order_id, 10_000 + account, now, now))


def _insert(db: sqlite3.Connection, batch: _Batch) -> None:
    db.executemany(
        "INSERT INTO orders (id, source, account_id, channel_id, prompt, upload_limit, from_upload, state, created_at)"
        " VALUES (?, ?, ?, 1, '', 0, 0, 'closed', ?)",
        batch.orders,
    )
    db.executemany(
        "INSERT INTO jobs (id, order_id, position, model, provider, cost_usd_micros, lane, seed, width, height, steps,"
        " guidance, price, state, attempts, created_at, ended_at)"
        " VALUES (?, ?, 0, 'old', 'local', 0, 'standard', 1, 64, 96, 4, 3.5, ?, ?, 1, ?, ?)",
        batch.jobs,
    )
    db.executemany(
        "INSERT INTO portraits (job_id, order_id, guild_id, channel_id, user_id, width, height, seed, model,"
        " model_title, prompt, words, negative, steps, guidance, render_s, note, created_at, deleted_at)"
        " VALUES (?, ?, 1, 1, ?, 64, 96, 1, 'old', 'Old', '', '', '', 4, 3.5, 1.0, '', ?, ?)",
        batch.portraits,
    )
    db.executemany(
        "INSERT INTO ledger (account_id, kind, amount, balance_after, job_id, key, actor_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        batch.entries,
    )
