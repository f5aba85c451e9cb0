"""The prompt as one comma list in the order of the slots, for models that nothing particular is known of."""

from __future__ import annotations

from collections.abc import Sequence

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.rendered_prompt import RenderedPrompt, script


def render(prompt: PortraitPrompt, held: Sequence[str]) -> RenderedPrompt:
    """A comma list and the negative prompt as it was given."""
    whole = script(prompt, held, ["the person" for _ in held])
    said = [words for slot in SLOTS for words in whole.of(slot)]
    lettering = [f'the words "{words}"' for words in whole.text]
    return RenderedPrompt(
        ", ".join((*said, *lettering)), ", ".join(whole.negative), left_to_reference=whole.left_to_reference
    )
