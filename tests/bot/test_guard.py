"""Who may use the bot is asked before every command, completion, press and form, whoever wrote it."""

import ast
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.enums import InteractionType

from bot import client, commands, guard
from bot.commands import guide, privacy
from bot.components import base, forms
from bot.components.misread_portraits import MisreadButton
from bot.core.settings import Settings
from tests import faces
from tests.bot import asking
from tests.bot.asking import Place
from tests.bot.conftest import GUILD_ID, OWNER_ID, World, make_world
from tests.bot.reading import answer, said

BANNED = "You cannot use the studio on this server."
NOT_LET_IN = "This server has not been let into the studio."
NOT_HERE = "Portraits are made in servers here, not in direct messages."
ID = "0123456789abcdef"
CUSTOM_IDS = {
    "PortraitButton": [
        f"portrait:{action}:1" for action in ("reroll", "edit", "save", "words", "delete", "review", "show")
    ],
    "ChangeMenu": ["portrait:change:1"],
    "OthersButton": [f"order:others:{ID}"],
    "PickMenu": [f"order:pick:{ID}"],
    "CancelButton": [f"order:cancel:{ID}"],
    "QuoteButton": [f"quote:confirm:{ID}", f"quote:cancel:{ID}"],
    "RightButton": [f"right:yes:{ID}", f"right:no:{ID}"],
    "ReadingButton": [f"reading:{action}:{ID}" for action in ("make", "mend", "report", "store", "cancel")],
    "ConsentButton": [f"consent:yes:{ID}", f"consent:no:{ID}"],
    "FaceButton": [f"face:1:{ID}:0"],
    "PageButton": ["portraits:page:0", "portraits:page:9"],
    "HistoryButton": ["credits:page:9"],
    "SignOutButton": ["gallery:sign-out"],
    "SlotMenu": [f"draft:slot:{ID}"],
    "PresetMenu": [f"draft:fill:{ID}:lighting"],
    "MakeButton": [f"draft:make:{ID}"],
    "SeriesMenu": [f"series:open:{ID}", f"series:redo:{ID}"],
    "ReviewButton": [
        *(f"review:{action}:refused:1" for action in ("release", "delete", "warn", "ban", "next", "open")),
        "review:delete:character:1",
        "review:show:withheld:1",
    ],
    "MisreadButton": ["misread:ask:1", "misread:write:1"],
    "AppealButton": ["appeal:1"],
    "TourButton": ["tour:1", "tour:99"],
    "TryButton": [f"try:{what}" for what in (*guide.TRIES, "forged")],
    "EraseButton": [f"privacy:erase:yes:{ID}", f"privacy:erase:no:{ID}"],
}
"""Custom ids of every class of buttons and menus: a new one is to be written down here."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_home_server": GUILD_ID})


@pytest.fixture
def world(env: Any, settings: Settings) -> World:
    """As everywhere, but the owner's own server has to be there before the owner's commands are."""
    return make_world(env, settings)


@pytest.fixture(params=["banned", "server", "dm"])
async def place(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Place]:
    if request.param == "banned":
        await ban(world, world.sam)
        yield Place(world.sam, world.channel, BANNED)
    elif request.param == "server":
        elsewhere = world.env.create_guild("Elsewhere")
        stranger = elsewhere.add_member(world.env.create_user("stranger"))
        yield Place(stranger, elsewhere.create_text_channel("general"), NOT_LET_IN)
    else:
        yield Place(world.sam.user, world.sam.user.dm_channel, NOT_HERE)


async def ban(world: World, who: Any) -> None:
    await world.stores.bans.add(world.guild.id, who.id, actor_id=world.mira.id, now=time.time())


async def unban(world: World, who: Any) -> None:
    await world.stores.bans.remove(world.guild.id, who.id, actor_id=world.mira.id, now=time.time())


def refused(result: Any, sentence: str) -> bool:
    """Whether this sentence alone answered, and only the person saw it."""
    shown = answer(result)
    alone = shown is not None and len(result.followups) <= 1 and not result.deferred
    return alone and result.ephemeral and shown.content.startswith(sentence) and not shown.embeds


async def test_every_command_is_refused(world: World, place: Place) -> None:
    before, open_, wrong = world.stores.database.commits, set[str](), []
    for root in asking.roots(world):
        for path, _ in asking.leaves(root):
            result = await asking.send(place, InteractionType.APPLICATION_COMMAND, asking.called(root, path, []))
            if root["name"] in guard.OPEN_COMMANDS:
                open_.add(root["name"])
                assert answer(result) is not None
                assert place.sentence not in said(result), path
            elif not refused(result, place.sentence):
                wrong.append(" ".join(path))
    assert not wrong
    assert open_ == {"help", "privacy"}
    # The question that /privacy erase asks is all that was written.
    assert world.stores.database.commits == before + 1


async def test_every_message_menu_is_refused(world: World, place: Place) -> None:
    message = await world.button("old")
    assert asking.menus(world)
    for name in asking.menus(world):
        call = asking.menu_call(name, message, world.lena.id)
        assert refused(await asking.send(place, InteractionType.APPLICATION_COMMAND, call), place.sentence)


async def test_every_completion_is_empty(world: World, place: Place) -> None:
    count, full = 0, []
    for root in asking.roots(world):
        for path, leaf in asking.leaves(root):
            for option in asking.completed(leaf):
                data = asking.called(root, path, [option])
                result = await asking.send(place, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE, data)
                count += 1
                full += [path] if result.autocomplete_choices != [] else []
    assert count > 20
    assert not full


async def test_every_button_and_menu_is_refused(world: World, place: Place) -> None:
    before = world.stores.database.commits
    assert {item.__name__ for item in base.CONTROLS} == set(CUSTOM_IDS)
    for item in base.CONTROLS:
        for custom_id in CUSTOM_IDS[item.__name__]:
            result = await asking.press(world, place, item, custom_id)
            if item is privacy.EraseButton:
                assert "not known any more" in said(result)
            elif item is guide.TourButton:
                assert answer(result) is None or place.sentence not in said(result), custom_id
            else:
                assert refused(result, place.sentence), custom_id
    # What is not known any more is written down where it was pressed, by the open button alone.
    assert world.stores.database.commits <= before + 2


async def test_every_form_is_refused_that_was_opened_before(world: World, place: Place) -> None:
    """Banned, kept out or sent out of direct messages between opening it and handing it in."""
    assert asking.made_in_the_bot(base.Form) == {forms.OneField, forms.MisreadForm}
    message = await world.button("old")
    call = asking.menu_call("Save as character", message, world.lena.id)
    await let_in(world, place, allowed=True)
    form = await asking.send(place, InteractionType.APPLICATION_COMMAND, call)
    typed = {"name": "prompt", "type": 3, "value": "a woman in a coat"}
    order = asking.called({"name": "portrait"}, ("portrait",), [typed])
    await asking.send(place, InteractionType.APPLICATION_COMMAND, order)
    portrait = await world.stores.portraits.latest(place.who.id)
    assert portrait is not None
    misread = await asking.press(world, place, MisreadButton, f"misread:write:{portrait.id}")
    assert form.modal is not None
    assert misread.modal is not None
    await let_in(world, place, allowed=False)
    assert refused(await place.who.submit_modal(form, {"handle": "ana"}), place.sentence)
    fields = {"typed": "a woman in a coat", "meant": "Subject: a woman"}
    assert refused(await place.who.submit_modal(misread, fields), place.sentence)


async def let_in(world: World, place: Place, *, allowed: bool) -> None:
    if place.sentence == NOT_HERE:
        world.bot.settings = world.settings.model_copy(update={"discord_direct_messages": allowed})
    elif place.sentence == BANNED:
        await (unban(world, place.who) if allowed else ban(world, place.who))
    else:
        guild_id = place.who.guild.id
        await world.stores.servers.set_access(guild_id, allowed=allowed, actor_id=OWNER_ID, now=time.time())


async def test_saving_by_a_reply_is_refused(world: World) -> None:
    message = await world.portrait(world.lena)
    await ban(world, world.sam)
    await world.sam.send(world.channel, f"{world.mention} save ana", reply_to=message)
    assert world.channel.last_message.content.startswith(BANNED)
    assert not await world.stores.characters.handles(world.sam.id)


async def test_who_is_being_erased_is_refused_as_well(world: World) -> None:
    await world.stores.privacy.begin(world.sam.id, now=time.time())
    for command in ("character list", "style list", "reference list", "portraits"):
        assert "being erased just now" in said(await world.sam.slash(world.channel, command))
    assert await world.sam.autocomplete(world.channel, "portrait", "model", "") == []
    assert "kept of you" in said(await world.sam.slash(world.channel, "privacy show"))


async def test_the_owner_lets_a_server_in_from_one_that_is_not(world: World) -> None:
    owner = world.guild.add_member(world.env.create_user("owner"))
    world.bot._owners = frozenset({owner.id})
    world.bot.settings = world.settings.model_copy(update={"discord_servers": ()})
    await world.reveal("studio-admin", owner, world.sam)
    allow = {"server": str(GUILD_ID)}
    assert refused(await world.sam.slash(world.channel, "studio-admin servers allow", **allow), NOT_LET_IN)
    assert "may use the studio" in said(await owner.slash(world.channel, "studio-admin servers allow", **allow))
    assert "saved no face" in said(await world.sam.slash(world.channel, "character list"))


async def test_a_banned_member_neither_renames_nor_shares_a_face(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    await ban(world, world.sam)
    for command, options in (
        ("character rename", {"name": "ana", "new": "insult"}),
        ("character share", {"name": "ana"}),
        ("character settings", {"name": "ana", "description": "an insult"}),
        ("character delete", {"name": "ana"}),
        ("style save", {"name": "rainy", "lighting": "rain"}),
        ("reference list", {}),
    ):
        assert refused(await world.sam.slash(world.channel, command, **options), BANNED), command
    character = await world.stores.characters.get(world.sam.id, "ana")
    assert character is not None
    assert (character.shared_in, character.handle) == (None, "ana")
    assert not await world.stores.styles.list(world.sam.id)


async def test_what_a_banned_member_shared_is_gone_while_the_ban_lasts(world: World) -> None:
    await world.agree(world.sam)
    picture = ("x.png", faces.png("ana-1"))
    await world.sam.slash(world.channel, "character save", name="ana", attachment=picture)
    await world.sam.slash(world.channel, "character share", name="ana")
    made = await world.portrait(world.lena, "@ana on a beach")
    await ban(world, world.sam)
    assert await completions(world) == []
    assert "saved no face" in said(await world.lena.slash(world.channel, "character list"))
    for command, options in (
        ("portrait", {"prompt": "@ana in a forest"}),
        ("portrait", {"prompt": "a sailor", "character": "@ana"}),
        ("series", {"prompt": "@ana", "vary": "place: beach | forest"}),
        ("character show", {"name": "ana"}),
    ):
        assert "no character called ana" in said(await world.lena.slash(world.channel, command, **options)), command
    assert "no such character" in said(
        await world.lena.slash(world.channel, "character report", reason="x", name="ana")
    )
    assert "no character called ana" in said(await world.lena.click(made, label="Reroll"))
    assert not await world.stores.orders.open_orders()
    await unban(world, world.sam)
    assert await completions(world) == ["@ana"]
    assert (await world.portrait(world.lena, "@ana in a forest")).attachments


async def completions(world: World) -> list[str]:
    return [one["value"] for one in await world.lena.autocomplete(world.channel, "portrait", "character", "")]


async def test_a_banned_member_holds_no_name(world: World) -> None:
    for who, face in ((world.sam, "ana-1"), (world.lena, "kai-1")):
        await world.agree(who)
        await who.slash(world.channel, "character save", name="ana", attachment=("x.png", faces.png(face)))
    await world.sam.slash(world.channel, "character share", name="ana")
    share = {"name": "ana"}
    assert "shared in this server already" in said(await world.lena.slash(world.channel, "character share", **share))
    await ban(world, world.sam)
    assert "Everybody" in said(await world.lena.slash(world.channel, "character share", **share))
    await unban(world, world.sam)
    (shared,) = await world.stores.characters.shared(world.guild.id)
    assert shared.user_id == world.lena.id
    assert "shared in this server already" in said(await world.sam.slash(world.channel, "character share", **share))


@pytest.mark.parametrize(("direct", "own"), [(False, False), (True, False), (False, True)])
def test_where_commands_are_offered_is_said_of_each(world: World, direct: bool, own: bool) -> None:
    """With what anybody may add to their own account (`own`), everything but moderators' commands is everywhere."""
    tree = world.bot.tree
    for scope in (None, discord.Object(GUILD_ID)):
        tree.clear_commands(guild=scope)
    commands.add_all(tree, GUILD_ID, direct_messages=direct, user_installs=own)
    for root in asking.roots(world):
        alone = not root.get("dm_permission", True)
        assert root["integration_types"] == ([0, 1] if own and not alone else [0]), root["name"]
        everywhere = root["name"] in guard.OPEN_COMMANDS or ((direct or own) and not alone)
        assert root["contexts"] == ([0, 1, 2] if own and everywhere else [0, 1] if everywhere else [0]), root["name"]


