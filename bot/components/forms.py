"""Forms (modals) that ask for one thing. What is typed is checked by whoever asked for it."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.components import base
from bot.core import words
from bot.core.prompt_reading import MAX_SLOT
from bot.core.typed_words import MAX_FORM
from bot.languages.speech import labelled, reworded
from bot.messages import cards

Typed = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class OneField(base.Form):
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
        super().__init__(title)
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

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        await self._done(interaction, self._field.value)


class MisreadForm(base.Form):
    """What was typed, and how it is meant: a line for each slot. `done` gets both, not yet acknowledged."""

    def __init__(self, lines: str, done: Callable[[discord.Interaction[Any], str, str], Awaitable[None]]) -> None:
        super().__init__(labelled("form title", "Report a misreading"))
        self._done = done
        self._typed: discord.ui.TextInput[MisreadForm] = discord.ui.TextInput(
            label=labelled("form label", "What you typed"),
            custom_id="typed",
            style=discord.TextStyle.paragraph,
            max_length=MAX_FORM,
        )
        self._meant: discord.ui.TextInput[MisreadForm] = discord.ui.TextInput(
            label=labelled("form label", "How it is meant, one line for each part"),
            custom_id="meant",
            style=discord.TextStyle.paragraph,
            default=lines,
            max_length=MAX_FORM,
        )
        self.add_item(self._typed)
        self.add_item(self._meant)

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        await self._done(interaction, self._typed.value, self._meant.value)


def name_form(done: Typed) -> OneField:
    """Asks for a character's handle."""
    return OneField(
        title=labelled("form title", "Save as character"),
        label=labelled("form label", "Name"),
        field_id="handle",
        placeholder="ana",
        done=done,
    )


def slot_form(slot: str, value: str, done: Typed) -> OneField:
    """Asks for one slot of a recipe; leaving it empty empties the slot."""
    return OneField(
        title=labelled("form title", "Change: {slot}", slot=words.slot_title(slot)),
        label=words.slot_title(slot),
        field_id=slot,
        value=value[:MAX_SLOT],
        placeholder=reworded(cards.SLOT_EXAMPLES[slot]),
        limits=(0, MAX_SLOT),
        long=True,
        done=done,
    )


def reading_form(lines: str, done: Typed) -> OneField:
    """Asks how a prompt should have been read: a line for each slot."""
    return OneField(
        title=labelled("form title", "How it is meant"),
        label=labelled("form label", "One line for each part"),
        field_id="reading",
        value=lines,
        limits=(1, MAX_FORM),
        long=True,
        done=done,
    )


def change_form(done: Typed) -> OneField:
    """Asks what to change in a picture."""
    return OneField(
        title=labelled("form title", "Edit"),
        label=labelled("form label", "What to change"),
        field_id="change",
        placeholder=labelled("form placeholder", "a navy suit instead of the coat, at night"),
        limits=(1, MAX_SLOT),
        long=True,
        done=done,
    )
