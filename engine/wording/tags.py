"""SD 1.5, SDXL and their fine-tunes: one comma list of tags, with the weights that were typed, and a negative prompt.

CLIP reads 75 tokens at a time; longer prompts are read in several goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.rendered_prompt import RenderedPrompt, fitted, script
from engine.prompts.stress import Weights, laid_on

TOKENS: Final = 4 * 75
"""Beyond four goes words say next to nothing."""


def render(prompt: PortraitPrompt, held: Sequence[str]) -> RenderedPrompt:
    """A comma list in the order of the slots, and the negative prompt as it was given."""
    order = list(dict.fromkeys(handle.casefold() for handle in held))
    stand_ins = ["the person" if len(order) == 1 else f"person {order.index(one.casefold()) + 1}" for one in held]
    whole, dropped = fitted(script(prompt, held, stand_ins), TOKENS)
    said = [words for slot in SLOTS for words in whole.of(slot)]
    lettering = [f'the words "{words}"' for words in whole.text]
    return RenderedPrompt(
        prompt=", ".join((*said, *lettering)),
        negative=", ".join(whole.negative),
        dropped=dropped,
        left_to_reference=whole.left_to_reference,
    )


def weighted(words: RenderedPrompt, weights: Weights) -> RenderedPrompt:
    """The same with brackets round what has a weight, and the prompt's own brackets marked as letters."""
    return replace(words, prompt=laid_on(words.prompt, weights), negative=laid_on(words.negative, weights))
