"""Saving a face on Discord's own terms: what a bot without the message content intent sees, and real uploads."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from bot.core import picture_rights
from tests import faces
from tests.e2e.stage import LiveBot, Stage, finished
from tests.standin import File


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live()
    await live.start()
    yield live
    await live.close()


def png(width: int = 64, height: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that nobody should decode."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_the_button_asks_for_a_name_and_the_name_works_in_the_next_prompt(stage: Stage, live: LiveBot) -> None:
    message = await stage.portrait()
    opened = await (await stage.ana.press(message, "Save as character")).wait_acked()
    saved = await stage.ana.submit_modal(opened, {"Name": "ana"})
    await saved.shown("Saved")
    second = await finished(await stage.order(prompt="@ana in a green coat, in a library"))
    assert "@ana" in second.text
    typed = await stage.ana.autocomplete(stage.channel, "portrait", "character", "an", {"prompt": "x"})
    assert "@ana" in [value for _, value in (await typed.wait_acked()).choices]


async def test_a_reply_that_mentions_the_bot_saves_the_face(stage: Stage, live: LiveBot) -> None:
    message = await stage.portrait()
    me = stage.standin.bot.mention
    await stage.ben.send(stage.channel, f"{me} save ana", reply_to=message, ping=False)
    await stage.standin.until(lambda: "Saved" in stage.channel.history[-1].content, 30, "an answer")
    assert stage.channel.history[-1].pings == frozenset()
    shown = await stage.ben.slash(stage.channel, "character show", name="ana")
    face = await shown.shown("@ana")
    assert [a.name for a in face.attachments] == ["face.png"]


async def test_the_menu_of_ones_own_picture_saves_the_face(stage: Stage, live: LiveBot) -> None:
    """The words and files of a message reach the bot only because the menu was used on it."""
    written = await stage.ana.send(stage.channel, "me", files=[File("me.png", faces.png("ana-1"))])
    opened = await (await stage.ana.context_menu("Save as character", written)).wait_acked()
    saved = await stage.ana.submit_modal(opened, {"Name": "me"})
    question = await saved.shown("May this picture")
    confirmed = await stage.ana.press(question, "Confirm")
    await confirmed.until(lambda i: any("Saved" in m.text for m in i.followups), 30)


async def test_a_link_works_for_what_one_can_read_and_only_for_that(stage: Stage, live: LiveBot) -> None:
    message = await stage.portrait()
    hidden = stage.standin.add_channel(stage.guild, "secret")
    stage.standin.hide(hidden, stage.ben)
    sent = await stage.ana.slash(hidden, "portrait", prompt="a man in a grey suit")
    secret = await finished(sent)
    saved = await stage.ben.slash(stage.channel, "character save", name="ana", link=message.link)
    await saved.shown("Saved")
    refused = await stage.ben.slash(stage.channel, "character save", name="spy", link=secret.link)
    await refused.shown("channel that you can read")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"no picture at all", "not a picture"),
        ("text.png", b"words " * 800_000, "not a picture"),
        ("huge.png", huge_png(12_000, 12_000), "megapixels"),
        ("broken.png", png()[:80], "damaged"),
        ("tiny.png", png(8, 8), "at least"),
    ],
)
async def test_what_is_no_usable_picture_is_explained(
    stage: Stage, live: LiveBot, name: str, content: bytes, words: str
) -> None:
    assert live.bot is not None
    questions = live.bot.stores.questions
    asked = await questions.ask(stage.ana.id, picture_rights.ABOUT, picture_rights.WORDING, now=time.time())
    assert await questions.answer(asked.id, stage.ana.id, "yes", now=time.time())
    sent = await stage.ana.slash(stage.channel, "character save", name="ana", attachment=File(name, content))
    await sent.shown(words)
    listed = await stage.ana.slash(stage.channel, "character list")
    await listed.shown("no face yet")
    assert [p for p in (stage.var / "pictures").rglob("*") if p.is_file()] == []
