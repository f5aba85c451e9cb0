"""The processes that decode: killed, hung, out of memory or of time, and shared between people."""

import asyncio
import fcntl
import os
import resource
import select
import signal
import subprocess
import sys
import termios
from array import array
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.apart.pipe_messages import TOO_MUCH
from engine.apart.process import Apart
from engine.faces import identity
from engine.pictures.decoding.decoder import STOPPING, Decoder
from engine.pictures.decoding.decoding_slots import EACH, EACH_WAITING, MANY, SLOTS, YOURS, DecodingSlots
from engine.pictures.intake import BadPicture, CleanPicture
from tests import faces
from tests.engine import hostile

HOUSE = Path(__file__).parents[3]
SMALL = hostile.colour("PNG", 64, 64)
LARGE = hostile.one_colour(4472, 4472)


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder(wall_s=120.0)
    yield decoder
    await decoder.close()


async def the_process(decoder: Decoder) -> int:
    """It runs, and waits for a picture."""
    await decoder.clean(SMALL, "somebody")
    (pid,) = decoder.pids
    return pid


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def again_and_again(decoder: Decoder, raw: bytes) -> None:
    while True:
        await decoder.clean(raw, "somebody")


def known_to(pid: int) -> tuple[bytes, list[str]]:
    """The environment of a process, and what it has open."""
    there = Path(f"/proc/{pid}")
    return (there / "environ").read_bytes(), [str(file.readlink()) for file in (there / "fd").iterdir()]


async def in_the_middle(pid: int) -> None:
    """Until a picture lies before a process that was stopped."""
    inbox = os.open(f"/proc/{pid}/fd/3", os.O_RDONLY | os.O_NONBLOCK)  # the first file that it made its own
    there = array("i", [0])
    while not there[0]:
        await asyncio.to_thread(fcntl.ioctl, inbox, termios.FIONREAD, there)
    os.close(inbox)


async def test_nothing_runs_until_a_picture_comes_and_one_process_serves_one_after_the_other(decoder: Decoder) -> None:
    assert decoder.pids == ()
    first = await the_process(decoder)
    assert await the_process(decoder) == first


async def test_a_process_that_is_killed_in_the_middle_is_a_sentence_and_the_next_picture_works(
    decoder: Decoder,
) -> None:
    pid = await the_process(decoder)
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(decoder.clean(LARGE, "somebody"))
    await in_the_middle(pid)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(BadPicture, match="Save it again"):
        await waiting
    assert await the_process(decoder) != pid


def test_a_process_outlives_the_thread_that_first_asked_it() -> None:
    """Linux tells a process of the end of its parent's thread, and threads come and go with an event loop."""
    apart, pids = Apart(wall_s=120.0), set[int | None]()
    for _ in range(2):
        with ThreadPoolExecutor(1) as threads:
            threads.submit(apart.ask, "clean", SMALL).result()
        pids.add(apart.pid)
    assert len(pids) == 1
    apart.close()
    apart.reap()


async def test_a_process_that_is_killed_while_nobody_waits_is_replaced_without_a_word(decoder: Decoder) -> None:
    pid = await the_process(decoder)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert await the_process(decoder) != pid


async def test_what_a_provider_sent_is_tried_once_more_when_its_process_was_killed(decoder: Decoder) -> None:
    pid = await the_process(decoder)
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(decoder.plain(LARGE, "somebody"))
    await in_the_middle(pid)
    os.kill(pid, signal.SIGKILL)
    assert (await waiting).width == 4472


