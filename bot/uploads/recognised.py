"""Pictures from outside that were made here, or say how they were made: what the people in them were asked for with."""

import asyncio
import hashlib

from bot.core import carried_people
from bot.core.carried_people import NOBODY, CarriedPeople
from bot.core.stores import Stores
from engine.pictures import provenance
from engine.pictures.decoding.decoder import DecodingSlot
from engine.pictures.intake import BadPicture
from engine.pictures.provenance import Recipe
from engine.prompt import MAX_TEXT, parse


async def people_in(stores: Stores, slot: DecodingSlot, raw: bytes) -> str:
    """What a picture was asked for with, as JSON, by its recipe and by the portraits here that it may be. A recipe that
    cannot be read says nothing."""
    own = await stores.asked_people.behind(pictures=[hashlib.sha256(raw).hexdigest()])
    try:
        told = await slot.recipe(raw)
    except BadPicture:
        return carried_people.to_text(carried_people.behind(own))
    recipe = await asyncio.to_thread(provenance.from_embedded, told)
    found = [carried_people.behind(own), await people_of(stores, recipe)]
    return carried_people.to_text(carried_people.together(found))


async def people_of(stores: Stores, recipe: Recipe | None) -> CarriedPeople:
    """What a recipe was asked for with: by its words, and by the portraits here that were made by it."""
    if recipe is None:
        return NOBODY
    found = await asyncio.to_thread(_in_words, recipe)
    if recipe.seed is None:
        return found
    made = await stores.asked_people.made_by(recipe.seed, recipe.words)
    return carried_people.together([found, carried_people.behind(made)])


def _in_words(recipe: Recipe) -> CarriedPeople:
    return carried_people.in_prompts([recipe.prompt, parse(recipe.words[:MAX_TEXT])])
