"""Labels that people put before a slot: "Lighting: Rembrandt", "**Outfit** - …". Splits a line at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.prompts.model import SLOTS

_PLAIN: Final = {
    "subject": "subject, who, person, sitter, character, main subject, the subject",
    "clothing": "clothing, clothes, outfit, wardrobe, attire, costume, styling, dress, wear, wearing",
    "environment": "environment, background, backdrop, setting, place, location, scene, surroundings, where",
    "lighting": "lighting, light, lights, illumination",
    "camera": "camera, camera settings, camera and lens, camera and film, photography, shot, framing, lens",
    "detail": "detail, details, surface detail, surface details, surface, skin details, texture",
    "negative": "negative, negative prompt, negatives, avoid, exclude, do not include, don't include",
    "text": "text, text in the picture, words in the picture, writing, lettering",
    "characters": "characters, handles",
    "aspect": "aspect, aspect ratio, ar, ratio, size, format",
    "seed": "seed",
    "free": "prompt, positive prompt, positive, description, portrait",
}
_TELLING: Final = {
    "subject": "age, gender, ethnicity, hair, eyes, expression, emotion, pose, action, face, build, profession, props",
    "clothing": "accessories, jewellery, jewelry, make-up, makeup, hat, glasses, shoes, headwear",
    "environment": "weather, season, props in the background",
    "lighting": "time of day, time, mood, light source, colour temperature, color temperature, atmosphere",
    "camera": "film, film stock, style, aperture, focal length, shutter, iso, angle, shot size, look, medium",
    "detail": "skin, skin texture, quality, imperfections, materials",
}
_SLOT_OF: Final = {
    alias.strip(): (slot, telling)
    for telling, table in ((False, _PLAIN), (True, _TELLING))
    for slot, aliases in table.items()
    for alias in aliases.split(",")
}
_SILENT: Final = frozenset({"film", "style", "time of day", "time", "quality", "look", "medium", "props", "mood"})
_NAMES: Final = "|".join(re.escape(alias).replace(r"\ ", r"[ _-]") for alias in sorted(_SLOT_OF, key=len, reverse=True))
_LABEL: Final = re.compile(
    r"(?:^[ *_#>•\-]*(?:\d{1,2}[.)] ?)?|(?<=[.;|,!?:*])[ *_#>•\-]*)[*_]*"
    rf"(?<![\w@])({_NAMES})[*_]* ?[:：](?!\S*//)\**",
    re.I,
)
_HEADING: Final = re.compile(rf"^(?:#+ ?|[*_]{{2}})({_NAMES})[*_#]* ?:?$", re.I)


_SENTENCE_END: Final = re.compile(r"[.!?]\s+(?=[^\W\d_a-z])")
_QUOTATION: Final = re.compile(r'"[^"]*"')


class Segment(NamedTuple):
    """A stretch of a line under one label; `slot` is "free" where there is none."""

    slot: str
    value: str
    label: str = ""


def segments(line: str) -> Iterator[Segment]:
    """Split a line, its spaces single, at its labels."""
    if ":" not in line and "：" not in line and line[0] not in "#*_":
        yield Segment("free", line)
        return
    heading = _HEADING.match(line)
    if heading:
        yield _segment(heading[1], "")
        return
    label, start, midst = "", 0, False
    quotations = [found.span() for found in _QUOTATION.finditer(line)] if '"' in line else []
    for found in _labels(line):
        if any(begin < found.start(1) < end for begin, end in quotations):
            continue
        before = line[start : found.start()]
        if label or before.strip():
            yield from _cut(_segment(label, before), midst)
            midst = midst or not label
        label, start = found[1], found.end()
    yield from _cut(_segment(label, line[start:]), midst)


def _cut(segment: Segment, midst: bool) -> list[Segment]:
    """In the midst of prose a label reaches to the end of its sentence: "A man. Location: a pier. Soft light."."""
    end = _SENTENCE_END.search(segment.value) if midst and segment.label and segment.slot in SLOTS else None
    if not end:
        return [segment]
    return [segment._replace(value=segment.value[: end.start()]), Segment("free", segment.value[end.end() :])]


def _labels(line: str) -> Iterator[re.Match[str]]:
    position = 0
    while line.find(":", position) >= 0 or line.find("：", position) >= 0:
        found = _LABEL.search(line, position)
        if not found:
            return
        yield found
        position = found.end()


def _segment(label: str, value: str) -> Segment:
    if not label:
        return Segment("free", value)
    alias = re.sub(r"[ _-]", " ", label.casefold())
    slot, telling = _SLOT_OF.get(alias) or _SLOT_OF[label.casefold()]
    spoken = alias in value.casefold() or alias in _SILENT
    if telling and not spoken and value.strip():
        value = f"{label.lower()} {value.strip()}"
    return Segment(slot, value, alias)
