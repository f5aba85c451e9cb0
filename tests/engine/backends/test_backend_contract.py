"""What holds for every hosted model, whoever runs it: the same orders, the same answers, the same care with money."""

import asyncio
import io
import logging
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from engine.backends import provider_errors as wrong
from engine.backends.hosted import SENT, JournalInMemory
from engine.jobs.job import EngineStopped, Finished, JobCancelled, Progress
from engine.prompt import PortraitPrompt
from tests.engine.providers.stage import STANDINS, Stage, character
from tests.engine.providers.standin import KEY, Fault, Point, StandIn
from tests.engine.stage import follow, picture

PROVIDERS = tuple(STANDINS)
TICKETED = ("mage", "bfl")
DIRECT = ("openai", "google")


@pytest.fixture(params=PROVIDERS)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """The studio beside a provider's stand-in, which must have found no fault with any request."""
    async with STANDINS[request.param]() as standin:
        stage = Stage(standin)
        yield stage
        await stage.engine.stop(5.0)
        assert standin.invalid == []


def only(*providers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", providers, indirect=True)


async def failure(stage: Stage, name: str = "order.0") -> wrong.ProviderError:
    """The error that a job ends with."""
    with pytest.raises(wrong.ProviderError) as failed:
        await picture(stage.engine, stage.job(name))
    return failed.value


async def started(stage: Stage, name: str = "order.0") -> asyncio.Task[Finished]:
    """A job whose picture is held back by the provider, once the provider has it."""
    stage.standin.held = True
    task = asyncio.create_task(picture(stage.engine, stage.job(name)))
    await stage.standin.asked.wait()
    return task


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what happens in the stand-in's own time."""
    while not holds():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.005)


async def noted(stage: Stage, name: str = "order.0") -> str:
    """What is written down of a job, once that is more than that it was sent (where more will come)."""
    known = stage.journal
    assert isinstance(known, JournalInMemory)
    empty = ("", SENT) if stage.standin.provider in TICKETED else ("",)
    await until(lambda: known.entries.get(name, "") not in empty)
    return await known.recall(name)


async def test_a_portrait_arrives_as_png_in_the_words_of_its_model(stage: Stage) -> None:
    done = await picture(stage.engine, stage.job())
    (sent,) = stage.standin.bought
    assert Image.open(io.BytesIO(done.picture)).format == "PNG"
    assert (done.width, done.height) == stage.standin.size
    assert done.words.prompt == sent.prompt
    assert "red scarf" in sent.prompt
    assert done.model_title == stage.model.title


async def test_progress_comes_before_the_portrait(stage: Stage) -> None:
    events = await follow(stage.engine, stage.job())
    assert isinstance(events[0], Progress)
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("aspect", ["2:3", "16:9", "1:1", "4:5", "3:2", "9:16"])
async def test_every_aspect_is_asked_for_as_the_provider_names_it(stage: Stage, aspect: str) -> None:
    width, height = stage.model.sizes[aspect]
    await picture(stage.engine, stage.job(width=width, height=height))
    assert stage.standin.bought[0].aspect in (aspect, f"{width}x{height}")


async def test_the_seed_goes_along_where_there_is_one(stage: Stage) -> None:
    done = await picture(stage.engine, stage.job(seed=99))
    assert stage.standin.bought[0].seed == (99 if stage.model.seeded else None)
    assert done.seed == 99


async def test_a_character_goes_along_as_a_small_reference_picture(stage: Stage, tmp_path: Path) -> None:
    prompt = PortraitPrompt(subject="@ana with a blue hat", characters=("ana",))
    await picture(stage.engine, stage.job(prompt=prompt, references=(character(tmp_path),)))
    (sent,) = stage.standin.bought
    assert sent.pictures == 1
    assert "@ana" not in sent.prompt
    assert "reference picture" in sent.prompt or "attached picture" in sent.prompt


async def test_more_characters_than_a_model_takes_are_left_to_the_words(stage: Stage, tmp_path: Path) -> None:
    prompt = PortraitPrompt(subject="@ana beside @bob", characters=("ana", "bob"))
    both = (character(tmp_path), character(tmp_path, "bob"))
    await picture(stage.engine, stage.job(prompt=prompt, references=both))
    assert stage.standin.bought[0].pictures == min(2, stage.model.references)


