"""PortraitPrompt → the words that each family of models follows best. Pure: nothing is sent or loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt

FAMILIES: Final = ("builtin", "sd35", "flux", "mango", "nano-banana", "gpt-image", "plain")


@dataclass(frozen=True, slots=True)
class Words:
    """What a model is told; `long_prompt` is for T5 when it differs, `dropped` what was cut for length."""

    prompt: str
    negative: str = ""
    long_prompt: str = ""
    dropped: tuple[str, ...] = ()


def render(prompt: PortraitPrompt, family: str, *, characters: Sequence[str] = ()) -> Words:
    """Say `prompt` in the words of `family`; `characters` are the handles whose reference picture goes along.

    Raises KeyError for a family that is not in `FAMILIES`.
    """
    if family not in FAMILIES:
        raise KeyError(family)
    said = [prompt.slot(name) for name in SLOTS if prompt.slot(name)]
    negative = prompt.negative if family in {"sd35", "builtin"} else ""
    return Words(prompt=", ".join(said), negative=negative)
