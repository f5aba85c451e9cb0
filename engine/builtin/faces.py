"""Faces in pictures, by dlib: how many, where, and the 128-number embedding that tells people apart.

dlib's weights come from the `face_recognition_models` package and are loaded by path, because that
package's own import needs a module that setuptools no longer ships.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Embedding = npt.NDArray[np.float64]
SHORT_SIDE_PX = 384
"""Pictures are enlarged to this before detection: dlib looks for faces of 80 pixels and more."""


def _weights(name: str) -> str:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("face_recognition_models is missing: install the `builtin` extra to measure faces.")
    return str(Path(spec.origin).parent / "models" / name)


@lru_cache(maxsize=1)
def _tools() -> tuple[Any, Any, Any]:
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(_weights("shape_predictor_5_face_landmarks.dat")),
        dlib.face_recognition_model_v1(_weights("dlib_face_recognition_resnet_model_v1.dat")),
    )


def _enlarged(picture: Image.Image) -> npt.NDArray[np.uint8]:
    scale = SHORT_SIDE_PX / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def find(picture: Image.Image) -> list[tuple[float, float, float, float]]:
    """Every face dlib's frontal detector finds: left, top, right, bottom as fractions of the picture."""
    pixels = _enlarged(picture)
    height, width = pixels.shape[:2]
    return [
        (r.left() / width, r.top() / height, r.right() / width, r.bottom() / height) for r in _tools()[0](pixels, 0)
    ]


def embed(picture: Image.Image) -> Embedding | None:
    """The embedding of the picture's largest face, or None where no face is found."""
    detector, landmarks, recogniser = _tools()
    pixels = _enlarged(picture)
    found = detector(pixels, 0)
    if not found:
        return None
    largest = max(found, key=lambda r: r.area())
    return np.array(recogniser.compute_face_descriptor(pixels, landmarks(pixels, largest)))
