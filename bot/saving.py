"""Saving a face: from a portrait, an attachment, a message or a link, always the same way in the end."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Final

import discord

from bot import consent, words
from bot.errors import Gone, Refused
from bot.stores import Stores
from data.characters import Character, check_handle
from data.portraits import Portrait
from engine import intake

LINK: Final = re.compile(
    r"^https://(?:ptb\.|canary\.)?discord(?:app)?\.com/channels/(?P<guild>[0-9]{1,20}|@me)/"
    r"(?P<channel>[0-9]{1,20})/(?P<message>[0-9]{1,20})/?$"
)
REQUEST: Final = re.compile(r"^(?:/?character\s+)?save\s+(?:as\s+)?@?(?P<handle>\S+)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Saver:
    """Who saves, and where they are."""

    user_id: int
    guild_id: int


async def from_portrait(stores: Stores, saver: Saver, handle: str, portrait: Portrait) -> Character:
    """Save the face in one of the bot's own portraits. Raises BadHandle, HandleTaken, RightUnconfirmed."""
    order = await stores.orders.get(portrait.order_id)
    # A portrait made from an uploaded picture passes that on: what may be made of it stays limited.
    from_upload = order is None or order.from_upload
    if from_upload:
        await consent.require(stores, saver.user_id)
    return await stores.characters.save(
        saver.user_id,
        saver.guild_id,
        check_handle(handle),
        portrait.sha256,
        origin="upload" if from_upload else "portrait",
        portrait_id=portrait.id,
        now=time.time(),
    )


async def from_attachment(stores: Stores, saver: Saver, handle: str, attachment: discord.Attachment) -> Character:
    """Save the face in a picture that a person handed in.

    Raises BadPicture, BadHandle, HandleTaken, and RightUnconfirmed before anything is stored.
    """
    handle = check_handle(handle)
    if attachment.size > intake.MAX_BYTES:
        raise intake.BadPicture(f"That file has {attachment.size / 2**20:.0f} MiB; pictures may have at most 10 MiB.")
    picture = await asyncio.to_thread(intake.clean, await attachment.read())
    await consent.require(stores, saver.user_id)
    staged = await stores.pictures.stage(picture.png)
    return await stores.characters.save(
        saver.user_id,
        saver.guild_id,
        handle,
        staged,
        origin="upload",
        now=time.time(),
    )


async def from_message(
    stores: Stores, saver: Saver, handle: str, message: discord.Message, me: discord.ClientUser
) -> Character:
    """Save from a message: a portrait of the bot, or a picture that the saving person attached.

    Raises Refused when the message holds neither.
    """
    if message.author.id == me.id:
        return await from_portrait(stores, saver, handle, await portrait_in(stores, message))
    if message.author.id != saver.user_id:
        raise Refused("Only portraits made here, or pictures that you attached yourself, can be saved.")
    for attachment in message.attachments:
        if (attachment.content_type or "image/").startswith("image/"):
            return await from_attachment(stores, saver, handle, attachment)
    raise Refused("There is no picture in that message. Choose one with a portrait or with a picture of yours.")


async def portrait_in(stores: Stores, message: discord.Message) -> Portrait:
    """The (first) portrait that a message of the bot shows. Raises Gone."""
    portraits = await stores.portraits.by_message(message.id)
    if not portraits:
        raise Gone("There is no finished portrait in that message.")
    return portraits[0]


async def from_link(
    client: discord.Client, stores: Stores, saver: Saver, handle: str, link: str, member: discord.Member
) -> Character:
    """Save from a link to a message of the same server, in a channel that the person can read."""
    message = await linked(client, saver, link, member)
    if client.user is None:
        raise Refused("The studio is still starting. Try again in a moment.")
    return await from_message(stores, saver, handle, message, client.user)


async def linked(client: discord.Client, saver: Saver, link: str, member: discord.Member) -> discord.Message:
    """The message of the saver's server that a link leads to, if they can read it. Raises Refused."""
    match = LINK.match(link.strip())
    if match is None:
        raise Refused("That is not a link to a message. Use Copy Message Link in the message's menu.")
    if match["guild"] != str(saver.guild_id):
        raise Refused("That message is in another server; only messages of this one can be used.")
    unreadable = Refused("There is no such message in a channel that you can read.")
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
    text = re.sub(rf"<@!?{me.id}>", " ", content).strip()
    match = REQUEST.match(text)
    return match["handle"] if match else None


def saved_line(character: Character) -> str:
    return f"Saved. Write `@{character.handle}` in a prompt, and it is {words.plain(character.handle)} again."
