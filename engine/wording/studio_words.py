"""The virtual photo studio: a prompt as what it photographs, in a line; words that it does not know are told."""

from __future__ import annotations

from collections.abc import Sequence

from engine.prompt import PortraitPrompt
from engine.prompts.rendered_prompt import RenderedPrompt


def render(prompt: PortraitPrompt, held: Sequence[str]) -> RenderedPrompt:
    """What will be photographed, as far as the words fix it: a seed decides the rest."""
    from engine.renderer.describe import describe
    from engine.renderer.reading import read

    reading = read(prompt, seed=prompt.seed or 0)
    return RenderedPrompt(describe(reading.scene), dropped=reading.missed)
