"""What stands for a picture to whoever cannot see it: Discord's attachment descriptions, made from the recipe."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.core import words
from data.characters.saved_characters import Character
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.pictures.contact_sheet import Cell, likenesses
from engine.prompt import SLOTS, PortraitPrompt

LONGEST: Final = 1024
"""Discord takes no longer description."""
_LONGEST_SLOT: Final = 180


@dataclass(frozen=True, slots=True)
class DescribedPicture:
    """A picture that is sent, under its file's name; `alt` says what it shows."""

    name: str
    data: bytes
    alt: str

    def file(self) -> discord.File:
        """Made afresh for each attempt, since sending consumes it."""
        return described(self.name, self.data, self.alt)


def described(name: str, data: bytes, alt: str) -> discord.File:
    """A file with what it is in words, on one line and no longer than Discord takes."""
    line = words.bare(alt)
    if not line:
        raise ValueError(f"{name} is sent without a description")
    return discord.File(io.BytesIO(data), name, description=line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…")


def of_portrait(item: Portrait[PictureSpec]) -> str:
    """A finished portrait by its recipe."""
    return f"AI-generated portrait No. {item.id}, made with {item.model_title}. {_recipe(item.spec.prompt)}"


def of_preview(prompt: PortraitPrompt) -> str:
    """A portrait that is still being made."""
    return f"Preview of an AI-generated portrait that is being made. {_recipe(prompt)}"


def of_sheet(title: str, cells: Sequence[Cell]) -> str:
    """The contact sheet of a series, frame by frame."""
    frames = "; ".join(f"{cell.number}. {cell.label}{'' if cell.picture else f' ({cell.missing})'}" for cell in cells)
    return f"Contact sheet of {len(cells)} AI-generated portraits. {title}.{_curve(cells)} {frames}."


def _curve(cells: Sequence[Cell]) -> str:
    """What the sheet's curve shows, where it has one."""
    found = likenesses(cells)
    figures = [f"frame {cell.number} {cell.likeness}" for cell in cells if cell.likeness is not None]
    if found is None or len(figures) < 2:
        return ""
    line = ", ".join(figures)
    return f" Likeness by frame as a curve: {line}; median {found.median}, worst {found.worst}."


def of_chart(title: str, series: Mapping[str, Sequence[int]], days: Sequence[str]) -> str:
    """A chart of figures by day: the sum of each series, and the day that had most."""
    if not days or not series:
        return f"{title}: a chart with nothing in it."
    totals = [sum(figures[index] for figures in series.values()) for index in range(len(days))]
    most = max(range(len(days)), key=totals.__getitem__)
    sums = ", ".join(f"{name} {sum(figures):,}" for name, figures in series.items())
    return (
        f"{title}, {days[0]} to {days[-1]}, as a bar chart. In all {sum(totals):,}: {sums}. Most on {days[most]}: "
        f"{totals[most]:,}."
    )


def of_faces(count: int) -> str:
    """Numbered faces to choose from."""
    return f"{count} faces found in the picture, side by side, numbered 1 to {count} from the left."


def of_character(character: Character) -> str:
    """The pictures of a saved face."""
    said = f" {character.description}" if character.description else ""
    count = len(character.references)
    pictures = "The picture" if count == 1 else f"The {count} pictures, side by side,"
    return f"{pictures} of the saved face @{character.handle}.{said}"


def _recipe(prompt: PortraitPrompt) -> str:
    """Each slot that says something, under the name that people know it by."""
    parts = [f"{words.SLOT_TITLES[slot]}: {prompt.slot(slot)[:_LONGEST_SLOT]}." for slot in SLOTS if prompt.slot(slot)]
    written = " ".join(parts).casefold()
    if missing := [f"@{name}" for name in prompt.characters if f"@{name}".casefold() not in written]:
        parts.insert(0, f"Character: {', '.join(missing)}.")
    if prompt.text:
        parts.append(f"Written in it: {', '.join(prompt.text)[:_LONGEST_SLOT]}.")
    return " ".join(parts) or "Its prompt is not kept."
