"""Scenes and people as JSON, as they travel inside the pictures that the studio makes, and back.

Unknown keys are ignored and missing ones keep their default, so that pictures of other versions can be read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from engine.renderer import scene as scenes
from engine.renderer.scene import Person, Scene

KEYWORD: Final = "likeness-scene"
"""The keyword of the PNG text that holds a picture's scene."""
MAX_CHARACTERS: Final = 60_000
_LONGEST: Final = 400


class SceneUnreadable(ValueError):
    """What should be a stored scene is not one."""


def to_json(scene: Scene) -> str:
    """Compact JSON; `from_json` gives an equal scene back."""
    return json.dumps(asdict(scene), ensure_ascii=False, separators=(",", ":"))


def from_json(stored: str) -> Scene:
    """Read what `to_json` wrote. Raises SceneUnreadable for anything else."""
    if len(stored) > MAX_CHARACTERS:
        raise SceneUnreadable("A stored scene is shorter than that.")
    try:
        found = json.loads(stored)
        scene = _value(found, Scene)
    except (ValueError, TypeError, RecursionError) as error:
        raise SceneUnreadable("This is no stored scene.") from error
    if not isinstance(scene, Scene) or not 1 <= len(scene.sitters) <= 2:
        raise SceneUnreadable("A stored scene has one or two people.")
    return scene


def people(scene: Scene) -> tuple[Person, ...]:
    """Who is in the scene, from the viewer's left to right."""
    return tuple(sitter.person for sitter in sorted(scene.sitters, key=lambda sitter: sitter.place))


def of_one(stored: str, place: int) -> str:
    """The stored scene with one of its people alone, counted from the left; "" when it has no such person."""
    try:
        scene = from_json(stored)
    except SceneUnreadable:
        return ""
    sitters = sorted(scene.sitters, key=lambda sitter: sitter.place)
    if not 0 <= place < len(sitters):
        return ""
    return to_json(replace(scene, sitters=(replace(sitters[place], place=0.0),)))


def _value(found: Any, wanted: Any) -> Any:
    """`found` as the type that a field is declared with. Raises TypeError or ValueError."""
    if is_dataclass(wanted) and isinstance(wanted, type):
        return _record(found, wanted)
    if get_origin(wanted) in (Union, UnionType):
        if found is None:
            return None
        return _value(found, next(kind for kind in get_args(wanted) if kind is not type(None)))
    if get_origin(wanted) is tuple:
        return _row(found, get_args(wanted))
    if wanted is float and isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
        return float(found)
    if wanted is str and isinstance(found, str):
        return found[:_LONGEST]
    if wanted in (int, bool) and type(found) is wanted:
        return found
    raise TypeError(f"{type(found).__name__} where {wanted} belongs")


def _record(found: Any, wanted: type) -> Any:
    if not isinstance(found, Mapping):
        raise TypeError("a record is a JSON object")
    hints = get_type_hints(wanted, vars(scenes))
    known = {field.name for field in fields(wanted)}
    return wanted(**{name: _value(value, hints[name]) for name, value in found.items() if name in known})


def _row(found: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(found, list) or len(found) > _LONGEST:
        raise TypeError("a row is a JSON list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_value(item, kinds[0]) for item in found)
    if len(found) != len(kinds):
        raise ValueError(f"a row of {len(kinds)} has {len(found)}")
    return tuple(_value(item, kind) for item, kind in zip(found, kinds, strict=True))
