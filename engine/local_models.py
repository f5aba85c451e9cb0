"""Catalogue entries for models on this machine: the built-in one and any diffusers folder or hub id.

Reads the small JSON files of a model folder, never its weights.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

from engine import face_adapter, identity
from engine.catalogue import BUILTIN_ID, CatalogueError, Model, Offload, Precision
from engine.prompt import ASPECTS
from engine.published import EDITORS, GRID_PX, OF_PIPELINES, UNKNOWN, Published, published

_NOT_IN_IDS = re.compile(r"[^a-z0-9._-]+")
CARD = "likeness.json"
"""A model folder of ours has this file: how the model is meant to be used."""

TRAINED_FOLDER = Path(__file__).parent / "builtin" / "checkpoint"
UNTRAINED_NOTE = "This model is untrained, so its pictures are noise."


@dataclass(frozen=True, slots=True)
class Card:
    """How a model of ours is meant to be used. `size` is (width, height) in pixels at 2:3.

    `max_sequence_length` is how many T5 tokens the model was trained with (0 without T5); `reference_scale` and
    `drawn_scale` how strongly its IP-Adapter is to be attended to, for a face that is given and for one that is drawn.
    """

    trained: bool = False
    steps: int = 24
    guidance: float = 3.0
    size: tuple[int, int] = (128, 192)
    version: str = ""
    max_sequence_length: int = 0
    reference_scale: float = 1.0
    drawn_scale: float = 1.0


def builtin_model(folder: Path) -> Model:
    """The model that ships with the bot: the trained checkpoint, else the untrained one kept in `folder`."""
    card = read_card(TRAINED_FOLDER)
    trained = card is not None and card.trained
    card = card if card and trained else Card()
    return Model(
        id=BUILTIN_ID,
        title="Built-in",
        provider="local",
        family="builtin",
        best_for="portraits without a GPU, in seconds",
        catch="small pictures" if trained else "untrained: its pictures are noise",
        sizes=sizes(card.size[0] * card.size[1]),
        steps=card.steps,
        guidance=card.guidance,
        references=1 if trained and _holds_faces(TRAINED_FOLDER) else 0,
        reference_scale=card.reference_scale,
        edits=True,
        source=str(TRAINED_FOLDER if trained else folder),
        pipeline="StableDiffusion3Pipeline",
        note="" if trained else UNTRAINED_NOTE,
        memory_gib=0.3,
        licence="MIT",
    )


def local_model(entry: str) -> Model:
    """The model of one setting, "folder-or-hub-id=Title;option=value;…". Raises CatalogueError."""
    named, *options = [part.strip() for part in entry.split(";")]
    source, _, title = (part.strip() for part in named.partition("="))
    if not source:
        raise CatalogueError(f"{entry!r} names no model: write folder-or-hub-id=Title.")
    return _with_options(model_of(source, title), options, entry)


def model_of(source: str, title: str = "", pipeline: str = "") -> Model:
    """What is known of the model in this folder or of this hub id; `pipeline` where it is told.

    Raises CatalogueError.
    """
    folder = Path(source)
    known = published(source)
    title = title or known.title or folder.name
    model_id = _NOT_IN_IDS.sub("-", title.lower()).strip("-")
    if not model_id:
        raise CatalogueError(f"{source}={title} names no model: its title needs a letter or a digit.")
    card = read_card(folder)
    found = pipeline or str(_read_json(folder / "model_index.json").get("_class_name") or known.pipeline)
    if found != known.pipeline:
        known = replace(OF_PIPELINES.get(found, UNKNOWN), pipeline=found)
    model = _published(model_id, title, source, known)
    return _with_card(model, card) if card else model


def takes_pictures(model: Model) -> bool:
    """Whether pictures go in as the pipeline's own `image`, which is the same for a whole call."""
    return model.references > 0 and model.pipeline not in EDITORS


