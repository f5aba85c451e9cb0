"""`/grant`: moderators give credits and the unlimited tier."""

import time

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.app import Interaction
from bot.core import words
from bot.core.errors import NotAllowed, Refused
from bot.guard import Actor, person_of, require_moderator
from bot.languages.speech import worded
from bot.messages import replies
from data.credits.accounts import FREE, GrantLimits
from data.credits.ledger import LedgerNote

DAY_S = 86_400
MOST_CREDITS = 1_000_000

group = app_commands.Group(
    name="grant",
    description="For moderators: give credits or a tier.",
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
)


@group.command(description="Give somebody credits.")
@app_commands.describe(user="Who gets them", amount="How many", reason="Why; kept in the audit")
async def credits(
    interaction: Interaction,
    user: discord.Member,
    amount: Range[int, 1, MOST_CREDITS],
    reason: Range[str, 1, 200] = "",
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await _granting(interaction, user)
    entry = await interaction.client.stores.accounts.grant(
        person.place.guild_id,
        user.id,
        amount,
        _note(interaction, person, reason),
        limits=_limits(interaction),
    )
    await replies.whisper(
        interaction,
        worded(
            "{user} got {credits} and has {balance:,} now.",
            user=user.mention,
            credits=words.credits_word(amount),
            balance=entry.balance_after,
        ),
    )


async def complete_tier(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The tiers that the settings know."""
    typed = current.strip().casefold()
    return [Choice(name=name, value=name) for name in interaction.client.settings.tiers if typed in name][:25]


def _require_tier(interaction: Interaction, tier: str) -> None:
    tiers = interaction.client.settings.tiers
    if tier not in tiers:
        raise Refused(
            worded(
                "There is no tier called {tier}. There is {tiers}.",
                tier=words.plain(tier, 40),
                tiers=words.listed(tiers),
            )
        )


@group.command(description="Put somebody into a tier.")
@app_commands.describe(
    user="Who",
    tier="Which tier",
    days="For how many days; left out: without an end",
    reason="Why; kept in the audit",
)
@app_commands.autocomplete(tier=complete_tier)
async def tier(
    interaction: Interaction,
    user: discord.Member,
    tier: Range[str, 1, 20],
    days: Range[int, 1, 3650] | None = None,
    reason: Range[str, 1, 200] = "",
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await _granting(interaction, user)
    _require_tier(interaction, tier)
    until = time.time() + days * DAY_S if days and tier != FREE else None
    account = await interaction.client.stores.accounts.grant_tier(
        person.place.guild_id,
        user.id,
        tier,
        _note(interaction, person, reason),
        until=until,
        limits=_limits(interaction),
    )
    placed = worded("{user} is in the {tier} tier.", user=user.mention, tier=account.tier)
    if account.tier_until:
        placed = worded(
            "{user} is in the {tier} tier until <t:{until}:f>.",
            user=user.mention,
            tier=account.tier,
            until=int(account.tier_until),
        )
    await replies.whisper(interaction, placed)


def _note(interaction: Interaction, person: Actor, reason: str) -> LedgerNote:
    """Who asked for it now, and why: once for one command, however often it is delivered."""
    return LedgerNote(key=f"interaction:{interaction.id}", actor_id=person.user_id, reason=reason, now=time.time())


async def _granting(interaction: Interaction, user: discord.Member) -> Actor:
    person = await person_of(interaction)
    require_moderator(person)
    if user.bot:
        raise Refused(worded("Bots have no account here."))
    bot = interaction.client
    own_way = bot.is_owner(person.user_id) or bot.settings.moderation_self_grants
    if user.id == person.user_id and not own_way:
        raise NotAllowed(worded("Moderators cannot grant anything to themselves; ask another one."))
    # Today's allowance first: it belongs to the balance that is told, or taken.
    await bot.studio.account(person.place.guild_id, user.id)
    return person


def _limits(interaction: Interaction) -> GrantLimits | None:
    """What a moderator may give in a day; the bot's owners have no limit."""
    bot = interaction.client
    if bot.is_owner(interaction.user.id):
        return None
    return GrantLimits(
        since=time.time() - DAY_S,
        credits=bot.settings.moderation_daily_credits,
        tiers=bot.settings.moderation_daily_tiers,
    )


revoke = app_commands.Group(
    name="revoke",
    description="For moderators: take credits or a tier back.",
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
)


@revoke.command(name="credits", description="Take credits back, at most what is there.")
@app_commands.describe(user="From whom", amount="How many", reason="Why; kept in the audit")
async def revoke_credits(
    interaction: Interaction,
    user: discord.Member,
    amount: Range[int, 1, MOST_CREDITS],
    reason: Range[str, 1, 200] = "",
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await _granting(interaction, user)
    entry = await interaction.client.stores.accounts.revoke(
        person.place.guild_id,
        user.id,
        amount,
        _note(interaction, person, reason),
    )
    await replies.whisper(
        interaction,
        worded(
            "Took {credits} from {user}, who has {balance:,} now.",
            credits=words.credits_word(-entry.amount),
            user=user.mention,
            balance=entry.balance_after,
        ),
    )


@revoke.command(name="tier", description="Put somebody back into the free tier.")
@app_commands.describe(user="Who", reason="Why; kept in the audit")
async def revoke_tier(interaction: Interaction, user: discord.Member, reason: Range[str, 1, 200] = "") -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await _granting(interaction, user)
    await interaction.client.stores.accounts.revoke_tier(
        person.place.guild_id,
        user.id,
        _note(interaction, person, reason),
    )
    await replies.whisper(interaction, worded("{user} is in the free tier.", user=user.mention))


COMMANDS = (group, revoke)
