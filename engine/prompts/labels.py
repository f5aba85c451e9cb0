"""Labels that people put before a slot: "Lighting: Rembrandt", "**Outfit** - …". Splits a line at them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts.lexicon import entries
from engine.prompts.portrait_prompt import SLOTS
from engine.prompts.units import units

_PLAIN: Final = {
    "subject": (
        "subject, who, person, sitter, character, main subject, the subject, main character, characters in "
        "scene, model, people, protagonist, figure, subject and pose, individual, woman, man"
    ),
    "clothing": (
        "clothing, clothes, outfit, wardrobe, attire, costume, styling, dress, wear, wearing, clothing and "
        "accessories, outfit and accessories, garments, apparel, garment, what they wear, what she wears, "
        "what he wears, outfit details, fashion"
    ),
    "environment": (
        "environment, background, backdrop, setting, place, location, scene, surroundings, where, location "
        "and background, set, world, background scene, scenery, set and location, background and setting, bg"
    ),
    "lighting": (
        "lighting, light, lights, illumination, lighting and mood, lighting and atmosphere, lighting setup, "
        "when, light and shadow, light and mood, light and atmosphere"
    ),
    "camera": (
        "camera, camera settings, camera and lens, camera and film, photography, shot, framing, lens, camera "
        "and style, camera angle, lens and camera, composition, how it was shot, camera specs, technical, "
        "optics, camera and composition, shot type, camera details, art style, artist, render, rendering, "
        "photo style, image type, photography style, style and camera"
    ),
    "detail": "detail, details, surface detail, surface details, surface, skin details, texture, textures",
    "negative": (
        "negative, negative prompt, negatives, avoid, exclude, do not include, don't include, unwanted, not "
        "wanted, do not, don't, without, negative prompts, things to avoid, must not, forbidden, must avoid, "
        "never, undesired, excluded, no"
    ),
    "text": "text, text in the picture, words in the picture, writing, lettering",
    "characters": "characters, handles",
    "aspect": "aspect, aspect ratio, ar, ratio, size, format, orientation, resolution, dimensions, image size",
    "seed": "seed",
    "free": "prompt, positive prompt, positive, description, portrait, image, picture, concept, idea",
}
_TELLING: Final = {
    "subject": (
        "age, gender, ethnicity, hair, eyes, expression, emotion, pose, action, face, build, profession, "
        "props, hairstyle, hair and makeup, facial expression, facial hair, facial features, body, body type, "
        "posture, gaze, gesture, physique, appearance, nationality, name, occupation, pose and expression, "
        "expression and pose, beard, smile, lips, nose"
    ),
    "clothing": (
        "accessories, jewellery, jewelry, make-up, makeup, hat, glasses, shoes, headwear, top, bottom, "
        "footwear, upper, lower, upper body clothing, jacket, coat, shirt, outerwear"
    ),
    "environment": "weather, season, props in the background, foreground, furniture",
    "lighting": (
        "time of day, time, mood, light source, colour temperature, color temperature, atmosphere, key light, "
        "fill light, rim light, back light, backlight, hair light, sun, shadows, ambient light, light "
        "direction, main light, time and light"
    ),
    "camera": (
        "film, film stock, style, aperture, f stop, f number, focal length, shutter, iso, angle, shot size, look, "
        "medium, color "
        "grading, colour grading, color grade, colour grade, grading, color palette, colour palette, colors, "
        "colours, vibe, aesthetic, depth of field, focus, shutter speed, perspective, post processing, genre, "
        "palette, camera body"
    ),
    "detail": "skin, skin texture, quality, imperfections, materials, complexion details",
}
_SLOT_OF: Final = {
    alias.strip(): (slot, telling)
    for telling, table in ((False, _PLAIN), (True, _TELLING))
    for slot, aliases in table.items()
    for alias in aliases.split(",")
}
_SILENT: Final = frozenset(
    entries(
        """
