"""One file a command group; a new one is a file here and a line in the list below."""

from typing import TYPE_CHECKING

from bot.commands import character, credits, grant, guide, moderation, portrait, portraits, settings, studio, style

if TYPE_CHECKING:
    from bot.client import StudioTree

GROUPS = (portrait, studio, style, character, portraits, credits, grant, moderation, settings, guide)
DYNAMIC_ITEMS = (portraits.PageButton, *credits.DYNAMIC_ITEMS, *studio.DYNAMIC_ITEMS)


def add_all(tree: "StudioTree") -> None:
    """Register every command on the tree; nothing is sent to Discord here."""
    for group in GROUPS:
        for command in group.COMMANDS:
            tree.add_command(command)
