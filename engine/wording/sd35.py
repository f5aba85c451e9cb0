"""Stable Diffusion 3.5: what matters most within CLIP's window, everything to T5, and a real negative prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.rendered_prompt import RenderedPrompt, Script, fitted, script, tokens
from engine.wording.sentences import flowing

CLIP_TOKENS: Final = 75
"""77 less the two that mark beginning and end."""
T5_TOKENS: Final = 250
"""Of the 256 that Stable Diffusion 3 reads."""


def render(prompt: PortraitPrompt, held: Sequence[str]) -> RenderedPrompt:
    """Key words for CLIP, sentences for T5."""
    order = list(dict.fromkeys(handle.casefold() for handle in held))
    stand_ins = [f"person {order.index(handle.casefold()) + 1}" if len(order) > 1 else "the person" for handle in held]
    whole = script(prompt, held, stand_ins)
    short, _ = fitted(whole, CLIP_TOKENS, reserve=_text_cost(whole))
    long, dropped = fitted(whole, T5_TOKENS, reserve=20 + _text_cost(whole))
    return RenderedPrompt(
        prompt=_key_words(short),
        negative=", ".join(whole.negative),
        long_prompt=flowing(long, negatives=False),
        dropped=dropped,
        left_to_reference=whole.left_to_reference,
    )


def _text_cost(whole: Script) -> int:
    return sum(tokens(words) + 6 for words in whole.text)


def _key_words(whole: Script) -> str:
    said = [words for slot in SLOTS for words in whole.of(slot)]
    return ", ".join((*said, *(f'the words "{words}"' for words in whole.text)))
