"""Makes the README's picture: `python -m tools.screenshot` runs the demo, uses it in Chromium and photographs the page.

The portrait, the saved face and the second portrait are ordered by keyboard and mouse, as the welcome message says.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import expect

from tests.e2e.browser import DemoProcess, StudioPage, browser_page, chromium

PICTURE: Final = Path("docs/demo.png")
FIRST: Final = "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up"
SECOND: Final = "@ana in a white shirt, by the sea at sunset"
WIDTH: Final = 760
HEIGHT: Final = 2720
ABOVE: Final = 112
"""So high is what the page has above the channel."""


def main() -> int:
    """Returns 0, or 2 where there is no Chromium."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshot", description="Makes the README's picture.")
    parser.add_argument("target", type=Path, nargs="?", default=PICTURE, help=f"default {PICTURE}")
    options = parser.parse_args()
    if chromium() is None:
        print("There is no Chromium on this machine (Debian: apt install chromium).", file=sys.stderr)
        return 2
    asyncio.run(_photograph(options.target))
    print(f"Wrote {options.target} ({options.target.stat().st_size / 1024:.0f} KiB).")
    return 0


async def _photograph(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        demo = DemoProcess(Path(folder) / "data")
        await demo.start()
        try:
            async with browser_page(width=WIDTH, height=HEIGHT) as page:
                studio = StudioPage(page)
                await studio.open(demo.address)
                await _use(studio)
                await page.screenshot(path=target, clip={"x": 0, "y": ABOVE, "width": WIDTH, "height": HEIGHT - ABOVE})
        finally:
            await demo.stop()


async def _use(studio: StudioPage) -> None:
    (first,) = await studio.order(FIRST)
    await studio.press_for_form(first, "Save as character")
    await studio.fill_form("ana")
    await expect(studio.latest).to_contain_text("Saved.")
    (second,) = await studio.order(SECOND)
    for number in (first, second):
        await studio.picture_loaded(number)
    await studio.message(second).get_by_role("combobox").scroll_into_view_if_needed()
    await studio.page.mouse.move(WIDTH - 1, 0)


if __name__ == "__main__":
    sys.exit(main())
