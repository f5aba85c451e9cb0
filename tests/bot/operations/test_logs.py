"""Log lines as JSON and in files: what is in a line, who may read the files, and how many there are."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.errors import SettingsError
from bot.core.settings import Settings
from bot.operations.logs import set_up_by

log = logging.getLogger("bot.somewhere")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    yield Settings(_env_file=None, log_file=str(tmp_path / "studio.log"), log_format="json")  # type: ignore[call-arg]
    for handler in logging.getLogger().handlers:
        handler.close()


def test_a_line_is_one_object_without_anything_that_is_not_meant_for_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_by(settings, serving=True)
    log.info("two\nlines of %s", "words", extra={"job": "abc", "prompt": "a secret prompt"})
    log.debug("a secret prompt")
    try:
        json.loads("{")
    except ValueError:
        log.exception("it failed")
    lines = Path(settings.log_file).read_text(encoding="utf-8").splitlines()
    assert capsys.readouterr().err.splitlines() == lines
    assert "secret" not in "".join(lines)
    first, second = map(json.loads, lines)
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "INFO", "logger": "bot.somewhere", "message": "two\nlines of words", "job": "abc"}
    assert second["error"].startswith("Traceback")


def test_files_are_set_aside_by_size_and_are_for_their_user_alone(settings: Settings) -> None:
    small = settings.model_copy(update={"log_file_mib": 0.0001, "log_file_count": 2, "log_format": "text"})
    set_up_by(small, serving=True)
    for number in range(20):
        log.info("line %d", number, extra={"job": "abc"})
    files = sorted(Path(small.log_file).parent.iterdir())
    assert [file.name for file in files] == ["studio.log", "studio.log.1", "studio.log.2"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert files[0].read_text().endswith("bot.somewhere: line 19 [job abc]\n")


def test_a_tool_beside_the_bot_leaves_its_file_alone(settings: Settings, tmp_path: Path) -> None:
    set_up_by(settings, serving=False)
    log.error("by the tool")
    assert not Path(settings.log_file).exists()
    nowhere = settings.model_copy(update={"log_file": str(tmp_path / "none" / "studio.log")})
    with pytest.raises(SettingsError, match="LOG_FILE"):
        set_up_by(nowhere, serving=True)
