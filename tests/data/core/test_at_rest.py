"""Nobody else on the machine can read the studio's data, whatever the umask, and whoever made the folder before."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.core.stores import Stores
from data.core.at_rest import close_folder
from data.core.database import FILE_NAME, Database
from data.core.files import close_to_others, private_folder, readable_by_others, write_over
from data.core.folder_lock import lock_folder
from data.people.personal_export import everything_of
from data.pictures.picture_store import PictureStore
from data.upkeep.backup import back_up, restore
from engine.pictures import signing
from tests.data.conftest import ANA, BEN, FACTS, GUILD, MODERATOR, order, png

ROOT = Path(__file__).parents[3]
UMASKS = [0o000, 0o022, 0o077]


def left_open(folder: Path) -> list[str]:
    """What others may do something with, and with which mode."""
    return [f"{path.stat().st_mode:o} {path}" for path in (folder, *folder.rglob("*")) if readable_by_others(path)]


def check(folder: Path) -> None:
    found = left_open(folder)
    assert found == [], found


def in_a_process(umask: int, *arguments: object) -> None:
    command = [sys.executable, "-m", "tests.data.core.test_at_rest", *map(str, arguments)]
    done = subprocess.run(command, umask=umask, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


async def a_life(var: Path, backup: Path) -> None:
    """All that writes to the disk: looked at while the database is open, and between the steps."""
    stores = await Stores.open(var)
    await stores.accounts.grant(GUILD, ANA, 100, key="g", actor_id=MODERATOR, now=time.time())
    for number in range(2):
        placed = await stores.orders.place(order(10), now=time.time())
        staged = await stores.pictures.stage(png(number))
        check(var)
        await stores.orders.store(placed.jobs[0].id, staged, FACTS, time.time())
        await stores.orders.settle(placed.jobs[0].id, time.time())
        await stores.orders.close(placed.id)
    for who in (ANA, BEN):
        await stores.characters.save(
            who, GUILD, "face", await stores.pictures.stage(png(9 + who)), origin="upload", now=time.time()
        )
    await stores.privacy.marks.of_user(ANA)
    write_over(var / "commands-1.sha256", b"1")
    write_over(var / "commands-1.sha256", b"2")
    signing.self_made(var / "signing")
    assert all((var / name).exists() for name in (f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "lock", "privacy.key"))
    back_up(var, backup)
    assert (await everything_of(stores.database, ANA)).pictures
    await stores.privacy.begin(ANA, now=time.time())
    await stores.privacy.erase(ANA, now=time.time())
    await stores.privacy.scrub()
    check(var)
    await stores.close()
    assert restore(backup, var) is not None
    for folder in (var, backup):
        check(folder)


@pytest.mark.parametrize("umask", UMASKS, ids=lambda umask: f"{umask:03o}")
def test_whatever_is_written_is_for_its_user_alone(tmp_path: Path, umask: int) -> None:
    in_a_process(umask, "life", tmp_path / "above" / "var", tmp_path / "kept" / "backup")
    assert not any(readable_by_others(folder) for folder in (tmp_path / "above", tmp_path / "kept"))


@pytest.mark.parametrize("umask", [0o000, 0o022], ids=lambda umask: f"{umask:03o}")
def test_the_rooms_alone_write_for_their_user_too(tmp_path: Path, umask: int) -> None:
    """Tools open a database without the lock and the closing that go with the bot's start."""
    in_a_process(umask, "rooms", tmp_path / "var")
    check(tmp_path / "var")


async def rooms(var: Path) -> None:
    database = await Database.open(var)
    await PictureStore(database).stage(png())
    check(var)
    await database.close()


async def _opened_up(var: Path) -> None:
    """A folder as an earlier version left it under a umask of 022, and worse."""
    stores = await Stores.open(var)
    await stores.pictures.stage(png())
    await stores.privacy.marks.of_user(ANA)
    await stores.close()
    back_up(var, var.parent / "backup")
    restore(var.parent / "backup", var)
    (var / "models" / "built-in").mkdir(parents=True)
    (var / "models" / "built-in" / "model_index.json").write_text("{}")
    _open_up(var)


def _open_up(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)


async def test_a_folder_of_an_earlier_version_is_closed_at_start(tmp_path: Path) -> None:
    var = tmp_path / "var"
    await _opened_up(var)
    assert len(left_open(var)) > 8
    stores = await Stores.open(var)
    check(var)
    await stores.close()


async def test_a_restore_closes_what_it_sets_aside(tmp_path: Path) -> None:
    var = tmp_path / "var"
    await _opened_up(var)
    _open_up(tmp_path / "backup")
    assert restore(tmp_path / "backup", var) is not None
    check(var)


async def test_pictures_on_another_disk_are_closed_there(tmp_path: Path) -> None:
    var, elsewhere = tmp_path / "var", tmp_path / "elsewhere"
    await _opened_up(var)
    shutil.move(var / "pictures", elsewhere)
    (var / "pictures").symlink_to(elsewhere)
    await (await Stores.open(var)).close()
    check(elsewhere)


def test_what_is_not_the_studios_stays_as_it_is(tmp_path: Path) -> None:
    """A data folder may be somebody's home; and a link may lead anywhere."""
    private_folder(tmp_path / "var")
    outside, web = tmp_path / "outside", tmp_path / "var" / "public_html"
    for path in (outside, web):
        path.write_text("for all")
        path.chmod(0o644)
    private_folder(tmp_path / "var" / "models")
    (tmp_path / "var" / "models" / "link").symlink_to(outside)
    (tmp_path / "var" / "privacy.key").symlink_to(tmp_path / "nowhere")
    close_folder(tmp_path / "var")
    assert all(readable_by_others(path) for path in (outside, web))


def test_a_key_that_is_only_to_be_read_stays_so(tmp_path: Path) -> None:
    key = tmp_path / "privacy.key"
    key.write_bytes(b"k")
    key.chmod(0o444)
    close_folder(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o400


def test_a_folder_for_everybody_is_nobodys_to_close(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`DATA_FOLDER=/tmp`, and root runs the bot."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    lock_folder(shared).release()
    assert not close_to_others(shared)
    close_folder(shared)
    assert shared.stat().st_mode & 0o7777 == 0o1777
    assert "doctor" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that is somebody else's")
def test_what_is_another_users_is_left_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    theirs = tmp_path / "pictures"
    theirs.mkdir()
    theirs.chmod(0o755)
    os.chown(theirs, 4_242, 4_242)
    close_folder(tmp_path)
    assert theirs.stat().st_mode & 0o777 == 0o755
    assert str(theirs) in caplog.text


if __name__ == "__main__":
    part, *folders = sys.argv[1:]
    asyncio.run(a_life(*map(Path, folders)) if part == "life" else rooms(Path(folders[0])))