async def test_a_process_that_hangs_is_killed_and_replaced() -> None:
    decoder = Decoder(wall_s=8.0)
    pid = await the_process(decoder)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(BadPicture) as refused:
        await decoder.clean(SMALL, "somebody")
    assert str(refused.value) == TOO_MUCH
    assert gone(pid)
    await the_process(decoder)
    await decoder.close()


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit elsewhere")
async def test_a_picture_that_takes_too_much_memory_is_a_sentence_and_the_next_one_works(decoder: Decoder) -> None:
    for _ in range(2):
        pid = await the_process(decoder)
        _, most = resource.prlimit(pid, resource.RLIMIT_AS)  # each process has its own
        assert 0 < most < 2**30
        resource.prlimit(pid, resource.RLIMIT_AS, (300 * 2**20, most))
        with pytest.raises(BadPicture, match="Save it again"):
            await decoder.clean(LARGE, "somebody")


@pytest.mark.skipif(sys.platform != "linux", reason="nobody else's limits can be set elsewhere")
async def test_a_picture_that_takes_too_much_of_the_processor_is_a_sentence(decoder: Decoder) -> None:
    pid = await the_process(decoder)
    resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))
    with pytest.raises(BadPicture) as refused:
        await again_and_again(decoder, hostile.scans(60, 4000, 4000))
    assert str(refused.value) == TOO_MUCH
    await the_process(decoder)


