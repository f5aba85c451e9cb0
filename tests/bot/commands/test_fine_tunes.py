"""Fine-tunes as people meet them: chosen beside a model, told in the recipe, kept over restarts and rerolls."""

import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image

from bot.core.extras import Extras, LoraRequest
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.operations import doctor
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.pictures import provenance
from engine.prompt import PortraitPrompt
from engine.recipes.picture_text import texts
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, fields, said
from tests.engine.loras import lora

CARD = f"""
title = "Soft film"
base = "{MODEL}"
triggers = ["softfilm"]
strength = 0.75
licence = "CC0"
"""


@pytest.fixture
def settings(settings: Settings, tiny_checkpoint: Path, tmp_path: Path) -> Settings:
    folder = tmp_path / "fine-tunes"
    lora(folder, "film", tiny_checkpoint, card=CARD)
    lora(folder, "ink", tiny_checkpoint, seed=2, card=f'base = "{MODEL}"')
    lora(folder, "stray", tiny_checkpoint, card='base = "gone"')
    return settings.model_copy(update={"model_fine_tunes": str(folder)})


async def latest(world: World) -> Portrait[PictureSpec]:
    portrait = await world.stores.portraits.latest(world.sam.id)
    assert portrait is not None
    return portrait


async def picture_of(world: World, portrait: Portrait) -> bytes:
    return await world.stores.pictures.read(portrait.sha256)


async def test_those_of_the_model_are_offered_with_what_they_say_and_whose_terms_hold(world: World) -> None:
    choices = await world.sam.autocomplete(world.channel, "portrait", "finetune", "", model=MODEL)
    assert [one["value"] for one in choices] == ["film", "ink"]
    assert choices[0]["name"] == "Soft film: strength 0.75 · says softfilm · CC0"
    assert await world.sam.autocomplete(world.channel, "portrait", "finetune", "soft")
    assert not await world.sam.autocomplete(world.channel, "portrait", "finetune", "", model="other")


async def test_models_name_them_and_tell_the_owner_what_is_not_offered(world: World) -> None:
    seen = answer(await world.sam.slash(world.channel, "models"))
    assert "Fine-tunes: Soft film and ink." in "".join(fields(seen).values())
    assert "Fine-tunes not offered" not in fields(seen)
    world.bot._owners = frozenset({world.lena.id})
    seen = answer(await world.lena.slash(world.channel, "models"))
    assert "stray.safetensors is not offered" in fields(seen)["Fine-tunes not offered"]


async def test_a_fine_tune_is_used_told_and_written_into_the_picture(world: World) -> None:
    plain = await world.portrait(world.sam, seed=7)
    assert plain.attachments
    before = await latest(world)
    message = await world.portrait(world.sam, seed=7, finetune="film")
    portrait = await latest(world)
    assert (portrait.spec.fine_tune, portrait.spec.fine_tune_strength) == ("film", 0.75)
    assert portrait.words.startswith("softfilm, ") or portrait.words.startswith("CLIP: softfilm, ")
    assert portrait.sha256 != before.sha256
    assert "film at 0.75" in fields(message)["Made with"]
    raw = await picture_of(world, portrait)
    told = texts(raw)
    assert "<lora:film:0.75>" in told["parameters"].splitlines()[0]
    assert json.loads(told["likeness"])["fine_tune"] == "film"
    recipe = provenance.read(raw)
    assert recipe is not None
    assert (recipe.fine_tune, recipe.fine_tune_strength) == ("film", 0.75)


async def test_the_strength_can_be_chosen_and_a_reroll_keeps_it(world: World) -> None:
    message = await world.portrait(world.sam, seed=7, finetune="film", finetune_strength=0.25)
    first = await latest(world)
    await world.sam.click(message, label="Reroll")
    again = await latest(world)
    assert again.id != first.id
    assert (again.spec.fine_tune, again.spec.fine_tune_strength) == ("film", 0.25)


