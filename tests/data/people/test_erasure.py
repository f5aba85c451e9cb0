"""Erasing a person: nothing of theirs stays on the disk, the books add up, and nobody gains by it."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.stores import SPEC_FORM
from data.characters.saved_characters import FaceMeasure
from data.characters.saved_references import References
from data.core.data_errors import CeilingReached, DataError, GrantLimitReached, InsufficientCredits
from data.core.database import Database
from data.credits import ledger
from data.credits.accounts import GrantLimits
from data.credits.ledger import LedgerNote
from data.orders.attempts import Attempt, Attempts
from data.orders.jobs import NewFrames, NewPicture, SpendCeiling
from data.orders.order_rows import NewEdit
from data.orders.price_quotes import Quote, Quotes
from data.orders.saved_styles import Draft, Drafts, Styles
from data.people import personal_export, personal_rows
from data.people.blocked_faces import BlockedFaces
from data.people.character_reports import CharacterReports
from data.people.erasure import LIMITS_LAST_S, OrdersOpen, Privacy
from data.people.gallery_keys import GalleryKeys
from data.people.misreadings import Misreading, Misreadings
from data.people.questions import Questions
from data.people.refused_orders import RefusedOrders
from data.pictures.handed_in import HandedIn
from data.pictures.kept_reviews import KeptReview
from data.pictures.withheld import NewWithheld, WithheldPictures
from engine.prompt import PortraitPrompt
from tests.data.conftest import DAY, FACTS, GUILD, NOON, SPEC, House, order, png
from tests.data.stepping import Crash, crashed_at

SAM = 711_222_333_444_555_001
LENA = 711_222_333_444_555_002
MIRA = 711_222_333_444_555_003
SECRET = "a velvet aubergine astronaut"
WHY = "because of the pelican"
TODAY = "2027-01-15"
MESSAGES = (4001, 4002)
EMBEDDING, PATTERN = secrets.token_bytes(512), secrets.token_bytes(1024)
HOLDS_A_PERSON = re.compile(r"(user|actor|target|owner|reporter|author|moderator|member)_id$|_by$")


@dataclass(frozen=True, slots=True)
class Studio(House):
    """The house with the rooms that know more of a person."""

    privacy: Privacy
    character_reports: CharacterReports
    questions: Questions

    @classmethod
    async def open(cls, folder: Path) -> Studio:
        house = await House.open(folder)
        await house.pictures.sweep()
        privacy = Privacy(house.db, house.pictures)
        await privacy.load()
        rooms: dict[str, Any] = {name: getattr(house, name) for name in House.__slots__}
        return cls(
            **rooms,
            privacy=privacy,
            character_reports=CharacterReports(house.db, privacy.marks),
            questions=Questions(house.db),
        )

    async def erase(self, user_id: int = SAM, now: float = NOON) -> None:
        await self.privacy.begin(user_id, now=now)
        await self.privacy.erase(user_id, now=now)
        await self.privacy.scrub()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    studio = await Studio.open(tmp_path / "var")
    yield studio
    await studio.db.close()


async def live(studio: Studio) -> None:
    """Sam leaves something in every table; Lena's things are there to stay."""
    await studio.servers.set_access(GUILD, allowed=True, actor_id=SAM, reason=WHY, now=NOON)
    await studio.accounts.get(GUILD, SAM, now=NOON, allowance=30, day=TODAY)
    for to, actor in ((SAM, MIRA), (LENA, SAM), (LENA, MIRA)):
        key = f"{to}:{actor}"
        await studio.accounts.grant(GUILD, to, 100, LedgerNote(key=f"c{key}", actor_id=actor, reason=WHY, now=NOON))
        await studio.accounts.grant_tier(
            GUILD, to, "unlimited", LedgerNote(key=f"t{key}", actor_id=actor, reason=WHY, now=NOON), until=None
        )
    face = FaceMeasure(EMBEDDING, PATTERN, 1)
    for user, handle, shade in ((SAM, "self", 1), (LENA, "lena", 11)):
        staged, crop = await studio.pictures.stage(png(shade)), await studio.pictures.stage(png(shade + 1))
        await studio.characters.save(
            user, GUILD, handle, staged, origin="upload", crop=crop, face=face if user == SAM else None,
            description=SECRET if user == SAM else "", looks=SECRET if user == SAM else "", now=NOON,
        )  # fmt: skip
    own = await studio.characters.get(SAM, "self")
    assert own is not None
    await studio.characters.keep_fitted(own.references[0].sha256, SECRET)
    await portraits(studio)
    await studio.questions.ask(SAM, "right to picture", 1, now=NOON)
    await Styles(studio.db).save(SAM, "rain", SECRET, now=NOON)
    await Styles(studio.db).save(LENA, "rain", "rain", now=NOON)
    await Drafts(studio.db).save(Draft("0" * 16, SAM, SECRET), now=NOON)
    galleries = GalleryKeys(studio.db)
    await galleries.exchange(await galleries.make_link(SAM, GUILD, now=NOON), now=NOON)
    await galleries.make_link(SAM, GUILD, now=NOON)
    await Quotes(studio.db).add(
        Quote(
            id="1" * 16, guild_id=GUILD, user_id=SAM, prompt=SECRET, model=None, lane="standard", count=1,
            parent_portrait_id=None, price=1, created_at=NOON, expires_at=NOON + 1, more=SECRET, typed=SECRET,
        )
    )  # fmt: skip
    for user in (SAM, LENA):
        words = SECRET if user == SAM else "rain"
        await Misreadings(studio.db).add(Misreading(f"{user:016x}", user, words, words, words, 1, NOON))
        pictures = WithheldPictures(studio.db)
        record = NewWithheld(
            guild_id=GUILD, user_id=user, rule="picture-sexual", score=0.9, scored_by="test", words=words
        )
        await pictures.add(replace(record, kept=await pictures.keep(png(5))), now=NOON)
    await References(studio.db, studio.pictures).save(
        SAM, GUILD, "coat", "outfit", await studio.pictures.stage(png(3)), origin="upload", now=NOON
    )
    await HandedIn(studio.db, studio.pictures).keep(
        SAM, await studio.pictures.stage(png(4)), expires_at=NOON + 60, now=NOON
    )
    for mine, theirs in ((SAM, "lena"), (LENA, "self")):
        character = await studio.characters.get(LENA if mine == SAM else SAM, theirs)
        assert character is not None
        await studio.character_reports.report(character.id, guild_id=GUILD, reporter_id=mine, reason=WHY, now=NOON)
        await studio.character_reports.disable(character.id, guild_id=99, actor_id=mine, reason=WHY, now=NOON)
    for user, words in ((SAM, SECRET), (LENA, "rain")):
        refused = await RefusedOrders(studio.db).add(GUILD, user, "blocked-by-server", words, now=NOON)
        await RefusedOrders(studio.db).settle(refused.id, "warned", guild_id=GUILD, actor_id=SAM, now=NOON)
    await BlockedFaces(studio.db).add(GUILD, bytes(512), 1, actor_id=SAM, reason=WHY, now=NOON)
    await studio.bans.add(GUILD, SAM, actor_id=MIRA, reason=WHY, now=NOON)
    await studio.bans.add(GUILD, MIRA, actor_id=SAM, reason=WHY, now=NOON)


