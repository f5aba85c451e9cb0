"""A face from elsewhere becomes somebody whom the studio can photograph: features, skin, eyes, hair from one picture.

The search looks at a fixed number of pictures, so that the same picture gives the same person on every machine. That is
about a minute of one core; it stops sooner where the likeness falls no further.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.faces import identity
from engine.renderer import faces, photograph, stored
from engine.renderer.fitting import controls, draft_head, looking, person_colours, solving
from engine.renderer.lights import rig
from engine.renderer.scene import Camera, Outfit, Person, Pose, Scene, Sitter
from engine.renderer.stops import Cancelled

Numbers = npt.NDArray[np.float64]

VERSION: Final = 1
"""Raised when the same picture would be fitted otherwise."""
NEAR: Final = 0.40
"""Beyond this distance a fitted face is only near the one in the picture."""
_POINTS: Final = np.r_[2:15, 17:68]
"""Of the 68 points those that stand on the face itself."""
_POINT_WEIGHT: Final = 0.6
_GAIN: Final = 0.008
_DRAFT_WORK: Final = 8
_SEXES: Final = (0.05, 0.95)
_MIXES: Final = ((0.90, 0.05, 0.05), (0.05, 0.90, 0.05), (0.04, 0.06, 0.90), (0.25, 0.25, 0.50))
"""Ancestries of the usual people of whom the most alike is begun with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingPlan:
    """How much is looked at."""

    mixes: tuple[faces.Ancestry, ...] = _MIXES
    ages: tuple[float, ...] = (26.0, 48.0, 68.0)
    draft: tuple[int, int] = (200, 300)
    numbers: int = controls.COUNT
    """So many numbers of a row are searched for."""
    again: int = 48
    """So many, the most telling ones, are looked at a second time."""
    good: float = 0.32
    """Below this distance none is."""
    rounds: int = 3
    steps: int = 4

    @property
    def work(self) -> int:
        """About how many quick pictures a whole search comes to, a draft counted as several."""
        tried = 2 * self.rounds * self.steps * len(solving.RIDGES) // 2
        drafts = (2 * self.rounds + 4) * _DRAFT_WORK
        return len(_SEXES) * len(self.mixes) * len(self.ages) + self.numbers + self.again + tried + drafts


WHOLE: Final = FittingPlan()


class NoFace(ValueError):
    """There is no face in the picture that could be looked at."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The person, and how far a draft of them is from the picture: 0.4 is still alike, 0.6 is somebody else.

    `before` is how far it was before the features were searched for.
    """

    person: Person
    distance: float
    before: float


def to_json(found: Fitted) -> str:
    """For `from_json`, to be kept with the picture."""
    scene = stored.to_json(Scene(sitters=(Sitter(person=found.person),)))
    return json.dumps({"scene": scene, "distance": found.distance, "before": found.before, "version": VERSION})


