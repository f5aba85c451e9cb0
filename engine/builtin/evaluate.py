"""Measures the built-in model: `python -m engine.builtin.evaluate --json`.

Prompts are captions of held-out people's scenes, people and combinations that training never saw. Every
figure stands beside the same figure for true renders of those scenes, which is the most it could be.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.builtin import dataset, faces, pairs, probes
from engine.builtin.captions import caption
from engine.builtin.scenes import Scene

CHECKPOINT = Path(__file__).parent / "checkpoint"
BATCH = 8
TALL = (128, 192)


def probe_set(found: list[dataset.Picture], most: int) -> tuple[dict[str, list[Any]], dict[str, list[str]], float]:
    """Features and labels by slot of rendered pictures with one face, and the share that has one."""
    seen: dict[str, list[Any]] = {slot: [] for slot in probes.PROBED}
    labels: dict[str, list[str]] = {slot: [] for slot in probes.PROBED}
    chosen, kept = found[:most], 0
    for picture in chosen:
        with Image.open(picture.path) as image:
            boxes = faces.find(image)
            if len(boxes) != 1:
                continue
            kept += 1
            _collect(seen, labels, image, boxes[0], picture.scene)
    return seen, labels, kept / max(1, len(chosen))


def _collect(
    seen: dict[str, list[Any]], labels: dict[str, list[str]], image: Image.Image, box: probes.Box, what: Scene
) -> None:
    found = probes.features(image, box)
    for slot in probes.PROBED:
        if slot == "hair_colour" and what.hair_style == "bald":
            continue
        seen[slot].append(found[slot])
        labels[slot].append(what.slots[slot])


def fit_probes(renders: Path, most: int) -> tuple[dict[str, probes.Probe], dict[str, float], dict[str, Any]]:
    """Probes fitted on training people, their accuracy on held-out people, and how many pictures each saw."""
    seen, labels, _ = probe_set(dataset.pictures(renders), most)
    fitted = {slot: probes.fit(np.array(seen[slot]), labels[slot], 3e-3) for slot in probes.PROBED}
    kept, truth, found = probe_set(dataset.pictures(renders, held_out=True), most)
    accuracy = {slot: right(fitted[slot], kept[slot], truth[slot]) for slot in probes.PROBED}
    counts = {"fitted_on": len(labels["framing"]), "validated_on": len(truth["framing"]), "one_face": found}
    return fitted, accuracy, counts


def right(probe: probes.Probe, seen: list[Any], truth: list[str]) -> float:
    """The share of pictures whose probe says the truth."""
    return float(np.mean([probe(one) == label for one, label in zip(seen, truth, strict=True)])) if truth else 0.0


def load(checkpoint: Path) -> Any:
    """The checkpoint's pipeline, in full precision."""
    import torch
    from diffusers import StableDiffusion3Pipeline

    pipe = StableDiffusion3Pipeline.from_pretrained(
        checkpoint, text_encoder_3=None, tokenizer_3=None, dtype=torch.float32, use_safetensors=True
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def generate(pipe: Any, prompts: list[str], steps: int, guidance: float, seed: int) -> list[Image.Image]:
    """One tall portrait a prompt, in batches."""
    import torch

    made: list[Image.Image] = []
    for start in range(0, len(prompts), BATCH):
        part = prompts[start : start + BATCH]
        generators = [torch.Generator().manual_seed(seed + start + k) for k in range(len(part))]
        made += pipe(
            part,
            negative_prompt=[""] * len(part),
            num_inference_steps=steps,
            guidance_scale=guidance,
            width=TALL[0],
            height=TALL[1],
            generator=generators,
            max_sequence_length=0,
        ).images
    return made


def held_out_scenes(renders: Path, count: int) -> list[Scene]:
    """Tall scenes of held-out people, rendered or not yet."""
    from engine.builtin.scenes import PER_PERSON, scene

    del renders
    chosen: list[Scene] = []
    seed = 9
    while len(chosen) < count:
        chosen += [what for number in range(PER_PERSON) if (what := scene(seed, number)).size == TALL]
        seed += 10
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


def spread(images: Iterable[Image.Image]) -> float | None:
    """Median distance between the embeddings of pictures that should show different people."""
    found = [e for image in images if (e := faces.embed(image)) is not None]
    if len(found) < 3:
        return None
    return float(np.median([np.linalg.norm(a - b) for i, a in enumerate(found) for b in found[i + 1 :]]))


def ceiling(renders: Path, most: int) -> dict[str, float]:
    """How well true renders of people who are alike on paper can be told apart: the most the model could reach."""
    embeddings, people = [], []
    for picture in (dataset.pictures(renders) + dataset.pictures(renders, held_out=True))[:most]:
        found = faces.embed(Image.fromarray(dataset.pixels(picture)))
        if found is not None:
            embeddings.append(found)
            people.append(picture.scene.person)
    return pairs.told_apart(*pairs.of_people(embeddings, people)).as_dict()


def timing(pipe: Any, steps: int, guidance: float) -> dict[str, float]:
    """Seconds for one portrait and for a batch of eight."""
    prompt = "a young woman with long red hair, green jacket, forest, soft light from the left, close-up"
    generate(pipe, [prompt], 2, guidance, 0)
    took = {}
    for name, count in (("one_s", 1), ("eight_s", 8)):
        began = time.perf_counter()
        generate(pipe, [prompt] * count, steps, guidance, 0)
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


def evaluate(
    checkpoint: Path, renders: Path, count: int, steps: int, guidance: float, shots: Path | None
) -> dict[str, Any]:
    """Every figure, ready for JSON."""
    pipe = load(checkpoint)
    card = json.loads((checkpoint / "likeness.json").read_text())
    steps, guidance = steps or card["steps"], guidance or card["guidance"]
    fitted, told, counts = fit_probes(renders, 1500)
    scenes = held_out_scenes(renders, count)
    prompts = [caption(what, random.Random(number), plain=True) for number, what in enumerate(scenes)]
    made = generate(pipe, prompts, steps, guidance, 1000)
    if shots:
        sheet(made[:24], 8).save(shots)
    same_words = generate(pipe, [prompts[0]] * 16, steps, guidance, 5000)
    true_people = [p for p in dataset.pictures(renders) if p.index % 10 == 0][:60]
    return {
        "portraits": count,
        "steps": steps,
        "guidance": guidance,
        "model": measure(made, scenes, fitted),
        "renders": told | counts,
        "distance_between_seeds": spread(same_words),
        "distance_between_rendered_people": spread([Image.fromarray(dataset.pixels(p)) for p in true_people]),
        "identity_ceiling": ceiling(renders, 1500),
        "identity_with_reference": None,
        "seconds": timing(pipe, steps, guidance),
    }


def evaluate_data(renders: Path) -> dict[str, Any]:
    """The figures of the renders alone, which bound the model's: needs no checkpoint."""
    _, told, counts = fit_probes(renders, 3000)
    return {"renders": told | counts, "identity_ceiling": ceiling(renders, 3000)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.evaluate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--data", action="store_true", help="measure the renders alone")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--guidance", type=float, default=0.0)
    parser.add_argument("--sheet", type=Path, default=None, help="save 24 portraits here")
    given = parser.parse_args()
    renders = given.renders or dataset.work() / "renders"
    if given.data:
        found = evaluate_data(renders)
    else:
        found = evaluate(given.checkpoint, renders, given.count, given.steps, given.guidance, given.sheet)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
