"""What rules refuse is seen and settled by moderators alone; a face that they block is refused wherever it comes."""

import time
from typing import Any

import pytest

from bot.core.requests import cool_down_until
from bot.core.settings import Settings
from tests import faces
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, labels, said

CLOWN = "a sad clown with a purple balloon"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"moderation_refusals": 2})


async def refuse(world: World, who: Any, prompt: str = CLOWN) -> Any:
    return await who.slash(world.channel, "portrait", prompt=prompt)


async def queue(world: World) -> Any:
    return answer(await world.mira.slash(world.channel, "moderate queue"))


async def save(world: World, who: Any, name: str, picture: str) -> str:
    attachment = ("x.png", faces.png(picture))
    return said(await who.slash(world.channel, "character save", name=name, attachment=attachment))


async def test_a_refusal_is_appealed_once_reviewed_after_a_restart_and_released(world: World) -> None:
    told = world.guild.create_text_channel("moderators")
    await world.mira.slash(world.channel, "settings", block="clown", moderation_channel=told)
    refused = answer(await refuse(world, world.sam))
    assert labels(refused) == ["Appeal"]
    assert "purple" in said(await world.mira.slash(world.channel, "audit", by=world.sam))
    assert "someone else" in said(await world.lena.click(refused, label="Appeal"))
    assert "will look at it" in said(await world.sam.click(refused, label="Appeal"))
    assert "already" in said(await world.sam.click(refused, label="Appeal"))
    told_of = [message.content for message in told.history()]
    assert len(told_of) == 2
    assert not any("purple" in text or str(world.sam.id) in text for text in told_of)
    card = answer(await world.mira.click(told.last_message, label="Review"))
    assert "purple" in fields(card)["Words"]
    await world.restart()
    assert "for moderators" in said(await world.lena.click(told.last_message, label="Review"))
    await world.mira.click(card, label="Release")
    await refuse(world, world.sam)
    assert len(await world.stores.portraits.of_user(world.guild.id, world.sam.id)) == 1
    assert "block list" in said(await refuse(world, world.lena))


async def test_repeated_refusals_make_only_that_member_wait_until_a_moderator_releases_one(world: World) -> None:
    await world.mira.slash(world.channel, "settings", block="clown")
    for _ in range(2):
        for who in (world.sam, world.mira):
            assert "block list" in said(await refuse(world, who))
    assert "refused 2 times within an hour" in said(await refuse(world, world.sam, "a man"))
    for who in (world.lena, world.mira):
        assert (await world.portrait(who, "a man")).attachments
    items = len(await world.stores.refused_orders.open(world.guild.id))
    await world.mira.click(await queue(world), label="Release")
    assert len(await world.stores.refused_orders.open(world.guild.id)) == items - 1
    assert (await world.portrait(world.sam, "a man")).attachments


async def test_moderators_warn_delete_and_ban_but_never_decide_about_themselves(world: World) -> None:
    await world.mira.slash(world.channel, "settings", block="clown")
    for who in (world.sam, world.lena, world.mira):
        await refuse(world, who)
    for label in ("Warn", "Delete"):
        await world.mira.click(await queue(world), label=label)
    assert "yourself" in said(await world.mira.click(await queue(world), label="Ban"))
    done = [
        (one.user_id, one.outcome) for number in (1, 2, 3) if (one := await world.stores.refused_orders.get(number))
    ]
    assert done == [(world.sam.id, "warned"), (world.lena.id, "deleted"), (world.mira.id, "")]
    assert len(await world.stores.refused_orders.words_of([1, 2, 3, 4])) == 2
    await refuse(world, world.lena)
    card = await queue(world)
    await world.mira.click(card, label="Next")
    await world.mira.click(card, label="Ban")
    assert "cannot use the studio" in said(await refuse(world, world.lena))


async def test_words_are_kept_for_some_days_and_then_only_the_rule(world: World) -> None:
    await world.mira.slash(world.channel, "settings", block="clown")
    await refuse(world, world.sam)
    await world.bot.maintenance.make(time.time() + 13 * 86_400)
    assert "purple" in said(await world.mira.slash(world.channel, "audit"))
    await world.bot.maintenance.make(time.time() + 15 * 86_400)
    shown = said(await world.mira.slash(world.channel, "audit"))
    assert "refused by policy" in shown
    assert "purple" not in shown
    assert "Nothing waits" in str((await queue(world)).embeds[0].title)


async def test_a_reported_character_waits_in_the_queue_and_is_disabled_from_there(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    await world.sam.slash(world.channel, "character share", name="ana")
    await world.lena.slash(world.channel, "character report", name="ana", reason="an insult")
    card = await queue(world)
    assert fields(card)["Why"] == "an insult"
    await world.mira.click(card, label="Delete")
    assert "disabled" in said(await world.sam.slash(world.channel, "portrait", prompt="@ana on a beach"))
    assert "Nothing waits" in str((await queue(world)).embeds[0].title)


async def test_a_blocked_face_is_refused_in_uploads_characters_and_pictures_until_unblocked(world: World) -> None:
    await world.agree(world.sam)
    assert "Saved" in await save(world, world.sam, "before", "ana-1")
    blocked = await world.mira.slash(
        world.channel, "moderate block-face", picture=("x.png", faces.png("ana-2")), reason="she asked"
    )
    assert "no. 1, here" in said(blocked)
    assert "blocked here" in await save(world, world.sam, "again", "ana-3")
    assert "blocked here" in said(await world.sam.slash(world.channel, "portrait", prompt="@before on a beach"))
    picture = ("x.png", faces.png("ana-4"))
    edited = await world.sam.slash(world.channel, "edit", change="in a hat", picture=picture)
    assert "blocked here" in said(edited)
    files = list(world.stores.pictures.folder.iterdir())
    kept = await world.sam.slash(world.channel, "reference save", name="coat", use="outfit", picture=picture)
    assert "blocked here" in said(kept)
    assert list(world.stores.pictures.folder.iterdir()) == files
    assert await world.stores.references.list(world.sam.id) == []
    assert "Saved" in await save(world, world.sam, "kai", "kai-1")
    assert "she asked" in said(await world.mira.slash(world.channel, "moderate faces"))
    assert "owner" in said(await world.mira.slash(world.channel, "moderate unblock-face", number=1, everywhere=True))
    assert "erased" in said(await world.mira.slash(world.channel, "moderate unblock-face", number=1))
    assert "Saved" in await save(world, world.sam, "again", "ana-3")


@pytest.mark.parametrize(
    ("recent", "until"),
    [
        ([], 0),
        ([100.0], 0),
        ([3_700.0, 100.0], 5_500.0),
        ([3_701.0, 100.0], 0),
    ],
)
def test_a_wait_begins_with_the_last_of_so_many_refusals_within_an_hour(recent: list[float], until: float) -> None:
    assert cool_down_until(recent, 2, 1_800) == until