async def portraits(studio: Studio) -> None:
    """One of Sam from a picture, an outfit and an edit, as a frame of a series; one of nobody; one of Lena's."""
    mine = await studio.characters.get(SAM, "self")
    assert mine is not None
    edited = await studio.pictures.stage(png(5))
    async with studio.db.transaction() as tx:
        await studio.pictures.adopt(tx, edited)
    new = order(5, user=SAM, references=(mine.references[0].id,))
    secret = replace(SPEC, prompt=PortraitPrompt(subject=SECRET))
    new = replace(
        new,
        prompt=json.dumps({"subject": SECRET}),
        from_upload=True,
        message_id=4001,
        edit=NewEdit(sha256=edited.sha256, words=SECRET, strength=0.5),
        pictures=(NewPicture(handle="coat", sha256=edited.sha256, role="outfit"),),
        series=NewFrames(series_id=new.id, varies="environment", frames=((1, SECRET),)),
        jobs=(replace(new.jobs[0], spec=secret),),
    )
    facts = replace(
        FACTS, spec=secret, words=SECRET, negative=SECRET, note=SECRET, review=KeptReview(80.0, json.dumps(SECRET))
    )
    placed = await studio.orders.place(new, now=NOON)
    job_id = placed.jobs[0].id
    await studio.orders.set_provider_ref(job_id, SECRET)
    await Attempts(studio.db).record(job_id, Attempt(number=1, seed=1, likenesses=(91.0,)), NOON)
    made = await studio.orders.store(job_id, await studio.pictures.stage(png(6)), facts, NOON)
    await studio.orders.settle(job_id, NOON)
    await studio.orders.close(new.id)
    failed = replace(order(5, user=SAM), message_id=4002, prompt=SECRET)
    await studio.orders.place(failed, now=NOON)
    await studio.orders.end(f"{failed.id}.0", "failed", SECRET, NOON)
    await studio.orders.close(failed.id)
    plain = await studio.delivered(order(5, user=SAM), shade=7)
    child = replace(order(5, user=SAM), parent_portrait_id=plain)
    await studio.delivered(child, shade=8)
    await studio.delivered(order(5, user=LENA), shade=17)
    # Lena keeps what shows nobody; what shows Sam goes with Sam.
    for portrait_id, shade, origin, handle in ((plain, 7, "portrait", "found"), (made.id, 6, "upload", "likeness")):
        portrait = await studio.portraits.get(portrait_id)
        assert portrait is not None, shade
        await studio.characters.save(
            LENA, GUILD, handle, portrait.sha256, origin=origin, portrait_id=portrait_id, now=NOON  # type: ignore[arg-type]
        )  # fmt: skip


