"""SD 1.5, SDXL and their fine-tunes: one comma list of tags, with the weights that were typed, and a negative prompt.

CLIP reads 75 tokens at a time; longer prompts are read in several goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.telling import Words, fitted, script
from engine.prompts.stress import laid_on

TOKENS: Final = 4 * 75
"""Beyond four goes words say next to nothing."""


def render(prompt: PortraitPrompt, held: Sequence[str]) -> Words:
    """A comma list in the order of the slots, and the negative prompt as it was given."""
    order = list(dict.fromkeys(handle.casefold() for handle in held))
    stand_ins = ["the person" if len(order) == 1 else f"person {order.index(one.casefold()) + 1}" for one in held]
    whole, dropped = fitted(script(prompt, held, stand_ins), TOKENS)
    said = [words for slot in SLOTS for words in whole.of(slot)]
    lettering = [f'the words "{words}"' for words in whole.text]
    return Words(
        prompt=laid_on(", ".join((*said, *lettering)), prompt.weights),
        negative=laid_on(", ".join(whole.negative), prompt.weights),
        dropped=dropped,
        left_to_reference=whole.left_to_reference,
    )
