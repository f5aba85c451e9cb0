"""How well the review's measures tell good portraits from spoiled ones: `python -m tools.review_validation`.

It takes the pictures that `python -m engine.renderer.evaluate` keeps, spoils copies of them in known ways, and reviews
all of them. Measures were built on odd numbers (`--build` shows those) and are validated with even ones. With `--write`
the table goes into docs/review.md, and what each part is worth into engine/review/known_answers.toml. What was read of
each picture is kept, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from engine.prompt import parse
from engine.renderer.evaluation.cases import Truth, cases
from engine.review.asked_words import CLOTH_WORDS, HAIR_WORDS, AskedFor, asked
from engine.review.face_frame import Picture
from engine.review.judged_parts import ReviewPart
from engine.review.measuring import every_part
from engine.review.sight import Sight, seen
from tools import review_damage as damage
from tools import review_report as report
from tools.review_portraits import near_portraits, pair_of

KEPT: Final = Path("var/evaluation/standard")
READINGS: Final = Path("var/review_readings")
NEAR: Final = 1000
"""Near portraits have their number and this."""
_OLD: Final = re.compile(r"grand(?:mother|father)|elderly|old (?:wo)?man|retired|\b(?:of|,) [678]\d\b")


@dataclass(frozen=True, slots=True)
class KnownPortrait:
    """A picture with a face, what was asked for, and what is known to be true of it."""

    number: int
    sight: Sight
    asked: AskedFor
    truth: Truth
    other: Picture
    """Another portrait."""
    prompt: str


Made = tuple[Sight, AskedFor] | None


@dataclass(frozen=True, slots=True)
class SpoiledKind:
    """A way to spoil a portrait: what it is called, which parts must fall, which measures have them."""

    name: str
    parts: tuple[str, ...]
    measures: tuple[str, ...]
    make: Callable[[KnownPortrait], Made]


def _same_place(known: KnownPortrait, picture: Picture) -> Made:
    """A copy in which nothing has moved: the faces are where they were."""
    return Sight(picture, known.sight.faces), replace(known.asked, text="")


def _looked_at_again(known: KnownPortrait, picture: Picture) -> Made:
    return seen(picture), known.asked


def _blurred(known: KnownPortrait) -> Made:
    return _same_place(known, damage.blurred(known.sight.picture, _unit(known)))


def _plastic(known: KnownPortrait, grain: bool = False) -> Made:
    assert known.sight.frame is not None  # noqa: S101  # only pictures with a face are spoiled
    picture = damage.plastic(known.sight.frame)
    return _same_place(known, damage.grainy(picture, known.number) if grain else picture)


def _evenly_coloured(known: KnownPortrait) -> Made:
    if known.sight.frame is None or known.truth.colourless:
        return None
    return _same_place(known, damage.evenly_coloured(known.sight.frame))


def _mirrored(known: KnownPortrait) -> Made:
    if known.asked.side not in ("left", "right") or not known.sight.faces:
        return None
    face = known.sight.faces[0]
    points = tuple((1 - x, y) for x, y in face.points)
    return Sight(damage.mirrored(known.sight.picture), (replace(face, points=points),)), known.asked


def _two_lights(known: KnownPortrait) -> Made:
    if known.asked.side not in ("left", "right") or known.sight.frame is None:
        return None
    return _same_place(known, damage.two_lights(known.sight.frame))


def _mismatched(known: KnownPortrait) -> Made:
    """A catchlight in the middle stays where it is: some of these are no worse than they were."""
    mesh = known.sight.mesh
    if mesh is None:
        return None
    return _same_place(known, damage.mismatched(known.sight.picture, mesh.eyes[known.number // 2 % 2]))


def _cross_eyed(known: KnownPortrait) -> Made:
    mesh = known.sight.mesh
    return None if mesh is None else _same_place(known, damage.cross_eyed(known.sight.picture, mesh.eyes))


def _lopsided(known: KnownPortrait) -> Made:
    mesh, frame = known.sight.mesh, known.sight.frame
    if mesh is None or frame is None:
        return None
    return _same_place(known, damage.lopsided(frame, mesh.eyes[known.number // 2 % 2]))


def _two_faces(known: KnownPortrait) -> Made:
    return _looked_at_again(known, damage.two_faces(known.sight.picture, known.other))


def _other_clothes(known: KnownPortrait) -> Made:
    return _other_colour(known, "clothes", sorted(set(CLOTH_WORDS.values())), known.truth.clothes, _CLOTH_NEIGHBOURS)


def _other_hair(known: KnownPortrait) -> Made:
    return _other_colour(known, "hair", sorted(set(HAIR_WORDS.values())), known.truth.hair, _HAIR_NEIGHBOURS)


def _other_colour(known: KnownPortrait, slot: str, names: Sequence[str], own: str, near: Mapping[str, str]) -> Made:
    """Asked for in a colour that nobody would call by this one's name."""
    if not own or known.truth.colourless:
        return None
    wrong = [name for name in names if name != own and name not in near.get(own, "") and own not in near.get(name, "")]
    words: dict[str, Any] = {slot: wrong[known.number // 2 % len(wrong)]}
    return known.sight, replace(known.asked, text="", **words)


_CLOTH_NEIGHBOURS: Final = {
    "red": "orange pink brown", "orange": "brown yellow beige", "yellow": "beige", "green": "teal", "teal": "blue grey",
    "blue": "purple grey black", "purple": "pink", "pink": "beige", "brown": "black beige grey", "beige": "white grey",
    "white": "grey", "grey": "black",
}  # fmt: skip
_HAIR_NEIGHBOURS: Final = {
    "black": "dark brown grey", "dark brown": "brown red", "brown": "red dark brown blonde grey", "red": "blonde",
    "grey": "white blonde", "white": "blonde",
}  # fmt: skip


def _other_words(known: KnownPortrait) -> Made:
    if not known.asked.text or known.asked.text != known.truth.text:
        return None
    words = [word for word in ("HELLO", "MARKET", "OPEN 24", "JAZZ", "BERLIN") if word != known.truth.text]
    return known.sight, replace(known.asked, text=words[known.number // 2 % len(words)])


def _other_place(known: KnownPortrait) -> Made:
    wrong = {"light": "dark", "dark": "light"}.get(known.asked.place)
    return None if wrong is None else (known.sight, replace(known.asked, text="", place=wrong))


def _other_warmth(known: KnownPortrait) -> Made:
    wrong = {"warm": "cold", "cold": "warm"}.get(known.asked.warmth)
    return (
        None if wrong is None or known.truth.colourless else (known.sight, replace(known.asked, text="", warmth=wrong))
    )


def _other_framing(known: KnownPortrait) -> Made:
    names = ("extreme close-up", "close-up", "head and shoulders", "bust", "half length", "three-quarter")
    if known.asked.framing not in names:
        return None
    at = names.index(known.asked.framing)
    wrong = names[at - 2 if at >= 2 else at + 2]
    return known.sight, replace(known.asked, text="", framing=wrong)


def _asked_frontal(known: KnownPortrait) -> Made:
    return (known.sight, replace(known.asked, side="front")) if known.truth.side in ("left", "right") else None


SPOILED: Final = (
    SpoiledKind("blur", ("eye sharpness", "skin texture"), ("eyes", "skin"), _blurred),
    SpoiledKind("plastic skin", ("skin texture",), ("skin",), _plastic),
    SpoiledKind("plastic skin with grain", ("skin texture",), ("skin",), partial(_plastic, grain=True)),
    SpoiledKind("skin of one even colour", ("pigmentation",), ("skin",), _evenly_coloured),
    SpoiledKind("wrong light side", ("light side", "catchlight side"), ("light", "eyes"), _mirrored),
    SpoiledKind("frontal light asked, a side lit", ("frontal light",), ("light",), _asked_frontal),
    SpoiledKind("two lights", ("one light",), ("light",), _two_lights),
    SpoiledKind("wrong light colour", ("warmth",), ("light",), _other_warmth),
    SpoiledKind("mismatched catchlights", ("catchlights",), ("eyes",), _mismatched),
    SpoiledKind("cross-eyes", ("gaze",), ("eyes",), _cross_eyed),
    SpoiledKind("one eye lower", ("level eyes",), ("anatomy",), _lopsided),
    SpoiledKind("two faces", ("face count",), ("anatomy",), _two_faces),
    SpoiledKind("wrong clothes colour", ("clothes colour",), ("asked for",), _other_clothes),
    SpoiledKind("wrong hair colour", ("hair colour",), ("asked for",), _other_hair),
    SpoiledKind("wrong text", ("text",), ("asked for",), _other_words),
    SpoiledKind("place light for dark", ("place",), ("asked for",), _other_place),
    SpoiledKind("wrong framing", ("framing",), ("asked for",), _other_framing),
)
ANOTHER: Final = SpoiledKind("another person", ("likeness",), (), lambda known: None)
"""Read of other pictures: see `people_read`."""
CHANGED: Final = (
    SpoiledKind("half size", (), (), lambda known: _same_place(known, damage.resized(known.sight.picture, 0.5))),
    SpoiledKind(
        "1.6 times the size", (), (), lambda known: _same_place(known, damage.resized(known.sight.picture, 1.6))
    ),
    SpoiledKind("JPEG 75", (), (), lambda known: _same_place(known, damage.as_jpeg(known.sight.picture, 75))),
    SpoiledKind("grain", (), (), lambda known: _same_place(known, damage.grainy(known.sight.picture, known.number))),
)
"""What measures should not mind."""


def _unit(known: KnownPortrait) -> float:
    return known.sight.frame.unit if known.sight.frame is not None else 1.0


def portraits(given: argparse.Namespace) -> Iterator[KnownPortrait]:
    """Those of the numbers that were asked for and have a picture; near ones have numbers from 1001 on."""
    folders = given.pictures or [KEPT]
    near = () if given.near is None else near_portraits(200)
    rows = [(NEAR + each.number, f"{each.shot.name}.png", each.prompt, each.truth, [given.near]) for each in near]
    rows += [(case.number, f"{case.number:03}.png", case.prompt, case.truth, folders) for case in cases()]
    there = [
        (number, file, prompt, truth)
        for number, name, prompt, truth, where in rows
        if number % 2 == given.build
        and (file := next((each / name for each in where if (each / name).is_file()), None))
    ]
    part, of = (int(each) for each in given.part.split("/"))
    for at, (number, file, prompt, truth) in enumerate(there):
        if number // 2 % of == part and not (given.readings / f"{number:04}.json").exists():
            other = _opened(there[at - 1][1])
            yield KnownPortrait(number, seen(_opened(file)), asked(parse(prompt)), truth, other, prompt)


def _opened(file: Path) -> Picture:
    with Image.open(file) as opened:
        return np.asarray(opened.convert("RGB"))


def read_all(known: KnownPortrait) -> dict[str, Any]:
    """What is read of a portrait, of its spoiled copies, and of the changed ones: by kind, by part, the values."""
    found: dict[str, Any] = {"good": _values(every_part(known.sight, known.asked))}
    if known.sight.frame is None:
        return found
    for kind in (*SPOILED, *CHANGED):
        made = kind.make(known)
        if made is not None:
            found[kind.name] = _values(
                every_part(*made, only=kind.measures or ("skin", "light", "eyes", "asked for", "anatomy"))
            )
    return found


def _values(parts: Mapping[str, Sequence[ReviewPart]]) -> dict[str, float]:
    return {
        part.name: float(part.read.get("value", part.score))
        for each in parts.values()
        for part in each
        if part.score is not None
    }


def people_read(folder: Path) -> list[dict[str, Any]]:
    """Likeness of people who were asked back, to their own saved picture and to the next person's, of even numbers."""
    saved = {file.stem.split("-")[1]: _embedding(file) for file in sorted(folder.glob("saved-*.png"))}
    rows = []
    for file in sorted(folder.glob("again-*.png")):
        who, at = file.stem.split("-")[1:]
        own, other = saved.get(who), saved.get(str((int(who) + 1) % max(1, len(saved))))
        if int(at) % 2 == 0 and own and other:
            sight = seen(_opened(file))
            good, bad = (_values(every_part(sight, AskedFor(), [[each]], ["same face"])) for each in (own, other))
            rows.append(
                {"truth": {"skin": "", "glasses": False, "age": ""}, "read": {"good": good, "another person": bad}}
            )
    return rows


def _embedding(file: Path) -> bytes:
    faces = seen(_opened(file)).faces
    return faces[0].embedding if faces else b""


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads what is not read yet, and prints the table; returns the exit status."""
    given = _parser().parse_args(arguments)
    if not given.table:
        _read_pictures(given)
        return 0
    rows = [row for file in sorted(given.readings.glob("*.json")) for row in _rows(file)]
    known = report.areas(rows, [(kind.name, kind.parts) for kind in (*SPOILED, ANOTHER)])
    told = report.table(rows, known, [kind.name for kind in CHANGED])
    print(told)
    if given.write:
        report.write(told, known)
    return 0


def _rows(file: Path) -> list[report.Row]:
    """One portrait, or the people, as they were read."""
    found = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(found, list):
        return found
    number = int(file.stem)
    return [{**found, "pair": pair_of(number - NEAR) if number > NEAR else None}]


def _read_pictures(given: argparse.Namespace) -> None:
    given.readings.mkdir(parents=True, exist_ok=True)
    people = given.readings / "people.json"
    if given.people is not None and not people.exists():
        people.write_text(json.dumps(people_read(given.people)), encoding="utf-8")
    for known in portraits(given):
        target = given.readings / f"{known.number:04}.json"
        target.write_text(json.dumps({"truth": _facts(known), "read": read_all(known)}), encoding="utf-8")


def _facts(known: KnownPortrait) -> dict[str, Any]:
    old = "old" if _OLD.search(known.prompt) else ""
    return {"skin": known.truth.skin, "glasses": known.truth.glasses, "age": old, "unit": round(_unit(known), 1)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.review_validation", description=__doc__)
    parser.add_argument(
        "--pictures", type=Path, action="append", help=f"folders of NNN.png, the first with it counts ({KEPT})"
    )
    parser.add_argument("--near", type=Path, help="a folder of near portraits (tools.review_portraits)")
    parser.add_argument("--people", type=Path, help="a folder with the people that the evaluation saves and asks back")
    parser.add_argument("--readings", type=Path, default=READINGS, help=f"where readings are kept ({READINGS})")
    parser.add_argument("--build", action="store_true", help="the odd numbers, which measures are built on")
    parser.add_argument("--part", default="0/1", help="one part of so many, to read in several processes")
    parser.add_argument("--table", action="store_true", help="read nothing more, only print the table")
    parser.add_argument("--write", action="store_true", help="into docs/review.md and known_answers.toml")
    return parser


if __name__ == "__main__":
    sys.exit(main())