async def test_several_portraits_of_an_order_are_made_side_by_side(stage: Stage) -> None:
    stage.standin.held = True
    tasks = [asyncio.create_task(picture(stage.engine, stage.job(f"order.{n}", seed=n))) for n in range(4)]
    await until(lambda: stage.standin.under_way == 4)
    stage.standin.let_go()
    assert len(await asyncio.gather(*tasks)) == 4
    assert len(stage.standin.bought) == 4


async def test_no_more_run_at_once_than_the_provider_allows(stage: Stage) -> None:
    narrow = Stage(stage.standin, slots=3)
    await asyncio.gather(*(picture(narrow.engine, narrow.job(f"u{n}.0", arrival=n)) for n in range(9)))
    assert stage.standin.most_under_way <= 3
    assert len(stage.standin.bought) == 9
    await narrow.engine.stop(5.0)


REFUSALS: list[tuple[Fault, type[wrong.ProviderError], str]] = [
    ("credit", wrong.OutOfCredit, "out of credit"),
    ("key", wrong.KeyRefused, "does not accept the studio's key"),
    ("content", wrong.ContentRefused, "content rules.*nudity|content rules.*violence"),
    ("invalid", wrong.RequestRefused, "did not accept the request"),
    ("broken", wrong.ProviderFailing, "fault of its own"),
]


@pytest.mark.parametrize(("fault", "error", "sentence"), REFUSALS)
async def test_each_refusal_has_its_own_error_and_sentence_and_buys_nothing(
    stage: Stage, fault: Fault, error: type[wrong.ProviderError], sentence: str
) -> None:
    # A submission to Mage may be repeated safely, so its SDK does that after a 5xx.
    bfl_says_it_later = fault == "content" and stage.standin.provider == "bfl"
    stage.standin.fail("look" if bfl_says_it_later else "submit", fault, times=3 if fault == "broken" else 1)
    failed = await failure(stage)
    assert type(failed) is error
    assert re.search(sentence, str(failed))
    assert failed.may_be_billed is False
    assert len(stage.standin.bought) == int(bfl_says_it_later)


async def test_a_result_that_the_providers_rules_forbid_says_so(stage: Stage) -> None:
    stage.standin.fail("submit" if stage.standin.provider == "openai" else "result", "content")
    failed = await failure(stage)
    assert isinstance(failed, wrong.ContentRefused)
    assert re.search("nudity|image safety", str(failed))


async def test_too_many_requests_wait_as_told_and_then_go_on(stage: Stage) -> None:
    stage.standin.fail("submit", "busy", times=2)
    await picture(stage.engine, stage.job())
    assert len(stage.standin.bought) == 1


async def test_a_wait_that_is_too_long_ends_with_its_length(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(stage.standin), "wait_header", "900")
    stage.standin.fail("submit", "busy")
    failed = await failure(stage)
    assert isinstance(failed, wrong.RateLimited)
    assert "in 900 s" in str(failed)


