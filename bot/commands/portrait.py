"""`/portrait`: words in, a portrait out."""

import asyncio
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.app import Interaction
from bot.components import consent, understanding
from bot.components.autocomplete import (
    complete_character,
    complete_fine_tune,
    complete_model,
    complete_slot,
    complete_style,
)
from bot.core import carried_people
from bot.core.errors import Gone, Refused
from bot.core.extras import NOTHING_MORE, Extras, LoraRequest, Use
from bot.core.prompt_reading import MAX_PROMPT, beside, chosen, merged, read_prompt
from bot.core.requests import MAX_SEED, OrderRequest, StatusMessage
from bot.core.tagged import with_tags
from bot.core.typed_words import Typed
from bot.guard import person_of
from bot.languages.speech import worded
from bot.messages import replies
from bot.uploads import attachments, recognised, sources
from bot.uploads.saving import Saver
from engine.jobs.job import Lane
from engine.models.loras import STRONGEST
from engine.models.model import Quality
from engine.pictures import provenance
from engine.prompt import ASPECTS, NOTHING, PortraitPrompt, from_json, to_json

MOST = 4
_REMARKS = (" (headshots, the default)", " (editorial)", " (square)", "", "", " (tall)")
ASPECT_CHOICES = [Choice(name=aspect + remark, value=aspect) for aspect, remark in zip(ASPECTS, _REMARKS, strict=True)]
Slot = Range[str, 1, 500]


@app_commands.command(description="Make a portrait from your words; @name brings a saved face back.")
@app_commands.describe(
    prompt="Who, clothes, place, light, camera, skin detail; write @name for a saved face",
    character="A saved face (the same as writing @name)",
    aspect="The shape of the picture",
    model="Which model makes it",
    seed="The same seed and words give the same picture",
    subject="Who: age, looks, expression",
    clothing="What they wear",
    environment="Where they are",
    lighting="Where the light comes from and what it is like",
    camera="Lens, aperture, framing, film",
    detail="Skin and surface detail",
    style="One of your saved styles (/style)",
    count="How many portraits, each with a seed of its own",
    best_of="So many are made and reviewed, and the best is shown; the others are a press away",
    fast="Use the fast lane",
    quality="How carefully it is made, for models that offer it; fine has twice the width and height",
    finetune="A fine-tune of the model (choose the model first)",
    finetune_strength="The weight of the LoRA: 0 is not at all, its own when left out",
    from_image="A picture made here or with another tool: its recipe is used again",
    reference="A picture of an outfit, a place or a style to go by, for models that take several pictures",
    reference_for="What that picture is for",
)
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(
    character=complete_character,
    model=complete_model,
    style=complete_style,
    finetune=complete_fine_tune,
    subject=complete_slot,
    clothing=complete_slot,
    environment=complete_slot,
    lighting=complete_slot,
    camera=complete_slot,
    detail=complete_slot,
)
async def portrait(
    interaction: Interaction,
    prompt: Range[str, 1, MAX_PROMPT] | None = None,
    character: Range[str, 1, 32] | None = None,
    aspect: str | None = None,
    model: Range[str, 1, 100] | None = None,
    seed: Range[int, 0, MAX_SEED] | None = None,
    subject: Slot | None = None,
    clothing: Slot | None = None,
    environment: Slot | None = None,
    lighting: Slot | None = None,
    camera: Slot | None = None,
    detail: Slot | None = None,
    style: Range[str, 1, 30] | None = None,
    count: Range[int, 1, MOST] = 1,
    best_of: Range[int, 2, MOST] | None = None,
    fast: bool = False,
    quality: Quality | None = None,
    finetune: Range[str, 1, 100] | None = None,
    finetune_strength: Range[float, 0.0, STRONGEST] | None = None,
    from_image: discord.Attachment | None = None,
    reference: discord.Attachment | None = None,
    reference_for: Use | None = None,
) -> None:
    if best_of is not None and count > 1:
        raise Refused(worded("Use either `count:` to have all, or `best_of:` to have the best. Nothing was charged."))
    typed = await read_prompt(prompt or "", seed=seed)
    doubtful = await understanding.doubted(interaction, prompt or "", typed)
    answer = await replies.begin(interaction, private=doubtful is not None)
    person = await person_of(interaction)
    slots = {
        "subject": subject,
        "clothing": clothing,
        "environment": environment,
        "lighting": lighting,
        "camera": camera,
        "detail": detail,
    }
    recipe = await recipe_in(interaction, from_image)
    words = merged(
        recipe.again if recipe else NOTHING,
        typed.prompt,
        await style_named(interaction, style),
        chosen(slots=slots, character=character, aspect=aspect, seed=seed),
    )
    extras, ignored = with_tags(
        replace(
            with_fine_tune(finetune, finetune_strength),
            quality=quality,
            best_of=best_of is not None,
            people=await people_behind(interaction, recipe, typed.prompt),
        ),
        typed.ignored,
        interaction.client.engine.catalogue,
        model,
    )
    request = OrderRequest(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=words,
        model=model,
        lane=Lane.FAST if fast else Lane.STANDARD,
        count=best_of or count,
        extras=extras,
        ignored=ignored,
        drawn=typed.drawn,
    )
    await _order(interaction, request, answer, doubtful, reference, reference_for)


