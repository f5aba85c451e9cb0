"""`/portrait`: words in, a portrait out."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.app_commands import Choice, Range

from bot import replies, words
from bot.choices import complete_character, complete_model
from bot.errors import Refused
from bot.guard import person_of
from bot.studio import MAX_SEED, Wish
from engine.prompt import ASPECTS, PortraitPrompt, merge, parse

if TYPE_CHECKING:
    from bot.client import Interaction

MAX_PROMPT = 4000
ASPECT_CHOICES = [
    Choice(name=f"{aspect}{remark}", value=aspect)
    for aspect, remark in zip(
        ASPECTS, (" (headshots, the default)", " (editorial)", " (square)", "", "", " (tall)"), strict=True
    )
]


@app_commands.command(description="Make a portrait from your words; @name brings a saved face back.")
@app_commands.describe(
    prompt="Who, clothes, place, light, camera, skin detail; write @name for a saved face",
    character="A saved face (the same as writing @name)",
    aspect="The shape of the picture",
    model="Which model makes it",
    seed="The same seed and words give the same picture",
)
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(character=complete_character, model=complete_model)
async def portrait(
    interaction: "Interaction",
    prompt: Range[str, 1, MAX_PROMPT],
    character: Range[str, 1, 32] | None = None,
    aspect: str | None = None,
    model: Range[str, 1, 100] | None = None,
    seed: Range[int, 0, MAX_SEED] | None = None,
) -> None:
    answer = await replies.begin(interaction)
    person = await person_of(interaction)
    options = PortraitPrompt(characters=(character.strip().lstrip("@"),) if character else (), aspect=aspect, seed=seed)
    wish = Wish(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=merge(read_prompt(prompt), options),
        model=model,
    )
    await interaction.client.studio.order(wish, answer)


def read_prompt(text: str) -> PortraitPrompt:
    """Raises Refused for an empty prompt, and explains a member's mention where a handle was meant."""
    if words.mentions_member(text):
        raise Refused(
            "That @name became a mention of a member of this server. Characters are saved faces: type @ and the "
            "name without picking anybody from Discord's list, or use the `character:` option."
        )
    prompt = parse(text)
    if prompt == replace(PortraitPrompt(), aspect=prompt.aspect, seed=prompt.seed, negative=prompt.negative):
        raise Refused("There is nothing to see in that prompt. Say who is in the portrait, and where.")
    return prompt


COMMANDS: tuple[Any, ...] = (portrait,)
