"""An erasure cannot be outrun: what had begun before it stores no row and no file, whatever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.characters.saved_characters import FaceMeasure
from data.characters.saved_references import References
from data.core import presence
from data.core.audit import AuditAction
from data.core.data_errors import DataError, PortraitGone
from data.core.presence import BeingErased, ErasedMeanwhile
from data.credits.ledger import LedgerNote
from data.orders.attempts import Attempt, Attempts
from data.orders.jobs import NewFrames
from data.orders.price_quotes import Quote, Quotes
from data.orders.saved_styles import Draft, Drafts, Styles
from data.people import personal_rows
from data.people.blocked_faces import BlockedFaces
from data.people.gallery_keys import GalleryKeys
from data.people.misreadings import Misreading, Misreadings
from data.people.questions import Questions
from data.people.refused_orders import RefusedOrders
from data.people.servers import ServerSettings
from data.pictures.handed_in import HandedIn
from data.pictures.withheld import NewWithheld, WithheldPictures
from tests.data.conftest import FACTS, GUILD, NOON, order, png
from tests.data.people.test_erasure import EMBEDDING, LENA, MIRA, PATTERN, SAM, SECRET, WHY, Studio

Store = Callable[[Studio], Awaitable[object]]
WITHHELD = NewWithheld(guild_id=GUILD, user_id=SAM, rule="handed-in-sexual", score=0.9, scored_by="test", words=SECRET)


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Sam and Lena each have a face under the name of "face"."""
    studio = await Studio.open(tmp_path / "var")
    for user, shade in ((SAM, 1), (LENA, 2)):
        await studio.accounts.grant(GUILD, user, 100, LedgerNote(key=str(user), actor_id=MIRA, now=NOON))
        await save_character(studio, user, "face", shade)
    yield studio
    await studio.db.close()


async def save_character(studio: Studio, user: int, handle: str, shade: int) -> None:
    staged, crop = await studio.pictures.stage(png(shade)), await studio.pictures.stage(png(shade + 100))
    face = FaceMeasure(EMBEDDING, PATTERN, 1)
    await studio.characters.save(
        user, GUILD, handle, staged, origin="upload", crop=crop, face=face, description=SECRET, looks=SECRET, now=NOON
    )


async def add_version(studio: Studio) -> None:
    staged = await studio.pictures.stage(png(12))
    await studio.characters.add(SAM, "face", staged, origin="upload", now=NOON)


async def keep_handed_in(studio: Studio) -> None:
    staged = await studio.pictures.stage(png(13))
    await HandedIn(studio.db, studio.pictures).keep(SAM, staged, now=NOON, expires_at=NOON + 60)


async def save_reference(studio: Studio) -> None:
    staged = await studio.pictures.stage(png(14))
    await References(studio.db, studio.pictures).save(SAM, GUILD, "coat", "outfit", staged, origin="upload", now=NOON)


async def add_quote(studio: Studio) -> None:
    quote = Quote(
        id="1" * 16, guild_id=GUILD, user_id=SAM, prompt=SECRET, model=None, lane="standard", count=1,
        parent_portrait_id=None, price=1, created_at=NOON, expires_at=NOON + 1, more=SECRET,
    )  # fmt: skip
    await Quotes(studio.db).add(quote)


async def place_series(studio: Studio) -> None:
    new = replace(order(5, user=SAM), prompt=SECRET)
    frames = NewFrames(series_id=new.id, varies="environment", frames=((1, SECRET),))
    await studio.orders.place(replace(new, series=frames), now=NOON)


async def report(studio: Studio) -> None:
    await studio.character_reports.report(await lenas(studio), guild_id=GUILD, reporter_id=SAM, reason=WHY, now=NOON)


async def disable(studio: Studio) -> None:
    await studio.character_reports.disable(await lenas(studio), guild_id=GUILD, actor_id=SAM, reason=WHY, now=NOON)


async def enable(studio: Studio) -> None:
    await studio.character_reports.enable(await lenas(studio), guild_id=GUILD, actor_id=SAM, now=NOON)


async def lenas(studio: Studio) -> int:
    character = await studio.characters.get(LENA, "face")
    assert character is not None
    return character.id


