"""The words that an order was typed in, kept while somebody is asked about it, and how a reading of them is mended.

A reading is mended in one form, a line for each slot; what is on a line stands in that slot as it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core import words
from bot.core.errors import Refused
from bot.core.extras import Extras
from bot.core.prompt_reading import merged, slot_words
from bot.languages.speech import worded
from engine.prompt import NOTHING, SLOTS, PortraitPrompt, from_json, to_json

MAX_FORM: Final = 4000
"""The longest that a form takes, in characters."""
_WITHOUT: Final = "Without"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The words, how they were read, what of them means nothing here and what was drawn of their choices.

    `unplaced` are those that no slot was found for; `only_slot` the one that has all of them, "" else.
    """

    words: str = ""
    understood: PortraitPrompt = NOTHING
    ignored: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    only_slot: str = ""


def to_text(typed: Typed) -> str:
    """As JSON; "" when there is nothing."""
    if typed == Typed():
        return ""
    said = {name: getattr(typed, name) for name in ("words", "ignored", "drawn", "unplaced", "only_slot")}
    return json.dumps({**said, "understood": to_json(typed.understood)}, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Typed:
    """Read what `to_text` wrote."""
    if not text:
        return Typed()
    said: dict[str, Any] = json.loads(text)
    lists = {name: tuple(said[name]) for name in ("ignored", "drawn", "unplaced")}
    return Typed(words=said["words"], understood=from_json(said["understood"]), only_slot=said["only_slot"], **lists)


def as_lines(prompt: PortraitPrompt) -> str:
    """A line for each slot, empty ones too, and one for what is not wanted. Raises Refused when no form can hold it."""
    lines = [f"{words.SLOT_TITLES[slot]}: {prompt.slot(slot)}" for slot in SLOTS]
    text = "\n".join([*lines, f"{_WITHOUT}: {prompt.negative}"])
    if len(text) > MAX_FORM:
        raise Refused(
            worded(
                "That is too long to be mended in one form. Nothing was charged; order it again with the options "
                "`subject:`, `clothing:` and so on."
            )
        )
    return text


def from_lines(text: str, before: PortraitPrompt) -> PortraitPrompt:
    """The prompt as the lines say; a line without a title goes on with the slot above it. What no line is about stays.

    Raises Refused when it says nothing that could be seen, or too much for one slot.
    """
    titles = {title.casefold(): slot for slot, title in words.SLOT_TITLES.items()} | {_WITHOUT.casefold(): "negative"}
    said, slot = dict[str, list[str]](), "subject"
    for line in text.splitlines():
        title, colon, value = line.partition(":")
        named = titles.get(title.strip().casefold()) if colon else None
        slot = named or slot
        said.setdefault(slot, []).append(value if named else line)
    changed: dict[str, Any] = {slot: slot_words(" ".join(parts)) for slot, parts in said.items()}
    return merged(replace(before, **changed))


def mended_extras(wanted: Extras, before: PortraitPrompt, after: PortraitPrompt) -> Extras:
    """The frames of a series with what was changed, but for what varies in them."""
    series = wanted.series
    if series is None:
        return wanted
    changed: Mapping[str, Any] = {
        name: getattr(after, name)
        for name in (*SLOTS, "negative")
        if name != series.varies and getattr(after, name) != getattr(before, name)
    }
    frames = tuple(replace(frame, prompt=replace(frame.prompt, **changed)) for frame in series.frames)
    return replace(wanted, series=replace(series, frames=frames))
