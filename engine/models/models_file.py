"""More local models, one TOML table each: any diffusers pipeline that makes pictures from words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

from engine.models.local_models import can_edit, check_placing, model_of, sizes
from engine.models.model import CatalogueError, Model, Offload, Precision
from engine.models.speed_options import OPTIONS, is_tuning
from engine.prompt import ASPECTS
from engine.wording.dialects import FAMILIES

Check = Callable[[Any], bool]


def _number(least: float, most: float) -> Check:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _whole(least: int, most: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 300


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str) -> Check:
    return lambda value: value in words


_FIELDS: Final[Mapping[str, tuple[Check, str]]] = MappingProxyType(
    {
        "family": (_one_of(*FAMILIES), f"one of {', '.join(FAMILIES)}"),
        "best_for": (_text, "a short text"),
        "catch": (_text, "a short text"),
        "steps": (_whole(1, 100_000), "a whole number from 1 to 100,000"),
        "guidance": (_number(0, 100), "a number from 0"),
        "negative": (_flag, "true or false"),
        "references": (_whole(0, 16), "a whole number from 0 to 16"),
        "edits": (_flag, "true or false"),
        "needs_picture": (_flag, "true or false"),
        "writes_text": (_flag, "true or false"),
        "shows_faces": (_flag, "true or false"),
        "note": (_text, "a short text"),
        "memory_gib": (_number(0, 10_000), "a number in GiB"),
        "licence": (_text, "a short text"),
        "precision": (_one_of(*get_args(Precision)), f"one of {', '.join(get_args(Precision))}"),
        "gguf": (_text, "the path of a file"),
        "offload": (_one_of(*get_args(Offload)), f"one of {', '.join(get_args(Offload))}"),
        **{name: (partial(is_tuning, name), expected) for name, expected in OPTIONS.items()},
    }
)
"""Fields of `Model` that an entry may say, how they are checked, and what is expected."""
_NAMES: Final = ("source", "id", "title", "pipeline", "parts")
_SIZES: Final = ("megapixels", "grid", "sizes")


def read_models_file(file: Path) -> list[Model]:
    """The models of a file with a `[[model]]` table each, of which only `source` is needed. Raises CatalogueError."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueError(f"The file of models {file} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise CatalogueError(f"The file of models {file} is not TOML ({error}).") from error
    entries = said.get("model", [])
    if said.keys() - {"model"} or not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise CatalogueError(f"The file of models {file} may hold only [[model]] tables.")
    return [_entry(file, number, entry) for number, entry in enumerate(entries, start=1)]


def _entry(file: Path, number: int, entry: Mapping[str, Any]) -> Model:
    where = f"Model {number} in {file.name}"
    unknown = sorted(entry.keys() - {*_FIELDS, *_NAMES, *_SIZES})
    if unknown:
        known = ", ".join((*_NAMES, *_SIZES, *_FIELDS))
        raise CatalogueError(f"{where} says {', '.join(unknown)}, which means nothing; it may say {known}.")
    if not _text(entry.get("source")) or not all(_text(entry.get(name, "x")) for name in _NAMES):
        raise CatalogueError(f"{where} needs a source; source, id, title, pipeline and parts are texts.")
    for name, (check, expected) in _FIELDS.items():
        if name in entry and not check(entry[name]):
            raise CatalogueError(f"{where} says {name} = {entry[name]!r}; it should be {expected}.")
    model = model_of(entry["source"], entry.get("title", ""), entry.get("pipeline", ""), entry.get("parts", ""))
    told = {name: entry[name] for name in _FIELDS if name in entry}
    if "sizes" in entry or "megapixels" in entry or "grid" in entry:
        told["sizes"] = _its_sizes(where, entry)
    model = replace(model, id=entry.get("id", model.id), **told)
    check_placing(model, where)
    if model.edits and not can_edit(model):
        raise CatalogueError(f"{where} says edits, but its pipeline takes no picture: say references too, if it does.")
    return model


def _its_sizes(where: str, entry: Mapping[str, Any]) -> Mapping[str, tuple[int, int]]:
    megapixels, grid, own = entry.get("megapixels", 1.048576), entry.get("grid", 16), entry.get("sizes", {})
    if not _number(0.0001, 64)(megapixels) or not _whole(1, 256)(grid) or not isinstance(own, dict):
        raise CatalogueError(f"{where}: megapixels is a number, grid a whole number of pixels, sizes a table.")
    for aspect, size in own.items():
        two = isinstance(size, list) and len(size) == 2 and all(_whole(16, 8192)(side) for side in size)
        if aspect not in ASPECTS or not two:
            raise CatalogueError(
                f'{where} says {aspect} = {size!r}; write sizes as "2:3" = [832, 1248], for {", ".join(ASPECTS)}.'
            )
    if own and not {"megapixels", "grid"} & entry.keys():
        return MappingProxyType({aspect: tuple(own[aspect]) for aspect in ASPECTS if aspect in own})
    return MappingProxyType(
        {**sizes(int(megapixels * 1_000_000), grid), **{aspect: tuple(size) for aspect, size in own.items()}}
    )
