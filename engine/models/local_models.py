"""Catalogue entries for models that run with diffusers on this machine: any folder or hub id.

Reads the small JSON files of a model folder, never its weights.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast, get_args

from engine.models.lone_denoisers import LoneDenoiser, lone_denoiser_at, source_of_rest
from engine.models.model import CatalogueError, Model, Offload, Precision
from engine.models.published import EDITORS, GRID_PX, OF_PIPELINES, UNKNOWN, Published, published
from engine.models.samplers import NAMES, SAMPLED, sampler_called
from engine.models.single_files import LacksParts, is_single_file, kind_at
from engine.models.speed_options import OPTIONS, check_tuning, tuned
from engine.models.weights import BadWeights, folder_of
from engine.prompt import ASPECTS
from engine.sayings import worded

_NOT_IN_IDS = re.compile(r"[^a-z0-9._-]+")
ADAPTER: Final = "ip_adapter"
"""The folder of an IP-Adapter, in the model's own."""
COMPRESSED: Final = frozenset({"fp8", "int8", "nf4"})
"""Precisions that keep the denoiser's weights smaller than it works with."""
STREAMING: Final = frozenset({"group", "sequential"})
"""Offloads that bring the denoiser's weights to the card during every step."""


def local_model(entry: str) -> Model:
    """The model of one setting, "folder-or-hub-id=Title;option=value;…". Raises CatalogueError."""
    named, *options = [part.strip() for part in entry.split(";")]
    source, _, title = (part.strip() for part in named.partition("="))
    if not source:
        raise CatalogueError(f"{entry!r} names no model: write folder-or-hub-id=Title.")
    parts = [option for option in options if option.partition("=")[0].strip() == "parts"]
    rest = parts[-1].partition("=")[2].strip() if parts else ""
    others = [option for option in options if option not in parts]
    return _with_options(model_of(source, title, parts=rest), others, entry)


def model_of(source: str, title: str = "", pipeline: str = "", parts: str = "") -> Model:
    """What is known of the model in this folder or file, or of this hub id; `pipeline` where it is told.

    `parts` is the model that has what a file with a denoiser alone lacks. Raises CatalogueError.
    """
    lone = _lone_denoiser(source) if is_single_file(source) else None
    if lone is not None:
        return _with_denoiser(source, lone, title, pipeline, parts)
    if parts:
        raise CatalogueError(f"parts={parts} is for a file with a denoiser alone, and {source} is none: leave it out.")
    known = published(source)
    folder = folder_of(source) or Path(source)
    one_file = is_single_file(source)
    title = title or known.title or (Path(source).stem if one_file else Path(source).name)
    model_id = _NOT_IN_IDS.sub("-", title.lower()).strip("-")
    if not model_id:
        raise CatalogueError(f"{source}={title} names no model: its title needs a letter or a digit.")
    found = pipeline or str(_read_json(folder / "model_index.json").get("_class_name") or known.pipeline)
    if one_file:
        known, found = _in_one_file(source, found)
    elif found != known.pipeline:
        known = replace(OF_PIPELINES.get(found, UNKNOWN), pipeline=found)
    if known.unfit:
        raise CatalogueError(f"{source} cannot be offered: {known.unfit}.")
    if not known.references and holds_a_face(folder):
        known = replace(known, references=1)
    return _published(model_id, title, source, known)


def _lone_denoiser(source: str) -> LoneDenoiser | None:
    """The kind of the denoiser that is alone in a file. Raises CatalogueError."""
    try:
        kind_at(Path(source))
    except LacksParts as error:
        try:
            lone = lone_denoiser_at(Path(source))
        except BadWeights as worse:
            raise CatalogueError(f"The file {source} cannot be offered: {worse}.") from None
        if lone is None:
            raise CatalogueError(f"The file {source} cannot be offered: {error}.") from None
        return lone
    except BadWeights:
        return None  # what is wrong with it is told later
    return None


def _with_denoiser(source: str, lone: LoneDenoiser, title: str, pipeline: str, parts: str) -> Model:
    """The model whose other parts go with the denoiser in a file, called like the file. Raises CatalogueError."""
    try:
        rest = source_of_rest(Path(source), lone, parts)
    except BadWeights as error:
        raise CatalogueError(f"The file {source} cannot be offered: {error}.") from None
    model = model_of(rest, title or Path(source).stem, pipeline)
    best_for = worded("{name}, or a fine-tune of it, in a file of your own", name=lone.name)
    return replace(model, denoiser=str(Path(source).absolute()), licence="", best_for=best_for)


def _in_one_file(source: str, pipeline: str) -> tuple[Published, str]:
    """What is known of a checkpoint by its kind; a fine-tune's terms are not those of what it was made from."""
    try:
        kind = kind_at(Path(source))
    except BadWeights as error:
        raise CatalogueError(f"The file {source} cannot be offered: {error}.") from None
    like = published(kind.like)
    best_for = worded("{name}, or a fine-tune of it, in one file of your own", name=kind.name)
    known = replace(like, licence="", best_for=best_for, memory_gib=0.0, writes_text=False)
    if pipeline and pipeline != kind.pipeline:
        known = replace(OF_PIPELINES.get(pipeline, known), best_for=best_for, steps=like.steps, guidance=like.guidance)
        return replace(known, pipeline=pipeline), pipeline
    return known, kind.pipeline


