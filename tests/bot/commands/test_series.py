"""A series: one thing varies, the rest stays; one price, one message, one sheet; cancelled, made again, resumed."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from bot.components import series_menus
from bot.core import varying
from bot.core.errors import Refused
from bot.core.extras import Extras
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.core.stores import Stores
from data.credits import ledger
from data.orders.jobs import Order
from data.pictures.portrait_rows import PortraitFacts
from engine.jobs.job import Event, UnknownModel
from engine.prompt import PortraitPrompt, from_json
from tests.bot.commands.test_character import picture
from tests.bot.conftest import MODEL, World
from tests.bot.core.test_hosted import SAM, Counter, House
from tests.bot.reading import answer, fields, labels, said
from tests.engine.stage import catalogue

VARY = "place: beach | forest | night city"
NOWHERE = StatusMessage(message_id=None, token="", token_expires_at=0.0)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"series_waiting": 2, "credits_daily": 1000})


async def series(world: World, vary: str = VARY, **options: Any) -> Any:
    """The message of a series of sam's."""
    await world.sam.slash(world.channel, "series", prompt="a woman in a red coat", vary=vary, **options)
    return world.channel.last_message


async def portraits(world: World) -> list[Any]:
    """Sam's portraits, oldest first."""
    return list(await world.stores.portraits.of_user(world.guild.id, world.sam.id, limit=50))[::-1]


def menu(message: Any, placeholder: str) -> Any:
    """The menu under a message that asks this."""
    children = [child for row in message.components for child in row.children]
    return next(child for child in children if str(getattr(child, "placeholder", "")).startswith(placeholder))


async def pick(world: World, who: Any, message: Any, placeholder: str, value: str) -> Any:
    return await who.select(message, [value], custom_id=menu(message, placeholder).custom_id)


def lines(message: Any) -> list[str]:
    """What is said of each frame."""
    return [line.split(". ", 1)[1] for line in fields(message)["Frames"].splitlines()]


async def test_only_the_slot_that_varies_differs(world: World) -> None:
    """Words, seed, shape and model are the same in all frames; each is a portrait of its own with its recipe."""
    before = await world.balance(world.sam)
    message = await series(world, seed=7)
    made = await portraits(world)
    recipes = [from_json(one.prompt) for one in made]
    assert [recipe.environment for recipe in recipes] == ["beach", "forest", "night city"]
    assert {(recipe.subject, recipe.clothing) for recipe in recipes} == {("a woman", "in a red coat")}
    assert {(one.seed, one.width, one.height) for one in made} == {(7, made[0].width, made[0].height)}
    assert await world.balance(world.sam) == before - 3 * world.settings.price_standard
    assert lines(message) == ["beach", "forest", "night city"]
    assert [attachment.filename for attachment in message.attachments] == ["sheet.jpg"]
    assert Image.open(io.BytesIO(await message.attachments[0].read())).format == "JPEG"
    assert not await world.stores.orders.open_orders()


