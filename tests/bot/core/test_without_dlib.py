"""Without dlib the studio works, measures nothing, and says so."""

import importlib.util
import io
import logging
from importlib.machinery import ModuleSpec

import pytest
from PIL import Image

from bot.operations import doctor
from engine.faces import face_review, identity
from tests.bot.conftest import World
from tests.bot.reading import said


@pytest.fixture(autouse=True)
def without_dlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where the extra is not installed."""
    found = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "dlib" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


async def test_a_picture_is_saved_unmeasured_and_portraits_are_delivered(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.agree(world.sam)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), "teal").save(buffer, "PNG")
    saved = await world.sam.slash(world.channel, "character save", name="ana", attachment=("x.png", buffer.getvalue()))
    assert "was not measured" in said(saved)
    assert (await world.portrait(world.sam, "@ana on a beach")).attachments
    with caplog.at_level(logging.WARNING, "bot.client"):
        await world.restart()
    assert "likeness is not measured" in caplog.text


def test_it_is_said_where_it_is_missing() -> None:
    assert identity.missing() == "dlib-bin is not installed"
    assert face_review.portrait(b"", []) is None
    assert doctor._faces().mark == "note"
