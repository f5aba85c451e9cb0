"""What a face recogniser sees in a picture: an embedding and 68 points, whatever the size and the place of the face."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.faces import identity

Numbers = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

FACE_PX: Final = 110
"""About how wide a face is looked at."""
_EYES: Final = slice(36, 42), slice(42, 48)


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face: 128 numbers; its 68 points with the middle between the eyes at (0, 0), the eyes level and one apart;
    and the same points in pixels of the picture."""

    embedding: Numbers
    points: Numbers
    pixels: Numbers


def seen(picture: Picture) -> SeenFace | None:
    """The largest face of a picture in which one is about `FACE_PX` wide; None where there is none."""
    detector, five, network = identity._tools()
    found = detector(picture, 0)
    if not found:
        return None
    box = max(found, key=lambda each: each.area())
    embedding = np.array(network.compute_face_descriptor(picture, five(picture, box)))
    pixels = np.array([(part.x, part.y) for part in _all_points()(picture, box).parts()], float)
    return SeenFace(embedding, levelled(pixels), pixels)


def scaled(image: Image.Image) -> Picture:
    """A photograph at the size at which faces are looked at here."""
    for short_px in (240, 480, 720):
        share = short_px / min(image.size)
        small = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)
        found = identity._tools()[0](np.asarray(small), 0)
        if found:
            wide = max(each.width() for each in found)
            share *= FACE_PX / wide
            size = (max(64, round(image.width * share)), max(64, round(image.height * share)))
            return np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    return np.asarray(image.convert("RGB"))


def levelled(pixels: Numbers) -> Numbers:
    """Points moved, turned and scaled so that the eyes are level, one apart, and their middle at (0, 0)."""
    left, right = (pixels[eye].mean(0) for eye in _EYES)
    across = right - left
    apart = float(np.hypot(*across)) or 1.0
    cos, sin = across / apart
    return np.asarray((pixels - (left + right) / 2) @ np.array(((cos, -sin), (sin, cos))) / apart)


@lru_cache(maxsize=1)
def _all_points() -> Any:
    import dlib

    return dlib.shape_predictor(identity.weights("shape_predictor_68_face_landmarks.dat"))


def forget() -> None:
    """Lets go of the large file that only fitting needs."""
    _all_points.cache_clear()
