"""Ordering a portrait: what the person sees, pays and can do with it."""

import io
from typing import Any

import pytest
from PIL import Image

from data.credits.ledger import LedgerNote
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, fields, labels, laid_out, said


async def test_words_become_a_portrait_with_its_recipe(world: World) -> None:
    """The message ends with the picture, its slots, seed, model, time and buttons."""
    message = await world.portrait(world.sam, "a woman in a red coat, on a beach", seed=7)
    picture = Image.open(io.BytesIO(await message.attachments[0].read()))
    assert picture.format == "PNG"
    shown = fields(message)
    assert "`7`" in shown["Made with"]
    assert "beach" in shown["Place"]
    assert {"Reroll", "Save as character", "Delete"} <= set(labels(message))
    assert "AI-generated" in laid_out(message)


async def test_the_same_seed_and_words_give_the_same_picture(world: World) -> None:
    first = await (await world.portrait(world.sam, seed=11)).attachments[0].read()
    second = await (await world.portrait(world.lena, seed=11)).attachments[0].read()
    other = await (await world.portrait(world.sam, seed=12)).attachments[0].read()
    assert Image.open(io.BytesIO(first)).tobytes() == Image.open(io.BytesIO(second)).tobytes()
    assert Image.open(io.BytesIO(first)).tobytes() != Image.open(io.BytesIO(other)).tobytes()


@pytest.mark.parametrize("aspect", ["2:3", "16:9", "1:1", "4:5", "3:2", "9:16"])
async def test_every_aspect_has_its_shape(world: World, aspect: str) -> None:
    message = await world.portrait(world.sam, aspect=aspect)
    picture = Image.open(io.BytesIO(await message.attachments[0].read()))
    assert picture.size == world.bot.engine.catalogue.get(MODEL).sizes[aspect]


async def test_a_portrait_costs_its_price_once(world: World) -> None:
    before = await world.balance(world.sam)
    await world.portrait(world.sam)
    assert await world.balance(world.sam) == before - world.settings.price_standard


async def test_the_unlimited_tier_pays_nothing_in_the_standard_lane(world: World) -> None:
    await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="unlimited")
    before = await world.balance(world.sam)
    await world.portrait(world.sam)
    assert await world.balance(world.sam) == before


async def test_without_credits_nothing_is_made(world: World) -> None:
    """The price is named, the person alone sees it, and no order is left behind."""
    account = await world.bot.studio.account(world.guild.id, world.sam.id)
    await world.stores.accounts.revoke(
        world.guild.id, world.sam.id, account.balance, LedgerNote(key="test", actor_id=1, now=1_900_000_000.0)
    )
    result = await world.sam.slash(world.channel, "portrait", prompt="a man")
    assert "costs 10 credits" in said(result)
    assert not await world.stores.orders.open_orders()
    assert not await world.stores.portraits.of_user(world.guild.id, world.sam.id)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"prompt": "   "}, "nothing to see"),
        ({"prompt": "--seed 3"}, "nothing to see"),
        ({"prompt": "<@123456789012345678> at the sea"}, "saved faces"),
        ({"prompt": "@nobody at the sea"}, "no character called"),
        ({"prompt": "a man", "model": "no-such-model"}, "no model"),
    ],
)
async def test_what_cannot_be_made_is_explained_and_costs_nothing(
    world: World, options: dict[str, Any], sentence: str
) -> None:
    before = await world.balance(world.sam)
    result = await world.sam.slash(world.channel, "portrait", **options)
    assert sentence in said(result)
    assert await world.balance(world.sam) == before
    last = world.channel.last_message
    assert last is None or not last.embeds


async def test_prompts_cannot_ping_or_format(world: World) -> None:
    """Mentions and masked links in a prompt are shown as they were typed."""
    message = await world.portrait(world.sam, "a man, @everyone [click](https://example.com) # big **bold**")
    text = str([embed.to_dict() for embed in message.embeds])
    assert "](https" not in text.replace("\\\\", "")
    assert "**bold**" not in text
    assert not message.mention_everyone
    assert not message.mentions


async def test_reroll_makes_another_with_the_same_words(world: World) -> None:
    message = await world.portrait(world.sam, seed=5)
    await world.sam.click(message, label="Reroll")
    newest, oldest = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert newest.spec.seed != oldest.spec.seed
    assert newest.spec.prompt.environment == oldest.spec.prompt.environment
    assert newest.parent_id == oldest.id


async def test_only_the_owner_rerolls_and_only_owner_or_moderator_deletes(world: World) -> None:
    message = await world.portrait(world.sam)
    assert "someone else" in said(await world.lena.click(message, label="Reroll"))
    assert "moderators" in said(await world.lena.click(message, label="Delete"))
    assert await world.stores.portraits.by_message(message.id)
    await world.mira.click(message, label="Delete")
    assert not await world.stores.portraits.by_message(message.id)


async def test_deleting_takes_message_row_and_file(world: World) -> None:
    message = await world.portrait(world.sam)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    path = world.stores.pictures.path(portrait.sha256)
    assert path.exists()
    await world.sam.click(message, label="Delete")
    assert not path.exists()
    assert world.channel.last_message is None or world.channel.last_message.id != message.id


async def test_buttons_work_after_a_restart(world: World) -> None:
    message = await world.portrait(world.sam)
    await world.restart()
    await world.sam.click(message, label="Reroll")
    assert len(await world.stores.portraits.of_user(world.guild.id, world.sam.id)) == 2


async def test_my_portraits_are_listed_page_by_page(world: World) -> None:
    for seed in range(5):
        await world.portrait(world.sam, seed=seed)
    result = await world.sam.slash(world.channel, "portraits")
    page = answer(result)
    assert len(page.embeds[0].fields) == 4
    turned = await world.sam.click(page, label="Older")
    assert turned.acknowledged
    other = await world.lena.slash(world.channel, "portraits")
    assert "Nothing yet" in said(other)
