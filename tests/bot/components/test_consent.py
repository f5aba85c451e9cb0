"""Whoever hands in a picture is asked once whether they have the right to use it, in each way to save."""

import io
from typing import Any

from PIL import Image

from bot.core import picture_rights
from tests import faces
from tests.bot.conftest import World
from tests.bot.reading import answer, labels, said


def picture(shade: int = 0) -> bytes:
    """A face; another shade is another file."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(faces.png("ana-1"))).point(lambda level: min(255, level + shade % 40)).save(buffer, "PNG")
    return buffer.getvalue()


async def save(world: World, who: Any, name: str, shade: int = 0) -> Any:
    return await who.slash(world.channel, "character save", name=name, attachment=("me.png", picture(shade)))


async def handles(world: World, who: Any) -> list[str]:
    return list(await world.stores.characters.handles(who.id))


async def agreed(world: World, who: Any) -> bool:
    return await world.stores.questions.agreed(who.id, picture_rights.ABOUT, picture_rights.WORDING)


def files(world: World) -> list[str]:
    return [file.name for file in world.stores.pictures.folder.iterdir()]


async def test_an_upload_is_saved_once_the_right_is_confirmed_and_never_asked_about_again(world: World) -> None:
    """The answer is kept with its time and wording, and outlives a restart."""
    asked = await save(world, world.sam, "me")
    assert picture_rights.SENTENCES[picture_rights.WORDING] in said(asked)
    assert (await handles(world, world.sam), files(world)) == ([], [])
    assert "Saved" in said(await world.sam.click(answer(asked), label="Confirm"))
    assert await handles(world, world.sam) == ["me"]
    (kept,) = await world.stores.database.fetch_all("SELECT * FROM questions")
    assert (kept["user_id"], kept["wording"], kept["answer"]) == (world.sam.id, picture_rights.WORDING, "yes")
    assert kept["answered_at"] >= kept["asked_at"] > 0
    await world.restart()
    assert "Saved" in said(await save(world, world.sam, "again", shade=1))
    assert "May this picture" in said(await save(world, world.lena, "me"))


async def test_who_says_no_stores_nothing_and_may_think_again(world: World) -> None:
    asked = await save(world, world.sam, "me")
    await world.sam.click(answer(asked), label="No")
    assert (await handles(world, world.sam), files(world)) == ([], [])
    assert not await agreed(world, world.sam)
    again = await save(world, world.sam, "me")
    assert "Saved" in said(await world.sam.click(answer(again), label="Confirm"))


async def test_a_portrait_without_a_picture_of_anybody_needs_no_word(world: World) -> None:
    await world.portrait(world.sam)
    assert "Saved" in said(await world.sam.slash(world.channel, "character save", name="ana"))


async def test_a_face_that_was_handed_in_by_another_needs_the_savers_word_too(world: World) -> None:
    await world.agree(world.sam)
    await save(world, world.sam, "me")
    message = await world.portrait(world.sam, "@me on a beach")
    form = await world.lena.click(message, label="Save as character")
    asked = await world.lena.submit_modal(form, {"handle": "sam"})
    assert await handles(world, world.lena) == []
    assert "Saved" in said(await world.lena.click(answer(asked), label="Confirm"))
    assert await handles(world, world.lena) == ["sam"]


async def test_the_message_menu_asks(world: World) -> None:
    mine = await world.sam.send(world.channel, "me", attachments=[("me.png", picture())])
    form = await world.sam.context_menu(world.channel, "Save as character", mine)
    asked = await world.sam.submit_modal(form, {"handle": "me"})
    assert "Saved" in said(await world.sam.click(answer(asked), label="Confirm"))


async def test_a_reply_asks_where_all_can_read_and_only_its_author_may_answer(world: World) -> None:
    await world.sam.send(world.channel, f"{world.mention} save me", attachments=[("me.png", picture())])
    question = world.channel.last_message
    assert labels(question) == ["Confirm", "No"]
    assert "someone else" in said(await world.lena.click(question, label="Confirm"))
    assert not await agreed(world, world.lena)
    assert "Saved" in said(await world.sam.click(question, label="Confirm"))
    assert await handles(world, world.sam) == ["me"]


async def test_a_question_counts_once_and_a_forged_one_not_at_all(world: World) -> None:
    question = await world.stores.questions.ask(world.sam.id, picture_rights.ABOUT, picture_rights.WORDING, now=1.0)
    old = await world.button(f"consent:yes:{question.id}")
    thanks = said(await world.sam.click(old, label="Forged"))
    assert "send the picture again" in thanks  # what it was for is not known any more
    assert "counts once" in said(await world.sam.click(await world.button(f"consent:no:{question.id}"), label="Forged"))
    assert await agreed(world, world.sam)
    forged = await world.button(f"consent:yes:{'0' * 16}")
    assert "not known" in said(await world.lena.click(forged, label="Forged"))
    erasure = await world.stores.questions.ask(world.lena.id, "erase", 1, now=1.0)
    crossed = await world.button(f"consent:yes:{erasure.id}")
    assert "not known" in said(await world.lena.click(crossed, label="Forged"))
    assert not await agreed(world, world.lena)


async def test_a_new_wording_is_asked_anew(world: World) -> None:
    await world.agree(world.sam)
    assert not await world.stores.questions.agreed(world.sam.id, picture_rights.ABOUT, picture_rights.WORDING + 1)
