"""From what people typed and chose to one prompt: words, a style, slots, and a recipe found in a picture."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from bot.core import words
from bot.core.errors import Refused
from bot.languages.speech import worded
from engine.prompt import NOTHING, SLOTS, PortraitPrompt, Reading, merge, read
from engine.prompts.brought import MAX_SEED

MAX_PROMPT: Final = 4000
"""The longest prompt that may be typed, in characters."""
MAX_SLOT: Final = 1000
"""The longest that one slot may be typed or chosen as, in characters."""
LONG: Final = 500
"""A text of more characters than these is read beside the event loop."""
_Found = TypeVar("_Found")


async def beside(length: int, reading: Callable[[], _Found]) -> _Found:
    """What `reading` finds in a text of this length; in a thread when the text is long, so that nobody waits for it."""
    return reading() if length <= LONG else await asyncio.to_thread(reading)


async def read_prompt(text: str, most: int = MAX_PROMPT, *, seed: int | None = None, language: str = "") -> Reading:
    """Read typed words, once for an order: the prompt, and what of them means nothing here.

    `seed` draws their choices, "{forest|beach}"; without one chance does, and the prompt has the seed that it took.

    `language` is that of a longer text that this is a part of. Raises Refused for what `refuse_unreadable` refuses.
    """
    refuse_unreadable(text, most)
    drawn_by = secrets.randbelow(MAX_SEED + 1) if seed is None else seed
    return await beside(len(text), lambda: read(text, seed=drawn_by, language=language))


def refuse_unreadable(text: str, most: int) -> None:
    """Raises Refused for more than `most` characters, and where a member's mention stands instead of a handle."""
    if len(text) > most:
        raise Refused(worded("That is too long. At most {most:,} characters are read; shorten it.", most=most))
    if words.mentions_member(text):
        raise Refused(
            worded(
                "That @name became a mention of a member of this server. Characters are saved faces: type @ and the "
                "name without picking anybody from Discord's list, or use the `character:` option."
            )
        )


def slot_words(value: str) -> str:
    """What was typed for one slot, on one line. Raises Refused when it is too long."""
    if len(value) > MAX_SLOT:
        raise Refused(
            worded(
                "That is too long for one slot. At most {most:,} characters are read; shorten it.",
                most=MAX_SLOT,
            )
        )
    return " ".join(value.split())


def chosen(
    *,
    slots: dict[str, str | None],
    character: str | None = None,
    aspect: str | None = None,
    seed: int | None = None,
) -> PortraitPrompt:
    """What was chosen with options rather than written. Raises Refused for a slot that is too long."""
    given: dict[str, Any] = {slot: slot_words(value) for slot, value in slots.items() if value}
    return PortraitPrompt(
        **given, characters=(character.strip().lstrip("@"),) if character else (), aspect=aspect, seed=seed
    )


def merged(*layers: PortraitPrompt) -> PortraitPrompt:
    """The layers merged, later ones winning. Raises Refused when together they say nothing that could be seen."""
    prompt = NOTHING
    for layer in layers:
        prompt = merge(prompt, layer)
    if not any(prompt.slot(slot) for slot in SLOTS) and not prompt.characters and not prompt.text:
        raise Refused(worded("There is nothing to see in that prompt. Say who is in the portrait, and where."))
    return prompt


def style_of(prompt: PortraitPrompt) -> PortraitPrompt:
    """The part of a recipe that makes a look: all slots but the subject, and what is left out."""
    look: dict[str, Any] = {slot: prompt.slot(slot) for slot in SLOTS if slot != "subject"}
    return replace(NOTHING, negative=prompt.negative, **look)
