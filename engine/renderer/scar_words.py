"""Where a scar is said to be: the part of the face that its words name, and whose side of it.

Left and right are the sitter's own, as people say it of themselves; the keys of `skin_marks` name the picture's side,
which is the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from engine.renderer.studio_lexicon import Hit, hits

UNSAID: Final = "scar"
"""The entry of the table for words that say of a scar no more than that there is one."""
_USUAL: Final = "cheek left"
_SIDED: Final = {"cheek": "left", "brow": "right", "temple": "right", "jaw": "right"}
"""Which side of the picture a part that comes in twos is on, where nobody says."""
_BELOW: Final = frozenset({"under", "below", "beneath", "underneath"})
_PARTS: Final = frozenset({"and", "but", "with", "plus", "wearing"})
"""Words behind which something else is spoken of."""
_FAR: Final = 7
_NEAR: Final = 3
"""How many words lie between a scar and its place at most, when that is said later, and when earlier."""


def placed(found: Sequence[Hit], said: list[str]) -> list[Hit]:
    """The same hits, with each scar's key that of its place in the picture; one on both sides becomes two."""
    if not any(hit.table == "scars" for hit in found):
        return list(found)
    places = hits(said, ("scar_places",))
    return [one for hit in found for one in ((hit,) if hit.key != UNSAID else _where(hit, places, said))]


def _where(scar: Hit, places: Sequence[Hit], said: list[str]) -> Iterator[Hit]:
    place = _nearest(scar, places, said)
    if place is None:
        yield replace(scar, key=_USUAL)
        return
    start, end = min(scar.start, place.start), max(scar.end, place.end)
    part = "cheek" if _below_an_eye(scar, place, said) else place.key
    for side in _sides(said, scar, place) or [_SIDED.get(part, "")]:
        yield replace(scar, start=start, end=end, key=f"{part} {side}".strip())


def _nearest(scar: Hit, places: Sequence[Hit], said: list[str]) -> Hit | None:
    """The first place after the scar, "a scar on the chin", or else the last before it, "a chin scar"."""
    after = [place for place in places if 0 <= place.start - scar.end <= _FAR]
    if after and not _PARTS & set(said[scar.end : after[0].start]):
        return after[0]
    before = [place for place in places if 0 <= scar.start - place.end <= _NEAR]
    return before[-1] if before and not _PARTS & set(said[before[-1].end : scar.start]) else None


def _below_an_eye(scar: Hit, place: Hit, said: list[str]) -> bool:
    return place.phrase in ("eye", "eyes") and bool(_BELOW & set(said[scar.end : place.start]))


def _sides(said: list[str], scar: Hit, place: Hit) -> list[str]:
    """The picture's sides of the sitter's "left" and "right", in words next to the place."""
    begin = scar.end if place.start >= scar.end else max(0, place.start - 2)
    spoken = said[begin : place.end]
    later = said[place.end : place.end + 3]
    if later[:1] == ["on"] and {"left", "right"} & set(later):
        spoken = [*spoken, *later]
    if "both" in spoken:
        return ["left", "right"]
    return [other for own, other in (("left", "right"), ("right", "left")) if own in spoken][:1]
