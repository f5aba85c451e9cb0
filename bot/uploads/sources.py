"""Pictures that an order starts from or goes by: an attachment, a portrait, or what a link leads to.

What people hand in is cleaned, asked about once (`bot/components/consent.py`), and kept until the order holds it.
"""

import time
from dataclasses import dataclass
from typing import Final

import discord

from bot.app import App, Interaction
from bot.core import carried_people, picture_rights
from bot.core.errors import Gone, NotYours, Refused
from bot.core.extras import EditRequest, ReferenceRequest, Use
from bot.guard import Actor
from bot.languages.speech import worded
from bot.uploads import attachments, recognised, saving
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.prompt import NOTHING, PortraitPrompt

_MARGIN_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stored picture; `people` is what it was asked for with, as JSON. `kept` names it among the handed-in ones, ""
    for a portrait; sides in pixels."""

    sha256: str
    width: int
    height: int
    from_upload: bool
    people: str = ""
    kept: str = ""
    portrait: Portrait[PictureSpec] | None = None

    @property
    def prompt(self) -> PortraitPrompt:
        """The recipe that it was made from, as far as one is known; without its seed."""
        return self.portrait.spec.prompt if self.portrait else NOTHING

    def edit(self, words: str, strength: float) -> EditRequest:
        return EditRequest(sha256=self.sha256, words=words, strength=strength, from_upload=self.from_upload)

    def picture(self, role: Use, handle: str = "") -> ReferenceRequest:
        return ReferenceRequest(handle=handle, sha256=self.sha256, role=role, from_upload=self.from_upload)


async def from_portrait(bot: App, portrait: Portrait[PictureSpec]) -> Source:
    """One of the bot's portraits. One that was made from an uploaded picture passes that on; so does a sexual one."""
    order = await bot.stores.orders.get(portrait.order_id)
    people = carried_people.from_text(await bot.stores.asked_people.of_order(portrait.order_id))
    if portrait.spoiler:
        people = carried_people.together([people, carried_people.SEXUAL_PICTURE])
    return Source(
        sha256=portrait.sha256,
        width=portrait.spec.width,
        height=portrait.spec.height,
        from_upload=order is None or order.from_upload,
        people=carried_people.to_text(people),
        portrait=portrait,
    )


async def from_attachment(bot: App, saver: saving.Saver, attachment: discord.Attachment) -> Source:
    """A picture that a person handed in.

    Raises BadPicture, Refused when it may not be used, and RightUnconfirmed before anything is fetched.
    """
    user_id = saver.user_id
    attachments.check(attachment)
    await picture_rights.require(bot.stores, user_id)
    async with bot.decoder.slot(user_id) as slot:
        raw = await attachments.read(attachment)
        picture = await slot.clean(raw)
        people = await recognised.people_in(bot.stores, slot, raw)
        await bot.safety.handed_in(saver.guild_id, user_id, picture.png)
    staged = await bot.stores.pictures.stage(picture.png)
    now = time.time()
    expires_at = now + bot.settings.price_quote_minutes * 60 + _MARGIN_S
    kept = await bot.stores.handed_in.keep(user_id, staged, now=now, expires_at=expires_at, people=people)
    return Source(
        sha256=staged.sha256, width=staged.width, height=staged.height, from_upload=True, people=people, kept=kept
    )


async def from_link(interaction: Interaction, person: Actor, link: str) -> Source:
    """The person's own portrait, or the picture that they attached, in a message of this server.

    Raises Refused, Gone, NotYours, BadPicture, RightUnconfirmed.
    """
    bot, member = interaction.client, interaction.user
    if not isinstance(member, discord.Member) or bot.user is None:
        raise Refused(worded("Links to messages work in servers; here, attach the picture itself."))
    saver = saving.Saver(person.user_id, person.place.guild_id)
    message = await saving.linked(bot, saver, link, member)
    if message.author.id == bot.user.id:
        return await from_portrait(bot, own(await saving.portrait_in(bot.stores, message), person))
    if message.author.id != person.user_id:
        raise Refused(worded("Only your own portraits, or pictures that you attached yourself, can be used."))
    for attachment in message.attachments:
        if (attachment.content_type or "image/").startswith("image/"):
            return await from_attachment(bot, saver, attachment)
    raise Refused(worded("There is no picture in that message. Choose one with a portrait or with a picture of yours."))


async def latest(bot: App, person: Actor) -> Source:
    """The person's last portrait in this server. Raises Gone."""
    portrait = await bot.stores.portraits.latest(person.user_id, person.place.guild_id)
    if portrait is None:
        raise Gone(worded("You have no portrait here yet. Attach a picture, or make a portrait with /portrait first."))
    return await from_portrait(bot, portrait)


def own(portrait: Portrait[PictureSpec], person: Actor) -> Portrait[PictureSpec]:
    """The portrait, if it is the person's, of this server. Raises NotYours."""
    if portrait.user_id != person.user_id or portrait.guild_id != person.place.guild_id:
        raise NotYours
    return portrait
