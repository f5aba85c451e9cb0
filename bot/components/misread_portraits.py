"""A finished portrait whose words were misread: its author says what was typed and how it is meant, and gives it away.

The words as they were typed are not kept with a portrait, so the form asks for them again.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import discord

from bot.app import Interaction
from bot.components import base, forms
from bot.components.understanding import AGREEMENT, WORDING
from bot.core import typed_words
from bot.core.errors import NotYours, Replayed
from bot.languages.speech import labelled, reworded, worded
from bot.messages import cards, replies
from data.people.misreadings import Misreading
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.prompt import to_json


def offered(portrait: Portrait[PictureSpec], user_id: int) -> discord.ui.View:
    """The button under a portrait's words; nothing for anybody but who ordered it."""
    view = base.Controls()
    if portrait.user_id == user_id:
        view.add_item(MisreadButton("ask", portrait.id))
    return view


async def ask(interaction: Interaction, portrait_id: int) -> None:
    """Say what would be stored, before anything is written."""
    await _own(interaction, portrait_id)
    embed = discord.Embed(
        title=labelled("title", "Report a misreading?"), description=reworded(AGREEMENT), colour=cards.WAITING
    )
    view = base.Controls()
    view.add_item(MisreadButton("write", portrait_id))
    await replies.whisper(interaction, embed=embed, view=view)


async def write(interaction: Interaction, portrait_id: int) -> None:
    """Ask for the words and how they are meant; what is handed in is stored, once a portrait."""
    lines = typed_words.as_lines((await _own(interaction, portrait_id)).spec.prompt)

    async def given(submitted: Interaction, typed: str, meant: str) -> None:
        await submitted.response.defer()
        await _store(submitted, await _own(submitted, portrait_id), typed, meant)
        thanks = discord.Embed(
            title=labelled("title", "Thank you"),
            description=worded("It is stored. `/privacy erase` erases it."),
            colour=cards.WAITING,
        )
        await submitted.edit_original_response(embed=thanks, view=None)

    await interaction.response.send_modal(forms.MisreadForm(lines, given))


async def _store(interaction: Interaction, portrait: Portrait[PictureSpec], typed: str, meant: str) -> None:
    """Raises Refused, Replayed."""
    understood = portrait.spec.prompt
    given = Misreading(
        id=f"{portrait.id:016x}",
        user_id=portrait.user_id,
        words=typed,
        understood=to_json(understood),
        meant=to_json(typed_words.from_lines(meant, understood)),
        wording=WORDING,
        created_at=time.time(),
    )
    if not await interaction.client.stores.misreadings.add(given):
        raise Replayed(worded("It is stored already, or you have given as many as there may be. Thank you."))


async def _own(interaction: Interaction, portrait_id: int) -> Portrait[PictureSpec]:
    """Raises Gone, NotYours."""
    portrait = await interaction.client.studio.find_portrait(portrait_id)
    if portrait.user_id != interaction.user.id:
        raise NotYours
    return portrait


class MisreadButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"misread:(?P<action>ask|write):(?P<portrait_id>[0-9]{1,19})",
):
    """Report a misreading under a portrait's words; Write it down… under what would be stored."""

    LOOKS: ClassVar = {
        "ask": labelled("button", "Report a misreading"),
        "write": labelled("button", "Write it down and store it…"),
    }
    ACTIONS: ClassVar[dict[str, Callable[[Interaction, int], Awaitable[None]]]] = {"ask": ask, "write": write}

    def __init__(self, action: str, portrait_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=reworded(self.LOOKS[action]),
                style=discord.ButtonStyle.secondary,
                custom_id=f"misread:{action}:{portrait_id}",
            )
        )
        self.action = action
        self.portrait_id = portrait_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.action](interaction, self.portrait_id)