def can_edit(model: Model) -> bool:
    """Whether there is a way to change a picture with this model's pipeline."""
    return model.edits and (takes_pictures(model) or model.pipeline in EDITORS)


def read_card(folder: Path) -> Card | None:
    """The card in a model folder; None when there is none or it cannot be read."""
    values = _read_json(folder / CARD)
    if not values:
        return None
    known = {field.name for field in fields(Card)}
    card = Card(**{name: value for name, value in values.items() if name in known})
    return replace(card, size=(int(card.size[0]), int(card.size[1])))


def sizes(area_px: int, grid_px: int = GRID_PX) -> Mapping[str, tuple[int, int]]:
    """For each aspect the (width, height) on the grid that keeps its shape best near this area."""
    return MappingProxyType({aspect: _nearest_size(aspect, area_px, grid_px) for aspect in ASPECTS})


def _nearest_size(aspect: str, area_px: int, grid_px: int) -> tuple[int, int]:
    across, down = (int(part) for part in aspect.split(":"))
    cells = range(1, 2 * math.isqrt(area_px * 2) // grid_px + 1)

    def error(size: tuple[int, int]) -> float:
        width, height = size
        shape = abs(math.log(width * down / (height * across)))
        return 3 * shape + abs(math.log(width * height / area_px))

    near = [(width * grid_px, height * grid_px) for width in cells for height in _heights(width * down / across)]
    return min(near, key=error)


def _heights(exact: float) -> set[int]:
    return {max(1, math.floor(exact)), math.ceil(exact)}


def _published(model_id: str, title: str, source: str, known: Published) -> Model:
    return Model(
        id=model_id,
        title=title,
        provider="local",
        family=known.family,
        best_for=known.best_for,
        catch=known.catch,
        sizes=sizes(known.side_px * known.side_px),
        steps=known.steps,
        guidance=known.guidance,
        negative=known.negative,
        references=known.references,
        edits=known.edits,
        needs_picture=known.needs_picture,
        writes_text=known.writes_text,
        source=source,
        pipeline=known.pipeline,
        memory_gib=known.memory_gib,
        licence=known.licence,
    )


def _holds_faces(folder: Path) -> bool:
    """Whether the model comes with an adapter that can be told faces here."""
    adapter = folder / "ip_adapter"
    return adapter.is_dir() and not ((adapter / face_adapter.FILE).exists() and identity.missing())


def _with_card(model: Model, card: Card) -> Model:
    return replace(
        model,
        family="builtin",
        pipeline="StableDiffusion3Pipeline",
        best_for="portraits without a GPU, in seconds",
        catch="small pictures" if card.trained else "untrained: its pictures are noise",
        sizes=sizes(card.size[0] * card.size[1]),
        steps=card.steps,
        guidance=card.guidance,
        references=1 if _holds_faces(Path(model.source)) else 0,
        reference_scale=card.reference_scale,
        edits=True,
        note="" if card.trained else UNTRAINED_NOTE,
    )


def _with_options(model: Model, options: list[str], entry: str) -> Model:
    for option in options:
        name, _, value = (part.strip() for part in option.partition("="))
        try:
            model = _with_option(model, name, value)
        except ValueError:
            raise CatalogueError(
                f"{option!r} in {entry!r} cannot be understood: precision is one of "
                f"{', '.join(get_args(Precision))}; offload one of {', '.join(get_args(Offload))}; "
                "memory_gib, guidance and steps are numbers."
            ) from None
    return model


def _with_option(model: Model, name: str, value: str) -> Model:
    if name == "precision" and value in get_args(Precision):
        return replace(model, precision=cast(Precision, value))
    if name == "offload" and value in get_args(Offload):
        return replace(model, offload=cast(Offload, value))
    if name == "memory_gib":
        return replace(model, memory_gib=float(value))
    if name == "guidance":
        return replace(model, guidance=float(value))
    if name == "steps":
        return replace(model, steps=max(1, int(value)))
    raise ValueError(name)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
