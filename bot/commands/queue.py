"""`/queue`: what waits and runs; one's own for everybody, everyone's for moderators."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.components import base
from bot.components.portrait_buttons import CancelButton
from bot.core import words
from bot.guard import Actor, person_of
from bot.languages.speech import labelled, worded
from bot.messages import cards, replies
from data.orders.jobs import JobRow, Order
from engine.queue.engine import QueueEntry

_SHOWN = 20
_BUTTONS = 20
_LIVE = frozenset({"waiting", "running"})

Entries = Mapping[str, QueueEntry]
"""What the engine knows, by job id."""


@app_commands.command(description="Your portraits that wait or run, each with a cancel button.")
async def queue(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    entries = {entry.job.id: entry for entry in bot.engine.waiting()}
    orders = await bot.stores.orders.open_in(person.place.guild_id, None if person.moderator else person.user_id)
    found = [(order, _stands(order, entries, followed=bot.studio.is_followed(order.id))) for order in orders]
    found.sort(key=lambda each: _turn(each[0], entries))
    await replies.whisper(interaction, embed=_list(person, found[:_SHOWN]), view=_cancels(found[:_BUTTONS]))


def _turn(order: Order, entries: Entries) -> int:
    """What runs first, then by place, then what only waits for its end."""
    return min((entries[row.id].place for row in order.jobs if row.id in entries), default=1 << 30)


def _stands(order: Order, entries: Entries, *, followed: bool) -> str:
    """How an open order stands, its portraits together where they stand alike."""
    counts: dict[str, int] = defaultdict(int)
    for row in order.jobs:
        if where := _where(row, entries, order, followed=followed):
            counts[where] += 1
    alike = [
        where if count == 1 else worded("{count} × {state}", count=count, state=where)
        for where, count in counts.items()
    ]
    return words.listed(alike or [worded("about to be closed")])


def _where(row: JobRow, entries: Entries, order: Order, *, followed: bool) -> str:
    entry = entries.get(row.id)
    if entry is not None:
        return _in_engine(entry)
    if order.unshown_since is not None and row.state == "rendered":
        return worded("made: /portraits has it")
    if row.state == "rendered":
        return worded("made and on its way to you")
    if row.state not in _LIVE:
        return ""
    if not followed:
        return worded("held up, and taken up again within a minute")
    if row.state == "waiting" and order.series_id:
        return worded("waiting for the frames before it")
    return worded("being stored")


def _in_engine(entry: QueueEntry) -> str:
    if entry.state == "running":
        return worded("running")
    if entry.state == "downloading":
        return worded("waiting for its model, which is being downloaded")
    return worded("{place} in line", place=words.ordinal(entry.place))


def _list(person: Actor, found: Sequence[tuple[Order, str]]) -> discord.Embed:
    title = labelled("title", "Your portraits in the queue")
    if person.moderator:
        title = labelled("title", "The queue on this server")
    lines = []
    for number, (order, stands) in enumerate(found, 1):
        who = f" <@{order.user_id}>" if person.moderator else ""
        lines.append(f"{number}.{who} {stands}")
    return discord.Embed(
        title=title, description="\n".join(lines)[:4000] or worded("Nothing waits."), colour=cards.ACCENT
    )


def _cancels(found: Sequence[tuple[Order, str]]) -> discord.ui.View:
    view = base.Controls()
    for number, (order, _) in enumerate(found, 1):
        if any(row.state in _LIVE for row in order.jobs):
            view.add_item(CancelButton(order.id, label=labelled("button", "Cancel {number}", number=number)))
    return view


COMMANDS: tuple[Any, ...] = (queue,)
