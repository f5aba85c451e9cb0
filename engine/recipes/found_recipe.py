"""What is found in a picture, and the texts that it is found in."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.sayings import worded

LONGEST: Final = 20_000
"""Characters of a prompt that are passed on; nobody writes longer ones, and what is typed may have 6,000."""
MOST_SEED: Final = 2**63 - 1
MOST_SIDE: Final = 2**16
DEEPEST: Final = 64
"""How deep the objects of a recipe may stand in each other."""
MOST_BRACKETS: Final = 200_000

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecipe:
    """A recipe as a tool wrote it. `words` and `negative` are its prompts; a size in pixels, 0 where it says none."""

    tool: str
    words: str
    negative: str = ""
    seed: int | None = None
    width: int = 0
    height: int = 0
    steps: int = 0
    guidance: float = 0.0
    sampler: str = ""
    model: str = ""


def sound(facts: Mapping[str, Any]) -> FoundRecipe:
    """A recipe from its fields. Raises TypeError and ValueError for what `FoundRecipe` would never hold."""
    found = FoundRecipe(**facts)
    texts = (found.tool, found.words, found.negative, found.sampler, found.model)
    numbers = (found.width, found.height, found.steps, 0 if found.seed is None else found.seed)
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts):
        raise ValueError("texts")
    if not all(type(number) is int and 0 <= number <= MOST_SEED for number in numbers):
        raise ValueError("numbers")
    if not isinstance(found.guidance, float) or not math.isfinite(found.guidance):
        raise ValueError("guidance")
    return found


class UnreadableRecipe(Exception):
    """There is a recipe, and it cannot be read; `tool` wrote it, `why` is a clause that goes on from "because"."""

    def __init__(self, tool: str, why: str) -> None:
        self.tool, self.why = tool, why
        super().__init__(
            worded(
                "That picture brings a recipe of {tool}, which I cannot read: {why}. Copy its prompt and type it "
                "instead. Nothing was charged.",
                tool=tool,
                why=why,
            )
        )


class Texts:
    """The texts of a picture by their places; `too_long` are places of texts that were too long to be read."""

    def __init__(self, texts: Mapping[str, str], too_long: Collection[str] = ()) -> None:
        self._texts = texts
        self._objects: dict[str, Object | None] = {}
        self.too_long = too_long

    def text(self, *places: str) -> str:
        """The text at the first of the places that has one; "" for none."""
        return next((found for place in places if (found := self._texts.get(place, "").strip())), "")

    def object(self, *places: str) -> Object | None:
        """The JSON object at the first of the places that has one."""
        return next((found for place in places if (found := self._object(place)) is not None), None)

    def objects(self) -> Iterator[Object]:
        """Every text that is a JSON object."""
        return (found for place in self._texts if (found := self._object(place)) is not None)

    def all(self) -> Mapping[str, str]:
        return self._texts

    def _object(self, place: str) -> Object | None:
        if place not in self._objects:
            self._objects[place] = object_in(self._texts.get(place, ""))
        return self._objects[place]


def object_in(text: object) -> Object | None:
    """The JSON object that a text is, whatever stands before its brace on the same word; None for anything else."""
    if isinstance(text, dict):
        return text
    if not isinstance(text, str):
        return None
    text = text.strip("\0 \t\r\n\ufeff")
    if not text.startswith("{") or text.count("{") + text.count("[") > MOST_BRACKETS:
        return None
    try:
        found = json.loads(text, parse_int=_whole, strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not too_deep(found) else None


def looks_like_json(text: str) -> bool:
    """Whether a text begins as JSON does, finished or not; a prompt may begin with a bracket too."""
    text = text.lstrip("\0 \t\r\n\ufeff")
    return text[:1] in ("{", "[") and text[1:200].lstrip()[:1] in ('"', "'", "{", "[", "}", "]")


def too_deep(value: object) -> bool:
    """Whether something stands deeper in the value than `DEEPEST`."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= 40 else -1


def words_of(value: object) -> str:
    """A prompt: text as it is, a list of texts with commas between; "" for anything else."""
    if isinstance(value, list):
        value = ", ".join(each.strip() for each in value[:100] if isinstance(each, str) and each.strip())
    return value.strip("\0 \t\r\n")[:LONGEST] if isinstance(value, str) else ""


def name_of(value: object) -> str:
    """A name on one line."""
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def seed_of(value: object) -> int | None:
    """A seed from 0 to 2⁶³-1, as a number or its digits. What some tools draw beyond that is none here."""
    number = number_of(value)
    return number if number is not None and 0 <= number <= MOST_SEED else None


def side_of(value: object) -> int:
    """Pixels; 0 for what no side can have."""
    number = number_of(value)
    return number if number is not None and 0 < number <= MOST_SIDE else 0


def steps_of(value: object) -> int:
    """Steps; 0 for what no picture is made in."""
    number = number_of(value)
    return number if number is not None and 0 < number <= 1000 else 0


def number_of(value: object) -> int | None:
    """A whole number, as one or as its digits."""
    if isinstance(value, str) and len(value) <= 24:
        value = value.strip()
        value = int(value) if value.isascii() and value.isdecimal() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def real_of(value: object) -> float:
    """A finite number of at least 0, as one or as its digits; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 32:
        return 0.0
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and 0 <= number < 1000 else 0.0


def size_in(text: object) -> tuple[int, int]:
    """The two sides in "832x1216", "(832, 1216)" and the like; zeros where there are not two."""
    if not isinstance(text, str) or len(text) > 40:
        return 0, 0
    plain = "".join(sign if sign.isdecimal() and sign.isascii() else " " for sign in text).split()
    if len(plain) != 2:
        return 0, 0
    return side_of(plain[0]), side_of(plain[1])
