"""A safety checker of diffusers from a local folder, as the classifier: `StableDiffusionSafetyChecker` beside CLIP.

It runs on the processor, in the thread of whoever asks: the pictures it gets were encoded by the bot itself. Weights
are safetensors, no code comes with them, and nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PIL import Image

from engine.safety.not_scored import NotScored
from engine.safety.onnx_card import BadCard

_KIND: Final = "StableDiffusionSafetyChecker"
_FILES: Final = ("model.safetensors", "preprocessor_config.json")
_PACKAGES: Final = ("torch", "diffusers", "transformers", "safetensors")
_SPREAD: Final = 0.02
"""The checker's own steps: a picture near one of its special concepts is judged by so much more, twice."""


def check_folder(folder: Path) -> None:
    """Raises BadCard where the folder holds no safety checker, or what runs it is not installed."""
    try:
        kinds = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError):
        raise BadCard(f"{folder.name} has no config.json that can be read") from None
    if _KIND not in kinds:
        raise BadCard(f"{folder.name} is no {_KIND} of diffusers, and no other kind of folder is run")
    for name in _FILES:
        if not (folder / name).is_file():
            raise BadCard(f"{name} is missing in {folder.name}")
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise BadCard(f'{package} is not installed; .venv/bin/pip install -e ".[local]" brings it')


class SafetyChecker:
    """Scores pictures by a checker's folder; read when it is first asked, one picture at a time."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder.absolute()
        self._lock = threading.Lock()
        self._margin: Callable[[Image.Image], float] | None = None

    def score(self, picture: bytes) -> float:
        """0 to 1; 0.5 is where the checker itself draws its line. Raises NotScored."""
        try:
            with self._lock, Image.open(io.BytesIO(picture)) as opened:
                self._margin = self._margin or _margin_of(self._folder)
                found = self._margin(opened.convert("RGB"))
        except Exception as error:  # whatever the libraries please
            raise NotScored(f"{self.name} gave no score ({type(error).__name__}: {error})"[:300]) from error
        if not math.isfinite(found):
            raise NotScored(f"{self.name} gave no number")
        return 1 / (1 + math.exp(-max(-80.0, min(80.0, found / _SPREAD))))


def _margin_of(folder: Path) -> Callable[[Image.Image], float]:
    """A function that says by how much a picture (RGB) is nearer to one of the checker's concepts than it may be.

    As in diffusers' `safety_checker.py`: the cosine to each concept less the concept's own threshold, and 0.01 more
    when one of its special concepts is near.
    """
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

    checker: Any = StableDiffusionSafetyChecker.from_pretrained(folder, use_safetensors=True, local_files_only=True)
    checker = checker.float().eval()
    processor: Any = CLIPImageProcessor.from_pretrained(folder, local_files_only=True)

    def nearness(embedding: Any, concepts: Any, thresholds: Any) -> Any:
        return torch.nn.functional.cosine_similarity(embedding, concepts) - thresholds

    @torch.inference_mode()
    def margin(picture: Image.Image) -> float:
        pixels = processor(images=picture, return_tensors="pt").pixel_values
        embedding = checker.visual_projection(checker.vision_model(pixels)[1])
        special = nearness(embedding, checker.special_care_embeds, checker.special_care_embeds_weights)
        concepts = nearness(embedding, checker.concept_embeds, checker.concept_embeds_weights)
        return float(concepts.max()) + (0.01 if bool((special > 0).any()) else 0.0)

    return margin