async def columns(db: Database) -> dict[str, list[tuple[str, str]]]:
    """The tables with their columns and types."""
    tables = await db.fetch_all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    found = {}
    for (table,) in tables:
        rows = await db.fetch_all(f"SELECT name, type FROM pragma_table_info('{table}')")  # noqa: S608
        found[table] = [(row["name"], row["type"]) for row in rows]
    return found


async def traces(studio: Studio, user: int = SAM) -> list[str]:
    """Every column that still says something of Sam."""
    found = []
    for table, named in (await columns(studio.db)).items():
        for row in await studio.db.fetch_all(f"SELECT * FROM {table}"):  # noqa: S608
            for name, _ in named:
                value = row[name]
                text = value if isinstance(value, str) else ""
                mine = SECRET in text or value in {user, EMBEDDING, PATTERN}
                mine |= value in MESSAGES and table != "message_removals"
                found += [f"{table}.{name}"] * (mine or (WHY in text and user == SAM and _about(row, user)))
    return sorted(set(found))


def _about(row: object, user: int) -> bool:
    return user in tuple(row)  # type: ignore[arg-type]


def contents(folder: Path) -> bytes:
    """All bytes of all files."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


async def test_every_table_says_what_becomes_of_it_when_a_person_is_erased(studio: Studio) -> None:
    """A new table, or a new column with text or a person in it, has to be put into data/people/personal_rows.py."""
    missing = []
    for table, named in (await columns(studio.db)).items():
        if table in personal_rows.GONE | personal_rows.NOBODYS:
            continue
        known = personal_rows.LEFT.get(table, {})
        missing += [
            f"{table}.{name}"
            for name, kind in named
            if (kind in {"TEXT", "BLOB"} or HOLDS_A_PERSON.search(name)) and name not in known
        ]
    assert missing == []


async def test_the_tables_of_a_person_are_all_in_these_tests(studio: Studio) -> None:
    """Else the tests below would pass over a table without a word."""
    await live(studio)
    tables = personal_rows.GONE | personal_rows.LEFT.keys()
    empty = [
        table
        for table in tables
        if not await studio.db.fetch_all(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608
    ]
    # Pins and pictures handed in end with their orders.
    assert empty in ([], ["order_references"])
    assert len(await traces(studio)) > 25


async def test_nothing_of_an_erased_person_is_left_in_rows_or_files(studio: Studio) -> None:
    await live(studio)
    before = contents(studio.db.folder)
    pictures = [row["sha256"] for row in await studio.db.fetch_all(personal_rows.PICTURES, {"user": SAM})]
    raw = {sha256: await studio.pictures.read(sha256) for sha256 in pictures}
    wanted = {SECRET.encode(), EMBEDDING, PATTERN, SAM.to_bytes(8, "big"), *raw.values()}
    assert all(trace in before for trace in wanted)
    await studio.erase()
    assert await traces(studio) == []
    after = contents(studio.db.folder)
    kept = await studio.db.fetch_all("SELECT sha256 FROM pictures")
    stays = {raw[row["sha256"]] for row in kept if row["sha256"] in raw}
    assert stays == {png(7)}  # nobody's face, and Lena's by now
    assert [trace[:40] for trace in wanted - stays if trace in after] == []
    assert not studio.db.path.with_name(studio.db.path.name + "-wal").stat().st_size or SECRET.encode() not in after


async def test_what_others_have_stays(studio: Studio) -> None:
    await live(studio)
    before = await studio.accounts.find(GUILD, LENA, now=NOON)
    await studio.erase()
    assert await studio.accounts.find(GUILD, LENA, now=NOON) == before
    assert list(await studio.characters.handles(LENA)) == ["found", "lena"]
    found = await studio.characters.get(LENA, "found")
    assert found is not None
    assert await studio.pictures.read(found.references[0].sha256) == png(7)
    assert len(await studio.portraits.of_user(None, LENA)) == 1
    assert [style.name for style in await Styles(studio.db).list(LENA)] == ["rain"]
    assert len(await studio.character_reports.reports(GUILD)) == 1


async def test_the_books_add_up_and_tell_the_same_of_a_pseudonym(studio: Studio) -> None:
    await live(studio)
    entries = len(await studio.db.fetch_all("SELECT 1 FROM ledger"))
    deeds = [entry.action for entry in await studio.audit.page(None, limit=100)]
    await studio.erase()
    assert await ledger.check(studio.db) == []
    assert len(await studio.db.fetch_all("SELECT 1 FROM ledger")) == entries + 1  # what was left is taken back
    page = await studio.audit.page(None, limit=100)
    assert [entry.action for entry in page][1:] == deeds
    (account,) = await studio.db.fetch_all("SELECT * FROM accounts WHERE user_id < 0")
    assert (account["balance"], account["allowance_left"], account["tier"]) == (0, 0, "free")
    assert account["user_id"] in {entry.target_id for entry in page}
    granted = await studio.db.fetch_all("SELECT DISTINCT actor_id FROM ledger WHERE actor_id < 0")
    assert [row[0] for row in granted] == [account["user_id"]]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor_id = -5",
        "UPDATE audit SET actor_id = 5",
        "UPDATE audit SET target_id = 0",
        "UPDATE audit SET reason = ''",
        "UPDATE audit SET detail = 'nothing'",
        "UPDATE audit SET action = 'nothing'",
        "UPDATE audit SET created_at = 0",
        "UPDATE audit SET guild_id = 0",
        "DELETE FROM audit",
        "UPDATE ledger SET actor_id = -5",
        "UPDATE ledger SET actor_id = 5",
        "UPDATE ledger SET reason = ''",
        "UPDATE ledger SET reason = 'nothing'",
        "UPDATE ledger SET amount = 0",
        "DELETE FROM ledger",
    ],
)
@pytest.mark.parametrize("after_an_erasure", [False, True])
async def test_audit_and_ledger_change_in_no_other_way(
    studio: Studio,
    change: str,
    after_an_erasure: bool,
) -> None:
    """Neither before nor after somebody was erased can anybody else's entries be rewritten."""
    await studio.accounts.grant(GUILD, LENA, 9, LedgerNote(key="1", actor_id=MIRA, reason=WHY, now=NOON))
    if after_an_erasure:
        await studio.erase()
    with pytest.raises((DataError, Exception), match="append-only"):
        async with studio.db.transaction() as tx:
            await tx.execute(change)


