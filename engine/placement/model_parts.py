"""How large the parts of a model are, and the shape of its denoiser: from its files, or as it was published."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.models.model import Model
from engine.models.published import EDITORS
from engine.models.weights import BadWeights, folder_of, part_shapes
from engine.placement.known import known_parts
from engine.placement.sizes import GIB, Denoiser, ModelPart, ModelParts

DENOISERS: Final = ("transformer", "unet")
_DOUBLED: Final = ("StableDiffusion", "ZImage")
_MARGIN_GIB: Final = 2.0
"""What of a told `memory_gib` is for one picture and not for weights."""


def parts_of(model: Model) -> ModelParts | None:
    """The model's parts: as its files on this machine have them, else as published, else as the operator told it.

    None where nothing is known: a model that was never downloaded and that nobody said anything of.
    """
    return _from_files(model) or known_parts(model.source) or _told(model)


def _from_files(model: Model) -> ModelParts | None:
    folder = folder_of(model.source)
    if folder is None:
        return None
    parts = [ModelPart(place.name, count) for place in sorted(folder.iterdir()) if (count := _elements(folder, place))]
    denoiser = next((part for part in parts if part.name in DENOISERS), None)
    if denoiser is None:
        return None
    return ModelParts(tuple(parts), _denoiser(model, folder, denoiser.name), "its files")


def _elements(folder: Path, place: Path) -> int:
    """How many numbers the weights in this subfolder have; 0 where there are none that can be read."""
    if not place.is_dir():
        return 0
    try:
        return sum(math.prod(shape) for shape in part_shapes(str(folder), place.name).values())
    except BadWeights:
        return 0  # loading says what is wrong with it


def _denoiser(model: Model, folder: Path, name: str) -> Denoiser:
    config = _read(folder / name / "config.json")
    wide = _whole(config.get("dim")) or _whole(config.get("attention_head_dim")) * _whole(
        config.get("num_attention_heads")
    )
    if name == "unet":
        widths = config.get("block_out_channels")
        first = _whole(widths[0]) if isinstance(widths, list) and widths else 320
        blocks = len(widths) if isinstance(widths, list) else 4
        return Denoiser(name, width=first, cell_px=8, text_tokens=77, blocks=blocks, doubled=True)
    layers = sum(_whole(config.get(key)) for key in ("num_layers", "num_single_layers", "n_layers"))
    doubled = model.pipeline.startswith(_DOUBLED)
    return Denoiser(name, width=wide or 3072, cell_px=16, text_tokens=512, blocks=max(1, layers), doubled=doubled)


def _told(model: Model) -> ModelParts | None:
    """Of a model of which only the memory is told: one large denoiser, since no part of it is known to be smaller."""
    weights_gib = model.memory_gib - _MARGIN_GIB
    if weights_gib <= 0:
        return None
    doubled = model.pipeline.startswith(_DOUBLED) or model.pipeline not in EDITORS
    denoiser = Denoiser("transformer", width=3072, cell_px=16, text_tokens=512, blocks=1, doubled=doubled)
    return ModelParts((ModelPart("transformer", int(weights_gib * GIB / 2)),), denoiser, "memory_gib")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _read(file: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