async def test_an_answer_that_is_lost_is_never_bought_again(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.standin.fail("submit", "drop after")
    if stage.standin.provider == "mage":  # knows the repetition by its key
        await picture(stage.engine, stage.job())
    else:
        assert isinstance(await failure(stage), wrong.AnswerLost)
        assert "may charge for a portrait that did not arrive" in caplog.text
    assert len(stage.standin.bought) == 1


async def test_a_connection_that_breaks_before_the_request_was_read_is_not_bought_twice(stage: Stage) -> None:
    stage.standin.fail("submit", "drop")
    if stage.standin.provider == "mage":
        await picture(stage.engine, stage.job())
    else:
        assert isinstance(await failure(stage), wrong.AnswerLost)
    assert len(stage.standin.bought) <= 1


async def test_a_provider_that_cannot_be_reached_was_sent_nothing(stage: Stage) -> None:
    await stage.standin.stop()
    failed = await failure(stage)
    assert isinstance(failed, wrong.ProviderUnreachable)
    assert failed.may_be_billed is False


async def test_a_provider_that_never_answers_is_given_up(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    impatient = Stage(stage.standin, timeout_s=0.2)
    stage.standin.fail("submit", "silent", times=3)
    failed = await failure(impatient)
    assert isinstance(failed, wrong.ProviderSilent | wrong.AnswerLost)
    assert "may charge" in caplog.text
    await impatient.engine.stop(5.0)


async def test_an_answer_that_is_no_answer_says_so(stage: Stage) -> None:
    stage.standin.fail("submit", "garbage", times=3)
    failed = await failure(stage)
    assert isinstance(failed, wrong.AnswerLost | wrong.UnusableAnswer | wrong.GenerationFailed)


async def test_a_damaged_picture_is_refused(stage: Stage) -> None:
    stage.standin.fail("download" if stage.standin.provider in TICKETED else "result", "garbage")
    assert isinstance(await failure(stage), wrong.UnusableAnswer)


async def test_cancelling_while_it_waits_buys_nothing(stage: Stage) -> None:
    narrow = Stage(stage.standin, slots=1)
    first = await started(narrow, "a.0")
    second = asyncio.create_task(picture(narrow.engine, narrow.job("b.0", arrival=1)))
    await until(lambda: len(narrow.engine.waiting()) == 2)
    assert narrow.engine.cancel("b.0")
    with pytest.raises(JobCancelled):
        await second
    stage.standin.let_go()
    await first
    assert len(stage.standin.bought) == 1
    await narrow.engine.stop(5.0)


async def test_cancelling_while_it_is_made_ends_it_and_frees_its_slot(stage: Stage) -> None:
    narrow = Stage(stage.standin, slots=1)
    first = await started(narrow, "a.0")
    await noted(narrow, "a.0")
    assert narrow.engine.cancel("a.0")
    with pytest.raises(JobCancelled):
        await first
    if stage.standin.provider == "mage":
        await until(lambda: stage.standin.cancelled == ["req-1"])
    stage.standin.let_go()
    await picture(narrow.engine, narrow.job("b.0", arrival=1))
    await narrow.engine.stop(5.0)


async def test_cancelling_while_it_is_told_to_wait_buys_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(stage.standin), "wait_header", "30")
    stage.standin.fail("submit", "busy")
    task = asyncio.create_task(picture(stage.engine, stage.job()))
    await until(lambda: stage.backend._quiet_until_s > 0.0)
    stage.engine.cancel("order.0")
    with pytest.raises(JobCancelled):
        await task
    assert stage.standin.bought == []


async def test_after_a_restart_a_bought_portrait_is_fetched_and_not_bought_again(stage: Stage) -> None:
    task = await started(stage)
    note = await noted(stage)
    await stage.engine.stop(5.0)
    with pytest.raises(EngineStopped):
        await task
    stage.standin.let_go()
    later = stage.again()
    if stage.standin.provider in TICKETED:
        assert note != SENT
        assert (await picture(later.engine, later.job())).seed == 4321
    else:
        assert isinstance(await failure(later), wrong.AnswerLost)
    assert len(stage.standin.bought) == 1
    assert stage.standin.cancelled == []
    await later.engine.stop(5.0)


async def test_after_a_crash_between_sending_and_writing_down_nothing_is_bought_twice(stage: Stage) -> None:
    await picture(stage.engine, stage.job())
    await stage.journal.remember("order.0", SENT)  # as if the process had ended before the answer came
    later = stage.again()
    if stage.standin.provider == "mage":
        await picture(later.engine, later.job())
    else:
        assert isinstance(await failure(later), wrong.AnswerLost)
    assert len(stage.standin.bought) == 1
    await later.engine.stop(5.0)


async def test_a_provider_that_keeps_failing_is_set_aside_and_its_models_say_so(stage: Stage) -> None:
    assert stage.catalogue.unavailable(stage.model) == ""
    stage.standin.fail("submit", "broken", times=9)
    for number in range(3):
        await failure(stage, f"order.{number}")
    assert "tried again in 1 min" in stage.catalogue.unavailable(stage.model)
    failed = await failure(stage, "order.3")
    assert isinstance(failed, wrong.CircuitOpen)
    assert "Choose another model" in str(failed)


async def test_the_key_is_in_no_log_error_or_repr(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.DEBUG)
    said = [repr(stage.standin.access()), repr(stage.backend), repr(vars(stage.backend))]
    faults: list[Fault] = ["key", "credit", "invalid", "broken", "drop", "garbage"]
    for number, fault in enumerate(faults):
        stage.catalogue.breaker.worked(stage.standin.provider)
        stage.standin.fail("submit", fault, times=3 if stage.standin.provider == "mage" else 1)
        failed = await failure(stage, f"order.{number}")
        said += [str(failed), repr(failed), repr(failed.__cause__), repr(failed.__context__)]
        stage.standin._faults.clear()
    assert KEY not in "".join(said) + caplog.text


async def test_no_word_of_the_prompt_is_in_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage.standin.fail("submit", "content" if stage.standin.provider != "bfl" else "invalid")
    await failure(stage)
    await picture(stage.engine, stage.job("order.1"))
    assert "scarf" not in caplog.text


LATER: list[tuple[Point, Fault]] = [
    ("look", "broken"),
    ("look", "drop"),
    ("look", "busy"),
    ("download", "broken"),
    ("download", "drop"),
]


@only(*TICKETED)
@pytest.mark.parametrize(("point", "fault"), LATER)
async def test_what_was_bought_is_asked_for_again_after_a_fault(stage: Stage, point: Point, fault: Fault) -> None:
    stage.standin.fail(point, fault, times=2)
    await picture(stage.engine, stage.job())
    assert len(stage.standin.bought) == 1


UNUSABLE: list[tuple[Point, Fault, type[wrong.ProviderError]]] = [
    ("look", "gone", wrong.PictureGone),
    ("download", "gone", wrong.PictureGone),
    ("download", "redirect", wrong.UnusableAnswer),
    ("download", "wrong type", wrong.UnusableAnswer),
    ("download", "huge", wrong.UnusableAnswer),
    ("result", "elsewhere", wrong.UnusableAnswer),
    ("result", "failed", wrong.GenerationFailed),
]


@only(*TICKETED)
@pytest.mark.parametrize(("point", "fault", "error"), UNUSABLE)
async def test_a_picture_that_cannot_be_had_ends_with_its_own_error(
    stage: Stage, point: Point, fault: Fault, error: type[wrong.ProviderError]
) -> None:
    stage.standin.fail(point, fault)
    assert type(await failure(stage)) is error
    assert len(stage.standin.bought) == 1


@only(*TICKETED)
async def test_a_ticket_that_is_never_answered_for_ends_as_unknown(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.standin.fail("look", "broken", times=60)
    assert isinstance(await failure(stage), wrong.AnswerLost)
    assert "may charge" in caplog.text


@only(*DIRECT)
async def test_an_answer_that_breaks_off_in_the_middle_is_unknown(stage: Stage) -> None:
    stage.standin.fail("result", "drop")
    assert isinstance(await failure(stage), wrong.AnswerLost)
    assert len(stage.standin.bought) == 1


@only("openai")
async def test_partial_pictures_are_the_live_preview(stage: Stage) -> None:
    stage.standin.held = True
    seen: list[Progress] = []
    async for event in stage.engine.submit(stage.job()):
        if isinstance(event, Progress):
            seen.append(event)
            if event.preview:
                stage.standin.let_go()
    last = next(event for event in reversed(seen) if event.preview)
    assert Image.open(io.BytesIO(last.preview or b"")).format == "JPEG"


@only("bfl")
async def test_the_key_goes_only_to_the_providers_own_hosts(stage: Stage) -> None:
    stage.standin.fail("submit", "elsewhere")
    assert isinstance(await failure(stage), wrong.UnusableAnswer)


@only("mage")
async def test_the_repeat_key_is_order_picture_and_try(stage: Stage) -> None:
    await picture(stage.engine, stage.job("abc.2"))
    assert stage.standin.bought[0].repeat_key == "abc:2:1"


@only("mage")
async def test_another_try_of_the_same_job_is_another_request(stage: Stage) -> None:
    await picture(stage.engine, stage.job())
    await stage.journal.remember("order.0", "")
    await picture(stage.engine, stage.job(attempt_number=2, seed=5))
    assert [sent.repeat_key for sent in stage.standin.bought] == ["order:0:1", "order:0:2"]


def test_every_provider_is_under_contract() -> None:
    assert set(PROVIDERS) == {"mage", "bfl", "openai", "google"}
    assert all(issubclass(standin, StandIn) for standin in STANDINS.values())
