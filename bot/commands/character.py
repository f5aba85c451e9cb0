"""`/character` and the message menu: faces that are saved, shown and deleted."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot import consent, forms, replies, saving
from bot.choices import complete_character
from bot.errors import Gone, Refused
from bot.guard import person_of
from data.characters import Character

if TYPE_CHECKING:
    from bot.client import Interaction

group = app_commands.Group(name="character", description="Saved faces: write @name in a prompt.")


@group.command(description="Save a face under a name, from a link, a picture, or your last portrait.")
@app_commands.describe(
    name="1 to 15 letters, digits, _ or -",
    link="Link to a message in this server: a portrait, or a picture you attached",
    attachment="A picture of the face (PNG, JPEG or WebP)",
)
async def save(
    interaction: "Interaction",
    name: Range[str, 1, 40],
    link: Range[str, 1, 200] | None = None,
    attachment: discord.Attachment | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    saver = saving.Saver(person.user_id, person.place.guild_id)
    if link and attachment:
        raise Refused("Give either a link or a picture, not both.")

    async def saved(asked: "Interaction") -> None:
        character = await _saved(asked, saver, name, link, attachment)
        await replies.whisper(asked, saving.saved_line(character))

    await consent.ask(interaction, saved)


async def _saved(
    interaction: "Interaction", saver: saving.Saver, name: str, link: str | None, attachment: discord.Attachment | None
) -> Character:
    bot = interaction.client
    if attachment:
        return await saving.from_attachment(bot.stores, saver, name, attachment)
    if link:
        if not isinstance(interaction.user, discord.Member):
            raise Refused("Links to messages work in servers; here, attach the picture itself.")
        return await saving.from_link(bot, bot.stores, saver, name, link, interaction.user)
    latest = await bot.stores.portraits.latest(saver.user_id, saver.guild_id)
    if latest is None:
        raise Gone("You have no portrait here yet. Make one with /portrait, or attach a picture.")
    return await saving.from_portrait(bot.stores, saver, name, latest)


@group.command(name="list", description="Your saved faces.")
async def list_(interaction: "Interaction") -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    characters = await interaction.client.stores.characters.list(interaction.user.id)
    if not characters:
        await replies.whisper(
            interaction, "You have saved no face yet. Press “Save as character” under a portrait to begin."
        )
        return
    lines = [f"`@{item.handle}` · saved {_day(item.created_at)} · {_origin(item)}" for item in characters]
    embed = discord.Embed(title="Your characters", description="\n".join(lines)[:4000])
    await replies.whisper(interaction, embed=embed)


@group.command(description="One saved face: its picture and how it was saved.")
@app_commands.describe(name="Which character")
@app_commands.autocomplete(name=complete_character)
async def show(interaction: "Interaction", name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    reference = character.references[0]
    path = interaction.client.stores.pictures.path(reference.sha256)
    embed = discord.Embed(
        title=f"@{character.handle}", description=f"Saved {_day(character.created_at)}, {_origin(character)}."
    )
    embed.set_image(url="attachment://face.png")
    embed.set_footer(text=f"Write @{character.handle} in a prompt to bring this face back.")
    await replies.whisper(interaction, embed=embed, file=discord.File(path, "face.png"))


@group.command(description="Delete a saved face and its picture.")
@app_commands.describe(name="Which character")
@app_commands.autocomplete(name=complete_character)
async def delete(interaction: "Interaction", name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    await interaction.client.stores.characters.delete(interaction.user.id, character.handle)
    await replies.whisper(
        interaction, f"Deleted `@{character.handle}`. Portraits that were made with it stay where they are."
    )


async def _own(interaction: "Interaction", name: str) -> Character:
    bot = interaction.client
    character = await bot.stores.characters.get(interaction.user.id, name.strip().lstrip("@"))
    if character is None:
        raise await bot.studio.checks.unknown_handle(interaction.user.id, name)
    return character


def _origin(character: Character) -> str:
    return "from a portrait" if character.references[0].origin == "portrait" else "from a picture of yours"


def _day(epoch_s: float) -> str:
    return f"<t:{int(epoch_s)}:D>"


@app_commands.context_menu(name="Save as character")
async def save_from_menu(interaction: "Interaction", message: discord.Message) -> None:
    await person_of(interaction)

    async def named(submitted: discord.Interaction[Any], handle: str) -> None:
        await submitted.response.defer(thinking=True, ephemeral=True)

        async def saved(asked: "Interaction") -> None:
            me = submitted.client.user
            saver = saving.Saver(asked.user.id, asked.guild_id or 0)
            character = await saving.from_message(asked.client.stores, saver, handle, message, me)
            await replies.whisper(asked, saving.saved_line(character))

        await consent.ask(submitted, saved)

    await interaction.response.send_modal(forms.name_form(named))


COMMANDS = (group, save_from_menu)
