"""`/moderate`: what waits for a server's moderators, and faces that may not be used."""

import asyncio
import time
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.commands.moderation import MODERATORS
from bot.components import review_queue
from bot.components.base import MAX_ID
from bot.core import face_blocks, words
from bot.core.errors import Gone, NotAllowed, Refused
from bot.guard import Actor, person_of, require_moderator
from bot.languages.speech import counted, labelled, together, worded
from bot.messages import cards, replies
from bot.uploads import attachments
from data.characters.character_rows import FaceMeasure
from data.people.blocked_faces import BlockedFace
from data.people.character_reports import EVERYWHERE
from engine.faces import identity

_SHOWN = 25

group = app_commands.Group(
    name="moderate",
    description="For moderators: what waits for you, and faces that may not be used here.",
    guild_only=True,
    default_permissions=MODERATORS,
)


@group.command(description="What was refused, appealed and reported here, one after the other.")
async def queue(interaction: Interaction) -> None:
    await _moderator(interaction)
    await review_queue.show(interaction)


@group.command(name="block-face", description="Keep a face out of uploads and characters, by one picture of it.")
@app_commands.describe(
    portrait="The number of a portrait made here (No. … under it)",
    picture="Or a picture; it is looked at and not kept",
    user="Or somebody's character: whose it is",
    name="… and its name",
    face="Which face where there are several: 1 is the largest",
    everywhere="For the bot's owner: in all servers",
    reason="Why; kept with the block and in the audit",
)
async def block_face(
    interaction: Interaction,
    portrait: Range[int, 1, MAX_ID] | None = None,
    picture: discord.Attachment | None = None,
    user: discord.User | None = None,
    name: Range[str, 1, 40] | None = None,
    face: Range[int, 1, identity.MOST_FACES] | None = None,
    everywhere: bool = False,
    reason: Range[str, 1, 200] = "",
) -> None:
    person = await _moderator(interaction)
    guild_id = _where(interaction, person, everywhere=everywhere)
    if why := identity.missing():
        raise Refused(worded("Faces cannot be looked for here ({why}). Nothing was blocked.", why=why))
    owned = None if user is None or name is None else (user, name)
    if [portrait, picture, owned].count(None) != 2:
        raise Refused(worded("Say which face: a portrait's number, a picture, or a person and their character's name."))
    found: list[FaceMeasure] = []
    if portrait is not None:
        found = await _in_portrait(interaction, person, portrait)
    elif picture is not None:
        found = await _in_picture(interaction, picture)
    elif owned is not None:
        found = await _of_character(interaction, *owned)
    meant = _meant(found, face)
    block = await interaction.client.stores.blocked_faces.add(
        guild_id, meant.embedding, meant.version, actor_id=person.user_id, reason=reason, now=time.time()
    )
    await replies.whisper(
        interaction,
        together(
            worded("Blocked as no. {number}, {place}.", number=block.id, place=_place(block)),
            worded(
                "Pictures of this face are not taken there, and no character with it can be used. Portraits that wait "
                "or are finished stay. It may miss other pictures of the same person, and about 1 in 100 who look very "
                "alike are refused too."
            ),
        ),
    )


def _where(interaction: Interaction, person: Actor, *, everywhere: bool) -> int:
    """Raises NotAllowed."""
    if everywhere and not interaction.client.is_owner(person.user_id):
        raise NotAllowed(worded("Only the bot's owner decides for all servers; leave `everywhere:` out."))
    return EVERYWHERE if everywhere else person.place.guild_id


async def _in_portrait(interaction: Interaction, person: Actor, number: int) -> list[FaceMeasure]:
    """Raises Gone for one of another server."""
    bot = interaction.client
    found = await bot.stores.portraits.get(number)
    if found is None or (found.guild_id != person.place.guild_id and not bot.is_owner(person.user_id)):
        raise Gone(worded("There is no such portrait here."))
    return await _measured(interaction, await bot.stores.pictures.read(found.sha256))


async def _in_picture(interaction: Interaction, picture: discord.Attachment) -> list[FaceMeasure]:
    attachments.check(picture)
    async with interaction.client.decoder.slot(interaction.user.id) as slot:
        clean = await slot.clean(await attachments.read(picture))
    return await _measured(interaction, clean.png)


async def _of_character(interaction: Interaction, user: discord.User, name: str) -> list[FaceMeasure]:
    """The first picture of the character whose face was measured."""
    characters = interaction.client.stores.characters
    found = await characters.get(user.id, name)
    if found is None:
        raise Gone(worded("{user} has no character of that name.", user=user.mention))
    measures = [await characters.face(one.id) for one in found.references if one.measured]
    return [one for one in measures if one is not None][:1]


async def _measured(interaction: Interaction, png: bytes) -> list[FaceMeasure]:
    async with interaction.client.looking:
        return await asyncio.to_thread(face_blocks.measured, png)


def _meant(found: list[FaceMeasure], face: int | None) -> FaceMeasure:
    """Raises Refused."""
    if not found:
        raise Refused(
            worded("I see no face there that could be measured. Nothing was blocked; try a larger, sharper picture.")
        )
    if len(found) > 1 and face is None:
        raise Refused(
            counted(
                "There is {count} face in it. Say which with `face:`; 1 is the largest.",
                "There are {count} faces in it. Say which with `face:`; 1 is the largest.",
                len(found),
            )
        )
    if face is not None and face > len(found):
        raise Refused(
            counted(
                "I see {count} face in it. Nothing was blocked.",
                "I see {count} faces in it. Nothing was blocked.",
                len(found),
            )
        )
    return found[(face or 1) - 1]


@group.command(description="The faces that are blocked here, with who blocked them and when.")
async def faces(interaction: Interaction) -> None:
    person = await _moderator(interaction)
    found = await interaction.client.stores.blocked_faces.holding(person.place.guild_id)
    embed = discord.Embed(title=labelled("title", "Blocked faces"), colour=cards.ACCENT)
    embed.description = "\n".join(_line(one) for one in found[:_SHOWN])[:4000] or worded("None.")
    if len(found) > _SHOWN:
        embed.set_footer(text=labelled("footer", "The newest {shown} of {count}.", shown=_SHOWN, count=len(found)))
    await replies.whisper(interaction, embed=embed)


def _line(one: BlockedFace) -> str:
    who = f"<@{one.actor_id}>" if one.actor_id > 0 else worded("somebody who has left")
    blocked = worded(
        "`{number}` {place} · <t:{at}:f> by {who}", number=one.id, place=_place(one), at=int(one.created_at), who=who
    )
    return f"{blocked} · {words.plain(one.reason, 100)}" if one.reason else blocked


def _place(one: BlockedFace) -> str:
    return worded("everywhere") if one.guild_id == EVERYWHERE else worded("here")


@group.command(name="unblock-face", description="Let a face be used again; what was kept of it is erased.")
@app_commands.describe(
    number="Its number in /moderate faces", everywhere="For the bot's owner: one that was blocked in all servers"
)
async def unblock_face(interaction: Interaction, number: Range[int, 1, MAX_ID], everywhere: bool = False) -> None:
    person = await _moderator(interaction)
    guild_id = _where(interaction, person, everywhere=everywhere)
    gone = await interaction.client.stores.blocked_faces.remove(
        number, guild_id, actor_id=person.user_id, now=time.time()
    )
    if not gone:
        raise Gone(worded("There is no such block here. /moderate faces lists them."))
    await replies.whisper(interaction, worded("That face may be used again, and what was kept of it is erased."))


async def _moderator(interaction: Interaction) -> Actor:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    require_moderator(person)
    return person


COMMANDS: tuple[Any, ...] = (group,)
