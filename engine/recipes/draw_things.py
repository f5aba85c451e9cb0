"""Draw Things: XMP with an object as its comment, and a description for people that says the same."""

from __future__ import annotations

from typing import Final

from engine.recipes.a1111 import SettingsBlock, block_in, found_in
from engine.recipes.found_recipe import (
    FoundRecipe,
    Texts,
    UnreadableRecipe,
    name_of,
    object_in,
    real_of,
    seed_of,
    size_in,
    steps_of,
    words_of,
)
from engine.sayings import worded

TOOL: Final = "Draw Things"


def read(texts: Texts) -> FoundRecipe | None:
    """The object where there is one, else the description."""
    named = "draw things" in texts.text("xmp:CreatorTool", "exif:Software").casefold()
    said = object_in(texts.text("xmp:UserComment"))
    if said is None and named:
        said = texts.object("exif:UserComment")
    if said is not None and ("c" in said or "uc" in said):
        width, height = size_in(said.get("size"))
        words, unwanted = words_of(said.get("c")), words_of(said.get("uc"))
        if not words and not unwanted:
            raise UnreadableRecipe(TOOL, worded("it holds no prompt"))
        return FoundRecipe(
            tool=TOOL,
            words=words,
            negative=unwanted,
            seed=seed_of(said.get("seed")),
            width=width,
            height=height,
            steps=steps_of(said.get("steps")),
            guidance=real_of(said.get("scale")),
            sampler=name_of(said.get("sampler")),
            model=name_of(said.get("model")),
        )
    return _description(texts.text("xmp:description")) if named else None


def _description(text: str) -> FoundRecipe:
    """Words, a line that begins with a dash for what is not wanted, and settings."""
    block = block_in(text)
    if block is None or not block.words:
        raise UnreadableRecipe(TOOL, worded("it is damaged"))
    words, _, unwanted = block.words.partition("\n-")
    return found_in(SettingsBlock(words_of(words), words_of(unwanted) or block.negative, block.settings), TOOL)
