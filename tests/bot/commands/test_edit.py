"""Changing a picture: a portrait, an attachment or a link, by the models that can, at the price of a portrait."""

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bot.components import editing
from bot.core import before_after
from bot.core.settings import Settings
from bot.core.stores import Stores
from data.credits import ledger
from engine.faces import identity
from engine.faces.face_review import ExpectedFace
from engine.prompt import PortraitPrompt
from tests import faces
from tests.bot.commands.test_character import huge_png, noise, picture
from tests.bot.conftest import MODEL, World
from tests.bot.reading import fields, labels, said


async def portraits(world: World, who: Any) -> list[Any]:
    return list(await world.stores.portraits.of_user(world.guild.id, who.id))


def files(world: World) -> int:
    return len(list(world.stores.pictures.folder.iterdir()))


async def kept(stores: Stores) -> list[Any]:
    """What is still pinned or kept for an order that may come."""
    rows = "SELECT sha256 FROM order_edits WHERE sha256 IS NOT NULL UNION ALL SELECT sha256 FROM handed_in"
    return await stores.database.fetch_all(rows)


async def test_the_button_changes_the_portrait_and_keeps_its_recipe(world: World) -> None:
    message = await world.portrait(world.sam, "a woman in a red coat, on a beach", seed=3)
    shown = await world.sam.click(message, label="Edit…")
    await world.sam.submit_modal(shown, {"change": "lit by candles"})
    edited, original = await portraits(world, world.sam)
    recipe = edited.spec.prompt
    assert (recipe.subject, recipe.environment) == ("a woman", "on a beach")
    assert "candles" in recipe.lighting
    assert edited.parent_id == original.id
    assert (edited.spec.width, edited.spec.height) == (original.spec.width, original.spec.height)
    card = fields(world.channel.last_message)
    assert card["Changed"] == "lit by candles"
    assert f"from No. {original.id}" in card["Made with"]


async def test_an_edit_starts_from_the_picture_and_not_from_noise(world: World) -> None:
    """The same words and seed give another picture than /portrait does."""
    await world.portrait(world.sam, "a woman", seed=3)
    await world.sam.slash(world.channel, "edit", change="lit by candles", seed=5)
    await world.portrait(world.sam, "a woman, lit by candles", seed=5)
    plain, edited, _ = await portraits(world, world.sam)
    pixels = [Image.open(world.stores.pictures.path(one.sha256)).tobytes() for one in (plain, edited)]
    assert pixels[0] != pixels[1]


async def test_without_a_picture_it_is_the_last_portrait(world: World) -> None:
    assert "no portrait here yet" in said(await world.sam.slash(world.channel, "edit", change="at night"))
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "edit", change="at night")
    edited, original = await portraits(world, world.sam)
    assert edited.parent_id == original.id


async def test_an_uploaded_picture_is_changed_and_not_kept(world: World) -> None:
    """It is cleaned, marks the order as made from an upload, and is gone when the order is closed."""
    await world.agree(world.sam)
    before = await world.balance(world.sam)
    await world.sam.slash(world.channel, "edit", change="a navy suit", picture=("me.jpg", picture(96, 64, "JPEG")))
    (edited,) = await portraits(world, world.sam)
    order = await world.stores.orders.get(edited.order_id)
    assert order is not None
    assert order.from_upload
    assert order.edit is not None
    assert (order.edit.sha256, order.edit.words) == (None, "a navy suit")
    assert edited.spec.width > edited.spec.height
    assert await world.balance(world.sam) == before - world.settings.price_standard
    assert await kept(world.stores) == []
    assert files(world) == 1


async def test_an_upload_is_asked_about_once_before_it_is_used(world: World) -> None:
    result = await world.sam.slash(world.channel, "edit", change="a navy suit", picture=("me.png", picture()))
    assert "May this picture be used" in said(result)
    assert files(world) == 0
    await world.sam.click(world.channel.last_message, label="Confirm")
    assert len(await portraits(world, world.sam)) == 1


async def test_what_was_made_from_an_upload_stays_marked_when_it_is_changed_again(world: World) -> None:
    await world.agree(world.sam)
    await world.sam.slash(world.channel, "edit", change="a navy suit", picture=("me.png", picture()))
    await world.sam.slash(world.channel, "edit", change="at night")
    edited, _ = await portraits(world, world.sam)
    order = await world.stores.orders.get(edited.order_id)
    assert order is not None
    assert order.from_upload


async def test_policy_reads_what_is_to_change_in_an_upload(world: World) -> None:
    await world.agree(world.sam)
    before = await world.balance(world.sam)
    result = await world.sam.slash(world.channel, "edit", change="take her clothes off", picture=("me.png", picture()))
    assert "Rule:" in said(result)
    assert await world.balance(world.sam) == before
    assert files(world) == 0


async def test_a_portrait_is_changed_by_its_link(world: World) -> None:
    message = await world.portrait(world.sam)
    link = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{message.id}"
    await world.sam.slash(world.channel, "edit", change="at night", link=link)
    assert len(await portraits(world, world.sam)) == 2
    assert "someone else" in said(await world.lena.slash(world.channel, "edit", change="at night", link=link))
    assert await portraits(world, world.lena) == []


async def test_nobody_else_presses_the_button(world: World) -> None:
    """Neither by the button nor with its id in a message of their own; moderators neither."""
    message = await world.portrait(world.sam)
    (portrait,) = await portraits(world, world.sam)
    copy = await world.button(f"portrait:edit:{portrait.id}")
    for who in (world.lena, world.mira):
        assert "someone else" in said(await who.click(message, label="Edit…"))
        assert "someone else" in said(await who.click(copy, label="Forged"))


