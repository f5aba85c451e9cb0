"""A backup is made while the bot runs, and brings back what was there."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.core.data_errors import BadBackup, DatabaseUnreadable, FolderInUse
from data.core.database import FILE_NAME, lock_folder
from data.credits import ledger
from data.upkeep.backup import back_up, restore
from tests.data.conftest import ANA, GUILD, MODERATOR, NOON, House, names, order, png


@pytest.fixture
async def studio(tmp_path: Path) -> Path:
    """A data folder with a portrait, a character and a balance of 90."""
    folder = tmp_path / "var"
    house = await House.open(folder)
    await house.accounts.grant(GUILD, ANA, 100, key="g", actor_id=MODERATOR, now=NOON)
    await house.delivered(order(10), shade=1)
    await house.characters.save(ANA, GUILD, "ana", await house.pictures.stage(png(2)), origin="upload", now=NOON)
    await house.db.close()
    return folder


async def state(folder: Path) -> tuple[int, list[str], int]:
    """Balance, handles and number of portraits, after making sure that all pictures are there."""
    house = await House.open(folder)
    assert (await house.pictures.sweep()).missing == ()
    assert await ledger.check(house.db) == []
    account = await house.accounts.get(GUILD, ANA, now=NOON)
    found = account.balance, list(await house.characters.handles(ANA)), len(await house.portraits.of_user(GUILD, ANA))
    await house.db.close()
    return found


async def test_a_drill(studio: Path, tmp_path: Path) -> None:
    """Back up, lose everything, restore: the studio goes on where it was."""
    made = await asyncio.to_thread(back_up, studio, tmp_path / "backup")
    assert made.pictures == 2
    assert made.bytes > 0
    shutil.rmtree(studio)
    assert restore(tmp_path / "backup", studio) is None
    assert await state(studio) == (90, ["ana"], 1)


async def test_what_was_there_before_a_restore_is_kept_and_can_be_restored_itself(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "backup")
    house = await House.open(studio)
    await house.delivered(order(20), shade=3)
    await house.characters.delete(ANA, "ana")
    await house.db.close()
    aside = restore(tmp_path / "backup", studio)
    assert await state(studio) == (90, ["ana"], 1)
    assert aside is not None
    restore(aside, studio)
    assert await state(studio) == (70, [], 2)


async def test_a_backup_of_a_busy_studio_is_consistent(studio: Path, tmp_path: Path) -> None:
    """Portraits come and go, and credits move, while one backup after the other is made."""
    house = await House.open(studio)
    stop = asyncio.Event()

    async def work() -> None:
        shade = 10
        while not stop.is_set():
            made = [await house.delivered(order(0), shade=(shade := shade + 1)) for _ in range(3)]
            for each in made:
                await house.portraits.delete(each, NOON)

    working = asyncio.ensure_future(work())
    for number in range(5):
        await asyncio.to_thread(back_up, studio, tmp_path / f"backup{number}")
    stop.set()
    await working
    await house.db.close()
    for number in range(5):
        restore(tmp_path / f"backup{number}", tmp_path / f"again{number}")
        assert (await state(tmp_path / f"again{number}"))[:2] == (90, ["ana"])


async def test_a_restore_under_a_running_bot_is_refused(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "backup")
    with lock_folder(studio), pytest.raises(FolderInUse):
        restore(tmp_path / "backup", studio)


@pytest.mark.parametrize("damage", ["no database", "noise", "newer", "picture lost", "picture changed"])
async def test_a_bad_backup_is_refused_and_nothing_is_changed(studio: Path, tmp_path: Path, damage: str) -> None:
    backup = tmp_path / "backup"
    back_up(studio, backup)
    picture = next((backup / "pictures").iterdir())
    if damage == "no database":
        (backup / FILE_NAME).unlink()
    elif damage == "noise":
        (backup / FILE_NAME).write_bytes(b"noise" * 1000)
    elif damage == "newer":
        with closing(sqlite3.connect(backup / FILE_NAME)) as connection:
            connection.execute("PRAGMA user_version = 999")
    elif damage == "picture lost":
        picture.unlink()
    else:
        picture.write_bytes(png(99))
    with pytest.raises(BadBackup, match="Nothing was changed"):
        restore(backup, studio)
    assert await state(studio) == (90, ["ana"], 1)
    assert not any(name.startswith("before-restore") for name in names(studio))


async def test_a_backup_replaces_a_database_that_cannot_be_opened(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "backup")
    noise = b"noise" * 1000
    (studio / FILE_NAME).write_bytes(noise)
    (studio / f"{FILE_NAME}-wal").write_bytes(noise)
    aside = restore(tmp_path / "backup", studio)
    assert await state(studio) == (90, ["ana"], 1)
    assert aside is not None
    assert (aside / FILE_NAME).read_bytes() == noise


async def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "backup")
    with pytest.raises(FileExistsError):
        back_up(studio, tmp_path / "backup")
    (studio / FILE_NAME).write_bytes(b"noise" * 1000)
    with pytest.raises(DatabaseUnreadable):
        back_up(studio, tmp_path / "other")
    assert names(tmp_path) == {"var", "backup"}
