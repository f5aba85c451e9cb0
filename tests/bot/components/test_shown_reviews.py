"""What people see of reviews: the best of several with the others a press away, the sentences, models compared."""

from pathlib import Path

import pytest

from bot.core.reviewing import Judge
from bot.core.settings import Settings
from tests.bot.conftest import MODEL, World
from tests.bot.judging import ByBrightness, brightness
from tests.bot.reading import answer, fields, labels, laid_out, said
from tests.engine.tiny_models import entry, models_file


@pytest.fixture
def judge() -> Judge:
    return ByBrightness()


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, tiny_checkpoint: Path) -> Settings:
    both = models_file(tmp_path, entry(tiny_checkpoint, MODEL), entry(tiny_checkpoint, "other"))
    return settings.model_copy(update={"review_shown": True, "model_file": both})


async def test_the_others_of_a_best_of_three_are_a_press_away(world: World) -> None:
    message = await world.portrait(world.sam, seed=4, best_of=3)
    kept = list(await world.stores.portraits.of_user(world.guild.id, world.sam.id))[::-1]
    light = {one.id: brightness(await world.stores.pictures.read(one.sha256)) for one in kept}
    best = max(kept, key=lambda one: light[one.id])
    assert len(message.attachments) == 1
    assert fields(message)["Best of 3"] == f"Skin {light[best.id]:.0f}"
    assert f"No. {best.id}" in laid_out(message)
    assert {"Review", "Show the other 2", "Reroll", "Delete"} <= set(labels(message))
    told = answer(await world.lena.click(message, label="Show the other 2"))
    others = [one for one in kept if one is not best]
    assert all(f"No. {one.id}" in laid_out(told) for one in others)
    assert len(told.attachments) == 2
    review = answer(await world.sam.click(message, label="Review"))
    assert fields(review) == {f"Skin {light[best.id]:.0f}": "The skin has texture."}
    # Each is a portrait of its own: deleted alone, and shown again from the list.
    await world.sam.click(message, label="Delete")
    assert await world.stores.portraits.by_message(message.id) == ()
    listed = await world.sam.slash(world.channel, "portraits")
    again = answer(await world.sam.click(answer(listed), label=f"Show {others[0].id}"))
    assert f"No. {others[0].id}" in laid_out(again)


async def test_a_line_that_is_hidden_is_not_made_and_the_button_has_it(world: World, judge: ByBrightness) -> None:
    world.settings = world.settings.model_copy(update={"review_shown": False})
    await world.restart()
    message = await world.portrait(world.sam)
    assert "Review" not in fields(message)
    assert judge.looks == 0
    await world.sam.click(message, label="Review")
    await world.lena.click(message, label="Review")
    assert judge.looks == 1
    judge.broken = "its process ended"
    other = await world.portrait(world.sam)
    assert "could not be reviewed" in said(await world.sam.click(other, label="Review"))


async def test_several_models_make_every_frame_and_are_compared(world: World) -> None:
    await world.sam.slash(
        world.channel, "series", prompt="a man", vary="place: beach | forest", model=f"{MODEL} | other"
    )
    message = world.channel.last_message
    shown = fields(message)
    rows = [told for name, told in shown.items() if name.endswith("2 of 2 frames")]
    assert len(rows) == 2
    assert all(told.startswith("Skin ") and "10 credits" in told for told in rows)
    assert [line.split(" · ")[0] for line in shown["Frames"].splitlines()][::2] == ["1. beach", "3. beach"]
    assert "Place, and the model" in laid_out(message)
    refused = await world.sam.slash(
        world.channel, "series", prompt="a man", vary="place: " + "|".join("abcdefg"), model=f"{MODEL}|other"
    )
    assert "14 frames" in said(refused)
