"""The best of several by review: one is shown, each is paid or refunded alone, and a restart decides the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core import extras
from bot.core.best_of_several import BestPortrait
from bot.core.errors import Refused
from bot.core.requests import OrderRequest, Whereabouts
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Result
from bot.core.tiers import with_built_in
from data.core.data_errors import DatabaseBusy
from data.credits.accounts import Account
from data.orders.jobs import Order
from engine.jobs.job import Lane, PictureSpec
from engine.prompt import PortraitPrompt
from tests.bot.core.test_identity_retries import SAM, House, charged
from tests.bot.judging import ByBrightness


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=tmp_path / "var",
        data_free_mib=0,
        likeness_threshold=0,
    )


@pytest.fixture
async def stores(settings: Settings, lay_books: Callable[[Path], object]) -> AsyncIterator[Stores]:
    lay_books(settings.data_folder)
    stores = await Stores.open(settings.data_folder)
    yield stores
    await stores.close()


def best_of(result: Result) -> BestPortrait:
    assert result.best is not None
    assert [result.best.portrait] == list(result.portraits)
    return result.best


def places(best: BestPortrait) -> tuple[str, list[str]]:
    """Which jobs made the one that is shown and the others."""
    return best.portrait.job_id[-1], [one.job_id[-1] for one in best.others]


async def rendered(house: House, order: Order[PictureSpec], count: int) -> None:
    """So many of its portraits are stored, and the painter is stuck with the next."""
    assert house.painter.stuck is not None
    await house.painter.stuck.wait()
    while sum(row.state == "rendered" for row in (await house.studio.find_order(order.id)).jobs) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_the_best_is_shown_and_each_is_paid_and_reviewed_once(settings: Settings, stores: Stores) -> None:
    judge = ByBrightness()
    house = House(settings, stores, "kai-1", "ana-1", "kai-4", "ana-2", judge=judge)
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order(best_of=4)
    best = best_of(await house.delivered())
    assert places(best) == ("1", ["0", "2", "3"])
    assert (best.reviewed, best.by_review, judge.looks) == (4, True, 4)
    assert judge.asked[0].subject == "a woman"
    assert await charged(house, before) == 4 * order.jobs[0].price
    await house.studio.seen_through(order.id)
    await house.studio.review(best.portrait)
    assert judge.looks == 4, "what is kept is not looked at again"
    await house.studio.close(1.0)


async def test_one_that_fails_is_refunded_and_the_best_of_the_rest_is_shown(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1", "fails", "ana-2", judge=ByBrightness())
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order(best_of=3)
    result = await house.delivered()
    assert places(best_of(result)) == ("2", ["0"])
    assert len(result.sentences) == 1
    assert await charged(house, before) == 2 * order.jobs[0].price
    await house.studio.close(1.0)


async def test_what_cannot_be_reviewed_comes_in_its_order_and_that_is_not_called_the_best(
    settings: Settings, stores: Stores
) -> None:
    house = House(settings, stores, "kai-1", "ana-1", judge=ByBrightness(broken="its process ended"))
    await house.order(best_of=2)
    best = best_of(await house.delivered())
    assert places(best) == ("0", ["1"])
    assert (best.reviewed, best.by_review) == (0, False)
    await house.studio.close(1.0)


async def test_a_restart_between_making_and_showing_decides_the_same(
    settings: Settings, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run chose without reviews and ended before anybody was shown anything; the next has them all."""
    house = House(settings, stores, "kai-1", "ana-1", judge=ByBrightness(broken="it ended"))
    order = await house.order(best_of=2)

    async def never(*_: object) -> None:
        raise DatabaseBusy

    with monkeypatch.context() as patched:
        patched.setattr(house.counter, "deliver", never)
        await house.studio.seen_through(order.id)
    await house.studio.close(1.0)
    assert [row.state for row in (await house.studio.find_order(order.id)).jobs] == ["rendered", "rendered"]
    judge = ByBrightness()
    after = House(settings, stores, judge=judge)
    assert await after.studio.resume() == 1
    best = best_of(await after.delivered())
    assert places(best) == ("0", ["1"])
    assert not best.by_review
    await after.studio.close(1.0)


