"""Makes the pictures of the status page in docs/operating.md: `python -m tools.status_pictures`.

A bot on the stand-in Discord, with the photo studio, has some orders at once; Chromium photographs its page while one
is being made: wide and light, and as narrow as a phone and dark.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Page, expect

from tests.e2e.browser import browser_page, chromium
from tests.e2e.stage import LiveBot, finished
from tests.standin import Guild, StandIn

FOLDER: Final = Path("docs")
TOKEN: Final = "a-token-for-these-pictures"  # noqa: S105 - of a page that is gone when the picture is there
PROMPTS: Final = (
    "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up",
    "a man with a grey beard, in a library, warm lamp light",
    "a woman in a green coat, on a beach at dawn",
    "an old man with glasses, studio portrait, softbox",
)
PATIENCE_S: Final = 400
Scheme = Literal["light", "dark"]
_PAGES: Final[tuple[tuple[str, int, int, Scheme], ...]] = (
    ("status.png", 1280, 1100, "light"),
    ("status-phone.png", 390, 1100, "dark"),
)


def main() -> int:
    """Returns 0, or 2 where there is no Chromium."""
    parser = argparse.ArgumentParser(prog="python -m tools.status_pictures", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help=f"default {FOLDER}")
    options = parser.parse_args()
    if chromium() is None:
        print("There is no Chromium on this machine (Debian: apt install chromium).", file=sys.stderr)
        return 2
    asyncio.run(_photograph(options.folder))
    return 0


async def _photograph(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with StandIn() as standin, studio_at_work(standin, Path(data), finished_one=True) as address:
            for name, width, height, scheme in _PAGES:
                async with browser_page(width=width, height=height) as page:
                    await look_in(page, address, scheme)
                    await page.screenshot(path=folder / name)
                print(f"Wrote {folder / name}.")


@asynccontextmanager
async def studio_at_work(standin: StandIn, folder: Path, *, finished_one: bool = False) -> AsyncIterator[str]:
    """A bot that makes a portrait while others wait, and has `finished_one` before; the address of its page."""
    guild = standin.add_guild("Studio")
    live = LiveBot(standin, _settings(folder, guild.id))
    bot = await live.start()
    try:
        if bot.status_site is None:
            raise RuntimeError("the bot has no status page")
        await _order(standin, guild, finished_one=finished_one)
        yield bot.status_site.address
    finally:
        await live.close()


async def look_in(page: Page, address: str, scheme: Scheme) -> None:
    """Open the page with the token, and wait for the preview of what is being made."""
    await page.emulate_media(color_scheme=scheme)
    await page.goto(address)
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Open the status page").click()
    await expect(page.locator("#now img").first).not_to_have_js_property("naturalWidth", 0)


def _settings(folder: Path, guild_id: int) -> dict[str, object]:
    return {
        "data_folder": folder / "var",
        "data_free_mib": 0,
        "discord_servers": (guild_id,),
        "model_studio_quality": "draft",
        "bfl_api_key": "a-key",
        "spend_daily": {"bfl": 10},
        "status_listen": "127.0.0.1:0",
        "status_token": TOKEN,
    }


async def _order(standin: StandIn, guild: Guild, *, finished_one: bool) -> None:
    """Perhaps one portrait that is finished, one that is refused, and several that are under way or wait."""
    channel = standin.add_channel(guild, "portraits")
    people = [standin.add_member(guild, f"member {number}") for number in range(len(PROMPTS))]
    if finished_one:
        await finished(await people[0].slash(channel, "portrait", prompt=PROMPTS[0]), PATIENCE_S)
    await (await people[0].slash(channel, "portrait", prompt="a nude woman")).wait_acked()
    for person, prompt in zip(people, PROMPTS, strict=True):
        await (await person.slash(channel, "portrait", prompt=prompt, quality="fine")).wait_acked()
    logging.getLogger("bot.delivery.messenger").warning("delivery did not get through: DiscordServerError")


if __name__ == "__main__":
    sys.exit(main())
