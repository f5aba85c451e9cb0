"""Portraits of hosted models, from the order to the refund, with the providers' stand-ins.

Without Discord: its stand-in in memory keeps a clock of its own, and providers answer in real time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.commands.models import table
from bot.core.engine_setup import make_catalogue, make_engine
from bot.core.errors import AgainstPolicy
from bot.core.hosted_setup import OrderJournal
from bot.core.picture_safety import PictureSafety
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Result, Studio
from data.core.data_errors import CeilingReached
from data.orders.jobs import Order, Way
from engine.jobs.job import Event, ModelUnavailable
from engine.models.model import Provider
from engine.prompt import PortraitPrompt, parse
from engine.prompts import looks
from engine.prompts.looks import Looks
from tests import faces
from tests.engine.providers.server import StandInServer
from tests.engine.providers.stage import STANDINS
from tests.engine.providers.standin import KEY, StandIn

Providers = dict[Provider, StandIn]
MODELS: list[tuple[Provider, str]] = [
    ("mage", "mango-2"),
    ("bfl", "flux-1.1-pro-ultra"),
    ("openai", "gpt-image-2"),
    ("google", "nano-banana-2"),
]
SAM = 7
COAT = PortraitPrompt(subject="a woman in a red coat", seed=5)


class Counter:
    """Where people pick up their portraits: what Discord is to the studio."""

    def __init__(self) -> None:
        self.handed_out: asyncio.Queue[Result] = asyncio.Queue()

    def progress_message(self, order: Order) -> "Counter":
        return self

    def update(self, job_id: str, event: Event) -> None:
        return

    def again(self, job_id: str) -> None:
        return

    def ended(self, job_id: str, sentence: str = "") -> None:
        return

    async def close(self) -> None:
        return

    async def deliver(self, order: Order, result: Result) -> Way | None:
        self.handed_out.put_nowait(result)
        return "token"

    async def tell(self, order: Order, sentence: str) -> Way | None:
        return await self.deliver(order, Result((), (sentence,), ""))

    async def call_back(self, orders: Sequence[Order]) -> None:
        return


class House:
    """A studio on its data folder, without Discord."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self.settings = settings
        self.stores = stores
        self.counter = Counter()
        engine = make_engine(
            settings,
            make_catalogue(settings),
            self._before_start,
            lambda reason: None,
            journal=OrderJournal(stores.orders),
        )
        self.studio = Studio(settings, stores, engine, self.counter, PictureSafety(settings, stores, None))
        self._orders = 0

    async def _before_start(self, jobs: Any) -> None:
        await self.studio.before_start(jobs)

    async def order(self, model: str, count: int = 1, prompt: PortraitPrompt = COAT) -> Order:
        """Somebody orders a portrait."""
        self._orders += 1
        request = OrderRequest(
            source=f"test:{id(self)}:{self._orders}",
            place=Whereabouts(guild_id=1, channel_id=2),
            user_id=SAM,
            prompt=prompt,
            model=model,
            count=count,
        )
        return await self.studio.order(request, StatusMessage(message_id=1, token="t", token_expires_at=0.0))

    async def portrait(self, model: str, count: int = 1, prompt: PortraitPrompt = COAT) -> Result:
        """What becomes of an order."""
        await self.order(model, count, prompt)
        return await self.counter.handed_out.get()

    async def balance(self) -> int:
        return (await self.studio.account(1, SAM)).balance

    async def again(self) -> "House":
        """The studio ends, and starts anew on the same folder."""
        await self.studio.close(4.0)
        return House(self.settings, self.stores)


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    """All four, on loopback."""
    found: Providers = {provider: standin() for provider, standin in STANDINS.items()}
    for standin in found.values():
        await standin.start()
    yield found
    for standin in found.values():
        await standin.stop()
        assert standin.invalid == []


@pytest.fixture
def settings(tmp_path: Path, providers: Providers) -> Settings:
    values: dict[str, Any] = {}
    for name, standin in providers.items():
        values |= {f"{name}_api_key": SecretStr(KEY), f"{name}_base_url": standin.url + standin.prefix}
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=tmp_path / "var",
        data_free_mib=0,
        model_builtin=False,
        model_default="mango-2",
        spend_costs={"mango-2": 0.5},
        spend_daily={"mage": 1.2},
        **values,
    )


@pytest.fixture
async def house(settings: Settings, lay_books: Callable[[Path], object]) -> AsyncIterator[House]:
    lay_books(settings.data_folder)
    stores = await Stores.open(settings.data_folder)
    house = House(settings, stores)
    yield house
    await house.studio.close(4.0)
    await stores.close()


@pytest.mark.parametrize(("provider", "model"), MODELS)
async def test_each_hosted_model_makes_a_portrait_and_keeps_its_recipe(
    house: House, providers: Providers, provider: Provider, model: str
) -> None:
    """The words that were sent are the ones that the recipe shows, and it costs its price."""
    before = await house.balance()
    (portrait,) = (await house.portrait(model)).portraits
    assert portrait.model_title == house.studio.engine.catalogue.get(model).title
    assert portrait.words == providers[provider].bought[0].prompt
    assert "red coat" in portrait.words
    assert await house.balance() == before - house.settings.price_standard


