"""Orders that wait for a word of their person: dear ones, whose price is shown first, and ones that name a real person.

A quote is kept in the database, so its buttons outlive a restart. It is good once: the order that it becomes is named
after it (`source`), and everything is checked again when it is confirmed.
"""

import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import discord

from bot.app import App, Interaction
from bot.components import base
from bot.core import extras, picture_rights, typed_words, words
from bot.core.errors import Forged, Gone, NameUnconfirmed, NotYours, PriceUnconfirmed, Refused, Replayed
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.guard import person_of, server_of
from bot.languages import audience
from bot.languages.speech import counted, labelled, reworded, speaking, worded
from bot.messages import cards, replies
from data.core.audit import AuditAction
from data.orders.price_quotes import Asks, Quote
from engine.jobs.job import Lane
from engine.prompt import from_json, to_json


async def order(interaction: Interaction, request: OrderRequest, answer: StatusMessage) -> None:
    """Place the order, or ask what must be confirmed first. `answer` is the interaction's own message.

    Raises what `Studio.order` raises otherwise.
    """
    needed = False
    try:
        await interaction.client.studio.order(request, answer)
    except PriceUnconfirmed as error:
        needed = True
        await _show(interaction, request, error)
    except NameUnconfirmed as error:
        needed = True
        await ask_right(interaction, request, error.names)
    finally:
        if not needed:
            await interaction.client.stores.handed_in.let_go(request.extras.kept)


async def _show(interaction: Interaction, request: OrderRequest, price: PriceUnconfirmed) -> None:
    """The price in place of the interaction's own message."""
    quote = quote_of(request, price.total, interaction.client.settings.price_quote_minutes)
    await interaction.client.stores.quotes.add(quote)
    await interaction.edit_original_response(
        embed=_card(quote, price.balance), view=_buttons(quote), allowed_mentions=replies.NO_PINGS
    )


def quote_of(request: OrderRequest, price: int, minutes: int) -> Quote:
    """The request as it is kept for so long, until it is confirmed at this price in credits."""
    now = time.time()
    return Quote(
        id=secrets.token_hex(8),
        guild_id=request.place.guild_id,
        user_id=request.user_id,
        prompt=to_json(request.prompt),
        model=request.model,
        lane=request.lane.value,
        count=len(request.takes()),
        parent_portrait_id=request.parent_portrait_id,
        price=price,
        created_at=now,
        expires_at=now + minutes * 60,
        more=extras.to_text(request.extras),
        typed=typed_words.to_text(typed_words.Typed(ignored=request.ignored, drawn=request.drawn)),
    )


def request_of(quote: Quote, place: Whereabouts) -> OrderRequest:
    """The request that a quote keeps, confirmed at its price."""
    typed = typed_words.from_text(quote.typed)
    return OrderRequest(
        source=_source(quote.id),
        place=place,
        user_id=quote.user_id,
        prompt=from_json(quote.prompt),
        model=quote.model,
        lane=Lane(quote.lane),
        count=quote.count,
        parent_portrait_id=quote.parent_portrait_id,
        confirmed=quote.price,
        extras=extras.from_text(quote.more),
        ignored=typed.ignored,
        drawn=typed.drawn,
    )


def _card(quote: Quote, balance: int) -> discord.Embed:
    wanted = extras.from_text(quote.more)
    embed = discord.Embed(
        title=labelled("title", "This costs {credits}", credits=words.credits_word(quote.price)),
        description=words.plain(cards.summary(from_json(quote.prompt)), 500),
        colour=cards.WAITING,
    )
    embed.add_field(name=labelled("field", "For"), value=_for(quote, wanted))
    _add_extras(embed, wanted)
    embed.add_field(name=labelled("field", "Left after it"), value=words.credits_word(balance - quote.price))
    embed.add_field(
        name=labelled("field", "Holds"), value=worded("until <t:{expires_at}:t>", expires_at=int(quote.expires_at))
    )
    embed.set_footer(text=labelled("footer", "Nothing is charged until it is confirmed."))
    return embed


def _for(quote: Quote, wanted: extras.Extras) -> str:
    """What the price is for, and in which lane."""
    lane = words.lane_word(quote.lane)
    if wanted.best_of:
        return counted(
            "the best of {count} portrait in the {lane} lane",
            "the best of {count} portraits in the {lane} lane",
            quote.count,
            lane=lane,
        )
    return counted("one portrait in the {lane} lane", "{count} portraits in the {lane} lane", quote.count, lane=lane)


