"""Faces in pictures as training and its measures want them; `engine.identity` finds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine import identity

Embedding = npt.NDArray[np.float64]


def find(picture: Image.Image) -> list[identity.Box]:
    """Every face dlib's frontal detector finds: left, top, right, bottom as fractions of the picture."""
    return identity.boxes(picture)


def embed(picture: Image.Image) -> Embedding | None:
    """The embedding of the picture's largest face, or None where no face is found."""
    found = identity.look(picture)
    return np.frombuffer(found[0].embedding, np.float32).astype(float) if found else None
