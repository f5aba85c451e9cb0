"""Dear orders: the price is shown first, and the order is placed when the person who asked confirms it.

A quote is kept in the database, so its buttons outlive a restart. It is good once: the order that it becomes is named
after it (`source`), and everything is checked again when it is confirmed.
"""

import secrets
import time
from typing import Any, ClassVar

import discord

from bot.app import Interaction
from bot.components import base
from bot.core import extras, words
from bot.core.errors import Gone, NotYours, PriceUnconfirmed, Refused, Replayed
from bot.core.requests import OrderRequest, StatusMessage
from bot.guard import person_of
from bot.messages import cards, replies
from data.orders.price_quotes import Quote
from engine.jobs.job import Lane
from engine.prompt import from_json, to_json


async def order(interaction: Interaction, request: OrderRequest, answer: StatusMessage) -> None:
    """Place the order, or show its price where that must be confirmed. `answer` is the interaction's own message.

    Raises what `Studio.order` raises otherwise.
    """
    needed = False
    try:
        await interaction.client.studio.order(request, answer)
    except PriceUnconfirmed as error:
        needed = True
        await _show(interaction, request, error)
    finally:
        if not needed:
            await interaction.client.stores.handed_in.let_go(request.extras.kept)


async def _show(interaction: Interaction, request: OrderRequest, price: PriceUnconfirmed) -> None:
    bot, now = interaction.client, time.time()
    quote = Quote(
        id=secrets.token_hex(8),
        guild_id=request.place.guild_id,
        user_id=request.user_id,
        prompt=to_json(request.prompt),
        model=request.model,
        lane=request.lane.value,
        count=len(request.takes()),
        parent_portrait_id=request.parent_portrait_id,
        price=price.total,
        created_at=now,
        expires_at=now + bot.settings.price_quote_minutes * 60,
        more=extras.to_text(request.extras),
    )
    await bot.stores.quotes.add(quote)
    await interaction.edit_original_response(
        embed=_card(quote, price.balance), view=_buttons(quote), allowed_mentions=replies.NO_PINGS
    )


def _card(quote: Quote, balance: int) -> discord.Embed:
    many = "portrait" if quote.count == 1 else f"{quote.count} portraits"
    embed = discord.Embed(
        title=f"This costs {words.credits_word(quote.price)}",
        description=words.plain(cards.summary(from_json(quote.prompt)), 500),
        colour=cards.WAITING,
    )
    embed.add_field(name="For", value=f"{many} in the {quote.lane} lane")
    _add_extras(embed, extras.from_text(quote.more))
    embed.add_field(name="Left after it", value=words.credits_word(balance - quote.price))
    embed.add_field(name="Holds", value=f"until <t:{int(quote.expires_at)}:t>")
    embed.set_footer(text="Nothing is charged until it is confirmed.")
    return embed


def _add_extras(embed: discord.Embed, wanted: extras.Extras) -> None:
    if wanted.edit is not None:
        embed.add_field(name="Change", value=words.plain(wanted.edit.words, 500), inline=False)
    if (lora := wanted.lora) is not None:
        strength = "" if lora.strength is None else f" at {lora.strength:g}"
        embed.add_field(name="Fine-tune", value=f"{words.plain(lora.name, 80)}{strength}")
    if wanted.quality is not None:
        embed.add_field(name="Quality", value=wanted.quality)
    if wanted.series is not None:
        lines = [f"{frame.number}. {words.plain(frame.label, 60)}" for frame in wanted.series.frames]
        embed.add_field(name="Frames", value="\n".join(lines)[:1024], inline=False)


def _buttons(quote: Quote) -> discord.ui.View:
    view = base.Controls()
    view.add_item(QuoteButton("confirm", quote.id, label=f"Confirm for {words.credits_word(quote.price)}"))
    view.add_item(QuoteButton("cancel", quote.id))
    return view


async def confirm(interaction: Interaction, quote_id: str) -> None:
    """Place the order that was quoted, at the quoted price or less; a higher one is shown anew."""
    await interaction.response.defer()
    quote = await _open_quote(interaction, quote_id)
    bot, person = interaction.client, await person_of(interaction)
    request = OrderRequest(
        source=_source(quote.id),
        place=person.place,
        user_id=person.user_id,
        prompt=from_json(quote.prompt),
        model=quote.model,
        lane=Lane(quote.lane),
        count=quote.count,
        parent_portrait_id=quote.parent_portrait_id,
        confirmed=quote.price,
        extras=extras.from_text(quote.more),
    )
    try:
        placed = await bot.studio.order(request, replies.answer_in_place(interaction))
    except PriceUnconfirmed as dearer:
        await bot.stores.quotes.end(quote.id, "cancelled")
        await _show(interaction, request, dearer)
        return
    if not placed.created:
        raise _used()
    await bot.stores.handed_in.let_go(request.extras.kept)
    if not await bot.stores.quotes.end(quote.id, "ordered"):
        await bot.studio.cancel(placed)


async def cancel(interaction: Interaction, quote_id: str) -> None:
    """Withdraw the quote; nothing was charged."""
    await interaction.response.defer()
    quote = await _open_quote(interaction, quote_id)
    stores = interaction.client.stores
    if not await stores.quotes.end(quote.id, "cancelled"):
        raise _used()
    await stores.handed_in.let_go(extras.from_text(quote.more).kept)
    embed = discord.Embed(title="Not ordered", description="Nothing was charged.", colour=cards.WAITING)
    await interaction.edit_original_response(embed=embed, view=None)


async def _open_quote(interaction: Interaction, quote_id: str) -> Quote:
    """Raises Gone, NotYours, Replayed, Refused."""
    stores = interaction.client.stores
    quote = await stores.quotes.get(quote_id)
    if quote is None:
        raise Gone("That price is not known any more. Nothing was charged; please order again.")
    if quote.user_id != interaction.user.id or quote.guild_id != (interaction.guild_id or 0):
        raise NotYours("order")
    # After a crash the order may be there while its quote still looks open.
    if quote.state != "open" or await stores.orders.from_source(_source(quote.id)):
        raise _used()
    if time.time() >= quote.expires_at:
        await interaction.edit_original_response(view=None)
        raise Refused(f"That price held until <t:{int(quote.expires_at)}:f>. Nothing was charged; please order again.")
    return quote


def _source(quote_id: str) -> str:
    return f"quote:{quote_id}"


def _used() -> Replayed:
    return Replayed("That was answered already, and counts once. Nothing more was ordered or charged.")


class QuoteButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"quote:(?P<action>confirm|cancel):(?P<quote_id>[0-9a-f]{16})",
):
    """Confirm or Cancel under a price."""

    STYLES: ClassVar = {"confirm": discord.ButtonStyle.success, "cancel": discord.ButtonStyle.secondary}
    ACTIONS: ClassVar = {"confirm": confirm, "cancel": cancel}

    def __init__(self, action: str, quote_id: str, *, label: str = "") -> None:
        super().__init__(
            discord.ui.Button(
                label=label or action.capitalize(),
                style=self.STYLES[action],
                custom_id=f"quote:{action}:{quote_id}",
            )
        )
        self.action = action
        self.quote_id = quote_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.action](interaction, self.quote_id)
