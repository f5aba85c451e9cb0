"""Buttons that outlive a restart: each carries what it acts on in its custom id and is checked when pressed.

A custom id is only a request: who may do what is decided here and in the studio from the database, never from the id.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import discord

from bot.components import actions, base, picture_layout
from bot.components.base import MAX_ID
from bot.core import words
from bot.languages.speech import counted, labelled, reworded
from data.orders.jobs import Order
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec


class PortraitButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"portrait:(?P<action>reroll|edit|save|words|delete|review|show):(?P<portrait_id>[0-9]{1,19})",
):
    """Reroll, Edit…, Save as character, Words, Delete or Review under a finished portrait; Show in a list of them."""

    LOOKS: ClassVar = {
        "reroll": (labelled("button", "Reroll"), discord.ButtonStyle.secondary, "🎲"),
        "edit": (labelled("button", "Edit…"), discord.ButtonStyle.secondary, "🖌️"),
        "save": (labelled("button", "Save as character"), discord.ButtonStyle.primary, "👤"),
        "words": (labelled("button", "Words"), discord.ButtonStyle.secondary, "📝"),
        "delete": (labelled("button", "Delete"), discord.ButtonStyle.danger, "🗑️"),
        "review": (labelled("button", "Review"), discord.ButtonStyle.secondary, "🔎"),
        "show": (labelled("button", "Show"), discord.ButtonStyle.secondary, "🖼️"),
    }
    UNDER: ClassVar = ("reroll", "edit", "save", "words", "delete")
    """Side by side under every portrait, as many as a row holds."""

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
        if self.action == "show":
            portrait, payload = await actions.shown_again(interaction, self.portrait_id)
            await interaction.followup.send(**picture_layout.parts(payload, single(portrait)), ephemeral=True)
            return
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
        await interaction.followup.send(**picture_layout.parts(payload, single(portrait)), ephemeral=True)


class OthersButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"order:others:(?P<order_id>[0-9a-f]{16})",
):
    """The others under the best of several: shows them to whoever presses, each with its own controls to pick."""

    def __init__(self, order_id: str, *, count: int = 0, row: int | None = None) -> None:
        super().__init__(
            discord.ui.Button(
                label=counted("Show the other one", "Show the other {count}", count),
                style=discord.ButtonStyle.secondary,
                emoji="🖼️",
                custom_id=f"order:others:{order_id}",
                row=row,
            )
        )
        self.order_id = order_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        portraits, payload = await actions.others(interaction, self.order_id)
        await interaction.followup.send(**picture_layout.parts(payload, finished(portraits)), ephemeral=True)


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


def finished(portraits: Sequence[Portrait[PictureSpec]], others: int = 0) -> discord.ui.View:
    """What is under the result: all the controls of one portrait, or a menu to pick one of several.

    `others` are so many that were made with a best one and are not shown.
    """
    if len(portraits) == 1:
        return single(portraits[0], others)
    view = base.Controls()
    view.add_item(PickMenu(portraits[0].order_id, portraits))
    return view


def single(portrait: Portrait, others: int = 0) -> discord.ui.View:
    """The controls of one portrait, and the way to those that were made with it."""
    view = base.Controls()
    for action in PortraitButton.UNDER:
        view.add_item(PortraitButton(action, portrait.id, row=0))
    view.add_item(ChangeMenu(portrait.id, row=1))
    view.add_item(PortraitButton("review", portrait.id, row=2))
    if others:
        view.add_item(OthersButton(portrait.order_id, count=others, row=2))
    return view


def belongs_to(message: discord.Message, order: Order) -> bool:
    """Whether this message shows the result of this order, by its buttons or by the order's id in its words."""
    said = [message.content, picture_layout.texts_of(message), *(embed.footer.text or "" for embed in message.embeds)]
    if any(order.id in text for text in said):
        return True
    wanted = {f"portrait:reroll:{row.portrait_id}" for row in order.jobs if row.portrait_id is not None}
    wanted.add(f"order:pick:{order.id}")
    return any(
        getattr(child, "custom_id", None) in wanted
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
    )
