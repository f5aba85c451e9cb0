"""`/edit`: take this picture and change it, with the face kept."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.commands.portrait import ASPECT_CHOICES
from bot.components import consent, editing
from bot.components.autocomplete import complete_editor
from bot.core.errors import Refused
from bot.core.prompt_reading import chosen
from bot.core.requests import MAX_SEED
from bot.guard import person_of
from bot.languages.speech import worded
from bot.messages import replies
from bot.uploads import sources
from bot.uploads.saving import Saver
from engine.jobs.job import Lane


@app_commands.command(description="Change a picture in words and keep the face: yours, or your last portrait.")
@app_commands.describe(
    change="What to change: “a navy suit instead of the coat”, “put @ana in a library at night”",
    picture="The picture to change (PNG, JPEG, WebP, AVIF or GIF)",
    link="Link to a message in this server with your portrait, or a picture you attached",
    model="Which model changes it",
    strength="How much may change, in percent, for models on this machine",
    aspect="The shape of the result; as the picture when left out",
    seed="The same seed, picture and words give the same result",
    fast="Use the fast lane",
)
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(model=complete_editor)
async def edit(
    interaction: Interaction,
    change: Range[str, 1, editing.MAX_CHANGE],
    picture: discord.Attachment | None = None,
    link: Range[str, 1, 200] | None = None,
    model: Range[str, 1, 100] | None = None,
    strength: Range[int, 5, 100] = 60,
    aspect: str | None = None,
    seed: Range[int, 0, MAX_SEED] | None = None,
    fast: bool = False,
) -> None:
    first = await replies.begin(interaction)
    if picture and link:
        raise Refused(worded("Give either a link or a picture, not both."))
    if not change.strip():
        raise Refused(worded("Say what to change. Nothing was charged."))

    async def ordered(asking: Interaction) -> None:
        person = await person_of(asking)
        if picture:
            source = await sources.from_attachment(asking.client, Saver(person.user_id, person.place.guild_id), picture)
        elif link:
            source = await sources.from_link(asking, person, link)
        else:
            source = await sources.latest(asking.client, person)
        await editing.order(
            asking,
            first if asking is interaction else replies.answer_in_place(asking),
            source,
            change,
            model=model,
            strength=strength / 100,
            chosen=chosen(slots={}, aspect=aspect, seed=seed),
            lane=Lane.FAST if fast else Lane.STANDARD,
        )

    await consent.ask(interaction, ordered)


COMMANDS: tuple[Any, ...] = (edit,)
