"""What a message of an order holds, in the shapes that it is tried in: plainer ones where Discord refuses the first."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import discord
from discord.utils import MISSING

from bot.components import picture_layout, portrait_buttons, series_menus
from bot.core import before_after, reviewing
from bot.core.marking import Marker
from bot.core.results import Result
from bot.core.sent_copies import SAFE_UPLOAD_BYTES, fitting
from bot.core.stores import Stores
from bot.languages.speech import labelled, listed, reworded, stored, worded
from bot.messages import alt_text, cards, review_words, series_sheet
from bot.messages.alt_text import DescribedPicture
from data.orders.jobs import Order

Shape = Literal["full", "small", "card", "plain", "bare"]
"""As it is meant, laid out by components; with pictures that fit everywhere; as cards (embeds), too; with a line
instead of them; and without buttons."""
PLAINER: Final[dict[Shape, Shape | None]] = {
    "full": "card",
    "small": "card",
    "card": "plain",
    "plain": "bare",
    "bare": None,
}


class MessageGone(Exception):
    """The status message was deleted."""


class ChannelClosed(Exception):
    """The bot cannot write in that channel any more."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One message's worth of content; files are made afresh for each attempt, since sending consumes them."""

    embeds: list[discord.Embed]
    pictures: tuple[DescribedPicture, ...] = ()
    view: discord.ui.View | None = None
    content: str | None = None
    laid_out: bool = False
    """Whether it is sent as a layout of components; else as text and embeds."""

    def of_edit(self) -> dict[str, Any]:
        """The arguments of an edit, whatever the message showed before."""
        if not self.laid_out:
            return {"content": self.content, "embeds": self.embeds, "attachments": self._files(), "view": self.view}
        # Embeds and text of before have to be taken away in the same edit.
        files = self._files()
        return {"content": None, "embeds": [], "attachments": files, "view": self._layout(files)}

    def of_send(self) -> dict[str, Any]:
        """The arguments of a new message."""
        files = self._files()
        if self.laid_out:
            return {"files": files, "view": self._layout(files)}
        return {"content": self.content, "embeds": self.embeds, "files": files, "view": self.view or MISSING}

    def with_note(self, sentence: str) -> "Payload":
        """The same with a sentence more."""
        if self.content is not None:
            return replace(self, content=f"{self.content}\n{sentence}"[:2000])
        return replace(self, embeds=[*self.embeds, discord.Embed(description=sentence, colour=cards.WAITING)])

    def _files(self) -> list[discord.File]:
        return [picture.file() for picture in self.pictures]

    def _layout(self, files: list[discord.File]) -> discord.ui.LayoutView:
        return picture_layout.laid_out(self.embeds, files, self.view)


class PayloadBuilder:
    """Packs the end of an order; `limit` is what one of its pictures may have, in bytes.

    `reviews` says whether cards have the line of their review.
    """

    def __init__(
        self, stores: Stores, marker: Marker, order: Order, result: Result, limit: int, *, reviews: bool = True
    ) -> None:
        self._stores = stores
        self._marker = marker
        self._order = order
        self._result = result
        self._limit = limit
        self._shows_reviews = reviews
        self._packed: dict[Shape, Payload] = {}

    async def packed(self, shape: Shape) -> Payload:
        if shape not in self._packed:
            self._packed[shape] = await self._pack(shape)
        return self._packed[shape]

    async def _pack(self, shape: Shape) -> Payload:
        """A card and a picture for each portrait, and what failed. A series is shown as its contact sheet."""
        limit = self._limit if shape == "full" else min(self._limit, SAFE_UPLOAD_BYTES)
        order, result = self._order, self._result
        if order.series_id is not None:
            payload = await series_payload(self._stores, self._marker, order, tuple(result.sentences), result.left)
        else:
            payload = await self._of_portraits(limit)
        if shape in {"full", "small"}:
            return replace(payload, laid_out=bool(payload.pictures))
        if shape == "card":
            return payload
        return self._plain(payload, payload.view if shape == "plain" else None)

    async def _of_portraits(self, limit: int) -> Payload:
        order, result, portraits = self._order, self._result, self._result.portraits
        pictures: list[DescribedPicture] = []
        embeds: list[discord.Embed] = []
        attempts = await self._stores.attempts.of_jobs([item.job_id for item in portraits])
        reviews = await self._stores.reviews.of([item.id for item in portraits]) if self._shows_reviews else {}
        for item in portraits:
            data, kind = await fitting(await self._stores.pictures.read(item.sha256), limit, self._marker)
            name = cards.file_name(item, kind)
            pictures.append(DescribedPicture(name, data, alt_text.of_portrait(item)))
            first = not embeds
            changed = order.edit.words if order.edit else ""
            left = result.left if first else ""
            looked_at = attempts.get(item.job_id, ())
            review = review_words.card_field(reviewing.read(reviews.get(item.id)), looked_at, result.best)
            card = cards.portrait(
                item, image_name=name, left=left, brief=not first, changed=changed, attempts=looked_at, review=review
            )
            if compared := await before_after.lines(self._stores, order, item):
                card.add_field(name=labelled("field", "Before and after"), value="\n".join(compared), inline=False)
            embeds.append(card)
        if result.sentences:
            left = "" if portraits else result.left
            embeds.append(cards.failure(result.sentences, order.id, left=left))
        others = len(result.best.others) if result.best else 0
        view = portrait_buttons.finished(portraits, others) if portraits else None
        return Payload(embeds, tuple(pictures), view)

    def _plain(self, payload: Payload, view: discord.ui.View | None) -> Payload:
        numbers = [worded("No. {number}", number=item.id) for item in self._result.portraits]
        ready = worded("Ready: {numbers}. /portraits has the recipe.", numbers=listed(numbers)) if numbers else ""
        told = reworded(cards.AI_LINE) if payload.pictures else ""
        sentences = dict.fromkeys(map(stored, self._result.sentences))
        lines = [ready, *sentences, told, worded("Order {id}", id=self._order.id)]
        content = "\n".join(line for line in lines if line)[:1900]
        return Payload([], payload.pictures, view, content)


async def series_payload(
    stores: Stores, marker: Marker, order: Order, sentences: tuple[str, ...] = (), left: str = ""
) -> Payload:
    """The contact sheet of a series, as it is by now."""
    sheet = await series_sheet.draw(stores, marker, order.series_id or "")
    if sheet is None:
        raise RuntimeError(f"order {order.id} is of a series that is not there")
    embed = series_sheet.card(sheet, sentences, left=left, order_id=order.id)
    view = series_menus.ended(sheet.series, sheet.finished)
    return Payload(
        [embed], (DescribedPicture(sheet.name, sheet.jpeg, alt_text.of_sheet(sheet.title, sheet.cells)),), view
    )
