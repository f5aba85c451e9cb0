"""What holds for every backend alike, on this machine or at a provider: orders, cancelling, failing, restarts."""

import asyncio
import io
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from engine.jobs.job import EngineError, EngineStopped, Finished, Job, JobCancelled, Progress
from engine.prompt import ASPECTS, PortraitPrompt
from tests.engine.adapters import add_ip_adapter
from tests.engine.houses import HOUSES, LOCAL, House, house_of
from tests.engine.providers.stage import character
from tests.engine.stage import follow, picture


@pytest.fixture(scope="module")
def with_adapter(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    add_ip_adapter(folder)
    return folder


@pytest.fixture(params=HOUSES)
async def house(request: pytest.FixtureRequest, with_adapter: Path, tmp_path: Path) -> AsyncIterator[House]:
    folder = with_adapter
    if request.param == LOCAL:
        folder = tmp_path / "model"
        shutil.copytree(with_adapter, folder)
    async with house_of(request.param, folder) as house:
        yield house


async def under_way(house: House, one: Job) -> asyncio.Task[Finished]:
    """The job's ending, once it is being made."""
    making = asyncio.Event()

    async def followed() -> Finished:
        async for event in house.engine.submit(one):
            if isinstance(event, Progress) and event.step >= house.first_step:
                making.set()
            if isinstance(event, Finished):
                return event
        raise AssertionError("it ended without a portrait")

    task = asyncio.create_task(followed())
    told = asyncio.create_task(making.wait())
    await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    assert not task.done()
    return task


async def test_a_portrait_is_a_png_and_says_how_it_was_made(house: House) -> None:
    done = await picture(house.engine, house.job())
    with Image.open(io.BytesIO(done.picture)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (done.width, done.height))
    assert "red scarf" in done.words.prompt
    assert (done.model_title, done.seed, done.batch) == (house.model.title, 4321, 1)


async def test_progress_comes_before_the_portrait_and_never_goes_back(house: House) -> None:
    events = await follow(house.engine, house.job())
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps
    assert steps == sorted(steps)
    assert isinstance(events[-1], Finished)


async def test_every_aspect_is_made(house: House) -> None:
    for number, aspect in enumerate(ASPECTS):
        width, height = house.model.sizes[aspect]
        await picture(house.engine, house.job(f"order{number}.0", width=width, height=height))


async def test_a_seed_is_told_and_gives_the_same_picture_again(house: House) -> None:
    first = await picture(house.engine, house.job("a.0", seed=77))
    again = await picture(house.engine, house.job("b.0", seed=77))
    assert (first.seed, again.seed) == (77, 77)
    assert first.picture == again.picture


async def test_a_character_is_left_to_its_picture(house: House, tmp_path: Path) -> None:
    prompt = PortraitPrompt(subject="@ana with a blue hat", characters=("ana",))
    done = await picture(house.engine, house.job(prompt=prompt, references=(character(tmp_path),)))
    assert "@ana" not in done.words.prompt
    assert "blue hat" in done.words.prompt
    assert "not used" not in done.note


async def test_an_order_of_several_is_made_whole(house: House) -> None:
    jobs = [house.job(f"order.{number}", seed=number, arrival=number) for number in range(4)]
    done = await asyncio.gather(*(picture(house.engine, one) for one in jobs))
    assert [one.seed for one in done] == [0, 1, 2, 3]
    assert not house.engine.waiting()


async def test_cancelled_while_it_waits(house: House) -> None:
    first = await under_way(house, house.endless("a.0"))
    second = asyncio.create_task(picture(house.engine, house.job("b.0", arrival=1)))
    await asyncio.sleep(0)
    assert house.engine.cancel("b.0")
    with pytest.raises(JobCancelled):
        await second
    house.engine.cancel("a.0")
    house.let_go()
    with pytest.raises(JobCancelled):
        await first


async def test_cancelled_while_it_is_made_its_place_is_free(house: House) -> None:
    first = await under_way(house, house.endless("a.0"))
    assert house.engine.cancel("a.0")
    with pytest.raises(JobCancelled):
        await first
    house.let_go()
    assert isinstance(await picture(house.engine, house.job("b.0", arrival=1)), Finished)


async def test_cancelled_when_it_is_over_changes_nothing(house: House) -> None:
    await picture(house.engine, house.job())
    assert not house.engine.cancel("order.0")
    assert not house.engine.waiting()


async def test_a_failure_is_a_sentence_and_leaves_nothing_behind(
    house: House, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    house.break_down()
    with pytest.raises(EngineError) as failed:
        await picture(house.engine, house.job())
    sentence = str(failed.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert str(tmp_path) not in sentence
    assert not house.engine.waiting()


async def test_stopped_while_it_is_made_it_is_made_after_the_restart(house: House) -> None:
    """What had not begun is made then; what had is seen to by each backend in its own way."""
    task = await under_way(house, house.endless("order.0"))
    waits = asyncio.create_task(picture(house.engine, house.job("later.0", arrival=1)))
    await asyncio.sleep(0)
    await house.engine.stop(10.0)
    for ended in (task, waits):
        with pytest.raises(EngineStopped):
            await ended
    house.let_go()
    later = house.again()
    assert isinstance(await picture(later.engine, later.job("later.0")), Finished)
    await later.engine.stop(10.0)


async def test_no_word_of_the_prompt_is_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await picture(house.engine, house.job("a.0"))
    house.break_down()
    later = house.again()  # what is in memory already cannot be damaged on the disk
    with pytest.raises(EngineError):
        await picture(later.engine, later.job("b.0"))
    await later.engine.stop(10.0)
    assert "scarf" not in caplog.text
