"""Moderators grant, look up, ban and are limited; others cannot, whatever they are shown."""

import csv
import io
import time
from typing import Any

import pytest

from bot.commands.moderation import as_csv
from bot.core.settings import Settings
from data.core.audit import AuditEntry
from data.credits.ledger import LedgerNote
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"moderation_daily_credits": 300, "moderation_daily_tiers": 2})


async def actions(world: World, **filters: Any) -> list[str]:
    return [entry.action for entry in await world.stores.audit.page(world.guild.id, **filters)]


async def test_granted_credits_arrive_with_their_reason(world: World) -> None:
    before = await world.balance(world.sam)
    result = await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=250, reason="contest")
    assert "250 credits" in said(result)
    assert await world.balance(world.sam) == before + 250
    assert "contest" in said(await world.sam.slash(world.channel, "credits history"))


async def test_a_studio_role_moderates_like_manage_server(world: World) -> None:
    role = world.guild.create_role("studio")
    helper = world.guild.add_member(world.env.create_user("helper"), roles=[role])
    message = await world.portrait(world.sam)
    assert "moderators" in said(await helper.click(message, label="Delete"))
    await world.mira.slash(world.channel, "settings", studio_role=role)
    await world.reveal("grant", role)
    assert "5 credits" in said(await helper.slash(world.channel, "grant credits", user=world.sam, amount=5))
    assert "Deleted" in said(await helper.click(message, label="Delete"))


async def test_members_do_not_see_the_moderators_commands(world: World) -> None:
    hidden = {"grant credits", "revoke tier", "account", "audit", "studio-ban add", "settings", "stats"}
    assert not hidden & set(world.sam.available_commands(world.channel))
    assert hidden <= set(world.mira.available_commands(world.channel))


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("grant credits", {"user": "lena", "amount": 5}),
        ("grant tier", {"user": "lena", "tier": "unlimited"}),
        ("revoke credits", {"user": "lena", "amount": 5}),
        ("revoke tier", {"user": "lena"}),
        ("account", {"user": "lena"}),
        ("audit", {}),
        ("studio-ban add", {"user": "lena"}),
        ("studio-ban remove", {"user": "lena"}),
        ("settings", {"adult": True}),
        ("stats", {}),
    ],
)
async def test_a_member_who_is_shown_a_command_is_refused_all_the_same(
    world: World, command: str, options: dict[str, Any]
) -> None:
    """The server's Integrations page decides what is seen; what is allowed is checked again, and audited."""
    await world.reveal(command.split()[0], world.sam)
    given = {name: world.lena if value == "lena" else value for name, value in options.items()}
    before = await world.balance(world.lena)
    assert "moderators" in said(await world.sam.slash(world.channel, command, **given))
    assert await world.balance(world.lena) == before
    assert await actions(world) == ["refused"]
    assert (await world.stores.audit.page(world.guild.id))[0].detail == f"/{command}"


async def test_moderators_grant_nothing_to_themselves(world: World) -> None:
    before = await world.balance(world.mira)
    assert "themselves" in said(await world.mira.slash(world.channel, "grant credits", user=world.mira, amount=5))
    assert "themselves" in said(await world.mira.slash(world.channel, "grant tier", user=world.mira, tier="unlimited"))
    assert await world.balance(world.mira) == before
    assert "refused" in await actions(world)


async def test_the_owner_may_let_moderators_grant_to_themselves(world: World) -> None:
    world.bot.settings = world.settings.model_copy(update={"moderation_self_grants": True})
    assert "5 credits" in said(await world.mira.slash(world.channel, "grant credits", user=world.mira, amount=5))


async def test_bots_have_no_account(world: World) -> None:
    robot = world.guild.add_member(world.env.create_user("robot", bot=True))
    assert "no account" in said(await world.mira.slash(world.channel, "grant credits", user=robot, amount=5))


async def test_a_moderator_grants_so_much_a_day(world: World) -> None:
    await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=250)
    before = await world.balance(world.lena)
    assert "300" in said(await world.mira.slash(world.channel, "grant credits", user=world.lena, amount=51))
    assert await world.balance(world.lena) == before
    assert "50 credits" in said(await world.mira.slash(world.channel, "grant credits", user=world.lena, amount=50))


async def test_a_moderator_grants_so_many_tiers_a_day(world: World) -> None:
    for who in (world.sam, world.lena):
        await world.mira.slash(world.channel, "grant tier", user=who, tier="unlimited")
    assert "grant in a day: 2" in said(
        await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="unlimited", days=3)
    )


