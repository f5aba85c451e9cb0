"""Nothing that somebody typed, and no token, is in any text that comes of an error nobody planned."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.settings import Settings
from bot.maintenance import crash_counts
from bot.maintenance.self_check import SelfCheck
from bot.operations.logs import set_up_by
from bot.web.last_errors import LastErrors
from data.core.data_errors import NoSpace
from engine import crash_text

log = logging.getLogger("bot.somewhere")
NEEDLES = ("weathered", "fisherman", "ana_the_third", "MTk4NjIy", "sk-proj", "oilskin")
PROMPT = 'a weathered fisherman in "oilskin", @ana_the_third'
TOKEN = "MTk4NjIy.Cl2FMQ.sk-proj-0123456789abcdef"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield Settings(_env_file=None, data_folder=tmp_path / "var", log_file=str(tmp_path / "studio.log"))  # type: ignore[call-arg]
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    for handler in logging.getLogger().handlers:
        handler.close()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fail() -> None:
    try:
        {"": ""}[PROMPT]
    except KeyError as error:
        raise ExceptionGroup(PROMPT, [ValueError(f"invalid token {TOKEN}"), OSError(5, PROMPT)]) from error


async def crash_everywhere() -> None:
    """In a step, in a task that nobody asks, in a thread, in a destructor, and as part of a sentence."""
    try:
        fail()
    except ExceptionGroup as error:
        log.exception("it failed", extra={"job": "abc"})
        log.warning("%s is tried again: %s", "a job", error)
        log.warning("no backup: %s", NoSpace())
    task = asyncio.ensure_future(asyncio.to_thread(fail))
    await asyncio.wait({task})
    del task
    gc.collect()
    thread = threading.Thread(target=fail)
    thread.start()
    await asyncio.to_thread(thread.join)

    class Broken:
        def __del__(self) -> None:
            fail()

    Broken()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_text_that_comes_of_a_crash_has_a_prompt_a_name_or_a_token(
    settings: Settings, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_by(settings.model_copy(update={"log_format": form}), serving=True)
    page = LastErrors(lambda level: None)
    logging.getLogger().addHandler(page)
    await crash_everywhere()
    for kind in (RuntimeError, type("Odd", (Exception,), {})):
        sys.excepthook(kind, kind(PROMPT), None)
    reports = settings.data_folder / crash_counts.FILE_NAME
    fault = SelfCheck(settings, None, fail)._crashes(time.time())  # type: ignore[arg-type]  # no books are looked at
    assert fault is not None
    texts = {
        "standard error": capsys.readouterr().err,
        "log": read(Path(settings.log_file)),
        "reports": read(reports),
        "status page": "\n".join(one.text for one in page.newest_first()),
        "owner's message": fault.sentence,
    }
    for name, text in texts.items():
        assert not [needle for needle in NEEDLES if needle in text], (name, text)
    assert texts["log"].count("Traceback") >= 5
    assert "fail" in texts["log"]  # where it came from
    assert "no room" in texts["log"] or str(NoSpace()) in texts["log"]
    told = [json.loads(line) for line in texts["reports"].splitlines()]
    assert len(told) == 6
    assert told[0]["job"] == "abc"
    assert told[0]["what"] == "it failed"
    assert told[0]["versions"]["python"]
    assert any("KeyError" in line for line in told[0]["traceback"])
    assert reports.stat().st_mode & 0o777 == 0o600
    assert "6" in fault.sentence


def test_what_a_machine_says_of_itself_can_still_be_read() -> None:
    said = (
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.15 GiB of which 3.2 is free"
    )
    assert crash_text.message_of(RuntimeError(said)).startswith(
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0"
    )
    assert crash_text.message_of(ValueError(f"size 3 {PROMPT} expected 4")).startswith("size 3 a …")
    assert crash_text.message_of(ValueError(PROMPT.partition(" ")[2])).count("…") >= 1
    assert crash_text.message_of(ValueError("weathered")) == ""


def test_at_debug_everything_is_told_as_it_is(settings: Settings) -> None:
    set_up_by(settings.model_copy(update={"log_level": "DEBUG"}), serving=True)
    try:
        fail()
    except ExceptionGroup:
        log.exception("it failed")
    logging.getLogger().setLevel(logging.WARNING)
    assert "weathered" in Path(settings.log_file).read_text(encoding="utf-8")
    assert "weathered" not in (settings.data_folder / crash_counts.FILE_NAME).read_text(encoding="utf-8")
