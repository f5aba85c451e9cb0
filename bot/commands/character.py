"""`/character` and the message menu: faces that are saved, shown, shared, changed and deleted."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.components import forms, picking
from bot.components.autocomplete import complete_character, complete_own_character
from bot.core import words
from bot.core.errors import Gone, Refused
from bot.guard import person_of, server_of
from bot.languages.speech import worded
from bot.messages import alt_text, character_card, replies
from bot.uploads import saving
from bot.uploads.saving import Saver
from data.characters.saved_characters import Character

group = app_commands.Group(name="character", description="Saved faces: write @name in a prompt.")
LINK_HELP = "Link to a message in this server: a portrait, or a picture you attached"
PICTURE_HELP = "A picture of the face (PNG, JPEG, WebP, AVIF or GIF)"


@group.command(description="Save a face under a name, from a link, a picture, or your last portrait.")
@app_commands.describe(
    name="1 to 15 letters, digits, _ or -",
    link=LINK_HELP,
    attachment=PICTURE_HELP,
    description="A few words about who it is; otherwise those of the portrait",
)
async def save(
    interaction: Interaction,
    name: Range[str, 1, 40],
    link: Range[str, 1, 200] | None = None,
    attachment: discord.Attachment | None = None,
    description: Range[str, 1, 200] | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    saver = Saver(person.user_id, person.place.guild_id, description=description or "")
    await _take(interaction, saver, name, link, attachment)


@group.command(description="Add a picture to a face: a new version, which has the earlier pictures too.")
@app_commands.describe(name="Which character", link=LINK_HELP, attachment=PICTURE_HELP)
@app_commands.autocomplete(name=complete_own_character)
async def add(
    interaction: Interaction,
    name: Range[str, 1, 40],
    link: Range[str, 1, 200] | None = None,
    attachment: discord.Attachment | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    person = await person_of(interaction)
    saver = Saver(person.user_id, person.place.guild_id, adds=True)
    await _take(interaction, saver, character.handle, link, attachment)


async def _take(
    interaction: Interaction, saver: Saver, name: str, link: str | None, attachment: discord.Attachment | None
) -> None:
    if link and attachment:
        raise Refused(worded("Give either a link or a picture, not both."))

    async def keep(asked: Interaction, saver: Saver) -> Character:
        bot = asked.client
        if attachment:
            return await saving.from_attachment(bot, saver, name, attachment)
        if link:
            if not isinstance(asked.user, discord.Member):
                raise Refused(worded("Links to messages work in servers; here, attach the picture itself."))
            return await saving.from_link(bot, saver, name, link, asked.user)
        latest = await bot.stores.portraits.latest(saver.user_id, saver.guild_id)
        if latest is None:
            raise Gone(worded("You have no portrait here yet. Make one with /portrait, or attach a picture."))
        return await saving.from_portrait(bot.stores, bot.engine.catalogue, saver, name, latest)

    await picking.save(interaction, saver, keep)


@group.command(name="list", description="Your saved faces, and those that are shared here.")
async def list_(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    characters = interaction.client.stores.characters
    own = await characters.list(interaction.user.id)
    shared = await characters.shared(server_of(interaction), without=interaction.user.id)
    if not own and not shared:
        await replies.whisper(
            interaction, worded("You have saved no face yet. Press “Save as character” under a portrait to begin.")
        )
        return
    await replies.whisper(interaction, embed=character_card.listed(own, shared))


@group.command(description="One saved face: its pictures and versions, where it was used and how well it holds.")
@app_commands.describe(name="Which character; @ana:2 shows a version")
@app_commands.autocomplete(name=complete_character)
async def show(interaction: Interaction, name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    stores, bare = interaction.client.stores, _bare(name)
    character = await interaction.client.studio.validator.character(interaction.user.id, server_of(interaction), bare)
    pictures = await character_card.gallery(stores, character)
    used = await stores.characters.use(character.id) if character.user_id == interaction.user.id else None
    embed = character_card.shown(character, used, guild_id=server_of(interaction))
    embed.set_image(url="attachment://face.png")
    await replies.whisper(
        interaction, embed=embed, file=alt_text.described("face.png", pictures, alt_text.of_character(character))
    )


@group.command(description="Give a saved face another name.")
@app_commands.describe(name="Which character", new="1 to 15 letters, digits, _ or -")
@app_commands.autocomplete(name=complete_own_character)
async def rename(interaction: Interaction, name: Range[str, 1, 40], new: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    renamed = await interaction.client.stores.characters.rename(interaction.user.id, character.handle, new)
    await replies.whisper(
        interaction,
        worded(
            "`@{handle}` is `@{new}` now. Recipes that name the old one need the new name.",
            handle=character.handle,
            new=renamed.handle,
        ),
    )


@group.command(description="Let everybody in this server use a face of yours, or keep it to yourself again.")
@app_commands.describe(name="Which character", shared="Yes: everybody here may use it. No: only you")
@app_commands.autocomplete(name=complete_own_character)
async def share(interaction: Interaction, name: Range[str, 1, 40], shared: bool = True) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    if not (guild_id := server_of(interaction)):
        raise Refused(worded("Faces are shared with a server; use this there."))
    character = await _own(interaction, name)
    characters = interaction.client.stores.characters
    await interaction.client.stores.character_reports.check(guild_id, [character])
    await characters.share(interaction.user.id, character.handle, guild_id if shared else None)
    await replies.whisper(
        interaction,
        worded(
            "Everybody in this server can write `@{handle}` now. Only you can change or delete it.",
            handle=character.handle,
        )
        if shared
        else worded("`@{handle}` is yours alone again.", handle=character.handle),
    )


@group.command(description="Which version a face's name means, its description, and how strongly models hold it.")
@app_commands.describe(
    name="Which character",
    version="What @name without a number means",
    strength="How strongly models with an adapter are held to the face, in percent; 0 goes back to the model's own",
    description="A few words about who it is",
)
@app_commands.autocomplete(name=complete_own_character)
async def settings(
    interaction: Interaction,
    name: Range[str, 1, 40],
    version: Range[int, 1, 9999] | None = None,
    strength: Range[int, 0, 150] | None = None,
    description: Range[str, 1, 200] | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    characters, handle = interaction.client.stores.characters, character.handle
    if version is not None:
        if version > character.versions:
            raise await interaction.client.studio.validator.unknown_handle(interaction.user.id, f"{handle}:{version}")
        character = await characters.set_default(interaction.user.id, handle, version)
    if strength is not None or description is not None:
        scale = character.scale if strength is None else (strength / 100 if strength else None)
        kept = character.description if description is None else description
        character = await characters.describe(interaction.user.id, handle, description=kept, scale=scale)
    await replies.whisper(interaction, embed=character_card.set_up(character))


@group.command(description="Delete a saved face and its pictures.")
@app_commands.describe(name="Which character")
@app_commands.autocomplete(name=complete_own_character)
async def delete(interaction: Interaction, name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    character = await _own(interaction, name)
    bot = interaction.client
    pictures = await bot.stores.character_reports.pictures(character.id)
    await bot.stores.characters.delete(interaction.user.id, character.handle)
    await replies.whisper(
        interaction,
        worded("Deleted `@{handle}`. Portraits that were made with it stay where they are.", handle=character.handle),
    )
    await bot.engine.forget(pictures)


def _bare(name: str) -> str:
    return name.strip().lstrip("@")


async def _own(interaction: Interaction, name: str) -> Character:
    """The person's own character, whatever version was named. Raises Refused."""
    bot, bare = interaction.client, _bare(name).partition(":")[0]
    character = await bot.stores.characters.get(interaction.user.id, bare)
    if character is not None:
        return character
    if await bot.stores.characters.find(interaction.user.id, server_of(interaction), bare) is not None:
        raise Refused(
            worded(
                "@{handle} is somebody else's, who shares it here; only they can change it.",
                handle=words.plain(bare, 40),
            )
        )
    raise await bot.studio.validator.unknown_handle(interaction.user.id, name)


@app_commands.context_menu(name="Save as character")
async def save_from_menu(interaction: Interaction, message: discord.Message) -> None:
    async def named(submitted: discord.Interaction[Any], handle: str) -> None:
        await submitted.response.defer(thinking=True, ephemeral=True)

        async def keep(asked: Interaction, saver: Saver) -> Character:
            me = submitted.client.user
            return await saving.from_message(asked.client, saver, handle, message, me)

        await picking.save(submitted, Saver(submitted.user.id, server_of(submitted)), keep)

    await interaction.response.send_modal(forms.name_form(named))


COMMANDS = (group, save_from_menu)
