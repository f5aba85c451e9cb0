"""`python -m tests.standin.gallery_bench [--json]`: a gallery of 10,000 portraits.

How long its pages, words that nothing has, and pictures take, beside how late the event loop is meanwhile; and, where
there is Chromium, how long a browser takes for each frame while the whole list scrolls by.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.client import StudioBot
from data.core.files import write_durably
from engine.prompt import parse, to_json
from tests.bot.web.galleries import GUILD, SAM, free_port
from tests.bot.web.visitor import opened, settings_for, visiting
from tests.data.conftest import png
from tests.e2e.browser import browser_page, chromium
from tools.gallery_pictures import look_in

PORTRAITS: Final = 10_000
PICTURES: Final = 200
PROMPTS: Final = (
    "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up",
    "a man with a grey beard, in a library, warm lamp light, 50mm, visible pores",
    "a woman in a green coat, on a beach at dawn, wind in her hair",
)
PAGE_AT_MOST_MS: Final = 100.0
LAG_AT_MOST_MS: Final = 50.0
FRAME_AT_MOST_MS: Final = 50.0
_STEP_PX: Final = 400
# Scrolls by so much in every frame until nothing more comes; the milliseconds between frames, and how much there was.
_SCROLL: Final = """async (step) => {
  const frames = [];
  let before = performance.now(), quiet = 0;
  while (quiet < 90 || !document.getElementById('more').hidden) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
    const at = scrollY;
    scrollBy(0, step);
    quiet = scrollY === at ? quiet + 1 : 0;
  }
  return { frames, tiles: document.querySelectorAll('.tile').length, nodes: document.querySelectorAll('*').length };
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryFigures:
    """Milliseconds but for the counts; pages over the whole list, `nothing` for words that no portrait has."""

    portraits: int
    page_median_ms: float
    page_worst_ms: float
    nothing_ms: float
    nothing_requests: int
    overview_ms: float
    thumbnail_first_ms: float
    thumbnail_kept_ms: float
    lag_p99_ms: float
    lag_worst_ms: float
    scrolled: dict[str, float] = field(default_factory=dict)

    @property
    def missed(self) -> list[str]:
        """The aims that were missed, as sentences."""
        found = []
        if self.page_median_ms > PAGE_AT_MOST_MS:
            found.append(f"a page takes more than {PAGE_AT_MOST_MS:.0f} ms")
        if self.lag_p99_ms > LAG_AT_MOST_MS:
            found.append(f"the loop lags by more than {LAG_AT_MOST_MS:.0f} ms")
        if self.scrolled and self.scrolled["frame_p95_ms"] > FRAME_AT_MOST_MS:
            found.append(f"a frame takes more than {FRAME_AT_MOST_MS:.0f} ms")
        return found


async def stock(bot: StudioBot, portraits: int) -> None:
    """So many portraits of one person, of fewer pictures, written in one transaction."""
    files = bot.stores.pictures
    hashes = []
    for number in range(PICTURES):
        content = png(number * 37, (832, 1248))
        hashes.append(hashlib.sha256(content).hexdigest())
        await asyncio.to_thread(write_durably, files.file(hashes[-1], "png"), content)
    prompts = [(words, to_json(parse(words))) for words in PROMPTS]
    async with bot.stores.database.transaction() as tx:
        for sha256 in hashes:
            await tx.execute("INSERT INTO pictures VALUES (?, 'png', 1, 832, 1248)", (sha256,))
        await tx.execute("INSERT INTO accounts (id, guild_id, user_id, created_at) VALUES (1, ?, ?, 1)", (GUILD, SAM))
        for number in range(1, portraits + 1):
            words, prompt = prompts[number % len(prompts)]
            key = f"{number:016x}"
            await tx.execute(
                "INSERT INTO orders (id, source, account_id, channel_id, prompt, upload_limit, from_upload, state,"
                " created_at) VALUES (?1, ?1, 1, 1, '', 0, 0, 'closed', ?2)",
                (key, number),
            )
            await tx.execute(
                "INSERT INTO jobs (id, order_id, position, model, provider, cost_usd_micros, lane, seed, width, height,"
                " steps, guidance, price, created_at) VALUES (?1, ?1, 0, 'm', 'local', 0, 'standard', 1, 832, 1248, 28,"
                " 4.5, 0, ?2)",
                (key, number),
            )
            await tx.execute(
                "INSERT INTO portraits (job_id, order_id, guild_id, channel_id, message_id, user_id, sha256, width,"
                " height, seed, model, model_title, prompt, words, negative, steps, guidance, render_s, note,"
                " created_at)"
                " VALUES (?1, ?1, ?2, 1, ?3, ?4, ?5, 832, 1248, ?3, ?6, ?6, ?7, ?8, '', 28, 4.5, 1, '', ?3)",
                (key, GUILD, number, SAM, hashes[number % PICTURES], f"model-{number % 4}", prompt, words * 4),
            )


