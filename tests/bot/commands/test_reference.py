"""Outfits, places and styles: a picture that goes along once, or one that is kept under a name."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from data.characters.saved_references import References
from data.core.data_errors import HandleTaken
from engine.prompt import parse
from tests.bot.commands.test_character import huge_png, picture
from tests.bot.conftest import World
from tests.bot.reading import said
from tests.engine.providers.stage import STANDINS
from tests.engine.providers.standin import KEY, StandIn


@pytest.fixture
async def google() -> AsyncIterator[StandIn]:
    async with STANDINS["google"]() as standin:
        yield standin
        assert standin.invalid == []


@pytest.fixture
def settings(settings: Settings, google: StandIn) -> Settings:
    """A model that takes several pictures is there too."""
    return settings.model_copy(update={"google_api_key": SecretStr(KEY), "google_base_url": google.url + google.prefix})


def files(world: World) -> int:
    return len(list(world.stores.pictures.folder.iterdir()))


async def saved(world: World, name: str = "coat", use: str = "outfit", **options: Any) -> Any:
    await world.agree(world.sam)
    return await world.sam.slash(
        world.channel, "reference save", name=name, use=use, **{"picture": ("a.png", picture()), **options}
    )


async def ordered(world: World, prompt: str, **options: Any) -> tuple[Any, Any]:
    """What sam is told, and the order that it became (None for none)."""
    result = await world.sam.slash(world.channel, "portrait", prompt=prompt, **options)
    orders = await world.stores.orders.of_user(world.guild.id, world.sam.id)
    return result, orders[0] if orders else None


async def test_a_reference_is_saved_listed_and_deleted_with_its_picture(world: World) -> None:
    assert "@coat" in said(await saved(world))
    assert "`@coat` · outfit" in said(await world.sam.slash(world.channel, "reference list"))
    assert "none yet" in said(await world.lena.slash(world.channel, "reference list"))
    offered = await world.sam.autocomplete(world.channel, "reference delete", "name", "co")
    assert [choice["value"] for choice in offered] == ["@coat"]
    assert "no reference of that name" in said(await world.lena.slash(world.channel, "reference delete", name="coat"))
    assert files(world) == 1
    assert "Deleted" in said(await world.sam.slash(world.channel, "reference delete", name="@COAT"))
    assert files(world) == 0


async def test_a_portrait_can_be_one_too(world: World) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "reference save", name="pier", use="place")
    known = await world.stores.references.get(world.sam.id, "pier")
    assert known is not None
    assert (known.role, known.origin) == ("place", "portrait")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "no spaces please"}, "1 to 15 letters"),
        ({"picture": ("bomb.png", huge_png(60_000, 60_000))}, "40 megapixels"),
        ({"picture": ("x.png", b"nothing")}, "not a picture I can read"),
        ({"name": "ANA"}, "already have"),
    ],
)
async def test_what_cannot_be_saved_is_explained_and_leaves_nothing(
    world: World, options: dict[str, Any], sentence: str
) -> None:
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    before = files(world)
    assert sentence in said(await saved(world, **options))
    assert not await world.stores.references.list(world.sam.id)
    assert files(world) == before


async def written_down(world: World, prompt: str, model: str) -> Any:
    """An order of sam's as it is when the bot dies before beginning it."""
    request = OrderRequest(
        source="test:reference",
        place=Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id),
        user_id=world.sam.id,
        prompt=parse(prompt),
        model=model,
    )
    new, _ = await world.bot.studio.validator.order_for(
        request, StatusMessage(message_id=None, token="", token_expires_at=0.0)
    )
    return await world.stores.orders.place(new, now=time.time())


async def test_a_named_outfit_goes_along_and_is_pinned_with_the_order(world: World) -> None:
    """Deleting it meanwhile changes nothing for the order; its upload marks the portrait."""
    await saved(world)
    order = await written_down(world, "a woman wearing @coat", "nano-banana-2")
    assert [(one.handle, one.role) for one in order.references] == [("coat", "outfit")]
    assert order.from_upload
    await world.sam.slash(world.channel, "reference delete", name="coat")
    assert files(world) == 1
    await world.stores.orders.end(order.jobs[0].id, "cancelled", "", time.time())
    await world.stores.orders.close(order.id)
    assert files(world) == 0


async def test_a_model_that_takes_no_such_picture_says_so(world: World) -> None:
    await saved(world)
    before = await world.balance(world.sam)
    result, order = await ordered(world, "a woman wearing @coat")
    assert "takes no pictures of outfits" in said(result)
    assert (order, await world.balance(world.sam)) == (None, before)


async def test_an_attached_picture_needs_a_use_and_is_not_kept_when_refused(world: World) -> None:
    await world.agree(world.sam)
    along = {"reference": ("a.png", picture())}
    result, _ = await ordered(world, "a woman", **along)
    assert "Say what that picture is for" in said(result)
    result, order = await ordered(world, "a woman", **along, reference_for="style")
    assert "takes no pictures of outfits" in said(result)
    assert (order, files(world)) == (None, 0)


async def test_more_pictures_than_the_model_takes_are_refused(world: World) -> None:
    for number in range(5):
        await saved(world, name=f"coat{number}")
    handles = " and ".join(f"@coat{number}" for number in range(5))
    result, _ = await ordered(world, f"a woman wearing {handles}", model="nano-banana-2")
    assert "takes 4 pictures" in said(result)


async def test_a_name_is_a_characters_or_a_references(world: World) -> None:
    """Not both: whoever was first has it."""
    await world.portrait(world.sam)
    await world.sam.slash(world.channel, "character save", name="ana")
    portrait = await world.stores.portraits.latest(world.sam.id)
    assert portrait is not None
    references: References = world.stores.references
    with pytest.raises(HandleTaken):
        await references.save(world.sam.id, 1, "Ana", "style", portrait.sha256, origin="portrait", now=1.0)
