"""`/credits`: what a person has, and where it came from and went."""

from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.components import base
from bot.core import words
from bot.core.studio import Studio
from bot.guard import person_of
from bot.languages.speech import counted, labelled, together, worded
from bot.messages import cards, ledger_words, replies
from data.credits.accounts import Account
from engine.jobs.job import Lane
from engine.models.model import Model

PAGE = 10

group = app_commands.Group(name="credits", description="Your credits and what they were spent on.")


@group.command(description="Your credits, your tier, and what a portrait costs.")
async def show(interaction: Interaction) -> None:
    await tell(interaction)


async def tell(interaction: Interaction) -> None:
    """The same for a button; this acknowledges."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, person.user_id)
    await replies.whisper(interaction, embed=_card(bot.studio, account))


def _card(studio: Studio, account: Account) -> discord.Embed:
    embed = discord.Embed(
        title=labelled("title", "You have {credits}", credits=words.credits_word(account.balance)), colour=cards.ACCENT
    )
    tier = worded("You are in the **{tier} tier**.", tier=account.tier)
    if account.tier_until:
        tier = worded(
            "You are in the **{tier} tier** until <t:{until}:f>.", tier=account.tier, until=int(account.tier_until)
        )
    allowance = counted(
        "{count:,} of them is today's allowance.", "{count:,} of them are today's allowance.", account.allowance_left
    )
    catalogue = studio.engine.catalogue
    usual = _prices(studio, account, catalogue.get(catalogue.default))
    costs = worded("A portrait costs {prices}.", prices=usual)
    embed.description = together(tier, allowance if account.allowance_left else "", costs)
    if (several := studio.settings.tier(account.tier).best_of) > 1:
        embed.description = together(
            embed.description,
            worded("With `best_of:` in the standard lane, {several} pictures cost what one does.", several=several),
        )
    others = {model.title: _prices(studio, account, model) for model in catalogue.models}
    lines = [f"{words.plain(title, 60)}: {prices}" for title, prices in others.items() if prices != usual]
    if lines:
        embed.add_field(name=labelled("field", "Other models"), value="\n".join(lines)[:1024], inline=False)
    return embed


def _prices(studio: Studio, account: Account, model: Model) -> str:
    standard, fast = (studio.price(account, model, lane) for lane in (Lane.STANDARD, Lane.FAST))
    nothing = worded("nothing")
    return worded(
        "{standard} in the standard lane and {fast} in the fast lane",
        standard=standard or nothing,
        fast=fast or nothing,
    )


@group.command(description="Where your credits came from and went.")
async def history(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    embed, view = await _page(interaction, None)
    await replies.whisper(interaction, embed=embed, view=view)


async def _page(interaction: Interaction, before: int | None) -> tuple[discord.Embed, discord.ui.View]:
    person = await person_of(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, person.user_id)
    entries = await bot.stores.accounts.history(account.id, before_id=before, limit=PAGE + 1)
    embed = discord.Embed(
        title=labelled("title", "You have {credits}", credits=words.credits_word(account.balance)),
        description=ledger_words.lines(entries[:PAGE]) or worded("Nothing yet."),
        colour=cards.ACCENT,
    )
    view = base.Controls()
    if len(entries) > PAGE:
        view.add_item(HistoryButton(entries[PAGE - 1].id))
    return embed, view


class HistoryButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"credits:page:(?P<before>[0-9]{1,19})"):
    """Older entries of the presser's own account."""

    def __init__(self, before: int) -> None:
        super().__init__(discord.ui.Button(label=labelled("button", "Older"), custom_id=f"credits:page:{before}"))
        self.before = before

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        embed, view = await _page(interaction, self.before)
        await interaction.edit_original_response(embed=embed, view=view)


COMMANDS = (group,)
