"""The demo as a newcomer meets it: the process of `make demo`, Chromium, and what the welcome message says to do."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.browser import DemoProcess, StudioPage, browser_page, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        chromium() is None and os.environ.get("CI") != "true",
        reason="there is no Chromium on this machine (Debian: apt install chromium)",
    ),
]

PROMPT = "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up"
RECIPE = {
    "Subject": "a woman with red hair",
    "Clothes": "blue sweater",
    "Place": "in a forest",
    "Light": "lit from the left",
    "Camera": "85mm close-up",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """The running demo, the open page, and the number of the first portrait."""

    demo: DemoProcess
    studio: StudioPage
    first: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    """One bot and one browser for all tests here, with a first portrait made by typing what the welcome says."""
    assert chromium(), "There is no Chromium, and in CI no test is skipped (Debian: apt install chromium)."
    demo = DemoProcess(tmp_path_factory.mktemp("demo"), environment={"MODEL_STUDIO_QUALITY": "draft"})
    await demo.start()
    try:
        async with browser_page() as page:
            studio = StudioPage(page)
            await studio.open(demo.address)
            (first,) = await studio.order(PROMPT)
            yield Visit(demo, studio, first)
    finally:
        await demo.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ana(visit: Visit) -> str:
    """The face of the first portrait, saved by the button under it; returns what the bot said."""
    await visit.studio.press_for_form(visit.first, "Save as character")
    await visit.studio.fill_form("ana")
    await expect(visit.studio.latest).to_contain_text("Saved.")
    return await visit.studio.latest.inner_text()


async def test_words_become_a_picture_with_its_recipe(visit: Visit) -> None:
    """Typing /portrait and a prompt gives a 2:3 picture and the slots that were understood."""
    shown = await visit.studio.recipe(visit.first)
    assert {name: shown.get(name) for name in RECIPE} == RECIPE
    assert "Seed" in shown["Made with"]
    width, height = await visit.studio.picture_loaded(visit.first)
    assert 2 * height == 3 * width > 0
    await expect(visit.studio.message(visit.first)).to_contain_text("AI-generated")


async def test_progress_is_seen_moving(visit: Visit) -> None:
    """While three portraits develop, the page shows different steps, then all three."""
    numbers = await visit.studio.order(PROMPT, count="3")
    assert len(visit.studio.steps) >= 2
    assert len(numbers) == 3
    await expect(visit.studio.message(numbers[0]).get_by_role("combobox")).to_be_visible()


async def test_reroll_makes_another_portrait_of_the_same_words(visit: Visit) -> None:
    """The Reroll button gives a second portrait with the same recipe and another seed, linked to the first."""
    studio = visit.studio
    (second,) = await studio.portraits_after(lambda: studio.press(visit.first, "Reroll"))
    before, after = await studio.recipe(visit.first), await studio.recipe(second)
    assert {name: after.get(name) for name in RECIPE} == RECIPE
    assert f"from No. {visit.first}" in after["Made with"]
    assert after["Made with"].split(" · ")[0] != before["Made with"].split(" · ")[0]


async def test_a_saved_face_is_used_by_its_name(visit: Visit, ana: str) -> None:
    """Save as character asks for a name, and the next prompt takes it."""
    assert "@ana" in ana
    (number,) = await visit.studio.order("@ana in a white shirt, by the sea at sunset")
    shown = await visit.studio.recipe(number)
    assert (shown["Character"], shown["Clothes"]) == ("@ana", "in a white shirt")


async def test_only_the_light_changes(visit: Visit) -> None:
    """Change…, Light: the form has that slot alone, and the other five, the character and the seed stay."""
    studio = visit.studio
    await studio.change(visit.first, "Light")
    await expect(studio.form.get_by_role("textbox")).to_have_value(RECIPE["Light"])
    (changed,) = await studio.portraits_after(lambda: studio.fill_form("candlelight from below"))
    before, after = await studio.recipe(visit.first), await studio.recipe(changed)
    assert after["Light"] == "candlelight from below"
    made, made_before = after.pop("Made with"), before.pop("Made with")
    assert f"from No. {visit.first}" in made
    assert made.split(" · ")[0] == made_before.split(" · ")[0]
    for shown in (before, after):  # what the review says of each picture is that picture's own
        shown.pop("Face", None)
        shown.pop("Please note", None)
    assert {**after, "Light": before["Light"]} == before


async def test_edit_changes_the_portrait_in_words(visit: Visit) -> None:
    """The Edit… button asks what to change; the result says so and where it came from."""
    studio = visit.studio
    await studio.press_for_form(visit.first, "Edit…")
    (changed,) = await studio.portraits_after(lambda: studio.fill_form("lit by candles"))
    shown = await studio.recipe(changed)
    assert shown["Changed"] == "lit by candles"
    assert f"from No. {visit.first}" in shown["Made with"]


async def test_a_series_ends_as_one_sheet(visit: Visit) -> None:
    """/series with what is the same and what varies: one message, one picture, a line a frame."""
    studio, keyboard = visit.studio, visit.studio.page.keyboard
    await studio.command("series")
    await keyboard.type("a man in a coat")
    await keyboard.press("Tab")
    await keyboard.type("place: beach | forest")
    await studio.run()
    await expect(studio.latest).to_contain_text("2. forest", timeout=60_000)
    await expect(studio.latest).to_contain_text("Make a frame again")
    await expect(studio.latest.locator("img[src]").first).to_be_visible()


async def test_a_moderator_grants_credits(visit: Visit) -> None:
    """Viewing as mira, /grant credits gives sam credits, and only she sees the answer."""
    studio, keyboard = visit.studio, visit.studio.page.keyboard
    await studio.view_as("mira")
    await studio.command("grant credits")
    await studio.choose("sam")
    await keyboard.type("250")
    await studio.run()
    await expect(studio.latest).to_contain_text("got 250 credits")
    await studio.view_as("sam")
    await expect(studio.page.get_by_text("got 250 credits")).to_have_count(0)


async def test_another_picture_makes_a_new_version(visit: Visit, ana: str) -> None:
    """/character add puts the latest portrait to the face; its card shows both versions."""
    studio = visit.studio
    await studio.order(PROMPT)
    await studio.command("character add")
    await studio.choose("ana")
    await studio.run()
    await expect(studio.latest).to_contain_text("@ana:2")
    await studio.command("character show")
    await studio.choose("ana")
    await studio.run()
    await expect(studio.latest).to_contain_text("Versions")
    await expect(studio.latest.locator("img").first).not_to_have_js_property("naturalWidth", 0)


async def test_a_shared_face_is_everybodys_until_it_is_not(visit: Visit, ana: str) -> None:
    """After /character share another member writes @ana; she may not delete it."""
    studio = visit.studio
    await studio.command("character share")
    await studio.choose("ana")
    await studio.run()
    await expect(studio.latest).to_contain_text("Everybody in this server")
    await studio.view_as("mira")
    (number,) = await studio.order("@ana in a green coat")
    assert (await studio.recipe(number))["Character"] == "@ana"
    await studio.command("character delete")
    await studio.page.keyboard.type("ana")
    await expect(studio.page.get_by_text("No options match")).to_be_visible()
    await studio.run_refused("somebody else's")
    await studio.view_as("sam")


async def test_a_member_has_everything_of_hers_erased(visit: Visit, ana: str) -> None:
    """/privacy erase asks first; then her portraits are gone, and other people's faces are not."""
    studio = visit.studio
    await studio.view_as("mira")
    (number,) = await studio.order("a man with a grey beard, studio")
    await studio.command("privacy erase")
    await studio.run()
    await studio.latest.get_by_role("button", name="Erase everything").click()
    await expect(studio.message(number)).to_have_count(0, timeout=60_000)
    await studio.view_as("sam")
    await studio.command("character list")
    await studio.run()
    await expect(studio.latest).to_contain_text("@ana")


async def test_a_second_start_still_knows_the_characters(visit: Visit, ana: str) -> None:
    """Ctrl+C ends the demo; started again on the same folder it lists the saved face."""
    assert await visit.demo.stop() == 0
    await visit.demo.start()
    await visit.studio.open(visit.demo.address)
    await visit.studio.command("character list")
    await visit.studio.run()
    await expect(visit.studio.latest).to_contain_text("@ana")
