"""One file a command group; a new one is a file here and a line in the list below."""

from typing import TYPE_CHECKING

import discord

from bot.commands import (
    admin,
    care,
    character,
    credits,
    edit,
    grant,
    guide,
    models,
    moderation,
    portrait,
    portraits,
    privacy,
    queue,
    reference,
    series,
    settings,
    stats,
    studio,
    style,
)

if TYPE_CHECKING:
    from bot.client import StudioTree

GROUPS = (
    portrait,
    edit,
    series,
    studio,
    style,
    character,
    reference,
    portraits,
    queue,
    credits,
    models,
    grant,
    moderation,
    care,
    privacy,
    stats,
    settings,
    guide,
)
DYNAMIC_ITEMS = (
    portraits.PageButton,
    *credits.DYNAMIC_ITEMS,
    *studio.DYNAMIC_ITEMS,
    *series.DYNAMIC_ITEMS,
    *privacy.DYNAMIC_ITEMS,
)


def add_all(tree: "StudioTree", home_server: int) -> None:
    """Register every command on the tree, the owner's only in `home_server` (0: nowhere). Nothing is sent here."""
    if home_server:
        for command in admin.HOME_COMMANDS:
            tree.add_command(command, guild=discord.Object(home_server))
    for group in GROUPS:
        for command in group.COMMANDS:
            tree.add_command(command)
