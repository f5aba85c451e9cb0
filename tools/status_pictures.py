"""Makes the pictures of the status page in docs/operating.md: `python -m tools.status_pictures`.

A bot on the stand-in Discord, with the photo studio, has some orders at once; Chromium photographs its page while one
is being made: wide and light, and as narrow as a phone and dark.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import async_playwright, expect

from bot.client import StudioBot
from tests.e2e.browser import ARGUMENTS, chromium
from tests.e2e.stage import LiveBot, finished
from tests.standin import Channel, Guild, StandIn

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
    ("status.png", 1280, 900, "light"),
    ("status-phone.png", 390, 844, "dark"),
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
    async with StandIn() as standin:
        with tempfile.TemporaryDirectory() as data:
            guild = standin.add_guild("Studio")
            live = LiveBot(standin, _settings(Path(data), guild.id))
            bot = await live.start()
            try:
                await _order(standin, standin.add_channel(guild, "portraits"), guild)
                for name, width, height, scheme in _PAGES:
                    await _photograph_page(_address(bot), folder / name, width, height, scheme)
            finally:
                await live.close()


def _address(bot: StudioBot) -> str:
    if bot.status_site is None:
        raise RuntimeError("the bot has no status page")
    return bot.status_site.address


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


async def _order(standin: StandIn, channel: Channel, guild: Guild) -> None:
    """One portrait that is finished, one that is refused, and several that are not begun or under way."""
    people = [standin.add_member(guild, f"member {number}") for number in range(len(PROMPTS))]
    await finished(await people[0].slash(channel, "portrait", prompt=PROMPTS[0]), PATIENCE_S)
    await (await people[0].slash(channel, "portrait", prompt="a nude woman")).wait_acked()
    for person, prompt in zip(people, PROMPTS, strict=True):
        await (await person.slash(channel, "portrait", prompt=prompt, quality="fine")).wait_acked()
    logging.getLogger("bot.delivery.messenger").warning("delivery did not get through: DiscordServerError")


async def _photograph_page(address: str, target: Path, width: int, height: int, scheme: Scheme) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE_S * 1000)
        await page.goto(address)
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Open the status page").click()
        image = page.locator("#now img").first
        await image.wait_for()
        await expect(image).not_to_have_js_property("naturalWidth", 0)
        await page.screenshot(path=target, full_page=True)
        await browser.close()
    print(f"Wrote {target}.")


if __name__ == "__main__":
    sys.exit(main())
