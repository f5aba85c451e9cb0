"""`python -m bot compare`: every model's portraits of the same prompts, reviewed, as a page and a table."""

import json
import os
import signal
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.__main__ import main
from bot.core.engine_setup import make_catalogue
from bot.core.settings import Settings
from bot.operations.compare_face import face_picture, faceless_sentences
from bot.operations.compare_page import page
from bot.operations.compare_plan import USUAL_PROMPTS, cost_sentences, planned_portraits, prompt_lines
from bot.operations.compare_table import COLUMNS, as_json, cells, markdown, rows
from bot.operations.compared_portraits import ComparisonFolder, PlannedPortrait, PortraitOutcome
from bot.operations.portrait_compare import Comparison
from engine.models.local_models import local_model
from engine.prompt import parse
from engine.review.asked_words import NOTHING_ASKED, asked
from engine.review.judged_parts import PortraitReview, ReviewMeasure, ReviewPart, as_data
from tests import faces
from tests.engine.providers.bfl import StandInBfl
from tests.engine.providers.standin import KEY
from tests.engine.tiny_models import entry, models_file

HOSTILE = '<img src=x onerror=alert(1)> | "quoted" & `code`'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("MODEL_", "SPEND_")) or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


def tiny(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Tiny models of these names in the settings, and two prompts in a file."""
    told = models_file(tmp_path, *(entry(checkpoint, name, steps=1) for name in names))
    for name, value in (("MODEL_FILE", told), ("MODEL_BUILTIN", "false"), ("MODEL_DEFAULT", names[0])):
        monkeypatch.setenv(name, value)
    (tmp_path / "prompts.txt").write_text(
        "# two\n\na man in a red coat\na woman in blue --seed 7\na man in a red coat\n"
    )


def compare(*more: str) -> int:
    return main(["compare", "--prompts", "prompts.txt", "--out", "out", *more])


def table(folder: str = "out") -> dict[str, Any]:
    told: dict[str, Any] = json.loads((Path(folder) / "table.json").read_text())
    return told


def test_every_models_portraits_are_made_once_reviewed_and_shown(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny(tmp_path, tiny_checkpoint, monkeypatch, "mine", "other")
    assert compare() == 0
    assert [(one["model"], one["seed"]) for one in table()["portraits"]] == [
        ("mine", 1), ("mine", 7), ("other", 1), ("other", 7),
    ]  # fmt: skip
    for one in table()["portraits"]:
        assert Path("out", one["picture"]).read_bytes().startswith(b"\x89PNG")
        assert one["review"]["measures"]["anatomy"]["told"] == "No face is found."
    assert [(row["portraits"], row["measures"]["anatomy"]) for row in table()["models"]] == [(2, [0, 0])] * 2
    assert capsys.readouterr().out.strip() == Path("out/table.md").read_text().strip()

    before = {file: file.stat().st_mtime_ns for file in Path("out/pictures").iterdir()}
    gone, damaged = (Path("out", table()["portraits"][at]["picture"]) for at in (0, 1))
    gone.unlink()
    damaged.with_suffix(".json").write_text("{")
    facts = Path("out", table()["portraits"][2]["picture"]).with_suffix(".json")
    facts.write_text(facts.read_text().replace("No face is found.", "As it was."))
    assert compare("--models", "other,mine") == 0
    assert "As it was." in Path("out/index.html").read_text()
    made = {file for file in Path("out/pictures").glob("*.png") if before.get(file) != file.stat().st_mtime_ns}
    assert made == {gone, damaged}
    assert [row["id"] for row in table()["models"]] == ["other", "mine"]
    assert compare("--models", "other", "--review-again") == 0
    assert "As it was." not in Path("out/index.html").read_text()


def test_what_is_stopped_leaves_a_table_of_what_there_is_and_goes_on_from_there(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoppedAtTheFirst(StringIO):
        """Ctrl+C is pressed as soon as the first portrait is told."""

        pressed = False

        def write(self, text: str) -> int:
            if "prompt" in text and not self.pressed:
                self.pressed = True
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    tiny(tmp_path, tiny_checkpoint, monkeypatch, "mine", "other")
    monkeypatch.setattr(sys, "stderr", StoppedAtTheFirst())
    assert compare("--seeds", "2") == 1
    kept = {file: file.stat().st_mtime_ns for file in Path("out/pictures").glob("*.png")}
    mine, other = table()["models"]
    assert 1 <= mine["portraits"] == len(kept)
    assert (other["portraits"], other["planned"]) == (0, 4)
    assert "Not made yet." in Path("out/index.html").read_text()
    assert compare("--seeds", "2") == 0
    assert [row["portraits"] for row in table()["models"]] == [4, 4]
    assert kept.items() <= {file: file.stat().st_mtime_ns for file in Path("out/pictures").glob("*.png")}.items()


def test_bad_input_is_told_in_a_sentence_and_makes_nothing(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny(tmp_path, tiny_checkpoint, monkeypatch, "mine")
    monkeypatch.setenv("BFL_API_KEY", KEY)
    monkeypatch.setenv("SPEND_DAILY", '{"bfl": 0.1}')
    texts: dict[str, bytes] = {
        "empty": b"# nothing\n\n",
        "long": b"a man\n" + b"a man " * 1000,
        "many": b"\n".join(b"a man of %d" % years for years in range(20, 530)),
        "latin": "a caf\xe9".encode("latin-1"),
        "named": b"@ana at the sea",
        "faced": b"@face at the sea",
        "young": b"a nude girl of 15",
        "silent": b"--no hat",
    }
    for name, raw in texts.items():
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for more, sentence in (
        (["--models", "mine,nine"], "There is no model called 'nine' here. Did you mean mine?"),
        (["--models", ","], "There is mine, flux"),
        (["--prompts", "empty"], "There is no prompt in empty"),
        (["--prompts", "none"], "none cannot be read: No such file"),
        (["--prompts", "long"], "Line 2 of long: That is too long. At most 4,000"),
        (["--prompts", "many"], "at most 500"),
        (["--prompts", "latin"], "latin is no text in UTF-8"),
        (["--prompts", "named"], "Line 1 of named: It names @ana, and a comparison has one face alone"),
        (["--prompts", "faced"], "All prompts of faced name @face: say with --face whose it is."),
        (["--face", "none"], "none cannot be read: No such file"),
        (["--face", "empty"], "empty: "),
        (["--prompts", "young"], "Line 1 of young: Rule: nothing sexual"),
        (["--prompts", "silent"], "nothing to see"),
        (["--models", "flux-1.1-pro-ultra"], "That would cost $0.12 at bfl, and SPEND_DAILY lets $0.10"),
        (["--out", "mine"], "mine holds something else"),
        (["--out", "prompts.txt"], "prompts.txt cannot be used"),
    ):
        assert compare(*more) == 2, more
        assert sentence in capsys.readouterr().err, more
    assert not Path("out").exists()
    assert [file.name for file in Path("mine").iterdir()] == ["letter.txt"]
    with pytest.raises(SystemExit):
        compare("--seeds", "0")


async def test_a_hosted_portrait_is_paid_once_and_its_cost_is_told(tmp_path: Path) -> None:
    async with StandInBfl() as provider:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
            data_folder=tmp_path / "data",
            model_builtin=False,
            model_default="flux-1.1-pro-ultra",
            bfl_api_key=SecretStr(KEY),
            bfl_base_url=provider.url,
        )
        catalogue = make_catalogue(settings)
        file = tmp_path / "prompts.txt"
        file.write_text("a man\na woman\n")
        planned = planned_portraits(settings, catalogue.models[:1], file, 1)
        folder = ComparisonFolder(tmp_path / "out")
        folder.open()
        assert cost_sentences(planned) == ["Portraits of models that cost money: 2, for about $0.12."]
        provider.fail("submit", "content")
        for failed in (1, 0, 0):
            comparison = Comparison(settings, catalogue, folder, planned)
            await comparison.go()
            assert len(comparison.missing()) == failed
            (row,) = rows(comparison.portraits())
            assert (sum(row.failures.values()), row.cost_usd) == (failed, 0.06)
        assert len(provider.bought) == 2
        assert "$0.060" in markdown(comparison.portraits())
        assert cost_sentences(comparison.missing()) == []


def planned(title: str = "Mine", text: str = "a man", seed: int = 1) -> PlannedPortrait:
    model = replace(local_model("/nowhere/mine=Mine"), title=title)
    return PlannedPortrait(model=model, number=1, text=text, prompt=parse(text), seed=seed, size=(32, 48))


def seen(skin: float, clothes: float) -> PortraitOutcome:
    measures = (
        ReviewMeasure("skin", (ReviewPart("skin texture", skin, HOSTILE),)),
        ReviewMeasure("anatomy", (ReviewPart("face count", 100.0, "1 face is seen."),)),
        ReviewMeasure("asked for", (ReviewPart("clothes colour", clothes, "The clothes are red as asked."),)),
    )
    review = as_data(PortraitReview(measures, (f"Words are not read: {HOSTILE}.",)))
    return PortraitOutcome(seconds=clothes, words=HOSTILE, review=review)


def test_prompts_with_a_face_are_of_one_person_for_models_that_can_hold_one(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_folder=tmp_path)  # type: ignore[call-arg]  # taken by pydantic-settings
    (studio,) = make_catalogue(settings).models
    file = tmp_path / "prompts.txt"
    file.write_text("@face at the sea\na woman in red\n")
    both = (studio, replace(studio, id="faceless", references=0))
    first, second, third = planned_portraits(settings, both, file, 1)
    assert [(one.model.id, one.number, one.face) for one in (first, second, third)] == [
        ("built-in", 2, ""), ("built-in", 1, f"pictures/{first.key}.png"), ("faceless", 2, ""),
    ]  # fmt: skip
    assert faceless_sentences(both, [first, second, third]) == ["Left out: faceless cannot hold a face."]
    folder = ComparisonFolder(tmp_path / "out")
    folder.open()
    with pytest.raises(FileNotFoundError):
        folder.reference(second)
    folder.keep(first, PortraitOutcome(), faces.png("ana-1"))
    (reference,) = folder.reference(second)
    assert second.job(1, 0, (reference,)).references[0].handle == "face"
    theirs = face_picture(folder.picture(first))
    assert [one.face for one in planned_portraits(settings, both, file, 1, theirs.name)] == ["", theirs.name, ""]


def test_a_command_in_a_sentence_stands_in_the_table_as_it_is_to_be_typed() -> None:
    command = '.venv/bin/pip install -e ".[review]" && .venv/bin/pip install --no-deps some_package==0.6.0'
    told = markdown([(planned(), None)], [f"It is not there. Install it: {command}.", "a_b (python -m bot fetch a_b)."])
    assert f"Install it: `{command}`." in told
    assert "a\\_b (`python -m bot fetch a_b`)." in told


def test_the_table_has_median_worst_share_and_what_failed() -> None:
    outcomes = [seen(90, 100), seen(40, 0), seen(80, 60), PortraitOutcome(failed=HOSTILE, tried=1), None]
    portraits = [(planned(HOSTILE, seed=at), outcome) for at, outcome in enumerate(outcomes)]
    (row,) = rows(portraits)
    told = dict(zip(COLUMNS, cells(row), strict=True))
    assert told["portraits"] == "3 of 5"
    assert (told["skin"], told["light"], told["asked for"]) == ("80 (40)", "–", "60 (0)")
    assert (told["as asked"], told["seconds"], told["cost"], told["failed"]) == ("83 %", "60", "none", "1")
    lines = markdown(portraits).splitlines()
    assert len({line.replace("\\|", "").count("|") for line in lines[:3]}) == 1
    assert "<img" not in markdown(portraits).replace("\\<img", "")
    assert json.loads(as_json(portraits))["models"][0]["failures"] == {HOSTILE: 1}


def test_the_page_escapes_all_needs_no_script_and_names_no_other_place() -> None:
    outcomes = [seen(90, 100), PortraitOutcome(failed=HOSTILE, tried=1), None]
    told = page([(planned(HOSTILE, HOSTILE, at), outcome) for at, outcome in enumerate(outcomes)], [HOSTILE])
    found: list[tuple[str, dict[str, str | None]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Tags().feed(told)
    assert "script" not in {tag for tag, _ in found}
    assert [at["alt"] for tag, at in found if tag == "img"] == [f"Portrait by {HOSTILE}: {HOSTILE}"]
    assert not [at for _, at in found for name in at if name.startswith("on")]
    addresses = [str(at.get("src") or at.get("href")) for tag, at in found if tag in ("img", "a")]
    assert all(address.startswith("pictures/mine-") for address in addresses)
    assert [tag for tag, _ in found].count("details") == 2


def test_the_usual_prompts_ask_for_what_a_review_can_look_for() -> None:
    prompts = [asked(parse(text)) for text in prompt_lines(USUAL_PROMPTS).values()]
    assert len(prompts) == 12 + 3  # the last are of one face
    assert NOTHING_ASKED not in prompts
    assert {"left", "right", "front"} <= {one.side for one in prompts}
    assert {"warm", "cold"} <= {one.warmth for one in prompts}
    assert {"light", "dark"} <= {one.place for one in prompts}
    assert "FRESH" in {one.text for one in prompts}
    assert len({one.clothes for one in prompts}) >= 8
