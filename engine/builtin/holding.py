"""How well the built-in model holds a face: portraits of held-out people from one reference picture each.

Each portrait is compared with true renders of its person that it was not made from, and with true renders of
people who share sex, age band and skin. The same figures for true renders stand beside them (the ceiling),
and for portraits with the same words but no reference (the floor).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.builtin import crops, faces, pairs
from engine.builtin.captions import caption
from engine.builtin.painter import TALL, Painter
from engine.builtin.people import Person, person
from engine.builtin.scenes import LOOKS, PER_PERSON, Scene, scene


@dataclass(frozen=True)
class Portrait:
    """A portrait to make: the person, the picture that shows them, and a scene of theirs that was not rendered."""

    sitter: Person
    reference: int
    what: Scene


def wanted(known: crops.Crops, people: int, scenes_each: int) -> list[Portrait]:
    """Portraits of held-out people in new clothes, places and lights; the first picture with a face is shown."""
    found: list[Portrait] = []
    seeds = sorted({index // PER_PERSON for index in known.embeddings})
    chosen = [seed for seed in seeds if person(seed).held_out and len(known.of_person(seed)) >= 2][:people]
    for seed in chosen:
        new = (scene(seed, number * LOOKS) for number in range(10_000, 10_100))
        tall = [what for what in new if what.size == TALL][:scenes_each]
        found += [Portrait(person(seed), known.of_person(seed)[0], what) for what in tall]
    return found


def make(
    painter: Painter,
    known: crops.Crops,
    portraits: list[Portrait],
    steps: int,
    guidance: float,
    seed: int = 0,
    shown: bool = True,
) -> list[Image.Image]:
    """The portraits, told their references or, not `shown` them, drawn; captions leave the person out either way."""
    texts = [caption(one.what, random.Random(at), plain=True, anonymous=True) for at, one in enumerate(portraits)]
    seeds = [seed + at for at in range(len(portraits))]
    faces = [known.embeddings[one.reference].tobytes() for one in portraits] if shown else None
    return painter.paint(texts, steps, guidance, seeds, faces)


def distances(
    made: list[Image.Image], portraits: list[Portrait], known: crops.Crops
) -> tuple[pairs.Array, pairs.Array, int]:
    """Distances to other pictures of the person, to pictures of people alike, and how many have no face."""
    same: list[float] = []
    others: list[float] = []
    faceless = 0
    people = {index: person(index // PER_PERSON) for index in known.embeddings}
    for image, one in zip(made, portraits, strict=True):
        found = faces.embed(image)
        if found is None:
            faceless += 1
            continue
        for index, held in known.embeddings.items():
            distance = float(np.linalg.norm(found - held))
            if people[index].seed == one.sitter.seed and index != one.reference:
                same.append(distance)
            elif pairs.alike(one.sitter, people[index]):
                others.append(distance)
    return np.array(same), np.array(others), faceless


def ceiling(known: crops.Crops, held_out: bool = True) -> pairs.Told:
    """True renders of held-out people (or of all others) told apart; its threshold accepts 1% of people alike."""
    numbers = [n for n in sorted(known.embeddings) if person(n // PER_PERSON).held_out == held_out]
    embeddings = [known.embeddings[n].astype(float) for n in numbers]
    return pairs.told_apart(*pairs.of_people(embeddings, [person(n // PER_PERSON) for n in numbers]))


def measure(
    painter: Painter, renders: Path, people: int, scenes_each: int, steps: int, guidance: float
) -> dict[str, Any]:
    """Every figure, ready for JSON. A portrait without a face counts as not accepted."""
    known = crops.read(renders)
    portraits = wanted(known, people, scenes_each)
    most = ceiling(known)
    figures: dict[str, Any] = {"portraits": len(portraits), "ceiling": most.as_dict()}
    for name, shown in (("with_reference", True), ("without_reference", False)):
        made = make(painter, known, portraits, steps, guidance, shown=shown)
        same, others, faceless = distances(made, portraits, known)
        told = pairs.told_apart(same, others, most.threshold_at_1_percent).as_dict()
        told["accepted"] = round(told.pop("accepted_at_1_percent") * (1 - faceless / len(made)), 4)
        told["accepted_others"] = round(float((others < most.threshold_at_1_percent).mean()), 4)
        figures[name] = told | {"faceless": faceless}
    return figures
