"""Pictures that people hand in cannot hurt: asked about before they are fetched, bounded, decoded apart, in turns."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp import web
from discord.http import HTTPClient
from PIL import Image

from bot.uploads import attachments, sources
from bot.uploads.saving import Saver
from engine.pictures.intake import MAX_BYTES, BadPicture
from tests.bot.conftest import GUILD_ID, World
from tests.bot.reading import said
from tests.engine import hostile

BAD = {
    "scans": hostile.scans(16_540, 1000, 1000),
    "strip": hostile.png(width=1_250_000, height=32),
    "damaged": hostile.photo("JPEG")[:2000],
    "pixels that unpack to 1 GiB": hostile.png(data=b"x" + hostile.bomb(2**30)),
    "not a picture": b"word " * 1_000_000,
}
COMMANDS: list[tuple[str, str, dict[str, Any]]] = [
    ("character save", "attachment", {"name": "ana"}),
    ("edit", "picture", {"change": "a navy suit"}),
    ("reference save", "picture", {"name": "coat", "use": "outfit"}),
    ("portrait", "reference", {"prompt": "a woman", "reference_for": "style"}),
]


def fetched(world: World) -> list[str]:
    """The addresses that the bot fetches files from, as they come."""
    there: list[str] = []
    http = world.bot.http
    read = http.get_from_cdn

    async def get(url: str) -> bytes:
        there.append(url)
        return await read(url)

    http.get_from_cdn = get  # type: ignore[method-assign]
    return there


def files(world: World) -> list[str]:
    return [file.name for file in world.stores.pictures.folder.iterdir()]


@pytest.mark.parametrize(("command", "option", "more"), COMMANDS, ids=[command for command, *_ in COMMANDS])
async def test_the_right_to_a_picture_is_asked_for_before_it_is_fetched(
    world: World, command: str, option: str, more: dict[str, Any]
) -> None:
    there = fetched(world)
    asked = await world.sam.slash(world.channel, command, **more, **{option: ("x.png", BAD["scans"])})
    assert "May this picture be used?" in said(asked)
    assert there == []
    assert world.bot.decoder.pids == ()


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(("command", "option", "more"), COMMANDS, ids=[command for command, *_ in COMMANDS])
async def test_a_bad_picture_is_one_sentence_on_every_way_in_and_nothing_is_kept(
    world: World, command: str, option: str, more: dict[str, Any], name: str
) -> None:
    await world.agree(world.sam)
    balance = await world.balance(world.sam)
    told = said(await world.sam.slash(world.channel, command, **more, **{option: ("x.png", BAD[name])}))
    assert "picture" in told
    assert "Something went wrong" not in told
    assert files(world) == []
    assert await world.balance(world.sam) == balance


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(world: World) -> None:
    await world.agree(world.sam)
    there = fetched(world)
    big = ("x.png", bytes(MAX_BYTES + 1))
    for command, option, more in [*COMMANDS, ("portrait", "from_image", {})]:
        assert "at most 10 MiB" in said(await world.sam.slash(world.channel, command, **more, **{option: big}))
    assert there == []


@pytest.mark.parametrize("kind", [b"iTXt", b"zTXt"])
async def test_a_recipe_is_read_from_thousands_of_texts_without_unpacking_them(world: World, kind: bytes) -> None:
    told = await world.sam.slash(
        world.channel, "portrait", from_image=("x.png", hostile.many_texts(kind, keyword=b"Comment"))
    )
    assert "no recipe in that picture" in said(told)


async def test_a_file_that_cannot_be_fetched_is_a_sentence(world: World) -> None:
    async def get(url: str) -> bytes:
        raise aiohttp.ClientPayloadError("cut off")

    await world.agree(world.sam)
    world.bot.http.get_from_cdn = get  # type: ignore[method-assign]
    picture = ("x.png", hostile.photo())
    told = await world.sam.slash(world.channel, "reference save", name="coat", use="outfit", picture=picture)
    assert "could not be fetched" in said(told)


class Held:
    """An attachment whose content comes when it is let go."""

    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self.content = content
        self.asked = 0
        self.let_go = asyncio.Event()

    async def read(self) -> bytes:
        self.asked += 1
        await self.let_go.wait()
        return self.content


async def test_the_third_picture_of_one_person_waits_and_another_person_does_not(world: World) -> None:
    for who in (world.sam, world.lena):
        await world.agree(who)
    one: Any = Held(hostile.photo())
    other: Any = Held(hostile.photo("JPEG"))
    other.let_go.set()
    with world.env._bot_scope():
        theirs = [
            asyncio.create_task(sources.from_attachment(world.bot, Saver(world.sam.id, GUILD_ID), one))
            for _ in range(6)
        ]
        assert (await sources.from_attachment(world.bot, Saver(world.lena.id, GUILD_ID), other)).from_upload
        assert one.asked == 2
        one.let_go.set()
        ended = await asyncio.gather(*theirs, return_exceptions=True)
    refused = [str(end) for end in ended if isinstance(end, BaseException)]
    assert len(refused) == 2
    assert all("reading other pictures of yours" in sentence for sentence in refused)


async def test_closing_ends_the_process_that_decodes_and_does_not_wait_for_it(world: World) -> None:
    await world.agree(world.sam)
    await world.sam.slash(world.channel, "reference save", name="coat", use="outfit", picture=("x", hostile.photo()))
    (pid,) = world.bot.decoder.pids
    os.kill(pid, signal.SIGSTOP)
    hanging = asyncio.create_task(world.bot.decoder.clean(hostile.photo(), world.sam.id))
    await asyncio.sleep(0)
    await world.bot.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(BadPicture, match="stopping"):
        await hanging


@pytest.fixture
async def discords_files() -> AsyncIterator[tuple[str, HTTPClient]]:
    """A server whose file has no end, and a client that fetches from it as the bot does."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(bytes(2**16))
        return response

    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/good"})

    async def good(request: web.Request) -> web.Response:
        return web.Response(body=b"a file")

    app = web.Application()
    app.add_routes([web.get("/endless", endless), web.get("/moved", moved), web.get("/good", good)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    http = HTTPClient(asyncio.get_running_loop())
    http.connector = aiohttp.TCPConnector()
    attachments.bound(http)
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", http
    await http.connector.close()
    await runner.cleanup()


async def test_a_file_ends_where_pictures_must_whatever_was_said_of_its_size(
    discords_files: tuple[str, HTTPClient],
) -> None:
    address, http = discords_files
    assert await http.get_from_cdn(f"{address}/good") == b"a file"
    assert await http.get_from_cdn(f"{address}/good") == b"a file"
    with pytest.raises(BadPicture, match="at most 10 MiB"):
        await http.get_from_cdn(f"{address}/endless")
    with pytest.raises(discord.NotFound):
        await http.get_from_cdn(f"{address}/nothing")
    for missing in ("moved", "nothing"):
        file: Any = SimpleNamespace(size=1, read=lambda missing=missing: http.get_from_cdn(f"{address}/{missing}"))
        with pytest.raises(BadPicture, match="could not be fetched"):
            await attachments.read(file)


async def test_a_picture_of_several_megapixels_is_kept_small(world: World) -> None:
    await world.agree(world.sam)
    raw = hostile.colour("JPEG", 3000, 2000)
    await world.sam.slash(world.channel, "reference save", name="hall", use="place", picture=("x.jpg", raw))
    (kept,) = await world.stores.references.list(world.sam.id)
    picture = await world.stores.pictures.read(kept.sha256)
    assert Image.open(io.BytesIO(picture)).size == (2048, 1365)
