"""The database file: what a transaction promises, and what happens to files that are not as they should be."""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from data.core import schema
from data.core.data_errors import (
    DatabaseBusy,
    DatabaseTooNew,
    DatabaseUnreadable,
    FolderInUse,
    FolderUnusable,
    MigrationFailed,
    NoSpace,
)
from data.core.database import FILE_NAME, Database, lock_folder
from data.credits.ledger import LedgerNote
from tests.data.conftest import ANA, GUILD, NOON, House, order, png
from tests.data.lone_process import said, started
from tests.data.stepping import cancelled_at

ADD = "INSERT INTO accounts (guild_id, user_id, created_at) VALUES (?, ?, 0)"


async def count(db: Database) -> int:
    row = await db.fetch_one("SELECT count(*) FROM accounts")
    assert row is not None
    return int(row[0])


async def test_readers_see_only_what_was_committed(house: House) -> None:
    async with house.db.transaction() as tx:
        await tx.execute(ADD, (1, 1))
        assert await count(house.db) == 0
    assert await count(house.db) == 1


async def test_what_fails_leaves_nothing_behind(house: House) -> None:
    async def fail() -> None:
        async with house.db.transaction() as tx:
            await tx.execute(ADD, (1, 1))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(house.db) == 0


async def test_concurrent_transactions_wait_for_each_other(house: House) -> None:
    async def add(user: int) -> None:
        async with house.db.transaction() as tx:
            await tx.execute(ADD, (1, user))

    await asyncio.gather(*(add(user) for user in range(50)))
    assert await count(house.db) == 50


async def test_a_transaction_inside_another_is_a_mistake_and_not_a_deadlock(house: House) -> None:
    with pytest.raises(RuntimeError):
        async with house.db.transaction(), house.db.transaction():
            pass
    async with house.db.transaction() as tx:
        await tx.execute(ADD, (1, 1))
    with pytest.raises(RuntimeError):
        await tx.execute(ADD, (1, 2))


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
async def test_cancelled_at_any_await_it_is_done_or_undone_and_the_next_one_runs(house: House, again: bool) -> None:
    """Also when the impatient cancel a second time while the first is being dealt with."""

    async def add(user: int, events: list[str]) -> None:
        async with house.db.transaction() as tx:
            tx.on_commit(lambda: events.append("committed"))
            tx.on_rollback(lambda: events.append("rolled back"))
            await tx.execute(ADD, (1, user))

    cancels = 0
    for at in range(100):
        events: list[str] = []
        before = await count(house.db)
        task = asyncio.ensure_future(_run(add(at, events), {at, at + 1} if again else {at}))
        try:
            await task
        except asyncio.CancelledError:
            cancels += 1
        # The lock is free, the connection is in no transaction, and the events tell what happened.
        async with house.db.transaction() as tx:
            await tx.execute("SELECT 1")
        assert await count(house.db) - before == events.count("committed")
        assert len(events) <= 1
        if not task.cancelled():
            break
    assert cancels >= 3
    assert events == ["committed"]


async def _run(work: Coroutine[object, object, object], at: set[int]) -> None:
    await cancelled_at(work, at)


async def test_an_order_cancelled_at_any_await_is_whole_or_absent(house: House) -> None:
    await house.accounts.grant(GUILD, ANA, 100_000, LedgerNote(key="g", actor_id=9, now=NOON))
    for at in range(100):
        wanted = order(10, 20)
        task = asyncio.ensure_future(_run(house.orders.place(wanted, now=NOON), {at}))
        await asyncio.wait({task})
        found = await house.orders.get(wanted.id)
        account = await house.accounts.get(GUILD, ANA, now=NOON)
        held = sum(job.price for each in await house.orders.open_orders() for job in each.jobs)
        assert found is None or len(found.jobs) == 2
        assert account.balance == 100_000 - held
        if not task.cancelled():
            break
    assert at >= 9


def commits_in_log(folder: Path) -> int:
    """Commit frames in SQLite's write-ahead log: the database's own count of commits since it was last folded in."""
    log = (folder / f"{FILE_NAME}-wal").read_bytes()
    page = struct.unpack(">I", log[8:12])[0]
    salt = log[16:24]
    frames = [log[at : at + 24] for at in range(32, len(log), 24 + page)]
    return sum(1 for frame in frames if frame[8:16] == salt and struct.unpack(">I", frame[4:8])[0])


async def test_an_order_is_one_commit(house: House, tmp_path: Path) -> None:
    """Counted by this program and, independently, in SQLite's own log."""
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=9, now=NOON))
    counted, logged = house.db.commits, commits_in_log(tmp_path)
    await house.orders.place(order(10, 20, 30), now=NOON)
    assert house.db.commits - counted == 1
    assert commits_in_log(tmp_path) - logged == 1


