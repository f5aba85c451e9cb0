"""Prices, tiers and direct messages: what a portrait costs whom, and what each tier may do."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import Refused, SettingsError
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import ModelPrice, Settings
from bot.core.tiers import Tier, with_built_in
from data.credits import ledger
from data.credits.accounts import Account
from data.credits.ledger import LedgerNote
from engine.jobs.job import Lane, QueueFull
from engine.prompt import PortraitPrompt
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, fields, laid_out, said

ANSWER = StatusMessage(message_id=None, token="", token_expires_at=0.0)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A tier of its own besides the two that are always there."""
    tiers = with_built_in(
        {
            "patron": {"covers": [MODEL], "waiting": 2, "running": 1, "daily": 7},
            "trial": {"aspects": ["1:1"], "models": ["mage"]},
        }
    )
    return settings.model_copy(update={"tiers": tiers})


async def put_into(world: World, tier: str) -> None:
    await world.stores.accounts.grant_tier(
        world.guild.id, world.sam.id, tier, LedgerNote(key=f"test:{tier}", actor_id=1, now=time.time()), until=None
    )


def account(tier: str = "free") -> Account:
    return Account(1, 1, 1, 100, 0, tier, None)


def request(world: World, number: int, **changes: Any) -> OrderRequest:
    place = Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id)
    made = OrderRequest(
        source=f"test:{number}", place=place, user_id=world.sam.id, prompt=PortraitPrompt(subject="a man")
    )
    return replace(made, **changes)


async def test_every_order_says_what_is_left(world: World) -> None:
    message = await world.portrait(world.sam)
    assert "90 credits left" in laid_out(message)


async def test_the_credits_card_says_what_a_portrait_costs(world: World) -> None:
    shown = said(await world.sam.slash(world.channel, "credits show"))
    assert "100 credits" in shown
    assert "costs 10 in the standard lane and 60 in the fast lane" in shown


@pytest.mark.parametrize(
    ("prices", "lane", "tier", "price"),
    [
        ({}, Lane.STANDARD, "free", 10),
        ({}, Lane.FAST, "free", 60),
        ({}, Lane.STANDARD, "unlimited", 0),
        ({}, Lane.FAST, "unlimited", 60),
        ({}, Lane.STANDARD, "patron", 0),
        ({}, Lane.STANDARD, "a tier that was taken out of the settings", 10),
        ({MODEL: ModelPrice(standard=40)}, Lane.STANDARD, "free", 40),
        ({MODEL: ModelPrice(standard=40)}, Lane.FAST, "free", 60),
        ({MODEL: ModelPrice(standard=80)}, Lane.FAST, "free", 80),
        ({MODEL: ModelPrice(fast=75)}, Lane.FAST, "free", 75),
        ({MODEL: ModelPrice(fast=75)}, Lane.STANDARD, "free", 10),
    ],
)
async def test_prices_by_model_lane_and_tier(
    world: World, prices: dict[str, ModelPrice], lane: Lane, tier: str, price: int
) -> None:
    studio = world.bot.studio
    studio.validator.settings = world.settings.model_copy(update={"price_models": prices})
    assert studio.price(account(tier), studio.engine.catalogue.get(MODEL), lane) == price


async def test_hosted_models_cost_everyone_unless_a_tier_covers_them(world: World) -> None:
    studio = world.bot.studio
    hosted = replace(studio.engine.catalogue.get(MODEL), id="hosted", provider="mage")
    assert studio.price(account("unlimited"), hosted, Lane.STANDARD) == 10
    tiers = with_built_in({"unlimited": {"covers": ["local", "mage"]}})
    studio.validator.settings = world.settings.model_copy(update={"tiers": tiers})
    assert studio.price(account("unlimited"), hosted, Lane.STANDARD) == 0


async def test_hosted_models_are_made_until_a_days_ceiling(world: World) -> None:
    """For one user and for all together; what is over it is refused before it is charged."""
    studio = world.bot.studio
    dear = replace(studio.engine.catalogue.get(MODEL), provider="mage", cost_usd_micros=60_000)
    studio.engine._catalogue = replace(studio.engine.catalogue, models=(dear,))
    studio.engine._factories = {"mage": studio.engine._factories["local"]}
    studio.validator.settings = world.settings.model_copy(
        update={"spend_daily": {"mage": 0.15}, "spend_daily_per_user": {"mage": 0.10}}
    )
    await world.portrait(world.sam)
    assert "you have reached the limit" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
    await world.portrait(world.lena)
    assert "studio has reached the limit" in said(await world.mira.slash(world.channel, "portrait", prompt="a man"))
    assert [await world.balance(who) for who in (world.sam, world.lena, world.mira)] == [90, 90, 100]


async def test_an_order_is_one_commit(world: World) -> None:
    assert await world.balance(world.sam) == 100
    before = world.stores.database.commits
    with world.env._bot_scope():
        await world.bot.studio.order(request(world, 1), ANSWER)
        assert world.stores.database.commits == before + 1
    await world.env.settle()


