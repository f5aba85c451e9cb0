"""What servers set for themselves, what the owner sets for servers, and the figures of a server."""

import io
from typing import Any

import discord
import pytest
from PIL import Image

from bot.core.settings import Settings
from data.people.servers import ServerSettings
from tests.bot.conftest import GUILD_ID, World
from tests.bot.reading import answer, fields, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_home_server": GUILD_ID})


async def saved(world: World) -> ServerSettings:
    return await world.stores.servers.get(world.guild.id)


async def test_every_setting_is_kept_and_audited(world: World) -> None:
    role = world.guild.create_role("studio")
    await world.mira.slash(
        world.channel,
        "settings",
        studio_role=role,
        time_zone="Europe/Lisbon",
        allowance=20,
        adult=True,
        block="Some  Brand",
    )
    assert await saved(world) == ServerSettings(
        guild_id=world.guild.id,
        studio_role_id=role.id,
        time_zone="Europe/Lisbon",
        adult=True,
        blocked_words=("Some Brand",),
        allowance=20,
    )
    (entry,) = await world.stores.audit.page(world.guild.id)
    assert entry.action == "change settings"
    assert "Europe/Lisbon" in entry.detail


async def test_settings_without_options_show_what_is_set_and_explain_integrations(world: World) -> None:
    shown = fields(answer(await world.mira.slash(world.channel, "settings")))
    assert shown["Daily allowance"] == "100 credits"
    assert shown["Adult portraits"] == "never"
    assert "Integrations" in shown["Showing the commands to the studio role"]
    assert not await world.stores.audit.page(world.guild.id)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"time_zone": "Mars/Olympus"}, "not known"), ({"unblock": "nothing"}, "not on this server's block list")],
)
async def test_settings_that_cannot_be_are_explained(world: World, options: dict[str, Any], sentence: str) -> None:
    assert sentence in said(await world.mira.slash(world.channel, "settings", **options))
    assert await saved(world) == ServerSettings(guild_id=world.guild.id)


async def test_everyone_cannot_be_the_studio_role(world: World) -> None:
    result = await world.mira.slash(world.channel, "settings", studio_role=world.guild.default_role)
    assert "@everyone" in said(result)


async def test_a_word_is_blocked_and_unblocked_and_an_allowance_goes_back_to_the_default(world: World) -> None:
    await world.mira.slash(world.channel, "settings", block="brand", allowance=0)
    assert await world.balance(world.sam) == 0
    await world.mira.slash(world.channel, "settings", unblock="BRAND", allowance=-1)
    assert await saved(world) == ServerSettings(guild_id=world.guild.id)


async def test_time_zones_are_completed(world: World) -> None:
    choices = await world.mira.autocomplete(world.channel, "settings", "time_zone", "lisb")
    assert [choice["value"] for choice in choices] == ["Europe/Lisbon"]


async def test_the_studio_role_does_not_change_settings(world: World) -> None:
    """Else it could make any role the studio role."""
    role = world.guild.create_role("studio")
    helper = world.guild.add_member(world.env.create_user("helper"), roles=[role])
    await world.mira.slash(world.channel, "settings", studio_role=role)
    await world.reveal("settings", role)
    assert "moderators" in said(await helper.slash(world.channel, "settings", adult=True))
    assert not (await saved(world)).adult


async def owner(world: World) -> Any:
    """A member who is the bot's owner and an administrator of the home server."""
    boss = world.guild.create_role("boss", permissions=discord.Permissions(administrator=True))
    member = world.guild.add_member(world.env.create_user("owner"), roles=[boss])
    world.bot._owners = frozenset({member.id})
    return member


async def test_the_owner_lets_servers_in_and_keeps_them_out(world: World) -> None:
    boss = await owner(world)
    elsewhere = world.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    assert "is kept out" in said(await boss.slash(world.channel, "studio-admin servers list"))
    assert "may use" in said(
        await boss.slash(world.channel, "studio-admin servers allow", server=str(elsewhere.id), note="friends")
    )
    await stranger.slash(channel, "portrait", prompt="a man")
    assert len(await world.stores.portraits.of_user(elsewhere.id, stranger.id)) == 1
    await boss.slash(world.channel, "studio-admin servers deny", server=str(elsewhere.id))
    assert "not been let into" in said(await stranger.slash(channel, "portrait", prompt="a man"))
    assert "is a number" in said(await boss.slash(world.channel, "studio-admin servers allow", server="friends"))


async def test_the_owners_commands_are_for_the_owner_in_the_home_server(world: World) -> None:
    elsewhere = world.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    admin = elsewhere.create_role("admin", permissions=discord.Permissions(administrator=True))
    stranger = elsewhere.add_member(world.env.create_user("stranger"), roles=[admin])
    assert "studio-admin servers allow" not in stranger.available_commands(channel)
    await world.reveal("studio-admin", world.mira)
    result = await world.mira.slash(world.channel, "studio-admin servers allow", server=str(elsewhere.id))
    assert "owner only" in said(result)
    assert await world.stores.servers.access(elsewhere.id) is None
    assert (await world.stores.audit.page(world.guild.id))[0].detail == "/studio-admin servers allow"


async def test_figures_come_as_a_chart_with_the_numbers_beside_it(world: World) -> None:
    for _ in range(2):
        await world.portrait(world.sam)
    message = answer(await world.mira.slash(world.channel, "stats", days=7))
    shown = fields(message)
    assert shown["Portraits"] == "2"
    assert shown["Spent"] == "20 credits"
    assert "standard: half of 2" in shown["Waiting time"]
    picture = Image.open(io.BytesIO(await message.attachments[0].read()))
    assert picture.size == (960, 480)
    assert message.embeds[0].image.url
    colours = {colour for _, colour in picture.convert("RGB").getcolors(10_000) or ()}
    assert {(0x1E, 0x1F, 0x22), (0xC8, 0x55, 0x3D)} <= colours


async def test_a_server_without_portraits_has_figures_too(world: World) -> None:
    assert fields(answer(await world.mira.slash(world.channel, "stats")))["Portraits"] == "0"
