"""What the data layer costs: `python -m data.upkeep.books_bench [--json]`.

Orders are measured beside the very statements that they ran, replayed by bare `sqlite3` with the same settings;
pages of a history of a million entries beside those of a thousand. Both sides alternate in one run, and the
medians are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from data.core import schema
from data.core.database import FILE_NAME, Database, Transaction, Values
from data.core.rows import StoredForm
from data.credits.accounts import Accounts
from data.credits.ledger import LedgerNote
from data.orders.jobs import NewJob, NewOrder, Orders
from data.pictures.picture_store import PictureStore

NOW = 1_800_000_000.0
GUILD, USER = 1, 1


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """Medians over the pairs; `ratio` is the median of each pair's own ratio, ours to bare."""

    orders_per_s: float
    bare_sqlite_per_s: float
    ratio: float
    statements: int
    commits_per_order: float


@dataclass(frozen=True, slots=True)
class HistoryFigures:
    """Milliseconds for a page of ten, in the middle of the history; `ratio` as above, large to small."""

    entries: int
    page_ms: float
    small_entries: int
    small_page_ms: float
    ratio: float


class _Recording(Transaction):
    """A transaction that keeps what it ran."""

    log: ClassVar[list[tuple[str, Values]]] = []

    async def execute(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        self.log.append((sql, values))
        return await super().execute(sql, values)


class _RecordingDatabase(Database):
    _transaction_type = _Recording


@dataclass(frozen=True, slots=True)
class _Spec:
    """What the bench's pictures would be made from."""

    model: str = "bench"
    lane: str = "standard"
    seed: int = 1
    width: int = 832
    height: int = 1248
    steps: int = 28
    guidance: float = 4.5


_FORM = StoredForm(_Spec, asdict, lambda row: _Spec(**row))


def _order() -> NewOrder[_Spec]:
    order_id = secrets.token_hex(8)
    return NewOrder(
        id=order_id,
        source=f"bench:{order_id}",
        guild_id=GUILD,
        channel_id=1,
        user_id=USER,
        prompt='{"subject": "a woman in a red coat", "lighting": "overcast"}',
        jobs=(NewJob(spec=_Spec(), price=10),),
    )


async def _funded(db: Database) -> Orders[_Spec]:
    await Accounts(db).grant(GUILD, USER, 1_000_000, LedgerNote(key="bench", now=NOW))
    return Orders(db, PictureStore(db), _FORM)


async def _record(folder: Path, orders: Sequence[NewOrder[_Spec]]) -> list[tuple[str, Values]]:
    db = await _RecordingDatabase.open(folder)
    placing = await _funded(db)
    _Recording.log.clear()
    for order in orders:
        await placing.place(order, now=NOW)
    await db.close()
    return list(_Recording.log)


def _bare(folder: Path, log: Sequence[tuple[str, Values]], orders: int) -> float:
    """Orders a second of plain `sqlite3` running the recorded statements."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.row_factory = sqlite3.Row
        started = time.perf_counter()
        for sql, values in log:
            connection.execute(sql, values).fetchall()
        return orders / (time.perf_counter() - started)


async def bench_orders(root: Path, *, orders: int, pairs: int) -> OrderFigures:
    ours, bare, commits, statements = [], [], 0, 0
    for pair in range(pairs):
        batch = [_order() for _ in range(orders)]
        log = await _record(root / f"recorded-{pair}", batch)
        statements = len(log) // orders
        empty = await Database.open(root / f"bare-{pair}")
        await _funded(empty)
        await empty.close()
        db = await Database.open(root / f"ours-{pair}")
        placing = await _funded(db)

        async def measure_ours(
            db: Database = db, placing: Orders[_Spec] = placing, batch: list[NewOrder[_Spec]] = batch
        ) -> None:
            nonlocal commits
            before, started = db.commits, time.perf_counter()
            for order in batch:
                await placing.place(order, now=NOW)
            ours.append(orders / (time.perf_counter() - started))
            commits += db.commits - before

        async def measure_bare(pair: int = pair, log: list[tuple[str, Values]] = log) -> None:
            bare.append(_bare(root / f"bare-{pair}", log, orders))

        await _in_turn(pair, measure_ours, measure_bare)
        await db.close()
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    return OrderFigures(
        round(statistics.median(ours), 1),
        round(statistics.median(bare), 1),
        round(ratio, 3),
        statements,
        commits / (orders * pairs),
    )


async def _in_turn(number: int, *sides: Callable[[], Awaitable[None]]) -> None:
    """Run both sides, the one that goes first changing from pair to pair."""
    for side in sides if number % 2 == 0 else reversed(sides):
        await side()


def _fill(folder: Path, entries: int) -> None:
    """One account whose history has `entries` entries, written as fast as SQLite can."""
    schema.prepare(folder / FILE_NAME)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO accounts (id, guild_id, user_id, balance, created_at) VALUES (1, ?, ?, ?, 0)",
            (GUILD, USER, entries),
        )
        connection.executemany(
            "INSERT INTO ledger (account_id, kind, amount, balance_after, key, actor_id, created_at)"
            " VALUES (1, 'grant', 1, ?, ?, 9, ?)",
            _rows(entries),
        )
        connection.execute("COMMIT")


def _rows(entries: int) -> Iterator[tuple[int, str, float]]:
    return ((number, f"grant:{number}", NOW + number) for number in range(1, entries + 1))


async def bench_history(root: Path, *, entries: int, small: int, pairs: int) -> HistoryFigures:
    times: dict[int, list[float]] = {entries: [], small: []}
    databases = {}
    for size in times:
        await asyncio.to_thread(_fill, root / f"history-{size}", size)
        databases[size] = await Database.open(root / f"history-{size}")

    async def measure(size: int, number: int) -> None:
        accounts = Accounts(databases[size])
        before = size * (number % 97 + 2) // 100
        started = time.perf_counter()
        page = await accounts.history(1, before_id=before, limit=10)
        times[size].append((time.perf_counter() - started) * 1000)
        assert len(page) == 10  # noqa: S101 - a figure for an empty page would be a lie

    for number in range(pairs):
        await _in_turn(number, partial(measure, entries, number), partial(measure, small, number))
    for database in databases.values():
        await database.close()
    large_ms, small_ms = statistics.median(times[entries]), statistics.median(times[small])
    return HistoryFigures(entries, round(large_ms, 4), small, round(small_ms, 4), round(large_ms / small_ms, 3))


async def run(root: Path, *, orders: int, pairs: int, entries: int) -> dict[str, dict[str, float]]:
    """Both benches over folders in `root`; figures by name."""
    placed = await bench_orders(root, orders=orders, pairs=pairs)
    history = await bench_history(root, entries=entries, small=1000, pairs=500)
    return {"orders": asdict(placed), "history": asdict(history)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m data.upkeep.books_bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--orders", type=int, default=200, help="orders a pair (default 200)")
    parser.add_argument("--pairs", type=int, default=7, help="alternated pairs (default 7)")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the long history (default 1000000)")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's temporary folder)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=asked.folder) as root:
        figures = asyncio.run(run(Path(root), orders=asked.orders, pairs=asked.pairs, entries=asked.entries))
    sys.stdout.write(json.dumps(figures) + "\n" if asked.json else _table(figures))


def _table(figures: dict[str, dict[str, float]]) -> str:
    lines = [f"{bench:<10} {name:<20} {value:>12,}" for bench, each in figures.items() for name, value in each.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
