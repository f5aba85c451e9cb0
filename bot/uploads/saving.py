"""Saving a face: from a portrait, an attachment, a message or a link, always the same way in the end."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.app import App
from bot.core import carried_people, face_blocks, picture_rights, words
from bot.core.errors import Gone, Refused
from bot.core.stores import Stores
from bot.languages.speech import counted, together, worded
from bot.uploads import attachments, recognised
from data.characters.saved_characters import Character, FaceMeasure, Origin, check_handle
from data.pictures.portrait_rows import Portrait
from engine.faces import face_review, identity
from engine.faces.identity import Face
from engine.jobs.job import PictureSpec
from engine.models.catalogue import Catalogue
from engine.pictures import intake
from engine.prompt import parse
from engine.prompts import looks
from engine.recipes.picture_text import texts, with_texts

log = logging.getLogger(__name__)

LINK: Final = re.compile(
    r"^https://(?:ptb\.|canary\.)?discord(?:app)?\.com/channels/(?P<guild>[0-9]{1,20}|@me)/"
    r"(?P<channel>[0-9]{1,20})/(?P<message>[0-9]{1,20})/?$"
)
ALONE: Final = 3.0
"""How much is kept around one of several faces, in widths of the face."""
DESCRIPTION_LIMIT: Final = 200
REQUEST: Final = re.compile(r"^(?:/?character\s+)?save\s+(?:as\s+)?@?(?P<handle>\S+)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Saver:
    """Who saves, and where they are.

    `face` is which of several faces is meant, the largest being 0; `adds` makes a new version of a character that
    there is; `description` is a short one, as typed.
    """

    user_id: int
    guild_id: int
    face: int | None = None
    adds: bool = False
    description: str = ""


class SeveralFaces(Refused):
    """A picture shows more than one face, so one is to be picked: `picture` is PNG, `faces` the largest first."""

    def __init__(self, picture: bytes, faces: Sequence[Face]) -> None:
        super().__init__(
            counted(
                "That picture shows {count} face. Pick one, or send a picture of one person.",
                "That picture shows {count} faces. Pick one, or send a picture of one person.",
                len(faces),
            )
        )
        self.picture = picture
        self.faces = faces


@dataclass(frozen=True, slots=True)
class FacesSeen:
    """What is kept of a picture that was looked at. `picture` is the part that shows the one person, None: all of it;
    `crop` and `face` are None where no face was measured; `place` is how many faces stand left of this one, None where
    there is no other."""

    picture: bytes | None = None
    crop: bytes | None = None
    face: FaceMeasure | None = None
    place: int | None = None


async def from_portrait(
    stores: Stores, catalogue: Catalogue, saver: Saver, handle: str, portrait: Portrait[PictureSpec]
) -> Character:
    """Save the face in one of the bot's own portraits.

    Raises BadHandle, HandleTaken, RightUnconfirmed, SeveralFaces, AgainstPolicy, Refused when no face will do.
    """
    if portrait.spoiler:
        # Its picture would be shown on cards and in other channels, to others too.
        raise Refused(
            worded("That portrait is shown behind a spoiler, so no face is saved from it. Choose another one.")
        )
    order = await stores.orders.get(portrait.order_id)
    # A portrait made from an uploaded picture passes that on: what may be made of it stays limited.
    from_upload = order is None or order.from_upload
    handle = check_handle(handle)
    if from_upload:
        await picture_rights.require(stores, saver.user_id)
    png = await stores.pictures.read(portrait.sha256)
    seen = await asyncio.to_thread(examine, png, saver.face, needed=catalogue.shows_faces(portrait.spec.model))
    await face_blocks.check_saved(stores, saver.guild_id, seen.face)
    prompt = portrait.spec.prompt
    # The studio alone puts people in the order of the words.
    place = seen.place if _in_order(catalogue, portrait.spec.model) else None
    said = looks.saved_with(prompt, place, await _known(stores, saver, portrait))
    origin: Origin = "upload" if from_upload else "portrait"
    source = _Source(
        origin,
        portrait.id,
        portrait.sha256 if seen.picture is None else None,
        prompt.subject,
        looks.to_json(said),
        await stores.asked_people.of_order(portrait.order_id),
    )
    return await _keep(stores, saver, handle, png, seen, source)


async def from_attachment(bot: App, saver: Saver, handle: str, attachment: discord.Attachment) -> Character:
    """Save the face in a picture that a person handed in.

    Raises BadPicture, BadHandle, HandleTaken, RightUnconfirmed before anything is fetched, and before anything is
    stored SeveralFaces, and Refused when no face will do.
    """
    handle = check_handle(handle)
    attachments.check(attachment)
    await picture_rights.require(bot.stores, saver.user_id)
    async with bot.decoder.slot(saver.user_id) as slot:
        raw = await attachments.read(attachment)
        picture = await slot.clean(raw)
        people = await recognised.people_in(bot.stores, slot, raw)
        await bot.safety.handed_in(saver.guild_id, saver.user_id, picture.png)
        # Faces are looked for one after the other: whoever waits for that takes no thread.
        async with bot.looking:
            seen = await asyncio.to_thread(examine, picture.png, saver.face)
    await face_blocks.check_saved(bot.stores, saver.guild_id, seen.face)
    return await _keep(bot.stores, saver, handle, picture.png, seen, _Source("upload", people=people))


async def _known(stores: Stores, saver: Saver, portrait: Portrait[PictureSpec]) -> dict[str, looks.Looks]:
    """The looks of the saver's own characters that a portrait was made of, by handle."""
    versions = await stores.characters.of_order(portrait.order_id)
    own = [one for one in await stores.characters.list(saver.user_id) if one.id in versions]
    found = [await stores.characters.get(saver.user_id, f"{one.handle}:{versions[one.id]}") for one in own]
    return {one.handle: looks.first_said(each.looks for each in one.references) for one in found if one is not None}


