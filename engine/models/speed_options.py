"""How an entry of a local model says that it is to be quicker: facts and checks, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, get_args

from engine.models.model import CatalogueError, Compiled, Cudnn, Layout, Model

USUAL_THRESHOLD: Final[Mapping[str, float]] = MappingProxyType({"first-block": 0.08, "mag": 0.06})
"""The step caches, and how much a step may differ from the last to be taken from it where an entry does not say."""
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"compile": get_args(Compiled), "layout": get_args(Layout), "cudnn": get_args(Cudnn)}
)
OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: f"one of {', '.join(choices)}" for name, choices in _CHOICES.items()},
        "cache": "none, first-block or mag, with a threshold if need be, such as first-block:0.1",
    }
)
"""The options, and what each may be."""


def is_tuning(name: str, value: Any) -> bool:
    """Whether this is an option of these with a value that it may have."""
    if name in _CHOICES:
        return value in _CHOICES[name]
    return name == "cache" and isinstance(value, str) and _parsed(value) is not None


def tuned(model: Model, name: str, value: str) -> Model:
    """The model with one option set. Raises ValueError."""
    if not is_tuning(name, value):
        raise ValueError(name)
    return replace(model, **{name: value})  # type: ignore[arg-type]  # checked above


def cache_of(model: Model) -> tuple[str, float]:
    """The kind of step cache, and its threshold: 0 for the usual one."""
    return _parsed(model.cache) or ("none", 0.0)


def is_tuned(model: Model) -> bool:
    """Whether the entry asks for any of it."""
    return (model.compile, model.layout, model.cudnn, model.cache) != ("none", "plain", "plain", "none")


def check_tuning(model: Model, where: str) -> None:
    """Raises CatalogueError for settings of which one would have no effect beside the other."""
    if model.compile == "blocks" and model.offload == "sequential":
        raise CatalogueError(
            f"{where} says compile=blocks beside offload=sequential, where moving weights takes nearly all the time: "
            "leave one of them out."
        )


def _parsed(said: str) -> tuple[str, float] | None:
    kind, _, threshold = said.partition(":")
    if kind == "none" and not threshold:
        return "none", 0.0
    if kind not in USUAL_THRESHOLD:
        return None
    try:
        wanted = float(threshold) if threshold else 0.0
    except ValueError:
        return None
    return (kind, wanted) if not threshold or 0 < wanted <= 1 else None
