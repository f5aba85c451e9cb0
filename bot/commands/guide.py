"""`/help`: how to get from nothing to a series with one face."""

from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.messages import cards, replies

STEPS = (
    (
        "Make a portrait",
        "`/portrait prompt: a weathered fisherman in his 60s, oilskin coat, on a pier at dawn, lit from the left by a "
        "low sun, 85mm f/1.4, visible pores`\nSay who, clothes, place, light, camera and skin detail, in any order.",
    ),
    ("Keep the face", "Press **Save as character** under it, or reply to it with `@me save ana`."),
    ("Bring it back", "Write `@ana` in the next prompt: another place, outfit and light, the same face."),
    (
        "Change a picture, or vary one thing",
        "`/edit` or **Edit…** changes a picture in words. `/series prompt: @ana in a white shirt "
        "vary: place: beach | forest | night city` makes a contact sheet.",
    ),
    (
        "Find things again",
        "`/portraits` lists what you made, `/character list` the faces you saved, `/credits show` what you have left.",
    ),
    ("What is kept of you", "`/privacy show` says it; `/privacy export` and `/privacy erase` copy and erase it."),
)


@app_commands.command(name="help", description="How to make portraits and keep a face.")
async def help_(interaction: Interaction) -> None:
    bot = interaction.client
    embed = discord.Embed(title="A portrait studio", colour=cards.ACCENT)
    name = bot.user.name if bot.user else "bot"
    for title, text in STEPS:
        embed.add_field(name=title, value=text.replace("@me", f"@{name}"), inline=False)
    prices = f"A portrait costs {bot.settings.price_standard} credits, {bot.settings.price_fast} in the fast lane."
    embed.set_footer(text=f"{prices} Every picture is AI-generated.")
    await replies.whisper(interaction, embed=embed)


COMMANDS: tuple[Any, ...] = (help_,)