@pytest.mark.parametrize("days", [None, 3])
async def test_a_tier_with_or_without_an_end(world: World, days: int | None) -> None:
    options = {} if days is None else {"days": days}
    result = await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="unlimited", **options)
    assert ("until" in said(result)) == (days is not None)
    assert "unlimited tier" in said(await world.sam.slash(world.channel, "credits show"))
    await world.mira.slash(world.channel, "revoke tier", user=world.sam, reason="enough")
    assert "free tier" in said(await world.sam.slash(world.channel, "credits show"))


async def test_a_tier_that_does_not_exist_is_explained(world: World) -> None:
    result = await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="golden")
    assert "free and unlimited" in said(result)
    choices = await world.mira.autocomplete(world.channel, "grant tier", "tier", "unl", user=world.sam)
    assert [choice["value"] for choice in choices] == ["unlimited"]


async def test_credits_are_taken_back_at_most_to_nothing(world: World) -> None:
    assert "Took 100 credits" in said(
        await world.mira.slash(world.channel, "revoke credits", user=world.sam, amount=500)
    )
    assert await world.balance(world.sam) == 0


async def test_an_account_shows_balance_tier_history_and_orders(world: World) -> None:
    await world.portrait(world.sam)
    await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="unlimited", days=2)
    await world.mira.slash(world.channel, "studio-ban add", user=world.sam)
    shown = fields(answer(await world.mira.slash(world.channel, "account", user=world.sam)))
    assert shown["Balance"] == "90 credits"
    assert shown["Tier"].startswith("unlimited until")
    assert "held for a portrait" in shown["History"]
    assert "delivered" in shown["Orders"]
    assert "Banned" in shown


async def test_the_audit_tells_who_gave_what_to_whom_and_can_be_narrowed(world: World) -> None:
    await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=5, reason="*contest*")
    await world.mira.slash(world.channel, "grant tier", user=world.lena, tier="unlimited")
    everything = said(await world.mira.slash(world.channel, "audit"))
    assert f"<@{world.mira.id}> grant credits → <@{world.sam.id}>" in everything
    assert "\\*contest\\*" in everything
    only = said(await world.mira.slash(world.channel, "audit", user=world.lena))
    assert "grant tier" in only
    assert "grant credits" not in only
    assert "Nothing yet" in said(await world.mira.slash(world.channel, "audit", by=world.sam))


async def test_the_audit_as_a_file_holds_no_formulas(world: World) -> None:
    await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=5, reason='=HYPERLINK("x")')
    message = answer(await world.mira.slash(world.channel, "audit", export=True))
    rows = list(csv.DictReader(io.StringIO((await message.attachments[0].read()).decode())))
    assert rows[0]["action"] == "grant credits"
    assert rows[0]["to"] == str(world.sam.id)
    assert rows[0]["reason"] == '\'=HYPERLINK("x")'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_begin_like_a_formula_are_quoted(start: str) -> None:
    entry = AuditEntry(1, 2, 3, "grant credits", 4, "detail", f"{start}1+1", 0.0)
    rows = list(csv.reader(io.StringIO(as_csv([entry]), newline="")))
    assert rows[1][-1] == f"'{start}1+1"


async def test_who_is_banned_orders_and_presses_nothing_until_let_in_again(world: World) -> None:
    message = await world.portrait(world.sam)
    await world.mira.slash(world.channel, "studio-ban add", user=world.sam, reason="rude")
    assert "cannot use the studio" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
    assert "cannot use the studio" in said(await world.sam.click(message, label="Reroll"))
    assert len(await world.stores.portraits.of_user(world.guild.id, world.sam.id)) == 1
    assert "may order again" in said(await world.mira.slash(world.channel, "studio-ban remove", user=world.sam.user))
    await world.sam.click(message, label="Reroll")
    assert len(await world.stores.portraits.of_user(world.guild.id, world.sam.id)) == 2
    assert await actions(world) == ["studio unban", "studio ban"]


async def test_nobody_bans_themselves(world: World) -> None:
    assert "yourself" in said(await world.mira.slash(world.channel, "studio-ban add", user=world.mira))


async def test_help_says_how_to_begin(world: World) -> None:
    result = await world.sam.slash(world.channel, "help")
    assert "/portrait" in str(answer(result).embeds[0].to_dict())


async def test_a_server_that_was_not_let_in_gets_nothing(world: World) -> None:
    elsewhere = world.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    assert "not been let into" in said(await stranger.slash(channel, "portrait", prompt="a man"))


async def test_a_grant_that_comes_twice_counts_once(world: World) -> None:
    """Discord may deliver one command twice; its id is the grant's key."""
    for _ in range(2):
        await world.stores.accounts.grant(
            world.guild.id, world.sam.id, 7, LedgerNote(key="interaction:1", actor_id=world.mira.id, now=time.time())
        )
    assert await world.balance(world.sam) == 107
