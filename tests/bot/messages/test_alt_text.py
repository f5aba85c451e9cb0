"""Every picture that is sent has words for whoever cannot see it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.messages import alt_text
from engine.pictures.contact_sheet import Cell
from engine.prompt import NOTHING, parse

BOT = Path(__file__).parents[3] / "bot"


def test_files_are_made_in_one_place_which_takes_none_without_a_description() -> None:
    makers = [
        path.relative_to(BOT).as_posix()
        for path in BOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("discord.File", "File")
    ]
    assert makers == ["messages/alt_text.py"]
    with pytest.raises(ValueError, match="without a description"):
        alt_text.described("a.png", b"", " \u200b ")


def test_a_preview_is_described_by_its_recipe_with_who_is_in_it() -> None:
    told = alt_text.of_preview(parse('@ana in a white shirt, by the sea at sunset, holding a sign that says "OPEN"'))
    assert told.startswith("Preview of an AI-generated portrait")
    assert "white shirt" in told
    assert "sunset" in told
    assert "OPEN" in told
    assert told.count("@ana") == 1
    assert alt_text.of_preview(NOTHING).endswith("Its prompt is not kept.")


def test_no_description_is_longer_than_discord_takes() -> None:
    long = " ".join(["a portrait of somebody"] * 500)
    cells = [Cell(number=n, label="by the sea " * 20, picture=None, missing="waits", likeness=None) for n in range(24)]
    for text in (long, alt_text.of_preview(parse(long)), alt_text.of_sheet(long, cells)):
        file = alt_text.described("a.png", b"x", text)
        assert file.description is not None
        assert 0 < len(file.description) <= 1024
        assert "\n" not in file.description


def test_a_chart_is_told_in_figures() -> None:
    told = alt_text.of_chart("Portraits a day", {"studio, fast": [1, 5], "mage, standard": [0, 2]}, ["1.5.", "2.5."])
    assert "In all 8" in told
    assert "studio, fast 6" in told
    assert "Most on 2.5.: 7" in told
    assert "nothing" in alt_text.of_chart("Portraits a day", {}, ["1.5."])
