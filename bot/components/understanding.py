"""Prompts that may have been misread: how they were read is shown to their author, before anything is charged.

The question is a quote that asks about the reading (`quotes`), so its buttons outlive a restart and it becomes one
order however often it is pressed. A misreading goes to the bot's operator only with its author's consent.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, Final

import discord

from bot.app import Interaction
from bot.components import base, forms, quotes
from bot.core import extras, typed_words, words
from bot.core.errors import Gone, NameUnconfirmed, NotYours, PriceUnconfirmed, Refused, Replayed
from bot.core.prompt_reading import beside
from bot.core.requests import OrderRequest, StatusMessage
from bot.core.typed_words import Typed
from bot.guard import person_of, server_of
from bot.languages import audience
from bot.languages.speech import labelled, reworded, speaking, worded
from bot.messages import cards, replies
from data.orders.price_quotes import Quote
from data.people.misreadings import Misreading
from engine.prompt import SLOTS, Reading, from_json, to_json

WORDING: Final = 1
"""The version of `AGREEMENT`; a new sentence gets a new one."""
AGREEMENT: Final = worded(
    "What is stored: your words, how they were read, and how you mended them if you did. The person who runs this "
    "bot can read it, to teach the studio. Your id is kept with it so that `/privacy export` shows it to you and "
    "`/privacy erase` erases it; nothing else of you goes along. Leave out what nobody should read."
)
"""What somebody agrees to who reports a misreading."""


async def doubted(interaction: Interaction, typed: str, reading: Reading) -> Typed | None:
    """What to ask about, None where the words read well or nobody is to be asked."""
    if not interaction.client.settings.reading_questions:
        return None
    doubt = await beside(len(typed), reading.doubt)
    if doubt is None or not (await interaction.client.stores.servers.get(server_of(interaction))).asks:
        return None
    return Typed(
        words=typed,
        understood=reading.prompt,
        unplaced=doubt.unplaced,
        only_slot=doubt.only_slot,
    )


async def order(
    interaction: Interaction, request: OrderRequest, answer: StatusMessage, doubtful: Typed | None = None
) -> None:
    """Place the order, or ask first whether the words were understood, where that is doubtful.

    Raises what `quotes.order` raises: nobody is asked about what is refused anyway.
    """
    if doubtful is None:
        await quotes.order(interaction, request, answer)
        return
    bot, asked = interaction.client, False
    try:
        price = await _price(interaction, request, answer)
        quote = quotes.quote_of(request, price, bot.settings.price_quote_minutes)
        typed = replace(doubtful, ignored=request.ignored, drawn=request.drawn)
        quote = replace(quote, asks="reading", typed=typed_words.to_text(typed))
        await bot.stores.quotes.add(quote)
        asked = True
    finally:
        if not asked:
            await bot.stores.handed_in.let_go(request.extras.kept)
    await replies.whisper(interaction, embed=_card(quote), view=_buttons(quote))


async def _price(interaction: Interaction, request: OrderRequest, answer: StatusMessage) -> int:
    """The price to be shown along, 0 where none needs to be. Raises Refused."""
    try:
        await interaction.client.studio.validator.order_for(request, answer)
    except PriceUnconfirmed as dear:
        return dear.total
    except NameUnconfirmed:  # asked for once the words are right
        return 0
    return 0


def _card(quote: Quote) -> discord.Embed:
    typed, prompt = typed_words.from_text(quote.typed), from_json(quote.prompt)
    embed = discord.Embed(title=labelled("title", "Is this right?"), description=_why(typed), colour=cards.WAITING)
    for slot in SLOTS:
        embed.add_field(name=words.slot_title(slot), value=cards.slot_value(prompt, slot) or worded("-# nothing"))
    if prompt.text:
        embed.add_field(name=labelled("field", "Text"), value=words.plain(" · ".join(prompt.text), 200))
    if prompt.negative:
        embed.add_field(name=labelled("field", "Without"), value=words.plain(prompt.negative, 300))
    if quote.price:
        embed.add_field(name=labelled("field", "Price"), value=words.credits_word(quote.price))
    embed.add_field(
        name=labelled("field", "Holds"), value=worded("until <t:{expires_at}:t>", expires_at=int(quote.expires_at))
    )
    embed.set_footer(text=labelled("footer", "Only you see this. Nothing is charged until it is made."))
    return embed


def _why(typed: Typed) -> str:
    if typed.only_slot:
        return worded("All of your words were taken for one part: {slot}.", slot=words.slot_title(typed.only_slot))
    shown = words.plain(", ".join(typed.unplaced), 300)
    return worded("Much of this could not be placed, so it joined what seemed nearest: {words}.", words=shown)


def _buttons(quote: Quote, *actions: str) -> discord.ui.View:
    view = base.Controls()
    for action in actions or ("make", "mend", "report", "cancel"):
        view.add_item(ReadingButton(action, quote.id))
    return view


async def make(interaction: Interaction, quote_id: str) -> None:
    """Place the order as the card shows it, in a public message of its own."""
    await interaction.response.defer()
    quote = await quotes.open_quote(interaction, quote_id, "reading")
    bot, person = interaction.client, await person_of(interaction)
    request = quotes.request_of(quote, person.place)
    with speaking(audience.of_all(interaction)):
        card = cards.status(request.prompt, [cards.Stage()], has_preview=False)
    answer = await replies.begin_below(interaction, card)
    try:
        await quotes.place(bot, quote, request, answer)
    except Exception as error:
        await quotes.take_back(interaction, answer)
        if isinstance(error, NameUnconfirmed):
            await quotes.ask_right(interaction, request, error.names, instead_of=quote)
            return
        if not isinstance(error, PriceUnconfirmed):
            raise
        await _change(interaction, replace(quote, price=error.total))
        return
    made = discord.Embed(
        title=labelled("title", "Ordered"),
        description=worded("Your portrait is on its way below."),
        colour=cards.WAITING,
    )
    await interaction.edit_original_response(embed=made, view=_buttons(quote, "report"))


async def mend(interaction: Interaction, quote_id: str) -> None:
    """Ask in a form how it is meant, and show the card with that."""
    lines = typed_words.as_lines(from_json((await quotes.open_quote(interaction, quote_id, "reading")).prompt))

    async def mended(submitted: Interaction, text: str) -> None:
        await submitted.response.defer()
        quote = await quotes.open_quote(submitted, quote_id, "reading")
        before = from_json(quote.prompt)
        after = typed_words.from_lines(text, before)
        more = typed_words.mended_extras(extras.from_text(quote.more), before, after)
        await _change(submitted, replace(quote, prompt=to_json(after), more=extras.to_text(more)))

    await interaction.response.send_modal(forms.reading_form(lines, mended))


async def _change(interaction: Interaction, quote: Quote) -> None:
    """Keep what was changed and show it where the press came from. Raises Replayed."""
    if not await interaction.client.stores.quotes.change(quote):
        raise quotes.used()
    await interaction.edit_original_response(embed=_card(quote), view=_buttons(quote))


async def cancel(interaction: Interaction, quote_id: str) -> None:
    """Withdraw the order; nothing was charged."""
    await interaction.response.defer()
    await quotes.withdraw(interaction, await quotes.open_quote(interaction, quote_id, "reading"))


async def report(interaction: Interaction, quote_id: str) -> None:
    """Say what would be stored, and ask."""
    quote, typed = await _own(interaction, quote_id)
    embed = discord.Embed(
        title=labelled("title", "Report a misreading?"), description=reworded(AGREEMENT), colour=cards.WAITING
    )
    embed.add_field(name=labelled("field", "Your words"), value=words.plain(typed.words, 1000), inline=False)
    await replies.whisper(interaction, embed=embed, view=_buttons(quote, "store"))


async def store(interaction: Interaction, quote_id: str) -> None:
    """Keep the misreading, once, now that its author has agreed."""
    await interaction.response.defer()
    quote, typed = await _own(interaction, quote_id)
    understood = to_json(typed.understood)
    given = Misreading(
        id=quote.id,
        user_id=quote.user_id,
        words=typed.words,
        understood=understood,
        meant="" if _same(quote, typed) else quote.prompt,
        wording=WORDING,
        created_at=time.time(),
    )
    if not await interaction.client.stores.misreadings.add(given):
        raise Replayed(worded("It is stored already, or you have given as many as there may be. Thank you."))
    thanks = discord.Embed(
        title=labelled("title", "Thank you"),
        description=worded("It is stored. `/privacy erase` erases it."),
        colour=cards.WAITING,
    )
    await interaction.edit_original_response(embed=thanks, view=None)


def _same(quote: Quote, typed: Typed) -> bool:
    """Whether the order is as it was understood, in what a form can change."""
    asked = from_json(quote.prompt)
    return all(getattr(asked, name) == getattr(typed.understood, name) for name in (*SLOTS, "negative"))


async def _own(interaction: Interaction, quote_id: str) -> tuple[Quote, Typed]:
    """The presser's own question, answered or not. Raises Gone, NotYours, Refused."""
    quote = await interaction.client.stores.quotes.get(quote_id)
    if quote is None or quote.asks != "reading":
        raise Gone(worded("Those words are not kept any more. Nothing was stored."))
    if quote.user_id != interaction.user.id:
        raise NotYours("prompt")
    typed = typed_words.from_text(quote.typed)
    if not typed.words:
        raise Refused(worded("Those words are not kept any more. Nothing was stored."))
    return quote, typed


class ReadingButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"reading:(?P<action>make|mend|report|store|cancel):(?P<quote_id>[0-9a-f]{16})",
):
    """Make it as it is, Mend it…, Report a misreading or Cancel under a reading; Store it under a report."""

    LOOKS: ClassVar = {
        "make": (labelled("button", "Make it as it is"), discord.ButtonStyle.success),
        "mend": (labelled("button", "Mend it…"), discord.ButtonStyle.primary),
        "report": (labelled("button", "Report a misreading"), discord.ButtonStyle.secondary),
        "cancel": (labelled("button", "Cancel"), discord.ButtonStyle.secondary),
        "store": (labelled("button", "Store it"), discord.ButtonStyle.success),
    }
    ACTIONS: ClassVar[dict[str, Callable[[Interaction, str], Awaitable[None]]]] = {
        "make": make, "mend": mend, "report": report, "store": store, "cancel": cancel,
    }  # fmt: skip

    def __init__(self, action: str, quote_id: str) -> None:
        label, style = self.LOOKS[action]
        super().__init__(
            discord.ui.Button(label=reworded(label), style=style, custom_id=f"reading:{action}:{quote_id}")
        )
        self.action = action
        self.quote_id = quote_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.action](interaction, self.quote_id)
