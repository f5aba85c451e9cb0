"""`/style`: a look that is kept, so that a series looks like one shoot."""

import time

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.components.autocomplete import complete_slot, complete_style
from bot.core import words
from bot.core.errors import Gone, Refused
from bot.core.prompt_reading import chosen, style_of
from bot.guard import person_of
from bot.languages.speech import labelled, worded
from bot.messages import cards, replies
from data.orders.saved_styles import SavedStyle
from engine.prompt import SLOTS, PortraitPrompt, from_json, merge, to_json

group = app_commands.Group(name="style", description="Looks that you keep and use again with style:.")
Slot = Range[str, 1, 500]


@group.command(description="Keep a look: the slots you name, or else those of your last portrait.")
@app_commands.describe(
    name="What to call it",
    lighting="Where the light comes from and what it is like",
    camera="Lens, aperture, framing, film",
    environment="Where",
    clothing="What is worn",
    detail="Skin and surface detail",
)
@app_commands.autocomplete(
    lighting=complete_slot,
    camera=complete_slot,
    environment=complete_slot,
    clothing=complete_slot,
    detail=complete_slot,
)
async def save(
    interaction: Interaction,
    name: Range[str, 1, 40],
    lighting: Slot | None = None,
    camera: Slot | None = None,
    environment: Slot | None = None,
    clothing: Slot | None = None,
    detail: Slot | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    slots = {
        "lighting": lighting,
        "camera": camera,
        "environment": environment,
        "clothing": clothing,
        "detail": detail,
    }
    look = chosen(slots=slots) if any(slots.values()) else await _last_look(interaction)
    style = await interaction.client.stores.styles.save(interaction.user.id, name, to_json(look), now=time.time())
    await replies.whisper(
        interaction,
        worded("Kept. Use it with `style: {name}`.", name=style.name),
        embed=_card(style, from_json(style.prompt)),
    )


async def _last_look(interaction: Interaction) -> PortraitPrompt:
    """Raises Gone, Refused."""
    person = await person_of(interaction)
    latest = await interaction.client.stores.portraits.latest(person.user_id, person.place.guild_id)
    if latest is None:
        raise Gone(worded("You have no portrait here yet, so name at least one slot, such as lighting."))
    look = style_of(latest.spec.prompt)
    if not any(look.slot(slot) for slot in SLOTS):
        raise Refused(worded("Your last portrait has a subject only; name at least one slot, such as lighting."))
    return look


@group.command(name="list", description="The looks you keep.")
async def list_(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    styles = await interaction.client.stores.styles.list(interaction.user.id)
    if not styles:
        await replies.whisper(
            interaction, worded("You keep no style yet. /style save keeps the look of your last portrait.")
        )
        return
    lines = [
        f"**{words.plain(style.name)}** · {words.plain(cards.summary(from_json(style.prompt)), 120)}"
        for style in styles
    ]
    await replies.whisper(
        interaction, embed=discord.Embed(title=labelled("title", "Your styles"), description="\n".join(lines)[:4000])
    )


@group.command(description="One look, slot by slot.")
@app_commands.describe(name="Which style")
@app_commands.autocomplete(name=complete_style)
async def show(interaction: Interaction, name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    style = await interaction.client.stores.styles.get(interaction.user.id, name)
    if style is None:
        raise _unknown()
    await replies.whisper(interaction, embed=_card(style, from_json(style.prompt)))


@group.command(description="Forget a look.")
@app_commands.describe(name="Which style")
@app_commands.autocomplete(name=complete_style)
async def delete(interaction: Interaction, name: Range[str, 1, 40]) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    if not await interaction.client.stores.styles.delete(interaction.user.id, name):
        raise _unknown()
    await replies.whisper(interaction, worded("Forgotten. Portraits made with it stay as they are."))


def _unknown() -> Gone:
    return Gone(worded("You have no style of that name. /style list shows yours."))


def _card(style: SavedStyle, look: PortraitPrompt) -> discord.Embed:
    embed = discord.Embed(title=words.plain(style.name), colour=cards.ACCENT)
    cards.add_recipe(embed, merge(look, PortraitPrompt()))
    return embed


COMMANDS = (group,)
