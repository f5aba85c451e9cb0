"""Changing a picture: what is asked of which model, from /edit and from the button under a portrait."""

from dataclasses import replace
from typing import Final

from bot.app import Interaction
from bot.components import forms, quotes
from bot.core.errors import Refused
from bot.core.extras import Extras
from bot.core.prompt_reading import NOTHING, merged, read_prompt
from bot.core.requests import OrderRequest, StatusMessage
from bot.guard import person_of
from bot.messages import replies
from bot.uploads import sources
from engine.jobs.job import Lane
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.prompt import PortraitPrompt, merge

MAX_CHANGE: Final = 1000
STRENGTH: Final = 0.6


async def order(
    interaction: Interaction,
    answer: StatusMessage,
    source: sources.Source,
    change: str,
    *,
    model: str | None = None,
    strength: float = STRENGTH,
    chosen: PortraitPrompt = NOTHING,
    lane: Lane = Lane.STANDARD,
) -> None:
    """Order the picture with this change, or show its price where that must be confirmed.

    Raises what `quotes.order` raises; a picture that was handed in is let go then.
    """
    bot = interaction.client
    kept = (source.kept,) if source.kept else ()
    try:
        person = await person_of(interaction)
        asked = model or default_model(bot.engine.catalogue, source).id
        typed = await read_prompt(change, most=MAX_CHANGE)
        prompt = merged(changed(replace(source.prompt, seed=None), typed.prompt), chosen)
        aspect = chosen.aspect or nearest_aspect(bot.engine.catalogue.get(asked), source.width, source.height)
        request = OrderRequest(
            source=f"interaction:{interaction.id}",
            place=person.place,
            user_id=person.user_id,
            prompt=replace(prompt, aspect=aspect),
            model=asked,
            lane=lane,
            parent_portrait_id=source.portrait.id if source.portrait else None,
            extras=Extras(edit=source.edit(" ".join(change.split()), strength), kept=kept),
        )
    except BaseException:
        await bot.stores.handed_in.let_go(kept)
        raise
    await quotes.order(interaction, request, answer)


def changed(base: PortraitPrompt, over: PortraitPrompt) -> PortraitPrompt:
    """The recipe with the change in it, for models that are told what is to be seen: nobody is forgotten over it."""
    if base.subject and over.subject:
        over = replace(over, subject=f"{base.subject}, {over.subject}")
    return merge(base, over)


def default_model(catalogue: Catalogue, source: sources.Source) -> Model:
    """The model that made the portrait, if it changes pictures; else the first that does. Raises Refused."""
    able = [model for model in catalogue.models if model.edits and not catalogue.unavailable(model)]
    if not able:
        raise Refused(
            "No model here can change a picture at the moment. /models shows what there is; the bot's owner can add "
            "one that does."
        )
    made_by = source.portrait.model if source.portrait else catalogue.default
    return next((model for model in able if model.id == made_by), able[0])


def nearest_aspect(model: Model, width: int, height: int) -> str:
    """The shape, of those that the model makes, that is most like the picture's."""
    shape = width / height
    return min(model.sizes, key=lambda aspect: abs(model.sizes[aspect][0] / model.sizes[aspect][1] / shape - 1))


async def ask(interaction: Interaction, portrait_id: int) -> None:
    """The button: ask what to change in the presser's own portrait, then order it."""
    await _own(interaction, portrait_id)

    async def told(submitted: Interaction, change: str) -> None:
        if not change.strip():
            raise Refused("Say what to change. Nothing was charged.")
        answer = await replies.begin(submitted)
        await order(submitted, answer, await _own(submitted, portrait_id), change)

    await interaction.response.send_modal(forms.change_form(told))


async def again(interaction: Interaction, portrait_id: int, answer: StatusMessage, *, model: str, change: str) -> None:
    """The same change of the same portrait once more, with another seed. Raises Refused."""
    await order(interaction, answer, await _own(interaction, portrait_id), change, model=model)


async def _own(interaction: Interaction, portrait_id: int) -> sources.Source:
    """Raises Gone, NotYours."""
    bot = interaction.client
    portrait = await bot.studio.find_portrait(portrait_id)
    return await sources.from_portrait(bot, sources.own(portrait, await person_of(interaction)))
