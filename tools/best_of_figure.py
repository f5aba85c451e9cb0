"""Best of four by review against a random one of the four, judged by a rule that knows what is wrong with each.

For every held-out prompt (even numbers) there are four portraits: of four seeds, made here and kept, or with
`--pictures` four copies of one that is there. Each gets faults drawn by chance, at half or at full size: none in 35 of
100, one in 45, two in 20. The rule is blind to the review: of two portraits it prefers the one whose faults have the
smaller sum of sizes, and neither where the sums are equal. Which portrait is the random one is drawn, too; it may be
the best one itself. Reviews are kept by prompt, so that a stopped run goes on: the same command.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
from PIL import Image

from engine.prompt import PortraitPrompt, parse
from engine.renderer.evaluation.cases import Case, cases
from engine.renderer.evaluation.making import Shot, made
from engine.review.asked_words import AskedFor, asked
from engine.review.colour_asked import face_share
from engine.review.face_frame import FRAMINGS, FaceFrame, Picture
from engine.review.judged_parts import PortraitReview, as_data, from_data
from engine.review.measuring import LEAST_UNIT_PX, measured
from engine.review.mesh_points import MeshFound
from engine.review.ranking import overall
from engine.review.sight import Sight, seen
from tools import review_damage as damage

FOLDER: Final = Path("var/best_of")
SEVERAL: Final = 4
_NEXT_SEED: Final = 1000
_DRAWN: Final = 7_700
_NUMBERS: Final = (0.35, 0.45, 0.20)
"""How often a portrait has none, one and two faults."""
_SIZES: Final = (0.5, 1.0)
_AGAIN: Final = 4000
"""How often prompts are drawn anew for the interval of the mean."""
_NEAREST: Final = 4.0
"""So many times as large a face may be made."""
_NO_HUE: Final = frozenset({"", "black", "white", "grey", "beige", "brown"})


@dataclass(frozen=True, slots=True)
class Sitting:
    """A portrait that is to be spoiled: its face, the points of it, and what was asked for."""

    sight: Sight
    frame: FaceFrame
    asked: AskedFor
    other: Picture
    """A portrait of somebody else."""

    @property
    def mesh(self) -> MeshFound | None:
        """The points of the face."""
        return self.sight.mesh


Spoil = Callable[[Picture, Sitting, float, int], Picture | None]
"""A picture with a fault of a size; None where such a picture cannot have it. The number says which eye."""
Move = Callable[[Picture, Sitting, float], Sight]
"""The same of a fault after which the face is elsewhere."""


def _framed(picture: Picture, sitting: Sitting) -> FaceFrame:
    own = sitting.frame
    return FaceFrame.placed(picture, own.middle, own.across, own.down, own.unit, own.aside)


def _blended(size: float, spoiled: Picture, picture: Picture) -> Picture:
    return np.asarray(size * spoiled.astype(float) + (1 - size) * picture + 0.5).astype(np.uint8)


def _blur(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture:
    return damage.blurred(picture, size * sitting.frame.unit)


def _plastic(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture:
    return _blended(size, damage.plastic(_framed(picture, sitting)), picture)


def _even_colour(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture:
    return _blended(size, damage.evenly_coloured(_framed(picture, sitting)), picture)


def _two_lights(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture | None:
    """Half of it would be two faces in one."""
    return (
        damage.two_lights(_framed(picture, sitting)) if size == 1 and sitting.asked.side in ("left", "right") else None
    )


def _cross_eyes(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture | None:
    return None if sitting.mesh is None else damage.cross_eyed(picture, sitting.mesh.eyes, 0.2 * size)


def _one_eye_lower(picture: Picture, sitting: Sitting, size: float, which: int) -> Picture | None:
    if sitting.mesh is None:
        return None
    return damage.lopsided(_framed(picture, sitting), sitting.mesh.eyes[which % 2], 0.16 * size)


def _catchlights(picture: Picture, sitting: Sitting, size: float, which: int) -> Picture | None:
    """A catchlight in the middle would stay where it is: only where light comes from a side."""
    if size < 1 or sitting.mesh is None or sitting.asked.side not in ("left", "right"):
        return None
    return damage.mismatched(picture, sitting.mesh.eyes[which % 2])


def _clothes(picture: Picture, sitting: Sitting, size: float, _: int) -> Picture | None:
    if size < 1 or sitting.asked.clothes in _NO_HUE:
        return None
    return damage.other_clothes(_framed(picture, sitting))


def _light_side(picture: Picture, sitting: Sitting, _: float) -> Sight:
    return _elsewhere(damage.mirrored(picture), sitting, lambda x, y: (1 - x, y))


def _framing(picture: Picture, sitting: Sitting, size: float) -> Sight:
    """The face larger than what the framing's name is used for."""
    times = _too_near(sitting, size)
    left, top = damage.corner_of_nearer(sitting.frame, times)
    nearer = damage.nearer(sitting.frame, picture, times)
    return _elsewhere(nearer, sitting, lambda x, y: ((x - left) * times, (y - top) * times))