def _in_order(catalogue: Catalogue, model: str) -> bool:
    return any(one.id == model and one.family == "studio" for one in catalogue.models)


@dataclass(frozen=True, slots=True)
class _Source:
    origin: Origin
    portrait_id: int | None = None
    sha256: str | None = None
    subject: str = ""
    looks: str = ""
    people: str = ""


def examine(png: bytes, which: int | None = None, *, needed: bool = True) -> FacesSeen:
    """Look for the face that is to be saved; blocking. Unless one is `needed`, a picture may be saved without.

    Raises SeveralFaces, and Refused with what to do when there is no face or it will not do.
    """
    if identity.missing():
        return FacesSeen()
    try:
        found = identity.look(png, thorough=True)
    except identity.LookFailed as error:
        log.warning("a face could not be looked for: %s", error)
        raise Refused(
            worded("Faces could not be looked for just now. Try again in a minute; nothing was saved.")
        ) from error
    if not needed and (len(found) != 1 or face_review.unfit(found[0])):
        return FacesSeen()
    if not found:
        raise Refused(
            worded("I see no face in that picture. Send one where the face is large, sharp and looks into the camera.")
        )
    if len(found) > 1 and which is None:
        raise SeveralFaces(png, found)
    face = found[min(which or 0, len(found) - 1)]
    if problem := face_review.unfit(face):
        raise Refused(problem)
    measure = FaceMeasure(face.embedding, face.pattern, identity.MEASURE)
    crop = intake.encode_png(identity.crop(png, face))
    if len(found) == 1:
        return FacesSeen(None, crop, measure)
    alone = intake.encode_png(identity.crop(png, face, reach=ALONE, most_px=1024))
    place = sum(other.box[0] < face.box[0] for other in found)
    return FacesSeen(_with_scene(alone, png, place), crop, measure, place)


def _with_scene(alone: bytes, png: bytes, place: int) -> bytes:
    """One person's part of a picture; where the studio took that, who it is goes along."""
    from engine.renderer.stored import KEYWORD, of_one

    scene = of_one(texts(png, (KEYWORD,)).get(KEYWORD, ""), place)
    return with_texts(alone, {KEYWORD: scene}) if scene else alone


async def _keep(stores: Stores, saver: Saver, handle: str, png: bytes, seen: FacesSeen, source: _Source) -> Character:
    picture = source.sha256 or await stores.pictures.stage(seen.picture or png)
    try:
        crop = None if seen.crop is None else await stores.pictures.stage(seen.crop)
    except BaseException:
        if not isinstance(picture, str):
            await stores.pictures.discard(picture)
        raise
    people = _with_words(source.people, saver.description)
    if saver.adds:
        return await stores.characters.add(
            saver.user_id,
            handle,
            picture,
            origin=source.origin,
            portrait_id=source.portrait_id,
            crop=crop,
            face=seen.face,
            looks=source.looks,
            people=people,
            now=time.time(),
        )
    return await stores.characters.save(
        saver.user_id,
        saver.guild_id,
        handle,
        picture,
        origin=source.origin,
        portrait_id=source.portrait_id,
        crop=crop,
        face=seen.face,
        looks=source.looks,
        people=people,
        description=(saver.description or source.subject)[:DESCRIPTION_LIMIT],
        now=time.time(),
    )


