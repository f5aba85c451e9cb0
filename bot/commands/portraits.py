"""`/portraits`: everything a person has made here, page by page."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.components import base
from bot.components.portrait_buttons import PortraitButton
from bot.core import words
from bot.guard import person_of
from bot.languages.speech import labelled, worded
from bot.messages import cards, replies
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec

PAGE = 4


@app_commands.command(description="The portraits you made here: open, reroll or delete them.")
async def portraits(interaction: Interaction) -> None:
    await tell(interaction)


async def tell(interaction: Interaction) -> None:
    """The first page, for the person alone; this acknowledges."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    embed, view = await _page(interaction, None)
    await replies.whisper(interaction, embed=embed, view=view)


class PageButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"portraits:page:(?P<before>[0-9]{1,19})",
):
    """Turns the page; the list is always the presser's own."""

    def __init__(self, before: int) -> None:
        label = labelled("button", "Newest") if before == 0 else labelled("button", "Older")
        super().__init__(discord.ui.Button(label=label, custom_id=f"portraits:page:{before}", row=4))
        self.before = before

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        embed, view = await _page(interaction, self.before or None)
        await interaction.edit_original_response(embed=embed, view=view)


async def _page(interaction: Interaction, before: int | None) -> tuple[discord.Embed, discord.ui.View]:
    person = await person_of(interaction)
    store = interaction.client.stores.portraits
    found = await store.of_user(person.place.guild_id, person.user_id, before_id=before, limit=PAGE + 1)
    shown = found[:PAGE]
    view = base.Controls()
    for row, item in enumerate(shown):
        _add_row(view, item, row)
    if before is not None:
        view.add_item(PageButton(0))
    if len(found) > PAGE:
        view.add_item(PageButton(shown[-1].id))
    embed = _list(shown, first_page=before is None)
    if interaction.client.settings.gallery_url:
        embed.set_footer(text=labelled("footer", "/gallery shows them on a page of your own, to search and compare."))
    return embed, view


def _add_row(view: discord.ui.View, item: Portrait, row: int) -> None:
    if item.message_id is not None and item.channel_id:
        view.add_item(
            discord.ui.Button(
                label=labelled("button", "Open {number}", number=item.id), url=cards.link_to(item), row=row
            )
        )
    else:
        view.add_item(
            PortraitButton("show", item.id, row=row, label=labelled("button", "Show {number}", number=item.id))
        )
    view.add_item(
        PortraitButton("reroll", item.id, row=row, label=labelled("button", "Reroll {number}", number=item.id))
    )
    view.add_item(PortraitButton("save", item.id, row=row, label=labelled("button", "Save")))
    view.add_item(PortraitButton("delete", item.id, row=row, label=labelled("button", "Delete")))


def _list(shown: Sequence[Portrait[PictureSpec]], *, first_page: bool) -> discord.Embed:
    embed = discord.Embed(title=labelled("title", "Your portraits"), colour=cards.ACCENT)
    for item in shown:
        embed.add_field(
            name=labelled(
                "field",
                "No. {number} · {model} · seed {seed}",
                number=item.id,
                model=words.plain(item.model_title, 60),
                seed=item.spec.seed,
            ),
            value=f"<t:{int(item.created_at)}:R> · {words.plain(cards.summary(item.spec.prompt), 200)}",
            inline=False,
        )
    if not shown:
        embed.description = (
            worded("Nothing yet. Type /portrait to make the first one.")
            if first_page
            else worded("There are no older ones.")
        )
    return embed


COMMANDS: tuple[Any, ...] = (portraits,)