def _two_heads(picture: Picture, sitting: Sitting, _: float) -> Sight:
    return seen(damage.two_faces(picture, sitting.other))


def _too_near(sitting: Sitting, size: float) -> float:
    """By how much it is to be larger: then it has 1.25 or 1.7 times the share of the height that the name ends at."""
    most = FRAMINGS[sitting.asked.framing][1]
    return (1.25 if size < 1 else 1.7) * most / face_share(sitting.frame)


def _may_move(name: str, sitting: Sitting, size: float) -> bool:
    """Whether such a portrait can have the fault."""
    if name == "wrong framing":
        return sitting.asked.framing in FRAMINGS and 1 < _too_near(sitting, size) < _NEAREST
    return size == 1 and (name != "wrong light side" or sitting.asked.side in ("left", "right"))


def _elsewhere(picture: Picture, sitting: Sitting, at: Callable[[float, float], tuple[float, float]]) -> Sight:
    """The largest face of a picture, moved."""
    face = (sitting.sight.faces or ())[0]
    return Sight(picture, (replace(face, points=tuple(at(x, y) for x, y in face.points)),))


IN_PLACE: Final[Mapping[str, Spoil]] = {
    "blur": _blur, "plastic skin": _plastic, "skin of one even colour": _even_colour, "two lights": _two_lights,
    "cross-eyes": _cross_eyes, "one eye lower": _one_eye_lower, "mismatched catchlights": _catchlights,
    "wrong clothes colour": _clothes,
}  # fmt: skip
MOVED: Final[Mapping[str, Move]] = {
    "wrong light side": _light_side, "wrong framing": _framing, "two faces": _two_heads,
}  # fmt: skip
"""Made last, and at most one of them."""


def spoiled(sitting: Sitting, drawn: random.Random) -> tuple[Sight, dict[str, float]]:
    """The portrait with faults drawn by chance, and the size of each."""
    wanted = drawn.choices(range(len(_NUMBERS)), _NUMBERS)[0]
    picture, faults, last = sitting.sight.picture, dict[str, float](), ""
    for name in drawn.sample([*IN_PLACE, *MOVED], len(IN_PLACE) + len(MOVED)):
        size, which = drawn.choice(_SIZES), drawn.randrange(2)
        if len(faults) == wanted or (last and name in MOVED):
            continue
        if name in MOVED:
            if _may_move(name, sitting, size):
                faults[name], last = size, name
        elif (changed := IN_PLACE[name](picture, sitting, size, which)) is not None:
            faults[name], picture = size, changed
    spoilt = MOVED[last](picture, sitting, faults[last]) if last else Sight(picture, sitting.sight.faces)
    return spoilt, faults


def compared(pictures: Sequence[Picture], prompt: PortraitPrompt, other: Picture, number: int) -> dict[str, Any] | None:
    """What one prompt says: by portrait its faults and its review; None where a face is too small to judge.

    Faces are looked for before faults are made, and again in what shows two.
    """
    wanted = replace(asked(prompt), text="")
    sights = [seen(picture) for picture in pictures[:1]] if _alike(pictures) else [seen(each) for each in pictures]
    drawn = random.Random(_DRAWN + number)
    rows = []
    for sight in (sights * len(pictures))[: len(pictures)]:
        if sight.frame is None or sight.frame.unit < LEAST_UNIT_PX:
            return None
        found, faults = spoiled(Sitting(sight, sight.frame, wanted, other), drawn)
        review = PortraitReview(tuple(measured(found, wanted)))
        rows.append({"faults": faults, "review": as_data(review)})
    return {"number": number, "portraits": rows, "random": drawn.randrange(len(rows))}


def _alike(pictures: Sequence[Picture]) -> bool:
    return all(each is pictures[0] for each in pictures)