STORES: dict[str, Store] = {
    "a character": lambda s: save_character(s, SAM, "me", 11),
    "a version": add_version,
    "a name": lambda s: s.characters.rename(SAM, "face", "face"),
    "a share": lambda s: s.characters.share(SAM, "face", GUILD),
    "a description": lambda s: s.characters.describe(SAM, "face", description=SECRET, scale=0.5),
    "a default": lambda s: s.characters.set_default(SAM, "face", 1),
    "a picture handed in": keep_handed_in,
    "a reference": save_reference,
    "a style": lambda s: Styles(s.db).save(SAM, "rain", SECRET, now=NOON),
    "a draft": lambda s: Drafts(s.db).save(Draft("0" * 16, SAM, SECRET), now=NOON),
    "a quote": add_quote,
    "a misreading": lambda s: Misreadings(s.db).add(Misreading("2" * 16, SAM, SECRET, SECRET, "", 1, NOON)),
    "a question": lambda s: Questions(s.db).ask(SAM, "right to picture", 1, now=NOON),
    "an order": lambda s: s.orders.place(replace(order(5, user=SAM), prompt=SECRET), now=NOON),
    "a series": place_series,
    "an account": lambda s: s.accounts.get(99, SAM, now=NOON),
    "a grant": lambda s: s.accounts.grant(GUILD, SAM, 5, LedgerNote(key="g", actor_id=MIRA, reason=WHY, now=NOON)),
    "a grant by them": lambda s: s.accounts.grant(
        GUILD, LENA, 5, LedgerNote(key="b", actor_id=SAM, reason=WHY, now=NOON)
    ),
    "a withdrawal": lambda s: s.accounts.revoke(
        GUILD, SAM, 5, LedgerNote(key="r", actor_id=MIRA, reason=WHY, now=NOON)
    ),
    "a tier": lambda s: s.accounts.grant_tier(
        GUILD, SAM, "unlimited", LedgerNote(key="t", actor_id=MIRA, reason=WHY, now=NOON), until=None
    ),
    "the end of a tier": lambda s: s.accounts.revoke_tier(
        GUILD, SAM, LedgerNote(key="t", actor_id=MIRA, reason=WHY, now=NOON)
    ),
    "a ban": lambda s: s.bans.add(GUILD, SAM, actor_id=MIRA, reason=WHY, now=NOON),
    "a ban by them": lambda s: s.bans.add(GUILD, LENA, actor_id=SAM, reason=WHY, now=NOON),
    "a report": report,
    "a disabled character": disable,
    "a character let in again": enable,
    "settings": lambda s: s.servers.save(ServerSettings(guild_id=GUILD, adult=True), actor_id=SAM, now=NOON),
    "access of a server": lambda s: s.servers.set_access(GUILD, allowed=True, actor_id=SAM, reason=WHY, now=NOON),
    "an entry of the audit": lambda s: s.audit.append(GUILD, SAM, AuditAction.REFUSED, detail=SECRET, now=NOON),
    "a refused order": lambda s: RefusedOrders(s.db).add(GUILD, SAM, "minors", SECRET, now=NOON),
    "a link to a gallery": lambda s: GalleryKeys(s.db).make_link(SAM, GUILD, now=NOON),
    "a withheld picture": lambda s: WithheldPictures(s.db).add(WITHHELD, now=NOON),
    "a blocked face": lambda s: BlockedFaces(s.db).add(GUILD, bytes(512), 1, actor_id=SAM, reason=WHY, now=NOON),
    "a return": lambda s: s.privacy.recognise(SAM, now=NOON),
}
HANG_ON_AN_ORDER = {
    *("job_tries", "portraits", "portrait_reviews", "order_characters", "order_edits", "order_references", "pictures"),
    "jobs",
}
HANG_ON_A_LINK = {"gallery_sessions"}


async def everything(studio: Studio) -> list[tuple[object, ...]]:
    """All rows of all tables, and the names of all picture files."""
    tables = await studio.db.fetch_all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    rows: list[tuple[object, ...]] = []
    for (table,) in tables:
        rows += [(table, *row) for row in await studio.db.fetch_all(f"SELECT * FROM {table}")]  # noqa: S608
    return [*rows, *sorted((file.name,) for file in studio.pictures.folder.iterdir())]


@pytest.mark.parametrize("what", STORES)
async def test_what_began_before_an_erasure_is_not_stored_after_it(studio: Studio, what: str) -> None:
    presence.begin()
    await studio.erase()
    before = await everything(studio)
    with pytest.raises(ErasedMeanwhile):
        await STORES[what](studio)
    assert await everything(studio) == before


@pytest.mark.parametrize("what", sorted(STORES.keys() - {"a return"}))
async def test_nothing_is_stored_while_an_erasure_is_under_way(studio: Studio, what: str) -> None:
    """Also by what began after it, and after a restart in the middle."""
    await studio.privacy.begin(SAM, now=NOON)
    for one in (studio, await Studio.open(studio.db.folder)):
        presence.begin()
        before = await everything(one)
        with pytest.raises(BeingErased):
            await STORES[what](one)
        assert await everything(one) == before
    await one.db.close()


