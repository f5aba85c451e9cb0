"""`/queue`: what waits and runs; one's own for everybody, everyone's for moderators."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import cards, components, replies, words
from bot.guard import Person, person_of
from bot.views import CancelButton
from data.jobs import Order
from engine.engine import QueueEntry

if TYPE_CHECKING:
    from bot.client import Interaction

_SHOWN = 20
_BUTTONS = 20


@app_commands.command(description="Your portraits that wait or run, each with a cancel button.")
async def queue(interaction: "Interaction") -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    found = []
    for order_id, entries in groupby(bot.engine.waiting(), key=lambda entry: entry.job.id.split(".")[0]):
        order = await bot.stores.orders.get(order_id)
        if order is not None and _may_see(person, order):
            found.append((order, list(entries)))
    await replies.whisper(interaction, embed=_list(person, found[:_SHOWN]), view=_cancels(found[:_BUTTONS]))


def _may_see(person: Person, order: Order) -> bool:
    if order.guild_id != person.place.guild_id:
        return False
    return person.moderator or order.user_id == person.user_id


def _list(person: Person, found: Sequence[tuple[Order, Sequence[QueueEntry]]]) -> discord.Embed:
    title = "The queue on this server" if person.moderator else "Your portraits in the queue"
    lines = []
    for number, (order, entries) in enumerate(found, 1):
        who = f" <@{order.user_id}>" if person.moderator else ""
        lines.append(f"{number}.{who} {words.listed(_where(entry) for entry in entries)}")
    return discord.Embed(title=title, description="\n".join(lines)[:4000] or "Nothing waits.", colour=cards.ACCENT)


def _where(entry: QueueEntry) -> str:
    return "running" if entry.state == "running" else f"{words.ordinal(entry.place)} in line"


def _cancels(found: Sequence[tuple[Order, Sequence[QueueEntry]]]) -> discord.ui.View:
    view = components.Controls()
    seen: set[str] = set()
    for number, (order, _) in enumerate(found, 1):
        if order.id not in seen:
            seen.add(order.id)
            view.add_item(CancelButton(order.id, label=f"Cancel {number}"))
    return view


COMMANDS: tuple[Any, ...] = (queue,)