def _add_extras(embed: discord.Embed, wanted: extras.Extras) -> None:
    if wanted.edit is not None:
        embed.add_field(name=labelled("field", "Change"), value=words.plain(wanted.edit.words, 500), inline=False)
    if (lora := wanted.lora) is not None:
        name = words.plain(lora.name, 80)
        shown = name if lora.strength is None else worded("{name} at {strength:g}", name=name, strength=lora.strength)
        embed.add_field(name=labelled("field", "Fine-tune"), value=shown)
    if wanted.quality is not None:
        embed.add_field(name=labelled("field", "Quality"), value=words.quality_word(wanted.quality))
    if wanted.series is not None:
        lines = [f"{frame.number}. {words.plain(frame.label, 60)}" for frame in wanted.series.frames]
        embed.add_field(name=labelled("field", "Frames"), value="\n".join(lines)[:1024], inline=False)


def _buttons(quote: Quote) -> discord.ui.View:
    view = base.Controls()
    view.add_item(
        QuoteButton(
            "confirm",
            quote.id,
            label=labelled("button", "Confirm for {credits}", credits=words.credits_word(quote.price)),
        )
    )
    view.add_item(QuoteButton("cancel", quote.id))
    return view


async def confirm(interaction: Interaction, quote_id: str) -> None:
    """Place the order that was quoted, at the quoted price or less; a higher one is shown anew."""
    await interaction.response.defer()
    await audience.for_pressed(interaction)
    quote = await open_quote(interaction, quote_id, "price")
    await _order_confirmed(interaction, quote, request_of(quote, (await person_of(interaction)).place))


async def _order_confirmed(interaction: Interaction, quote: Quote, request: OrderRequest) -> None:
    """Place it in the message that was pressed on, or below one that nobody else sees; a price that was not confirmed
    is shown."""
    below = interaction.message is not None and interaction.message.flags.ephemeral
    with speaking(audience.of_all(interaction)):
        card = cards.status(request.prompt, [cards.Stage()], has_preview=False)
    answer = await replies.begin_below(interaction, card) if below else replies.answer_in_place(interaction)
    try:
        await place(interaction.client, quote, request, answer)
    except Exception as error:
        if below:
            await take_back(interaction, answer)
        if not isinstance(error, PriceUnconfirmed):
            raise
        if not await interaction.client.stores.quotes.end(quote.id, "cancelled"):
            raise used() from error
        await _show(interaction, request, error)
        return
    if below:
        made = discord.Embed(
            title=labelled("title", "Ordered"),
            description=worded("Your portrait is on its way below."),
            colour=cards.WAITING,
        )
        await interaction.edit_original_response(embed=made, view=None)


async def take_back(interaction: Interaction, answer: StatusMessage) -> None:
    """The public message of an order that did not come to be."""
    if answer.message_id is not None:
        with contextlib.suppress(discord.HTTPException):
            await interaction.followup.delete_message(answer.message_id)


async def ask_right(
    interaction: Interaction, request: OrderRequest, names: Sequence[str], instead_of: Quote | None = None
) -> None:
    """Ask whether the person has the right to show these real people, in the interaction's own message, and in place of
    a question that was answered with the order. Raises Replayed."""
    stores = interaction.client.stores
    if instead_of is not None and not await stores.quotes.end(instead_of.id, "cancelled"):
        raise used()
    asked = replace(request, extras=replace(request.extras, right_to=tuple(names)))
    quote = quote_of(asked, request.confirmed, interaction.client.settings.price_quote_minutes)
    quote = replace(quote, asks="right")
    await stores.quotes.add(quote)
    question = worded(picture_rights.NAMES[picture_rights.NAMES_WORDING], names=_listed(names))
    embed = discord.Embed(
        title=labelled("title", "May this person be shown?"), description=question, colour=cards.WAITING
    )
    embed.set_footer(
        text=labelled(
            "footer", "Asked once for this order. A yes is kept in the server's audit. Nothing is charged before it."
        )
    )
    view = base.Controls()
    view.add_item(RightButton("yes", quote.id))
    view.add_item(RightButton("no", quote.id))
    await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=replies.NO_PINGS)


def _listed(names: Sequence[str]) -> str:
    return words.plain(words.listed(f"“{name}”" for name in names), 500)


async def confirm_right(interaction: Interaction, quote_id: str) -> None:
    """The person says that they have the right: that goes to the audit, and the order on."""
    await interaction.response.defer()
    await audience.for_pressed(interaction)
    quote = await open_quote(interaction, quote_id, "right")
    request = request_of(quote, (await person_of(interaction)).place)
    detail = f"{_listed(request.extras.right_to)}, wording {picture_rights.NAMES_WORDING}"
    await interaction.client.stores.audit.append(
        request.place.guild_id, request.user_id, AuditAction.CONFIRM_RIGHT, detail=detail, now=time.time()
    )
    await _order_confirmed(interaction, quote, request)