async def test_the_process_knows_nothing_of_the_bots_environment_and_holds_none_of_its_files(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a secret")
    held = os.open(__file__, os.O_RDONLY)
    os.set_inheritable(held, True)
    pid = await the_process(decoder)
    environment, files = known_to(pid)
    os.close(held)
    assert b"DISCORD" not in environment
    assert not [file for file in files if file == __file__ or file.startswith("socket")]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_signals_for_all_processes_leave_it_to_the_bot_to_end_it(decoder: Decoder, sign: int) -> None:
    pid = await the_process(decoder)
    os.kill(pid, sign)
    assert await the_process(decoder) == pid


async def test_close_ends_what_is_being_decoded_at_once_and_tells_who_waits() -> None:
    decoder = Decoder(wall_s=120.0)
    pid = await the_process(decoder)
    os.kill(pid, signal.SIGSTOP)
    waiting = [asyncio.create_task(decoder.clean(SMALL, "somebody")) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.wait_for(decoder.close(), 30)
    for told in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(told, BadPicture)
        assert str(told) == STOPPING
    assert gone(pid)
    with pytest.raises(BadPicture, match="stopping"):
        await decoder.clean(SMALL, "somebody")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its time on the processor ends it")
@pytest.mark.parametrize("busy", [False, True])
def test_the_process_ends_with_a_bot_that_is_killed(busy: bool) -> None:
    code = (
        "import asyncio, sys; from engine.pictures.decoding.decoder import Decoder; from tests.engine import hostile\n"
        "async def main():\n"
        "    decoder = Decoder(); await decoder.clean(hostile.colour('PNG', 64, 64), 1)\n"
        "    print(*decoder.pids, flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=HOUSE, stdout=subprocess.PIPE) as bot:
        assert bot.stdout is not None
        pid = int(bot.stdout.readline())
        if busy:
            os.kill(pid, signal.SIGSTOP)  # it cannot see the end of its input
        watched = os.pidfd_open(pid)
        bot.kill()
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    assert poll.poll(60_000)
    os.close(watched)


async def test_pictures_of_one_person_are_never_in_both_processes(decoder: Decoder) -> None:
    """Somebody else's goes past all of theirs but the one that is being decoded."""
    theirs = [asyncio.create_task(decoder.clean(LARGE, "one")) for _ in range(4)]
    await asyncio.sleep(0)
    assert isinstance(await decoder.clean(SMALL, "other"), CleanPicture)
    assert sum(task.done() for task in theirs) <= 1
    for task in theirs:
        task.cancel()
    await asyncio.gather(*theirs, return_exceptions=True)


async def test_large_pictures_are_decoded_one_at_a_time(decoder: Decoder) -> None:
    """Two of the largest there may be would take twice the memory; two small ones are decoded side by side."""
    large = [asyncio.create_task(decoder.clean(LARGE, owner)) for owner in ("one", "other")]
    await asyncio.sleep(0)
    assert decoder.at_work == ("one",)
    await asyncio.gather(*large)
    small = [asyncio.create_task(decoder.clean(SMALL, owner)) for owner in ("one", "other")]
    await asyncio.sleep(0)
    assert set(decoder.at_work) == {"one", "other"}
    await asyncio.gather(*small)


async def test_a_photo_does_not_wait_for_the_largest_pictures_there_may_be(decoder: Decoder) -> None:
    large = [asyncio.create_task(decoder.clean(LARGE, owner)) for owner in ("one", "two", "three")]
    await asyncio.sleep(0)
    photo = asyncio.create_task(decoder.clean(hostile.colour("JPEG", 4000, 3000), "other"))
    await asyncio.sleep(0)
    assert [*decoder.at_work] == ["one", "other"]
    await photo
    assert "other" not in decoder.at_work
    await asyncio.gather(*large)


async def test_who_took_much_time_lately_goes_behind_who_took_none(decoder: Decoder) -> None:
    await decoder.clean(LARGE, "one")
    ended: list[str] = []

    async def clean(raw: bytes, owner: str, name: str) -> None:
        await decoder.clean(raw, owner)
        ended.append(name)

    await asyncio.gather(
        clean(LARGE, "two", "begins"),
        clean(LARGE, "one", "came before"),
        clean(LARGE, "new", "came behind"),
    )
    assert ended == ["begins", "came behind", "came before"]


def no_time(owner: object) -> float:
    return 0.0


async def sit(slots: DecodingSlots, owner: str, leave: asyncio.Event) -> None:
    async with slots.one(owner):
        await leave.wait()


async def test_one_person_has_two_slots_and_two_places_to_wait_and_others_are_not_behind_them() -> None:
    slots, leave = DecodingSlots(no_time), asyncio.Event()
    theirs = [asyncio.create_task(sit(slots, "one", leave)) for _ in range(EACH + EACH_WAITING)]
    await asyncio.sleep(0)
    refused = await asyncio.gather(sit(slots, "one", leave), return_exceptions=True)
    assert [str(error) for error in refused] == [YOURS]
    async with slots.one("other"):
        leave.set()
    await asyncio.gather(*theirs)
    async with slots.one("one"):
        pass


async def test_whoever_gives_up_waiting_for_a_slot_leaves_it_to_others() -> None:
    slots = DecodingSlots(no_time)
    async with slots.one("one"), slots.one("one"):
        for _ in range(5):
            waiting = asyncio.create_task(slots.one("one").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    async with slots.one("one"), slots.one("one"):
        pass


async def test_a_slot_that_comes_in_the_moment_of_giving_up_is_handed_on() -> None:
    slots = DecodingSlots(no_time)
    held = [slots.one("one"), slots.one("one")]
    for one in held:
        await one.__aenter__()
    waiting = asyncio.create_task(slots.one("one").__aenter__())
    await asyncio.sleep(0)
    await held[0].__aexit__(None, None, None)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await held[1].__aexit__(None, None, None)
    async with slots.one("one"), slots.one("one"):
        pass


async def test_slots_of_all_together_are_bounded_and_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.pictures.decoding.decoding_slots.WAIT_S", 0.01)
    slots = DecodingSlots(no_time)
    held = [slots.one(number // EACH) for number in range(SLOTS)]
    for one in held:
        await one.__aenter__()
    with pytest.raises(BadPicture) as refused:
        await slots.one("late").__aenter__()
    assert str(refused.value) == MANY
    for one in held:
        await one.__aexit__(None, None, None)


async def test_faces_are_looked_for_in_a_process_apart_which_is_replaced() -> None:
    """dlib keeps the interpreter for itself: the bot would stand still meanwhile. It sees what it sees here."""
    pytest.importorskip("dlib")
    picture = faces.png("ana-1")
    first = await asyncio.to_thread(identity.look, picture)
    assert first == identity.looked(picture)
    pid = identity._apart().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await asyncio.to_thread(identity.look, picture) == first
    assert identity._apart().pid not in (None, pid)
