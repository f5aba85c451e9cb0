"""Moderators grant; others cannot, whatever they press."""

import pytest

from tests.bot.conftest import World
from tests.bot.reading import answer, said


async def test_granted_credits_arrive_with_their_reason(world: World) -> None:
    before = await world.balance(world.sam)
    result = await world.mira.slash(world.channel, "grant credits", user=world.sam, amount=250, reason="contest")
    assert "250 credits" in said(result)
    assert await world.balance(world.sam) == before + 250


async def test_a_studio_role_moderates_like_manage_server(world: World) -> None:
    role = world.guild.create_role("studio")
    helper = world.guild.add_member(world.env.create_user("helper"), roles=[role])
    message = await world.portrait(world.sam)
    assert "moderators" in said(await helper.click(message, label="Delete"))
    await world.mira.slash(world.channel, "settings", studio_role=role)
    assert "Deleted" in said(await helper.click(message, label="Delete"))


async def test_members_do_not_see_the_grant_command(world: World) -> None:
    assert "grant credits" not in world.sam.available_commands(world.channel)
    assert "grant credits" in world.mira.available_commands(world.channel)


async def test_moderators_grant_nothing_to_themselves(world: World) -> None:
    before = await world.balance(world.mira)
    assert "themselves" in said(await world.mira.slash(world.channel, "grant credits", user=world.mira, amount=5))
    assert await world.balance(world.mira) == before


@pytest.mark.parametrize("days", [None, 3])
async def test_a_tier_with_or_without_an_end(world: World, days: int | None) -> None:
    options = {} if days is None else {"days": days}
    result = await world.mira.slash(world.channel, "grant tier", user=world.sam, tier="unlimited", **options)
    assert ("until" in said(result)) == (days is not None)
    assert "unlimited tier" in said(await world.sam.slash(world.channel, "credits show"))


async def test_help_says_how_to_begin(world: World) -> None:
    result = await world.sam.slash(world.channel, "help")
    assert "/portrait" in str(answer(result).embeds[0].to_dict())


async def test_a_server_that_was_not_let_in_gets_nothing(world: World) -> None:
    elsewhere = world.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    assert "not been let into" in said(await stranger.slash(channel, "portrait", prompt="a man"))
