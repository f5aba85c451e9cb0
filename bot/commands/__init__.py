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
    tree: app_commands.CommandTree[App], home_server: int, *, direct_messages: bool, galleries: bool = False
) -> None:
    """Register every command on the tree, the owner's only in `home_server` (0: nowhere). Nothing is sent here.

    Where there are no `galleries` nobody is offered /gallery: no member could turn them on.

    They are installed with servers only, never by a user for themselves, and offered in servers; in direct messages
    where those are allowed, and what is open to everybody also there.
    """
    tree.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    tree.allowed_contexts = _where(direct_messages=direct_messages)
    if home_server:
        for command in admin.HOME_COMMANDS:
            tree.add_command(_placed(command), guild=discord.Object(home_server))
    for group in (*GROUPS, *((gallery,) if galleries else ())):
        for command in group.COMMANDS:
            tree.add_command(_placed(command))


def _placed(command: Any) -> Any:
    """The command, with a word of its own on where it is offered if the tree's does not hold for it."""
    if command.guild_only:
        command.allowed_contexts = _where(direct_messages=False)
    elif command.name in guard.OPEN_COMMANDS:
        command.allowed_contexts = _where(direct_messages=True)
    return command


def _where(*, direct_messages: bool) -> app_commands.AppCommandContext:
    return app_commands.AppCommandContext(guild=True, dm_channel=direct_messages, private_channel=False)
