"""Recipes: slots as options, one slot changed, cards filled in, styles kept, several portraits at once."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import c2pa
from PIL import Image

from bot.core import sent_copies, studio, words
from bot.core.marking import Marker
from engine.jobs.job import Finished
from engine.pictures import provenance
from engine.prompt import SLOTS
from engine.recipes.picture_text import with_texts
from engine.wording.dialects import RenderedPrompt
from engine.wording.presets import PRESETS
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, fields, labels, said
from tests.data.conftest import SPEC
from tests.engine.tiny_models import entry, models_file

PROMPT = "a woman in her 30s, red coat, on a beach, lit from the left, 85mm f/1.8, visible pores"


async def recipe(world: World, index: int = 0) -> Any:
    """The prompt of the newest portrait of sam (index 0), or of an older one."""
    portraits = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    return portraits[index].spec.prompt


async def change(world: World, message: Any, slot: str, value: str) -> None:
    (portrait,) = await world.stores.portraits.by_message(message.id)
    shown = await world.sam.select(message, [slot], custom_id=f"portrait:change:{portrait.id}")
    await world.sam.submit_modal(shown, {slot: value})


async def test_changing_the_light_keeps_the_other_five_and_the_seed(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT)
    await change(world, message, "lighting", "hard light from the right")
    before, after = await recipe(world, 1), await recipe(world)
    assert after.lighting == "hard light from the right"
    assert all(after.slot(slot) == before.slot(slot) for slot in SLOTS if slot != "lighting")
    newest, oldest = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert (newest.spec.seed, newest.parent_id) == (oldest.spec.seed, oldest.id)
    assert f"from No. {oldest.id}" in fields(world.channel.last_message)["Made with"]


async def test_only_the_owner_changes_a_recipe(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    result = await world.lena.select(message, ["lighting"], custom_id=f"portrait:change:{portrait.id}")
    assert "someone else" in said(result)


async def test_options_lie_over_the_words(world: World) -> None:
    await world.portrait(world.sam, PROMPT, lighting="Rembrandt light", aspect="1:1")
    read = await recipe(world)
    assert read.lighting == "Rembrandt light"
    assert "beach" in read.environment
    assert read.aspect == "1:1"


async def test_slots_alone_are_enough(world: World) -> None:
    await world.sam.slash(world.channel, "portrait", subject="an old man", lighting="candle light")
    read = await recipe(world)
    assert (read.subject, read.lighting) == ("an old man", "candle light")


async def test_presets_are_offered_for_the_slot_that_is_typed(world: World) -> None:
    choices = await world.sam.autocomplete(world.channel, "portrait", "lighting", "")
    values = {preset.value for preset in PRESETS["lighting"]}
    assert choices
    assert {choice["value"] for choice in choices} <= values
    typed = await world.sam.autocomplete(world.channel, "portrait", "lighting", "moon on snow")
    assert typed[0]["value"] == "moon on snow"


async def test_four_at_once_come_as_one_message_with_a_way_to_pick(world: World) -> None:
    before = await world.balance(world.sam)
    message = await world.portrait(world.sam, PROMPT, count=4, seed=100)
    assert len(message.attachments) == 4
    portraits = await world.stores.portraits.by_message(message.id)
    assert [portrait.spec.seed for portrait in portraits] == [100, 101, 102, 103]
    assert await world.balance(world.sam) == before - 4 * world.settings.price_standard
    order_id = portraits[0].order_id
    picked = await world.sam.select(message, [str(portraits[2].id)], custom_id=f"order:pick:{order_id}")
    assert "102" in fields(answer(picked))["Made with"]
    assert "Reroll" in labels(answer(picked).message)


async def test_the_words_that_were_sent_are_shown_on_demand(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    result = await world.lena.click(message, label="Words")
    assert words.plain(portrait.words) in said(result)


async def test_a_style_is_kept_and_used_again(world: World) -> None:
    await world.portrait(world.sam, PROMPT)
    assert "Kept" in said(await world.sam.slash(world.channel, "style save", name="Beach Days"))
    assert "Beach Days" in said(await world.sam.slash(world.channel, "style list"))
    await world.sam.slash(world.channel, "portrait", prompt="an old man", style="beach days")
    read = await recipe(world)
    first = await recipe(world, 1)
    assert read.subject == "an old man"
    assert all(read.slot(slot) == first.slot(slot) for slot in SLOTS if slot != "subject")
    assert [one["value"] for one in await world.sam.autocomplete(world.channel, "portrait", "style", "bea")] == [
        "Beach Days"
    ]
    assert "Forgotten" in said(await world.sam.slash(world.channel, "style delete", name="beach days"))
    assert "no style" in said(await world.sam.slash(world.channel, "style show", name="Beach Days"))


async def test_a_style_of_named_slots_needs_no_portrait(world: World) -> None:
    await world.sam.slash(world.channel, "style save", name="noir", lighting="hard side light", camera="50mm, Tri-X")
    shown = answer(await world.sam.slash(world.channel, "style show", name="noir"))
    assert fields(shown) == {"Light": "hard side light", "Camera": "50mm, Tri\\-X"}


async def test_a_recipe_card_is_filled_in_and_ordered_across_a_restart(world: World) -> None:
    card = answer(await world.sam.slash(world.channel, "studio"))
    draft = next(
        child.custom_id.split(":")[2]
        for row in card.message.components
        for child in row.children
        if child.custom_id.startswith("draft:slot:")
    )
    await world.sam.select(card.message, ["lighting"], custom_id=f"draft:slot:{draft}")
    await world.sam.select(card.message, ["0"], custom_id=f"draft:fill:{draft}:lighting")
    await world.restart()
    await world.sam.select(card.message, ["subject"], custom_id=f"draft:slot:{draft}")
    shown = await world.sam.select(card.message, ["own words"], custom_id=f"draft:fill:{draft}:subject")
    await world.sam.submit_modal(shown, {"subject": "a sailor"})
    await world.sam.click(card.message, custom_id=f"draft:make:{draft}")
    read = await recipe(world)
    assert (read.subject, read.lighting) == ("a sailor", PRESETS["lighting"][0].value)


async def test_an_empty_card_orders_nothing(world: World) -> None:
    card = answer(await world.sam.slash(world.channel, "studio"))
    assert "nothing to see" in said(await world.sam.click(card.message, label="Make the portrait"))
    assert not await world.stores.portraits.of_user(world.guild.id, world.sam.id)


async def test_the_picture_of_a_portrait_brings_its_recipe_back(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT, seed=77)
    picture = await message.attachments[0].read()
    await world.lena.slash(world.channel, "portrait", from_image=("found.png", picture))
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.lena.id)
    assert portrait.spec.prompt.environment == (await recipe(world)).environment
    assert portrait.spec.seed == 77


async def test_a_picture_without_a_recipe_is_explained(world: World) -> None:
    from tests.bot.commands.test_character import picture

    result = await world.sam.slash(world.channel, "portrait", from_image=("plain.png", picture()))
    assert "no recipe" in said(result)


async def test_another_tools_recipe_is_ordered_and_one_that_cannot_be_read_is_not_charged(world: World) -> None:
    """JSON and settings are never a sitter."""
    from tests.bot.commands.test_character import picture

    before = await world.balance(world.sam)
    broken = with_texts(picture(), {"parameters": '{"sui_image_params": {"seed": 4}}'})
    refused = said(await world.sam.slash(world.channel, "portrait", from_image=("broken.png", broken)))
    assert "a recipe of SwarmUI, which I cannot read" in refused
    assert "Nothing was charged" in refused
    assert await world.balance(world.sam) == before
    params = {"prompt": "an old sailor, wool peacoat", "negativeprompt": "hat", "seed": 77, "width": 512, "height": 768}
    swarm = with_texts(picture(), {"parameters": json.dumps({"sui_image_params": params})})
    await world.sam.slash(world.channel, "portrait", from_image=("swarm.png", swarm))
    read = await recipe(world)
    assert (read.subject, read.clothing, read.negative, read.aspect) == ("an old sailor", "wool peacoat", "hat", "2:3")
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert portrait.spec.seed == 77


async def test_a_delivered_picture_names_the_sampler_that_made_it(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT, seed=77)
    settings = Image.open(io.BytesIO(await message.attachments[0].read())).text["parameters"].splitlines()[-1]  # type: ignore[attr-defined]
    assert "Sampler: Euler, " in settings
    assert "Seed: 77" in settings


async def test_a_delivered_picture_says_that_it_is_generated(world: World) -> None:
    """Its settings open where A1111's do, and its signed manifest is valid, with a signer nobody vouches for."""
    message = await world.portrait(world.sam, PROMPT, seed=77)
    picture = await message.attachments[0].read()
    settings = Image.open(io.BytesIO(picture)).text["parameters"].splitlines()[-1]  # type: ignore[attr-defined]
    assert "Seed: 77" in settings
    with c2pa.Reader("image/png", io.BytesIO(picture)) as reader:
        report = json.loads(reader.json())
    assert "trainedAlgorithmicMedia" in json.dumps(report)
    assert report["validation_state"] == "Valid"


