"""A message of pictures, laid out by components: the pictures large, what their cards say small below them.

In an embed Discord shows a picture at most 300 px high; here it is as wide as the message. Such a message holds neither
text nor embeds of its own, and can never become one that does. What a card says is read from its embed, which is also
what is shown where Discord refuses the layout.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.components import base

MOST_TEXT: Final = 4000
"""Characters that all texts of a message may have together."""
_SMALL: Final = "-# "
_ROW: Final = 5


def laid_out(
    cards: Sequence[discord.Embed], files: Sequence[discord.File], controls: discord.ui.View | None = None
) -> base.Layout:
    """The pictures, then each card's words, then the controls. `files` are sent with it under the same names."""
    layout = base.Layout()
    room = (MOST_TEXT - sum(len(_foot(card)) for card in cards)) // max(1, len(cards))
    first, *others = [list(_texts(card, room)) for card in cards]
    pictures = [_gallery(files)] if files else []
    layout.add_item(discord.ui.Container(*pictures, *first, accent_colour=cards[0].colour))
    for card, texts in zip(cards[1:], others, strict=True):
        layout.add_item(discord.ui.Container(*texts, accent_colour=card.colour))
    for row in _rows(controls):
        layout.add_item(row)
    return layout


def parts(shown: Mapping[str, Any], controls: discord.ui.View) -> dict[str, Any]:
    """What is sent of cards (`embed` or `embeds`) with files (`file` or `files`): the same, laid out."""
    cards = shown.get("embeds") or [shown["embed"]]
    files = shown.get("files") or [shown["file"]]
    return {"files": files, "view": laid_out(cards, files, controls)}


def texts_of(message: discord.Message) -> str:
    """All that a message's components say, a line for each."""
    return "\n".join(
        part.content
        for component in message.components
        if isinstance(component, discord.Container)
        for part in component.children
        if isinstance(part, discord.TextDisplay)
    )


def _gallery(files: Sequence[discord.File]) -> "discord.ui.MediaGallery[base.Layout]":
    gallery: discord.ui.MediaGallery[base.Layout] = discord.ui.MediaGallery()
    for file in files:
        gallery.add_item(media=f"attachment://{file.filename}", description=file.description, spoiler=file.spoiler)
    return gallery


def _texts(card: discord.Embed, room: int) -> Iterator["discord.ui.Item[base.Layout]"]:
    """A card's words: what it says of itself, the recipe, and behind a line how it was made; `room` in characters."""
    head = [*([f"**{card.title}**"] if card.title else []), *([card.description] if card.description else [])]
    recipe = [_line(field) for field in card.fields if field.inline]
    made = [_line(field) for field in card.fields if not field.inline]
    above = "\n".join([*head, *recipe])
    below = _cut("\n".join(made), room - min(len(above), room // 2))
    above = _cut(above, room - len(below))
    foot = _foot(card)
    if above:
        yield discord.ui.TextDisplay(above)
    if above and (below or foot):
        yield discord.ui.Separator()
    for said in filter(None, (below, foot)):
        yield discord.ui.TextDisplay(said)


def _line(field: Any) -> str:
    value = str(field.value).replace("\n", f"\n{_SMALL}")
    return f"{_SMALL}**{field.name}** {value}"


def _foot(card: discord.Embed) -> str:
    return f"{_SMALL}{card.footer.text}" if card.footer.text else ""


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip("\\") + "…"


def _rows(controls: discord.ui.View | None) -> Iterator["discord.ui.ActionRow[base.Layout]"]:
    """The controls as they would stand below a message: buttons side by side, each menu in a row of its own."""
    row: list[discord.ui.Item[Any]] = []
    for item in controls.children if controls is not None else ():
        if row and (item.row != row[0].row or item.width == _ROW or len(row) == _ROW):
            yield discord.ui.ActionRow(*row)
            row = []
        row.append(item)
    if row:
        yield discord.ui.ActionRow(*row)