async def test_a_crash_anywhere_ends_the_same_when_it_is_taken_up_again(studio: Studio, tmp_path: Path) -> None:
    """The process dies at one of the awaits of an erasure; the next start finishes it."""
    await live(studio)
    await studio.privacy.begin(SAM, now=NOON)

    async def erased(one: Studio) -> None:
        for user_id in await one.privacy.unfinished():
            await one.privacy.erase(user_id, now=NOON)
        if await one.privacy.needs_scrub():
            await one.privacy.scrub()

    # Closed, so that copying it is taking its picture at one moment.
    await studio.db.close()
    crashed = 0
    for at in (0, 1, 3, 9, 20, 31, 42, 50, 53, 56, 58, 60, 62, 64, 66):
        life, picture = tmp_path / f"life-{at}", tmp_path / f"crash-{at}"
        shutil.copytree(studio.db.folder, life)
        one = await Studio.open(life)
        try:
            await crashed_at(erased(one), at, lambda: shutil.copytree(life, picture))  # noqa: B023 - called at once
        except Crash:
            crashed += 1
        else:
            picture = life
        await one.db.close()
        again = await Studio.open(picture)
        await erased(again)
        assert await traces(again) == []
        assert await ledger.check(again.db) == []
        assert SECRET.encode() not in contents(picture)
        assert await again.privacy.unfinished() == []
        assert not await again.privacy.needs_scrub()
        assert len(list(again.pictures.folder.iterdir())) == 4
        await again.db.close()
    assert crashed > 10


