"""Structured portrait prompts: what the rest of the house imports. Pure; no Discord, no SQL, no model."""

from engine.prompts.lines import to_lines
from engine.prompts.model import ASPECTS, SLOTS, PortraitPrompt, PromptError, from_json, merge, to_json
from engine.prompts.parser import Reading, parse, read

__all__ = [
    "ASPECTS",
    "SLOTS",
    "PortraitPrompt",
    "PromptError",
    "Reading",
    "from_json",
    "merge",
    "parse",
    "read",
    "to_json",
    "to_lines",
]
