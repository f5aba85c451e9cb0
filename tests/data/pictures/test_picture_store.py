"""Pictures: named by what they contain, whole or absent, and gone when nobody needs them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import resource
import struct
import zlib
from collections.abc import Coroutine
from pathlib import Path

import pytest
from PIL import Image

from data.core.data_errors import NoSpace, PictureMissing, UnstorablePicture
from data.orders.jobs import Order
from data.pictures.picture_store import Swept
from data.upkeep.retention import delete_older
from tests.data.conftest import ANA, BEN, DAY, FACTS, GUILD, NOON, House, names, order, png
from tests.data.lone_process import started
from tests.data.stepping import cancelled_at


async def free_order(house: House) -> Order:
    return await house.orders.place(order(0), now=NOON)


async def test_a_picture_is_kept_byte_for_byte_under_its_hash(house: House) -> None:
    portrait_id = await house.delivered(order(0), shade=3)
    portrait = await house.portraits.get(portrait_id)
    assert portrait is not None
    assert portrait.sha256 == hashlib.sha256(png(3)).hexdigest()
    assert (portrait.spec.width, portrait.spec.height) == (4, 6)
    assert names(house.pictures.folder) == {f"{portrait.sha256}.png"}
    assert await house.pictures.read(portrait.sha256) == png(3)
    assert house.pictures.path(portrait.sha256).read_bytes() == png(3)


@pytest.mark.parametrize(("kind", "ext"), [("PNG", "png"), ("WEBP", "webp"), ("JPEG", "jpg")])
async def test_sizes_are_read_from_the_header(house: House, kind: str, ext: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, kind)
    staged = await house.pictures.stage(buffer.getvalue(), ext)
    assert (staged.width, staged.height) == (300, 200)


async def test_a_header_that_promises_a_huge_picture_costs_nothing(house: House) -> None:
    small = png()
    header = b"IHDR" + struct.pack(">II", 12_000, 12_000) + small[24:29]
    huge = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    staged = await house.pictures.stage(huge)
    assert (staged.width, staged.height) == (12_000, 12_000)


@pytest.mark.parametrize("content", [b"", b"text" * 1_000_000, png()[:20], png()], ids=["empty", "text", "cut", "png"])
async def test_what_is_no_picture_of_its_kind_is_refused_without_a_trace(house: House, content: bytes) -> None:
    with pytest.raises(UnstorablePicture, match="not a readable WEBP picture"):
        await house.pictures.stage(content, "webp")
    with pytest.raises(UnstorablePicture):
        await house.pictures.stage(png(), "exe")
    assert names(house.pictures.folder) == set()


async def test_the_same_picture_twice_is_one_file_until_its_last_row_goes(house: House) -> None:
    first = await house.delivered(order(0), shade=1)
    second = await house.delivered(order(0), shade=1)
    portrait = await house.portraits.get(first)
    assert portrait is not None
    await house.characters.save(ANA, GUILD, "ana", portrait.sha256, origin="portrait", portrait_id=first, now=NOON)
    assert len(names(house.pictures.folder)) == 1
    assert await house.portraits.delete(first, NOON)
    assert not await house.portraits.delete(first, NOON)
    assert await house.portraits.delete(second, NOON)
    assert await house.portraits.get(second) is None
    assert len(names(house.pictures.folder)) == 1
    assert await house.characters.delete(ANA, "ANA")
    assert names(house.pictures.folder) == set()
    assert await house.pictures.get(portrait.sha256) is None
    with pytest.raises(PictureMissing):
        await house.pictures.read(portrait.sha256)


async def test_a_deleted_portrait_leaves_no_words_behind(house: House) -> None:
    wanted = order(0)
    portrait_id = await house.delivered(wanted)
    await house.portraits.delete(portrait_id, NOON)
    (row,) = await house.db.fetch_all("SELECT prompt, words, negative FROM portraits")
    assert tuple(row) == ("", "", "")
    found = await house.orders.get(wanted.id)
    assert found is not None
    assert found.prompt == ""


async def test_cancelled_at_any_await_row_and_file_agree(house: House) -> None:
    """A portrait that is being stored when everything is cancelled is stored, or is still there to be stored."""
    for at in range(100):
        placed = await free_order(house)
        staged = await house.pictures.stage(png(at))
        work = house.orders.store(placed.jobs[0].id, staged, FACTS, NOON)
        cancelled = False
        try:
            await _in_task(work, at)
        except BaseException as error:  # noqa: BLE001 - only the kind matters
            cancelled = type(error).__name__ == "CancelledError"
        row = await house.pictures.get(staged.sha256)
        lasting = house.pictures.folder / f"{staged.sha256}.png"
        assert (row is not None) == lasting.exists() != staged.file.exists()
        if row is None:
            await house.orders.store(placed.jobs[0].id, staged, FACTS, NOON)
        if not cancelled:
            break
    assert at >= 7
    assert await house.pictures.sweep() == Swept(0, 0, ())


async def _in_task(work: Coroutine[object, object, object], at: int) -> None:
    async def run() -> None:
        await cancelled_at(work, {at})

    await asyncio.ensure_future(run())


CRASH = """
import os, sys
from pathlib import Path
from tests.data.conftest import FACTS, NOON, House, order, png
from tests.data.lone_process import alone
from tests.data.stepping import crashed_at

