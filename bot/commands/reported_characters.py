"""Characters that are reported, disabled and purged: `/character report`, `/studio-characters` for moderators, and the
owner's part of `/studio-admin`."""

import time
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import App, Interaction
from bot.commands import admin, character
from bot.commands.moderation import MODERATORS
from bot.components import actions, review_queue
from bot.components.autocomplete import complete_character
from bot.components.base import MAX_ID
from bot.core import review_items, words
from bot.core.errors import Gone, Refused
from bot.guard import Actor, person_of, require_moderator
from bot.languages.speech import counted, labelled, together, worded
from bot.messages import cards, replies
from data.core.audit import AuditAction
from data.people.character_reports import EVERYWHERE, DisabledCharacter, Report

PURGED: Final = worded("A character in this portrait was removed by the bot's owner; your credits are back.")
_SHOWN = 15
Reason = Range[str, 1, 300]


@character.group.command(description="Tell the moderators about a character that should not be used here.")
@app_commands.describe(
    reason="What is wrong with it; the moderators of this server read that, and who says it",
    name="A character that is shared here",
    portrait="Or the number of a portrait that shows it (No. … under it)",
)
@app_commands.autocomplete(name=complete_character)
async def report(
    interaction: Interaction,
    reason: Reason,
    name: Range[str, 1, 40] | None = None,
    portrait: Range[int, 1, MAX_ID] | None = None,
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    if not person.place.guild_id:
        raise Refused(worded("Reports go to the moderators of a server, so make it there."))
    for character_id in await _seen(interaction, person, name, portrait):
        new = await interaction.client.stores.character_reports.report(
            character_id,
            guild_id=person.place.guild_id,
            reporter_id=person.user_id,
            reason=" ".join(reason.split()),
            now=time.time(),
        )
        if new:
            await review_queue.tell_moderators(interaction.client, person.place.guild_id, "character", character_id)
    await replies.whisper(interaction, worded("Thank you. The moderators of this server can see that now."))


async def _seen(interaction: Interaction, person: Actor, name: str | None, portrait: int | None) -> list[int]:
    """Ids of the characters that are meant, as far as the person can see them. Raises Refused, Gone."""
    stores = interaction.client.stores
    if (name is None) == (portrait is None):
        raise Refused(worded("Say which: either the name of a shared character, or the number of a portrait."))
    if name is not None:
        found = await stores.characters.find(person.user_id, person.place.guild_id, name)
        meant = {} if found is None else {found.id: found.user_id}
    else:
        shown = await actions.seen(interaction, portrait or 0)
        ids = await stores.characters.of_order(shown.order_id)
        kept = [await stores.character_reports.find(one) for one in ids]
        meant = {one.id: one.owner_id for one in kept if one is not None}
    if not meant:
        raise Gone(worded("There is no such character that you can see here."))
    others = [one for one, owner in meant.items() if owner != person.user_id]
    if not others:
        raise Refused(worded("That one is yours: /character delete removes it."))
    return others


group = app_commands.Group(
    name="studio-characters",
    description="For moderators: characters that were reported, and which may not be used here.",
    guild_only=True,
    default_permissions=MODERATORS,
)


@group.command(description="What members have reported here.")
async def reports(interaction: Interaction) -> None:
    person = await _moderator(interaction)
    found = await interaction.client.stores.character_reports.reports(person.place.guild_id, limit=_SHOWN)
    embed = discord.Embed(title=labelled("title", "Reported characters"), colour=cards.ACCENT)
    embed.description = "\n".join(_line(one) for one in found)[:4000] or worded("Nothing was reported.")
    await replies.whisper(interaction, embed=embed)


def _line(one: Report) -> str:
    who = f"<@{one.reporter_id}>" if one.reporter_id > 0 else worded("somebody who has left")
    parts: list[str] = [_whose(one)]
    parts += [worded("**disabled**")] if one.disabled else []
    parts += [words.plain(one.reason, 200) or worded("no reason"), worded("by {who}", who=who)]
    return f"<t:{int(one.created_at)}:f> {' · '.join(parts)}"


def _whose(one: Report | DisabledCharacter) -> str:
    return worded("{handle} of <@{user}>", handle=words.handle(one.handle), user=one.owner_id)


@group.command(description="Keep a character from being used on this server; what waits with it is refunded.")
@app_commands.describe(user="Whose character", name="Its name", reason="Why; kept in the audit")
async def disable(
    interaction: Interaction, user: discord.User, name: Range[str, 1, 40], reason: Range[str, 1, 200] = ""
) -> None:
    person = await _moderator(interaction)
    await _disable(interaction, await _of(interaction, user, name), guild_id=person.place.guild_id, reason=reason)


@group.command(description="Let a character be used on this server again.")
@app_commands.describe(user="Whose character", name="Its name")
async def enable(interaction: Interaction, user: discord.User, name: Range[str, 1, 40]) -> None:
    person = await _moderator(interaction)
    await _enable(interaction, await _of(interaction, user, name), guild_id=person.place.guild_id)


async def _moderator(interaction: Interaction) -> Actor:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    require_moderator(person)
    return person


async def _of(interaction: Interaction, user: discord.User | discord.Member, name: str) -> int:
    found = await interaction.client.stores.characters.get(user.id, name)
    if found is None:
        raise Gone(worded("{user} has no character of that name.", user=user.mention))
    return found.id


async def _disable(interaction: Interaction, character_id: int, *, guild_id: int, reason: str) -> None:
    bot = interaction.client
    new = await bot.stores.character_reports.disable(
        character_id, guild_id=guild_id, actor_id=interaction.user.id, reason=reason, now=time.time()
    )
    stopped = await bot.studio.stop_jobs(await bot.stores.character_reports.stopped_jobs(), review_items.DISABLED)
    ended = counted(
        "{count} portrait that waited with it was cancelled and refunded.",
        "{count} portraits that waited with it were cancelled and refunded.",
        stopped,
    )
    if guild_id == EVERYWHERE:
        done = worded("It cannot be used anywhere any more.") if new else worded("It was disabled everywhere already.")
    else:
        done = worded("It cannot be used here any more.") if new else worded("It was disabled here already.")
    await replies.whisper(interaction, together(done, ended if stopped else ""))


async def _enable(interaction: Interaction, character_id: int, *, guild_id: int) -> None:
    lifted = await interaction.client.stores.character_reports.enable(
        character_id, guild_id=guild_id, actor_id=interaction.user.id, now=time.time()
    )
    if guild_id == EVERYWHERE:
        done = worded("It can be used everywhere again.") if lifted else worded("It was not disabled everywhere.")
    else:
        done = worded("It can be used here again.") if lifted else worded("It was not disabled here.")
    await replies.whisper(interaction, done)


characters = app_commands.Group(
    name="characters", description="All characters that people have saved.", parent=admin.admin
)


@characters.command(name="list", description="Characters of everybody, or of one person, newest first.")
@app_commands.describe(user="The person's id", before="Only those with a smaller number than this")
async def list_(
    interaction: Interaction, user: Range[str, 1, 20] | None = None, before: Range[int, 1, MAX_ID] | None = None
) -> None:
    await admin.require_owner(interaction)
    if user is not None and not (user.isascii() and user.isdecimal() and int(user) <= MAX_ID):
        raise Refused(worded("A person's id is a number: switch on Developer Mode, then right-click them, Copy ID."))
    found = await interaction.client.stores.character_reports.kept(
        user_id=int(user) if user else None, before_id=before, limit=_SHOWN
    )
    embed = discord.Embed(title=labelled("title", "Characters"), colour=cards.ACCENT)
    embed.description = "\n".join(_kept_line(one) for one in found)[:4000] or worded("None.")
    await replies.whisper(interaction, embed=embed)


def _kept_line(one: DisabledCharacter) -> str:
    marks: list[str] = [worded("from a picture") if one.uploaded else worded("from a portrait")]
    marks += [counted("{count} report", "{count} reports", one.reports)] if one.reports else []
    marks += [worded("**disabled**")] if one.disabled else []
    return f"`{one.id}` {_whose(one)} <t:{int(one.created_at)}:d> · {', '.join(marks)}"


@characters.command(name="disable", description="Keep a character from being used anywhere.")
@app_commands.describe(number="Its number in the list", reason="Why; kept in the audit")
async def disable_everywhere(
    interaction: Interaction, number: Range[int, 1, MAX_ID], reason: Range[str, 1, 200] = ""
) -> None:
    await admin.require_owner(interaction)
    await _disable(interaction, number, guild_id=EVERYWHERE, reason=reason)


@characters.command(name="enable", description="Let a character be used again, but where moderators disabled it.")
@app_commands.describe(number="Its number in the list")
async def enable_everywhere(interaction: Interaction, number: Range[int, 1, MAX_ID]) -> None:
    await admin.require_owner(interaction)
    await _enable(interaction, number, guild_id=EVERYWHERE)


@characters.command(description="Delete a character with its pictures and what was measured of them, for good.")
@app_commands.describe(number="Its number in the list", reason="Why; kept in the audit")
async def purge(interaction: Interaction, number: Range[int, 1, MAX_ID], reason: Range[str, 1, 200] = "") -> None:
    await admin.require_owner(interaction)
    bot = interaction.client
    found = await bot.stores.character_reports.find(number)
    if found is None:
        raise Gone(worded("There is no character of that number."))
    pictures = await bot.stores.character_reports.pictures(found.id)
    jobs = await bot.stores.character_reports.jobs_with(found.id)
    await bot.studio.stop_jobs(jobs, PURGED)
    await _see_through(bot, jobs)
    await bot.stores.characters.delete(found.owner_id, found.handle)
    await bot.stores.audit.append(
        found.guild_id,
        interaction.user.id,
        AuditAction.PURGE_CHARACTER,
        target_id=found.owner_id,
        detail=f"@{found.handle}",
        reason=reason,
        now=time.time(),
    )
    await replies.whisper(interaction, worded("{handle} and its pictures are gone.", handle=words.handle(found.handle)))
    await bot.engine.forget(pictures)
    await bot.stores.database.scrub()


async def _see_through(bot: App, jobs: list[str]) -> None:
    for order_id in dict.fromkeys(job_id.partition(".")[0] for job_id in jobs):
        await bot.studio.seen_through(order_id)


COMMANDS: tuple[Any, ...] = (group,)
