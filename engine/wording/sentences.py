"""Flowing sentences in the order of the slots, for models that read prose: Flux, Mango, and SD 3.5's T5."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.prompt import PortraitPrompt
from engine.prompts.lexicon import kind_of
from engine.prompts.rendered_prompt import RenderedPrompt, Script, fitted, people, script, sentence
from engine.wording.positive import positive

FLUX_TOKENS: Final = 500
"""Of the 512 that Flux reads."""

_PLACED: Final = re.compile(
    r"(?:in|on|at|by|inside|outside|near|beside|behind|before|under|beneath|against|among|amid|next to|around|above|"
    r"within|between|from|surrounded|along|across|through|over|below|opposite|with)\b",
    re.I,
)
_WORN: Final = re.compile(
    r"(?:wearing|wears|dressed|clad|in|with|draped|wrapped|sporting|no|without|her|his|their|bare)\b", re.I
)
_LIT: Final = re.compile(r"(?:lit|illuminated|backlit|sidelit|bathed|silhouetted|softly lit|brightly lit)\b", re.I)
_TAKEN: Final = re.compile(r"(?:shot|photographed|captured|taken|filmed|framed|rendered)\b", re.I)
_CLAUSE_WITH_VERB: Final = re.compile(
    r"(?:the|a|an|his|her|their|its|every|it|you|she|he|they)\b.*\b(?:is|are|comes?|falls?|shows?|has|have|hangs?|was)\b",
    re.I,
)


def render(prompt: PortraitPrompt, held: Sequence[str], *, numbered: bool = False) -> RenderedPrompt:
    """Prose within what Flux and Mango read; what is not wanted is said as what is.

    `numbered`: more pictures than faces go along, so that each is called by its number.
    """
    whole = script(prompt, held, stand_ins(held, numbered=numbered))
    kept, dropped = fitted(whole, FLUX_TOKENS, reserve=60)
    return RenderedPrompt(prompt=flowing(kept), dropped=dropped, left_to_reference=whole.left_to_reference)


def stand_ins(held: Sequence[str], *, numbered: bool = False) -> list[str]:
    """What to call the people whose reference pictures go along."""
    return people(held, "reference picture", numbered=numbered)


def flowing(whole: Script, *, negatives: bool = True) -> str:
    """The script as sentences: who, clothes and place; light; camera; surface; words in the picture."""
    wanted = positive(whole.negative, lettering=bool(whole.text)) if negatives else []
    parts = (
        _who(whole),
        _light(whole.joined("lighting")),
        _camera(whole.joined("camera")),
        _detail(whole.joined("detail")),
        _lettering(whole.text),
        sentence(f"The picture shows {_listed(wanted)}") if wanted else "",
    )
    return " ".join(part for part in parts if part)


def _who(whole: Script) -> str:
    subject = whole.joined("subject") or "a portrait"
    clothing, place = whole.joined("clothing"), whole.joined("environment")
    if _CLAUSE_WITH_VERB.match(clothing) or _CLAUSE_WITH_VERB.match(place):
        worn = clothing if _CLAUSE_WITH_VERB.match(clothing) else f"They wear {clothing}" if clothing else ""
        return " ".join(sentence(part) for part in (subject, worn, place) if part)
    if clothing:
        subject += f", {clothing}" if _WORN.match(clothing) else f", wearing {clothing}"
    if place and _PLACED.match(place):
        return sentence(f"{subject}, {place}")
    return sentence(subject) + (f" The setting: {place}." if place else "")


def _light(light: str) -> str:
    if not light:
        return ""
    if _CLAUSE_WITH_VERB.match(light):
        return sentence(light)
    if _LIT.match(light):
        return sentence(f"The scene is {light}")
    if _PLACED.match(light):
        return sentence(f"The light is that {light}" if light.lower().startswith("from") else f"Taken {light}")
    return sentence(f"The lighting is {light}")


def _camera(camera: str) -> str:
    if not camera:
        return ""
    if _TAKEN.match(camera) or _CLAUSE_WITH_VERB.match(camera):
        return sentence(camera)
    if kind_of(camera.split()[0].rstrip(",")) == "tech":
        return sentence(f"Shot with {camera}")
    return sentence(f"Photographed as: {camera}")


def _detail(detail: str) -> str:
    if not detail:
        return ""
    if _CLAUSE_WITH_VERB.match(detail):
        return sentence(detail)
    return sentence(f"Seen up close: {detail.removeprefix('with ')}")


def _lettering(text: Sequence[str]) -> str:
    quoted = [f'"{words}"' for words in text]
    return sentence(f"The picture shows the words {_listed(quoted)}") if text else ""


def _listed(items: Sequence[str]) -> str:
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)
