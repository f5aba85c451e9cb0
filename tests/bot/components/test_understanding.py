"""Prompts that may have been misread: asked about before they are paid for, made with one press, mended in one form."""

import json
import time
from pathlib import Path
from typing import Any

from bot.core import typed_words
from bot.core.extras import Extras, FrameRequest, SeriesRequest
from bot.operations import readings
from data.core.database import FILE_NAME
from data.credits.ledger import LedgerNote
from data.people.misreadings import kept_in
from engine.prompt import PortraitPrompt
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, labels, said

SWEDISH = "en gammal fiskare med grått skägg, gul regnrock, mjukt ljus från vänster"
MENDED = "Subject: en gammal fiskare\nmed grått skägg\nClothes: gul regnrock\nLight: mjukt ljus från vänster"


async def asked(world: World, prompt: str = SWEDISH, **options: Any) -> Any:
    """The private card that asks about a prompt."""
    return answer(await world.sam.slash(world.channel, "portrait", prompt=prompt, **options))


async def portraits(world: World) -> int:
    return len(await world.stores.portraits.of_user(world.guild.id, world.sam.id))


async def mend(world: World, card: Any) -> None:
    form = await world.sam.click(card, label="Mend it…")
    await world.sam.submit_modal(form, {"reading": MENDED})


async def test_a_doubtful_prompt_is_asked_about_in_private_and_made_with_one_press(world: World) -> None:
    """Also after a restart; pressed again it orders nothing."""
    before = await world.balance(world.sam)
    card = await asked(world)
    assert card.ephemeral
    assert card.embeds[0].title == "Is this right?"
    assert "regnrock" in card.embeds[0].description
    assert labels(card) == ["Make it as it is", "Mend it…", "Report a misreading", "Cancel"]
    assert (await portraits(world), await world.balance(world.sam)) == (0, before)
    await world.restart()
    copy = await world.button(card.components[0]["components"][0]["custom_id"])
    assert "someone else" in said(await world.lena.click(copy, label="Forged"))
    await world.sam.click(card, label="Make it as it is")
    shown = world.channel.last_message
    assert len(shown.attachments) == 1
    assert await world.balance(world.sam) == before - 10
    assert "answered already" in said(await world.sam.click(copy, label="Forged"))
    assert await portraits(world) == 1


async def test_a_mended_prompt_is_made_as_it_was_mended_and_its_misreading_told(world: World, tmp_path: Path) -> None:
    """What is stored is said before, stored once, exported for the operator, and goes with its author."""
    card = await asked(world)
    await mend(world, card)
    assert await portraits(world) == 0
    report = await world.sam.click(card, label="Report a misreading")
    assert "Your id is kept" in said(report)
    assert fields(answer(report))["Your words"] == SWEDISH
    database = world.settings.data_folder / FILE_NAME
    assert not kept_in(database)
    await world.sam.click(answer(report), label="Store it")
    await world.sam.click(card, label="Make it as it is")
    made = (await world.stores.portraits.of_user(world.guild.id, world.sam.id))[0]
    assert made.spec.prompt.subject == "en gammal fiskare med grått skägg"
    assert readings.export(world.settings, tmp_path / "out.jsonl") == 0
    told = json.loads((tmp_path / "out.jsonl").read_text())
    assert told["text"] == SWEDISH
    assert told["marked"] == ("{s:en gammal fiskare med grått skägg}, {c:gul regnrock}, {l:mjukt ljus från vänster}")
    assert str(world.sam.id) not in json.dumps(told)
    again = await world.sam.click(card, label="Report a misreading")
    assert "stored already" in said(await world.sam.click(answer(again), label="Store it"))
    await world.stores.privacy.begin(world.sam.id, now=time.time())
    await world.stores.privacy.erase(world.sam.id, now=time.time())
    assert not kept_in(database)


async def test_a_misreading_of_a_finished_portrait_is_written_down_by_its_author(world: World) -> None:
    """Under its words, with what is stored said before; nobody else is offered it."""
    shown = await world.portrait(world.sam, "an old man, red coat, a quay")
    words = answer(await world.sam.click(shown, label="Words"))
    assert not labels(answer(await world.lena.click(shown, label="Words")))
    report = answer(await world.sam.click(words, label="Report a misreading"))
    assert "Your id is kept" in report.embeds[0].description
    form = await world.sam.click(report, label="Write it down and store it…")
    copy = await world.button(report.components[0]["components"][0]["custom_id"])
    assert "someone else" in said(await world.lena.click(copy, label="Forged"))
    typed = {"typed": "an old man red coat quay", "meant": "Subject: an old man\nClothes: red coat\nPlace: quay"}
    await world.sam.submit_modal(form, typed)
    [kept] = kept_in(world.settings.data_folder / FILE_NAME)
    assert (kept.words, json.loads(kept.meant)["environment"]) == (typed["typed"], "quay")
    again = await world.sam.click(copy, label="Forged")
    assert "stored already" in said(await world.sam.submit_modal(again, typed))


async def test_a_dear_doubtful_order_shows_its_price_along_and_ends_with_its_time(world: World) -> None:
    note = LedgerNote(key="t", actor_id=1, now=time.time())
    await world.stores.accounts.grant(world.guild.id, world.sam.id, 900, note)
    card = await asked(world, count=2, fast=True)
    assert fields(card)["Price"] == "120 credits"
    await world.sam.click(card, label="Make it as it is")
    assert await portraits(world) == 2
    late = await asked(world)
    async with world.stores.database.transaction() as tx:
        await tx.execute("UPDATE quotes SET expires_at = ?", (time.time() - 1,))
    assert "held until" in said(await world.sam.click(late, label="Make it as it is"))
    cancelled = await asked(world)
    await world.sam.click(cancelled, label="Cancel")
    assert "Nothing was charged" in cancelled.embeds[0].description
    assert await portraits(world) == 2


async def test_nobody_is_asked_where_the_server_does_not_want_it_or_the_order_is_refused(world: World) -> None:
    assert "no character called nobody" in said(
        await world.sam.slash(world.channel, "portrait", prompt=f"@nobody {SWEDISH}")
    )
    await world.mira.slash(world.channel, "settings", ask_when_unsure=False)
    await world.sam.slash(world.channel, "portrait", prompt=SWEDISH)
    assert await portraits(world) == 1


def test_a_mended_series_keeps_what_varies_in_its_frames() -> None:
    before = PortraitPrompt(subject="a man gul regnrock", environment="a pier")
    frames = tuple(
        FrameRequest(
            number=at, label=place, prompt=PortraitPrompt(subject=before.subject, environment=place), model=None
        )
        for at, place in enumerate(("beach", "forest"), 1)
    )
    wanted = Extras(series=SeriesRequest(series_id="", varies="environment", frames=frames))
    after = typed_words.from_lines("a man\nClothes: a coat\nPlace: a quay", before)
    mended = typed_words.mended_extras(wanted, before, after).series
    assert mended is not None
    assert [frame.prompt for frame in mended.frames] == [
        PortraitPrompt(subject="a man", clothing="a coat", environment=place) for place in ("beach", "forest")
    ]
