"""A face that is used again keeps the hair, beard and glasses that its portrait was ordered with."""

from typing import Any

from engine.prompts.looks import Looks, from_json
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, said


async def newest(world: World, who: Any) -> Any:
    return (await world.stores.portraits.of_user(world.guild.id, who.id))[0]


async def test_the_words_of_the_portrait_go_along_and_the_card_says_so(world: World) -> None:
    await world.portrait(world.sam, "a woman with long red hair and round glasses, in a green coat")
    assert "Saved" in said(await world.sam.slash(world.channel, "character save", name="ana"))
    shown = answer(await world.sam.slash(world.channel, "character show", name="ana"))
    assert fields(shown)["Goes along in words"] == "long red hair and round glasses"
    message = await world.portrait(world.sam, "@ana in a white shirt")
    assert "with long red hair and round glasses" in (await newest(world, world.sam)).words
    assert "@ana: long red hair and round glasses (from when the face was saved)" in fields(message)["Please note"]
    message = await world.portrait(world.sam, "@ana with short blonde hair, in a white shirt")
    assert "red hair" not in (await newest(world, world.sam)).words
    assert "@ana: round glasses (from when the face was saved)" in fields(message)["Please note"]


async def test_a_face_saved_from_a_portrait_of_a_saved_face_keeps_its_words(world: World) -> None:
    await world.portrait(world.sam, "a man with a grey beard and glasses")
    await world.sam.slash(world.channel, "character save", name="kai")
    await world.portrait(world.sam, "@kai with a moustache, on a beach")
    await world.sam.slash(world.channel, "character save", name="kai2")
    character = await world.stores.characters.get(world.sam.id, "kai2")
    assert character is not None
    assert from_json(character.references[0].looks) == Looks(beard="a moustache", glasses="glasses")
    await world.portrait(world.lena, "a woman on a beach")
    await world.lena.slash(world.channel, "character save", name="mia")
    shown = answer(await world.lena.slash(world.channel, "character show", name="mia"))
    assert "Goes along in words" not in fields(shown)
