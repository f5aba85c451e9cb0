"""What varies in a series, as it is typed: "place: beach | forest | night city" or "model: one | another". Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core import words
from bot.core.errors import Refused
from bot.core.extras import FrameRequest, SeriesRequest
from bot.languages.speech import counted, worded
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.prompt import SLOTS, PortraitPrompt

MODEL: Final = "model"
MAX_VARYING: Final = 1500
"""The longest that may be typed of what varies, in characters."""
MOST_FRAMES: Final = 24
EXAMPLE: Final = "place: beach | forest | night city"
_NAMES: Final = {
    **{slot: slot for slot in SLOTS},
    **{title.lower(): slot for slot, title in words.SLOT_TITLES.items()},
    "who": "subject",
    "person": "subject",
    "outfit": "clothing",
    "dress": "clothing",
    "location": "environment",
    "background": "environment",
    "scene": "environment",
    "lights": "lighting",
    "lens": "camera",
    "skin": "detail",
    "models": MODEL,
    MODEL: MODEL,
}
_HANDLE: Final = re.compile(r"(?<![\w.])@\w|<@")


@dataclass(frozen=True, slots=True)
class Varying:
    """`what` is a slot, or "model"; `values` are what it is in each frame, as typed."""

    what: str
    values: tuple[str, ...]


def read(text: str, most: int) -> Varying:
    """Raises Refused, with an example."""
    if len(text) > MAX_VARYING:
        raise Refused(
            worded(
                "What varies is too long. At most {most:,} characters are read; shorten it.",
                most=MAX_VARYING,
            )
        )
    name, colon, rest = text.partition(":")
    what = _meant(name.strip().casefold())
    if not colon or what is None:
        raise Refused(
            worded(
                "Say first what varies: {things}. For example: {example}",
                things=words.listed((*(words.slot_title(slot).lower() for slot in SLOTS), MODEL), "or"),
                example=EXAMPLE,
            )
        )
    said = {value.casefold(): value for each in rest.split("|") if (value := " ".join(each.split()))}
    if not 2 <= len(said) <= most:
        raise Refused(
            worded(
                "A series has 2 to {most} frames, with “|” between them. For example: {example}",
                most=most,
                example=EXAMPLE,
            )
        )
    if any(_HANDLE.search(value) for value in said.values()):
        raise Refused(
            worded("Characters are the same in all frames: write them in `prompt:`, and here only what varies.")
        )
    return Varying(what, tuple(said.values()))


def _meant(name: str) -> str | None:
    """What is meant, in English or in the language that is spoken now."""
    told = {words.slot_title(slot).casefold(): slot for slot in SLOTS}
    return _NAMES.get(name) or told.get(name)


def series(
    base: PortraitPrompt, varying: Varying, catalogue: Catalogue, model: str | None, most: int = MOST_FRAMES
) -> SeriesRequest:
    """The frames: all as in `base`, but for what varies. `model` may name several with “|” between them: each makes
    every frame, one model after the other. Raises UnknownModel, and Refused for more frames than `most`.
    """
    if varying.what == MODEL:
        wanted = [(one.title, base, one.id) for one in _models(catalogue, varying.values)]
    elif model is not None and "|" in model:
        wanted = [
            (f"{value} · {one.title}", _with(base, varying.what, value), one.id)
            for one in _models(catalogue, [name for name in map(str.strip, model.split("|")) if name])
            for value in varying.values
        ]
    else:
        wanted = [(value, _with(base, varying.what, value), model or "") for value in varying.values]
    if len(wanted) > most:
        raise Refused(
            counted(
                "That makes {count} frame, and a series has {most} at most. Nothing was charged; name fewer models, or "
                "let fewer things vary.",
                "That makes {count} frames, and a series has {most} at most. Nothing was charged; name fewer models, "
                "or let fewer things vary.",
                len(wanted),
                most=most,
            )
        )
    frames = tuple(
        FrameRequest(number=number, label=label, prompt=prompt, model=asked or None)
        for number, (label, prompt, asked) in enumerate(wanted, 1)
    )
    return SeriesRequest(series_id="", varies=varying.what, frames=frames)


def _with(base: PortraitPrompt, slot: str, value: str) -> PortraitPrompt:
    changed: dict[str, Any] = {slot: value}
    return replace(base, **changed)


def _models(catalogue: Catalogue, names: Iterable[str]) -> list[Model]:
    """Each once, in the order in which they are named. Raises UnknownModel."""
    return list({one.id: one for one in (_named(catalogue, name) for name in names)}.values())


def _named(catalogue: Catalogue, name: str) -> Model:
    """By id or by title."""
    wanted = name.casefold()
    found = next((model for model in catalogue.models if wanted in (model.id.casefold(), model.title.casefold())), None)
    return found or catalogue.get(name)
