"""Changing a picture: what is asked of which model, from /edit and from the button under a portrait."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bot.app import Interaction
from bot.components import forms, quotes
from bot.core.errors import Refused
from bot.core.extras import Extras
from bot.core.prompt_reading import merged, read_prompt, refuse_unreadable
from bot.core.requests import OrderRequest, StatusMessage
from bot.guard import person_of
from bot.languages.speech import worded
from bot.messages import replies
from bot.uploads import sources
from engine.jobs.job import Lane
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.prompt import NOTHING, SLOTS, PortraitPrompt, merge
from engine.prompts import changes

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
        prompt = merged(await as_changed(replace(source.prompt, seed=None), change), chosen)
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


async def as_changed(base: PortraitPrompt, change: str) -> PortraitPrompt:
    """The recipe of the picture once it is changed, for models that are told what is to be seen. Raises Refused."""
    refuse_unreadable(change, MAX_CHANGE)
    said = changes.told(change)
    added, over = [
        (await read_prompt(part, language=said.language)).prompt if part else NOTHING
        for part in (said.added, said.instead)
    ]
    base = with_more(without(base, said.gone), added)
    prompt = changed(base, over)
    unwanted = dict.fromkeys((prompt.negative, added.negative, *said.gone))
    return replace(prompt, negative=", ".join(filter(None, unwanted)))


def with_more(base: PortraitPrompt, added: PortraitPrompt) -> PortraitPrompt:
    """The recipe with what is to be seen as well, slot by slot."""
    both: dict[str, Any] = {slot: ", ".join(filter(None, (base.slot(slot), added.slot(slot)))) for slot in SLOTS}
    return replace(
        base,
        **both,
        characters=(*base.characters, *(one for one in added.characters if one not in base.characters)),
        text=tuple(dict.fromkeys((*base.text, *added.text))),
    )


def changed(base: PortraitPrompt, over: PortraitPrompt) -> PortraitPrompt:
    """The recipe with the change in it, for models that are told what is to be seen: nobody is forgotten over it."""
    if base.subject and over.subject:
        over = replace(over, subject=f"{base.subject}, {over.subject}")
    return merge(base, over)


def without(base: PortraitPrompt, gone: Sequence[str]) -> PortraitPrompt:
    """The recipe without the clauses about what is to go; nobody is taken out of it."""
    if not gone:
        return base
    named = {thing.split()[-1].casefold() for thing in gone}
    slots: dict[str, Any] = {}
    for slot in SLOTS:
        clauses = base.slot(slot).split(", ")
        slots[slot] = ", ".join(clause for clause in clauses if named.isdisjoint(clause.casefold().split()))
    slots["subject"] = slots["subject"] or base.subject
    return replace(base, **slots)


def default_model(catalogue: Catalogue, source: sources.Source) -> Model:
    """The model that made the portrait, if it changes pictures; else the first that does. Raises Refused."""
    able = [model for model in catalogue.models if model.edits and not catalogue.unavailable(model)]
    if not able:
        raise Refused(
            worded(
                "No model here can change a picture at the moment. /models shows what there is; the bot's owner can "
                "add one that does."
            )
        )
    made_by = source.portrait.spec.model if source.portrait else catalogue.default
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
            raise Refused(worded("Say what to change. Nothing was charged."))
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