async def test_erasing_twice_or_with_nothing_there_changes_nothing_more(studio: Studio) -> None:
    await live(studio)
    await studio.erase()
    once = await studio.db.fetch_all("SELECT * FROM ledger")
    assert await studio.privacy.unfinished() == []
    await studio.erase()
    assert await studio.db.fetch_all("SELECT * FROM ledger") == once
    assert await ledger.check(studio.db) == []


async def test_open_orders_stand_in_the_way_also_those_that_others_made_of_a_face(studio: Studio) -> None:
    await live(studio)
    # What somebody shared who is banned there is in no new order.
    await studio.bans.remove(GUILD, SAM, actor_id=MIRA, now=NOON)
    await studio.characters.share(SAM, "self", GUILD)
    mine = await studio.characters.get(SAM, "self")
    assert mine is not None
    own = order(0, user=SAM)
    theirs = order(0, user=LENA, references=(mine.references[0].id,))
    for placed in (own, theirs):
        await studio.orders.place(placed, now=NOON)
    await studio.privacy.begin(SAM, now=NOON)
    assert [(one.id, one.own) for one in await studio.privacy.in_the_way(SAM)] == [(own.id, True), (theirs.id, False)]
    for placed in (own, theirs):
        with pytest.raises(OrdersOpen):
            await studio.privacy.erase(SAM, now=NOON)
        await studio.orders.end(f"{placed.id}.0", "cancelled", "", NOON)
        await studio.orders.close(placed.id)
    await studio.erase()
    assert await traces(studio) == []


async def test_messages_of_an_erased_person_are_remembered_until_they_are_deleted(studio: Studio) -> None:
    await live(studio)
    await studio.privacy.begin(SAM, now=NOON)
    assert (await studio.privacy.erase(SAM, now=NOON)).messages == 2
    assert [(one.message_id, one.guild_id) for one in await studio.privacy.removals()] == [(4001, GUILD), (4002, GUILD)]
    await studio.privacy.removed(4001)
    assert [one.message_id for one in await studio.privacy.removals()] == [4002]


async def reopened(studio: Studio) -> Studio:
    """As after a restart: nothing is remembered but what is on the disk."""
    privacy = Privacy(studio.db, studio.pictures)
    await privacy.load()
    return replace(studio, privacy=privacy)


async def test_a_ban_outlives_the_erasure_and_no_id_says_whose_it_is(studio: Studio) -> None:
    await live(studio)
    await studio.erase()
    assert await studio.bans.get(GUILD, SAM) is None
    studio = await reopened(studio)
    await studio.privacy.forget_links(now=NOON + 100 * DAY)
    assert not await studio.privacy.recognise(LENA, now=NOON + 100 * DAY)
    assert await studio.privacy.recognise(SAM, now=NOON + 100 * DAY)
    ban = await studio.bans.get(GUILD, SAM)
    assert ban is not None
    assert (ban.actor_id, ban.created_at) == (MIRA, NOON)
    assert await studio.bans.remove(GUILD, SAM, actor_id=MIRA, now=NOON)
    await studio.erase()
    assert await (await reopened(studio)).privacy.recognise(SAM, now=NOON)
    assert await studio.bans.get(GUILD, SAM) is None


async def test_the_days_allowance_is_given_once_however_often_one_is_erased(studio: Studio) -> None:
    for again in range(3):
        await studio.privacy.recognise(SAM, now=NOON)
        account = await studio.accounts.get(GUILD, SAM, now=NOON, allowance=30, day=TODAY)
        assert account.balance == (0 if again else 30)
        await studio.erase()
        studio = await reopened(studio)
    await studio.privacy.recognise(SAM, now=NOON)
    other = await studio.accounts.get(GUILD + 1, SAM, now=NOON, allowance=30, day=TODAY)
    assert other.balance == 30  # there it had not been given
    tomorrow = await studio.accounts.get(GUILD, SAM, now=NOON + DAY, allowance=30, day="2027-01-16")
    assert tomorrow.balance == 30
    assert await ledger.check(studio.db) == []