def _with_words(people: str, description: str) -> str:
    """What a face was asked for with, and what its owner says of it."""
    said = carried_people.in_prompts([parse(description[:DESCRIPTION_LIMIT])])
    return carried_people.to_text(carried_people.together([carried_people.from_text(people), said]))


async def from_message(
    bot: App, saver: Saver, handle: str, message: discord.Message, me: discord.ClientUser
) -> Character:
    """Save from a message: a portrait of the bot, or a picture that the saving person attached.

    Raises Refused when the message holds neither.
    """
    if message.author.id == me.id:
        return await from_portrait(
            bot.stores, bot.engine.catalogue, saver, handle, await portrait_in(bot.stores, message)
        )
    if message.author.id != saver.user_id:
        raise Refused(worded("Only portraits made here, or pictures that you attached yourself, can be saved."))
    for attachment in message.attachments:
        if (attachment.content_type or "image/").startswith("image/"):
            return await from_attachment(bot, saver, handle, attachment)
    raise Refused(worded("There is no picture in that message. Choose one with a portrait or with a picture of yours."))


async def portrait_in(stores: Stores, message: discord.Message) -> Portrait[PictureSpec]:
    """The (first) portrait that a message of the bot shows. Raises Gone."""
    portraits = await stores.portraits.by_message(message.id)
    if not portraits:
        raise Gone(worded("There is no finished portrait in that message."))
    return portraits[0]


async def from_link(bot: App, saver: Saver, handle: str, link: str, member: discord.Member) -> Character:
    """Save from a link to a message of the same server, in a channel that the person can read."""
    message = await linked(bot, saver, link, member)
    if bot.user is None:
        raise Refused(worded("The studio is still starting. Try again in a moment."))
    return await from_message(bot, saver, handle, message, bot.user)


async def linked(client: discord.Client, saver: Saver, link: str, member: discord.Member) -> discord.Message:
    """The message of the saver's server that a link leads to, if they can read it. Raises Refused."""
    match = LINK.match(link.strip())
    if match is None:
        raise Refused(worded("That is not a link to a message. Use Copy Message Link in the message's menu."))
    if match["guild"] != str(saver.guild_id):
        raise Refused(worded("That message is in another server; only messages of this one can be used."))
    unreadable = Refused(worded("There is no such message in a channel that you can read."))
    channel = await readable(int(match["channel"]), member)
    if channel is None:
        raise unreadable
    try:
        return await channel.fetch_message(int(match["message"]))
    except (discord.NotFound, discord.Forbidden) as error:
        raise unreadable from error


async def readable(channel_id: int, member: discord.Member) -> discord.abc.Messageable | None:
    """The channel of the member's server, if the member can read what was written there."""
    channel = member.guild.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(channel, discord.abc.Messageable):
        return None
    allowed = channel.permissions_for(member)
    if not (allowed.view_channel and allowed.read_message_history):
        return None
    if isinstance(channel, discord.Thread) and not await _in_thread(channel, member, allowed):
        return None
    return channel


async def _in_thread(thread: discord.Thread, member: discord.Member, allowed: discord.Permissions) -> bool:
    """Whether the member can read a thread: a private one only by being in it, or by managing threads."""
    if not thread.is_private() or allowed.manage_threads:
        return True
    return any(one.id == member.id for one in await thread.fetch_members())


def requested_handle(content: str, me: discord.ClientUser) -> str | None:
    """The handle in "@bot save ana" or "@bot /character save ana"; None when the message asks for something else."""
    text = content.replace(f"<@{me.id}>", " ").replace(f"<@!{me.id}>", " ").strip()
    match = REQUEST.match(text)
    return match["handle"] if match else None


def saved_line(character: Character) -> str:
    """What is said of a face that was saved, or got one more picture."""
    name = words.plain(character.handle)
    newest = character.references[-1]
    unmeasured = worded("Its face was not measured, so portraits will not say how like it they are.")
    saved = worded("Saved. Write `@{handle}` in a prompt, and it is {name} again.", handle=character.handle, name=name)
    if character.versions > 1:
        saved = counted(
            "Saved as `@{handle}:{version}`, with {count} picture.",
            "Saved as `@{handle}:{version}`, with {count} pictures.",
            len(character.references),
            handle=character.handle,
            version=character.version,
        )
    return together(saved, "" if newest.measured else unmeasured)
