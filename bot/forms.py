"""Forms (modals) that ask for one thing. What is typed is checked by whoever asked for it."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot import cards, replies
from data import presence

SLOT_LIMIT = 1000
_FORM_LIFE_S = 15 * 60

Typed = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class OneField(discord.ui.Modal):
    """A form with one text field; `done` gets what was typed, not yet acknowledged."""

    def __init__(
        self,
        *,
        title: str,
        label: str,
        done: Typed,
        field_id: str,
        value: str = "",
        placeholder: str = "",
        limits: tuple[int, int] = (1, 15),
        long: bool = False,
    ) -> None:
        super().__init__(title=title, timeout=_FORM_LIFE_S)
        self._done = done
        self._field: discord.ui.TextInput[OneField] = discord.ui.TextInput(
            label=label,
            custom_id=field_id,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            default=value or None,
            placeholder=placeholder or None,
            min_length=limits[0],
            max_length=limits[1],
            required=limits[0] > 0,
        )
        self.add_item(self._field)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        presence.begin()
        await self._done(interaction, self._field.value)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, item: Any = None, /) -> None:
        await replies.tell_error(interaction, error)


def name_form(done: Typed) -> OneField:
    """Asks for a character's handle."""
    return OneField(title="Save as character", label="Name", field_id="handle", placeholder="ana", done=done)


def slot_form(slot: str, value: str, done: Typed) -> OneField:
    """Asks for one slot of a recipe; leaving it empty empties the slot."""
    return OneField(
        title=f"Change: {cards.SLOT_TITLES[slot]}",
        label=cards.SLOT_TITLES[slot],
        field_id=slot,
        value=value[:SLOT_LIMIT],
        placeholder=cards.SLOT_EXAMPLES[slot],
        limits=(0, SLOT_LIMIT),
        long=True,
        done=done,
    )


def change_form(done: Typed) -> OneField:
    """Asks what to change in a picture."""
    return OneField(
        title="Edit",
        label="What to change",
        field_id="change",
        placeholder="a navy suit instead of the coat, at night",
        limits=(1, SLOT_LIMIT),
        long=True,
        done=done,
    )