def test_models_may_vary_by_id_or_title() -> None:
    base = PortraitPrompt(subject="a man")
    found = varying.series(base, varying.read("model: one | TWO | One", 9), catalogue("one", "two"), None)
    assert [(frame.label, frame.model) for frame in found.frames] == [("one", "one"), ("two", "two")]
    assert {frame.prompt for frame in found.frames} == {base}
    with pytest.raises(UnknownModel):
        varying.series(base, varying.read("model: one | three", 9), catalogue("one", "two"), None)


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ("beach | forest", "Say first what varies"),
        ("weather: rain | sun", "Say first what varies"),
        ("place: beach", "2 to 12 frames"),
        ("place: beach | Beach |  ", "2 to 12 frames"),
        ("place: " + "|".join(map(str, range(13))), "2 to 12 frames"),
        ("who: @ana | @kai", "Characters are the same"),
    ],
)
def test_what_cannot_vary_is_explained_with_an_example(vary: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        varying.read(vary, 12)


async def test_policy_reads_every_frame(world: World) -> None:
    before = await world.balance(world.sam)
    result = await world.sam.slash(world.channel, "series", prompt="a girl", vary="clothes: naked | in a coat")
    assert "Rule:" in said(result)
    assert await world.balance(world.sam) == before


async def test_a_dear_series_is_quoted_once_for_all_frames(world: World) -> None:
    message = await series(world, fast=True)
    assert "180 credits" in message.embeds[0].title
    assert lines(message) == ["beach", "forest", "night city"]


async def test_a_frame_is_opened_with_its_own_controls_by_who_sees_it(world: World) -> None:
    message = await series(world)
    shown = answer(await pick(world, world.lena, message, "Open", "2"))
    assert "Save as character" in labels(shown)
    assert fields(shown)["Place"] == "forest"


async def test_a_frame_is_made_again_and_takes_its_place_on_a_new_sheet(world: World) -> None:
    """It is an order of its own, charged as one; the other frames and their numbers stay."""
    message = await series(world, seed=7)
    before = await world.balance(world.sam)
    await pick(world, world.sam, message, "Make", "2")
    assert await world.balance(world.sam) == before - world.settings.price_standard
    *first, again = await portraits(world)
    assert from_json(again.prompt).environment == "forest"
    assert again.seed != 7
    known = await world.stores.series.get(first[0].order_id)
    assert known is not None
    assert [frame.portrait_id for frame in known.frames] == [first[0].id, again.id, first[2].id]
    redone = world.channel.last_message
    assert redone.id != message.id
    assert lines(redone) == ["beach", "forest", "night city"]
    await world.restart()
    await pick(world, world.sam, redone, "Make", "1")
    assert len(await portraits(world)) == 5
    assert not await ledger.check(world.stores.database)


async def test_only_the_owner_has_frames_made_again(world: World) -> None:
    message = await series(world)
    for who in (world.lena, world.mira):
        assert "someone else" in said(await pick(world, who, message, "Make", "2"))
    assert len(await portraits(world)) == 3


async def test_a_deleted_frame_leaves_the_sheet_and_nothing_behind(world: World) -> None:
    message = await series(world)
    order = await world.stores.orders.get((await portraits(world))[0].order_id)
    assert order is not None
    shown = answer(await pick(world, world.sam, message, "Open", "2"))
    await world.sam.click(shown, label="Delete")
    assert "2. deleted: deleted" in fields(world.channel.last_message)["Frames"]
    rows = await world.stores.database.fetch_all("SELECT prompt FROM jobs WHERE id = ?", (order.jobs[1].id,))
    assert [row["prompt"] for row in rows] == [""]
    assert "was deleted" in said(await pick(world, world.sam, world.channel.last_message, "Make", "2"))


def request(guild_id: int, channel_id: int, user_id: int, count: int = 4) -> OrderRequest:
    """A series of so many places."""
    base = PortraitPrompt(subject="a man")
    values = " | ".join(f"place {number}" for number in range(1, count + 1))
    frames = varying.series(base, varying.read(f"place: {values}", 12), catalogue(), None)
    return OrderRequest(
        source="test:series",
        place=Whereabouts(guild_id=guild_id, channel_id=channel_id),
        user_id=user_id,
        prompt=base,
        extras=Extras(series=frames),
    )


async def placed(world: World) -> Order:
    """A series of sam's is written down, and the bot dies before it begins."""
    asked = request(world.guild.id, world.channel.id, world.sam.id)
    new, _ = await world.bot.studio.validator.order_for(asked, NOWHERE)
    return await world.stores.orders.place(new, now=time.time())


async def render(world: World, job_id: str) -> None:
    """One of its frames is stored before the bot dies."""
    facts = PortraitFacts(
        seed=1, model_title=MODEL, words="", negative="", steps=1, guidance=1.0, render_s=1.0, note=""
    )
    staged = await world.stores.pictures.stage(picture())
    await world.stores.orders.store(job_id, staged, facts, time.time())


async def test_a_series_that_a_kill_cut_short_goes_on_and_its_sheet_is_made_again(world: World) -> None:
    """It is in the database as a whole before anything is rendered; what is missing is made, and nothing twice."""
    before = await world.balance(world.sam)
    order = await placed(world)
    await render(world, order.jobs[1].id)
    assert await world.balance(world.sam) == before - 40
    await world.restart()
    assert len(await portraits(world)) == 4
    assert lines(world.channel.last_message) == ["place 1", "place 2", "place 3", "place 4"]
    assert await world.balance(world.sam) == before - 40
    assert not await ledger.check(world.stores.database)


async def test_pictures_are_shown_as_they_come(world: World) -> None:
    """While it is made, its message shows the sheet so far, and finished frames can be opened."""
    order = await placed(world)
    await render(world, order.jobs[1].id)
    sheet = await world.bot.messenger.sheet_so_far(order)
    assert sheet is not None
    assert [cell.picture is not None for cell in sheet.cells] == [False, True, False, False]
    view = series_menus.running(order.id, order.id, sheet.finished)
    assert [child.custom_id.split(":")[1] for child in view.children] == ["cancel", "open"]  # type: ignore[attr-defined]


async def test_one_series_at_a_time(world: World) -> None:
    await placed(world)
    result = await world.sam.slash(world.channel, "series", prompt="a man", vary=VARY)
    assert "one at a time" in said(result)


class Watching(Counter):
    """Counts what is in the queue, and cancels the order once so many of its frames have ended."""

    def __init__(self, house: House, after: int) -> None:
        super().__init__()
        self._house = house
        self._left = after
        self.most = 0
        self.cancelling: asyncio.Task[int] | None = None
        self.order: Order | None = None

    def progress_message(self, order: Order) -> "Watching":
        self.order = order
        return self

    def update(self, job_id: str, event: Event) -> None:
        self.most = max(self.most, len(self._house.studio.engine.waiting()))

    def again(self, job_id: str) -> None:
        return

    def ended(self, job_id: str, sentence: str = "") -> None:
        self._left -= 1
        if self._left == 0 and self.order is not None:
            self.cancelling = asyncio.create_task(self._house.studio.cancel(self.order))


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A studio without Discord."""
    stores = await Stores.open(settings.data_folder)
    house = House(settings, stores)
    yield house
    await house.studio.close(4.0)
    await stores.close()


def watched(house: House, *, cancelled_after: int) -> Watching:
    house.studio._messenger = watching = Watching(house, cancelled_after)
    return watching


async def test_frames_take_turns_instead_of_filling_the_queue(house: House) -> None:
    watching = watched(house, cancelled_after=99)
    await house.studio.order(request(1, 2, SAM, 8), NOWHERE)
    assert len((await watching.handed_out.get()).portraits) == 8
    assert watching.most == house.settings.series_waiting


async def test_cancelling_refunds_what_is_not_rendered_and_keeps_the_rest(house: House) -> None:
    """Also the frames that have no place in the queue yet."""
    before, watching = await house.balance(), watched(house, cancelled_after=1)
    order = await house.studio.order(request(1, 2, SAM, 8), NOWHERE)
    result = await watching.handed_out.get()
    assert watching.cancelling is not None
    made = len(result.portraits)
    assert 1 <= made < 8
    assert await watching.cancelling == len(result.sentences) == 8 - made
    known = await house.stores.series.get(order.id)
    assert known is not None
    assert (known.frames[0].portrait_id is None, known.frames[-1].state) == (False, "cancelled")
    assert await house.balance() == before - 10 * made
    assert not await ledger.check(house.stores.database)