def test_prices_and_tiers_are_read_from_the_settings(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('PRICE_MODELS={"a": 40, "b": {"fast": 90}}\nTIERS={"patron": {"running": 6}}\n')
    found = Settings.load(file)
    assert found.price_models == {"a": ModelPrice(standard=40), "b": ModelPrice(fast=90)}
    assert found.tier("patron") == Tier(running=6)
    assert found.tier("unlimited").covers == ("local",)


@pytest.mark.parametrize(
    "line",
    [
        'TIERS={"Patron": {}}',
        'TIERS={"patron": 3}',
        'TIERS={"patron": {"wating": 3}}',
        'TIERS={"patron": {"waiting": 0}}',
        "TIERS=[]",
        'PRICE_MODELS={"a": -1}',
        'PRICE_MODELS={"a": {"slow": 1}}',
    ],
)
def test_prices_and_tiers_that_cannot_be_are_refused_by_name(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line)
    with pytest.raises(SettingsError, match=line.split("=")[0]):
        Settings.load(file)


async def test_a_price_for_a_model_that_is_not_there_stops_the_start(settings: Settings) -> None:
    from bot.core.engine_setup import make_catalogue

    with pytest.raises(SettingsError, match="misspelt"):
        make_catalogue(settings.model_copy(update={"price_models": {"misspelt": ModelPrice(standard=1)}}))


async def test_a_tier_has_its_own_allowance(world: World) -> None:
    """The unlimited tier has none: its portraits cost nothing, and the fast lane is for granted credits."""
    await put_into(world, "patron")
    assert await world.balance(world.sam) == 7
    await world.stores.accounts.grant_tier(
        world.guild.id, world.lena.id, "unlimited", LedgerNote(key="lena", actor_id=1, now=time.time()), until=None
    )
    assert await world.balance(world.lena) == 0


async def test_a_tier_limits_how_many_may_wait(world: World) -> None:
    await put_into(world, "patron")
    with pytest.raises(QueueFull, match="the limit is 2"):
        await world.bot.studio.order(request(world, 1, count=3), ANSWER)
    assert not await world.stores.orders.open_orders()
    assert "You already have 0 portraits waiting, and the limit is 2" in said(
        await world.sam.slash(world.channel, "portrait", prompt="a man", count=4)
    )


async def test_a_tier_limits_how_many_run_at_once(world: World) -> None:
    studio = world.bot.studio
    turn = studio.validator.fairness_key(world.guild.id, world.sam.id)
    assert studio.validator.running_cap(turn) == world.settings.queue_running_per_user
    await put_into(world, "patron")
    await world.portrait(world.sam)
    assert studio.validator.running_cap(turn) == 1


async def test_a_tier_limits_models_and_shapes(world: World) -> None:
    await put_into(world, "trial")
    assert "not part of the trial tier" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
    square = Tier(aspects=("1:1",))
    with pytest.raises(Refused, match="makes 1:1, not 2:3"):
        square.check("trial", world.bot.engine.catalogue.get(MODEL), "2:3")


async def test_two_hundred_orders_at_once_on_credits_for_three(world: World) -> None:
    """Three run, 197 are refused politely, three holds are in the ledger, each in one commit."""
    assert await world.balance(world.sam) == 100
    await world.stores.accounts.revoke(
        world.guild.id, world.sam.id, 70, LedgerNote(key="t", actor_id=1, now=time.time())
    )
    before = world.stores.database.commits
    with world.env._bot_scope():
        outcomes = await asyncio.gather(
            *(world.bot.studio.order(request(world, number), ANSWER) for number in range(200)), return_exceptions=True
        )
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert len(refused) == 197
    assert {str(one) for one in refused} == {
        "This costs 10 credits and you have 0. A moderator can grant more with /grant credits."
    }
    orders = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(orders) == 3
    assert world.stores.database.commits >= before + 3
    await world.env.settle()
    rows = await world.stores.database.fetch_all("SELECT kind FROM ledger WHERE kind = 'hold'")
    assert len(rows) == 3
    assert not await ledger.check(world.stores.database)


async def test_one_request_orders_once_however_often_it_comes(world: World) -> None:
    with world.env._bot_scope():
        orders = await asyncio.gather(*(world.bot.studio.order(request(world, 1), ANSWER) for _ in range(20)))
    await world.env.settle()
    assert len({order.id for order in orders}) == 1
    assert await world.balance(world.sam) == 90


async def test_no_portraits_in_direct_messages_unless_allowed(world: World) -> None:
    """What is open to everybody alone is offered there; test_who_may.py has what an old client sends all the same."""
    offered = {command.split()[0] for command in world.sam.user.available_commands()}
    assert offered == {"help", "privacy"}
    assert "kept of you" in said(await world.sam.user.slash("privacy show"))


class TestDirectMessages:
    """Where the owner allows them."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"discord_direct_messages": True})

    async def test_the_account_is_the_persons_own(self, world: World) -> None:
        await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=500)
        result = await world.sam.user.slash("portrait", prompt="a man")
        assert result.acknowledged
        (portrait,) = await world.stores.portraits.of_user(0, world.sam.id)
        assert portrait.guild_id == 0
        assert (await world.bot.studio.account(0, world.sam.id)).balance == 90
        assert await world.balance(world.sam) == 600

    async def test_moderators_commands_are_not_there(self, world: World) -> None:
        assert not {"grant credits", "audit", "settings", "stats"} & set(world.mira.user.available_commands())


async def test_history_turns_its_pages(world: World) -> None:
    for number in range(12):
        await world.stores.accounts.grant(
            world.guild.id,
            world.sam.id,
            1,
            LedgerNote(key=f"t{number}", actor_id=1, reason=f"no{number}.", now=time.time()),
        )
    page = answer(await world.sam.slash(world.channel, "credits history"))
    assert "no11." in page.embeds[0].description
    assert "no0." not in page.embeds[0].description
    turned = await world.sam.click(page, label="Older")
    assert turned.acknowledged
    assert fields(page) == {}
