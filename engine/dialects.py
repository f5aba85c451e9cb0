"""PortraitPrompt → the words that each family of models follows best. Pure: nothing is sent or loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.families import builtin, instructions, plain, sd35, sentences
from engine.families.words import Words
from engine.prompt import PortraitPrompt

__all__ = ["FAMILIES", "Words", "render"]

_RENDERERS: Final[Mapping[str, Callable[[PortraitPrompt, Sequence[str]], Words]]] = MappingProxyType(
    {
        "builtin": builtin.render,
        "sd35": sd35.render,
        "flux": sentences.render,
        "mango": sentences.render,
        "nano-banana": instructions.nano_banana,
        "gpt-image": instructions.gpt_image,
        "plain": plain.render,
    }
)
FAMILIES: Final = tuple(_RENDERERS)


def render(prompt: PortraitPrompt, family: str, *, characters: Sequence[str] = ()) -> Words:
    """Say `prompt` in the words of `family`; `characters` are the handles whose reference picture goes along.

    With characters the words leave their faces to the pictures. Raises KeyError for a family not in `FAMILIES`.
    """
    return _RENDERERS[family](prompt, tuple(characters))
