"""PortraitPrompt → the words that each family of models follows best. Pure: nothing is sent or loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Protocol

from engine.prompt import PortraitPrompt
from engine.prompts.changes import in_english as change_in_english
from engine.prompts.languages import vocabulary as languages
from engine.prompts.languages.detecting import detect
from engine.prompts.languages.english import denied, in_english, spoken_in
from engine.prompts.looks import Looks, told, unsaid, with_looks
from engine.prompts.negation import moved
from engine.prompts.rendered_prompt import RenderedPrompt
from engine.wording import instructions, plain, reference_pictures, sd35, sentences, studio_words, tags
from engine.wording.reference_pictures import Attached

__all__ = ["FAMILIES", "Attached", "RenderedPrompt", "render"]

_RENDERERS: Final[Mapping[str, Callable[[PortraitPrompt, Sequence[str]], RenderedPrompt]]] = MappingProxyType(
    {
        "studio": studio_words.render,
        "sd35": sd35.render,
        "flux": sentences.render,
        "flux2": sentences.render,
        "qwen": sentences.render,
        "mango": sentences.render,
        "nano-banana": instructions.nano_banana,
        "gpt-image": instructions.gpt_image,
        "tags": tags.render,
        "plain": plain.render,
    }
)
FAMILIES: Final = tuple(_RENDERERS)

NAMING_UNWANTED: Final = frozenset(FAMILIES) - {"studio", "sd35", "tags", "plain"}
"""Families that are told what is not wanted within the prompt, in other words where there are any (`positive`)."""

_EVERY: Final = frozenset(languages.NAMES)
_UNDERSTOOD: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "nano-banana": _EVERY,
        "gpt-image": _EVERY,
        "flux2": _EVERY,
        "qwen": frozenset({"chinese"}),
    }
)
"""The languages that a family understands beside English, as the makers of its models say. The others are told the
English of the words that are known; the studio reads that by itself."""


class _WithPictures(Protocol):
    def __call__(self, prompt: PortraitPrompt, held: Sequence[str], *, numbered: bool) -> RenderedPrompt: ...


_WITH_PICTURES: Final[Mapping[str, tuple[_WithPictures, str]]] = MappingProxyType(
    {
        "flux": (sentences.render, "reference picture"),
        "flux2": (sentences.render, "reference picture"),
        "qwen": (sentences.render, "reference picture"),
        "mango": (sentences.render, "reference picture"),
        "nano-banana": (instructions.nano_banana, "attached picture"),
        "gpt-image": (instructions.gpt_image, "attached picture"),
    }
)
"""The families that can be told what each of several pictures is for, and what they call one."""


def render(
    prompt: PortraitPrompt,
    family: str,
    *,
    characters: Sequence[str] = (),
    others: Sequence[Attached] = (),
    change: str = "",
    looks: Mapping[str, Looks] | None = None,
) -> RenderedPrompt:
    """Say `prompt` in the words of `family`; `characters` are the handles whose reference picture goes along.

    With characters the words leave their faces to the pictures. `others` are pictures of an outfit, a place or a style
    that are attached after the faces. `change` is what to change in a picture that is attached before all others: then
    only that is said. `looks` are words about the hair, beard and glasses of saved faces, by handle: they are said
    where the prompt says nothing of its own. Families that are not told of pictures one by one get the prompt alone.
    Raises KeyError for a family not in `FAMILIES`.
    """
    # What is known of words by their equality is known whatever weight they have.
    plain_prompt = replace(prompt, weights=(), sampler="")
    said = _said(plain_prompt, family, characters=characters, others=others, change=change, looks=looks)
    return tags.weighted(said, prompt.weights) if family == "tags" else said


def _said(
    prompt: PortraitPrompt,
    family: str,
    *,
    characters: Sequence[str] = (),
    others: Sequence[Attached] = (),
    change: str = "",
    looks: Mapping[str, Looks] | None = None,
) -> RenderedPrompt:
    held = tuple(characters)
    prompt, untold = _for_readers(prompt, family, held)
    if untold:
        said = _said(prompt, family, characters=held, others=others, change=change, looks=looks)
        return said if change else replace(said, dropped=(*said.dropped, *untold))
    prompt = moved(prompt)
    if looks and not change:
        added = unsaid(prompt, looks)
        said = _said(with_looks(prompt, added), family, characters=held, others=others)
        return replace(said, remembered=told(added))
    if family not in _WITH_PICTURES or not (others or change):
        return _RENDERERS[family](prompt, held)
    renderer, picture = _WITH_PICTURES[family]
    if change:
        understood = detect(change) in {"", *_UNDERSTOOD.get(family, ())}
        change = change if understood else change_in_english(change)
        return RenderedPrompt(reference_pictures.change(change, held, others, picture))
    first = 1 + len(held)
    said = renderer(reference_pictures.named(prompt, others, first, picture), held, numbered=True)
    return replace(said, prompt=f"{said.prompt} {reference_pictures.legend(others, first, picture)}")


def _for_readers(prompt: PortraitPrompt, family: str, held: Sequence[str]) -> tuple[PortraitPrompt, tuple[str, ...]]:
    """The prompt in a language that the family understands, and the words that are lost by it."""
    if family == "studio":
        return prompt, ()
    english, untold = in_english(prompt)
    if spoken_in(prompt) not in _UNDERSTOOD.get(family, frozenset()):
        return english, untold
    if held and not untold:
        # RenderedPrompt about a face are left to its picture, by rules that read English.
        return english, ()
    # What is not wanted is turned into its opposite by rules that read English.
    return replace(prompt, negative=denied(prompt)), ()
