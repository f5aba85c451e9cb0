"""What each model is and can do. Facts only: nothing here loads a model or imports torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.jobs import UnknownModel

Provider = Literal["local", "mage", "bfl", "openai", "google"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Offload = Literal["none", "model", "sequential"]

BUILTIN_ID = "built-in"


class CatalogueError(ValueError):
    """A model setting cannot be understood; str() says which one and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One choice in `model:`.

    `sizes` maps each aspect to (width, height) in pixels. `source` is a folder, a hub id or the provider's
    own model id. `memory_gib` is what the weights and one picture take, 0 when that is not known. `note` is
    shown with every picture.
    """

    id: str
    title: str
    provider: Provider
    family: str
    best_for: str
    catch: str
    sizes: Mapping[str, tuple[int, int]]
    steps: int
    guidance: float
    seeded: bool = True
    negative: bool = True
    references: int = 0
    live_preview: bool = True
    writes_text: bool = False
    source: str
    pipeline: str = ""
    note: str = ""
    memory_gib: float = 0.0
    licence: str = ""
    precision: Precision = "auto"
    offload: Offload = "none"


@dataclass(frozen=True)
class Catalogue:
    """The models on offer, in the order they are shown; `default` is an id among them."""

    models: tuple[Model, ...]
    default: str

    def get(self, model_id: str) -> Model:
        """The model with this id. Raises UnknownModel, which names the nearest ids."""
        for model in self.models:
            if model.id == model_id:
                return model
        ids = [model.id for model in self.models]
        raise UnknownModel(model_id, tuple(difflib.get_close_matches(model_id, ids, n=2, cutoff=0.4)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    """Which local models to offer.

    `builtin_folder` is where the untrained built-in model is kept (made on first use); `builtin` says whether
    the built-in model is offered at all. `local_models` holds entries such as
    "folder-or-hub-id=Title;precision=bfloat16;offload=model;memory_gib=18", of which only the first part is
    needed. `default` is a model's id.
    """

    builtin_folder: Path
    builtin: bool = True
    local_models: tuple[str, ...] = ()
    default: str = BUILTIN_ID


def build(settings: CatalogueSettings) -> Catalogue:
    """The catalogue for these settings. Raises CatalogueError for what cannot be understood."""
    from engine.local_models import builtin_model, local_model

    models = [builtin_model(settings.builtin_folder)] if settings.builtin else []
    models += [local_model(entry) for entry in settings.local_models]
    ids = [model.id for model in models]
    for model_id in ids:
        if ids.count(model_id) > 1:
            raise CatalogueError(f"Two models are called {model_id!r}; give one of them another title.")
    if settings.default not in ids:
        offered = ", ".join(ids) or "none"
        raise CatalogueError(f"The default model {settings.default!r} is not offered; there is: {offered}.")
    return Catalogue(tuple(models), settings.default)
