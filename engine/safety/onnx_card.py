"""What has to be known of an operator's own ONNX classifier: a TOML card beside the file, `NAME.toml` by `NAME.onnx`.

side = 384                      # pixels of the square that it looks at
mean = [0.5, 0.5, 0.5]          # taken from colours of 0 to 1, red, green, blue
std = [0.5, 0.5, 0.5]           # by which the rest is divided
sexual = [1]                    # which of its numbers are sexual, from 0; what they say together is the score
ends = "softmax"                # what makes them shares of 1: "softmax", "sigmoid", or "none" when they are already
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

MOST_SIDE_PX: Final = 1024
_ENDS: Final = ("softmax", "sigmoid", "none")


class BadCard(Exception):
    """A classifier that cannot be used; `str()` is a clause that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxCard:
    """How a picture goes into the model, and what of its answer counts."""

    side: int = 224
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    sexual: tuple[int, ...] = (1,)
    ends: Literal["softmax", "sigmoid", "none"] = "softmax"


def read_card(model: Path) -> OnnxCard:
    """The card of an ONNX file. Raises BadCard, also where the model itself is not there."""
    card = model.with_suffix(".toml")
    if model.suffix != ".onnx":
        raise BadCard(f"{model.name} is no ONNX file (.onnx), and no other kind is run")
    if not model.is_file():
        raise BadCard(f"there is no file {model}")
    try:
        said = tomllib.loads(card.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadCard(
            f"{card.name} is missing beside {model.name}; docs/moderation.md says what belongs in it"
        ) from None
    except (OSError, ValueError) as error:
        raise BadCard(f"{card.name} cannot be read ({error})") from error
    return _checked(card.name, said)


def _checked(name: str, said: dict[str, Any]) -> OnnxCard:
    known = {field.name for field in fields(OnnxCard)}
    if unknown := sorted(set(said) - known):
        raise BadCard(f"{name} says {unknown[0]!r}, which means nothing there")
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    card = OnnxCard(**given)
    checks = {
        f"side is a number of pixels up to {MOST_SIDE_PX}": _is_side(card.side),
        "mean is three numbers": _are_three(card.mean),
        "std is three numbers above 0": _are_three(card.std) and all(one > 0 for one in card.std),
        "sexual is a list of places from 0": _are_places(card.sexual),
        f"ends is one of {', '.join(_ENDS)}": card.ends in _ENDS,
    }
    for what, holds in checks.items():
        if not holds:
            raise BadCard(f"{name} does not say what it should: {what}")
    return card


def _is_side(value: object) -> bool:
    return type(value) is int and 0 < value <= MOST_SIDE_PX


def _are_three(values: object) -> bool:
    return isinstance(values, tuple) and len(values) == 3 and all(type(one) in (int, float) for one in values)


def _are_places(values: object) -> bool:
    return isinstance(values, tuple) and bool(values) and all(type(one) is int and one >= 0 for one in values)