async def test_who_comes_back_can_store_again_and_so_can_everybody_else(studio: Studio) -> None:
    presence.begin()
    await studio.erase()
    await save_character(studio, LENA, "other", 30)
    presence.begin()
    await save_character(studio, SAM, "me", 11)
    await Styles(studio.db).save(SAM, "rain", SECRET, now=NOON)
    assert list(await studio.characters.handles(SAM)) == ["me"]


async def test_who_left_is_forgotten_only_when_nothing_can_be_under_way(studio: Studio) -> None:
    presence.begin()
    await studio.erase()
    await studio.privacy.forget_links(now=NOON)
    with pytest.raises(ErasedMeanwhile):
        await Styles(studio.db).save(SAM, "rain", SECRET, now=NOON)
    await studio.privacy.forget_links(now=NOON)
    assert (studio.db.presence._left, studio.db.presence._left_earlier) == ({}, {})


async def test_every_table_of_a_person_is_stored_into_by_one_of_these(studio: Studio) -> None:
    """A new kind of thing belongs into `STORES`, or hangs on an order or a link that an erasure ends."""
    stored: set[str] = set()
    for store in STORES.values():
        before = set(await everything(studio))
        await store(studio)
        stored |= {str(row[0]) for row in set(await everything(studio)) - before if len(row) > 1}
    assert (personal_rows.GONE | personal_rows.LEFT.keys()) - stored - HANG_ON_AN_ORDER - HANG_ON_A_LINK == set()


async def test_a_link_to_a_gallery_opens_nothing_once_its_person_is_erased(studio: Studio) -> None:
    keys = GalleryKeys(studio.db)
    first = await keys.make_link(SAM, GUILD, now=NOON)
    session = await keys.exchange(first, now=NOON)
    assert session is not None
    link = await keys.make_link(SAM, GUILD, now=NOON)
    await studio.privacy.begin(SAM, now=NOON)
    with pytest.raises(BeingErased):
        await keys.exchange(link, now=NOON)
    await studio.privacy.erase(SAM, now=NOON)
    before = await everything(studio)
    assert await keys.exchange(link, now=NOON) is None
    assert await keys.session(session, now=NOON) is None
    assert await everything(studio) == before


async def test_what_hangs_on_an_order_ends_with_it(studio: Studio) -> None:
    """A try that was being measured, a portrait that was being stored, a message that was being sent, a ticket."""
    new = replace(order(5, user=SAM), prompt=SECRET)
    placed = await studio.orders.place(new, now=NOON)
    job_id, staged = placed.jobs[0].id, await studio.pictures.stage(png(20))
    await studio.orders.end(job_id, "cancelled", "", NOON)
    await studio.orders.close(new.id)
    await studio.erase()
    before = [row for row in await everything(studio) if row[0] != staged.file.name]
    attempts = Attempts(studio.db)
    assert not await attempts.record(job_id, Attempt(number=1, seed=1, likenesses=(91.0,)), NOON)
    assert not await attempts.record(job_id, Attempt(number=2, seed=1, likenesses=(91.0,)), NOON, again=True)
    with pytest.raises(DataError):
        await studio.orders.store(job_id, staged, replace(FACTS, words=SECRET), NOON)
    await studio.orders.set_message(new.id, 4001, 1)
    await studio.orders.found_no_way(new.id, NOON)
    assert await everything(studio) == before
    # What a provider charges is still counted: the operator pays it.
    await studio.orders.set_provider_ref(job_id, SECRET, 7)
    (row,) = await studio.db.fetch_all("SELECT provider_ref, charged_usd_micros FROM jobs")
    assert tuple(row) == ("erased", 7)


async def test_a_portrait_of_somebody_erased_is_neither_saved_nor_changed_by_others(studio: Studio) -> None:
    """Lena had chosen it before."""
    portrait_id = await studio.delivered(replace(order(5, user=SAM), from_upload=True), shade=21)
    await studio.erase()
    before = await everything(studio)
    staged = await studio.pictures.stage(png(22))
    with pytest.raises(PortraitGone):
        await studio.characters.save(LENA, GUILD, "sams", staged, origin="upload", portrait_id=portrait_id, now=NOON)
    with pytest.raises(PortraitGone):
        await studio.orders.place(replace(order(5, user=LENA), parent_portrait_id=portrait_id), now=NOON)
    assert await everything(studio) == before
