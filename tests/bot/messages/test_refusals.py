"""Forged presses: refused, nothing changed, and in the audit."""

from typing import Any

import discord
import pytest

from data.core.audit import AuditAction
from data.credits import ledger
from tests.bot.conftest import World
from tests.bot.reading import answer, said


async def refused(world: World, guild_id: int | None = None) -> list[tuple[int, str]]:
    """Who was refused what, oldest first."""
    entries = await world.stores.audit.page(guild_id or world.guild.id, action=AuditAction.REFUSED)
    return [(entry.actor_id, entry.detail) for entry in reversed(entries)]


async def state(world: World) -> tuple[int, int, int]:
    """What an attack might change: sam's balance, his portraits, his orders."""
    guild_id, user_id = world.guild.id, world.sam.id
    return (
        await world.balance(world.sam),
        len(await world.stores.portraits.of_user(guild_id, user_id)),
        len(await world.stores.orders.of_user(guild_id, user_id)),
    )


async def the_portrait(world: World) -> tuple[Any, int]:
    message = await world.portrait(world.sam)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    return message, portrait.id


async def test_a_moderator_of_another_server_can_do_nothing_here(world: World) -> None:
    """A custom id from this server, in a message of a server where they moderate."""
    _, portrait_id = await the_portrait(world)
    other = world.env.create_guild("Other")
    await world.stores.servers.set_access(other.id, allowed=True, actor_id=1, now=1.0)
    chief = other.create_role("chief", permissions=discord.Permissions(manage_guild=True))
    channel = other.create_text_channel("general")
    rival = other.add_member(world.env.create_user("rival"), roles=[chief])
    before = await state(world)
    (order,) = await world.stores.orders.of_user(world.guild.id, world.sam.id)
    for custom_id in (f"portrait:delete:{portrait_id}", f"portrait:reroll:{portrait_id}", f"order:cancel:{order.id}"):
        message = await world.button(custom_id, channel)
        assert "someone else" in said(await rival.click(message, label="Forged"))
    assert await state(world) == before
    assert len(await refused(world, other.id)) == 3
    await rival.slash(channel, "grant credits", user=rival, amount=5)
    assert await state(world) == before


async def test_another_persons_buttons_are_refused_and_audited(world: World) -> None:
    message, portrait_id = await the_portrait(world)
    before = await state(world)
    await world.lena.click(message, label="Reroll")
    await world.lena.click(message, label="Delete")
    assert await state(world) == before
    who = world.lena.id
    assert await refused(world) == [
        (who, f"portrait:reroll:{portrait_id}"),
        (who, f"portrait:delete:{portrait_id}"),
    ]


EDITED = (
    "portrait:delete:999999",
    f"portrait:reroll:{2**63 - 1}",
    "portrait:reroll:9999999999999999999",
    "order:cancel:0000000000000000",
    "quote:confirm:0000000000000000",
    "quote:cancel:ffffffffffffffff",
    "draft:make:0000000000000000",
    "portrait:steal:1",
    "portrait:delete:-1",
    "portrait:delete:1:2",
    "quote:confirm:1; DROP TABLE quotes",
    "order:cancel:" + "0" * 80,
    "nothing at all",
)


async def test_a_custom_id_edited_by_hand_does_nothing(world: World) -> None:
    await the_portrait(world)
    before = await state(world)
    for custom_id in EDITED:
        result = await world.lena.click(await world.button(custom_id), label="Forged")
        assert said(result).strip(), custom_id
        assert "wrong here" not in said(result), custom_id
        assert await state(world) == before, custom_id
        assert (await refused(world))[-1] == (world.lena.id, custom_id)
    assert not await ledger.check(world.stores.database)


@pytest.mark.parametrize("action", ["save", "words"])
async def test_a_portrait_that_one_cannot_see_gives_nothing_away(world: World, action: str) -> None:
    """Its number in a custom id is not enough: not from another server, not from a hidden channel."""
    hidden = world.guild.create_text_channel(
        "hidden", overwrites={world.lena: discord.PermissionOverwrite(view_channel=False)}
    )
    await world.sam.slash(hidden, "portrait", prompt="a man with a secret")
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    result = await world.lena.click(await world.button(f"portrait:{action}:{portrait.id}"), label="Forged")
    assert "someone else" in said(result)
    other = world.env.create_guild("Other")
    await world.stores.servers.set_access(other.id, allowed=True, actor_id=1, now=1.0)
    channel = other.create_text_channel("general")
    rival = other.add_member(world.env.create_user("rival"))
    result = await rival.click(await world.button(f"portrait:{action}:{portrait.id}", channel), label="Forged")
    assert "someone else" in said(result)
    assert len(await refused(world)) == 1
    assert len(await refused(world, other.id)) == 1


async def test_what_was_picked_from_several_can_be_saved_by_whoever_sees_them(world: World) -> None:
    message = await world.portrait(world.sam, count=2)
    shown = answer(await world.lena.select(message, [str((await world.stores.portraits.by_message(message.id))[1].id)]))
    form = await world.lena.click(shown, label="Save as character")
    await world.lena.submit_modal(form, {"handle": "ana"})
    assert list(await world.stores.characters.handles(world.lena.id)) == ["ana"]


async def test_who_is_banned_saves_no_faces_either(world: World) -> None:
    message = await world.portrait(world.sam)
    await world.mira.slash(world.channel, "studio-ban add", user=world.lena)
    assert "cannot use the studio" in said(await world.lena.click(message, label="Save as character"))
    await world.lena.send(world.channel, f"{world.mention} save ana", reply_to=message)
    assert "cannot use the studio" in world.channel.last_message.content


async def test_the_audit_cannot_be_flooded_by_pressing(world: World) -> None:
    message, _ = await the_portrait(world)
    for _ in range(3):
        await world.lena.click(message, label="Delete")
    assert len(await refused(world)) == 1
    for number in range(25):
        await world.lena.click(await world.button(f"portrait:delete:{1000 + number}"), label="Forged")
    assert len(await refused(world)) == 20


async def test_ordinary_mistakes_are_not_in_the_audit(world: World) -> None:
    await world.sam.slash(world.channel, "portrait", prompt="@nobody at the sea")
    await world.sam.slash(world.channel, "character delete", name="nobody")
    assert await refused(world) == []
