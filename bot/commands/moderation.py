"""What moderators look up: accounts, the audit, and who is banned from the studio."""

import csv
import io
import time
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.core import words
from bot.core.errors import Refused
from bot.guard import Actor, person_of, require_moderator
from bot.languages.speech import counted, labelled, reworded, worded
from bot.messages import alt_text, cards, ledger_words, replies
from data.core.audit import AuditAction, AuditEntry

MODERATORS = discord.Permissions(manage_guild=True)
_SHOWN = 15
_REFUSALS_SINCE_S = 30 * 86_400
_EXPORTED = 10_000
_STATES: Final = {
    "waiting": worded("waiting"),
    "running": worded("running"),
    "rendered": worded("made"),
    "delivered": worded("delivered"),
    "failed": worded("failed"),
    "cancelled": worded("cancelled"),
}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@app_commands.command(description="For moderators: somebody's balance, tier, history and jobs.")
@app_commands.guild_only()
@app_commands.default_permissions(MODERATORS)
@app_commands.describe(user="Whose account")
async def account(interaction: Interaction, user: discord.Member) -> None:
    person = await _moderator(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, user.id)
    entries = await bot.stores.accounts.history(account.id, limit=8)
    orders = await bot.stores.orders.of_user(person.place.guild_id, user.id, limit=5)
    embed = discord.Embed(
        title=labelled("title", "Account of {name}", name=words.plain(user.display_name, 60)),
        colour=cards.ACCENT,
    )
    embed.add_field(name=labelled("field", "Balance"), value=words.credits_word(account.balance))
    embed.add_field(name=labelled("field", "Tier"), value=ledger_words.tier_line(account))
    refused = await bot.stores.audit.page(
        person.place.guild_id,
        actor_id=user.id,
        action=AuditAction.AGAINST_POLICY,
        since=time.time() - _REFUSALS_SINCE_S,
        limit=_EXPORTED,
    )
    if refused:
        rules = words.listed(sorted({entry.detail for entry in refused}))
        embed.add_field(name=labelled("field", "Refused in 30 days"), value=f"{len(refused)} ({rules})")
    if await bot.stores.bans.get(person.place.guild_id, user.id):
        embed.add_field(name=labelled("field", "Banned"), value=worded("from the studio"))
    embed.add_field(
        name=labelled("field", "History"), value=ledger_words.lines(entries) or worded("nothing yet"), inline=False
    )
    states = [
        f"<t:{int(one.created_at)}:R> {', '.join(reworded(_STATES[row.state]) for row in one.jobs)}" for one in orders
    ]
    embed.add_field(name=labelled("field", "Orders"), value="\n".join(states) or worded("none yet"), inline=False)
    await replies.whisper(interaction, embed=embed)


@app_commands.command(description="For moderators: who granted what to whom.")
@app_commands.guild_only()
@app_commands.default_permissions(MODERATORS)
@app_commands.describe(
    by="Only what this moderator did",
    user="Only what was done to this person",
    export="As a CSV file, with everything",
)
async def audit(
    interaction: Interaction,
    by: discord.Member | None = None,
    user: discord.Member | None = None,
    export: bool = False,
) -> None:
    person = await _moderator(interaction)
    entries = await interaction.client.stores.audit.page(
        person.place.guild_id,
        actor_id=by.id if by else None,
        target_id=user.id if user else None,
        limit=_EXPORTED if export else _SHOWN,
    )
    if export:
        file = alt_text.described("audit.csv", as_csv(entries).encode(), worded("The audit log as a table (CSV)."))
        await replies.whisper(interaction, counted("{count:,} entry.", "{count:,} entries.", len(entries)), file=file)
        return
    stores, numbers = interaction.client.stores, [entry.id for entry in entries]
    said = {**await stores.refused_orders.words_of(numbers), **await stores.withheld.words_of(numbers)}
    lines = [_line(entry, said.get(entry.id, "")) for entry in entries]
    embed = discord.Embed(
        title=labelled("title", "Audit"),
        description="\n".join(lines)[:4000] or worded("Nothing yet."),
        colour=cards.ACCENT,
    )
    await replies.whisper(interaction, embed=embed)


def _line(entry: AuditEntry, said: str) -> str:
    """`said` are the words of what was refused or withheld; a file of the audit, which outlives them, has none."""
    target = f" → <@{entry.target_id}>" if entry.target_id else ""
    rest = " · ".join(words.plain(part, 120) for part in (entry.detail, entry.reason, said) if part)
    return f"<t:{int(entry.created_at)}:f> <@{entry.actor_id}> {words.plain(entry.action, 60)}{target} · {rest}"


def as_csv(entries: Sequence[AuditEntry]) -> str:
    """One line an entry; a cell that a spreadsheet would take for a formula is quoted with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["time", "by", "action", "to", "detail", "reason"])
    for entry in entries:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.created_at))
        cells = [moment, str(entry.actor_id), entry.action, str(entry.target_id), entry.detail, entry.reason]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in cells])
    return buffer.getvalue()


ban = app_commands.Group(
    name="studio-ban",
    description="For moderators: who may not use the studio here.",
    guild_only=True,
    default_permissions=MODERATORS,
)


@ban.command(description="Keep somebody out of the studio on this server.")
@app_commands.describe(user="Who", reason="Why; kept in the audit")
async def add(interaction: Interaction, user: discord.Member, reason: Range[str, 1, 200] = "") -> None:
    person = await _moderator(interaction)
    if user.id == person.user_id:
        raise Refused(worded("You cannot ban yourself."))
    await interaction.client.stores.bans.add(
        person.place.guild_id, user.id, actor_id=person.user_id, reason=reason, now=time.time()
    )
    await replies.whisper(
        interaction,
        worded("{user} can no longer order here. Portraits already waiting go on.", user=user.mention),
    )


@ban.command(description="Let somebody use the studio again.")
@app_commands.describe(user="Who")
async def remove(interaction: Interaction, user: discord.User) -> None:
    person = await _moderator(interaction)
    # The ban of somebody who was erased hangs on a hash until they are named again.
    await interaction.client.stores.privacy.recognise(user.id, now=time.time())
    lifted = await interaction.client.stores.bans.remove(
        person.place.guild_id, user.id, actor_id=person.user_id, now=time.time()
    )
    await replies.whisper(
        interaction,
        worded("{user} may order again.", user=user.mention) if lifted else worded("There was no such ban."),
    )


async def _moderator(interaction: Interaction) -> Actor:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    require_moderator(person)
    return person


COMMANDS: tuple[Any, ...] = (account, audit, ban)