class _Asking:
    """One member's browser, as far as it asks."""

    def __init__(self, visitor: Any, cookie: str) -> None:
        self._visitor = visitor
        self._headers = {"Cookie": f"likeness_gallery={cookie}"}

    async def timed(self, path: str) -> tuple[float, dict[str, Any]]:
        """Milliseconds, and what was answered where that is JSON."""
        while True:
            began = time.perf_counter()
            status, text, _ = await self._visitor.ask(f"/gallery/{path}", headers=self._headers)
            took = (time.perf_counter() - began) * 1000
            if status == 429:
                await asyncio.sleep(1)
                continue
            assert status == 200, (path, status)
            return took, json.loads(text) if ".json" in path else {}

    async def pages(self, query: str = "") -> list[float]:
        """The milliseconds of every page to the end."""
        found, after = [], None
        while True:
            took, page = await self.timed(f"portraits.json?{query}{'' if after is None else f'&before={after}'}")
            found.append(took)
            after = page["after"]
            if after is None:
                return found


async def measure(portraits: int) -> GalleryFigures:
    """A bot with such a gallery, on a folder that goes away afterwards."""
    where = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
        told = settings_for(Path(folder), status_listen=where, gallery_url=f"http://{where}", discord_servers=(GUILD,))
        async with opened(told) as (bot, site), visiting(site.address) as visitor:
            await stock(bot, portraits)
            link = await bot.stores.gallery_keys.make_link(SAM, GUILD, now=time.time())
            asking = _Asking(visitor, await bot.stores.gallery_keys.exchange(link, now=time.time()) or "")
            lags = _Lags()
            pages = await asking.pages()
            nothing = await asking.pages("words=aubergine")
            overview, _ = await asking.timed("overview.json")
            first = [(await asking.timed(f"portraits/{number}/thumbnail"))[0] for number in range(1, 41)]
            kept = [(await asking.timed(f"portraits/{number}/thumbnail"))[0] for number in range(1, 41)]
            scrolled = await _scrolled(bot, site.address) if chromium() else {}
            late = sorted(await lags.end())
    return GalleryFigures(
        portraits=portraits,
        page_median_ms=round(statistics.median(pages), 1),
        page_worst_ms=round(max(pages), 1),
        nothing_ms=round(sum(nothing), 1),
        nothing_requests=len(nothing),
        overview_ms=round(overview, 1),
        thumbnail_first_ms=round(statistics.median(first), 1),
        thumbnail_kept_ms=round(statistics.median(kept), 1),
        lag_p99_ms=round(late[int(len(late) * 0.99)], 1),
        lag_worst_ms=round(late[-1], 1),
        scrolled=scrolled,
    )


class _Lags:
    """How late a sleep of 10 ms ends, over and over."""

    def __init__(self) -> None:
        self._found: list[float] = []
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            self._found.append((time.perf_counter() - began - 0.01) * 1000)

    async def end(self) -> list[float]:
        """All that was found, in milliseconds."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self._found


async def _scrolled(bot: StudioBot, address: str) -> dict[str, float]:
    """What Chromium says of the whole list scrolling by."""
    secret = await bot.stores.gallery_keys.make_link(SAM, GUILD, now=time.time())
    async with browser_page() as page:
        await look_in(page, f"{address}/gallery/open#{secret}", "light")
        began = time.perf_counter()
        found = await page.evaluate(_SCROLL, _STEP_PX)
        frames = sorted(found["frames"])
        return {
            "seconds": round(time.perf_counter() - began, 1),
            "tiles": found["tiles"],
            "nodes": found["nodes"],
            "frames": len(frames),
            "frame_median_ms": round(statistics.median(frames), 1),
            "frame_p95_ms": round(frames[int(len(frames) * 0.95)], 1),
            "frame_worst_ms": round(frames[-1], 1),
        }


def table(figures: GalleryFigures) -> str:
    """The figures for people."""
    lines = [
        f"a gallery of {figures.portraits:,} portraits",
        f"a page: {figures.page_median_ms} ms (worst {figures.page_worst_ms}); models, characters and count: "
        f"{figures.overview_ms} ms",
        f"words that nothing has: {figures.nothing_ms} ms in {figures.nothing_requests} requests",
        f"a thumbnail: {figures.thumbnail_first_ms} ms when it is made, {figures.thumbnail_kept_ms} ms afterwards",
        f"loop lag: {figures.lag_p99_ms} ms at the 99th percentile (worst {figures.lag_worst_ms})",
    ]
    if figures.scrolled:
        lines.append("Chromium, all of it scrolling by: {tiles} portraits in {seconds} s, {frames} frames of "
                     "{frame_median_ms} ms (95th percentile {frame_p95_ms}, worst {frame_worst_ms}), {nodes} elements"
                     .format(**figures.scrolled))  # fmt: skip
    return "\n".join(lines + [f"MISSED: {one}" for one in figures.missed])


def main() -> int:
    """Print the figures as a table, or as JSON with --json; the exit code is 1 when an aim was missed."""
    parser = argparse.ArgumentParser(description="A gallery of 10,000 portraits.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--portraits", type=int, default=PORTRAITS)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.portraits))
    print(json.dumps(asdict(figures)) if options.json else table(figures))
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
