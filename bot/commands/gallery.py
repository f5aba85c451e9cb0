"""`/gallery`: a link to a page with a person's own portraits, characters and series, where there are such pages."""

import time
from typing import Any, Final

import discord
from discord import app_commands

from bot.app import Interaction
from bot.components import base
from bot.core.errors import Refused
from bot.core.gallery_address import public_address
from bot.guard import person_of
from bot.languages.speech import counted, labelled, language, together, worded
from bot.messages import cards, replies
from data.people.gallery_keys import LINK_S

OFF: Final = worded("There are no galleries here any more. The bot's operator turns them on with GALLERY_URL.")


@app_commands.command(description="Your portraits, characters and series on a page of your own.")
async def gallery(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    if not bot.settings.gallery_url:
        raise Refused(OFF)
    secret = await bot.stores.gallery_keys.make_link(
        person.user_id, person.place.guild_id, language=language(), now=time.time()
    )
    view = base.Controls()
    link = public_address(bot.settings.gallery_url).link(secret)
    view.add_item(discord.ui.Button(label=labelled("button", "Open my gallery"), url=link))
    view.add_item(SignOutButton())
    embed = discord.Embed(title=labelled("title", "Your gallery"), colour=cards.ACCENT, description=_about())
    await replies.whisper(interaction, embed=embed, view=view)


def _about() -> str:
    return together(
        worded("All your portraits, characters and series in your browser: search, compare, download, delete."),
        counted(
            "The link is yours alone and works once, within a minute; it ends the link before it.",
            "The link is yours alone and works once, within {count} minutes; it ends the link before it.",
            round(LINK_S / 60),
        ),
        worded("Give it to nobody."),
    )


class SignOutButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"gallery:sign-out"):
    """Ends the presser's own link and sessions, on every device."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(label=labelled("button", "Sign out everywhere"), custom_id="gallery:sign-out")
        )

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        count = await interaction.client.stores.gallery_keys.end_all(interaction.user.id)
        told = worded("You are signed out everywhere; the link has ended. Browsers: {count}.", count=count)
        await replies.whisper(interaction, told)


COMMANDS: tuple[Any, ...] = (gallery,)
"""Registered where GALLERY_URL is set."""
