"""What each model is and can do. Facts only: nothing here loads a model or imports torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.jobs import UnknownModel

Provider = Literal["local", "mage", "bfl", "openai", "google"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Offload = Literal["none", "model", "sequential"]

BUILTIN_ID = "built-in"
UNTRAINED_NOTE = (
    "This built-in model is untrained: its pictures are coloured noise until a trained one is installed."
)


class CatalogueError(ValueError):
    """A model setting cannot be understood; str() says which one and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One choice in `model:`.

    `sizes` maps each aspect to (width, height) in pixels. `source` is a folder, a hub id or the provider's
    own model id. `memory_gib` is what the weights and one picture take. `note` is shown with every picture.
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

    `builtin_folder` is where the untrained built-in model is kept (made on first use). `local_models` holds
    entries "folder-or-hub-id[=title][;precision=bfloat16][;offload=model][;memory_gib=18]".
    """

    builtin_folder: Path
    local_models: tuple[str, ...] = ()
    default: str = field(default=BUILTIN_ID)


def build(settings: CatalogueSettings) -> Catalogue:
    """The catalogue for these settings. Raises CatalogueError for an entry that cannot be understood."""
    raise NotImplementedError
