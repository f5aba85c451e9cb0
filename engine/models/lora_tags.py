"""LoRA tags as A1111 and its like write them, "<lora:Film Grain_v2:0.8>", and the installed fine-tune that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.models.loras import STRONGEST, FineTune

_TAG: Final = re.compile(
    r"<(?:lora|lyco)\s{0,3}:([^:<>\n]{1,120})(?::\s{0,3}(\d{0,2}(?:\.\d{1,4})?)(?=[\s:>])[^<>\n]{0,40})?>", re.I
)
_FILE: Final = re.compile(r"\.(?:safetensors|pt|pth|ckpt|bin)\Z", re.I)
_APART: Final = re.compile(r"[\s_-]+")


class Tagged(NamedTuple):
    """A fine-tune and the strength that the tag asks for, None where it says none."""

    fine_tune: FineTune
    strength: float | None


def meant(tag: str, offered: Iterable[FineTune]) -> Tagged | None:
    """The fine-tune of that name, whatever its capitals, spaces, lines or file ending; None when none is offered."""
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        return None
    wanted = _key(found[1])
    strength = min(float(found[2]), STRONGEST) if found[2] else None
    for one in offered:
        if wanted in {_key(one.name), _key(one.title), _key(one.path.stem)}:
            return Tagged(one, strength)
    return None


def _key(name: str) -> str:
    # A folder before the name is where another tool keeps it.
    bare = _FILE.sub("", name.strip().replace("\\", "/").rpartition("/")[2])
    return _APART.sub("", bare).casefold()
