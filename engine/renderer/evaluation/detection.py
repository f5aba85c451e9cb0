"""Faces by dlib: its usual detector first, for faces that fill a picture the same with room round it, then its network.

dlib and its weights are an extra (`identity`); nothing of it is loaded before the first picture.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.faces import identity

Picture = npt.NDArray[np.uint8]

MARGIN: Final = 0.35
"""Room round a picture, as a share of its width."""
_FILLS: Final = 0.6
"""A face this wide, as a share of the picture, has room put round it, or its box and points are guesses."""
_DOUBTFUL: Final = 0.1
"""Of dlib's scores: in 40 practice pictures the face's is above 0.17, and folds and waves reach 0.05."""
_NETWORK_PX: Final = (128, 216, 384)
"""The picture's short side before dlib's network, which sees faces of 40 pixels and more and takes a second for every
megapixel: first for faces that fill a picture, then for smaller ones."""
_LEAST_SIDE_PX: Final = 512
"""dlib's usual detector looks for faces of 80 pixels and more: smaller pictures are enlarged."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face: its five points (5, 2) in pixels, the 128 float32 that tell people apart, and how it was found.

    `how` is "plain", "margin" (dlib's usual detector with room round the picture) or "network".
    """

    points: npt.NDArray[np.float64]
    embedding: bytes
    how: str
    outline: npt.NDArray[np.float64]
    """The usual 68 points (68, 2): jaw, brows, nose, eyes, lips."""


def faces(picture: Picture) -> tuple[FoundFace, ...]:
    """The faces of a picture (H, W, 3), the largest first. Raises RuntimeError when dlib is missing."""
    if why := identity.missing():
        raise RuntimeError(f"Faces cannot be looked for: {why}. Install it: {identity.INSTALL}.")
    enlarged = max(1.0, _LEAST_SIDE_PX / min(picture.shape[:2]))
    pixels = picture if enlarged == 1 else _scaled(picture, enlarged)
    room = round(MARGIN * pixels.shape[1])
    padded = np.pad(pixels, ((room, room), (room, room), (0, 0)), mode="edge")
    found: tuple[FoundFace, ...] = ()
    for how, where, margin in (("plain", pixels, 0), ("margin", padded, room), ("network", padded, room)):
        boxes = _by_network(where) if how == "network" else _by_gradients(where)
        if boxes:
            boxes.sort(key=lambda box: -box.area())
            found = tuple(_found(where, box, margin, enlarged, how) for box in boxes)
        if found and (how != "plain" or boxes[0].width() < _FILLS * pixels.shape[1]):
            break
    return found


def _found(pixels: Picture, box: Any, margin: int, enlarged: float, how: str) -> FoundFace:
    _, five, describer, _, all_points = _tools()
    shape = five(pixels, box)
    points, outline = (
        np.array([(part.x - margin, part.y - margin) for part in found.parts()], float) / enlarged
        for found in (shape, all_points(pixels, box))
    )
    return FoundFace(points, array("f", describer.compute_face_descriptor(pixels, shape)).tobytes(), how, outline)


def _by_gradients(pixels: Picture) -> list[Any]:
    """What dlib's usual detector takes for faces; the doubtful only where nothing else is."""
    boxes, scores, _ = _tools()[0].run(pixels, 0, 0.0)
    sure = [box for box, score in zip(boxes, scores, strict=True) if score > _DOUBTFUL]
    return sure or list(boxes)


def _by_network(pixels: Picture) -> list[Any]:
    import dlib

    for short_px in _NETWORK_PX:
        scale = short_px / min(pixels.shape[:2]) * (1 + 2 * MARGIN)
        found = _tools()[3](_scaled(pixels, scale), 0)
        sides = [[round(side / scale) for side in _sides(each.rect)] for each in found if each.confidence > 0.5]
        if sides:
            return [dlib.rectangle(*side) for side in sides]
    return []


def _sides(box: Any) -> tuple[int, int, int, int]:
    return box.left(), box.top(), box.right(), box.bottom()


def _scaled(picture: Picture, scale: float) -> Picture:
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


@lru_cache(maxsize=1)
def _tools() -> tuple[Any, Any, Any, Any, Any]:
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(identity.weights("shape_predictor_5_face_landmarks.dat")),
        dlib.face_recognition_model_v1(identity.weights("dlib_face_recognition_resnet_model_v1.dat")),
        dlib.cnn_face_detection_model_v1(identity.weights("mmod_human_face_detector.dat")),
        dlib.shape_predictor(identity.weights("shape_predictor_68_face_landmarks.dat")),
    )