async def test_a_stop_while_some_are_made_ends_in_one_best_and_one_payment_each(
    settings: Settings, stores: Stores
) -> None:
    house = House(settings, stores, "kai-1", judge=ByBrightness())
    house.painter.stuck = asyncio.Event()
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order(best_of=2)
    await rendered(house, order, 1)
    await house.studio.close(0.2)
    judge = ByBrightness()
    after = House(settings, stores, "ana-1", judge=judge)
    await after.studio.resume()
    assert places(best_of(await after.delivered())) == ("1", ["0"])
    assert judge.looks == 1, "the first has its review"
    assert await charged(after, before) == 2 * order.jobs[0].price
    await after.studio.close(1.0)


async def test_a_cancel_leaves_the_best_of_what_is_made(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1", "ana-1", judge=ByBrightness())
    house.painter.stuck = asyncio.Event()
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order(best_of=3)
    await rendered(house, order, 2)
    assert await house.studio.cancel(order) == 1
    assert places(best_of(await house.delivered())) == ("1", ["0"])
    assert await charged(house, before) == 2 * order.jobs[0].price
    await house.studio.close(0.2)


async def test_a_portrait_below_the_bar_is_made_again_for_one_price(settings: Settings, stores: Stores) -> None:
    judge = ByBrightness()
    told = settings.model_copy(update={"review_retry_below": 38.0})
    house = House(told, stores, "kai-4", "kai-1", "ana-1", judge=judge)
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order()
    (portrait,) = (await house.delivered()).portraits
    attempts = await stores.attempts.of_job(portrait.job_id)
    assert [(one.chosen, one.review is not None) for one in attempts] == [(False, True), (False, True), (True, True)]
    kept = (await stores.reviews.of([portrait.id]))[portrait.id]
    assert kept.overall == attempts[2].review
    assert (judge.looks, await charged(house, before)) == (3, order.jobs[0].price)
    await house.studio.close(1.0)


async def test_hosted_models_are_not_made_again_for_their_review(settings: Settings, stores: Stores) -> None:
    told = settings.model_copy(update={"review_retry_below": 100.0})
    house = House(told, stores, "kai-4", provider="mage", judge=ByBrightness())
    await house.order()
    assert len((await house.delivered()).portraits) == 1
    await house.studio.close(1.0)


async def test_what_a_tier_has_at_one_price_and_what_is_asked_first(settings: Settings, stores: Stores) -> None:
    tiers = with_built_in({"free": {"best_of": 3}})
    told = settings.model_copy(update={"tiers": tiers})
    request = OrderRequest(
        source="test:2",
        place=Whereabouts(guild_id=1, channel_id=2),
        user_id=SAM,
        prompt=PortraitPrompt(subject="a woman"),
        count=4,
        extras=extras.Extras(best_of=True),
    )
    assert extras.from_text(extras.to_text(request.extras)) == request.extras
    account, local = Account(1, 1, SAM, 100, 0, "free", None), House(told, stores, judge=ByBrightness())
    hosted = House(told, stores, provider="mage", judge=ByBrightness())
    for house, asked, expected in (
        (local, request, [10, 10, 0, 0]),
        (local, replace(request, count=2), [10, 0]),
        (local, replace(request, lane=Lane.FAST), [60] * 4),
        (local, replace(request, extras=extras.NOTHING_MORE), [10] * 4),
        (hosted, request, [10] * 4),
    ):
        models = [house.engine.catalogue.models[0]] * asked.count
        assert house.studio.validator._prices(asked, account, models) == expected
    nobody = House(settings, stores)
    nobody.studio.reviewer.missing = lambda: "scipy is not installed"  # type: ignore[method-assign]
    with pytest.raises(Refused, match="scipy is not installed"):
        await nobody.order(best_of=2)
    for house in (local, hosted, nobody):
        await house.studio.close(0.2)
