"""Backups that are made by themselves: when, how many are kept, and what is never touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.core.data_errors import BackupStopped, NoSpace
from data.core.database import FILE_NAME
from data.upkeep import scheduled_backups
from data.upkeep.backup import restore
from tests.data.conftest import NOON, House, order

HOUR_S = 3600.0


@pytest.fixture
async def studio(tmp_path: Path) -> Path:
    """A data folder with a picture."""
    house = await House.open(tmp_path / "var")
    await house.delivered(order(0), shade=1)
    await house.db.close()
    return tmp_path / "var"


def test_the_newest_stay_and_whatever_else_lies_there(studio: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere" / "backups"
    assert scheduled_backups.is_due(folder, HOUR_S, NOON)
    for number in range(4):
        assert scheduled_backups.is_due(folder, HOUR_S, NOON + number * HOUR_S)
        scheduled_backups.make(studio, folder, keep=2, now=NOON + number * HOUR_S)
        (folder / "by-hand").mkdir(exist_ok=True)
        (folder / ".likeness-20260101-000000.1234abcd").mkdir()  # cut off in the middle
    kept = scheduled_backups.kept(folder)
    assert [moment for moment, _ in kept] == [NOON + 2 * HOUR_S, NOON + 3 * HOUR_S]
    assert {path.name for path in folder.iterdir()} - {path.name for _, path in kept} == {
        "by-hand",
        ".likeness-20260101-000000.1234abcd",
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not scheduled_backups.is_due(folder, HOUR_S, NOON + 4 * HOUR_S - 1)
    assert scheduled_backups.is_due(folder, HOUR_S, NOON)  # the clock was wrong
    restore(kept[-1][1], studio)


def test_without_room_or_when_the_bot_stops_all_earlier_ones_stay(studio: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    scheduled_backups.make(studio, folder, keep=1, now=NOON)
    with pytest.raises(NoSpace):
        scheduled_backups.make(studio, folder, keep=1, now=NOON + HOUR_S, leave_bytes=2**60)
    with pytest.raises(BackupStopped):
        scheduled_backups.make(studio, folder, keep=1, now=NOON + HOUR_S, stopped=lambda: True)
    assert [path for _, path in scheduled_backups.kept(folder)] == list(folder.iterdir())
    assert scheduled_backups.size_of_next(studio) > (studio / FILE_NAME).stat().st_size