film, style, time of day, time, quality, look, medium, props, mood, pose, atmosphere, vibe, aesthetic, genre,
top, bottom, upper, lower, name, appearance, hair and makeup, season, weather, color grading, colour grading,
color grade, colour grade, grading, accessories, footwear, face, body, key light, main light, time and light,
sun, action, pose and expression, expression and pose, gesture
"""
    )
)
"""Labels that go without saying: their values stand without them."""
_SUFFIXES: Final = frozenset(
    {"description", "detail", "details", "setup", "settings", "design", "notes", "info", "style"}
)
_PREFIXES: Final = frozenset({"main", "overall", "general", "primary"})
_NOTES: Final = frozenset(
    {"strict", "important", "main", "optional", "required", "detailed", "key", "must", "critical", "exact", "fixed"}
)
"""Words in brackets behind a label that only say how much it matters: "Pose (strict)"."""
_MOST_WORDS: Final = 6
_LONGEST: Final = 70
"""How far before its colon a label and a note on it may begin."""
_COLON: Final = re.compile(" ?[-=]>| ?→|[:：]")
"""What ends a label."""
_OPENING: Final = re.compile(r"[ *_#>•\-]*+(?:\d{1,2}[.)] ?)?[*_]*+")
"""What may stand before a label at the beginning of a line: bullets, marks, a number."""
_LEADERS: Final = frozenset(" *_#>•-")
_BORDERS: Final = frozenset(".;|,!?:*])")
"""What may stand before a label, or before its leaders, in the midst of a line."""
_HEADING: Final = re.compile(r"^(?:#{1,6} ?|[*_]{2})([^\W\d_][\w &/'-]{0,40}?)[*_#]{0,6} ?:?[*_]{0,3}$")
_DASHED: Final = re.compile(
    r"^[ *_#>•\-]*+(?:\d{1,2}[.)] ?)?[*_]*+([^\W\d_][^\W_]*(?:[ &/]{1,3}[^\W\d_]+){0,3})[*_]* (?:[-–—=]+|[-=]>) (?=\S)"
)
"""A name before a spaced dash at the beginning of a line."""
_BRACKETED: Final = re.compile(
    r"[\[【]([^\W\d_][^\[\]【】:]{0,40})[\]】](?! ?[:：]) ?"
    r"|[\[【]([^\W\d_][^\[\]【】:]{0,40}): ?([^\[\]【】]{1,400})[\]】]"
)
"""A label in brackets, or with what it labels."""
_ROW: Final = re.compile(r"^\| ?([^|]{1,40}?) ?\| ?([^|]+?) ?\|?$")
_LABEL_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_NOTE: Final = re.compile(r" ?\(([^()]{1,40})\)\Z")
_SENTENCE_END: Final = re.compile(r"[.!?]\s+(?=[^\W\d_a-z])")
_QUOTATION: Final = re.compile(r'"[^"]*"')
_BULLET: Final = r"^[ *_#>•\-]*+(?:\d{1,2}[.)] ?)?[*_]*+"
_BEGUN: Final = re.compile(
    rf"{_BULLET}([^\W\d_][^\W_]*(?:[ /&'_-]{{1,3}}[^\W_]+){{0,4}})[*_]{{0,3}} ?(?:\([^()]{{1,30}}\))?[:：]"
)
_SUBJECT: Final = re.compile(
    r"(?:^|[.;|,\n\[*_#> -])(?:main )?(?:subject|character|who|person|sitter)s?\b[^:\n\]]{0,30}[:：\]]|^#+ ?subject",
    re.I | re.M,
)
_AND: Final = re.compile(r" ?[&/+] ?| (?:and|or) ")


class Segment(NamedTuple):
    """A stretch of a line under one label; `slot` is "free" where there is none."""

    slot: str
    value: str
    label: str = ""


def segments(line: str, *, introduced: bool = True) -> Iterator[Segment]:
    """Split a line, its spaces single, at its labels. `introduced`: the text has a label for the subject somewhere."""
    line = _plain(line)
    if ":" not in line and "：" not in line and ">" not in line and "→" not in line and line[0] not in "#*_":
        yield Segment("free", line)
        return
    heading = _HEADING.match(line)
    if heading and _meant(heading[1]):
        yield _segment(heading[1], "")
        return
    label, start, midst, note = "", 0, False, ""
    quotations = _Spans(found.span() for found in _QUOTATION.finditer(line)) if '"' in line else None
    for found in _labels(line):
        if quotations and quotations.hold(found.name):
            continue
        before = line[start : found.start]
        if label or before.strip():
            yield from _cut(_segment(label, before, note), midst, introduced)
            midst = midst or not label
        label, start, note = line[found.name : found.name_end], found.end, found.note
    yield from _cut(_segment(label, line[start:], note), midst, introduced)


def _plain(line: str) -> str:
    """The line with labels in brackets, before a dash or in a table as if they stood before colons."""
    if line[0] == "|" and (row := _ROW.match(line)) and _meant(row[1]):
        return f"{row[1]}: {row[2]}"
    if "[" in line or "【" in line:
        line = _BRACKETED.sub(_unbracketed, line).strip() or line
    if " -" in line or " –" in line or " —" in line or " =" in line:
        dashed = _DASHED.match(line)
        if dashed and _meant(dashed[1]):
            return f"{dashed[1]}: {line[dashed.end() :]}"
    return line


def _unbracketed(found: re.Match[str]) -> str:
    name, value = found[1] or found[2], found[3] or ""
    if not _meant(name):
        return found[0]
    before = found.string[: found.start()].rstrip()[-1:]
    return f"{'. ' if before and before not in '.;|,!?:' else ''}{name}: {value}"


def _cut(segment: Segment, midst: bool, introduced: bool) -> list[Segment]:
    """In the midst of prose a label reaches to the end of its sentence: "A man. Location: a pier. Soft light.".

    So it does where somebody comes next who has no label of their own: "Camera: 50mm. A baker in a shop."
    """
    end = _SENTENCE_END.search(segment.value) if segment.label and segment.slot in SLOTS else None
    if not end or not (midst or (not introduced and _introduces(segment, segment.value[end.end() :]))):
        return [segment]
    return [segment._replace(value=segment.value[: end.start()]), Segment("free", segment.value[end.end() :])]


def _introduces(segment: Segment, following: str) -> bool:
    """Whether a sentence begins with somebody: "A baker", "Three teenagers"."""
    found = units(following[:60])[:6]
    kinds = [unit.kind for unit in found]
    return segment.slot != "subject" and "person" in kinds and kinds[0] not in {"pronoun", "in", "at", "by", "with"}


_UNKNOWN: Final = re.compile(
    rf"{_BULLET}([^\W\d_][^\W_]*(?:[ /&'-]{{1,3}}[^\W_]+){{0,3}})[*_]{{0,3}} ?[:：] ?[*_]{{0,3}} ?(?=[^\s/])"
)
"""Any name before a colon at the beginning of a line."""


def unknown(line: str) -> tuple[str, str] | None:
    """What a line says under a label that is none here, as a labelled prompt has between the others: "Weapon: bow"."""
    found = _UNKNOWN.match(line)
    return (found[1], line[found.end() :]) if found and not _meant(found[1]) else None


def is_labelled(text: str) -> bool:
    """Whether two lines of a text or more begin with labels."""
    lines = text.split("\n") if text.count(":") > 1 else []
    begun = (_BEGUN.match(line) for line in lines)
    return sum(found is not None and _meant(found[1]) is not None for found in begun) > 1


def names_subject(text: str) -> bool:
    """Whether a text has a label for the subject at the beginning of a line, or behind a border."""
    ended = ":" in text or "]" in text or "：" in text or "#" in text
    return ended and _SUBJECT.search(text) is not None


class _Label(NamedTuple):
    """Where a label begins with what leads it, where its name stands, where what it labels begins, a note on it."""

    start: int
    name: int
    name_end: int
    end: int
    note: str = ""


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
        name, name_end, note = found
        start = 0 if not done and name == opened else _start(line, done, name)
        if start is None:
            continue
        done = _past(line, colon.end(), "*")
        yield _Label(start, name, name_end, done, note)


def _named(line: str, after: int, colon: int) -> tuple[int, int, str] | None:
    """Where the name of a label before this colon stands, marks and a space between them left out, and its note."""
    end = colon - (colon > after and line[colon - 1] == " ")
    while end > after and line[end - 1] in "*_":
        end -= 1
    begin = max(after, end - _LONGEST)
    window, note = line[begin:end], ""
    if window.endswith(")") and (found := _NOTE.search(window)):
        note, window = found[1], window[: found.start()].rstrip("*_ ")
    words = list(_LABEL_WORD.finditer(window))[-_MOST_WORDS:]
    if not words or words[-1].end() != len(window):
        return None
    for word in words:
        before = line[begin + word.start() - 1] if begin + word.start() else " "
        if before not in "@'’" and _meant(window[word.start() :]):
            return begin + word.start(), begin + len(window), note
    return None


def _start(line: str, done: int, name: int) -> int | None:
    """Where a label in the midst of a line begins, after `done`; None when no border is before it."""
    start = name
    while start > done and line[start - 1] in _LEADERS:
        start -= 1
    if start == 0 or line[start - 1] in _BORDERS:
        return start
    mark = line.find("*", start, name)
    if mark < 0 and done and line[name].isupper() and line[name - 1] == " ":
        return start
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


def slot_of(name: str) -> str:
    """The slot, or setting, that a name in lower case and with single spaces is a label of; "" when it is none."""
    return _SLOT_OF.get(name, ("", False))[0]


def is_plain(name: str) -> bool:
    """Whether a label says nothing but its slot, as "outfit" does and "hat" does not."""
    return name in _SLOT_OF and not _SLOT_OF[name][1]


def _spaced(label: str) -> str:
    """A label in lower case, hyphens and underscores as spaces, "&" and "/" as "and"."""
    return _AND.sub(" and ", label.casefold().replace("_", " ").replace("-", " ")).strip()


@lru_cache(maxsize=2048)
def _meant(label: str) -> tuple[str, bool] | None:
    """The slot of a label and whether it tells more than that; None for what is no label.

    "Outfit details" is the outfit; of "Camera & lens" both parts say where it goes, and where they differ the words do.
    """
    name = _spaced(label)
    known = _SLOT_OF.get(name) or _SLOT_OF.get(label.casefold())
    if known:
        return known
    words = name.split()
    if len(words) > 1 and words[-1] in _SUFFIXES and (found := _meant(" ".join(words[:-1]))):
        return found
    if len(words) > 1 and words[0] in _PREFIXES and (found := _meant(" ".join(words[1:]))):
        return found
    if len(words) == 2 and label[:1].isupper() and is_plain(words[1]):
        return _SLOT_OF[words[1]]
    first, both, second = name.partition(" and ")
    if not both or not (one := _meant(first)) or not (other := _meant(second)):
        return None
    return (one[0], False) if one[0] == other[0] else ("free", False)


def english_slot(label: str) -> str:
    """The slot that an English label names, "" for none."""
    return (_meant(label) or ("", False))[0]


def _segment(label: str, value: str, note: str = "") -> Segment:
    if not label:
        return Segment("free", value)
    alias = _spaced(label)
    slot, telling = _meant(label) or ("free", False)
    spoken = alias in value.casefold() or alias in _SILENT or " and " in alias
    if telling and not spoken and value.strip():
        value = f"{label.lower()} {value.strip()}"
    if note and note.casefold().split()[0] not in _NOTES and value.strip():
        value = f"{value.rstrip(' ,;')}, {note}"
    return Segment(slot, value, alias)
