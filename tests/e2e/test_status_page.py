"""The operator's page of a bot that works, over the stand-in Discord: its figures, and how it looks in Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from prometheus_client.parser import text_string_to_metric_families

from tests.bot.web.visitor import TOKEN, Visitor, visiting
from tests.e2e.browser import browser_page, chromium
from tests.e2e.stage import PROMPT, Stage
from tests.standin import StandIn
from tools.status_pictures import Scheme, look_in, studio_at_work

LOOKS: tuple[tuple[int, Scheme], ...] = ((390, "dark"), (1280, "light"))
SAFE_LABELS = {"model", "lane", "state", "outcome", "stage", "rule", "level", "code", "part", "le", "scope", "device"}


def samples(text: str) -> dict[str, list[tuple[Mapping[str, str], float]]]:
    """What Prometheus reads out of an answer, by the sample's name."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def order_is_counted(owner: Visitor) -> None:
    """An order is over a little later than its portrait is seen."""
    async with asyncio.timeout(60):
        while "likeness_orders_closed_total{" not in (await owner.ask("/metrics"))[1]:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)


async def test_figures_count_what_was_done_and_name_nobody(stage: Stage) -> None:
    live = stage.live(status_listen="127.0.0.1:0", status_token=TOKEN)
    bot = await live.start()
    assert bot.status_site is not None
    try:
        await stage.portrait()
        refused = await stage.order(prompt="a nude woman")
        await refused.until(lambda one: "Nothing was charged" in one.text, 60)
        async with visiting(bot.status_site.address, TOKEN) as owner:
            await order_is_counted(owner)
            status, text, headers = await owner.ask("/metrics")
            assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
            found = samples(text)
            ended = {"model": "tiny", "lane": "standard", "outcome": "finished"}
            assert found["likeness_portraits_total"] == [(ended, 1)]
            assert found["likeness_orders_closed_total"] == [({"outcome": "delivered"}, 1)]
            assert found["likeness_refusals_total"] == [({"rule": "adult-operator"}, 1)]
            assert ({"model": "tiny", "stage": "rendering"}, 1) in found["likeness_stage_seconds_count"]
            assert {labels["part"]: value for labels, value in found["likeness_ready"]} == dict.fromkeys(
                ("gateway", "database", "engine", "disk"), 1
            )
            assert sum(value for _, value in found["likeness_discord_responses_total"]) > 3
            assert found["likeness_model_memory_bytes"][0][0]["model"] == "tiny"
            labels = {name for each in found.values() for told, _ in each for name in told}
            assert labels <= SAFE_LABELS | {"place", "provider"}
            status, text_of_health, _ = await owner.ask("/health")
            assert (status, '"ready": true' in text_of_health) == (200, True)
            async with owner.watching() as states:
                state = await anext(states)
            assert (state["today"]["portraits"], state["today"]["refused"], state["running"]) == (1, 1, [])
            shown = text + str(state)
            for secret in (str(stage.ana.id), str(stage.guild.id), PROMPT, "nude", TOKEN, live.standin.token):
                assert secret not in shown
    finally:
        await live.close()


def heard_of(page: Page) -> list[str]:
    """What the browser has to complain of from now on: errors of scripts, and what the policy keeps out."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
async def test_the_page_shows_what_is_made_on_a_phone_and_on_a_desk_by_day_and_by_night(tmp_path: Path) -> None:
    grounds = set()
    async with StandIn() as standin, studio_at_work(standin, tmp_path) as address:
        for width, scheme in LOOKS:
            async with browser_page(width=width, height=900) as page:
                complaints = heard_of(page)
                await look_in(page, address, scheme)
                await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
                assert await page.evaluate("document.documentElement.scrollWidth") == width
                grounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
                await expect(page.locator("#queue tbody tr").first).to_be_visible()
                await expect(page.locator("#state")).to_have_text("In order, in 1 server")
                # Chromium notes that the door says 401 until the token is given, and a preview that is over.
                assert [one for one in complaints if "Failed to load resource" not in one] == []
                await page.get_by_role("button", name="Log out").click()
                await expect(page.get_by_label("Token")).to_be_visible()
    assert len(grounds) == 2
