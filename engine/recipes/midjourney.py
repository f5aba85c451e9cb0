"""Midjourney: the words with their flags in the description of the picture, and the number of the job."""

from __future__ import annotations

from typing import Final

from engine.recipes.found_recipe import FoundRecipe, Texts, words_of

TOOL: Final = "Midjourney"
_PLACES: Final = ("Description", "exif:ImageDescription", "xmp:description", "exif:UserComment")
_FLAGS: Final = (" --ar ", " --v ", " --niji", " --stylize ", " --chaos ", " --style ", " --profile ", " --sref ")


def read(texts: Texts) -> FoundRecipe | None:
    """The flags stay among the words: whoever reads those knows them."""
    for place in _PLACES:
        text = texts.text(place)
        words, numbered, _ = text.partition("Job ID:")
        if numbered or _is_theirs(texts, text):
            return FoundRecipe(tool=TOOL, words=words_of(words)) if words.strip() else None
    return None


def _is_theirs(texts: Texts, text: str) -> bool:
    """A description alone may be anybody's."""
    flagged = any(flag in f" {text} " for flag in _FLAGS)
    return flagged and bool(texts.text("Author", "xmp:DigImageGUID", "exif:Artist"))
