"""What is said of a picture: its parameters in many wordings, in the six-slot order and out of it.

Pure. A caption says only what is true of the scene; it may leave out slots, so that a prompt may too.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.builtin import vocabulary as words
from engine.builtin.scenes import Scene

SLOTS = ("subject", "clothing", "environment", "lighting", "camera", "detail")
"""The order in which a structured prompt is said."""


def caption(scene: Scene, rng: random.Random, plain: bool = False, anonymous: bool = False) -> str:
    """A caption of this scene; `plain` gives every slot, in order, in its plainest words.

    `anonymous` leaves out what a reference picture shows: age, skin and eyes, and mostly whether man or woman.
    """
    parts = {slot: _WRITERS[slot](scene, _Pen(rng, plain)) for slot in SLOTS}
    if anonymous:
        parts["subject"] = _anonymous(scene, _Pen(rng, plain))
    order = list(SLOTS)
    if not plain:
        if rng.random() < 0.25:
            rng.shuffle(order)
        keep = 1.0 if rng.random() < 0.5 else rng.uniform(0.4, 0.95)
        order = [slot for slot in order if rng.random() < keep] or ["subject"]
    return ", ".join(parts[slot] for slot in order if parts[slot])


class _Pen:
    """Chooses wordings: the plainest ones, or any."""

    def __init__(self, rng: random.Random, plain: bool) -> None:
        self._rng, self._plain = rng, plain

    def term(self, slot: dict[str, words.Term], key: str) -> str:
        """One of a term's wordings, the plainest one most often."""
        term = slot[key]
        if self._plain or self._rng.random() < 0.5:
            return term.plain
        return self._rng.choice(term.words)

    def one(self, *choices: str) -> str:
        """One of these, the first when plain."""
        return choices[0] if self._plain else self._rng.choice(choices)

    def says(self, chance: float) -> bool:
        """Whether a part that may be left out is said."""
        return self._plain or self._rng.random() < chance


def _subject(scene: Scene, pen: _Pen) -> str:
    who = scene.person
    sex, age = pen.term(words.SEXES, who.sex), pen.term(words.AGES, who.age)
    said = [f"{_article(age)} {age} {sex}" if not age.startswith("in ") else f"a {sex} {age}"]
    if not pen.says(0.85):
        said = [f"a {sex}"]
    traits = [_hair(scene, pen)] if pen.says(0.9) else []
    if pen.says(0.75):
        traits.append(f"{pen.term(words.SKIN_TONES, who.skin)} {pen.one('skin', 'skin', 'complexion')}")
    if pen.says(0.35):
        traits.append(f"{pen.term(words.EYE_COLOURS, who.eyes)} eyes")
    if scene.facial_hair != "none" or (who.sex == "man" and pen.says(0.15)):
        traits.append(pen.term(words.FACIAL_HAIR, scene.facial_hair))
    if scene.glasses != "none" and pen.says(0.95):
        traits.append(pen.term(words.GLASSES, scene.glasses))
    if not traits:
        return said[0]
    return f"{said[0]} {pen.one('with', 'with', ',')} {', '.join(traits)}".replace(" ,", ",")


def _anonymous(scene: Scene, pen: _Pen) -> str:
    traits = [_hair(scene, pen)] if pen.says(0.9) else []
    if scene.facial_hair != "none":
        traits.append(pen.term(words.FACIAL_HAIR, scene.facial_hair))
    if scene.glasses != "none" and pen.says(0.95):
        traits.append(pen.term(words.GLASSES, scene.glasses))
    who = "" if pen.one("", "named") == "" else f"a {pen.term(words.SEXES, scene.person.sex)}"
    return " with ".join(part for part in (who, ", ".join(traits)) if part)


def _hair(scene: Scene, pen: _Pen) -> str:
    style = pen.term(words.HAIR_STYLES, scene.hair_style)
    if scene.hair_style == "bald":
        return style if style != "bald" else pen.one("bald head", "bald")
    colour = pen.term(words.HAIR_COLOURS, scene.hair_colour)
    if style in ("bob", "bun", "updo", "buzz cut", "curls"):
        return pen.one(f"{colour} {style}", f"{colour} hair, {style}", f"{colour} hair in a {style}")
    return pen.one(f"{style} {colour} hair", f"{colour} hair, {style}", f"{style} {colour} hair")


def _clothing(scene: Scene, pen: _Pen) -> str:
    colour = pen.term(words.CLOTHES_COLOURS, scene.clothes_colour)
    piece = pen.term(words.CLOTHES, scene.clothes)
    if not pen.says(0.8):
        return f"{pen.one('wearing', 'dressed in')} {colour}"
    return pen.one(
        f"{colour} {piece}", f"wearing {_article(colour)} {colour} {piece}", f"in {_article(colour)} {colour} {piece}"
    )


def _environment(scene: Scene, pen: _Pen) -> str:
    place = pen.term(words.PLACES, scene.place)
    if place.startswith(("by ", "among ")):
        return place
    return pen.one(place, f"in front of {_article(place)} {place}", f"{place} background", f"{place} behind")


def _lighting(scene: Scene, pen: _Pen) -> str:
    adjectives = []
    if pen.says(0.7):
        adjectives.append(pen.term(words.LIGHT_HARDNESS, scene.light_hardness))
    if scene.light_colour != "neutral" and pen.says(0.9):
        adjectives.append(pen.term(words.LIGHT_COLOURS, scene.light_colour))
    if scene.light_height != "level" and pen.says(0.7):
        height = pen.term(words.LIGHT_HEIGHTS, scene.light_height)
    else:
        height = ""
    side = pen.term(words.LIGHT_SIDES, scene.light_side) if pen.says(0.9) else ""
    if side.endswith("light"):
        return ", ".join(part for part in (f"{' '.join(adjectives)} {side}".strip(), height) if part)
    lead = " ".join([*adjectives, pen.one("light", "light", "lighting"), side]).strip()
    return ", ".join(part for part in (lead, f"{height} light" if height in ("high", "low") else height) if part)


def _camera(scene: Scene, pen: _Pen) -> str:
    said = []
    if pen.says(0.9):
        said.append(pen.term(words.FRAMINGS, scene.framing))
    if pen.says(0.6):
        said.append(pen.term(words.FOCAL_LENGTHS, scene.focal_length))
    if pen.says(0.5):
        said.append(pen.term(words.APERTURES, scene.aperture))
    return ", ".join(said)


def _detail(scene: Scene, pen: _Pen) -> str:
    if scene.expression == "neutral" and not pen.says(0.6):
        return ""
    return pen.term(words.EXPRESSIONS, scene.expression)


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


_WRITERS: dict[str, Callable[[Scene, _Pen], str]] = {
    "subject": _subject,
    "clothing": _clothing,
    "environment": _environment,
    "lighting": _lighting,
    "camera": _camera,
    "detail": _detail,
}