UNCHANGEABLE: list[tuple[dict[str, Any], str]] = [
    ({"picture": ("bomb.png", huge_png(60_000, 60_000))}, "40 megapixels"),
    ({"picture": ("small.png", picture(8, 8))}, "only 8 × 8"),
    ({"picture": ("not.png", b"MZ not a picture")}, "not a picture I can read"),
    ({"picture": ("cut.png", noise()[:900])}, "damaged"),
    ({"picture": ("a.png", picture()), "link": "https://x"}, "not both"),
    ({"link": "https://example.com/x"}, "not a link to a message"),
    ({"change": "   "}, "Say what to change"),
    ({"change": "<@123456789012345678> in a hat"}, "saved faces"),
    ({"change": "@nobody in a hat"}, "called nobody"),
    ({"model": "no-such-model"}, "no model called"),
]


async def test_what_cannot_be_changed_is_explained_and_costs_nothing(world: World) -> None:
    await world.agree(world.sam)
    await world.portrait(world.sam)
    before = await world.balance(world.sam), files(world)
    for options, sentence in UNCHANGEABLE:
        result = await world.sam.slash(world.channel, "edit", **{"change": "at night", **options})
        assert sentence in said(result)
        assert (await world.balance(world.sam), files(world)) == before, sentence
        assert await kept(world.stores) == [], sentence


async def test_only_models_that_change_pictures_are_offered_and_taken(world: World) -> None:
    await world.portrait(world.sam)
    offered = await world.sam.autocomplete(world.channel, "edit", "model", "")
    assert [choice["value"] for choice in offered] == [MODEL]
    catalogue = world.bot.engine.catalogue
    # The catalogue is frozen; the same with a model that cannot.
    object.__setattr__(catalogue, "models", tuple(replace(model, edits=False) for model in catalogue.models))
    assert list(await world.sam.autocomplete(world.channel, "edit", "model", "")) == []
    assert "cannot change a picture" in said(
        await world.sam.slash(world.channel, "edit", change="at night", model=MODEL)
    )
    assert "No model here" in said(await world.sam.slash(world.channel, "edit", change="at night"))


def test_the_likeness_before_and_after_is_told() -> None:
    """To the face in the picture that was changed, and to each saved face that the edit was to show."""
    (kai,) = identity.look(faces.png("kai-1"))
    held = [ExpectedFace("kai", ((kai.embedding, kai.pattern),))]
    kept = before_after.compared(faces.png("ana-1"), faces.png("ana-2"), [])
    swapped = before_after.compared(faces.png("ana-1"), faces.png("kai-2"), held)
    scores = [int(line.rsplit(": ", 1)[1]) for line in (kept[0], swapped[0])]
    assert scores[0] > scores[1]
    was, now = (int(part.split()[0]) for part in swapped[1].removeprefix("Likeness @kai: ").split(", "))
    assert was < now
    assert "No face" in before_after.compared(picture(), faces.png("ana-1"), [])[0]


async def test_another_try_of_an_edit_changes_the_same_portrait(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "edit", change="at night")
    await world.sam.click(world.channel.last_message, label="Reroll")
    again, first, original = await portraits(world, world.sam)
    assert again.spec.seed != first.spec.seed
    assert again.parent_id == first.parent_id == original.id


async def test_another_try_of_an_upload_asks_for_the_picture(world: World) -> None:
    await world.agree(world.sam)
    await world.sam.slash(world.channel, "edit", change="a navy suit", picture=("me.png", picture()))
    assert "Send it again" in said(await world.sam.click(world.channel.last_message, label="Reroll"))


class TestADearEdit:
    """One that shows its price first."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"price_confirm_above": 5})

    async def test_the_picture_waits_for_the_confirmation_over_a_restart(self, world: World) -> None:
        await world.agree(world.sam)
        await world.sam.slash(world.channel, "edit", change="a navy suit", picture=("me.png", picture()))
        message = world.channel.last_message
        assert fields(message)["Change"] == "a navy suit"
        assert len(await kept(world.stores)) == files(world) == 1
        await world.restart()
        await world.sam.click(message, label="Confirm for 10 credits")
        (edited,) = await portraits(world, world.sam)
        assert fields(world.channel.last_message)["Changed"] == "a navy suit"
        assert "Edit…" in labels(world.channel.last_message)
        assert edited.parent_id is None
        assert await kept(world.stores) == []
        assert not await ledger.check(world.stores.database)

    async def test_a_picture_nobody_confirmed_goes(self, world: World) -> None:
        await world.agree(world.sam)
        for nth in (1, 2):
            await world.sam.slash(world.channel, "edit", change="a suit", picture=("me.png", picture(64 + nth)))
        await world.sam.click(world.channel.last_message, label="Cancel")
        assert files(world) == 1
        await world.bot.maintenance.make(2_000_000_000.0)
        assert files(world) == 0


async def test_what_is_added_joins_what_is_removed_goes_and_what_comes_instead_wins() -> None:
    """In any language that is read, in the recipe that a model is told of which begins from the picture."""
    base = PortraitPrompt(subject="a woman", clothing="red coat, straw hat", environment="on a beach")
    added = await editing.as_changed(base, "add round glasses")
    assert added.clothing == "red coat, straw hat, round glasses"
    gone = await editing.as_changed(base, "take off the straw hat and replace the background with a forest")
    assert (gone.clothing, gone.environment, gone.negative) == ("red coat", "a forest", "the straw hat")
    spanish = PortraitPrompt(subject="una mujer", clothing="abrigo rojo, sombrero de paja", negative="texto")
    changed = await editing.as_changed(spanish, "quita el sombrero y añade gafas")
    assert (changed.clothing, changed.negative) == ("abrigo rojo, gafas", "texto, el sombrero")
