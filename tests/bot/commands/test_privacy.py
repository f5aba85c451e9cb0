"""`/privacy` and the care for characters: what people can have and undo, and what moderators can do about others."""

import io
import json
import time
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bot.core import exporting, picture_rights
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.maintenance import erasing
from data.credits import ledger
from data.orders.jobs import NewJob, NewOrder
from data.people.personal_export import Document, Export, PictureFile
from engine.prompt import PortraitPrompt, to_json
from tests.bot.conftest import GUILD_ID, MODEL, World
from tests.bot.reading import answer, fields, said
from tests.data.conftest import SPEC

PROMPT = "a velvet aubergine astronaut on a pier"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_home_server": GUILD_ID})


def face() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), (180, 120, 90)).save(buffer, "PNG")
    return buffer.getvalue()


async def save_upload(world: World, who: Any, name: str = "me") -> int:
    """A character from a picture that was handed in; returns its number."""
    await world.agree(who)
    staged = await world.stores.pictures.stage(face())
    character = await world.stores.characters.save(
        who.id, world.guild.id, name, staged, origin="upload", now=time.time()
    )
    return character.id


async def erase(world: World, who: Any) -> Any:
    asked = await who.slash(world.channel, "privacy erase")
    return await who.click(answer(asked), label="Erase everything")


def on_disk(world: World) -> bytes:
    return b"".join(file.read_bytes() for file in world.settings.data_folder.rglob("*") if file.is_file())


async def archives(result: Any) -> dict[str, bytes]:
    """The files in all zip files that were sent."""
    found: dict[str, bytes] = {}
    for message in (result.response, *result.followups):
        for attachment in message.attachments:
            with zipfile.ZipFile(io.BytesIO(await attachment.read())) as archive:
                assert archive.testzip() is None
                found |= {name: archive.read(name) for name in archive.namelist()}
    return found


async def test_everything_of_a_person_goes_files_messages_and_memory(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT)
    theirs = await world.portrait(world.lena)
    await save_upload(world, world.sam)
    assert PROMPT.split(" on ")[0].encode() in on_disk(world)
    pictures = {file: file.read_bytes() for file in world.stores.pictures.folder.iterdir()}
    asked = await world.sam.slash(world.channel, "privacy erase")
    assert "1 portrait, 1 character" in said(asked)
    assert "90 credits" in fields(answer(asked))["Your credits go too"]
    done = await world.sam.click(answer(asked), label="Erase everything")
    assert "1 message with your portraits was deleted" in said(done)
    left = on_disk(world)
    (kept,) = (picture for file, picture in pictures.items() if file.exists())
    assert [picture in left for picture in pictures.values()].count(True) == 1
    assert kept in left
    assert PROMPT.split(" on ")[0].encode() not in left
    assert world.sam.id.to_bytes(8, "big") not in left
    shown = [one.id for one in world.channel.history()]
    assert message.id not in shown
    assert theirs.id in shown
    assert await ledger.check(world.stores.database) == []
    assert not await world.stores.privacy.removals()


async def test_after_it_a_person_is_new_but_for_the_days_allowance_and_a_ban(world: World) -> None:
    await world.portrait(world.sam)
    await world.mira.slash(world.channel, "studio-ban add", user=world.sam, reason="rude")
    await erase(world, world.sam)
    await world.restart()
    assert "cannot use the studio" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
    await world.mira.slash(world.channel, "studio-ban remove", user=world.sam.user)
    assert "You have 0 credits" in said(await world.sam.slash(world.channel, "credits show"))
    assert await ledger.check(world.stores.database) == []


async def test_a_ban_is_lifted_also_of_somebody_who_was_erased_and_has_not_come_back(world: World) -> None:
    await world.mira.slash(world.channel, "studio-ban add", user=world.sam)
    await erase(world, world.sam)
    lifted = await world.mira.slash(world.channel, "studio-ban remove", user=world.sam.user)
    assert "may order again" in said(lifted)
    assert (await world.portrait(world.sam)) is not None


