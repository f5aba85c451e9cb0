"""Labels that people put before a slot: "Lighting: Rembrandt", "**Outfit** - …". Splits a line at them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
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
_NAME_AT_END: Final = re.compile(rf"(?<![\w@])(?:{_NAMES})\Z", re.I)
_LONGEST: Final = max(map(len, _SLOT_OF))
_COLON: Final = re.compile("[:：]")
_OPENING: Final = re.compile(r"[ *_#>•\-]*+(?:\d{1,2}[.)] ?)?[*_]*+")
"""What may stand before a label at the beginning of a line: bullets, marks, a number."""
_LEADERS: Final = frozenset(" *_#>•-")
_BORDERS: Final = frozenset(".;|,!?:*")
"""What may stand before a label, or before its leaders, in the midst of a line."""
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
    if heading and _meant(heading[1]):
        yield _segment(heading[1], "")
        return
    label, start, midst = "", 0, False
    quotations = _Spans(found.span() for found in _QUOTATION.finditer(line)) if '"' in line else None
    for found in _labels(line):
        if quotations and quotations.hold(found.name):
            continue
        before = line[start : found.start]
        if label or before.strip():
            yield from _cut(_segment(label, before), midst)
            midst = midst or not label
        label, start = line[found.name : found.name_end], found.end
    yield from _cut(_segment(label, line[start:]), midst)


def _cut(segment: Segment, midst: bool) -> list[Segment]:
    """In the midst of prose a label reaches to the end of its sentence: "A man. Location: a pier. Soft light."."""
    end = _SENTENCE_END.search(segment.value) if midst and segment.label and segment.slot in SLOTS else None
    if not end:
        return [segment]
    return [segment._replace(value=segment.value[: end.start()]), Segment("free", segment.value[end.end() :])]


class _Label(NamedTuple):
    """Where a label begins with what leads it, where its name stands, and where what it labels begins."""

    start: int
    name: int
    name_end: int
    end: int


class _Spans:
    """Stretches of a line, in order and apart, that are asked many times whether they hold a place."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = list(spans)
        self._begins = [begin for begin, _ in ordered]
        self._ends = [end for _, end in ordered]

    def hold(self, place: int) -> bool:
        """Whether the place is within one of them, neither its begin nor its end."""
        at = bisect_left(self._begins, place) - 1
        return at >= 0 and place < self._ends[at]


def _labels(line: str) -> Iterator[_Label]:
    """Every label, found from its colon: no character of the line is looked at more often than a few times."""
    addresses = _Spans(_addresses(line)) if "//" in line else None
    opening = _OPENING.match(line)
    done, last_colon, opened = 0, 0, opening.end() if opening else 0
    for colon in _COLON.finditer(line):
        at = colon.start()
        found = _named(line, max(done, last_colon), at)
        last_colon = at
        if found is None or (addresses and addresses.hold(at)):
            continue
        name, name_end = found
        start = 0 if not done and name == opened else _start(line, done, name)
        if start is None:
            continue
        done = _past(line, at + 1, "*")
        yield _Label(start, name, name_end, done)


def _named(line: str, after: int, colon: int) -> tuple[int, int] | None:
    """Where the name of a label before this colon stands, marks and a space between them left out."""
    end = colon - (colon > after and line[colon - 1] == " ")
    while end > after and line[end - 1] in "*_":
        end -= 1
    found = _NAME_AT_END.search(line, max(after, end - _LONGEST), end) if end > after else None
    return (found.start(), end) if found and _meant(found[0]) else None


def _start(line: str, done: int, name: int) -> int | None:
    """Where a label in the midst of a line begins, after `done`; None when no border is before it."""
    start = name
    while start > done and line[start - 1] in _LEADERS:
        start -= 1
    if start == 0 or line[start - 1] in _BORDERS:
        return start
    mark = line.find("*", start, name)
    return mark + 1 if mark >= 0 else None


def _past(line: str, place: int, mark: str) -> int:
    while line[place : place + 1] == mark:
        place += 1
    return place


def _addresses(line: str) -> Iterator[tuple[int, int]]:
    """From before each word that holds "//" to the last of them: a colon there is of an address, as in "http://"."""
    at = 0
    for word in line.split(" "):
        slashes = word.rfind("//")
        if slashes >= 0:
            yield at - 1, at + slashes
        at += len(word) + 1


def _spaced(label: str) -> str:
    return label.casefold().replace("_", " ").replace("-", " ")


def _meant(label: str) -> tuple[str, bool] | None:
    """The slot of a label and whether it tells more than that; None for one in letters that only look like it."""
    return _SLOT_OF.get(_spaced(label)) or _SLOT_OF.get(label.casefold())


def english_slot(label: str) -> str:
    """The slot that an English label names, "" for none."""
    return (_meant(label) or ("", False))[0]


def _segment(label: str, value: str) -> Segment:
    if not label:
        return Segment("free", value)
    alias = _spaced(label)
    slot, telling = _meant(label) or ("free", False)
    spoken = alias in value.casefold() or alias in _SILENT
    if telling and not spoken and value.strip():
        value = f"{label.lower()} {value.strip()}"
    return Segment(slot, value, alias)
