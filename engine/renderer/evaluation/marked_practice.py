"""Pictures that judges' limits are chosen on: other people, words and seeds than those that are judged by them.

`python -m engine.renderer.evaluation.marked_practice` makes them and says what the limits of `known_marks` give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engine.prompt import parse
from engine.renderer.evaluation.making import Shot, made
from engine.renderer.evaluation.people import marks_kept
from engine.renderer.reading import read
from engine.renderer.scene import Person

MARKED: Final = (
    "a man of 33, short brown hair, moles, light skin",
    "a woman of 50, blonde bob, a scar on the chin, freckles",
    "a woman of 24, black ponytail, freckles across the nose, olive skin",
    "a Chinese man of 40, black crew cut, moles, a scar on the right cheek",
    "an Indian woman of 30, long wavy black hair, moles, brown skin",
    "a bald man of 58, a scar on the forehead, fair skin",
    "a grandmother with short white hair, fair skin",
    "a Nigerian man of 28, buzz cut, moles, a scar across the eyebrow, dark skin",
)
"""People with marks of every kind."""
AGAIN: Final = (
    "a green t-shirt, in a park, golden hour sun from the right",
    "a black turtleneck, white background, butterfly lighting, thin metal glasses",
    "a denim jacket, in a cafe, soft window light from the left",
)


def marked_people() -> tuple[Person, ...]:
    """The marked people, as they would be saved."""
    found = (read(parse(words), seed=60_000 + at).scene.sitters[0].person for at, words in enumerate(MARKED))
    return tuple(found)


def returns() -> tuple[Shot, ...]:
    """The marked people in several clothes, lights and places."""
    return tuple(
        Shot(f"marked-{number}-{at}", f"{words}, head and shoulders", 61_000 + 100 * number + at, person)
        for at, words in enumerate(AGAIN)
        for number, person in enumerate(marked_people())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the pictures and says what `known_marks`' limits give on them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.renderer.evaluation.marked_practice", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("var/marked_practice"), help="where pictures are kept")
    given = parser.parse_args(arguments)
    shots = returns()
    kept = marks_kept(shots, made(shots, given.out, "standard"))
    own, others = (float(np.mean(shares)) if shares else float("nan") for shares in (kept.shown, kept.others))
    print(f"of {kept.marks} marks in {len(kept.shown)} pictures {own:.3f} are found, of another person's {others:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
