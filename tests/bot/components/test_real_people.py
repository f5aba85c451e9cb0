"""Names of real people in orders: refused, or asked about once per order, by the operator's list."""

from pathlib import Path
from typing import Any

import pytest

from bot.core import picture_rights
from bot.core.settings import Settings
from data.core.audit import AuditAction
from tests.bot.components.test_understanding import SWEDISH
from tests.bot.conftest import World
from tests.bot.reading import answer, labels, said

NAMED = "a portrait of Ada Example in a red coat"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    names = tmp_path / "names.txt"
    names.write_text("# Real people\nAda Example\n")
    return settings.model_copy(
        update={
            "moderation_real_people": request.param,
            "moderation_real_people_file": str(names),
            "moderation_refusals": 0,
            "credits_daily": 1000,
        }
    )


async def portraits(world: World) -> int:
    return len(await world.stores.portraits.of_user(world.guild.id, world.sam.id))


async def confirmed(world: World) -> list[str]:
    found = await world.stores.audit.page(world.guild.id, action=AuditAction.CONFIRM_RIGHT)
    return [entry.detail for entry in found]


@pytest.mark.parametrize("settings", ["refuse"], indirect=True)
async def test_a_name_is_refused_in_whatever_reaches_a_model(world: World) -> None:
    async def order(command: str, **options: Any) -> str:
        return said(await world.sam.slash(world.channel, command, **options))

    await world.portrait(world.sam, "Ada in an example of a coat")
    for words in (NAMED, "a man --no A.d.a Ex4mple", 'a man with a sign "ADA EXAMPLE"'):
        assert "real people" in await order("portrait", prompt=words), words
    assert "real people" in await order("portrait", prompt="a man", clothing="a shirt like Ada Exámple's")
    assert "real people" in await order("edit", change="make it Ada Example")
    assert "real people" in await order("series", prompt="a coat", vary="subject: a man | Ada Example")
    assert await portraits(world) == 1
    (last, *_) = await world.stores.refused_orders.open(world.guild.id)
    assert last.rule == "real-person"


@pytest.mark.parametrize("settings", ["ask"], indirect=True)
async def test_the_right_is_asked_once_per_order_and_kept_in_the_audit(world: World) -> None:
    """A yes is good after a restart, once, for whom it was asked; a no orders nothing, and neither charges before."""
    before = await world.balance(world.sam)
    await world.sam.slash(world.channel, "portrait", prompt=NAMED)
    asked = world.channel.last_message
    assert picture_rights.NAMES[1].format(names="“Ada Example”") in asked.embeds[0].description
    assert (await world.balance(world.sam), await confirmed(world)) == (before, [])
    await world.restart()
    assert "someone else" in said(await world.lena.click(asked, label="Confirm"))
    copy = await world.button(asked.components[0].children[0].custom_id)
    await world.sam.click(asked, label="Confirm")
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert portrait.message_id == asked.id
    assert await confirmed(world) == ["“Ada Example”, wording 1"]
    assert "answered already" in said(await world.sam.click(copy, label="Forged"))
    await world.sam.click(asked, label="Reroll")
    again = world.channel.last_message
    assert again.embeds[0].title == "May this person be shown?"
    await world.sam.click(again, label="No")
    assert await portraits(world) == 1
    assert len(await confirmed(world)) == 1


@pytest.mark.parametrize("settings", ["ask"], indirect=True)
async def test_the_right_is_asked_beside_a_price_and_after_a_reading(world: World) -> None:
    """What is asked in private is ordered in a message that everybody sees."""
    await world.sam.slash(world.channel, "portrait", prompt=NAMED, count=2, fast=True)
    asked = world.channel.last_message
    dear = answer(await world.sam.click(asked, label="Confirm"))
    assert labels(dear) == ["Confirm for 120 credits", "Cancel"]
    assert len(await confirmed(world)) == 1
    card = answer(await world.sam.slash(world.channel, "portrait", prompt=f"{SWEDISH}, Ada Example"))
    assert card.embeds[0].title == "Is this right?"
    assert "May this person be shown?" in said(await world.sam.click(card, label="Make it as it is"))
    await world.sam.click(card, label="Confirm")
    assert await portraits(world) == 1
    assert len(world.channel.last_message.attachments) == 1
