"""Figures of a run beside their aims, as a table for people and as plain data."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from engine.renderer.evaluation import blind, people
from engine.renderer.evaluation.cases import Case
from engine.renderer.evaluation.judging import AIMS, QUESTIONS, Shown, Verdict, judged, relabelled
from engine.renderer.evaluation.people import Likeness
from engine.renderer.evaluation.views import View

_SHUFFLED: Final = 77


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of right answers (or another number), its aim, and how many pictures it is of."""

    name: str
    value: float | None
    """None where nothing could be measured: `note` says why."""
    aim: float
    of: int = 0
    left_out: int = 0
    chance: float | None = None
    """What the same probes say of these pictures with the labels of other prompts."""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached."""
        return None if self.value is None else self.value >= self.aim


def figures(verdicts: Mapping[int, Sequence[Verdict]], chance: Mapping[str, float]) -> list[Figure]:
    """One figure a question."""
    found = []
    for question in QUESTIONS:
        asked = [each for told in verdicts.values() for each in told if each.question == question]
        right = [each.right for each in asked if each.right is not None]
        why = sorted({each.told for each in asked if each.right is None})
        value = sum(right) / len(right) if right else None
        note = "; ".join(f"left out: {reason}" for reason in why)
        left_out = len(asked) - len(right)
        found.append(Figure(question, value, AIMS[question], len(right), left_out, chance.get(question), note))
    return found


def by_chance(cases: Sequence[Case], shown: Mapping[int, Shown]) -> dict[str, float]:
    """The share of right answers with every picture judged by another prompt's labels: how little the probes ask.

    Places are not told anew: with 27 of them chance is 4 %, and telling takes minutes.
    """
    others = [case.truth for case in cases]
    random.Random(_SHUFFLED).shuffle(others)
    found: dict[str, list[bool]] = {}
    for case, truth in zip(cases, others, strict=True):
        mixed = replace(truth, colourless=case.truth.colourless, place="", text="")
        for told in judged(relabelled(shown[case.number], mixed)):
            if told.right is not None:
                found.setdefault(told.question, []).append(told.right)
    return {question: float(np.mean(right)) for question, right in found.items() if question != "one face"}


def of_people(likeness: Likeness) -> list[Figure]:
    """Different seeds, and the same person again."""
    apart, same = likeness.different, likeness.same
    note = f"distance at most {likeness.threshold:.3f}; the same person's: median {np.median(same or (9.0,)):.3f}"
    return [
        Figure("different seeds, median distance", float(np.median(apart)), people.APART_AIM, len(apart)),
        Figure("same person accepted", likeness.accepted, people.ACCEPTED_AIM, len(same), note=note),
        Figure("same person's hair", likeness.hair_same, people.ACCEPTED_AIM, len(same)),
    ]


def of_marks(kept: people.MarksKept) -> Figure:
    """Known marks of the skin, where they can be seen."""
    chance = float(np.mean(kept.others)) if kept.others else None
    note = f"{kept.marks} marks that can be seen; by chance: another person's"
    return Figure("same person's marks", kept.share, people.ACCEPTED_AIM, len(kept.shown), chance=chance, note=note)


def of_blind_checks(views: Sequence[View]) -> list[Figure]:
    """What detectors and measures that know no prompt say of the pictures with a face."""
    found = [_detected(views), _decent(views)]
    for name, (low, high), measure in (
        ("sharpness of photographs", blind.SHARPNESS, blind.sharpness),
        ("noise of photographs", blind.NOISE, lambda view: blind.noise(view.picture)),
    ):
        values = np.array([measure(view) for view in views])
        inside = float(np.mean((values >= low) & (values <= high)))
        spread = ", ".join(f"{value:.3f}" for value in np.quantile(values, (0.05, 0.5, 0.95)))
        found.append(Figure(name, inside, 0.9, len(views), note=f"{low} to {high}; 5, 50, 95 %: {spread}"))
    return found


def _detected(views: Sequence[View]) -> Figure:
    if why := blind.mediapipe_missing():
        return Figure("a face by MediaPipe", None, 0.99, note=why)
    sure = [blind.mediapipe(view.picture) >= 0.5 for view in views]
    return Figure("a face by MediaPipe", float(np.mean(sure)), 0.99, len(views))


def _decent(views: Sequence[View]) -> Figure:
    if why := blind.nudity_missing():
        return Figure("no nudity by open_nsfw", None, 0.99, note=why)
    scores = [blind.nudity()(view.picture) for view in views]
    note = f"at most {max(scores):.3f}, median {np.median(scores):.3f}"
    return Figure(
        "no nudity by open_nsfw", float(np.mean(np.array(scores) < blind.MOST_NUDE)), 0.99, len(views), note=note
    )


def table(found: Sequence[Figure]) -> str:
    """Lines for people: what is reached, what is not, out of how many."""
    lines = [f"{'':34}{'is':>7}{'aim':>7}{'of':>6}{'left out':>10}{'chance':>8}"]
    for each in found:
        value = "–" if each.value is None else f"{each.value:.3f}"
        chance = "" if each.chance is None else f"{each.chance:.2f}"
        mark = {True: "", False: " MISSED", None: " not measured"}[each.reached]
        note = f"  ({each.note})" if each.note else ""
        lines.append(f"{each.name:34}{value:>7}{each.aim:>7.2f}{each.of:>6}{each.left_out:>10}{chance:>8}{mark}{note}")
    return "\n".join(lines)


def wrong(cases: Sequence[Case], verdicts: Mapping[int, Sequence[Verdict]]) -> list[str]:
    """Every wrong answer: the case, what was asked, what is seen, and the prompt."""
    return [
        f"{case.number:>3} {each.question}: {each.asked} asked, seen {each.told} — {case.prompt!r}"
        for case in cases
        for each in verdicts[case.number]
        if each.right is False
    ]


def as_data(
    found: Sequence[Figure], verdicts: Mapping[int, Sequence[Verdict]], quality: str, likeness: Likeness | None
) -> dict[str, Any]:
    """Everything as JSON can carry it."""
    return {
        "quality": quality,
        "figures": [{**asdict(each), "reached": each.reached} for each in found],
        "verdicts": {str(number): [asdict(each) for each in told] for number, told in verdicts.items()},
        "people": asdict(likeness) if likeness else None,
    }
