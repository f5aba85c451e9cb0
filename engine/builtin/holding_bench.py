"""`python -m engine.identity`: calibrates the scale of likeness, and measures how well the built-in model holds a face.

    python -m engine.identity calibrate          # writes engine/likeness.toml from true renders
    python -m engine.identity bench --json       # held-out people, one reference picture each

A frame is accepted when its face is nearer than the distance that falsely accepts 1% of people who look alike on
paper; that distance was set on people of the training set, and the frames are of people who are not in it. A further
try is chosen by the reference picture, as the bot does it, and judged by other pictures that the choosing never saw.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from engine import likeness
from engine.builtin import crops, dataset, faces, holding, pairs
from engine.builtin.holding import Portrait
from engine.builtin.painter import Painter
from engine.builtin.people import person
from engine.builtin.scenes import PER_PERSON, scene
from engine.likeness import ACCEPTED, Scale
from engine.local_models import TRAINED_FOLDER

FURTHER_TRIES: Final = 2
PROBED: Final = ("light_side", "clothes_colour", "place")
_SEED_STEP: Final = 100_000


@dataclass(frozen=True)
class Calibration:
    """The points of the scale and what they rest on."""

    scale: Scale
    pictures: int
    people: int
    same_pairs: int
    other_pairs: int


def calibrated(known: crops.Crops) -> Calibration:
    """The scale by pictures of people whom training saw. Raises ValueError when there are too few."""
    numbers = [n for n in sorted(known.embeddings) if not person(n // PER_PERSON).held_out]
    people = [person(n // PER_PERSON) for n in numbers]
    same, others = pairs.of_people([known.embeddings[n].astype(float) for n in numbers], people)
    if not len(same) or not len(others):
        raise ValueError("There are no pairs to calibrate on: render more pictures, or of more people.")
    points = Scale(float(np.median(same)), float(np.quantile(others, 0.01)), float(np.median(others)))
    return Calibration(points, len(numbers), len({one.seed for one in people}), len(same), len(others))


def written(found: Calibration) -> str:
    """The calibration as the file that the scale is read from."""
    points = found.scale
    return (
        "# The scale of likeness, in distances between face embeddings. Written by"
        " `python -m engine.identity calibrate`\n"
        f"# from {found.pictures} rendered pictures of {found.people} people: {found.same_pairs:,} pairs of one person,"
        f" {found.other_pairs:,} of two\n# who share sex, age band and skin tone.\n"
        "measure = 1\n"
        f"full = {points.full:.4f}       # 100: the median distance of two true pictures of one person\n"
        f"accepted = {points.accepted:.4f}   # 60: the distance that accepts 1% of people who look alike on paper\n"
        f"other = {points.other:.4f}      # 0: the median distance of two people who look alike on paper\n"
    )


@dataclass(frozen=True)
class Frame:
    """A portrait and the embedding of its face, None where it has none."""

    of: Portrait
    image: Image.Image
    face: faces.Embedding | None
    itself: int = -1
    """The number of the render that it is, for true ones: it is not compared with itself."""

    def to_reference(self, known: crops.Crops) -> float:
        """Distance to the picture that it was made from; infinite without a face."""
        return self._to([self.of.reference], known)[0]

    def to_unseen(self, known: crops.Crops) -> list[float]:
        """Distances to the person's other pictures."""
        unseen = [n for n in known.of_person(self.of.sitter.seed) if n not in {self.of.reference, self.itself}]
        return self._to(unseen, known)

    def to_others(self, known: crops.Crops) -> list[float]:
        """Distances to pictures of people who look alike on paper."""
        alike = [n for n in known.embeddings if pairs.alike(self.of.sitter, person(n // PER_PERSON))]
        return self._to(alike, known) if self.face is not None else []

    def _to(self, numbers: Sequence[int], known: crops.Crops) -> list[float]:
        if self.face is None:
            return [float("inf")] * len(numbers)
        return [float(np.linalg.norm(self.face - known.embeddings[n])) for n in numbers]


def seen(portraits: Sequence[Portrait], images: Sequence[Image.Image]) -> list[Frame]:
    """The portraits with their faces."""
    return [Frame(of, image, faces.embed(image)) for of, image in zip(portraits, images, strict=True)]


def figures(frames: Sequence[Frame], known: crops.Crops, scale: Scale) -> dict[str, Any]:
    """How well these frames hold their faces. Frames without a face count as not accepted, with likeness 0."""
    to_reference = np.array([frame.to_reference(known) for frame in frames])
    unseen = [frame.to_unseen(known) for frame in frames]
    others = np.array([distance for frame in frames for distance in frame.to_others(known)])
    flat = np.array([distance for distances in unseen for distance in distances])
    likenesses = [float(np.median([scale(distance) for distance in each])) for each in unseen if each]
    found: dict[str, Any] = {
        "frames": len(frames),
        "faceless": sum(frame.face is None for frame in frames),
        "accepted_by_reference": _share(to_reference < scale.accepted),
        "accepted_by_unseen_pictures": _share(flat < scale.accepted),
        "falsely_accepted_others": _share(others < scale.accepted),
        "likeness_to_reference_median": round(float(np.median([scale(each) for each in to_reference])), 1),
        "likeness_to_unseen_median": round(float(np.median(likenesses)), 1) if likenesses else None,
        "likeness_to_unseen_worst": round(min(likenesses), 1) if likenesses else None,
    }
    with_face = flat[np.isfinite(flat)]
    if len(with_face) and len(others):
        told = pairs.told_apart(with_face, others, scale.accepted)
        found["area_under_curve"] = round(told.area_under_curve, 4)
    return found


def _share(hits: Any) -> float | None:
    return round(float(np.mean(hits)), 4) if len(hits) else None


def ceiling(portraits: Sequence[Portrait], known: crops.Crops, scale: Scale) -> dict[str, Any]:
    """The same figures for true renders: the people's other pictures in the place of portraits."""
    true: list[Frame] = []
    for of in {one.sitter.seed: one for one in portraits}.values():
        for number in known.of_person(of.sitter.seed):
            if number != of.reference:
                shown = Portrait(of.sitter, of.reference, scene(number // PER_PERSON, number % PER_PERSON))
                image = Image.fromarray(known.pixels[number])
                true.append(Frame(shown, image, known.embeddings[number].astype(float), number))
    return figures(true, known, scale)


def tried_again(
    painter: Painter,
    known: crops.Crops,
    first: Sequence[Frame],
    steps: int,
    guidance: float,
    scale: Scale,
    limit: float,
) -> list[Frame]:
    """Each frame, or the best of two further tries where it is less like its reference than `limit`."""
    best = list(first)
    for number in range(1, FURTHER_TRIES + 1):
        weak = [at for at, frame in enumerate(best) if scale(frame.to_reference(known)) < limit]
        if not weak:
            break
        portraits = [best[at].of for at in weak]
        made = holding.make(painter, known, portraits, steps, guidance, seed=number * _SEED_STEP)
        for at, frame in zip(weak, seen(portraits, made), strict=True):
            if frame.to_reference(known) < best[at].to_reference(known):
                best[at] = frame
    return best


def obeyed(frames: Sequence[Frame], probed: dict[str, Any]) -> dict[str, float]:
    """The shares of frames whose light side, clothes and place are as asked."""
    from engine.builtin import evaluate

    told = evaluate.measure([frame.image for frame in frames], [frame.of.what for frame in frames], probed)
    return {slot: round(float(told[slot]), 4) for slot in PROBED}


def bench(
    checkpoint: Path, renders: Path, people: int, scenes: int, scales: tuple[float, float], steps: int, guidance: float
) -> dict[str, Any]:
    """Every figure, ready for JSON. `scales` say how strongly faces that are given and that are drawn are held.

    Raises ValueError when the renders have no held-out people with two pictures.
    """
    from engine.builtin import evaluate

    known, scale = crops.read(renders), likeness.scale()
    portraits = holding.wanted(known, people, scenes)
    if not portraits:
        raise ValueError("No held-out people with two measured pictures: run `python -m engine.builtin.crops` first.")
    painter = Painter(checkpoint, *scales)
    probed = evaluate.fit_probes(renders)[0] if _can_fit(renders) else None
    found: dict[str, Any] = {
        "people": len({one.sitter.seed for one in portraits}),
        "scenes_each": scenes,
        "accepted_distance": scale.accepted,
        "ceiling_true_renders": ceiling(portraits, known, scale),
    }
    floor = seen(portraits, holding.make(painter, known, portraits, steps, guidance, shown=False))
    found["floor_without_reference"] = _with_probes(figures(floor, known, scale), floor, probed)
    if not painter.holds_faces:
        return found | {"before_retries": None, "after_retries": None}
    first = seen(portraits, holding.make(painter, known, portraits, steps, guidance))
    found["before_retries"] = _with_probes(figures(first, known, scale), first, probed)
    last = tried_again(painter, known, first, steps, guidance, scale, ACCEPTED)
    found["after_retries"] = _with_probes(figures(last, known, scale), last, probed)
    return found


def _can_fit(renders: Path) -> bool:
    return len(dataset.pictures(renders)) > 100


def _with_probes(told: dict[str, Any], frames: Sequence[Frame], probed: dict[str, Any] | None) -> dict[str, Any]:
    return told if probed is None else told | {"obeyed": obeyed(frames, probed)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    given = _parser().parse_args(arguments)
    renders = given.renders or dataset.aligned()
    if given.command == "calibrate":
        found = calibrated(crops.read(renders))
        (given.to or likeness.FILE).write_text(written(found), encoding="utf-8")
        print(written(found), end="")
        return 0
    card = given.checkpoint / "likeness.json"
    usual = json.loads(card.read_text(encoding="utf-8")) if card.exists() else {}
    steps, guidance = given.steps or usual.get("steps", 24), given.guidance or usual.get("guidance", 3.0)
    scales = given.scale or usual.get("reference_scale", 1.0), usual.get("drawn_scale", 1.0)
    figures = bench(given.checkpoint, renders, given.people, given.scenes, scales, steps, guidance)
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.identity", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None, help="folder of rendered pictures and their crops.npz")
    commands = parser.add_subparsers(dest="command", required=True)
    calibrate = commands.add_parser("calibrate", help="write the scale of likeness from true renders")
    calibrate.add_argument("--to", type=Path, default=None, help="the file to write; otherwise the program's own")
    measure = commands.add_parser("bench", help="how well the built-in model holds held-out people")
    measure.add_argument("--json", action="store_true")
    measure.add_argument("--checkpoint", type=Path, default=TRAINED_FOLDER)
    measure.add_argument("--people", type=int, default=20)
    measure.add_argument("--scenes", type=int, default=6)
    measure.add_argument(
        "--scale", type=float, default=0.0, help="how strongly the adapter holds the face, if not as the card says"
    )
    measure.add_argument("--steps", type=int, default=0)
    measure.add_argument("--guidance", type=float, default=0.0)
    return parser
