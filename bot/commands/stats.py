"""`/stats`: a server's figures for its moderators, as a chart with the numbers beside it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.core import words
from bot.guard import person_of, require_moderator
from bot.languages.speech import counted, labelled, reworded, worded
from bot.messages import alt_text, cards, charts, replies
from data.credits.hosted_costs import Costs
from data.people.server_figures import DayFigures, Waits
from engine.models.hosted_models import TITLES

CHART_NAME = "stats.png"
_TITLE = worded("Portraits a day")
_MOST_COSTS = 8


@app_commands.command(description="For moderators: portraits a day, waiting times, credits, failures.")
@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
@app_commands.describe(days="How many days back")
async def stats(interaction: Interaction, days: Range[int, 1, 60] = 14) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    require_moderator(person)
    stores = interaction.client.stores
    settings = await stores.servers.get(person.place.guild_id)
    edges = midnights(days, ZoneInfo(settings.time_zone))
    figures = await stores.stats.days(person.place.guild_id, [edge.timestamp() for edge in edges])
    waits = await stores.stats.waits(person.place.guild_id, since=edges[0].timestamp())
    names = [f"{edge.day}.{edge.month}." for edge in edges[:-1]]
    series = by_series(figures, len(names))
    picture = await asyncio.to_thread(charts.stacked_days, _TITLE, names, series)
    embed = _card(figures, waits, days)
    today = edges[-2]
    spans = {"since": edges[0].timestamp(), "day": today.timestamp(), "month": today.replace(day=1).timestamp()}
    _add_costs(
        embed,
        await stores.costs.sums(person.place.guild_id, **spans),
        labelled("field", "What the providers charged for it"),
    )
    if interaction.client.is_owner(person.user_id):
        _add_costs(embed, await stores.costs.sums(None, **spans), labelled("field", "The same in all servers"))
    chart = alt_text.described(CHART_NAME, picture, alt_text.of_chart(reworded(_TITLE), series, names))
    await replies.whisper(interaction, embed=embed, file=chart)


def midnights(days: int, zone: ZoneInfo, now: datetime | None = None) -> list[datetime]:
    """The `days` last midnights, oldest first, and the one to come: the edges of `days` days."""
    today = (now or datetime.now(zone)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return [today - timedelta(days=back) for back in range(days - 1, -2, -1)]


def by_series(figures: Sequence[DayFigures], days: int) -> dict[str, list[int]]:
    """Portraits a day for each model and lane that had any."""
    series: dict[str, list[int]] = {}
    for one in figures:
        row = series.setdefault(f"{one.model}, {one.lane}", [0] * days)
        row[one.day] += one.portraits
    return series


def _card(figures: Sequence[DayFigures], waits: Sequence[Waits], days: int) -> discord.Embed:
    embed = discord.Embed(title=counted("Today", "The last {count} days", days), colour=cards.ACCENT)
    embed.add_field(name=labelled("field", "Portraits"), value=f"{sum(one.portraits for one in figures):,}")
    embed.add_field(name=labelled("field", "Failed"), value=f"{sum(one.failed for one in figures):,}")
    embed.add_field(name=labelled("field", "Cancelled"), value=f"{sum(one.cancelled for one in figures):,}")
    embed.add_field(name=labelled("field", "Spent"), value=words.credits_word(sum(one.credits for one in figures)))
    models: dict[str, int] = {}
    for one in figures:
        models[one.model] = models.get(one.model, 0) + one.portraits
    shown = sorted(models.items(), key=lambda item: -item[1])[:10]
    embed.add_field(
        name=labelled("field", "By model"),
        value="\n".join(f"{words.plain(name, 60)}: {count:,}" for name, count in shown) or worded("none yet"),
    )
    embed.add_field(
        name=labelled("field", "Waiting time"),
        value="\n".join(_wait(one) for one in waits) or worded("none yet"),
        inline=False,
    )
    embed.set_image(url=f"attachment://{CHART_NAME}")
    return embed


def _add_costs(embed: discord.Embed, costs: Sequence[Costs], title: str) -> None:
    """One line a model and the sums of today and this month; nothing where nothing cost money."""
    if not costs:
        return
    lines = [
        worded(
            "{provider}, {model}: {dollars} for {portraits:,}",
            provider=_home(one.provider),
            model=words.plain(one.model, 60),
            dollars=_dollars(one.usd_micros),
            portraits=one.portraits,
        )
        for one in costs[:_MOST_COSTS]
    ]
    day, month = sum(one.day_usd_micros for one in costs), sum(one.month_usd_micros for one in costs)
    lines.append(
        worded(
            "In all {total}; today {day}, this month {month}",
            total=_dollars(sum(one.usd_micros for one in costs)),
            day=_dollars(day),
            month=_dollars(month),
        )
    )
    embed.add_field(name=title, value="\n".join(lines)[:1024], inline=False)


def _home(provider: str) -> str:
    return next((title for name, title in TITLES.items() if name == provider), provider)


def _dollars(usd_micros: int) -> str:
    return f"${usd_micros / 1_000_000:,.2f}"


def _wait(one: Waits) -> str:
    return worded(
        "{lane}: half of {count:,} within {median}, 19 of 20 within {most}, longest {longest}",
        lane=words.lane_word(one.lane),
        count=one.count,
        median=words.seconds(one.median_s),
        most=words.seconds(one.p95_s),
        longest=words.seconds(one.longest_s),
    )


COMMANDS: tuple[Any, ...] = (stats,)
