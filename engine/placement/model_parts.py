"""How large the parts of a model are, and the shape of its denoiser: from its files, or as it was published."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.models.file_configs import configs_of
from engine.models.lone_denoisers import own_tensors
from engine.models.model import Model
from engine.models.published import EDITORS
from engine.models.single_files import is_single_file, kind_of, part_tensors
from engine.models.weights import BadWeights, folder_of, part_shapes, shapes
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
    return _from_one_file(model) or _from_files(model) or known_parts(model.source) or _told(model)


def _from_files(model: Model) -> ModelParts | None:
    folder = folder_of(model.source)
    if folder is None:
        return None
    places = sorted(folder.iterdir())
    parts = [ModelPart(place.name, count) for place in places if (count := _elements(model, folder, place))]
    denoiser = next((part for part in parts if part.name in DENOISERS), None)
    if denoiser is None:
        return None
    return ModelParts(tuple(parts), _denoiser(model, folder, denoiser.name), "its files")


def _from_one_file(model: Model) -> ModelParts | None:
    if not is_single_file(model.source):
        return None
    try:
        tensors = shapes(Path(model.source))
        kind = kind_of(tensors)
        configs = configs_of(kind, tensors)
    except BadWeights:
        return None  # loading says what is wrong with it
    counted = {
        name: sum(math.prod(shape) for shape in own.values()) for name, own in part_tensors(kind, tensors).items()
    }
    name = next(part for part in DENOISERS if part in counted)
    parts = tuple(ModelPart(part, count) for part, count in counted.items())
    return ModelParts(parts, _shaped(model, name, configs[name]), "its file")


def _elements(model: Model, folder: Path, place: Path) -> int:
    """How many numbers the weights of the part in this subfolder have; 0 where there are none that can be read."""
    if not place.is_dir():
        return 0
    try:
        alone = bool(model.denoiser) and place.name in DENOISERS
        told = own_tensors(shapes(Path(model.denoiser))) if alone else part_shapes(str(folder), place.name)
        return sum(math.prod(shape) for shape in told.values())
    except BadWeights:
        return 0  # loading says what is wrong with it


def _denoiser(model: Model, folder: Path, name: str) -> Denoiser:
    return _shaped(model, name, _read(folder / name / "config.json"))


def _shaped(model: Model, name: str, config: Mapping[str, Any]) -> Denoiser:
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
