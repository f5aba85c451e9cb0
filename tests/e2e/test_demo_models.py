"""The five models on the demo page: each is chosen from the list, makes a portrait, and shows the words it was sent.

The providers are stand-ins in this process, reached by the demo's own process over loopback.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from engine.models.model import Provider
from tests.e2e.browser import DemoProcess, StudioPage, browser_page, chromium
from tests.engine.providers.serve import environment, standins
from tests.engine.providers.standin import StandIn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        chromium() is None and os.environ.get("CI") != "true",
        reason="there is no Chromium on this machine (Debian: apt install chromium)",
    ),
]

PROMPT = "a woman with red hair, blue sweater"
MODELS: list[tuple[str, Provider]] = [
    ("Mango 2", "mage"),
    ("Flux 1.1 Pro Ultra", "bfl"),
    ("GPT Image 2", "openai"),
    ("Nano Banana 2", "google"),
    ("Stable Diffusion 3.5 Large", "mage"),
]


@dataclass(frozen=True, slots=True)
class Visit:
    """The open page, and the providers that the demo behind it asks."""

    studio: StudioPage
    providers: dict[Provider, StandIn]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """One demo with the stand-ins configured, and one browser, for all models."""
    assert chromium(), "There is no Chromium, and in CI no test is skipped (Debian: apt install chromium)."
    async with standins(size=(64, 96)) as providers:
        demo = DemoProcess(tmp_path_factory.mktemp("hosted"), ("--hosted",), environment(providers))
        try:
            await demo.start()
            async with browser_page() as page:
                studio = StudioPage(page)
                await studio.open(demo.address)
                yield Visit(studio, providers)
        finally:
            await demo.stop()
        assert {name: standin.invalid for name, standin in providers.items() if standin.invalid} == {}


@pytest.mark.parametrize(("title", "provider"), MODELS)
async def test_a_model_is_chosen_makes_a_portrait_and_shows_the_words_it_was_sent(
    visit: Visit, title: str, provider: Provider
) -> None:
    """The card names the model, the picture is there, and the button Words tells what the provider was sent."""
    studio = visit.studio
    bought = visit.providers[provider].bought
    before = len(bought)
    (number,) = await studio.order(PROMPT, model=title)
    (sent,) = bought[before:]
    recipe = await studio.recipe(number)
    assert (recipe["Subject"], recipe["Clothes"]) == ("a woman with red hair", "blue sweater")
    assert f" · {title} · " in recipe["Made with"]
    assert await studio.picture_loaded(number) == (64, 96)
    assert "red hair" in sent.prompt
    await studio.press_for_answer(number, "Words", "The words that were sent")
    shown = await studio.latest.inner_text()
    assert words_of(sent.prompt) in words_of(shown)


def words_of(text: str) -> str:
    """The text on one line and without the marks that the page draws, such as typographic quotes."""
    return " ".join("".join(each if each.isalnum() else " " for each in text).split())