def from_json(kept: str) -> Fitted | None:
    """What `to_json` wrote; None for anything else, and for what was fitted in another way than now."""
    try:
        told = json.loads(kept)
        if told["version"] != VERSION:
            return None
        (person,) = stored.people(stored.from_json(told["scene"]))
        return Fitted(person, float(told["distance"]), float(told["before"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


@dataclass
class _Work:
    """How much is done, and whether it is still wanted."""

    report: Callable[[float], None] | None
    cancelled: Callable[[], bool] | None
    whole: int
    done: int = 0

    def add(self, units: int = 1) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        self.done += units
        if self.report is not None:
            self.report(min(0.99, self.done / self.whole))


@dataclass
class _Sitting:
    """One picture that is fitted: what was seen in it, whom it is begun with, what is found so far."""

    wanted: looking.SeenFace
    small: looking.Picture
    like: Person
    plan: FittingPlan
    work: _Work
    target: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.target = _row(self.wanted)

    def look(self, row: Numbers) -> Numbers | None:
        """What is seen in a quick picture of a row."""
        self.work.add()
        found = looking.seen(draft_head.drawn(controls.person(row, self.like), controls.held(row)))
        return None if found is None else _row(found)

    def draft(self, row: Numbers) -> tuple[Numbers, float] | None:
        """What is seen in a photograph of a row, and how far it is from the picture."""
        found = looking.seen(self.taken(row))
        return None if found is None else (_row(found), self.away(found))

    def away(self, found: looking.SeenFace) -> float:
        """How far a face is from the picture's."""
        return float(np.linalg.norm(found.embedding - self.wanted.embedding))

    def coloured(self, person: Person) -> Person:
        """The person in the colours of the picture."""
        return person_colours.coloured(person, self.small, self.wanted.pixels)

    def taken(self, row: Numbers) -> looking.Picture:
        """A draft of a row, at the size at which faces are looked at."""
        self.work.add(_DRAFT_WORK)
        scene = _scene(controls.person(row, self.like), controls.held(row))
        return looking.scaled(
            Image.fromarray(photograph.photograph(scene, self.plan.draft, "draft", None, self.work.cancelled).picture)
        )


def fit(
    image: Image.Image,
    plan: FittingPlan = WHOLE,
    report: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Fitted:
    """The person in a picture (RGB). `report` hears the share that is done.

    Raises NoFace, and Cancelled within a second after `cancelled` says so.
    """
    image = image.convert("RGB")
    work = _Work(report, cancelled, plan.work)
    work.add(0)
    small = looking.scaled(image)
    wanted = looking.seen(small)
    if wanted is None:
        raise NoFace(NoFace.__doc__)
    sitting = _Sitting(wanted, small, _anybody(image), plan, work)
    try:
        found = _searched(sitting, _nearest(sitting))
    finally:
        looking.forget()
    # Hair and beard are of whom it has turned out to be.
    worn = person_colours.coloured(found.person, small, wanted.pixels)
    return replace(found, person=replace(worn, skin=found.person.skin))


def fitted(
    picture: bytes,
    plan: FittingPlan = WHOLE,
    report: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Fitted | None:
    """As `fit`, of a stored picture; None where it shows no face, or where faces cannot be looked at here."""
    if identity.missing():
        return None
    try:
        with Image.open(io.BytesIO(picture)) as image:
            return fit(image, plan, report, cancelled)
    except NoFace:
        return None


def _searched(sitting: _Sitting, row: Numbers) -> Fitted:
    search = solving.begun(sitting.look, sitting.target, row, np.zeros(len(sitting.target)))
    first = sitting.draft(row)
    if search is None or first is None:
        raise NoFace(NoFace.__doc__)
    found = _Best(row.copy(), first[1], first[0] - search.saw)
    before = first[1]
    _take_aside(search, found)
    search.measure(np.arange(sitting.plan.numbers))
    _rounds(sitting, search, found)
    if found.distance > sitting.plan.good and sitting.plan.again:
        telling = np.linalg.norm(search.slopes[: solving.FACE], axis=0)
        search.measure(np.argsort(-telling, kind="stable")[: sitting.plan.again])
        _rounds(sitting, search, found)
    return Fitted(controls.person(found.row, sitting.like), found.distance, before)


@dataclass
class _Best:
    """The row of which a draft was most like, how far that was, and what its quick picture had wrong."""

    row: Numbers
    distance: float
    aside: Numbers


def _rounds(sitting: _Sitting, search: solving.Search, found: _Best) -> None:
    """Steps in quick pictures, then a draft that says how much of it is true, until it falls no further."""
    for _ in range(sitting.plan.rounds):
        steps = 0
        while steps < sitting.plan.steps and search.advance():
            steps += 1
        if not (steps and (_better(sitting, search, found) or _half_way(sitting, search, found))):
            break
        _take_aside(search, found)
    saw = sitting.look(found.row)
    if saw is not None:
        search.row, search.saw = found.row.copy(), saw
        _take_aside(search, found)


def _better(sitting: _Sitting, search: solving.Search, found: _Best) -> bool:
    """Whether a draft of where the search is now is more like the picture than all before; it is the best then."""
    taken = sitting.draft(search.row)
    if taken is None or taken[1] >= found.distance - _GAIN:
        return False
    found.row, found.distance, found.aside = search.row.copy(), taken[1], taken[0] - search.saw
    return True


def _half_way(sitting: _Sitting, search: solving.Search, found: _Best) -> bool:
    """As `_better`, of half the way: quick pictures lead too far at times."""
    row = (found.row + search.row) / 2
    saw = sitting.look(row)
    if saw is None:
        return False
    search.row, search.saw = row, saw
    return _better(sitting, search, found)


def _take_aside(search: solving.Search, found: _Best) -> None:
    """The embedding's error alone: points stand where they stand in a quick picture too."""
    search.aside = found.aside.copy()
    search.aside[solving.FACE :] = 0


def _row(found: looking.SeenFace) -> Numbers:
    return np.concatenate([found.embedding, _POINT_WEIGHT * found.points[_POINTS].ravel()])


def _anybody(image: Image.Image) -> Person:
    """Somebody of no particular features; their number is the picture's own."""
    number = int.from_bytes(hashlib.sha256(image.tobytes()).digest()[:4], "big")
    drawn = faces.person(number, masculinity=0.0, ancestry=_MIXES[3], age=30.0)
    return replace(drawn, shape=(), brow_thickness=0.55, brow_arch=0.5, muscle=0.5, weight=0.5)


def _nearest(sitting: _Sitting) -> Numbers:
    """The row to begin with: of the most alike usual woman and man whichever a draft, with hair, is more like.

    The sitting's colours are theirs then, the skin's as their draft shows it. Raises NoFace.
    """
    best: tuple[float, Numbers, Person] | None = None
    cheeks = person_colours.cheeks(sitting.small, sitting.wanted.pixels)
    for row, like in _prototypes(sitting):
        sitting.like = like
        taken = sitting.taken(row)
        found = looking.seen(taken)
        if found is not None and (best is None or sitting.away(found) < best[0]):
            best = (
                sitting.away(found),
                row,
                person_colours.toned(like, cheeks, person_colours.cheeks(taken, found.pixels)),
            )
    if best is None:
        raise NoFace(NoFace.__doc__)
    sitting.like = best[2]
    return best[1]


def _prototypes(sitting: _Sitting) -> list[tuple[Numbers, Person]]:
    """Of the usual women, and of the usual men, whom the picture is most like, in the picture's colours."""
    anybody, found = sitting.like, list[tuple[Numbers, Person]]()
    for masculinity in _SEXES:
        best: tuple[float, Numbers, Person] | None = None
        for mix in sitting.plan.mixes:
            sitting.like = sitting.coloured(replace(anybody, masculinity=masculinity, ancestry=mix))
            for age in sitting.plan.ages:
                row = controls.usual(controls.numbers(replace(sitting.like, age=age)))
                saw = sitting.look(row)
                if saw is None:
                    continue
                away = float(np.linalg.norm((saw - sitting.target)[: solving.FACE]))
                if best is None or away < best[0]:
                    best = away, row, sitting.like
        found += [best[1:]] if best else []
    return found


def _scene(person: Person, held: controls.Held) -> Scene:
    """How a draft is taken: soft light, plain ground, the head held as in the picture."""
    turn, nod = (float(np.clip(angle, -20, 20)) for angle in (held.turn, held.nod))
    pose = Pose(expression="smile" if held.smile > 0.15 else "neutral", turn=turn, nod=nod)
    return Scene(
        sitters=(Sitter(person=person, pose=pose, outfit=Outfit(garment="t-shirt", colour=(0.3, 0.3, 0.3))),),
        light=rig("softbox", "left"),
        camera=Camera(framing="close-up", turn=0.0, height=0.0, f_number=8.0),
    )
