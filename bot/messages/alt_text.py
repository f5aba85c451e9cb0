"""What stands for a picture to whoever cannot see it: Discord's attachment descriptions, made from the recipe."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.core import words
from bot.languages.speech import counted, reworded, together, worded
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
    made = worded("AI-generated portrait No. {number}, made with {model}.", number=item.id, model=item.model_title)
    return together(made, _recipe(item.spec.prompt))


def of_preview(prompt: PortraitPrompt) -> str:
    """A portrait that is still being made."""
    return together(worded("Preview of an AI-generated portrait that is being made."), _recipe(prompt))


def of_sheet(title: str, cells: Sequence[Cell]) -> str:
    """The contact sheet of a series, frame by frame."""
    frames = "; ".join(
        f"{cell.number}. {cell.label}{'' if cell.picture else f' ({reworded(cell.missing)})'}" for cell in cells
    )
    sheet = counted(
        "Contact sheet of {count} AI-generated portrait.",
        "Contact sheet of {count} AI-generated portraits.",
        len(cells),
    )
    return together(sheet, f"{reworded(title)}.", _curve(cells), f"{frames}.")


def _curve(cells: Sequence[Cell]) -> str:
    """What the sheet's curve shows, where it has one."""
    found = likenesses(cells)
    figures = [
        worded("frame {number} {likeness}", number=cell.number, likeness=cell.likeness)
        for cell in cells
        if cell.likeness is not None
    ]
    if found is None or len(figures) < 2:
        return ""
    return worded(
        "Likeness by frame as a curve: {figures}; median {median}, worst {worst}.",
        figures=", ".join(figures),
        median=found.median,
        worst=found.worst,
    )


def of_chart(title: str, series: Mapping[str, Sequence[int]], days: Sequence[str]) -> str:
    """A chart of figures by day: the sum of each series, and the day that had most."""
    if not days or not series:
        return worded("{title}: a chart with nothing in it.", title=title)
    totals = [sum(figures[index] for figures in series.values()) for index in range(len(days))]
    most = max(range(len(days)), key=totals.__getitem__)
    sums = ", ".join(f"{name} {sum(figures):,}" for name, figures in series.items())
    return worded(
        "{title}, {first} to {last}, as a bar chart. In all {total:,}: {sums}. Most on {day}: {most:,}.",
        title=title,
        first=days[0],
        last=days[-1],
        total=sum(totals),
        sums=sums,
        day=days[most],
        most=totals[most],
    )


def of_faces(count: int) -> str:
    """Numbered faces to choose from."""
    return counted(
        "{count} face found in the picture.",
        "{count} faces found in the picture, side by side, numbered 1 to {count} from the left.",
        count,
    )


def of_character(character: Character) -> str:
    """The pictures of a saved face."""
    pictures = counted(
        "The picture of the saved face @{handle}.",
        "The {count} pictures, side by side, of the saved face @{handle}.",
        len(character.references),
        handle=character.handle,
    )
    return together(pictures, character.description)


def _recipe(prompt: PortraitPrompt) -> str:
    """Each slot that says something, under the name that people know it by."""
    parts = [f"{words.slot_title(slot)}: {prompt.slot(slot)[:_LONGEST_SLOT]}." for slot in SLOTS if prompt.slot(slot)]
    written = " ".join(parts).casefold()
    if missing := [f"@{name}" for name in prompt.characters if f"@{name}".casefold() not in written]:
        parts.insert(0, worded("Character: {handles}.", handles=", ".join(missing)))
    if prompt.text:
        parts.append(worded("Written in it: {text}.", text=", ".join(prompt.text)[:_LONGEST_SLOT]))
    return " ".join(parts) or worded("Its prompt is not kept.")
