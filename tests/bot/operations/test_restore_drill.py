"""A backup is restored into an empty folder, and the bot opens on it with all books right; a bad one is told of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.core.settings import Settings
from bot.operations import restore_drill
from bot.operations.doctor import told
from data.core.database import FILE_NAME
from data.credits.ledger import LedgerNote
from data.upkeep import scheduled_backups
from tests.data.conftest import ANA, GUILD, MODERATOR, NOON, House, names, order, png


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A studio with a portrait, a saved face and an order that is not made yet."""
    folder = tmp_path / "var"
    house = await House.open(folder)
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    await house.delivered(order(10), shade=1)
    await house.characters.save(ANA, GUILD, "ana", await house.pictures.stage(png(2)), origin="upload", now=NOON)
    await house.orders.place(order(10), now=NOON)
    await house.db.close()
    return Settings(_env_file=None, data_folder=folder)  # type: ignore[call-arg]  # taken by pydantic-settings


def said(settings: Settings, backup: Path | None = None) -> tuple[int, str]:
    """The exit code and the report."""
    found = list(restore_drill.examine(settings, backup))
    return told(found), "\n".join(f"{one.mark} {one.text}" for one in found)


def test_a_drill_finds_everything_and_changes_nothing(settings: Settings) -> None:
    before = names(settings.data_folder)
    code, text = said(settings)
    assert code == 0, text
    assert "none that was made by itself" in text
    assert "1 portraits, 1 saved faces, 1 accounts, and 1 orders" in text
    assert {name for name in names(settings.data_folder) if "-wal" not in name and "-shm" not in name} == before
    scheduled_backups.make(settings.data_folder, settings.data_folder / "backups", keep=2, now=NOON)
    code, text = said(settings)
    assert code == 0, text
    assert "the newest that was made by itself" in text


@pytest.mark.parametrize("damage", ["books", "picture", "database"])
def test_a_backup_that_brings_nothing_back_is_told_of(settings: Settings, tmp_path: Path, damage: str) -> None:
    backup = scheduled_backups.make(settings.data_folder, tmp_path / "kept", keep=1, now=NOON).folder
    if damage == "books":
        with closing(sqlite3.connect(backup / FILE_NAME)) as connection:
            connection.execute("UPDATE accounts SET balance = balance + 1")
            connection.commit()
    elif damage == "picture":
        next((backup / "pictures").iterdir()).write_bytes(png(99))
    else:
        (backup / FILE_NAME).write_bytes(b"noise" * 1000)
    code, text = said(settings, backup)
    assert code == 1
    assert {"books": "do not add up", "picture": "is damaged", "database": "Restore:"}[damage] in text