async def _order(
    interaction: Interaction,
    request: OrderRequest,
    answer: StatusMessage,
    doubtful: Typed | None,
    picture: discord.Attachment | None,
    use: Use | None,
) -> None:
    """Place the order, with the picture that goes along, if there is one. Raises Refused, BadPicture."""
    if picture is None:
        await understanding.order(interaction, request, answer, doubtful)
        return
    if use is None:
        raise Refused(worded("Say what that picture is for with `reference_for:`. Nothing was charged."))
    along, role = picture, use

    async def ordered(asking: Interaction) -> None:
        source = await sources.from_attachment(asking.client, Saver(request.user_id, request.place.guild_id), along)
        extras = replace(request.extras, pictures=(source.picture(role),), kept=(source.kept,))
        asked = replace(request, source=f"interaction:{asking.id}", extras=extras)
        status = answer if asking is interaction else replies.answer_in_place(asking)
        await understanding.order(asking, asked, status, doubtful)

    await consent.ask(interaction, ordered)


def with_fine_tune(name: str | None, strength: float | None) -> Extras:
    """Raises Refused for a strength of nothing."""
    if name is None and strength is not None:
        raise Refused(
            worded("There is no fine-tune for that strength. Choose one with `finetune:`. Nothing was charged.")
        )
    return NOTHING_MORE if name is None else Extras(fine_tune=LoraRequest(name=name, strength=strength))


async def recipe_in(interaction: Interaction, attachment: discord.Attachment | None) -> provenance.Recipe | None:
    """The recipe that a picture carries: its text is read, nobody in it is used. Raises BadPicture, Refused."""
    if attachment is None:
        return None
    attachments.check(attachment)
    async with interaction.client.decoder.slot(interaction.user.id) as slot:
        told = await slot.recipe(await attachments.read(attachment))
    recipe = await asyncio.to_thread(provenance.from_embedded, told)
    if recipe is None:
        raise Refused(
            worded(
                "There is no recipe in that picture. Some apps remove it; send the original file. Nothing was charged."
            )
        )
    return recipe


async def people_behind(interaction: Interaction, recipe: provenance.Recipe | None, typed: PortraitPrompt) -> str:
    """What a picture's recipe and the typed or pasted words ask for of people, whatever is chosen instead of them."""
    said = await beside(len(to_json(typed)), lambda: carried_people.in_prompts([typed]))
    made = await recognised.people_of(interaction.client.stores, recipe)
    return carried_people.to_text(carried_people.together([said, made]))


async def style_named(interaction: Interaction, name: str | None) -> PortraitPrompt:
    """Raises Gone."""
    if name is None:
        return NOTHING
    style = await interaction.client.stores.styles.get(interaction.user.id, name)
    if style is None:
        raise Gone(worded("You have no style of that name. /style list shows yours."))
    return from_json(style.prompt)


COMMANDS: tuple[Any, ...] = (portrait,)