def holds_a_face(folder: Path) -> bool:
    """Whether an IP-Adapter lies beside the weights, by which the model takes a saved face."""
    return any((folder / ADAPTER).glob("*.safetensors"))


def takes_pictures(model: Model) -> bool:
    """Whether pictures go in as the pipeline's own `image`, which is the same for a whole call."""
    return model.references > 0 and model.pipeline not in EDITORS


def can_edit(model: Model) -> bool:
    """Whether there is a way to change a picture with this model's pipeline."""
    return model.edits and (takes_pictures(model) or model.pipeline in EDITORS)


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
        skip_layers=known.skip_layers,
        licence=known.licence,
    )


def _with_options(model: Model, options: list[str], entry: str) -> Model:
    for option in options:
        name, _, value = (part.strip() for part in option.partition("="))
        try:
            model = _with_option(model, name, value)
        except CatalogueError:
            raise
        except ValueError:
            raise CatalogueError(
                f"{option!r} in {entry!r} cannot be understood: precision is one of "
                f"{', '.join(get_args(Precision))}; offload one of {', '.join(get_args(Offload))}; gguf a file; "
                "parts a folder or hub id; "
                f"{'; '.join(f'{name} {expected}' for name, expected in OPTIONS.items())}; "
                "memory_gib, guidance and steps are numbers; sampler, clip_skip, vae, ip_adapter and embeddings are "
                "for SD 1.5 and SDXL."
            ) from None
    check_placing(model, repr(entry))
    return model


def check_placing(model: Model, where: str) -> None:
    """Raises CatalogueError for settings of which one would have no effect beside the other."""
    check_tuning(model, where)
    if model.gguf and model.precision in COMPRESSED:
        raise CatalogueError(
            f"{where} says precision={model.precision} beside a GGUF file, whose weights are compressed already: "
            "leave precision out."
        )
    if model.denoiser and (model.gguf or model.precision in ("int8", "nf4")):
        raise CatalogueError(
            f"{where} is a file with a denoiser, whose weights are kept as they are or with precision=fp8: "
            "leave gguf, int8 and nf4 out."
        )
    if model.gguf and not Path(model.gguf).name.endswith(".gguf"):
        raise CatalogueError(f"{where} names {model.gguf!r}, which does not end in .gguf.")
    if model.offload in STREAMING and (model.gguf or model.precision in ("int8", "nf4")):
        raise CatalogueError(
            f"{where} says offload={model.offload}, which streams plain weights alone: beside quantised ones "
            "choose offload=encoders or offload=model."
        )
    if model.offload == "sequential" and model.precision in COMPRESSED:
        raise CatalogueError(
            f"{where} says precision={model.precision} beside offload=sequential, which moves weights as they were "
            "read: choose offload=group instead."
        )


def _with_option(model: Model, name: str, value: str) -> Model:
    if name == "precision" and value in get_args(Precision):
        return replace(model, precision=cast(Precision, value))
    if name == "offload" and value in get_args(Offload):
        return replace(model, offload=cast(Offload, value))
    if name == "sampler":
        return replace(model, sampler=_sampler(model, value))
    if name == "clip_skip":
        return replace(model, clip_skip=_clip_skip(model, int(value)))
    if name == "ip_adapter" and value and model.pipeline in SAMPLED:
        return replace(model, ip_adapter=value, references=int(any(Path(value).glob("*.safetensors"))))
    if name == "vae" and value and model.pipeline in SAMPLED:
        return replace(model, vae=value)
    if name == "embeddings" and value and model.pipeline in SAMPLED:
        return replace(model, embeddings=value)
    if name == "gguf" and value:
        return replace(model, gguf=value)
    if name in OPTIONS:
        return tuned(model, name, value)
    if name == "memory_gib":
        return replace(model, memory_gib=float(value))
    if name == "guidance":
        return replace(model, guidance=float(value))
    if name == "steps":
        return replace(model, steps=max(1, int(value)))
    raise ValueError(name)


def _sampler(model: Model, value: str) -> str:
    """Raises CatalogueError for what would have no effect."""
    if model.pipeline not in SAMPLED:
        raise CatalogueError(f"{model.title} has one sampler alone: leave sampler={value} out.")
    if sampler_called(value) is None:
        raise CatalogueError(
            f"There is no sampler {value!r} here; there are {', '.join(NAMES)}, most also with Karras."
        )
    return value


def _clip_skip(model: Model, value: int) -> int:
    if model.pipeline not in SAMPLED or not 1 <= value <= 8:
        raise CatalogueError(
            f"clip_skip={value} is for SD 1.5 and SDXL, and a number from 1 to 8; {model.title} is asked."
        )
    return value


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
