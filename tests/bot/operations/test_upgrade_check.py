"""What an upgrade would do is said before, and the data folder stays as it is."""

import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.core.settings import Settings
from bot.operations import upgrade_check
from data.core import schema
from data.core.database import FILE_NAME


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_waits_and_what_is_new_is_said_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_FOLDER", str(tmp_path / "var"))
    steps = schema.migrations()
    schema.prepare(tmp_path / "var" / FILE_NAME, steps[:-2])
    names = sorted({*Settings.model_fields, "queue_colour"} - {"price_fast"})
    (tmp_path / "var" / upgrade_check.KNOWN).write_text(json.dumps(names))
    (tmp_path / ".env").write_text("DATA_FREE_MIB=0\nMAGE_FINENESS=1K\nOLD_THING=1\nHF_HOME=x\n")
    before = contents(tmp_path / "var")
    assert main(["upgrade-check"]) == 0
    said = capsys.readouterr().out
    assert contents(tmp_path / "var") == before
    assert f"applies 2 migrations ({len(steps) - 1:04d}_" in said
    assert "MAGE_FINENESS is called MAGE_RESOLUTION now" in said
    assert ".env gives OLD_THING, which" in said
    assert "QUEUE_COLOUR of the version before is gone" in said
    assert "new since the last start: PRICE_FAST." in said
    assert "Make one before: python -m bot backup" in said
    monkeypatch.setenv("DATA_FREE_MIB", str(2**40))
    monkeypatch.setenv("MODEL_DEFAULT", "gone")
    assert main(["upgrade-check"]) == 1
    said = capsys.readouterr().out
    assert "BAD  Models: " in said
    assert "too little beside DATA_FREE_MIB" in said


def test_after_a_start_of_this_version_nothing_waits(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_folder=tmp_path, data_free_mib=0)  # type: ignore[call-arg]
    fresh = [line.text for line in upgrade_check.examine(settings, tmp_path / ".env")]
    assert "the first start makes it" in fresh[0]
    assert "cannot be said" in fresh[1]
    schema.prepare(tmp_path / FILE_NAME)
    upgrade_check.remember_settings(tmp_path)
    lines = list(upgrade_check.examine(settings, tmp_path / ".env"))
    assert {line.mark for line in lines} == {"good"}
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 100)
    assert next(upgrade_check.examine(settings)).mark == "bad"