async def test_a_picture_above_the_upload_limit_is_sent_as_webp_with_its_recipe(world: World) -> None:
    """The stored PNG stays whole; what is sent fits and still brings the recipe back."""
    message = await world.portrait(world.sam, PROMPT, seed=77)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    png = await world.stores.pictures.read(portrait.sha256)
    sent, kind = await sent_copies.fitting(png, 4000, Marker(world.settings))
    assert (kind, len(sent) <= 4000) == ("webp", True)
    assert provenance.read_recipe(sent) == replace(portrait.spec.prompt, seed=77)


async def test_flags_of_other_tools_are_told_to_the_person(world: World) -> None:
    """What somebody brought along and what means nothing here stands where left-out words stand."""
    message = await world.portrait(world.sam, f"{PROMPT} --ar 2:3 --v 6 --stylize 250")
    assert "Means nothing here: --v 6; --stylize 250." in fields(message)["Please note"].replace("\\", "")
    assert (await recipe(world)).aspect == "2:3"


def test_what_the_model_is_not_told_is_told_to_the_person() -> None:
    told = RenderedPrompt(
        prompt="a man", long_prompt="a man, on a pier", dropped=("visible pores",), left_to_reference=("a beard",)
    )
    finished = Finished(
        picture=b"",
        width=1,
        height=1,
        seed=1,
        words=told,
        model_title="",
        note="Small.",
        steps=1,
        render_s=1.0,
        batch=1,
    )
    kept = studio.facts(finished, SPEC)
    assert kept.words == "CLIP: a man\nT5: a man, on a pier"
    assert kept.note == "Small. Not said to this model: visible pores. Left to the reference picture: a beard."


async def test_a_portrait_whose_model_is_gone_says_so_and_costs_nothing(world: World, tiny_checkpoint: Path) -> None:
    """After the operator took the model away."""
    message = await world.portrait(world.sam)
    left = models_file(world.settings.data_folder, entry(tiny_checkpoint, "other"))
    world.settings = world.settings.model_copy(update={"model_file": left, "model_default": "other"})
    await world.restart()
    before = await world.balance(world.sam)
    assert f"There is no model called {MODEL!r} here" in said(await world.sam.click(message, label="Reroll"))
    assert await world.balance(world.sam) == before
    again = await world.portrait(world.sam)
    assert again.attachments