def test_nothing_is_pressed_or_handed_in_past_the_base() -> None:
    """A new button, menu, view or form that is made from discord.py's own classes fails here."""
    items = asking.made_in_the_bot(discord.ui.Item)
    assert items - {base.Control} == set(base.CONTROLS)
    assert all(issubclass(item, base.Control) for item in items)
    views = {*asking.made_in_the_bot(discord.ui.View), *asking.made_in_the_bot(discord.ui.LayoutView)}
    assert views == {base.Controls, base.Layout}
    assert all(issubclass(form, base.Form) for form in asking.made_in_the_bot(discord.ui.Modal))
    trees = asking.made_in_the_bot(discord.app_commands.CommandTree)
    assert trees == {client.StudioTree}


def test_no_view_or_form_is_made_from_discords_own_class() -> None:
    past = [
        f"{path.name}:{call.lineno}"
        for path in Path(client.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in {"View", "LayoutView", "Modal"}
    ]
    assert not past


def test_a_class_that_would_answer_for_itself_cannot_be_written() -> None:
    async def yes(self: Any, interaction: Any, /) -> bool:
        return True

    for name in ("interaction_check", "callback"):
        with pytest.raises(TypeError, match="may not decide"):
            type("Past", (base.Control,), {name: yes}, template="past")
    for name in ("interaction_check", "on_submit"):
        with pytest.raises(TypeError, match="may not decide"):
            type("Past", (base.Form,), {name: yes})


async def test_a_view_takes_no_button_that_nobody_asks_for() -> None:
    with pytest.raises(TypeError, match="no Control"):
        base.Controls().add_item(discord.ui.Button(label="Past", custom_id="past"))
    base.Controls().add_item(discord.ui.Button(label="A link", url="https://discord.com"))
    row: Any = discord.ui.ActionRow(discord.ui.Button(label="Past", custom_id="past"))
    for past in (row, discord.ui.Container(row)):
        with pytest.raises(TypeError, match="no Control"):
            base.Layout().add_item(past)
