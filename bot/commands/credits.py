"""`/credits`: what a person has, and where it came from and went."""

import re
from typing import TYPE_CHECKING, Any, Self

import discord
from discord import app_commands

from bot import cards, ledger_words, replies, words
from bot.guard import person_of
from data.accounts import Account

if TYPE_CHECKING:
    from bot.client import Interaction

PAGE = 10

group = app_commands.Group(name="credits", description="Your credits and what they were spent on.")


@group.command(description="Your credits, your tier, and what a portrait costs.")
async def show(interaction: "Interaction") -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, person.user_id)
    await replies.whisper(interaction, embed=_card(account, bot.settings.price_standard, bot.settings.price_fast))


def _card(account: Account, standard: int, fast: int) -> discord.Embed:
    embed = discord.Embed(title=f"You have {words.credits_word(account.balance)}", colour=cards.ACCENT)
    if account.tier == "unlimited":
        until = f" until <t:{int(account.tier_until)}:f>" if account.tier_until else ""
        embed.description = (
            f"You are in the **unlimited tier**{until}: local models in the standard lane cost nothing. "
            f"The fast lane costs {fast} a portrait."
        )
    else:
        allowance = f" {account.allowance_left:,} of them are today's allowance." if account.allowance_left else ""
        embed.description = (
            f"You are in the **free tier**.{allowance} A portrait costs {standard} in the standard lane "
            f"and {fast} in the fast lane."
        )
    return embed


@group.command(description="Where your credits came from and went.")
async def history(interaction: "Interaction") -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    embed, view = await _page(interaction, None)
    await replies.whisper(interaction, embed=embed, view=view)


async def _page(interaction: "Interaction", before: int | None) -> tuple[discord.Embed, discord.ui.View]:
    person = await person_of(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, person.user_id)
    entries = await bot.stores.accounts.history(account.id, before_id=before, limit=PAGE + 1)
    embed = discord.Embed(
        title=f"You have {words.credits_word(account.balance)}",
        description=ledger_words.lines(entries[:PAGE]) or "Nothing yet.",
        colour=cards.ACCENT,
    )
    view = discord.ui.View(timeout=None)
    if len(entries) > PAGE:
        view.add_item(HistoryButton(entries[PAGE - 1].id))
    return embed, view


class HistoryButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"credits:page:(?P<before>[0-9]{1,19})"
):
    """Older entries of the presser's own account."""

    def __init__(self, before: int) -> None:
        super().__init__(discord.ui.Button(label="Older", custom_id=f"credits:page:{before}"))
        self.before = before

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(min(int(match["before"]), 2**63 - 1))

    @replies.told
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        embed, view = await _page(interaction, self.before)
        await interaction.edit_original_response(embed=embed, view=view)


COMMANDS = (group,)
DYNAMIC_ITEMS = (HistoryButton,)
