"""Everything that a person can use of the bot, sent as an old or edited client would: whatever Discord would offer."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from simcord.actors import _dispatch_actor_interaction
from simcord.enums import InteractionType

import bot
from tests.bot.conftest import World

_MESSAGE_MENU = discord.AppCommandType.message.value
_SUBCOMMAND = (discord.AppCommandOptionType.subcommand.value, discord.AppCommandOptionType.subcommand_group.value)
Payload = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Who asks, where, and the sentence that refuses them there."""

    who: Any
    channel: Any
    sentence: str


async def send(place: Place, kind: InteractionType, data: Payload) -> Any:
    return await _dispatch_actor_interaction(place.who, kind, place.channel, data)


def roots(world: World) -> list[Payload]:
    """The payload of every command, those of the owner's own server too."""
    tree, home = world.bot.tree, discord.Object(world.settings.discord_home_server)
    return [command.to_dict(tree) for command in (*tree.get_commands(), *tree.get_commands(guild=home))]


def leaves(root: Payload, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Payload]]:
    """Each command that can be typed, by its words."""
    path = (*path, root["name"])
    below = [option for option in root.get("options", ()) if option["type"] in _SUBCOMMAND]
    for option in below:
        yield from leaves(option, path)
    if not below and root["type"] != _MESSAGE_MENU:
        yield path, root


def called(root: Payload, path: tuple[str, ...], options: list[Payload]) -> Payload:
    """The data of a command, its options innermost."""
    node, kinds = root, []
    for name in path[1:]:
        node = next(option for option in node["options"] if option["name"] == name)
        kinds.append((name, node["type"]))
    for name, kind in reversed(kinds):
        options = [{"name": name, "type": kind, "options": options}]
    return {"id": "1", "name": root["name"], "type": 1, "options": options}


def completed(leaf: Payload) -> list[Payload]:
    """The options of a command that are completed while they are typed, each as it is sent then."""
    return [
        {"name": option["name"], "type": option["type"], "value": "", "focused": True}
        for option in leaf.get("options", ())
        if option.get("autocomplete")
    ]


def menus(world: World) -> list[str]:
    return [one.name for one in world.bot.tree.get_commands() if isinstance(one, app_commands.ContextMenu)]


def menu_call(name: str, message: Any, author_id: int) -> Payload:
    author = {"id": str(author_id), "username": "somebody", "discriminator": "0", "avatar": None}
    shown: Payload = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "author": author,
        "content": "",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
    resolved = {"messages": {str(message.id): shown}}
    return {"id": "1", "name": name, "type": _MESSAGE_MENU, "target_id": str(message.id), "resolved": resolved}


async def press(world: World, place: Place, item: type[discord.ui.DynamicItem[Any]], custom_id: str) -> Any:
    """Press a button or choose from a menu of this class, under a message of the bot in that channel."""
    view = discord.ui.View(timeout=None)
    is_menu = "Select[" in str(item.__orig_bases__)  # type: ignore[attr-defined]  # what Generic leaves
    if is_menu:
        view.add_item(discord.ui.Select(custom_id=custom_id, options=[discord.SelectOption(label="1", value="1")]))
    else:
        view.add_item(discord.ui.Button(label="Press", custom_id=custom_id))
    with world.env._bot_scope():
        message = await world.bot.get_partial_messageable(place.channel.id).send("here", view=view)
    view.stop()
    return await (place.who.select(message, ["1"]) if is_menu else place.who.click(message, label="Press"))


def made_in_the_bot(base: type) -> set[type]:
    """The subclasses of a class of discord.py, down to the last, that the bot's modules define."""
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, open_ = set[type](), [base]
    each: type
    while open_:
        for each in open_.pop().__subclasses__():
            open_.append(each)
            found |= {each} if each.__module__.startswith("bot.") else set()
    return found