async def main(folder: Path, at: int) -> None:
    house = await House.open(folder)
    placed = await house.orders.place(order(0), now=NOON)
    async def finish() -> None:
        staged = await house.pictures.stage(png(1))
        await house.orders.store(placed.jobs[0].id, staged, FACTS, NOON)
    await crashed_at(finish(), at, lambda: os._exit(9))

# Forked here: what is imported is the same for all.
for at in range(100):
    if (pid := os.fork()) == 0:
        alone(main(Path(sys.argv[1]) / str(at), at))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(code, flush=True)
    if code != 9:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each crash is a fork's")
async def test_a_crash_between_file_and_row_loses_neither(tmp_path: Path) -> None:
    """The process ends after every single await of storing a portrait; the next start finds order."""
    with started(CRASH, tmp_path) as run:
        codes = run.communicate()[0].split()
    assert codes == ["9"] * (len(codes) - 1) + ["0"]
    seen = set()
    for at in range(len(codes)):
        folder = tmp_path / str(at)
        house = await House.open(folder)
        swept = await house.pictures.sweep()
        rows = await house.db.fetch_all("SELECT sha256 FROM pictures")
        assert names(house.pictures.folder) == {f"{row['sha256']}.png" for row in rows}
        assert swept.missing == ()
        (found,) = await house.orders.open_orders()
        assert (found.jobs[0].state == "rendered") == bool(rows)
        seen.add((swept.temporary, swept.rowless, len(rows)))
        await house.db.close()
    assert seen >= {(1, 0, 0), (0, 1, 0), (0, 0, 1)}


FULL = """
import resource, signal, sys
from pathlib import Path
from data.core.data_errors import NoSpace
from tests.data.conftest import House, names, png
from tests.data.lone_process import alone

async def main() -> None:
    house = await House.open(Path(sys.argv[1]))
    await house.pictures.stage(png(1))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    noise = bytes(i * i % 251 for i in range(40_000))
    try:
        await house.pictures.stage(png(2) + noise)
    except NoSpace as error:
        print(error)
    print(len(names(house.pictures.folder)))

alone(main())
"""


def test_a_full_disk_gives_a_clear_error_and_leaves_no_half_picture(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write fails in the middle in the same way."""
    with started(FULL, tmp_path) as run:
        sentence, left = run.communicate()[0].splitlines()
    assert sentence == str(NoSpace())
    assert left == "1"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


async def test_the_sweep_removes_what_a_crash_left_and_nothing_else(house: House) -> None:
    await house.delivered(order(0), shade=1)
    await house.pictures.stage(png(2))
    (house.pictures.folder / f"{'ab' * 32}.png").write_bytes(png(3))
    (house.pictures.folder / "holiday.png").write_bytes(png(4))
    missing = await house.delivered(order(0), shade=5)
    lost = await house.portraits.get(missing)
    assert lost is not None
    house.pictures.path(lost.sha256).unlink()
    assert await house.pictures.sweep() == Swept(1, 1, (lost.sha256,))
    assert names(house.pictures.folder) == {f"{hashlib.sha256(png(1)).hexdigest()}.png", "holiday.png"}
    # The same picture made again heals what was lost.
    await house.delivered(order(0), shade=5)
    assert await house.pictures.read(lost.sha256) == png(5)


async def test_free_space_is_told(house: House) -> None:
    assert house.pictures.free_bytes() > 0


async def test_old_portraits_go_and_faces_saved_from_them_stay(house: House) -> None:
    old = await house.delivered(order(0), now=NOON - 31 * DAY, shade=1)
    face = await house.delivered(order(0), now=NOON - 40 * DAY, shade=2)
    young = await house.delivered(order(0), now=NOON - 29 * DAY, shade=3)
    portrait = await house.portraits.get(face)
    assert portrait is not None
    await house.characters.save(ANA, GUILD, "ana", portrait.sha256, origin="portrait", portrait_id=face, now=NOON)
    assert await delete_older(house.portraits, days=30, now=NOON) == 2
    assert [await house.portraits.get(each) is not None for each in (old, face, young)] == [False, False, True]
    assert names(house.pictures.folder) == {f"{hashlib.sha256(png(shade)).hexdigest()}.png" for shade in (2, 3)}


async def test_portraits_are_listed_newest_first_and_a_page_at_a_time(house: House) -> None:
    made = [await house.delivered(order(0), shade=shade) for shade in range(5)]
    elsewhere = await house.delivered(order(0, guild=GUILD + 1), shade=7)
    await house.delivered(order(0, user=BEN), shade=8)
    first = await house.portraits.of_user(GUILD, ANA, limit=3)
    rest = await house.portraits.of_user(GUILD, ANA, before_id=first[-1].id, limit=3)
    assert [each.id for each in [*first, *rest]] == made[::-1]
    assert [each.id for each in await house.portraits.of_user(None, ANA, limit=2)] == [elsewhere, made[-1]]
    latest = await house.portraits.latest(ANA, GUILD)
    assert latest is not None
    assert latest.id == made[-1]
    assert await house.portraits.latest(12345) is None
