"""`/reference`: pictures of outfits, places and styles, kept under a name that prompts can use."""

import time
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.components import consent
from bot.components.autocomplete import complete_reference
from bot.core import face_blocks, words
from bot.core.errors import Gone, Refused
from bot.core.extras import Use
from bot.guard import person_of
from bot.languages.speech import labelled, worded
from bot.messages import replies
from bot.uploads import sources
from bot.uploads.saving import Saver
from data.characters.saved_references import SavedReference

group = app_commands.Group(name="reference", description="Saved outfits, places and styles: write @name in a prompt.")


@group.command(description="Keep a picture of an outfit, a place or a style under a name.")
@app_commands.describe(
    name="1 to 15 letters, digits, _ or -",
    use="What the picture is for",
    picture="The picture (PNG, JPEG, WebP, AVIF or GIF)",
    link="Link to a message in this server with your portrait, or a picture you attached",
)
async def save(
    interaction: Interaction,
    name: Range[str, 1, 40],
    use: Use,
    picture: discord.Attachment | None = None,
    link: Range[str, 1, 200] | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    if picture and link:
        raise Refused(worded("Give either a link or a picture, not both."))

    async def saved(asking: Interaction) -> None:
        person, stores = await person_of(asking), asking.client.stores
        if picture:
            source = await sources.from_attachment(asking.client, Saver(person.user_id, person.place.guild_id), picture)
        elif link:
            source = await sources.from_link(asking, person, link)
        else:
            source = await sources.latest(asking.client, person)
        try:
            async with asking.client.looking:
                await face_blocks.check_picture(stores, person.place.guild_id, source.sha256)
            reference = await stores.references.save(
                person.user_id,
                person.place.guild_id,
                name,
                use,
                source.sha256,
                origin="upload" if source.from_upload else "portrait",
                people=source.people,
                now=time.time(),
            )
        finally:
            await stores.handed_in.let_go([source.kept])
        await replies.whisper(
            asking,
            worded(
                "Saved. Write `@{handle}` in a prompt, and this picture goes along with it ({use}).",
                handle=reference.handle,
                use=words.role_word(use),
            ),
        )

    await consent.ask(interaction, saved)


@group.command(name="list", description="Your saved outfits, places and styles.")
async def list_(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    known = await interaction.client.stores.references.list(interaction.user.id)
    if not known:
        await replies.whisper(
            interaction, worded("You have saved none yet. /reference save keeps a picture under a name.")
        )
        return
    embed = discord.Embed(title=labelled("title", "Your references"), description="\n".join(map(_line, known))[:4000])
    await replies.whisper(interaction, embed=embed)


@group.command(description="Delete a saved outfit, place or style, and its picture.")
@app_commands.describe(name="Which one")
@app_commands.autocomplete(name=complete_reference)
async def delete(interaction: Interaction, name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    stores = interaction.client.stores
    known = await stores.references.get(interaction.user.id, name)
    if known is None or not await stores.references.delete(interaction.user.id, known.handle):
        raise Gone(worded("You have no reference of that name. /reference list shows yours."))
    await replies.whisper(
        interaction,
        worded("Deleted `@{handle}`. Portraits that were made with it stay where they are.", handle=known.handle),
    )


def _line(item: SavedReference) -> str:
    origin = worded("from a portrait") if item.origin == "portrait" else worded("from a picture of yours")
    return worded(
        "`@{handle}` · {role} · saved <t:{at}:D>, {origin}",
        handle=item.handle,
        role=words.role_word(item.role),
        at=int(item.created_at),
        origin=origin,
    )


COMMANDS: tuple[Any, ...] = (group,)
