"""`/credits`: what a person has, and where it came from and went."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot import cards, replies, words
from bot.guard import person_of
from data.accounts import Account

if TYPE_CHECKING:
    from bot.client import Interaction

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


COMMANDS = (group,)
