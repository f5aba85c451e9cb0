"""`python -m bot bench`: what operators measure on their own machine and post."""

import argparse
import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.operations.portrait_bench import Trial, add_options, markdown
from tests.engine.tiny_models import entry, models_file


def test_the_table_can_be_posted_as_it_is() -> None:
    whole = Trial(
        model="m",
        placement="offload=none",
        size=(832, 1248),
        steps=28,
        batch=2,
        first_s=31.04,
        a_minute=10.0,
        bare_a_minute=8.0,
        card_gib=17.25,
    )
    failed = Trial(model="n", placement="", size=(64, 64), steps=4, batch=4, failed="4 do not fit into memory together")
    table = markdown([whole, failed], {"card": "some card"}).splitlines()
    assert table[0] == "card: some card"
    assert len({line.count("|") for line in table[2:]}) == 1
    assert table[4] == "| m | offload=none | 832 × 1248 | 28 | 2 | 31 s | 10 | 8 | 1.25 | 17.2 |  |"
    assert "4 do not fit into memory together" in table[5]


@pytest.mark.parametrize("wrong", ["0", "65", "1,,2", "x", "1.5"])
def test_a_batch_that_cannot_be_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--batch", wrong])
    assert "no list of batches" in capsys.readouterr().err


def test_a_local_model_is_measured_beside_the_bare_loop(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("MODEL_FILE", models_file(tmp_path, entry(tiny_checkpoint, "mine", steps=1))),
        *(("MODEL_BUILTIN", "false"), ("MODEL_DEFAULT", "mine")),
    ):
        monkeypatch.setenv(name, value)
    written = tmp_path / "bench.json"
    assert main(["bench", "--json", "--seconds", "0", "--batch", "1,2", "--write", str(written)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(written.read_text())
    first, second = told["trials"]
    assert (first["batch"], second["batch"], first["placement"]) == (1, 2, "processor")
    assert first["first_s"] > 0
    assert second["first_s"] is None
    assert min(first["a_minute"], first["bare_a_minute"], second["ram_gib"]) > 0
    assert main(["bench", "--model", "other"]) == 2
    assert "there is: mine" in capsys.readouterr().err
