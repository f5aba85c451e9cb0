"""`/series`: the same person and style in several pictures that differ in one thing."""

from typing import Any

from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.commands.portrait import ASPECT_CHOICES, style_named
from bot.components import understanding
from bot.components.autocomplete import complete_character, complete_models, complete_style, complete_vary
from bot.core import varying
from bot.core.extras import Extras
from bot.core.prompt_reading import MAX_PROMPT, chosen, merged, read_prompt
from bot.core.requests import MAX_SEED, OrderRequest
from bot.guard import person_of
from bot.messages import replies
from engine.jobs.job import Lane


@app_commands.command(description="Several portraits that differ in one thing, on one contact sheet.")
@app_commands.describe(
    prompt="What is the same in all of them; write @name for a saved face",
    vary=f"What differs, such as “{varying.EXAMPLE}”, or “model: one | another”",
    character="A saved face (the same as writing @name)",
    style="One of your saved styles (/style)",
    aspect="The shape of the pictures",
    model="Which model makes them; several with | between them make every frame each, and are compared",
    seed="The same for all; what differs is what varies",
    fast="Use the fast lane",
)
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(
    vary=complete_vary, character=complete_character, style=complete_style, model=complete_models
)
async def series(
    interaction: Interaction,
    prompt: Range[str, 1, MAX_PROMPT],
    vary: Range[str, 1, varying.MAX_VARYING],
    character: Range[str, 1, 32] | None = None,
    style: Range[str, 1, 30] | None = None,
    aspect: str | None = None,
    model: Range[str, 1, 400] | None = None,
    seed: Range[int, 0, MAX_SEED] | None = None,
    fast: bool = False,
) -> None:
    typed = await read_prompt(prompt)
    doubtful = await understanding.doubted(interaction, prompt, typed)
    answer = await replies.begin(interaction, private=doubtful is not None)
    person, bot = await person_of(interaction), interaction.client
    base = merged(
        typed.prompt,
        await style_named(interaction, style),
        chosen(slots={}, character=character, aspect=aspect, seed=seed),
    )
    most = bot.settings.series_frames
    frames = varying.series(base, varying.read(vary, most), bot.engine.catalogue, model, most)
    request = OrderRequest(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=base,
        model=frames.frames[0].model,
        lane=Lane.FAST if fast else Lane.STANDARD,
        extras=Extras(series=frames),
        ignored=typed.ignored,
        drawn=typed.drawn,
    )
    await understanding.order(interaction, request, answer, doubtful)


COMMANDS: tuple[Any, ...] = (series,)
