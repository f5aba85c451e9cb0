"""Face crops and embeddings of the rendered pictures, measured once and kept beside them.

A crop is what the reference encoder sees; the mean embedding of a person is what it is taught to tell.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.builtin import dataset, faces
from engine.builtin.scenes import PER_PERSON

SIDE_PX = 80
"""The side of the square that the reference encoder reads."""
MARGIN_PX = 8
"""How much more is kept on each side, so that training can shift and scale the crop."""
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
    """Crops (N, side, side, 3) and embeddings (N, 128) by picture number, of pictures with exactly one face."""

    pixels: dict[int, npt.NDArray[np.uint8]]
    embeddings: dict[int, npt.NDArray[np.float32]]

    def of_person(self, seed: int) -> list[int]:
        """The person's pictures with a crop."""
        first = seed * PER_PERSON
        return [index for index in range(first, first + PER_PERSON) if index in self.pixels]


def read(renders: Path) -> Crops:
    """What has been measured so far."""
    path = renders / "crops.npz"
    if not path.exists():
        return Crops({}, {})
    with np.load(path) as held:
        numbers = held["numbers"].tolist()
        return Crops(
            dict(zip(numbers, held["pixels"], strict=True)), dict(zip(numbers, held["embeddings"], strict=True))
        )


def measure(renders: Path) -> Crops:
    """Measures the pictures that are new, and keeps all."""
    known = read(renders)
    missed = set(np.load(renders / "faceless.npy").tolist()) if (renders / "faceless.npy").exists() else set[int]()
    whole = SIDE_PX + 2 * MARGIN_PX
    for picture in dataset.pictures(renders) + dataset.pictures(renders, held_out=True):
        if picture.index in known.pixels or picture.index in missed:
            continue
        with Image.open(picture.path) as image:
            found = faces.find(image)
            embedding = faces.embed(image) if len(found) == 1 else None
            if embedding is None:
                missed.add(picture.index)
                continue
            cut = crop(image, found[0], whole, REACH * whole / SIDE_PX)
            known.pixels[picture.index] = np.asarray(cut)
            known.embeddings[picture.index] = embedding.astype(np.float32)
    numbers = sorted(known.pixels)
    np.savez(
        renders / "crops.npz",
        numbers=np.array(numbers),
        pixels=np.stack([known.pixels[n] for n in numbers]),
        embeddings=np.stack([known.embeddings[n] for n in numbers]),
    )
    np.save(renders / "faceless.npy", np.array(sorted(missed), dtype=np.int64))
    return known


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.crops", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None)
    found = measure(parser.parse_args().renders or dataset.work() / "renders")
    print(f"{len(found.pixels)} pictures with one face")


if __name__ == "__main__":
    main()
