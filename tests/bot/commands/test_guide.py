"""`/help`: a tour whose buttons try each thing, with examples for the models that there are."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from bot.commands import guide
from bot.core.engine_setup import make_catalogue
from bot.core.settings import Settings
from tests.bot.conftest import World
from tests.bot.reading import answer, labels, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"credits_daily": 1000})


async def to_stop(world: World, title: str, who: Any) -> Any:
    """The tour's message at this stop, reached by its buttons."""
    message = answer(await who.slash(world.channel, "help"))
    while message.embeds[0].title != title:
        (onward,) = [label for label in labels(message) if label.startswith("Next: ")]
        await who.click(message, label=onward)
    return message


def pictures(channel: Any) -> list[Any]:
    """The messages that show one; there may be others, since who waited long is told."""
    return [message for message in channel.history() if message.attachments]


async def test_a_newcomer_tries_each_stop_and_has_a_face_in_two_places(world: World) -> None:
    sam, channel = world.sam, world.channel
    await sam.click(await to_stop(world, "Make a portrait", sam), label="Make this one")
    assert len(pictures(channel)) == 1
    form = await sam.click(await to_stop(world, "Keep the face", sam), label="Save the face of my newest")
    await sam.submit_modal(form, {"handle": "mia"})
    assert list(await world.stores.characters.handles(sam.id)) == ["mia"]
    await sam.click(await to_stop(world, "Bring it back", sam), label="Make @mia by the sea")
    assert len(pictures(channel)) == 2
    stop = await to_stop(world, "Find things again", sam)
    assert "Your portraits" in said(await sam.click(stop, label="My portraits"))
    assert "You have 9" in said(await sam.click(stop, label="My credits"))
    assert "kept of you" in said(await sam.click(await to_stop(world, "What is kept of you", sam), label="Show me"))


async def test_what_needs_something_first_says_so_and_costs_nothing(world: World) -> None:
    before = await world.balance(world.lena)
    for title, label, sentence in (
        ("Keep the face", "Save the face of my newest", "no portrait here yet"),
        ("Bring it back", "Make @ana by the sea", "saved no face yet"),
        ("Change a picture", "Change the light of my newest", "no portrait here yet"),
        ("Vary one thing", "Make this series", "saved no face yet"),
    ):
        assert sentence in said(await world.lena.click(await to_stop(world, title, world.lena), label=label))
    forged = await world.button("try:everything")
    assert "not one of my buttons" in said(await world.lena.click(forged, label="Forged"))
    assert await world.balance(world.lena) == before


def test_the_examples_go_by_the_models_that_there_are() -> None:
    plain = Settings(_env_file=None)  # type: ignore[call-arg]
    studio = make_catalogue(plain)
    hosted = make_catalogue(plain.model_copy(update={"mage_api_key": SecretStr("k"), "model_default": "mango-2"}))
    unable = replace(studio, models=tuple(replace(one, edits=False) for one in studio.models))
    alone, both, without = (
        "\n".join(stop.text + str(stop.tries) for stop in guide.stops(one, "ana", "Likeness"))
        for one in (studio, hosted, unable)
    )
    assert "85mm close-up" in alone
    assert "vary: place:" in alone
    assert "/models" not in alone
    assert "85mm close-up" not in both
    assert "vary: model: built-in | mango-2" in both
    assert "/models" in both
    assert "/edit" in alone
    assert "/edit" not in without
    assert "Edit my newest" not in without
