"""One file a command group; a new one is a file here and a line in the list below."""

from typing import TYPE_CHECKING

from bot.commands import character, credits, grant, guide, portrait, portraits, settings

if TYPE_CHECKING:
    from bot.client import StudioTree

GROUPS = (portrait, character, portraits, credits, grant, settings, guide)
DYNAMIC_ITEMS = (portraits.PageButton,)


def add_all(tree: "StudioTree") -> None:
    """Register every command on the tree; nothing is sent to Discord here."""
    for group in GROUPS:
        for command in group.COMMANDS:
            tree.add_command(command)
