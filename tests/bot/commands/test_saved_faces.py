"""Saved faces are looked at, kept in versions, shared, renamed and described."""

import io
from typing import Any

import pytest
from PIL import Image, ImageFilter

from tests import faces
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, labels, said


@pytest.fixture(autouse=True)
async def rights(world: World) -> None:
    for person in (world.sam, world.lena):
        await world.agree(person)


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def opened(name: str) -> Image.Image:
    return Image.open(io.BytesIO(faces.png(name))).convert("RGB")


def together() -> bytes:
    both = Image.new("RGB", (256, 192))
    both.paste(opened("ana-1"), (0, 0))
    both.paste(opened("kai-1"), (128, 0))
    return encoded(both)


async def save(world: World, who: Any, name: str, picture: bytes, command: str = "save", **options: Any) -> Any:
    return await who.slash(world.channel, f"character {command}", name=name, attachment=("x.png", picture), **options)


async def test_a_face_is_measured_when_it_is_saved(world: World) -> None:
    assert "Saved" in said(await save(world, world.sam, "ana", faces.png("ana-1"), description="a sailor"))
    character = await world.stores.characters.get(world.sam.id, "ana")
    assert character is not None
    (reference,) = character.references
    assert reference.measured
    assert reference.crop_sha256 is not None
    face = await world.stores.characters.face(reference.id)
    assert face is not None
    assert len(face.embedding) == 512
    with Image.open(world.stores.pictures.path(reference.crop_sha256)) as crop:
        assert crop.width == crop.height
    shown = answer(await world.sam.slash(world.channel, "character show", name="ana"))
    assert "a sailor" in shown.embeds[0].description
    assert fields(shown)["Used"] == "in no portrait yet"


async def test_a_picture_without_a_face_is_refused_with_what_to_do(world: World) -> None:
    plain = encoded(Image.new("RGB", (128, 192), "teal"))
    assert "no face" in said(await save(world, world.sam, "ana", plain))
    blurred = encoded(opened("ana-1").filter(ImageFilter.GaussianBlur(3)))
    assert "sharper picture" in said(await save(world, world.sam, "ana", blurred))
    assert not list(world.stores.pictures.folder.iterdir())


async def test_of_several_faces_one_is_picked_and_kept_alone(world: World) -> None:
    asked = answer(await save(world, world.sam, "kai", together()))
    assert labels(asked) == ["1", "2"]
    assert asked.attachments
    assert "Saved" in said(await world.sam.click(asked, label="2"))
    character = await world.stores.characters.get(world.sam.id, "kai")
    assert character is not None
    with Image.open(world.stores.pictures.path(character.references[0].sha256)) as kept:
        assert kept.width == kept.height
    assert "over" in said(await world.sam.click(asked, label="2"))


async def test_which_face_is_meant_is_for_the_one_who_was_asked(world: World) -> None:
    await world.sam.send(world.channel, f"{world.mention} save kai", attachments=[("x.png", together())])
    asked = world.channel.last_message
    assert "belongs to someone else" in said(await world.lena.click(asked, label="1"))
    assert "Saved" in said(await world.sam.click(asked, label="1"))


async def test_after_a_restart_the_question_is_over(world: World) -> None:
    asked = answer(await save(world, world.sam, "kai", together()))
    await world.restart()
    assert "save the picture again" in said(await world.sam.click(asked, label="1"))


async def test_a_picture_more_is_a_new_version_and_old_portraits_keep_theirs(world: World) -> None:
    await save(world, world.sam, "ana", faces.png("ana-1"))
    message = await world.portrait(world.sam, "@ana on a beach")
    assert "ana:2" in said(await save(world, world.sam, "ana", faces.png("ana-2"), "add"))
    shown = answer(await world.sam.slash(world.channel, "character show", name="ana"))
    assert "`@ana` means 2" in fields(shown)["Versions"]
    await world.sam.click(message, label="Reroll")
    again = await world.stores.orders.of_user(world.guild.id, world.sam.id, limit=1)
    character = await world.stores.characters.get(world.sam.id, "ana")
    assert character is not None
    assert await world.stores.characters.of_order(again[0].id) == {character.id: 1}
    await world.portrait(world.sam, "@ana in a forest")
    newest = await world.stores.orders.of_user(world.guild.id, world.sam.id, limit=1)
    assert await world.stores.characters.of_order(newest[0].id) == {character.id: 2}
    shown = answer(await world.sam.slash(world.channel, "character show", name="ana"))
    assert "in 3 portraits" in fields(shown)["Used"]