async def saved(house: House, handle: str, said: Looks) -> None:
    """Somebody saves a face that was ordered with these words."""
    picture = await house.stores.pictures.stage(faces.png(f"{handle}-1"))
    words = looks.to_json(said)
    await house.stores.characters.save(SAM, 1, handle, picture, origin="portrait", looks=words, now=0.0)


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-image-2"), ("google", "nano-banana-2")])
async def test_hair_beard_and_glasses_of_saved_faces_go_along_each_to_its_own(
    house: House, providers: Providers, provider: Provider, model: str
) -> None:
    await saved(house, "ana", Looks(hair="long red hair", glasses="round glasses"))
    await saved(house, "kai", Looks(hair="a shaved head", beard="a grey beard"))
    prompt = parse("@ana and @kai with a moustache, in a cafe")
    (portrait,) = (await house.portrait(model, prompt=prompt)).portraits
    sent = providers[provider].bought[0].prompt
    assert "attached picture 1 with long red hair and round glasses and" in sent
    assert "attached picture 2 with a shaved head and a moustache" in sent
    assert "grey beard" not in sent
    assert "@ana: long red hair and round glasses; @kai: a shaved head (from when the face was saved)." in portrait.note


async def test_words_that_come_along_are_asked_of_policy_too(house: House) -> None:
    await saved(house, "ana", Looks(hair="clown hair"))
    settings = replace(await house.stores.servers.get(1), blocked_words=("clown",))
    await house.stores.servers.save(settings, actor_id=SAM, now=0.0)
    with pytest.raises(AgainstPolicy):
        await house.order("gpt-image-2", prompt=parse("@ana in a cafe"))


async def test_a_failure_says_what_it_was_and_gives_the_credits_back(house: House, providers: Providers) -> None:
    before = await house.balance()
    providers["mage"].fail("submit", "content")
    (sentence,) = (await house.portrait("mango-2")).sentences
    assert "content rules" in sentence
    assert "Your credits are back" in sentence
    assert await house.balance() == before


async def test_one_of_several_that_fails_is_refunded_alone(house: House, providers: Providers) -> None:
    before = await house.balance()
    providers["google"].fail("submit", "content")
    result = await house.portrait("nano-banana-2", count=3)
    assert (len(result.portraits), len(result.sentences)) == (2, 1)
    assert await house.balance() == before - 2 * house.settings.price_standard