async def test_an_account_that_was_given_credits_meanwhile_gets_no_second_allowance(studio: Studio) -> None:
    """A moderator grants before the person is seen again."""
    await studio.accounts.get(GUILD, SAM, now=NOON, allowance=30, day=TODAY)
    await studio.erase()
    await studio.accounts.grant(GUILD, SAM, 5, LedgerNote(key="1", actor_id=MIRA, now=NOON))
    await studio.privacy.recognise(SAM, now=NOON)
    assert (await studio.accounts.get(GUILD, SAM, now=NOON, allowance=30, day=TODAY)).balance == 5
    assert await ledger.check(studio.db) == []


async def test_spend_ceilings_and_a_moderators_limits_count_what_was_before(studio: Studio) -> None:
    await studio.accounts.grant(GUILD, LENA, 80, LedgerNote(key="1", actor_id=SAM, now=NOON))
    ceilings = [SpendCeiling("openai", NOON - DAY, 1_000, per_user=True)]
    dear = {"user": SAM, "provider": "openai", "cost_usd_micros": 900}
    spent = order(0, **dear)  # type: ignore[arg-type]
    await studio.orders.place(spent, now=NOON, ceilings=ceilings)
    job_id = f"{spent.id}.0"
    await studio.orders.store(job_id, await studio.pictures.stage(png(1)), FACTS, NOON)
    await studio.orders.settle(job_id, NOON)
    await studio.orders.close(spent.id)
    for _ in range(2):
        await studio.erase()
        await studio.privacy.recognise(SAM, now=NOON)
        with pytest.raises(CeilingReached):
            await studio.orders.place(order(0, **dear), now=NOON, ceilings=ceilings)  # type: ignore[arg-type]
        with pytest.raises(GrantLimitReached):
            await studio.accounts.grant(
                GUILD,
                LENA,
                30,
                LedgerNote(key="2", actor_id=SAM, now=NOON),
                limits=GrantLimits(since=NOON - DAY, credits=100),
            )
    await studio.privacy.forget_links(now=NOON + LIMITS_LAST_S + 1)
    assert await studio.db.fetch_all("SELECT * FROM erasures") == []


async def test_credits_are_forfeited_and_do_not_come_back(studio: Studio) -> None:
    await studio.accounts.grant(GUILD, SAM, 500, LedgerNote(key="1", actor_id=MIRA, now=NOON))
    assert (await studio.privacy.counts(SAM)).credits == 500
    await studio.erase()
    await studio.privacy.recognise(SAM, now=NOON)
    with pytest.raises(InsufficientCredits):
        await studio.orders.place(order(1, user=SAM), now=NOON)


async def test_the_key_is_made_once_and_for_the_bot_alone(studio: Studio) -> None:
    mark = await studio.privacy.marks.of_user(SAM)
    file = studio.db.folder / "privacy.key"
    assert file.stat().st_mode & 0o777 == 0o600
    again = await reopened(studio)
    assert await again.privacy.marks.of_user(SAM) == mark
    assert await again.privacy.marks.of_user(LENA) != mark
    assert [entry.name for entry in studio.db.folder.glob("*privacy*")] == ["privacy.key"]


async def test_an_export_has_everything_of_the_person_and_names_nobody_else(studio: Studio) -> None:
    await live(studio)
    found = await personal_export.everything_of(studio.db, SAM, SPEC_FORM)
    names = {document.name for document in found.documents}
    assert {
        "accounts.json",
        "ledger.json",
        "orders.json",
        "portraits.json",
        "characters.json",
        "tries.json",
        "reviews.json",
    } <= names
    text = "\n".join(document.text for document in found.documents)
    assert text.count(SECRET) >= 10
    assert EMBEDDING.hex() in text
    (character,) = [json.loads(one.text) for one in found.documents if one.name == "characters.json"]
    assert character[0]["looks"] == character[0]["fitted"] == SECRET
    assert not re.search(f"{LENA}|{MIRA}", text)
    for document in found.documents:
        assert json.loads(document.text)
    erased = {row["sha256"] for row in await studio.db.fetch_all(personal_rows.PICTURES, {"user": SAM})}
    assert erased - {picture.sha256 for picture in found.pictures} == set()
    assert len({picture.name for picture in found.pictures}) == len(found.pictures)
    assert "pictures/face-self-1-0.png" in {picture.name for picture in found.pictures}
    await studio.erase()
    nothing = await personal_export.everything_of(studio.db, SAM, SPEC_FORM)
    assert [(one.name, json.loads(one.text)) for one in nothing.documents] == [("pictures.json", [])]
