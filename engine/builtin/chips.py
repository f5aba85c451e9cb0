"""Chips of faces as dlib embeds them: turned, scaled and moved by five points. `python -m engine.builtin.chips`.

The points of the pictures are found once, by dlib, and kept beside them.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from engine import identity
from engine.builtin import crops, dataset, embedder
from engine.builtin.embedder import CHIP_PX
from engine.builtin.scenes import LOOKS

Array = npt.NDArray[np.float32]
_PADDING = 0.25
_MEAN_FACE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Where dlib's five points are in a chip without padding (`get_face_chip_details`), as fractions of it."""


def cut(images: Tensor, points: Tensor) -> Tensor:
    """Chips (B, 3, CHIP_PX, CHIP_PX) of images (B, 3, h, w) with faces at points (B, 5, 2), fractions of the image."""
    size = torch.tensor(images.shape[:-3:-1], dtype=torch.float32)
    found = torch.view_as_complex((points * size).contiguous())
    mean_face = (torch.tensor(_MEAN_FACE) + _PADDING) / (1 + 2 * _PADDING) * CHIP_PX
    wanted = torch.view_as_complex(mean_face)
    middle, about = wanted.mean(), found.mean(1, keepdim=True)
    turn = ((wanted - middle).conj() * (found - about)).sum(1) / (wanted - middle).abs().pow(2).sum()
    line = torch.arange(CHIP_PX, dtype=torch.float32) + 0.5
    places = torch.complex(*torch.meshgrid(line, line, indexing="xy"))
    source = torch.view_as_real(about[:, :, None] + turn[:, None, None] * (places - middle))
    grid = 2 * source / size - 1
    return functional.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False)


def _points(picture: Image.Image) -> Array | None:
    found = identity.landmarks(picture)
    return None if found is None else np.array(found, np.float32)


def _of_file(picture: dataset.Picture) -> tuple[int, Array | None]:
    with Image.open(picture.path) as image:
        return picture.index, _points(image)


def _of_crop(numbered: tuple[int, npt.NDArray[np.uint8]]) -> tuple[int, Array | None]:
    return numbered[0], _points(Image.fromarray(numbered[1]))


def read(renders: Path, name: str) -> dict[int, Array]:
    """Five points (5, 2) by the number of a sitting's first look: in "pictures" or in their "crops"."""
    path = renders / f"points-{name}.npz"
    if not path.exists():
        return {}
    with np.load(path) as held:
        return dict(zip(held["numbers"].tolist(), held["points"], strict=True))


def measure(renders: Path, jobs: int = 1) -> int:
    """Finds the points of the sittings that are new, and keeps all; returns how many there are."""
    every = [p for held_out in (False, True) for p in dataset.pictures(renders, held_out) if p.index % LOOKS == 0]
    cuts = {number: pixels for number, pixels in crops.read(renders).pixels.items() if number % LOOKS == 0}
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for name, look, work in (
            ("pictures", _of_file, {picture.index: picture for picture in every}),
            ("crops", _of_crop, {number: (number, pixels) for number, pixels in cuts.items()}),
        ):
            known = read(renders, name)
            new = [one for number, one in work.items() if number not in known]
            known |= {n: found for n, found in pool.map(look, new, chunksize=16) if found is not None}  # type: ignore[arg-type]
            np.savez(
                renders / f"points-{name}.npz",
                numbers=np.array(list(known)),
                points=np.array(list(known.values()), np.float32).reshape(-1, 5, 2),
            )
    embed_mirrored(renders)
    return len(known)


def flipped(points: Tensor) -> Tensor:
    """The points (B, 5, 2) of the mirror images: the eyes change places."""
    return torch.stack([1 - points[..., 0], points[..., 1]], -1)[:, [2, 3, 0, 1, 4]]


def images(cuts: Sequence[npt.NDArray[np.uint8]]) -> Tensor:
    """(B, 3, h, w) in −1…1 of pictures (h, w, 3)."""
    return torch.from_numpy(np.stack(cuts)).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def embed_mirrored(renders: Path) -> None:
    """Measures the embeddings of the mirror images of all first looks' crops that are new."""
    known, points = crops.read(renders), read(renders, "crops")
    embed = embedder.load()
    new = [number for number in points if number in known.pixels and number not in known.mirrored]
    for start in range(0, len(new), 32):
        part = new[start : start + 32]
        turned = images([known.pixels[number] for number in part]).flip(-1)
        placed = flipped(torch.from_numpy(np.stack([points[number] for number in part])))
        known.mirrored.update(zip(part, embed(cut(turned, placed)).numpy(), strict=True))
    numbers = list(known.mirrored)
    np.savez(
        renders / crops.MIRRORED, numbers=np.array(numbers), embeddings=np.array([known.mirrored[n] for n in numbers])
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.chips", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    print(f"points of {measure(given.renders or dataset.aligned(), given.jobs)} crops")


if __name__ == "__main__":
    main()
