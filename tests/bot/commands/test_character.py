"""Saving a face in each of the four ways, finding it again, and who may."""

import io
import random
import struct
import zlib
from typing import Any

import discord
import pytest
from PIL import Image

from tests import faces
from tests.bot.conftest import World
from tests.bot.reading import answer, said


def picture(width: int = 64, height: int = 96, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (180, 120, 90)).save(buffer, kind)
    return buffer.getvalue()


def with_exif() -> bytes:
    """A photograph of a face, with the place where it was taken."""
    image = Image.open(io.BytesIO(faces.png("ana-1"))).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "a face"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def noise() -> bytes:
    """A PNG that does not compress."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (64, 96), random.Random(0).randbytes(64 * 96 * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header promises a huge picture, in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


async def handles(world: World, who: Any) -> list[str]:
    return list(await world.stores.characters.handles(who.id))


async def test_saving_the_last_portrait(world: World) -> None:
    await world.portrait(world.sam)
    result = await world.sam.slash(world.channel, "character save", name="ana")
    assert "Saved" in said(result)
    assert await handles(world, world.sam) == ["ana"]


async def test_saving_with_the_button_by_anyone_who_sees_it(world: World) -> None:
    message = await world.portrait(world.sam)
    shown = await world.lena.click(message, label="Save as character")
    await world.lena.submit_modal(shown, {"handle": "ana"})
    assert await handles(world, world.lena) == ["ana"]
    assert await handles(world, world.sam) == []


async def test_saving_with_the_message_menu(world: World) -> None:
    message = await world.portrait(world.sam)
    shown = await world.lena.context_menu(world.channel, "Save as character", message)
    await world.lena.submit_modal(shown, {"handle": "kai"})
    assert await handles(world, world.lena) == ["kai"]


async def test_saving_by_replying_with_a_mention(world: World) -> None:
    message = await world.portrait(world.sam)
    for words in ("save ana", "/character save kai", "character save @eva"):
        await world.lena.send(world.channel, f"{world.mention} {words}", reply_to=message)
        assert "Saved" in world.channel.last_message.content, words
    assert sorted(await handles(world, world.lena)) == ["ana", "eva", "kai"]


async def test_saving_an_attached_picture_forgets_its_metadata(world: World) -> None:
    asked = await world.sam.slash(world.channel, "character save", name="me", attachment=("me.jpg", with_exif()))
    assert "Saved" in said(await world.sam.click(answer(asked), label="Confirm"))
    character = await world.stores.characters.get(world.sam.id, "me")
    assert character is not None
    assert character.references[0].origin == "upload"
    stored = Image.open(world.stores.pictures.path(character.references[0].sha256))
    assert not stored.getexif()


async def test_saving_from_a_link(world: World) -> None:
    message = await world.portrait(world.sam)
    link = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{message.id}"
    result = await world.lena.slash(world.channel, "character save", name="ana", link=link)
    assert "Saved" in said(result)


async def test_a_link_into_a_hidden_channel_is_refused(world: World) -> None:
    """The person must be able to read the channel, not only the bot."""
    hidden = world.guild.create_text_channel(
        "hidden", overwrites={world.lena: discord.PermissionOverwrite(view_channel=False)}
    )
    await world.sam.slash(hidden, "portrait", prompt="a man")
    message = hidden.last_message
    link = f"https://discord.com/channels/{world.guild.id}/{hidden.id}/{message.id}"
    result = await world.lena.slash(world.channel, "character save", name="ana", link=link)
    assert "channel that you can read" in said(result)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("https://example.com/x", "not a link to a message"),
        ("https://discord.com/channels/1/2/3", "another server"),
        (f"https://discord.com/channels/{1_300_000_000_000_000_000}/2/3", "no such message"),
    ],
)
async def test_links_that_cannot_be_used(world: World, link: str, sentence: str) -> None:
    assert sentence in said(await world.sam.slash(world.channel, "character save", name="ana", link=link))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a picture at all", "not a picture"),
        (b"word " * 1_000_000, "not a picture"),
        (huge_png(12_000, 12_000), "40 megapixels"),
        (noise()[:2000], "damaged"),
        (picture(8, 8), "at least 32"),
    ],
)
async def test_bad_pictures_are_refused_in_a_sentence(world: World, content: bytes, sentence: str) -> None:
    await world.agree(world.sam)
    result = await world.sam.slash(world.channel, "character save", name="ana", attachment=("x.png", content))
    assert sentence in said(result)
    assert await handles(world, world.sam) == []


async def test_bad_handles_are_refused(world: World) -> None:
    await world.portrait(world.sam)
    for name in ("a b", "ünï", "x" * 16, "a.b", "👩"):
        result = await world.sam.slash(world.channel, "character save", name=name)
        assert "1 to 15" in said(result), name
    assert await handles(world, world.sam) == []


async def test_a_handle_is_taken_once_per_person(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    assert "already have" in said(await world.sam.slash(world.channel, "character save", name="ANA"))
    await world.portrait(world.lena)
    assert "Saved" in said(await world.lena.slash(world.channel, "character save", name="ana"))


async def test_a_saved_face_is_attached_by_its_handle(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    await world.portrait(world.sam, "@ana in a white shirt")
    newest = (await world.stores.portraits.of_user(world.guild.id, world.sam.id))[0]
    order = await world.stores.orders.get(newest.order_id)
    assert order is not None
    assert '"ana"' in order.prompt


async def test_an_unknown_handle_names_the_nearest(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="annabel")
    result = await world.sam.slash(world.channel, "portrait", prompt="a man", character="anabel")
    assert "Did you mean" in said(result)


async def test_list_show_delete_and_completion(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    assert "@ana" in said(await world.sam.slash(world.channel, "character list"))
    shown = await world.sam.slash(world.channel, "character show", name="ana")
    assert answer(shown).attachments
    choices = await world.sam.autocomplete(world.channel, "portrait", "character", "an")
    assert [choice["value"] for choice in choices] == ["@ana"]
    assert await world.lena.autocomplete(world.channel, "portrait", "character", "an") == []
    assert "Deleted" in said(await world.sam.slash(world.channel, "character delete", name="ana"))
    assert await handles(world, world.sam) == []


async def test_a_face_outlives_the_portrait_it_came_from(world: World) -> None:
    message = await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    await world.sam.click(message, label="Delete")
    shown = await world.sam.slash(world.channel, "character show", name="ana")
    assert answer(shown).attachments
