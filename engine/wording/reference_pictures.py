"""What the pictures that go along are for, said to models that are given several: faces, an outfit, a place, a style,
and the picture that is to be changed. Pictures are counted from 1 in the order in which they are attached."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.rendered_prompt import counted, sentence
from engine.prompts.units import HANDLE

_HANDLE: Final = re.compile(HANDLE)
_USES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "outfit": (
            "the outfit",
            "shows the outfit: dress the person in these clothes, and take no face and nothing else from it",
        ),
        "place": ("the place", "shows the place: take the portrait there, without the people in it"),
        "style": (
            "the style",
            "shows the style: use its colours, light and finish, and none of the people or things in it",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture that goes along after the faces. `role` is outfit, place or style; `handle` is "" when it has none."""

    handle: str
    role: str


def named(prompt: PortraitPrompt, others: Sequence[Attached], first: int, picture: str) -> PortraitPrompt:
    """The prompt with the handles of outfits, places and styles said as what they are; `picture` is what the family
    calls a picture, `first` the number of the first of them."""
    said: dict[str, Any] = {slot: mentions(prompt.slot(slot), _names(others, first, picture)) for slot in SLOTS}
    left = tuple(handle for handle in prompt.characters if handle.casefold() not in _names(others, first, picture))
    return replace(prompt, characters=left, **said)


def legend(others: Sequence[Attached], first: int, picture: str) -> str:
    """One sentence a picture: what it is for."""
    lines = (f"{picture} {number} {_USES[one.role][1]}" for number, one in enumerate(others, first))
    return " ".join(sentence(line) for line in lines)


def change(words: str, faces: Sequence[str], others: Sequence[Attached], picture: str) -> str:
    """What to say when the first picture is to be changed; faces and the others follow it in this order."""
    shown: dict[str, list[int]] = {}
    for number, handle in enumerate(faces, 2):
        shown.setdefault(handle.casefold(), []).append(number)
    people = {handle: counted(picture, numbers) for handle, numbers in shown.items()}
    first = 2 + len(faces)
    meant = {handle: f"the person in {pictures}" for handle, pictures in people.items()}
    wanted = mentions(" ".join(words.split()), {**meant, **_names(others, first, picture)})
    wanted = _HANDLE.sub(lambda found: str(found[1]).partition(":")[0], wanted)
    parts = [f"Change {picture} 1 like this: {wanted}"]
    for handle, pictures in people.items():
        verb, them = ("shows", "it") if len(shown[handle]) == 1 else ("show", "them")
        parts.append(f"{pictures} {verb} whose face it is: keep exactly to {them}")
    parts.append("Keep the face and everything else that the change does not name exactly as it is")
    said = " ".join(sentence(part) for part in parts)
    return " ".join(part for part in (said, legend(others, first, picture)) if part)


def mentions(text: str, names: Mapping[str, str]) -> str:
    """The text with the handles that are in `names` (lower case) replaced by what is meant."""

    def name(found: re.Match[str]) -> str:
        handle = found[1].casefold()
        whole: str = found[0]
        return next((names[key] for key in (handle, handle.partition(":")[0]) if key in names), whole)

    return _HANDLE.sub(name, text)


def _names(others: Sequence[Attached], first: int, picture: str) -> dict[str, str]:
    return {
        one.handle.casefold(): f"{_USES[one.role][0]} in {picture} {number}"
        for number, one in enumerate(others, first)
        if one.handle
    }
