"""Face crops and embeddings of the rendered pictures, measured once and kept beside them.

An embedding is what a reference is told by; from the crops the mirror images' are measured (`chips`).
"""

from __future__ import annotations

import argparse
import multiprocessing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.builtin import dataset, faces
from engine.builtin.scenes import LOOKS, PER_PERSON

SIDE_PX = 80
"""The side of a crop, in pixels, without its margin."""
MARGIN_PX = 8
"""How much more is kept on each side."""
MIRRORED = "mirrored.npz"
REACH = 1.5
"""Side of the crop over the width of the face that dlib finds."""

Box = tuple[float, float, float, float]


def square(picture: Image.Image, box: Box, reach: float = REACH) -> tuple[int, int, int, int]:
    """The square around a face, in whole pixels; `box` is left, top, right, bottom as fractions of the picture."""
    left, top, right, bottom = box
    side = reach * (right - left) * picture.width
    x, y = (left + right) / 2 * picture.width, (top + bottom) / 2 * picture.height
    return round(x - side / 2), round(y - side / 2), round(x + side / 2), round(y + side / 2)


def crop(picture: Image.Image, box: Box, side_px: int = SIDE_PX, reach: float = REACH) -> Image.Image:
    """The face's square; where it leaves the picture, the edge goes on."""
    left, top, right, bottom = square(picture, box, reach)
    pad = max(0, -left, -top, right - picture.width, bottom - picture.height)
    pixels = np.pad(np.asarray(picture.convert("RGB")), ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    cut = Image.fromarray(pixels[top + pad : bottom + pad, left + pad : right + pad])
    return cut.resize((side_px, side_px), Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Crops:
    """Crops (side, side, 3) by picture number, of sittings with exactly one face; embeddings (128) of first looks.

    A sitting's looks share their face's place, and the distance between two of them says little: only the first counts.
    `mirrored` are embeddings of the mirror images, where `chips` has measured them.
    """

    pixels: dict[int, npt.NDArray[np.uint8]]
    embeddings: dict[int, npt.NDArray[np.float32]]
    mirrored: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)

    def of_person(self, seed: int) -> list[int]:
        """The first looks of the person's sittings, where they have one face."""
        first = seed * PER_PERSON
        return [index for index in range(first, first + PER_PERSON, LOOKS) if index in self.embeddings]

    def looks(self, index: int) -> list[int]:
        """The pictures with a crop of the sitting whose first look this is."""
        return [look for look in range(index, index + LOOKS) if look in self.pixels]


def read(renders: Path) -> Crops:
    """What has been measured so far."""
    path = renders / "crops.npz"
    if not path.exists():
        return Crops({}, {})
    with np.load(path) as held:
        found = Crops(
            dict(zip(held["numbers"].tolist(), held["pixels"], strict=True)),
            dict(zip(held["embedded"].tolist(), held["embeddings"], strict=True)),
        )
    if (renders / MIRRORED).exists():
        with np.load(renders / MIRRORED) as held:
            found.mirrored.update(zip(held["numbers"].tolist(), held["embeddings"], strict=True))
    return found


Seen = tuple[int, dict[int, npt.NDArray[np.uint8]], npt.NDArray[np.float32]]


def _seen(looks: list[dataset.Picture]) -> Seen | int:
    """A sitting's first number, crops by number and embedding; its number alone if it doesn't have exactly one face."""
    with Image.open(looks[0].path) as image:
        found = faces.find(image)
        embedding = faces.embed(image) if len(found) == 1 else None
    if embedding is None:
        return looks[0].index
    whole = SIDE_PX + 2 * MARGIN_PX
    cuts = {}
    for look in looks:
        with Image.open(look.path) as image:
            cuts[look.index] = np.asarray(crop(image, found[0], whole, REACH * whole / SIDE_PX))
    return looks[0].index, cuts, embedding.astype(np.float32)


def measure(renders: Path, jobs: int = 1) -> Crops:
    """Measures the sittings that are new in `jobs` processes, and keeps all."""
    known = read(renders)
    missed = set(np.load(renders / "faceless.npy").tolist()) if (renders / "faceless.npy").exists() else set[int]()
    every = {p.index: p for held_out in (False, True) for p in dataset.pictures(renders, held_out)}
    new = [
        [every[look] for look in range(index, index + LOOKS) if look in every]
        for index in every
        if index % LOOKS == 0 and index not in known.embeddings and index not in missed
    ]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for seen in pool.imap_unordered(_seen, new, chunksize=8):
            if isinstance(seen, int):
                missed.add(seen)
            else:
                known.pixels.update(seen[1])
                known.embeddings[seen[0]] = seen[2]
    np.savez(
        renders / "crops.npz",
        numbers=np.array(list(known.pixels)),
        pixels=np.stack(list(known.pixels.values())),
        embedded=np.array(list(known.embeddings)),
        embeddings=np.stack(list(known.embeddings.values())),
    )
    np.save(renders / "faceless.npy", np.array(sorted(missed), dtype=np.int64))
    return known


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.crops", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    found = measure(given.renders or dataset.work() / "renders", given.jobs)
    print(f"{len(found.pixels)} pictures of {len(found.embeddings)} sittings with one face")


if __name__ == "__main__":
    main()
