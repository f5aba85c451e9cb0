"""`/studio`: an empty recipe card, filled in slot by slot, for those who would rather choose than write."""

import secrets
import time
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.components import base, forms, quotes
from bot.core import words
from bot.core.errors import Gone
from bot.core.prompt_reading import merged, slot_words
from bot.core.requests import OrderRequest
from bot.guard import person_of
from bot.languages.speech import labelled, reworded, worded
from bot.messages import cards, replies
from data.orders.saved_styles import Draft
from engine.prompt import SLOTS, PortraitPrompt, from_json, to_json
from engine.wording.presets import PRESETS

OWN_WORDS = "own words"
_PRESETS_SHOWN = 24


@app_commands.command(description="Fill in a recipe card, slot by slot, and make a portrait of it.")
async def studio(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    draft = Draft(secrets.token_hex(8), interaction.user.id, to_json(PortraitPrompt()))
    await interaction.client.stores.drafts.save(draft, now=time.time())
    await replies.whisper(interaction, embed=_card(draft), view=_controls(draft.id))


def _card(draft: Draft) -> discord.Embed:
    prompt = from_json(draft.prompt)
    embed = discord.Embed(title=labelled("title", "Your recipe"), colour=cards.ACCENT)
    for slot in SLOTS:
        shown = cards.slot_value(prompt, slot) or worded(
            "-# such as: {example}", example=reworded(cards.SLOT_EXAMPLES[slot])
        )
        embed.add_field(name=words.slot_title(slot), value=shown, inline=True)
    embed.set_footer(
        text=labelled("footer", "Choose a slot below, fill in as many as you like, then make the portrait.")
    )
    return embed


def _controls(draft_id: str, slot: str | None = None) -> discord.ui.View:
    """The slots' menu, the presets of the slot that is open, and the button that orders."""
    view = base.Controls()
    view.add_item(SlotMenu(draft_id, slot))
    if slot is not None:
        view.add_item(PresetMenu(draft_id, slot))
    view.add_item(MakeButton(draft_id))
    return view


async def _draft(interaction: Interaction, draft_id: str) -> Draft:
    """Raises Gone for somebody else's draft as well."""
    draft = await interaction.client.stores.drafts.get(draft_id, interaction.user.id)
    if draft is None:
        raise Gone(worded("That recipe card is not there any more. Begin a new one with /studio."))
    return draft


async def _fill(interaction: Interaction, draft: Draft, slot: str, value: str) -> Draft:
    changed: dict[str, Any] = {slot: slot_words(value)}
    filled = replace(draft, prompt=to_json(replace(from_json(draft.prompt), **changed)))
    await interaction.client.stores.drafts.save(filled, now=time.time())
    return filled


class SlotMenu(base.Control[discord.ui.Select[discord.ui.View]], template=r"draft:slot:(?P<draft_id>[0-9a-f]{16})"):
    """Opens one slot of the card: its presets appear."""

    def __init__(self, draft_id: str, slot: str | None = None) -> None:
        options = [
            discord.SelectOption(label=words.slot_title(name), value=name, default=name == slot) for name in SLOTS
        ]
        super().__init__(
            discord.ui.Select(
                placeholder=labelled("placeholder", "Which slot?"),
                custom_id=f"draft:slot:{draft_id}",
                options=options,
                row=0,
            )
        )
        self.draft_id = draft_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        draft = await _draft(interaction, self.draft_id)
        slot = self.item.values[0]
        await interaction.response.edit_message(
            embed=_card(draft), view=_controls(draft.id, slot if slot in SLOTS else None)
        )


class PresetMenu(
    base.Control[discord.ui.Select[discord.ui.View]],
    template=r"draft:fill:(?P<draft_id>[0-9a-f]{16}):(?P<slot>[a-z]{1,12})",
):
    """Fills the open slot with a preset, or asks for words of one's own."""

    def __init__(self, draft_id: str, slot: str) -> None:
        presets = PRESETS.get(slot, ())[:_PRESETS_SHOWN]
        options = [discord.SelectOption(label=labelled("choice", "Write it myself…"), value=OWN_WORDS)]
        options += [
            discord.SelectOption(
                label=preset.value[:100], value=str(index), description=labelled("choice", preset.explanation)
            )
            for index, preset in enumerate(presets)
        ]
        title = words.slot_title(slot) if slot in SLOTS else slot
        super().__init__(
            discord.ui.Select(
                placeholder=labelled("placeholder", "{title}: choose…", title=title),
                custom_id=f"draft:fill:{draft_id}:{slot}",
                options=options,
                row=1,
            )
        )
        self.draft_id = draft_id
        self.slot = slot

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        draft = await _draft(interaction, self.draft_id)
        presets = PRESETS.get(self.slot, ())
        choice = self.item.values[0]
        if choice == OWN_WORDS and self.slot in SLOTS:
            current = from_json(draft.prompt).slot(self.slot)
            await interaction.response.send_modal(forms.slot_form(self.slot, current, self._written))
            return
        if not choice.isdecimal() or int(choice) >= len(presets):
            raise Gone(worded("That choice is not there any more. Open the slot again."))
        filled = await _fill(interaction, draft, self.slot, presets[int(choice)].value)
        await interaction.response.edit_message(embed=_card(filled), view=_controls(filled.id))

    async def _written(self, interaction: discord.Interaction[Any], value: str) -> None:
        filled = await _fill(interaction, await _draft(interaction, self.draft_id), self.slot, value)
        await interaction.response.edit_message(embed=_card(filled), view=_controls(filled.id))


class MakeButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"draft:make:(?P<draft_id>[0-9a-f]{16})"):
    """Orders the portrait that the card describes."""

    def __init__(self, draft_id: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=labelled("button", "Make the portrait"),
                style=discord.ButtonStyle.primary,
                custom_id=f"draft:make:{draft_id}",
                row=2,
            )
        )
        self.draft_id = draft_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        answer = await replies.begin(interaction)
        person = await person_of(interaction)
        draft = await _draft(interaction, self.draft_id)
        request = OrderRequest(
            source=f"interaction:{interaction.id}",
            place=person.place,
            user_id=person.user_id,
            prompt=merged(from_json(draft.prompt)),
        )
        await quotes.order(interaction, request, answer)


COMMANDS: tuple[Any, ...] = (studio,)