async def test_only_the_person_who_asked_can_confirm_and_only_for_a_while(world: World) -> None:
    await world.portrait(world.sam)
    fresh = await world.stores.questions.ask(world.sam.id, "erase", 1, now=time.time())
    button = await world.button(f"privacy:erase:yes:{fresh.id}")
    assert "someone else" in said(await world.lena.click(button, label="Forged"))
    old = await world.stores.questions.ask(world.sam.id, "erase", 1, now=time.time() - 16 * 60)
    late = await world.button(f"privacy:erase:yes:{old.id}")
    assert "too long ago" in said(await world.sam.click(late, label="Forged"))
    forged = await world.button(f"privacy:erase:yes:{'0' * 16}")
    assert "not known" in said(await world.sam.click(forged, label="Forged"))
    right = await world.stores.questions.ask(world.sam.id, picture_rights.ABOUT, 1, now=time.time())
    crossed = await world.button(f"privacy:erase:yes:{right.id}")
    assert "not known" in said(await world.sam.click(crossed, label="Forged"))
    asked = await world.sam.slash(world.channel, "privacy erase")
    await world.sam.click(answer(asked), label="No")
    assert len(await world.stores.portraits.of_user(world.guild.id, world.sam.id)) == 1


async def test_an_erasure_that_a_crash_broke_off_is_finished_at_the_next_start(world: World) -> None:
    """Orders that the crash left open are refunded, and not taken up again."""
    message = await world.portrait(world.sam, PROMPT)
    order = (await world.stores.orders.of_user(world.guild.id, world.sam.id))[0]
    await world.stores.privacy.begin(world.sam.id, now=time.time())
    assert "being erased" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
    async with world.stores.database.transaction() as tx:
        await tx.execute("UPDATE orders SET state = 'open' WHERE id = ?", (order.id,))
    await world.restart()
    assert PROMPT.split(" on ")[0].encode() not in on_disk(world)
    assert message.id not in [one.id for one in world.channel.history()]
    assert await ledger.check(world.stores.database) == []
    assert (await world.portrait(world.lena)).attachments


async def test_a_copy_of_everything_as_zip_files_for_the_person_alone(world: World, monkeypatch: Any) -> None:
    await world.portrait(world.sam, PROMPT)
    await world.portrait(world.lena, "somebody else entirely")
    await save_upload(world, world.sam)
    monkeypatch.setattr(exporting, "PARTS_A_TIME", 1)
    first = await world.sam.slash(world.channel, "privacy export")
    files = await archives(first)
    assert "That was everything" in said(first)
    assert all(message.ephemeral for message in (first.response, *first.followups))
    assert PROMPT.split(" on ")[0] in files["portraits.json"].decode()
    assert b"somebody else" not in b"".join(files.values())
    listed = json.loads(files["pictures.json"])
    assert {one["name"] for one in listed} <= files.keys()
    assert len(listed) >= 2
    assert {json.loads(files["consents.json"])[0]["answer"]} == {"yes"}


def test_an_export_is_divided_so_that_each_file_can_be_sent() -> None:
    """In the same order each time, so that it can be gone on with; what is too large is alone."""
    pictures = tuple(PictureFile(f"pictures/{nth}.png", f"{nth:064x}", 400_000) for nth in range(20))
    huge = PictureFile("pictures/huge.png", "f" * 64, 9_000_000)
    export = Export((Document("accounts.json", "[]"),), (*pictures, huge))
    parts = exporting.parts_of(export, 1_000_000)
    assert [len(part.pictures) for part in parts] == [2] * 10 + [1]
    assert parts[0].documents == export.documents
    assert parts == exporting.parts_of(export, 1_000_000)
    assert parts[-1].pictures == (huge,)
    assert exporting.parts_of(Export((), ())) == [exporting.ExportPart((), ())]


async def test_what_is_kept_how_long_and_what_leaves_is_told(world: World) -> None:
    await world.portrait(world.sam)
    shown = await world.sam.slash(world.channel, "privacy show")
    assert "1 portrait with" in said(shown)
    told = fields(answer(shown))
    assert "until you delete them" in told["For how long"]
    assert "Nothing goes to anybody but Discord" in told["What leaves the studio's machine"]


async def shared(world: World) -> int:
    """Sam's character that Lena may use."""
    character_id = await save_upload(world, world.sam, "ana")
    await world.stores.characters.share(world.sam.id, "ana", world.guild.id)
    return character_id


async def test_a_reported_character_is_disabled_here_and_saving_it_again_does_not_help(world: World) -> None:
    await shared(world)
    assert "Thank you" in said(
        await world.lena.slash(world.channel, "character report", name="ana", reason="that is me!")
    )
    assert "no such character" in said(
        await world.lena.slash(world.channel, "character report", name="nobody", reason="?")
    )
    assert "that is yours" in said(
        await world.sam.slash(world.channel, "character report", name="ana", reason="x")
    ).lower().replace("that one", "that")
    assert "that is me!" in said(await world.mira.slash(world.channel, "studio-characters reports"))
    assert "report character" in said(await world.mira.slash(world.channel, "audit"))
    await world.mira.slash(world.channel, "studio-characters disable", user=world.sam.user, name="ana", reason="it is")
    for who in (world.sam, world.lena):
        assert "has been disabled" in said(await who.slash(world.channel, "portrait", prompt="@ana on a beach"))
    await save_upload(world, world.sam, "anew")
    assert "has been disabled" in said(await world.sam.slash(world.channel, "portrait", prompt="@anew on a beach"))
    await world.mira.slash(world.channel, "studio-characters enable", user=world.sam.user, name="ana")
    assert (await world.portrait(world.lena, "@ana on a beach")).attachments


