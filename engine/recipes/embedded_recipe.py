"""What a whole picture says of how it was made, ours or another tool's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.recipes import places
from engine.recipes.found_recipe import FoundRecipe, object_in
from engine.recipes.recipe_tools import read

OURS: Final = "Likeness"


@dataclass(frozen=True, slots=True)
class EmbeddedRecipe:
    """What a picture says of how it was made: a recipe of ours as it was written, or another tool's."""

    own: str = ""
    found: FoundRecipe | None = None


def embedded_in(raw: bytes) -> EmbeddedRecipe:
    """What a PNG, JPEG or WebP says. Takes time in proportion to its texts. Raises Unreadable."""
    texts = places.texts_in(raw)
    own = next((text for place in places.OWN if _is_ours(place, text := texts.text(place))), "")
    return EmbeddedRecipe(own) if own else EmbeddedRecipe(found=read(texts))


def _is_ours(place: str, text: str) -> bool:
    """Whether it is a recipe of ours, where it stands in a place of others by the name in it."""
    said = object_in(text)
    return said is not None and "prompt" in said and (place in places.OURS_ALONE or said.get("software") == OURS)
