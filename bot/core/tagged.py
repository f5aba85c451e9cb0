"""Fine-tunes that are named in the words, as `<lora:film:0.8>`: used where one of that name is installed."""

from dataclasses import replace

from bot.core.extras import Extras, LoraRequest
from engine.models.catalogue import Catalogue
from engine.models.lora_tags import meant


def with_tags(
    wanted: Extras, ignored: tuple[str, ...], catalogue: Catalogue, model: str | None
) -> tuple[Extras, tuple[str, ...]]:
    """The extras with the first fine-tune of this model that a tag names, and what is left to be told.

    A fine-tune that was chosen with an option wins. One goes into a picture: further tags are told.
    """
    if wanted.fine_tune is not None:
        return wanted, ignored
    offered = catalogue.fine_tunes_of(model or catalogue.default)
    for tag in ignored:
        tagged = meant(tag, offered)
        if tagged is not None:
            request = LoraRequest(name=tagged.fine_tune.name, strength=tagged.strength)
            left = tuple(one for one in ignored if one is not tag)
            return replace(wanted, fine_tune=request), left
    return wanted, ignored
