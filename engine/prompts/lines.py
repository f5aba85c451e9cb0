"""Labelled lines: the plain-text form of a prompt that people can edit and `parse` reads back exactly."""

from __future__ import annotations

from engine.prompts.portrait_prompt import SLOTS, PortraitPrompt


def to_lines(prompt: PortraitPrompt) -> str:
    """One labelled line for each thing said; `parse` gives the prompt back. Empty for an empty prompt."""
    lines = []
    if prompt.text:
        lines.append("Text: " + " ".join(f'"{words}"' for words in prompt.text))
    if prompt.characters:
        lines.append("Characters: " + " ".join(f"@{handle}" for handle in prompt.characters))
    lines += [f"{name.title()}: {prompt.slot(name)}" for name in SLOTS if prompt.slot(name)]
    if prompt.negative:
        lines.append(f"Negative: {prompt.negative}")
    if prompt.aspect is not None:
        lines.append(f"Aspect: {prompt.aspect}")
    if prompt.seed is not None:
        lines.append(f"Seed: {prompt.seed}")
    return "\n".join(lines)