@dataclass(frozen=True, slots=True)
class Figure:
    """How often the rule prefers the best by review, the random one, and neither; and the mean with ties as halves."""

    best: int
    random: int
    neither: int
    mean: float
    interval: tuple[float, float]
    """Of the mean, 95 of 100 times."""
    least: int
    """How often no other of the four has fewer or smaller faults than the best by review."""

    @property
    def prompts(self) -> int:
        """How many prompts it is of."""
        return self.best + self.random + self.neither

    @property
    def share(self) -> float:
        """Of the prompts where the rule prefers one, how often it is the best by review."""
        return self.best / max(1, self.best + self.random)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The figure of what was compared."""
    said, halves, least = [], [], 0
    for row in rows:
        sums = [sum(each["faults"].values()) for each in row["portraits"]]
        figures = [overall(from_data(each["review"])) for each in row["portraits"]]
        at = figures.index(max(figures))
        said.append((sums[row["random"]] > sums[at]) - (sums[row["random"]] < sums[at]))
        halves.append(fmean((1 + (each > sums[at]) - (each < sums[at])) / 2 for each in sums))
        least += sums[at] == min(sums)
    return Figure(said.count(1), said.count(-1), said.count(0), fmean(halves), _drawn_anew(halves), least)


def _drawn_anew(values: Sequence[float]) -> tuple[float, float]:
    again = np.random.default_rng(1).choice(values, (_AGAIN, len(values))).mean(1)
    low, high = np.quantile(again, (0.025, 0.975))
    return float(low), float(high)


def wilson(of: int, share: float) -> tuple[float, float]:
    """The 95 % interval of a share of so many."""
    z = 1.96
    middle, half = share + z**2 / (2 * of), z * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return float((middle - half) / (1 + z**2 / of)), float((middle + half) / (1 + z**2 / of))


def told(found: Figure) -> str:
    """The figure as a sentence or two."""
    decided = found.best + found.random
    low, high = wilson(max(1, decided), found.share)
    return (
        f"{found.prompts} prompts: the rule prefers the best by review {found.best} times, the random one "
        f"{found.random} times, neither {found.neither} times. Of those decided {found.share:.0%} ({low:.0%} to "
        f"{high:.0%}). With ties as halves, and against each of the four: {found.mean:.3f} ({found.interval[0]:.3f} to "
        f"{found.interval[1]:.3f}), where chance has 0.5. None of the four has smaller faults {found.least} times."
    )


def _pictures(given: argparse.Namespace) -> Iterator[tuple[Case, list[Picture]]]:
    """The four portraits of each prompt that is not compared yet."""
    missing = given.count
    for case in cases():
        if case.number % 2 != given.build or not missing:
            continue
        if (given.readings / f"{case.number:03}.json").exists():
            missing -= 1
        elif four := _copies(case, given.pictures) if given.pictures else _seeds(case, given):
            missing -= 1
            yield case, four


def _copies(case: Case, folders: Sequence[Path]) -> list[Picture]:
    file = next((each for folder in folders if (each := folder / f"{case.number:03}.png").is_file()), None)
    return [] if file is None else [_opened(file)] * SEVERAL


def _seeds(case: Case, given: argparse.Namespace) -> list[Picture]:
    shots = [Shot(f"{case.number:03}-{one}", case.prompt, case.seed + one * _NEXT_SEED) for one in range(SEVERAL)]
    return list(made(shots, given.out, given.quality, told=lambda _: None).values())


def _opened(file: Path) -> Picture:
    with Image.open(file) as opened:
        return np.asarray(opened.convert("RGB"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares what is not compared yet, and prints the figure; returns the exit status."""
    given = _parser().parse_args(arguments)
    given.readings = given.readings or given.out / ("copies" if given.pictures else "readings")
    given.readings.mkdir(parents=True, exist_ok=True)
    other: Picture | None = None
    for case, four in _pictures(given):
        if other is not None:
            found = compared(four, parse(case.prompt), other, case.number)
            (given.readings / f"{case.number:03}.json").write_text(json.dumps(found), encoding="utf-8")
        other = four[0]
    read = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(given.readings.glob("*.json"))]
    rows = [row for row in read if row is not None]
    print(told(figure(rows)) if rows else "Nothing is compared yet.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.best_of_figure", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="so many prompts (100, which are all held-out ones)")
    parser.add_argument("--quality", default="draft", help="of the portraits that are made (draft)")
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"where portraits are kept ({FOLDER})")
    parser.add_argument(
        "--pictures", type=Path, action="append", help="folders of NNN.png: four copies of each instead of four seeds"
    )
    parser.add_argument("--build", action="store_true", help="the odd numbers, which measures are built on")
    parser.add_argument("--readings", type=Path, help="where what was compared is kept, by prompt (in --out)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