async def test_a_version_can_be_named_and_made_the_default(world: World) -> None:
    await save(world, world.sam, "ana", faces.png("ana-1"))
    await save(world, world.sam, "ana", faces.png("ana-2"), "add")
    assert "versions 1 to 2" in said(await world.sam.slash(world.channel, "portrait", prompt="@ana:3 on a beach"))
    await world.portrait(world.sam, "@ana:1 on a beach")
    (order,) = await world.stores.orders.of_user(world.guild.id, world.sam.id, limit=1)
    assert list((await world.stores.characters.of_order(order.id)).values()) == [1]
    changed = await world.sam.slash(world.channel, "character settings", name="ana", version=1, strength=90)
    assert "means 1" in fields(answer(changed))["Means"]
    character = await world.stores.characters.get(world.sam.id, "ana")
    assert character is not None
    assert (character.version, character.scale) == (1, 0.9)
    assert "versions 1 to 2" in said(await world.sam.slash(world.channel, "character settings", name="ana", version=5))


async def test_a_shared_face_can_be_used_by_everybody_here_and_changed_by_its_owner_alone(world: World) -> None:
    await save(world, world.sam, "ana", faces.png("ana-1"))
    assert "no character called" in said(await world.lena.slash(world.channel, "portrait", prompt="@ana on a beach"))
    assert "Everybody" in said(await world.sam.slash(world.channel, "character share", name="ana"))
    assert (await world.portrait(world.lena, "@ana on a beach")).attachments
    assert "Shared in this server" in said(await world.lena.slash(world.channel, "character list"))
    assert answer(await world.lena.slash(world.channel, "character show", name="ana")).attachments
    for command in ("delete", "share", "add"):
        refused = await world.lena.slash(world.channel, f"character {command}", name="ana")
        assert "somebody else's" in said(refused)
    await save(world, world.lena, "ana", faces.png("kai-1"))
    assert "is shared in this server already" in said(
        await world.lena.slash(world.channel, "character share", name="ana")
    )
    assert "yours alone" in said(await world.sam.slash(world.channel, "character share", name="ana", shared=False))


async def test_a_face_gets_another_name(world: World) -> None:
    await save(world, world.sam, "ana", faces.png("ana-1"))
    await save(world, world.sam, "kai", faces.png("kai-1"))
    assert "already have" in said(await world.sam.slash(world.channel, "character rename", name="ana", new="KAI"))
    assert "`@mia` now" in said(await world.sam.slash(world.channel, "character rename", name="ana", new="mia"))
    assert (await world.portrait(world.sam, "@mia on a beach")).attachments


async def test_two_faces_are_refused_before_anything_is_charged_where_a_model_shows_one(world: World) -> None:
    for name in ("ana", "kai"):
        await save(world, world.sam, name, faces.png(f"{name}-1"))
    before = await world.balance(world.sam)
    refused = await world.sam.slash(world.channel, "portrait", prompt="@ana on the left, @kai on the right")
    assert "this names 2. Nothing was charged" in said(refused)
    assert await world.balance(world.sam) == before
    assert not await world.stores.orders.open_orders()


async def test_a_deleted_face_leaves_no_file(world: World) -> None:
    await save(world, world.sam, "ana", faces.png("ana-1"))
    await save(world, world.sam, "ana", faces.png("ana-2"), "add")
    await world.sam.slash(world.channel, "character delete", name="ana")
    assert not list(world.stores.pictures.folder.iterdir())
