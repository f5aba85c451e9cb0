"""The contact sheet of a series as it stands, and the card that it is shown with. Made again whenever it is needed."""

import asyncio
from dataclasses import dataclass

import discord

from bot.core import words
from bot.core.marking import Marker
from bot.core.stores import Stores
from bot.languages.message_catalogues import SOURCE
from bot.languages.speech import labelled, reworded, speaking, stored, worded
from bot.messages import cards, review_words
from data.core.data_errors import PictureMissing
from data.orders.series_rows import Series, SeriesFrame
from engine.pictures import contact_sheet
from engine.pictures.contact_sheet import Cell
from engine.prompt import SLOTS, from_json

NAME = "sheet.jpg"
_MISSING = {
    "waiting": worded("waits"),
    "running": worded("is being made"),
    "failed": worded("failed"),
    "cancelled": worded("cancelled"),
    "rendered": worded("deleted"),
    "delivered": worded("deleted"),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A series with its sheet (JPEG); `title` says what is the same in all frames."""

    series: Series
    title: str
    cells: tuple[Cell, ...]
    jpeg: bytes

    @property
    def name(self) -> str:
        """Of its file: behind a spoiler when one of its frames is."""
        return f"{cards.SPOILER}{NAME}" if self._spoiler else NAME

    @property
    def open_jpeg(self) -> bytes | None:
        """The sheet where it may be shown in a card, which knows no spoilers; else None."""
        return None if self._spoiler else self.jpeg

    @property
    def _spoiler(self) -> bool:
        return any(frame.spoiler for frame in self.series.frames)

    @property
    def finished(self) -> tuple[SeriesFrame, ...]:
        """The frames that there is a portrait of."""
        return tuple(frame for frame in self.series.frames if frame.portrait_id is not None)


async def draw(stores: Stores, marker: Marker, series_id: str) -> Sheet | None:
    """The sheet with the frames that there are by now; None when there is no such series."""
    series = await stores.series.get(series_id)
    if series is None:
        return None
    first = await stores.orders.get(series.id)
    prompt = cards.summary(from_json(first.prompt)) if first is not None and first.prompt else ""
    with speaking(SOURCE):  # as it is drawn: the font has no other letters
        differs = varying(series.varies, models=len({frame.model for frame in series.frames}))
        title: str = worded("{prompt}: {differs}", prompt=prompt, differs=differs) if prompt else differs
    cells = tuple([await _cell(stores, frame) for frame in series.frames])
    columns = _columns(series)
    jpeg = await asyncio.to_thread(lambda: contact_sheet.sheet(title, cells, columns=columns))
    return Sheet(series, title, cells, await marker.sheet(jpeg))


def _columns(series: Series) -> int | None:
    """A row for each model, where several made the same frames."""
    models = len({frame.model for frame in series.frames})
    each, rest = divmod(len(series.frames), models)
    return each if models > 1 and each > 1 and not rest else None


def varying(varies: str, *, models: int = 1) -> str:
    """What differs from frame to frame, in words."""
    if varies in SLOTS and models > 1:
        return worded("what varies: {slot}, and the model", slot=words.slot_title(varies))
    return worded("what varies: {slot}", slot=words.slot_title(varies)) if varies in SLOTS else worded("model varies")


def card(sheet: Sheet, sentences: tuple[str, ...] = (), *, left: str = "", order_id: str = "") -> discord.Embed:
    """The card of a series; `sentences` say why frames are missing, and the footer names the order."""
    embed = discord.Embed(
        title=labelled("title", "Series"), description=words.plain(reworded(sheet.title), 500), colour=cards.ACCENT
    )
    lines = [_line(frame) for frame in sheet.series.frames]
    embed.add_field(name=labelled("field", "Frames"), value="\n".join(lines)[:1024], inline=False)
    found = contact_sheet.likenesses(sheet.cells)
    if found is not None:
        measured = worded(
            "Median {median}, worst {worst} (frame {number})",
            median=found.median,
            worst=found.worst,
            number=found.worst_number,
        )
        embed.add_field(name=labelled("field", "Likeness"), value=measured, inline=False)
    for name, told in review_words.of_models(sheet.series.frames):
        embed.add_field(name=name, value=told, inline=False)
    if sentences:
        why = "\n".join(words.sentence(stored(each), 300) for each in dict.fromkeys(sentences))
        embed.add_field(name=labelled("field", "Not made"), value=why[:1024], inline=False)
    if sheet.open_jpeg is not None:
        embed.set_image(url=f"attachment://{NAME}")
    parts = (reworded(cards.AI_LINE), left, worded("Order {id}", id=order_id))
    embed.set_footer(text=" · ".join(part for part in parts if part))
    return embed


def _line(frame: SeriesFrame) -> str:
    said = f"{frame.number}. {words.plain(frame.label, 40) or worded('deleted')}"
    if frame.portrait_id is None:
        return f"{said}: {reworded(_MISSING[frame.state])}"
    if frame.likeness is None:
        return said
    return f"{said} · {worded('Likeness {score}', score=round(frame.likeness))}"


async def _cell(stores: Stores, frame: SeriesFrame) -> Cell:
    picture = None
    if frame.sha256 is not None:
        try:
            picture = await stores.pictures.read(frame.sha256)
        except PictureMissing:
            picture = None
    return Cell(
        number=frame.number,
        label=frame.label,
        picture=picture,
        missing=_MISSING[frame.state],
        likeness=None if frame.likeness is None or picture is None else round(frame.likeness),
    )
