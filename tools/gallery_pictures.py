"""Makes the pictures of a member's gallery in docs/operating.md: `python -m tools.gallery_pictures`.

A bot on the stand-in Discord, with the photo studio, makes a member's portraits, a saved face and a series; they open
their gallery with /gallery, and Chromium photographs it: wide and light, with two portraits compared, and narrow as a
phone and dark.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

from playwright.async_api import Page, expect

from tests.e2e.browser import browser_page, chromium
from tests.e2e.stage import LiveBot, finished
from tests.standin import Guild, Person, StandIn

FOLDER: Final = Path("docs")
PROMPTS: Final = (
    "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up",
    "a man with a grey beard, in a library, warm lamp light, 50mm",
    "a woman in a green coat, on a beach at dawn",
    "an old man with glasses, white shirt, studio portrait, softbox, close-up",
    "a young woman with black hair, yellow raincoat, in a night city, neon light",
    "a man with short brown hair, denim jacket, in the snow, overcast",
    "a woman with grey hair, black turtleneck, window light from the right, close-up",
)
FACE: Final = "a woman of 35 with dark hair, front view, window light, close-up"
WITH_FACE: Final = ("@ana in a white shirt, by the sea at sunset", "@ana in a red dress, in a kitchen")
SERIES: Final = ("@ana in a blue shirt, close-up", "light: window light | candlelight | neon light | golden hour")
PATIENCE_S: Final = 600
_ALL_LOADED: Final = (
    "[...document.querySelectorAll('img')].filter(one => one.checkVisibility({contentVisibilityAuto: true})"
    " && one.getBoundingClientRect().top < innerHeight).every(one => one.complete && one.naturalWidth)"
)
Scheme: TypeAlias = Literal["light", "dark"]
MakeLink: TypeAlias = Callable[[], Awaitable[str]]


def main() -> int:
    """Returns 0, or 2 where there is no Chromium."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery_pictures", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help=f"default {FOLDER}")
    options = parser.parse_args()
    if chromium() is None:
        print("There is no Chromium on this machine (Debian: apt install chromium).", file=sys.stderr)
        return 2
    asyncio.run(_made(options.folder))
    return 0


async def _made(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with StandIn() as standin, _stocked(standin, Path(data)) as make_link:
            await photograph(folder, make_link)


async def photograph(folder: Path, make_link: MakeLink) -> None:
    """The three pictures, each in a browser of its own that opens a link of its own."""
    async with browser_page(width=1280, height=1000) as page:
        await look_in(page, await make_link(), "light")
        await page.screenshot(path=folder / "gallery.png")
        await _compare(page)
        await page.screenshot(path=folder / "gallery-compared.png")
    async with browser_page(width=390, height=844) as page:
        await look_in(page, await make_link(), "dark")
        await page.screenshot(path=folder / "gallery-phone.png")
    print(f"Wrote gallery.png, gallery-compared.png and gallery-phone.png to {folder}.")


async def look_in(page: Page, link: str, scheme: Scheme) -> None:
    """Open a link as somebody does who was given it, and wait for the pictures in view."""
    await page.emulate_media(color_scheme=scheme)
    await page.goto(link)
    await page.get_by_role("button", name="Open my gallery").click()
    await expect(page.locator(".tile").first).to_be_visible()
    await pictures_are_there(page)


async def pictures_are_there(page: Page) -> None:
    """Every picture in the window has loaded."""
    async with asyncio.timeout(PATIENCE_S):
        while not await page.evaluate(_ALL_LOADED):  # noqa: ASYNC110 - the page's policy lets nothing wait in it
            await asyncio.sleep(0.05)


async def _compare(page: Page) -> None:
    boxes = page.locator(".tile").get_by_role("checkbox")
    for at in (0, 1):
        await boxes.nth(at).check()
    await page.get_by_role("button", name="Compare them").click()
    await expect(page.get_by_role("slider")).to_be_visible()
    await page.get_by_role("slider").fill("42")
    await pictures_are_there(page)


@asynccontextmanager
async def _stocked(standin: StandIn, folder: Path) -> AsyncIterator[MakeLink]:
    """A bot with galleries, and a member who has something to show; gives what makes a link of theirs."""
    guild = standin.add_guild("Studio")
    live = LiveBot(standin, settings_for(folder, guild.id))
    await live.start()
    channel = standin.add_channel(guild, "portraits")
    member = standin.add_member(guild, "sam")

    async def make_link() -> str:
        given = await (await member.slash(channel, "gallery")).shown("Your gallery")
        return next(button.url for button in given.buttons if button.url)

    try:
        await _order(standin, guild, member)
        yield make_link
    finally:
        await live.close()


def settings_for(folder: Path, guild_id: int) -> dict[str, object]:
    """The studio in a hurry, and galleries on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    return {
        "data_folder": folder / "var",
        "data_free_mib": 0,
        "discord_servers": (guild_id,),
        "model_studio_quality": "draft",
        "credits_daily": 100_000,
        "price_confirm_above": 100_000,
        "status_listen": where,
        "gallery_url": f"http://{where}",
    }


async def _order(standin: StandIn, guild: Guild, member: Person) -> None:
    channel = next(iter(standin.world.channels.values()))
    for prompt in (*PROMPTS, FACE):
        await finished(await member.slash(channel, "portrait", prompt=prompt), PATIENCE_S)
    await (await member.slash(channel, "character save", name="ana")).shown("ana")
    for prompt in WITH_FACE:
        await finished(await member.slash(channel, "portrait", prompt=prompt), PATIENCE_S)
    base, vary = SERIES
    series = await member.slash(channel, "series", prompt=base, vary=vary)
    await series.until(
        lambda one: one.message is not None and [file.name for file in one.message.attachments] == ["sheet.jpg"],
        PATIENCE_S,
    )


if __name__ == "__main__":
    sys.exit(main())