async def test_a_lost_answer_is_refunded_and_told_to_the_operator(
    house: House, providers: Providers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    before = await house.balance()
    providers["openai"].fail("submit", "drop after")
    (sentence,) = (await house.portrait("gpt-image-2")).sentences
    assert "not known whether the portrait was made" in sentence
    assert await house.balance() == before
    assert "OpenAI may charge" in caplog.text
    assert len(providers["openai"].bought) == 1


@pytest.mark.parametrize(("provider", "model"), MODELS[:2])
async def test_a_portrait_bought_before_a_restart_arrives_after_it(
    house: House, providers: Providers, provider: Provider, model: str
) -> None:
    standin = providers[provider]
    standin.held = True
    order = await house.order(model)
    while await house.stores.orders.provider_ref(order.jobs[0].id) in ("", "sent"):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    later = await house.again()
    standin.let_go()
    assert await later.studio.resume() == 1
    assert len((await later.counter.handed_out.get()).portraits) == 1
    assert len(standin.bought) == 1
    assert standin.cancelled == []
    await later.studio.close(4.0)


@pytest.mark.parametrize(("provider", "model"), MODELS[2:])
async def test_after_a_restart_what_may_have_been_bought_without_a_ticket_is_refunded_and_told_to_the_operator(
    house: House, providers: Providers, provider: Provider, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = await house.balance()
    providers[provider].held = True
    await house.order(model)
    await providers[provider].asked.wait()
    later = await house.again()
    await later.studio.resume()
    (sentence,) = (await later.counter.handed_out.get()).sentences
    assert "not known whether the portrait was made" in sentence
    assert "Your credits are back" in sentence
    assert "may charge for a portrait that did not arrive" in caplog.text
    assert await later.balance() == before
    assert len(providers[provider].bought) == 1
    await later.studio.close(4.0)


@pytest.fixture
def priced(settings: Settings) -> Settings:
    """What everything costs the operator: a gem, a credit, and a picture where the provider says nothing."""
    costs = {"mango-2": 0.5, "flux-1.1-pro-ultra": 0.06, "gpt-image-2": 0.04, "nano-banana-2": 0.03}
    return settings.model_copy(update={"mage_unit_usd": 0.01, "bfl_unit_usd": 0.02, "spend_costs": costs})


@pytest.fixture
async def payer(priced: Settings) -> AsyncIterator[House]:
    """A studio where everything has a price."""
    stores = await Stores.open(priced.data_folder)
    house = House(priced, stores)
    yield house
    await house.studio.close(4.0)
    await stores.close()


async def spent(house: House) -> dict[str, int]:
    """What each provider has cost the operator, in thousandths of a dollar."""
    return {provider: await house.stores.orders.spent_usd_micros(provider, since=0.0) // 1000 for provider in STANDINS}


async def test_a_portrait_costs_what_the_provider_said_and_else_its_price(payer: House) -> None:
    """12 gems, 6 credits, and two providers whose answers name no price."""
    for _, model in MODELS:
        await payer.portrait(model)
    assert await spent(payer) == {"mage": 120, "bfl": 120, "openai": 40, "google": 30}
    sums = await payer.stores.costs.sums(1, since=0.0, day=0.0, month=0.0)
    assert [(one.provider, one.portraits, one.month_usd_micros // 1000) for one in sums] == [
        ("bfl", 1, 120),
        ("mage", 1, 120),
        ("openai", 1, 40),
        ("google", 1, 30),
    ]
    assert await payer.stores.costs.sums(2, since=0.0, day=0.0, month=0.0) == ()


async def test_a_failure_costs_what_the_provider_keeps(payer: House, providers: Providers) -> None:
    """A refusal costs nothing, Mage gives back its gems, Black Forest Labs keeps a moderated one, a loss counts."""
    providers["mage"].fail("result", "content")
    providers["bfl"].fail("result", "content")
    providers["openai"].fail("submit", "drop after")
    providers["google"].fail("submit", "content")
    for _, model in MODELS:
        assert len((await payer.portrait(model)).sentences) == 1
    assert await spent(payer) == {"mage": 0, "bfl": 120, "openai": 40, "google": 0}


async def test_the_days_ceiling_counts_what_the_provider_said(payer: House) -> None:
    """Four portraits of 12 cents leave room for one more of an expected 50, not for two, under 1.20."""
    for _ in range(4):
        await payer.portrait("mango-2")
    assert (await spent(payer))["mage"] == 480
    with pytest.raises(CeilingReached):
        await payer.order("mango-2", count=2)


async def test_a_ticket_asked_after_again_after_a_restart_costs_once(payer: House, providers: Providers) -> None:
    providers["mage"].held = True
    order = await payer.order("mango-2")
    while await payer.stores.orders.provider_ref(order.jobs[0].id) in ("", "sent"):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    later = await payer.again()
    providers["mage"].let_go()
    await later.studio.resume()
    await later.counter.handed_out.get()
    assert (await spent(later))["mage"] == 120
    await later.studio.close(4.0)


async def test_a_server_of_the_cluster_that_dies_costs_nobody_anything_twice(tmp_path: Path) -> None:
    """Eight portraits at two servers, one of which ends in the middle: eight arrive, and eight are paid for."""
    async with StandInServer() as first, StandInServer() as second:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
            data_folder=tmp_path / "var",
            data_free_mib=0,
            model_builtin=False,
            model_default="medium",
            cluster_urls=(f"{first.url}/v1", f"{second.url}/v1"),
            cluster_models=("stabilityai/stable-diffusion-3.5-medium=Medium",),
        )
        stores = await Stores.open(settings.data_folder)
        house = House(settings, stores)
        before = await house.balance()
        first.held = second.held = True
        await house.order("medium", count=4)
        await house.order("medium", count=4)
        while not (first.under_way and second.under_way):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await first.break_down()
        second.let_go()
        results = [await house.counter.handed_out.get() for _ in range(2)]
        assert [len(result.portraits) for result in results] == [4, 4]
        assert await house.balance() == before - 8 * settings.price_standard
        assert (len(first.bought), len(second.bought)) == (1, 8)
        await house.studio.close(4.0)
        await stores.close()


async def test_the_days_ceiling_of_a_provider_stops_orders_uncharged(house: House, providers: Providers) -> None:
    await house.portrait("mango-2", count=2)
    before = await house.balance()
    with pytest.raises(CeilingReached):
        await house.order("mango-2")
    assert await house.balance() == before
    assert len(providers["mage"].bought) == 2


async def test_a_provider_set_aside_is_refused_before_anything_is_charged(house: House, providers: Providers) -> None:
    providers["bfl"].fail("submit", "credit")
    await house.portrait("flux-1.1-pro-ultra")
    before = await house.balance()
    with pytest.raises(ModelUnavailable, match="keeps failing"):
        await house.order("flux-1.1-pro-ultra")
    assert await house.balance() == before
    assert providers["bfl"].bought == []


async def test_models_are_shown_with_what_they_are_for_and_cost(house: House, providers: Providers) -> None:
    providers["bfl"].fail("submit", "key")
    await house.portrait("flux-1.1-pro-ultra")
    embed = table(house.studio, await house.studio.account(1, SAM))
    shown = {str(field.name): str(field.value) for field in embed.fields}
    assert "Best for realistic skin" in shown["Mango 2 · the default"]
    assert "Costs you 10 credits" in shown["Mango 2 · the default"]
    assert any("Not now" in value for name, value in shown.items() if name.startswith("Flux"))
    assert "up to 16 saved faces" in shown["GPT Image 2"]