async def test_a_portrait_that_shows_a_character_is_enough_to_report_it(world: World) -> None:
    await save_upload(world, world.sam, "ana")
    message = await world.portrait(world.sam, "@ana on a beach")
    (portrait,) = await world.stores.portraits.by_message(message.id)
    told = await world.lena.slash(world.channel, "character report", portrait=portrait.id, reason="that is me!")
    assert "Thank you" in said(told)
    (report,) = await world.stores.character_reports.reports(world.guild.id)
    assert (report.owner_id, report.handle, report.reporter_id) == (world.sam.id, "ana", world.lena.id)


async def test_members_may_not_disable_and_strangers_may_not_purge(world: World) -> None:
    number = await shared(world)
    await world.reveal("studio-characters", world.lena)
    refused = await world.lena.slash(
        world.channel, "studio-characters disable", user=world.sam.user, name="ana", reason="x"
    )
    assert "moderators" in said(refused)
    await world.reveal("studio-admin", world.mira)
    assert "owner only" in said(await world.mira.slash(world.channel, "studio-admin characters purge", number=number))
    assert await world.stores.character_reports.find(number) is not None


async def test_the_owner_lists_disables_everywhere_and_purges(world: World) -> None:
    world.bot._owners = frozenset({world.mira.id})
    await world.reveal("studio-admin", world.mira)
    number = await shared(world)
    await world.portrait(world.lena, "@ana on a beach")
    listed = said(await world.mira.slash(world.channel, "studio-admin characters list"))
    assert f"`{number}` @ana" in listed
    assert "from a picture" in listed
    await world.mira.slash(world.channel, "studio-admin characters disable", number=number, reason="complaint")
    assert "has been disabled" in said(await world.lena.slash(world.channel, "portrait", prompt="@ana on a pier"))
    pictures = await world.stores.character_reports.pictures(number)
    raw = [await world.stores.pictures.read(sha256) for sha256 in pictures]
    gone = await world.mira.slash(world.channel, "studio-admin characters purge", number=number, reason="complaint")
    assert "are gone" in said(gone)
    assert await world.stores.characters.handles(world.sam.id) == []
    assert not [picture for picture in raw if picture in on_disk(world)]


async def test_jobs_that_wait_with_a_disabled_character_are_refunded_at_the_next_start_too(world: World) -> None:
    """A moderator disables it, and the bot ends before it has told the queue."""
    number = await shared(world)
    await world.portrait(world.lena, "@ana on a beach")
    before = await world.balance(world.lena)
    character = await world.stores.characters.find(world.lena.id, world.guild.id, "ana")
    assert character is not None
    await world.bot.close()
    stores = await Stores.open(world.settings.data_folder)
    order = NewOrder(
        id="0123456789abcdef",
        source="test",
        guild_id=world.guild.id,
        channel_id=world.channel.id,
        user_id=world.lena.id,
        prompt=to_json(PortraitPrompt(subject="a man", characters=("ana",))),
        references=tuple(one.id for one in character.references),
        jobs=(NewJob(spec=replace(SPEC, model=MODEL), price=10),),
    )
    await stores.orders.place(order, now=time.time())
    await stores.character_reports.disable(
        number, guild_id=world.guild.id, actor_id=world.mira.id, reason="", now=time.time()
    )
    assert await stores.character_reports.stopped_jobs() == ["0123456789abcdef.0"]
    await stores.close()
    await world.restart()
    assert "was disabled by a moderator" in said_in(world)
    assert await world.balance(world.lena) == before


def said_in(world: World) -> str:
    """The text of the channel's last message."""
    message = world.channel.last_message
    return "\n".join([message.content, *(embed.description or "" for embed in message.embeds)])


async def test_messages_out_of_reach_are_told_and_not_tried_for_ever(world: World) -> None:
    message = await world.portrait(world.sam, PROMPT)
    await message.delete()
    done = await erase(world, world.sam)
    assert "1 is gone or out of my reach" in said(done)
    assert await erasing.tidy(world.bot) == erasing.Tidied(0, 0, 0)
