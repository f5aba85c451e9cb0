"""The quality of a portrait: asked for where a model has several, kept over a reroll and a quote, refused elsewhere."""

import pytest

from bot.core.settings import Settings
from engine.models.model import BUILTIN_ID
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, fields, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"model_builtin": True})


async def steps(world: World) -> int:
    portrait = await world.stores.portraits.latest(world.sam.id)
    assert portrait is not None
    return portrait.steps


async def test_it_is_taken_as_asked_and_a_reroll_keeps_it(world: World) -> None:
    message = await world.portrait(world.sam, seed=7, model=BUILTIN_ID, quality="draft")
    assert await steps(world) == 1
    await world.sam.click(message, label="Reroll")
    assert await steps(world) == 1


async def test_models_tells_of_it_and_others_refuse_it(world: World) -> None:
    seen = "".join(fields(answer(await world.sam.slash(world.channel, "models"))).values())
    assert seen.count("quality draft, standard or fine") == 1
    balance = await world.balance(world.sam)
    refusal = await world.sam.slash(world.channel, "portrait", prompt="a man", model=MODEL, quality="fine")
    assert "makes every portrait the same way" in said(refusal)
    assert await world.balance(world.sam) == balance
