"""Whether faces stay themselves: different seeds are different people, a saved person comes back as the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.faces import identity
from engine.renderer.evaluation import known_marks
from engine.renderer.evaluation.making import Picture, Shot
from engine.renderer.evaluation.views import View
from engine.renderer.scene import Person
from engine.review import colour_names

APART_AIM: Final = 0.55
ACCEPTED_AIM: Final = 0.95
FALSE_ACCEPTS: Final = 0.01
"""The share of pairs of different people that may pass for the same person."""

SITTERS: Final = (
    "a woman of 28 with long red hair, freckles across the nose",
    "a man of 45 with short black hair, full beard, brown skin",
    "an elderly woman with curly grey hair, fair skin, a scar across the eyebrow",
    "a young man with a blonde quiff, olive skin, a scar on the left cheek",
    "a woman of 35, a black afro, Nigerian, dark skin",
    "a Japanese woman in her forties, black bob, moles",
    "a bald man in his sixties, light skin, freckles",
    "a Mexican woman of 22, brown ponytail",
)
"""Who is saved, each from a picture of their own; marks of the skin among them."""
AGAIN: Final = (
    "a white shirt, by the sea, overcast daylight",
    "a black leather jacket, on a city street at night, neon signs",
    "a red sweater, in a library, warm lamp on the right",
    "a beige wool coat, in a snowy landscape, soft window light from the left",
    "a blue blazer, grey seamless backdrop, Rembrandt lighting from the left",
)
"""What they are asked back in: other clothes, place and light."""
_SEEDS: Final = 6
_HAIR_APART: Final = 0.10


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is measured of people. Distances are dlib's, between 128 numbers of two faces."""

    different: tuple[float, ...]
    """Between different people of one prompt."""
    same: tuple[float, ...]
    threshold: float
    """The distance below which `FALSE_ACCEPTS` of the pairs of different people lie."""
    hair_same: float
    """The share of pictures whose hair is of the saved picture's colour."""

    @property
    def accepted(self) -> float:
        """The share of a person's other pictures that pass for the same person."""
        return float(np.mean(np.array(self.same) <= self.threshold)) if self.same else 0.0


def strangers() -> tuple[Shot, ...]:
    """Some prompts in several seeds each: as many people."""
    return tuple(
        Shot(f"seed-{number}-{seed}", f"{who}, head and shoulders", 70_000 + 100 * number + seed)
        for number, who in enumerate(("a woman", "a man", "a woman in her thirties", "a man in his fifties"))
        for seed in range(_SEEDS)
    )


def sitters() -> tuple[Shot, ...]:
    """The pictures that people are saved from."""
    return tuple(
        Shot(f"saved-{number}", f"{who}, grey seamless backdrop, head and shoulders", 80_000 + number)
        for number, who in enumerate(SITTERS)
    )


def returns(people: Sequence[Person]) -> tuple[Shot, ...]:
    """The saved people, asked back."""
    return tuple(
        Shot(f"again-{number}-{at}", f"{words}, head and shoulders", 90_000 + 100 * number + at, person)
        for number, person in enumerate(people)
        for at, words in enumerate(AGAIN)
    )


def measured(
    strangers_seen: Mapping[str, View | None], saved: Mapping[str, View | None], again: Mapping[str, View | None],
    others: Sequence[View],
) -> Likeness:  # fmt: skip
    """The figures of all these pictures; `others` are further different people, one picture each."""
    groups: dict[str, list[View]] = {}
    for name, view in strangers_seen.items():
        if view is not None:
            groups.setdefault(name.rpartition("-")[0], []).append(view)
    different = [_apart(one, other) for group in groups.values() for one, other in combinations(group, 2)]
    crowd = [view for view in (*saved.values(), *strangers_seen.values(), *others) if view is not None]
    far = [_apart(one, other) for one, other in combinations(crowd, 2)]
    threshold = float(np.quantile(far, FALSE_ACCEPTS)) if far else 0.0
    pairs = [(saved[f"saved-{name.split('-')[1]}"], view) for name, view in again.items()]
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    same = [_apart(one, other) if one is not None and other is not None else 9.0 for one, other in pairs]
    hair = [hair_alike(one, other) for one, other in both]
    return Likeness(tuple(different), tuple(same), threshold, float(np.mean(hair)) if hair else 0.0)


def _apart(one: View, other: View) -> float:
    return identity.distance(one.embedding, other.embedding)


def hair_alike(one: View, other: View) -> bool:
    """Whether the tops of both heads are of one colour, each seen in its own light."""
    colour, back = (_hair_colour(view) for view in (one, other))
    return bool(np.hypot(*(colour - back)[1:]) < _HAIR_APART)


def _hair_colour(view: View) -> npt.NDArray[np.float64]:
    cheeks = view.disk(-0.47, 0.62, 0.16) | view.disk(0.47, 0.62, 0.16)
    gains = colour_names.light_taken_off(colour_names.linear(view.picture[cheeks]))
    top = colour_names.opponent(colour_names.linear(view.picture[view.box(-0.5, -1.5, 0.5, -1.1)]) * gains)
    return np.asarray(np.median(top, axis=0) if len(top) else np.zeros(3))


@dataclass(frozen=True, slots=True)
class MarksKept:
    """Of the asked-back people's pictures in which any of their marks can be seen: how many of those are there."""

    shown: tuple[float, ...]
    """The share of a person's own marks that each picture shows."""
    others: tuple[float, ...]
    """And of another person's marks, looked for at their places on this face."""
    marks: int
    """How many marks were asked for, in all pictures."""

    @property
    def share(self) -> float | None:
        """The mean over pictures; None where no picture could be asked."""
        return float(np.mean(self.shown)) if self.shown else None


def marks_kept(again: Sequence[Shot], pictures: Mapping[str, Picture]) -> MarksKept:
    """Looks for the known marks of everybody asked back in their pictures, and for those of the next person.

    A picture in which none could be seen is not asked; nor is whoever has none.
    """
    everybody = list(dict.fromkeys(shot.person for shot in again if shot.person is not None))
    shown: list[float] = []
    others: list[float] = []
    count = 0
    for shot in again:
        if shot.person is None:
            continue
        picture = pictures[shot.name]
        seen = known_marks.seen_skin(shot.scene(), (picture.shape[1], picture.shape[0]))
        own = known_marks.asked(picture, seen, shot.person)
        count += len(own)
        following = everybody[(everybody.index(shot.person) + 1) % len(everybody)]
        foreign = known_marks.asked(picture, seen, following) if following != shot.person else ()
        for found, shares in ((own, shown), (foreign, others)):
            if found:
                shares.append(float(np.mean([mark.there for mark in found])))
    return MarksKept(tuple(shown), tuple(others), count)


def saved_people(folder: Path) -> tuple[Person, ...]:
    """Who is in the saved pictures, as the bot saves them: from the scene that the picture carries."""
    from engine.renderer.__main__ import saved

    return tuple(saved(folder / f"{order.name}.png") for order in sitters())
