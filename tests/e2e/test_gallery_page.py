"""A member's gallery, from /gallery over the stand-in Discord to Chromium and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.client import StudioBot
from bot.maintenance import erasing
from bot.web.gallery_texts import TEXTS
from tests.bot.web.galleries import character, free_port, portrait
from tests.e2e.browser import browser_page, chromium
from tests.e2e.stage import Stage
from tests.e2e.test_status_page import heard_of
from tools.gallery_pictures import Scheme, look_in, pictures_are_there

LOOKS: tuple[tuple[int, Scheme], ...] = ((390, "dark"), (1280, "light"))


async def link_from(stage: Stage) -> str:
    """What /gallery gives ana, and ben does not see."""
    given = await (await stage.ana.slash(stage.channel, "gallery")).shown("Your gallery")
    assert given.ephemeral_to is stage.ana.user
    (link,) = [button.url for button in given.buttons if button.url]
    assert link.startswith("http://127.0.0.1:")
    return link


async def stocked(stage: Stage, bot: StudioBot) -> list[int]:
    """Two more portraits of ana's, one with a face of hers and one in a series, and one of ben's."""
    guild = stage.guild.id
    _, face = await character(bot.stores, stage.ana.id, "ana")
    numbers = [
        await portrait(bot.stores, stage.ana.id, "@ana in a velvet coat", references=(face,), guild=guild),
        await portrait(bot.stores, stage.ana.id, "a man by lamp light", series=True, guild=guild),
    ]
    await portrait(bot.stores, stage.ben.id, "an aubergine", guild=guild)
    return numbers


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
async def test_a_member_seeks_compares_downloads_and_deletes_and_is_out_once_erased(
    stage: Stage, tmp_path: Path
) -> None:
    where = f"127.0.0.1:{free_port()}"
    live = stage.live(status_listen=where, gallery_url=f"http://{where}")
    bot = await live.start()
    try:
        message = await stage.portrait()
        (made,) = await bot.stores.portraits.of_user(None, stage.ana.id)
        coat, lamp = await stocked(stage, bot)
        grounds = set()
        for width, scheme in LOOKS:
            async with browser_page(width=width, height=900) as page:
                complaints = heard_of(page)
                link = await link_from(stage)
                await look_in(page, link, scheme)
                assert "#" not in page.url
                assert await page.evaluate("document.cookie") == ""
                await expect(page.locator("#said")).to_have_text("Portraits: 3")
                await seeks_and_compares(page, coat, lamp)
                assert await page.evaluate("document.documentElement.scrollWidth") == width
                grounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
                if width == LOOKS[-1][0]:
                    await deletes(page, made.id)
                    await erasing.erase(bot, stage.ana.id)
                    await page.reload()
                    await expect(page.get_by_text(TEXTS["door_no_link"])).to_be_visible()
                await page.goto(link)
                await page.get_by_role("button", name=TEXTS["door_open"]).click()
                await expect(page.get_by_role("alert")).to_have_text(TEXTS["door_failed"])
                # Chromium notes that the door says 401 or 403.
                assert [one for one in complaints if "Failed to load resource" not in one] == []
        assert len(grounds) == 2
        assert list(bot.stores.pictures.thumbnails.iterdir()) == []
        await stage.standin.until(lambda: message not in stage.channel.history, 30, "the message to be deleted")
    finally:
        await live.close()


async def seeks_and_compares(page: Page, coat: int, lamp: int) -> None:
    await page.get_by_label(TEXTS["search"]).fill("velvet")
    await expect(page.locator(".tile")).to_have_count(1)
    await expect(page.locator("#said")).to_have_text("Found: 1")
    await page.get_by_role("button", name=TEXTS["clear"]).click()
    await page.get_by_label(TEXTS["character"], exact=True).select_option(label="@ana")
    await expect(page.locator(".tile")).to_have_count(1)
    await page.get_by_role("link", name=TEXTS["characters"]).click()
    await expect(page.get_by_role("heading", name="@ana")).to_be_visible()
    await page.get_by_role("link", name=TEXTS["series"], exact=True).click()
    await expect(page.get_by_text("by lamp light", exact=True)).to_be_visible()
    await page.go_back()
    await page.get_by_role("link", name=TEXTS["portraits"]).click()
    for number in (coat, lamp):
        await page.get_by_role("checkbox", name=TEXTS["choose_number"].format(number=number)).check()
    await page.get_by_role("button", name=TEXTS["compare"], exact=True).click()
    slider = page.get_by_role("slider")
    await expect(slider).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(slider).to_have_value("49")
    await expect(page.locator("#two tbody")).to_contain_text("in a velvet coat")
    await page.keyboard.press("Escape")
    await opens_one(page, coat)


async def opens_one(page: Page, number: int) -> None:
    await page.get_by_role("link", name=re.compile(rf"^AI-generated portrait No\. {number},")).press("Enter")
    detail = page.get_by_role("dialog")
    await expect(detail.get_by_role("heading", name=TEXTS["number"].format(number=number))).to_be_visible()
    await pictures_are_there(page)
    await expect(detail.get_by_role("textbox")).to_have_value(
        re.compile(r"^/portrait prompt:Characters: @ana subject:@ana clothing:in a velvet coat ")
    )
    async with page.expect_download() as told:
        await detail.get_by_role("link", name=TEXTS["download"]).click()
    assert (await told.value).suggested_filename == f"likeness-{number}.png"
    await page.keyboard.press("Escape")
    await expect(detail).to_be_hidden()


async def deletes(page: Page, number: int) -> None:
    await page.locator(f".tile[data-id='{number}'] a").click()
    await page.get_by_role("button", name=TEXTS["delete"]).click()
    await page.get_by_role("button", name=TEXTS["delete_yes"]).click()
    await expect(page.locator("#said")).to_have_text(TEXTS["deleted"].format(number=number))
    await expect(page.locator(f".tile[data-id='{number}']")).to_have_count(0)
