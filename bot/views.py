"""Buttons that outlive a restart: each carries what it acts on in its custom id and is checked when pressed.

A custom id is only a wish: who may do what is decided here and in the studio from the database, never from the id.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import discord

from bot import actions
from bot.replies import told
from data.jobs import Order
from data.portraits import Portrait

_MAX_ID = 2**63 - 1


class PortraitButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"portrait:(?P<action>reroll|save|delete):(?P<id>[0-9]{1,19})",
):
    """Reroll, Save as character or Delete under a finished portrait."""

    LOOKS: ClassVar = {
        "reroll": ("Reroll", discord.ButtonStyle.secondary, "🎲"),
        "save": ("Save as character", discord.ButtonStyle.primary, "👤"),
        "delete": ("Delete", discord.ButtonStyle.danger, "🗑️"),
    }

    def __init__(self, action: str, portrait_id: int, *, row: int | None = None, label: str | None = None) -> None:
        text, style, emoji = self.LOOKS[action]
        super().__init__(
            discord.ui.Button(
                label=label or text,
                style=style,
                emoji=emoji,
                custom_id=f"portrait:{action}:{portrait_id}",
                row=row,
            )
        )
        self.action = action
        self.portrait_id = portrait_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["action"], min(int(match["id"]), _MAX_ID))

    @told
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await actions.PORTRAIT_ACTIONS[self.action](interaction, self.portrait_id)


class CancelButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"order:cancel:(?P<id>[0-9a-f]{16})",
):
    """Cancel under an order that waits or runs."""

    def __init__(self, order_id: str, *, label: str = "Cancel", row: int | None = None) -> None:
        super().__init__(
            discord.ui.Button(
                label=label,
                style=discord.ButtonStyle.secondary,
                emoji="✖️",
                custom_id=f"order:cancel:{order_id}",
                row=row,
            )
        )
        self.order_id = order_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["id"])

    @told
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await actions.cancel_order(interaction, self.order_id)


DYNAMIC_ITEMS = (PortraitButton, CancelButton)


def running(order_id: str) -> discord.ui.View:
    """What is under an order until it ends."""
    view = discord.ui.View(timeout=None)
    view.add_item(CancelButton(order_id))
    return view


def finished(portraits: Sequence[Portrait]) -> discord.ui.View:
    """What is under the result: a row of buttons for each portrait."""
    view = discord.ui.View(timeout=None)
    for row, item in enumerate(portraits[:4]):
        number = f" {row + 1}" if len(portraits) > 1 else ""
        for action, (label, *_) in PortraitButton.LOOKS.items():
            view.add_item(PortraitButton(action, item.id, row=row, label=f"{label}{number}"))
    return view


def belongs_to(message: discord.Message, order: Order) -> bool:
    """Whether this message shows the result of this order, by its buttons or by the order's id in a footer."""
    if any(order.id in (embed.footer.text or "") for embed in message.embeds):
        return True
    wanted = {f"portrait:reroll:{row.portrait_id}" for row in order.jobs if row.portrait_id is not None}
    return any(
        isinstance(child, discord.Button) and child.custom_id in wanted
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
    )