async def deny_right(interaction: Interaction, quote_id: str) -> None:
    """They have not: nothing is ordered."""
    await interaction.response.defer()
    await audience.for_pressed(interaction)
    await withdraw(interaction, await open_quote(interaction, quote_id, "right"))


async def place(bot: App, quote: Quote, request: OrderRequest, answer: StatusMessage) -> None:
    """Place the order of a quote, once. Raises Replayed, and what `Studio.order` raises."""
    placed = await bot.studio.order(request, answer)
    if not placed.created:
        raise used()
    await bot.stores.handed_in.let_go(request.extras.kept)
    if not await bot.stores.quotes.end(quote.id, "ordered"):
        await bot.studio.cancel(placed)


async def cancel(interaction: Interaction, quote_id: str) -> None:
    """Withdraw the quote; nothing was charged."""
    await interaction.response.defer()
    await audience.for_pressed(interaction)
    await withdraw(interaction, await open_quote(interaction, quote_id, "price"))


async def withdraw(interaction: Interaction, quote: Quote) -> None:
    """End an open quote for which the press was acknowledged, and say so in its place. Raises Replayed."""
    stores = interaction.client.stores
    if not await stores.quotes.end(quote.id, "cancelled"):
        raise used()
    await stores.handed_in.let_go(extras.from_text(quote.more).kept)
    embed = discord.Embed(
        title=labelled("title", "Not ordered"), description=worded("Nothing was charged."), colour=cards.WAITING
    )
    await interaction.edit_original_response(embed=embed, view=None)


async def open_quote(interaction: Interaction, quote_id: str, asks: Asks) -> Quote:
    """The presser's own quote that asks about this. Raises Gone, NotYours, Forged, Replayed, Refused."""
    stores = interaction.client.stores
    quote = await stores.quotes.get(quote_id)
    if quote is None:
        raise Gone(worded("That question is not known any more. Nothing was charged; please order again."))
    if quote.user_id != interaction.user.id or quote.guild_id != server_of(interaction):
        raise NotYours("order")
    if quote.asks != asks:
        raise Forged
    # After a crash the order may be there while its quote still looks open.
    if quote.state != "open" or await stores.orders.from_source(_source(quote.id)):
        raise used()
    if time.time() >= quote.expires_at:
        if interaction.response.is_done():
            await interaction.edit_original_response(view=None)
        raise Refused(
            worded(
                "That held until <t:{expires_at}:f>. Nothing was charged; please order again.",
                expires_at=int(quote.expires_at),
            )
        )
    return quote


def _source(quote_id: str) -> str:
    return f"quote:{quote_id}"


def used() -> Replayed:
    """The error for a question that was answered before."""
    return Replayed(worded("That was answered already, and counts once. Nothing more was ordered or charged."))


class QuoteButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"quote:(?P<action>confirm|cancel):(?P<quote_id>[0-9a-f]{16})",
):
    """Confirm or Cancel under a price."""

    LOOKS: ClassVar = {
        "confirm": (labelled("button", "Confirm"), discord.ButtonStyle.success),
        "cancel": (labelled("button", "Cancel"), discord.ButtonStyle.secondary),
    }
    ACTIONS: ClassVar = {"confirm": confirm, "cancel": cancel}

    def __init__(self, action: str, quote_id: str, *, label: str = "") -> None:
        usual, style = self.LOOKS[action]
        super().__init__(
            discord.ui.Button(
                label=label or reworded(usual),
                style=style,
                custom_id=f"quote:{action}:{quote_id}",
            )
        )
        self.action = action
        self.quote_id = quote_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.action](interaction, self.quote_id)


class RightButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"right:(?P<answer>yes|no):(?P<quote_id>[0-9a-f]{16})",
):
    """Confirm or No under the question about a real person."""

    LOOKS: ClassVar = {
        "yes": (labelled("button", "Confirm"), discord.ButtonStyle.success),
        "no": (labelled("button", "No"), discord.ButtonStyle.secondary),
    }
    ACTIONS: ClassVar = {"yes": confirm_right, "no": deny_right}

    def __init__(self, answer: str, quote_id: str) -> None:
        label, style = self.LOOKS[answer]
        super().__init__(discord.ui.Button(label=reworded(label), style=style, custom_id=f"right:{answer}:{quote_id}"))
        self.answer = answer
        self.quote_id = quote_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.answer](interaction, self.quote_id)