async def test_the_same_recipe_after_a_restart_gives_the_same_picture(world: World) -> None:
    await world.portrait(world.sam, seed=7, finetune="film", finetune_strength=0.5)
    first = await latest(world)
    await world.restart()
    await world.portrait(world.sam, seed=7, finetune="ink")
    await world.portrait(world.sam, seed=7, finetune="film", finetune_strength=0.5)
    again = await latest(world)
    (one, other) = [_pixels(await picture_of(world, portrait)) for portrait in (first, again)]
    assert one == other


def _pixels(raw: bytes) -> bytes:
    with Image.open(io.BytesIO(raw)) as picture:
        return picture.tobytes()


@pytest.mark.parametrize("there", [True, False])
async def test_an_order_from_before_a_restart_keeps_its_fine_tune_or_is_refunded_when_it_left(
    world: World, there: bool
) -> None:
    before = await world.balance(world.sam)
    request = OrderRequest(
        source="interaction:1",
        place=Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id),
        user_id=world.sam.id,
        prompt=PortraitPrompt(subject="a woman"),
        extras=Extras(fine_tune=LoraRequest(name="film", strength=0.5)),
    )
    new, _ = await world.bot.studio.validator.order_for(
        request, StatusMessage(message_id=None, token="t", token_expires_at=0.0)
    )
    await world.stores.orders.place(new, now=time.time())
    if not there:
        (Path(world.settings.model_fine_tunes) / "film.safetensors").rename(world.settings.data_folder / "elsewhere")
    await world.restart()
    order = await world.stores.orders.get(new.id)
    assert order is not None
    (row,) = order.jobs
    assert order.state == "closed"
    if there:
        assert (await latest(world)).spec.fine_tune_strength == 0.5
        assert await world.balance(world.sam) == before - row.price
    else:
        assert "no fine-tune called 'film' here" in row.error
        assert await world.balance(world.sam) == before


async def test_one_that_is_not_there_is_refused_with_the_nearest_name_and_nothing_is_charged(world: World) -> None:
    before = await world.balance(world.sam)
    result = await world.sam.slash(world.channel, "portrait", prompt="a woman", finetune="films")
    assert "has no fine-tune called 'films' here. Did you mean film?" in said(result)
    result = await world.sam.slash(world.channel, "portrait", prompt="a woman", finetune_strength=0.5)
    assert "no fine-tune for that strength" in said(result)
    assert await world.balance(world.sam) == before


async def test_a_dear_order_keeps_its_fine_tune_over_the_price(world: World) -> None:
    world.bot.studio.validator.settings = world.settings.model_copy(update={"price_confirm_above": 1})
    shown = answer(
        await world.sam.slash(world.channel, "portrait", prompt="a woman", finetune="film", finetune_strength=0.5)
    )
    assert fields(shown)["Fine-tune"] == "film at 0.5"
    await world.sam.click(shown, label="Confirm for 10 credits")
    portrait = await latest(world)
    assert (portrait.spec.fine_tune, portrait.spec.fine_tune_strength) == ("film", 0.5)


def test_the_doctor_names_what_is_offered_and_what_is_not(settings: Settings) -> None:
    lines = [(line.mark, line.text) for line in doctor.examine(settings)]
    assert ("good", f"Fine-tune film: Soft film, for {MODEL}. Licence: CC0.") in lines
    (bad,) = [text for mark, text in lines if mark == "bad" and "Fine-tunes:" in text]
    assert "stray.safetensors is not offered: its card says base = 'gone'" in bad


async def test_a_tag_in_the_words_is_the_fine_tune_of_its_name_and_others_are_told(world: World) -> None:
    await world.portrait(world.sam, prompt="a woman in a red coat <lora:Soft_Film:0.5> <lora:nowhere:1>")
    made = await latest(world)
    assert (made.spec.fine_tune, made.spec.fine_tune_strength) == ("film", 0.5)
    assert "<lora:nowhere:1>" in made.note.replace("\\", "")
    assert "Soft" not in made.note
