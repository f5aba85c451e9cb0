"""The labelled prompts: what is asked for in words, and what a picture of it must show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("prompts.jsonl")
FIRST_SEED: Final = 41_000
"""A case's picture has this seed plus the case's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a person who read the prompt would look for; "" is what the prompt leaves open."""

    sex: str = ""
    skin: str = ""
    bald: bool = False
    hair: str = ""
    glasses: bool = False
    beard: bool = False
    clothes: str = ""
    garment: str = ""
    place: str = ""
    side: str = ""
    framing: str = ""
    film: str = ""
    colourless: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt of the set; `number` from 1."""

    number: int
    prompt: str
    truth: Truth

    @property
    def seed(self) -> int:
        """The seed that its picture is made with."""
        return FIRST_SEED + self.number


def cases(file: Path = FILE, first: int | None = None) -> tuple[Case, ...]:
    """All labelled prompts, or the `first` so many. Raises ValueError for a line that is not one."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(_case(json.loads(line)) for line in lines if line.strip())[:first]


def _case(found: Mapping[str, Any]) -> Case:
    known = {field.name for field in fields(Truth)}
    if unknown := set(found["truth"]) - known:
        raise ValueError(f"case {found['id']} has unknown labels: {', '.join(sorted(unknown))}")
    return Case(number=int(found["id"]), prompt=str(found["prompt"]), truth=Truth(**found["truth"]))
