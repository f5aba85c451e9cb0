"""One file a command group; a new one is a file here and a line in the list below."""

from typing import Any

import discord
from discord import app_commands

from bot import guard
from bot.app import App
from bot.commands import (
    admin,
    character,
    credits,
    edit,
    gallery,
    grant,
    guide,
    models,
    moderate,
    moderation,
    portrait,
    portraits,
    privacy,
    queue,
    recipe_card,
    reference,
    reported_characters,
    series,
    server_settings,
    stats,
    style,
)

GROUPS = (
    portrait,
    edit,
    series,
    recipe_card,
    style,
    character,
    reference,
    portraits,
    queue,
    credits,
    models,
    grant,
    moderate,
    moderation,
    reported_characters,
    privacy,
    stats,
    server_settings,
    guide,
)


def add_all(
    tree: app_commands.CommandTree[App],
    home_server: int,
    *,
    direct_messages: bool,
    user_installs: bool = False,
    galleries: bool = False,
) -> None:
    """Register every command on the tree, the owner's only in `home_server` (0: nowhere). Nothing is sent here.

    They come with the bot to servers, and are offered there; in direct messages where those are allowed, and what is
    open to everybody also there. With `user_installs` whoever adds the bot to their own account has them everywhere,
    groups among it, but for what moderators use. Where there are no `galleries` nobody is offered /gallery: no member
    could turn them on.
    """
    tree.allowed_installs = app_commands.AppInstallationType(guild=True, user=user_installs)
    tree.allowed_contexts = _where(direct_messages=direct_messages or user_installs, groups=user_installs)
    if home_server:
        for command in admin.HOME_COMMANDS:
            tree.add_command(_placed(command, user_installs), guild=discord.Object(home_server))
    for group in (*GROUPS, *((gallery,) if galleries else ())):
        for command in group.COMMANDS:
            tree.add_command(_placed(command, user_installs))


def names(tree: app_commands.CommandTree[App], home_server: int) -> set[str]:
    """The whole name of every command that is typed, such as "character save"."""
    at_home = tree.walk_commands(guild=discord.Object(home_server)) if home_server else ()
    return {command.qualified_name for command in (*tree.walk_commands(), *at_home)}


def _placed(command: Any, user_installs: bool) -> Any:
    """The command, with a word of its own on where it is offered if the tree's does not hold for it."""
    if command.guild_only:
        command.allowed_contexts = _where(direct_messages=False)
        command.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    elif command.name in guard.OPEN_COMMANDS:
        command.allowed_contexts = _where(direct_messages=True, groups=user_installs)
    return command


def _where(*, direct_messages: bool, groups: bool = False) -> app_commands.AppCommandContext:
    return app_commands.AppCommandContext(guild=True, dm_channel=direct_messages, private_channel=groups)
