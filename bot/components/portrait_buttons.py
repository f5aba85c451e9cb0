"""Buttons that outlive a restart: each carries what it acts on in its custom id and is checked when pressed.

A custom id is only a request: who may do what is decided here and in the studio from the database, never from the id.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import discord

from bot.components import actions, base
from bot.components.base import MAX_ID
from bot.core import words
from bot.languages.speech import labelled, reworded
from data.orders.jobs import Order
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec


class PortraitButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"portrait:(?P<action>reroll|edit|save|words|delete):(?P<portrait_id>[0-9]{1,19})",
):
    """Reroll, Edit…, Save as character, Words or Delete under a finished portrait."""

    LOOKS: ClassVar = {
        "reroll": (labelled("button", "Reroll"), discord.ButtonStyle.secondary, "🎲"),
        "edit": (labelled("button", "Edit…"), discord.ButtonStyle.secondary, "🖌️"),
        "save": (labelled("button", "Save as character"), discord.ButtonStyle.primary, "👤"),
        "words": (labelled("button", "Words"), discord.ButtonStyle.secondary, "📝"),
        "delete": (labelled("button", "Delete"), discord.ButtonStyle.danger, "🗑️"),
    }

    def __init__(self, action: str, portrait_id: int, *, row: int | None = None, label: str | None = None) -> None:
        text, style, emoji = self.LOOKS[action]
        super().__init__(
            discord.ui.Button(
                label=label or reworded(text),
                style=style,
                emoji=emoji,
                custom_id=f"portrait:{action}:{portrait_id}",
                row=row,
            )
        )
        self.action = action
        self.portrait_id = portrait_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await actions.PORTRAIT_ACTIONS[self.action](interaction, self.portrait_id)


class ChangeMenu(
    base.Control[discord.ui.Select[discord.ui.View]],
    template=r"portrait:change:(?P<portrait_id>[0-9]{1,19})",
):
    """ "Change…": one slot of the recipe is asked for anew, the others stay."""

    ORDER: ClassVar = ("lighting", "clothing", "environment", "camera", "detail", "subject")

    def __init__(self, portrait_id: int, *, row: int | None = None) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=labelled("placeholder", "Change…"),
                custom_id=f"portrait:change:{portrait_id}",
                options=[discord.SelectOption(label=words.slot_title(slot), value=slot) for slot in self.ORDER],
                row=row,
            )
        )
        self.portrait_id = portrait_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await actions.change(interaction, self.portrait_id, self.item.values[0])


class PickMenu(
    base.Control[discord.ui.Select[discord.ui.View]],
    template=r"order:pick:(?P<order_id>[0-9a-f]{16})",
):
    """ "Pick one…" under several portraits: shows the chosen one with its own controls."""

    def __init__(
        self, order_id: str, portraits: Sequence[Portrait[PictureSpec]] = (), *, row: int | None = None
    ) -> None:
        options = [
            discord.SelectOption(
                label=labelled("choice", "Portrait {number}", number=number),
                description=labelled("choice", "Seed {seed}", seed=item.spec.seed),
                value=str(item.id),
            )
            for number, item in enumerate(portraits, 1)
        ]
        super().__init__(
            discord.ui.Select(
                placeholder=labelled("placeholder", "Pick one to reroll, change, save or delete…"),
                custom_id=f"order:pick:{order_id}",
                options=options or [discord.SelectOption(label="…")],
                row=row,
            )
        )
        self.order_id = order_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        chosen = self.item.values[0]
        portrait_id = min(int(chosen), MAX_ID) if chosen.isdecimal() else 0
        portrait, payload = await actions.picked(interaction, self.order_id, portrait_id)
        await interaction.followup.send(**payload, view=single(portrait), ephemeral=True)


class CancelButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"order:cancel:(?P<order_id>[0-9a-f]{16})",
):
    """Cancel under an order that waits or runs."""

    def __init__(self, order_id: str, *, label: str = "", row: int | None = None) -> None:
        super().__init__(
            discord.ui.Button(
                label=label or labelled("button", "Cancel"),
                style=discord.ButtonStyle.secondary,
                emoji="✖️",
                custom_id=f"order:cancel:{order_id}",
                row=row,
            )
        )
        self.order_id = order_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await actions.cancel_order(interaction, self.order_id)


def running(order_id: str) -> discord.ui.View:
    """What is under an order until it ends."""
    view = base.Controls()
    view.add_item(CancelButton(order_id))
    return view


def finished(portraits: Sequence[Portrait[PictureSpec]]) -> discord.ui.View:
    """What is under the result: all the controls of one portrait, or a menu to pick one of several."""
    if len(portraits) == 1:
        return single(portraits[0])
    view = base.Controls()
    view.add_item(PickMenu(portraits[0].order_id, portraits))
    return view


def single(portrait: Portrait) -> discord.ui.View:
    """The controls of one portrait."""
    view = base.Controls()
    for action in PortraitButton.LOOKS:
        view.add_item(PortraitButton(action, portrait.id, row=0))
    view.add_item(ChangeMenu(portrait.id, row=1))
    return view


def belongs_to(message: discord.Message, order: Order) -> bool:
    """Whether this message shows the result of this order, by its buttons or by the order's id in its words."""
    if order.id in message.content or any(order.id in (embed.footer.text or "") for embed in message.embeds):
        return True
    wanted = {f"portrait:reroll:{row.portrait_id}" for row in order.jobs if row.portrait_id is not None}
    wanted.add(f"order:pick:{order.id}")
    return any(
        getattr(child, "custom_id", None) in wanted
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
    )
