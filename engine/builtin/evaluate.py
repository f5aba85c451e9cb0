"""Measures the built-in model: `python -m engine.builtin.evaluate --json`.

Prompts are captions of held-out people's scenes, people and combinations that training never saw. Every
figure stands beside the same figure for true renders of those scenes, which is the most it could be.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from engine.builtin import crops, dataset, faces, holding, probes
from engine.builtin import curve as plot
from engine.builtin.captions import caption
from engine.builtin.painter import TALL, Painter
from engine.builtin.people import HELD_OUT_EVERY
from engine.builtin.scenes import LOOKS, TAKES, Scene, mirrored, scene
from engine.local_models import TRAINED_FOLDER

SCENES_EACH = 4
"""Portraits of each person in the measure of identity."""
SEEDS_EACH = 8
"""Portraits of each prompt in the measure of how seeds differ."""
CURVE_STEPS, CURVE_PORTRAITS = (1, 2, 3, 4, 6, 8, 10, 12), 64


def probe_set(
    found: list[dataset.Picture], both_ways: bool = False
) -> tuple[dict[str, list[Any]], dict[str, list[str]], float]:
    """Features and labels by slot of rendered pictures with one face, and the share of sittings that have one.

    `both_ways` adds their mirror images.
    """
    seen: dict[str, list[Any]] = {slot: [] for slot in probes.PROBED}
    labels: dict[str, list[str]] = {slot: [] for slot in probes.PROBED}
    boxes: dict[int, list[probes.Box]] = {}
    for picture in found:
        with Image.open(picture.path) as image:
            sitting = picture.index // LOOKS
            if sitting not in boxes:
                boxes[sitting] = faces.find(image)
            if len(boxes[sitting]) != 1:
                continue
            box = boxes[sitting][0]
            _collect(seen, labels, image, box, picture.scene)
            if both_ways:
                left, top, right, bottom = box
                _collect(
                    seen, labels, ImageOps.mirror(image), (1 - right, top, 1 - left, bottom), mirrored(picture.scene)
                )
    one = sum(len(each) == 1 for each in boxes.values())
    return seen, labels, one / max(1, len(boxes))


def _collect(
    seen: dict[str, list[Any]], labels: dict[str, list[str]], image: Image.Image, box: probes.Box, what: Scene
) -> None:
    found = probes.features(image, box)
    for slot in probes.PROBED:
        if slot == "hair_colour" and what.hair_style == "bald":
            continue
        seen[slot].append(found[slot])
        labels[slot].append(what.slots[slot])


def fit_probes(renders: Path) -> tuple[dict[str, probes.Probe], dict[str, float], dict[str, Any]]:
    """Probes fitted on training people, their accuracy on held-out people, and how many pictures each saw."""
    seen, labels, _ = probe_set(dataset.pictures(renders), both_ways=True)
    fitted = {
        slot: probes.fit(np.array(seen[slot]), labels[slot], probes.STRENGTH.get(slot, 3e-3)) for slot in probes.PROBED
    }
    kept, truth, found = probe_set(dataset.pictures(renders, held_out=True))
    accuracy = {slot: right(fitted[slot], kept[slot], truth[slot]) for slot in probes.PROBED}
    counts = {"fitted_on": len(labels["framing"]), "validated_on": len(truth["framing"]), "one_face": found}
    return fitted, accuracy, counts


def right(probe: probes.Probe, seen: list[Any], truth: list[str]) -> float:
    """The share of pictures whose probe says the truth."""
    return float(np.mean([probe(one) == label for one, label in zip(seen, truth, strict=True)])) if truth else 0.0


def held_out_scenes(count: int) -> list[Scene]:
    """Tall scenes of held-out people, rendered or not yet."""
    chosen: list[Scene] = []
    seed = HELD_OUT_EVERY - 1
    while len(chosen) < count:
        sittings = (scene(seed, take * LOOKS + take % LOOKS) for take in range(TAKES))
        chosen += [what for what in sittings if what.size == TALL]
        seed += HELD_OUT_EVERY
    return chosen[:count]


def measure(made: list[Image.Image], scenes: list[Scene], fitted: dict[str, probes.Probe]) -> dict[str, Any]:
    """One-face share and probe accuracies of generated portraits; a portrait without a face counts as wrong."""
    hits: dict[str, list[bool]] = {slot: [] for slot in probes.PROBED}
    one = []
    for image, what in zip(made, scenes, strict=True):
        boxes = faces.find(image)
        one.append(len(boxes) == 1)
        box = boxes[0] if boxes else _expected_face(what)
        found = probes.features(image, box)
        for slot in probes.PROBED:
            if slot == "hair_colour" and what.hair_style == "bald":
                continue
            if slot == "framing" and not boxes:
                hits[slot].append(False)
                continue
            hits[slot].append(fitted[slot](found[slot]) == what.slots[slot])
    return {"one_face": float(np.mean(one))} | {slot: float(np.mean(found)) for slot, found in hits.items()}


def _expected_face(what: Scene) -> probes.Box:
    middle, half = dataset.FACE[what.framing]
    across = half * what.size[1] / what.size[0] * 0.8
    return (0.5 - across, middle - half * 0.7, 0.5 + across, middle + half * 0.7)


def between_seeds(painter: Painter, prompts: list[str], steps: int, guidance: float) -> float | None:
    """Median distance between the faces of portraits with the same words and different seeds.

    Words say sex, age and skin, so it compares with that between rendered people who share these.
    """
    apart: list[float] = []
    for prompt in prompts:
        made = painter.paint([prompt] * SEEDS_EACH, steps, guidance, range(5000, 5000 + SEEDS_EACH))
        found = [e for image in made if (e := faces.embed(image)) is not None]
        apart += [float(np.linalg.norm(a - b)) for i, a in enumerate(found) for b in found[i + 1 :]]
    return float(np.median(apart)) if apart else None


def _seeds(prompts: list[str]) -> range:
    return range(1000, 1000 + len(prompts))


def curve(
    painter: Painter, prompts: list[str], scenes: list[Scene], fitted: dict[str, probes.Probe], guidance: float
) -> str:
    """The plot of quality against steps, SVG."""
    one_face, obeyed = [], []
    for steps in CURVE_STEPS:
        told = measure(painter.paint(prompts, steps, guidance, _seeds(prompts)), scenes, fitted)
        one_face.append(told.pop("one_face"))
        obeyed.append(float(np.mean(list(told.values()))))
    return plot.svg(CURVE_STEPS, {"exactly one face": one_face, "slots as asked": obeyed})


def timing(painter: Painter, steps: int, guidance: float) -> dict[str, float]:
    """Seconds for one portrait and for a batch of eight."""
    prompt = "a young woman with long red hair, green jacket, forest, soft light from the left, close-up"
    painter.paint([prompt], 2, guidance, [0])
    took = {}
    for name, count in (("one_s", 1), ("eight_s", 8)):
        began = time.perf_counter()
        painter.paint([prompt] * count, steps, guidance, range(count))
        took[name] = round(time.perf_counter() - began, 2)
    return took


def sheet(made: list[Image.Image], columns: int, scale: int = 2) -> Image.Image:
    """The portraits side by side, enlarged."""
    width, height = TALL[0] * scale, TALL[1] * scale
    rows = -(-len(made) // columns)
    whole = Image.new("RGB", (columns * width, rows * height))
    for at, image in enumerate(made):
        whole.paste(
            image.resize((width, height), Image.Resampling.LANCZOS), (at % columns * width, at // columns * height)
        )
    return whole


def untrained_timing(steps: int, guidance: float) -> dict[str, float]:
    """The same seconds for the untrained model, as it was measured."""
    from engine.builtin import untrained

    with tempfile.TemporaryDirectory() as folder:
        return timing(Painter(untrained.ensure(Path(folder) / "untrained")), steps, guidance)


def evaluate(
    checkpoint: Path,
    renders: Path,
    count: int,
    people: int,
    steps: int,
    guidance: float,
    shots: Path | None,
    drawn: Path | None,
) -> dict[str, Any]:
    """Every figure, ready for JSON."""
    card = json.loads((checkpoint / "likeness.json").read_text())
    painter = Painter(checkpoint, card["reference_scale"], card["drawn_scale"])
    steps, guidance = steps or card["steps"], guidance or card["guidance"]
    fitted, told, counts = fit_probes(renders)
    scenes = held_out_scenes(count)
    prompts = [caption(what, random.Random(number), plain=True) for number, what in enumerate(scenes)]
    made = painter.paint(prompts, steps, guidance, _seeds(prompts))
    if shots:
        sheet(made[:24], 8).save(shots, quality=90)
    if drawn:
        part = slice(CURVE_PORTRAITS)
        drawn.write_text(curve(painter, prompts[part], scenes[part], fitted, guidance), encoding="utf-8")
    known = crops.read(renders)
    return {
        "portraits": count,
        "steps": steps,
        "guidance": guidance,
        "model": measure(made, scenes, fitted),
        "renders": told | counts,
        "distance_between_seeds": between_seeds(painter, prompts[: 4 * SEEDS_EACH : 4], steps, guidance),
        "distance_between_rendered_people": holding.ceiling(known).other_median,
        "seconds": timing(painter, steps, guidance),
        "seconds_untrained": untrained_timing(steps, guidance),
        "identity": holding.measure(painter, renders, people, SCENES_EACH, steps, guidance),
    }


def evaluate_data(renders: Path) -> dict[str, Any]:
    """The figures of the renders alone, which bound the model's: needs no checkpoint."""
    _, told, counts = fit_probes(renders)
    return {"renders": told | counts, "identity_ceiling": holding.ceiling(crops.read(renders)).as_dict()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.evaluate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--data", action="store_true", help="measure the renders alone")
    parser.add_argument("--checkpoint", type=Path, default=TRAINED_FOLDER)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--people", type=int, default=50, help="how many are held by a reference picture")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--guidance", type=float, default=0.0)
    parser.add_argument("--sheet", type=Path, default=None, help="save 24 portraits here")
    parser.add_argument("--curve", type=Path, default=None, help="plot quality against steps here, as SVG")
    given = parser.parse_args()
    renders = given.renders or dataset.aligned()
    if given.data:
        found = evaluate_data(renders)
    else:
        found = evaluate(
            given.checkpoint,
            renders,
            given.count,
            given.people,
            given.steps,
            given.guidance,
            given.sheet,
            given.curve,
        )
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
