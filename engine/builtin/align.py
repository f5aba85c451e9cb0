"""Puts the eyes of all rendered portraits of one framing in the same two places: `python -m engine.builtin.align`.

Where features are is then no chance that patches of a picture must agree on, so that faces are learned sooner (the way
of FFHQ: Karras et al. 2019, "A style-based generator architecture for generative adversarial networks"). A picture is
turned, scaled and moved as a whole; what comes in over its edge is mirrored.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine import identity
from engine.builtin import dataset
from engine.builtin.scenes import LOOKS

Array = npt.NDArray[np.float64]
PAD_PX = 48
"""How far over the edge a picture is mirrored."""
Kind = tuple[tuple[int, int], str]


def _eyes(picture: dataset.Picture) -> tuple[int, identity.Point, identity.Point] | None:
    with Image.open(picture.path) as image:
        found = identity.eyes(image)
    return None if found is None else (picture.index // LOOKS, *found)


def similarity(eyes: Array, wanted: Array) -> Array:
    """The 2 × 3 matrix that turns, scales and moves `wanted` onto `eyes`, each (2, 2) points in pixels."""
    a, b = eyes[1] - eyes[0], wanted[1] - wanted[0]
    turn = complex(*a) / complex(*b)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.concatenate([matrix, (eyes.mean(0) - matrix @ wanted.mean(0))[:, None]], 1)


def moved(image: Image.Image, eyes: Array, wanted: Array) -> Image.Image:
    """The picture with its eyes where they are wanted."""
    pixels = np.pad(np.asarray(image.convert("RGB")), ((PAD_PX, PAD_PX), (PAD_PX, PAD_PX), (0, 0)), mode="reflect")
    matrix = similarity(eyes + PAD_PX, wanted)
    return Image.fromarray(pixels).transform(
        image.size, Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BICUBIC
    )


def _write(job: tuple[Path, Path, Array, Array]) -> None:
    source, target, eyes, wanted = job
    with Image.open(source) as image:
        partial = target.with_suffix(".part")
        moved(image, eyes, wanted).save(partial, "PNG")
        partial.rename(target)


def align(renders: Path, out: Path, jobs: int) -> int:
    """Writes every picture of a sitting with one face, aligned, and what was measured of faces; returns how many.

    Eyes come to where they are in the median of their kind, level and in the middle: mirror images are aligned too.
    """
    out.mkdir(parents=True, exist_ok=True)
    every = [p for held_out in (False, True) for p in dataset.pictures(renders, held_out)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        seen = pool.map(_eyes, [p for p in every if p.index % LOOKS == 0], chunksize=16)
        eyes = {found[0]: np.array(found[1:]) for found in seen if found}
        kinds: dict[Kind, list[Array]] = {}
        for picture in every:
            if picture.index // LOOKS in eyes:
                what = picture.scene
                kinds.setdefault((what.size, what.framing), []).append(eyes[picture.index // LOOKS] * what.size)
        wanted = {kind: _median(np.array(found), kind[0][0]) for kind, found in kinds.items()}
        work = [
            (picture.path, out / picture.path.name, found * what.size, wanted[what.size, what.framing])
            for picture in every
            if (found := eyes.get(picture.index // LOOKS)) is not None and (what := picture.scene)
        ]
        pool.map(_write, work, chunksize=32)
    for name in ("crops.npz", "faceless.npy"):
        if (renders / name).exists():
            shutil.copy(renders / name, out / name)
    return len(work)


def _median(eyes: Array, width: int) -> Array:
    """Two level points about the middle, (2, 2), from pairs of eyes (N, 2, 2), all in pixels."""
    apart = float(np.median(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=-1)))
    height = float(np.median(eyes[..., 1]))
    return np.array([[width / 2 - apart / 2, height], [width / 2 + apart / 2, height]])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.align", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    renders = given.renders or dataset.work() / "renders"
    print(f"{align(renders, given.out or dataset.aligned(), given.jobs)} pictures aligned")


if __name__ == "__main__":
    main()
