"""Structured portrait prompts: what the rest of the house imports. Pure; no Discord, no SQL, no model.

`python -m engine.prompt TEXT` prints how a text is read.
"""

from engine.prompts.lines import to_lines
from engine.prompts.parser import MAX_TEXT, Reading, parse, read
from engine.prompts.portrait_prompt import ASPECTS, SLOTS, PortraitPrompt, PromptError, from_json, merge, to_json

__all__ = [
    "ASPECTS",
    "MAX_TEXT",
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

if __name__ == "__main__":
    from engine.prompts.command import main

    raise SystemExit(main())
