"""Names of real people: found whole whatever they are dressed up as, in time that grows with the text alone."""

import json
import time
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.core.errors import SettingsError
from bot.core.real_people import LONGEST_NAME, MOST_NAMES, NameList, read_names
from bot.core.settings import Settings
from bot.operations import doctor

NAMES = NameList(
    [
        "Michael Jordan",
        "Ana Li",
        "Cher",
        "Ben Dover",
        "Shaquille O'Neal",
        "刘亦菲",
        "Владимир Пример",
        "D'Angelo Muster",
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a portrait of MICHAEL  JORDAN.", "Michael Jordan"),
        ("michael jordan’s jersey", "Michael Jordan"),
        ("Michaël Jördan", "Michael Jordan"),
        ("Мichael Jоrdan", "Michael Jordan"),
        ("Ｍｉｃｈａｅｌ Jor\u00addan, M\u200bichael", "Michael Jordan"),
        ("m i c h a e l j o r d a n", "Michael Jordan"),
        ("m.i.c.h.a.e.l jor-dan", "Michael Jordan"),
        ("Mich ael Jor dan", "Michael Jordan"),
        ("michaeljordan, #michael_jordan", "Michael Jordan"),
        ("M1chael J0rdan", "Michael Jordan"),
        ("Miichaeel Jordaan", "Michael Jordan"),
        ("shaquille oneal", "Shaquille O'Neal"),
        ("Shaquille O’Neal's shoes", "Shaquille O'Neal"),
        ("d'angelo muster", "D'Angelo Muster"),
        ("Владимир Пример", "Владимир Пример"),
        ("一个像刘 亦菲的女孩", "刘亦菲"),
        ("c h e r", "Cher"),
        ("Jordan", ""),
        ("Michael by the river Jordan", ""),
        ("Carmichael Jordan, Michael Jordanson", ""),
        ("Michael B. Jordan", ""),
        ("cherries, che rries, a cherry", ""),
        ("to bend over", ""),
        ("an ali in a coat, anali", ""),
        ("", ""),
    ],
)
def test_a_name_is_found_whole_whatever_it_is_dressed_up_as(text: str, found: str) -> None:
    assert NAMES.found(text) == ((found,) if found else ())


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("Ada Example\n# a comment\n\nB*\n", "line 4: “B\\*” has a"),
        ("Bo\n", "line 1: “Bo” has too few letters"),
        ("123\n", "too few letters"),
        (f"{'a' * (LONGEST_NAME + 1)}\n", "is longer than"),
        ("".join(f"{number:x}abc\n" for number in range(MOST_NAMES + 1)), "Leave some out"),
        (b"\xff\xfe", "not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, lines: str | bytes | None, why: str
) -> None:
    file = tmp_path / "names.txt"
    if lines is not None:
        file.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    with pytest.raises(SettingsError, match=why):
        read_names(file)


def test_the_doctor_says_how_many_names_there_are(tmp_path: Path) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # taken by pydantic-settings
    file = tmp_path / "names.txt"
    file.write_text("\ufeffAda Example # a comment\n  Ada  Example\nCarl Muster\n", encoding="utf-8")
    for mode, named, mark, sentence in (
        ("off", "", "good", "no names are looked for"),
        ("off", str(file), "note", "2 names"),
        ("ask", str(file), "good", "one of 2 names asks"),
        ("refuse", str(file), "good", "one of 2 names is refused"),
        ("refuse", "", "bad", "names no list"),
        ("ask", "/nowhere", "bad", "cannot be read"),
    ):
        changed = {"moderation_real_people": mode, "moderation_real_people_file": named}
        line = doctor._real_people(settings.model_copy(update=changed))
        assert (line.mark, sentence in line.text) == (mark, True), line.text


@pytest.mark.parametrize(("mode", "decision"), [("off", "allowed"), ("ask", "ask"), ("refuse", "refused")])
def test_the_policy_command_asks_the_operators_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str, decision: str
) -> None:
    (tmp_path / "names.txt").write_text("Ada Example\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODERATION_REAL_PEOPLE", mode)
    monkeypatch.setenv("MODERATION_REAL_PEOPLE_FILE", "names.txt")
    assert main(["policy", "ada example on a beach"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["decision"], told["names"]) == (decision, [] if mode == "off" else ["Ada Example"])


def test_the_time_grows_with_the_text_alone_however_long_the_list() -> None:
    """Four times the text takes about four times as long, where looking for each name would take a minute."""
    many = NameList(f"{one}{two}na {two}{one}li" for one in _SYLLABLES for two in _SYLLABLES)
    assert many.count == len(_SYLLABLES) ** 2 == 50_176
    for text in ("a portrait by the sea ", "b a c h i l i ", "b.a.n.a "):
        short, long = (_took_s(many, text * (size // len(text))) for size in (1_000, 4_000))
        assert long < 12 * short + 0.1, text


_SYLLABLES = [
    f"{start}{vowel}{end}"
    for start in ("b", "c", "d", "f", "g", "h", "k", "l")
    for vowel in "aeio"
    for end in ("", "n", "r", "s", "t", "m", "k")
]


def _took_s(names: NameList, text: str) -> float:
    started = time.process_time()
    names.found(text)
    return time.process_time() - started
