"""A recipe as the text of a command, to be copied into Discord's message field."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Final

from bot.core.prompt_reading import chosen
from engine.jobs.job import PictureSpec
from engine.prompt import NOTHING, SLOTS, PortraitPrompt, merge, parse, to_lines

LONGEST_SLOT: Final = 500
"""A slot of more characters than these is no option's value."""
_BETWEEN: Final = (" ", ". ", "; ")


def portrait_command(made: PictureSpec) -> str:
    """`/portrait` with the options that ask for the same recipe and seed again."""
    prompt = replace(made.prompt, seed=None)
    by_options = {slot: " ".join(prompt.slot(slot).split()) for slot in SLOTS if len(prompt.slot(slot)) <= LONGEST_SLOT}
    options = {name: text for name, text in by_options.items() if text}
    given = {"prompt": _prompt_option(prompt, options), **options, "aspect": prompt.aspect or ""}
    given |= {"model": made.model, "seed": str(made.seed)}
    if made.fine_tune:
        given |= {"finetune": made.fine_tune, "finetune_strength": f"{made.fine_tune_strength:g}"}
    return " ".join(["/portrait", *(f"{name}:{value}" for name, value in given.items() if value)])


def _prompt_option(prompt: PortraitPrompt, options: dict[str, str]) -> str:
    """What no option says but `prompt:`, written on one line so that it is read as it was meant."""
    slots = dict.fromkeys(options, "")
    rest = replace(prompt, aspect=None, **slots)  # type: ignore[arg-type]  # slots are texts
    candidates = list(_written(rest))
    for text in candidates:
        if _read_again(text, options, prompt) == prompt:
            return text
    return candidates[0] if candidates else ""


def _written(rest: PortraitPrompt) -> Iterator[str]:
    lines = to_lines(rest).splitlines()
    if not lines:
        return
    for between in _BETWEEN:
        for order in permutations(lines) if len(lines) <= len(_BETWEEN) else (lines,):
            yield between.join(order)


def _read_again(text: str, options: dict[str, str], prompt: PortraitPrompt) -> PortraitPrompt:
    """What `/portrait` makes of it."""
    return merge(merge(NOTHING, parse(text)), chosen(slots=dict(options), aspect=prompt.aspect))
