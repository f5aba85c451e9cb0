"""Pictures say that AI made them, and from what: as Discord received them, in each format, however they were made."""

from __future__ import annotations

import io
import json
from typing import Any

import c2pa
import pytest

from bot.core import sent_copies
from bot.core.marking import Marker
from bot.core.settings import Settings
from bot.messages import cards
from engine.pictures import signing
from engine.pictures.source_types import SourceType
from tests.bot.commands.test_character import picture
from tests.bot.conftest import World
from tests.bot.reading import laid_out
from tests.engine.pictures.test_provenance import OPENED, actions, said_by_xmp

TRAINED, CHANGED, SHEET = SourceType.TRAINED, SourceType.CHANGED_BY_TRAINED, SourceType.SHEET


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"credits_daily": 1000})


async def delivered(message: Any) -> tuple[str, list[tuple[str, str]], list[bool], str]:
    """Of the one picture of a message: its kind, what its manifest says was done, whether the picture before it has a
    manifest too, and what XMP says. The visible line stands in the card."""
    assert cards.AI_LINE in laid_out(message)
    (attachment,) = message.attachments
    raw = await attachment.read()
    with c2pa.Reader(signing.kind_of(raw), io.BytesIO(raw)) as reader:
        assert reader.get_validation_state() == "Valid"
        assert "thumbnail" not in json.dumps(json.loads(reader.json())["manifests"])
        manifest = reader.get_active_manifest()
    known = [bool(one.get("active_manifest")) for one in manifest.get("ingredients", [])]
    return attachment.filename.rpartition(".")[2], actions(manifest), known, said_by_xmp(raw)


async def test_what_discord_received_says_how_it_came_to_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portrait, a change of it, a change of what somebody handed in, a series, and a copy that fits a small limit."""
    sam, studio = world.sam, world.channel
    await world.agree(sam)
    made = await world.portrait(sam, "a woman in a red coat --seed 7")
    assert await delivered(made) == ("png", [("c2pa.created", TRAINED)], [], TRAINED)
    await sam.slash(studio, "edit", change="at night")
    assert await delivered(studio.last_message) == ("png", [OPENED, ("c2pa.edited", TRAINED)], [True], TRAINED)
    await sam.slash(studio, "edit", change="a navy suit", picture=("me.jpg", picture(96, 64, "JPEG")))
    assert await delivered(studio.last_message) == ("png", [OPENED, ("c2pa.edited", CHANGED)], [False], CHANGED)
    await sam.slash(studio, "series", prompt="a woman", vary="place: beach | forest")
    assert await delivered(studio.last_message) == ("jpg", [("c2pa.created", SHEET)], [], SHEET)
    png = await made.attachments[0].read()
    # So little room that there is none for the manifest of the picture before it.
    monkeypatch.setattr(type(world.bot.messenger), "_upload_limit", lambda *_: len(png) - 100)
    await world.portrait(sam, "a woman in a red coat --seed 7")
    assert await delivered(studio.last_message) == ("webp", [("c2pa.created", TRAINED)], [], TRAINED)
    smaller, _ = await sent_copies.fitting(png + b"\0" * 400_000, 400_000, Marker(world.settings))
    with c2pa.Reader("image/webp", io.BytesIO(smaller)) as reader:
        assert actions(reader.get_active_manifest()) == [OPENED, ("c2pa.transcoded", TRAINED)]
