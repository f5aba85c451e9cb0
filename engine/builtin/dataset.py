"""The rendered pictures as training data: which there are, their scenes, their pixels and their latents."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.builtin.captions import caption
from engine.builtin.scenes import PER_PERSON, Scene, mirrored, scene

Pixels = npt.NDArray[np.uint8]
FACE = {"close-up": (0.50, 0.27), "head and shoulders": (0.36, 0.17)}
"""Where the face is in a picture, by framing: height of its middle and half its height, as fractions."""


def work() -> Path:
    """Where renders, latents and training states are kept: LIKENESS_BUILTIN_WORK, or the user's cache."""
    return Path(os.environ.get("LIKENESS_BUILTIN_WORK", Path.home() / ".cache" / "likeness" / "builtin"))


def aligned() -> Path:
    """The folder of renders whose eyes are in the same places (`align`): what the transformer learns from."""
    return work() / "aligned"


@dataclass(frozen=True)
class Picture:
    """A rendered picture and what it shows."""

    index: int
    path: Path

    @property
    def scene(self) -> Scene:
        """Its parameters."""
        return scene(self.index // PER_PERSON, self.index % PER_PERSON)

    @property
    def held_out(self) -> bool:
        """Whether its person is kept from training."""
        return self.scene.person.held_out


def pictures(folder: Path, held_out: bool = False) -> list[Picture]:
    """The finished pictures of people that training may (or, held out, may not) see."""
    found = [Picture(int(path.stem), path) for path in sorted(folder.glob("*.png"))]
    return [picture for picture in found if picture.held_out == held_out]


def pixels(picture: Picture) -> Pixels:
    """Its pixels, (height, width, 3)."""
    with Image.open(picture.path) as image:
        return np.asarray(image.convert("RGB"))


def words(picture: Picture, rng: random.Random, flipped: bool) -> str:
    """A caption of the picture, or of its mirror image."""
    what = picture.scene
    return caption(mirrored(what) if flipped else what, rng)
