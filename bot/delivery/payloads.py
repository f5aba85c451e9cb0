"""What a message of an order holds, in the shapes that it is tried in: plainer ones where Discord refuses the first."""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

import discord

from bot.components import portrait_buttons, series_menus
from bot.core import before_after
from bot.core.marking import Marker
from bot.core.results import Result
from bot.core.stores import Stores
from bot.languages.speech import labelled, listed, reworded, stored, worded
from bot.messages import alt_text, cards, series_sheet
from bot.messages.alt_text import DescribedPicture
from data.orders.jobs import Order
from engine.pictures import intake, provenance
from engine.pictures.source_types import said_in, xmp
from engine.recipes.picture_text import exif_comment

SAFE_UPLOAD_BYTES: Final = 2 * 1024 * 1024
MANIFEST_BYTES: Final = 64 * 1024
"""What a manifest of ours takes at most, with that of the picture before it; a provider's may take more."""

Shape = Literal["full", "small", "plain", "bare"]
"""As it is meant; with pictures that fit everywhere; with a line instead of cards, too; and without buttons."""
PLAINER: Final[dict[Shape, Shape | None]] = {"full": "plain", "small": "plain", "plain": "bare", "bare": None}


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

    def files(self) -> list[discord.File]:
        return [picture.file() for picture in self.pictures]


class PayloadBuilder:
    """Packs the end of an order; `limit` is what one of its pictures may have, in bytes."""

    def __init__(self, stores: Stores, marker: Marker, order: Order, result: Result, limit: int) -> None:
        self._stores = stores
        self._marker = marker
        self._order = order
        self._result = result
        self._limit = limit
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
            return payload
        return self._plain(payload, payload.view if shape == "plain" else None)

    async def _of_portraits(self, limit: int) -> Payload:
        order, result, portraits = self._order, self._result, self._result.portraits
        pictures: list[DescribedPicture] = []
        embeds: list[discord.Embed] = []
        attempts = await self._stores.attempts.of_jobs([item.job_id for item in portraits])
        for item in portraits:
            data, kind = await fitting(await self._stores.pictures.read(item.sha256), limit, self._marker)
            name = cards.file_name(item, kind)
            pictures.append(DescribedPicture(name, data, alt_text.of_portrait(item)))
            first = not embeds
            changed = order.edit.words if order.edit else ""
            left = result.left if first else ""
            looked_at = attempts.get(item.job_id, ())
            card = cards.portrait(
                item, image_name=name, left=left, brief=not first, changed=changed, attempts=looked_at
            )
            if compared := await before_after.lines(self._stores, order, item):
                card.add_field(name=labelled("field", "Before and after"), value="\n".join(compared), inline=False)
            embeds.append(card)
        if result.sentences:
            left = "" if portraits else result.left
            embeds.append(cards.failure(result.sentences, order.id, left=left))
        return Payload(embeds, tuple(pictures), portrait_buttons.finished(portraits) if portraits else None)

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


async def fitting(png: bytes, limit: int, marker: Marker) -> tuple[bytes, str]:
    """A stored picture as it may be sent, and its kind: as it is, or as a smaller copy that is marked too."""
    if len(png) <= limit:
        return png, "png"
    # A manifest has that of the stored picture in it, which a small limit has no room for.
    room = limit - MANIFEST_BYTES if limit > 4 * MANIFEST_BYTES else limit
    smaller = await asyncio.to_thread(_as_webp, png, room)
    for parent in (png, b""):
        marked = await marker.smaller(smaller, said_in(png), parent)
        if len(marked) <= limit:
            return marked, "webp"
    return smaller, "webp"


def _as_webp(png: bytes, limit: int) -> bytes:
    """The recipe goes along, for us and for other tools, and what the stored PNG's XMP says."""
    recipe = provenance.read(png)
    exif = exif_comment(provenance.parameters(recipe), provenance.to_text(recipe)) if recipe else b""
    return intake.to_webp(png, limit, exif, xmp(said_in(png)).encode())
