"""From what people typed and chose to one prompt: words, a style, slots, and a recipe found in a picture."""

from dataclasses import replace
from typing import Any, Final

from bot import words
from bot.errors import Refused
from engine.prompt import SLOTS, PortraitPrompt, merge, parse, read

NOTHING: Final = PortraitPrompt()


def read_prompt(text: str) -> PortraitPrompt:
    """Parse typed words. Raises Refused when a member's mention stands where a handle was meant."""
    if words.mentions_member(text):
        raise Refused(
            "That @name became a mention of a member of this server. Characters are saved faces: type @ and the "
            "name without picking anybody from Discord's list, or use the `character:` option."
        )
    return parse(text)


def ignored_in(text: str) -> tuple[str, ...]:
    """Flags and settings of other tools in typed words, which mean nothing here."""
    return read(text).ignored


def chosen(
    *,
    slots: dict[str, str | None],
    character: str | None = None,
    aspect: str | None = None,
    seed: int | None = None,
) -> PortraitPrompt:
    """What was chosen with options rather than written."""
    given: dict[str, Any] = {slot: " ".join(value.split()) for slot, value in slots.items() if value}
    return PortraitPrompt(
        **given, characters=(character.strip().lstrip("@"),) if character else (), aspect=aspect, seed=seed
    )


def laid_over(*layers: PortraitPrompt) -> PortraitPrompt:
    """The layers merged, later ones winning. Raises Refused when together they say nothing that could be seen."""
    prompt = NOTHING
    for layer in layers:
        prompt = merge(prompt, layer)
    if not any(prompt.slot(slot) for slot in SLOTS) and not prompt.characters and not prompt.text:
        raise Refused("There is nothing to see in that prompt. Say who is in the portrait, and where.")
    return prompt


def style_of(prompt: PortraitPrompt) -> PortraitPrompt:
    """The part of a recipe that makes a look: all slots but the subject, and what is left out."""
    look: dict[str, Any] = {slot: prompt.slot(slot) for slot in SLOTS if slot != "subject"}
    return replace(NOTHING, negative=prompt.negative, **look)