async def test_the_file_is_durable_and_keeps_its_references(house: House) -> None:
    async with house.db.transaction() as tx:
        values = [
            (await tx.execute(f"PRAGMA {name}"))[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


async def test_full_disk_gives_a_clear_error_and_changes_nothing(house: House) -> None:
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=9, now=NOON))
    async with house.db.transaction() as tx:
        pages = (await tx.execute("PRAGMA page_count"))[0][0]
        await tx.execute(f"PRAGMA max_page_count = {pages}")
    wanted = order(10)
    long = type(wanted)(**{name: getattr(wanted, name) for name in wanted.__slots__} | {"prompt": "x" * 100_000})
    with pytest.raises(NoSpace, match="disk is full"):
        await house.orders.place(long, now=NOON)
    assert (await house.accounts.get(GUILD, ANA, now=NOON)).balance == 100
    assert await house.orders.get(wanted.id) is None
    await house.orders.place(wanted, now=NOON)


async def test_data_survives_closing(tmp_path: Path) -> None:
    for user in range(3):
        db = await Database.open(tmp_path)
        async with db.transaction() as tx:
            await tx.execute(ADD, (1, user))
        await db.close()
    db = await Database.open(tmp_path)
    assert await count(db) == 3
    await db.close()


async def test_a_newer_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    await (await Database.open(tmp_path)).close()
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="newer version"):
        await Database.open(tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["noise", "cut", "overwritten", "foreign", "folder"])
async def test_a_damaged_database_gives_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / FILE_NAME
    if damage == "noise":
        path.write_bytes(b"this is no database" * 1000)
    elif damage == "folder":
        path.mkdir()
    elif damage == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE songs (title TEXT)")
    else:
        await (await Database.open(tmp_path)).close()
        whole = path.read_bytes()
        half = len(whole) // 2
        path.write_bytes(whole[:half] if damage == "cut" else whole[:4096] + b"\xaa" * half + whole[4096 + half :])
    with pytest.raises(DatabaseUnreadable, match="cannot be used") as error:
        await Database.open(tmp_path)
    assert "\n" not in str(error.value)


async def test_a_vanished_database_does_not_take_its_pictures_along(tmp_path: Path) -> None:
    """An empty database beside the pictures would call them all orphans."""
    house = await House.open(tmp_path)
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=9, now=NOON))
    await house.delivered(order(10))
    await house.db.close()
    (tmp_path / FILE_NAME).write_bytes(b"")
    with pytest.raises(DatabaseUnreadable, match="missing"):
        await Database.open(tmp_path)


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    first = "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;"
    schema.prepare(path, [first])
    with pytest.raises(MigrationFailed, match="It is as it was before"):
        schema.prepare(path, [first, "CREATE TABLE b (id INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"])
    assert _tables(path) == (1, {"a"})
    schema.prepare(path, [first, "CREATE TABLE b (id INTEGER) STRICT;"])
    assert _tables(path) == (2, {"a", "b"})


def test_a_migration_may_not_leave_rows_that_refer_to_nothing(tmp_path: Path) -> None:
    first = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE b (a INTEGER REFERENCES a (id)) STRICT;"
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);"
    )
    schema.prepare(tmp_path / FILE_NAME, [first])
    with pytest.raises(MigrationFailed):
        schema.prepare(tmp_path / FILE_NAME, [first, "DELETE FROM a;"])


def _tables(path: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return version, {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}


def test_two_processes_migrate_the_same_file_once(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from data.core import schema; schema.prepare(Path(sys.argv[1]))"
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / FILE_NAME)], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [run.communicate()[1] for run in runs] == [b""] * 3
    assert _tables(tmp_path / FILE_NAME)[0] == len(schema.migrations())


def test_a_second_bot_on_the_same_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from data.core.database import lock_folder\n"
        "lock = lock_folder(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with started(script, tmp_path) as holder:
        assert said(holder) == "held"
        with pytest.raises(FolderInUse, match=f"process {holder.pid}"):
            lock_folder(tmp_path)
    with lock_folder(tmp_path):
        pass


def test_a_data_folder_that_cannot_be_made_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "var"):
        with pytest.raises(FolderUnusable, match="cannot be used"):
            lock_folder(folder)


def test_pictures_are_pictures() -> None:
    """The helper of these tests makes different pictures."""
    assert len({png(shade) for shade in range(300)}) == 300


async def test_a_database_held_by_another_program_gives_a_clear_error(house: House, tmp_path: Path) -> None:
    async with house.db.transaction() as tx:
        await tx.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="try again"):
            await house.accounts.grant(GUILD, ANA, 10, LedgerNote(key="g", actor_id=9, now=NOON))
        assert await house.accounts.find(GUILD, ANA, now=NOON) is None
        other.execute("ROLLBACK")
    await house.accounts.grant(GUILD, ANA, 10, LedgerNote(key="g", actor_id=9, now=NOON))
