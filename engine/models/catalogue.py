"""What each model is and can do. Facts only: nothing here loads a model or imports torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.jobs.job import UnknownFineTune, UnknownModel
from engine.models.circuit_breaker import CircuitBreaker
from engine.models.loras import FineTune, read_folder, read_loras
from engine.models.model import BUILTIN_ID, CatalogueError, Model, Provider, Quality

if TYPE_CHECKING:
    from engine.models.hosted_models import Access
    from engine.models.models_folder import FoundInFolder


@dataclass(frozen=True)
class Catalogue:
    """The models on offer, in the order they are shown; `default` is an id among them.

    `breaker` is what the backends find out about their providers while they run. `fine_tunes` are those that fit
    one of the models; `refused` has a sentence for each file that is not offered.
    """

    models: tuple[Model, ...]
    default: str
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker, compare=False)
    fine_tunes: tuple[FineTune, ...] = ()
    refused: tuple[str, ...] = ()

    def unavailable(self, model: Model) -> str:
        """Why the model cannot be asked now, as a clause; "" when it can."""
        return self.breaker.why_open(model.provider)

    def get(self, model_id: str) -> Model:
        """The model with this id. Raises UnknownModel, which names the nearest ids."""
        for model in self.models:
            if model.id == model_id:
                return model
        ids = [model.id for model in self.models]
        raise UnknownModel(model_id, tuple(difflib.get_close_matches(model_id, ids, n=2, cutoff=0.4)))

    def shows_faces(self, model_id: str) -> bool:
        """Whether a face is looked for in what this model made; of one that is gone nothing else is known."""
        return all(model.shows_faces for model in self.models if model.id == model_id)

    def fine_tunes_of(self, model_id: str) -> tuple[FineTune, ...]:
        """The fine-tunes made for this model."""
        return tuple(fine_tune for fine_tune in self.fine_tunes if fine_tune.base == model_id)

    def fine_tune(self, name: str, model_id: str) -> FineTune:
        """The model's fine-tune of this name. Raises UnknownFineTune, which names the nearest ones."""
        own = self.fine_tunes_of(model_id)
        for fine_tune in own:
            if fine_tune.name == name:
                return fine_tune
        names = [fine_tune.name for fine_tune in own]
        near = tuple(difflib.get_close_matches(name, names, n=2, cutoff=0.4))
        raise UnknownFineTune(name, self.get(model_id).title, near)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    """Which models to offer.

    `builtin` says whether the studio is offered, which ships with the bot, and `studio_quality` how carefully it
    takes its pictures. `local_models` holds entries such as
    "folder-or-hub-id=Title;precision=bfloat16;offload=model;memory_gib=18", of which only the first part is
    needed. `default` is a model's id. `hosted` has the providers that there is a key for, `costs_usd` what a
    picture costs the operator, by model id. `models_file` is a TOML file with more local models, `fine_tunes_folder`
    a folder of LoRA files, `models_folder` one of A1111's or ComfyUI's.
    """

    builtin: bool = True
    studio_quality: Quality = "standard"
    local_models: tuple[str, ...] = ()
    default: str = BUILTIN_ID
    hosted: Mapping[Provider, Access] = field(default_factory=dict)
    costs_usd: Mapping[str, float] = field(default_factory=dict)
    models_file: Path | None = None
    fine_tunes_folder: Path | None = None
    models_folder: Path | None = None


def build(settings: CatalogueSettings) -> Catalogue:
    """The catalogue for these settings. Raises CatalogueError for what cannot be understood."""
    from engine.models.hosted_models import hosted_models
    from engine.models.local_models import local_model
    from engine.models.models_file import read_models_file
    from engine.models.studio_model import missing, studio_model

    lacking = missing() if settings.builtin else ""
    models = [studio_model(settings.studio_quality)] if settings.builtin and not lacking else []
    models += [local_model(entry) for entry in settings.local_models]
    models += read_models_file(settings.models_file) if settings.models_file else []
    folder = _in_folder(settings.models_folder, models)
    models += folder.models
    models += hosted_models(settings.hosted, settings.costs_usd)
    ids = [model.id for model in models]
    for model_id in ids:
        if ids.count(model_id) > 1:
            raise CatalogueError(f"Two models are called {model_id!r}; give one of them another title.")
    if settings.default not in ids:
        raise CatalogueError(_no_default(settings, ids, lacking))
    fine_tunes, refused = read_folder(settings.fine_tunes_folder, models) if settings.fine_tunes_folder else ((), ())
    beside, unfit = read_loras(folder.loras, models, fine_tunes) if folder.loras else ((), ())
    refused = (*folder.refused, *refused, *unfit)
    return Catalogue(tuple(models), settings.default, fine_tunes=(*fine_tunes, *beside), refused=refused)


def _in_folder(folder: Path | None, models: Sequence[Model]) -> FoundInFolder:
    """What the operator's folder adds to these models; of two of one name the first stays."""
    from engine.models.models_folder import FoundInFolder, read_models_folder

    if folder is None:
        return FoundInFolder((), (), ())
    found = read_models_folder(
        folder, frozenset(Path(model.denoiser or model.source).resolve() for model in models if model.source)
    )
    ids = {model.id for model in models}
    kept, refused = list[Model](), list(found.refused)
    for model in found.models:
        if model.id in ids:
            refused.append(f"The file {Path(model.source).name} is not offered: another model is called {model.id}.")
        else:
            ids.add(model.id)
            kept.append(model)
    return replace(found, models=tuple(kept), refused=tuple(refused))


def _no_default(settings: CatalogueSettings, ids: list[str], lacking: str) -> str:
    """Why there is no default model, and what to do."""
    offered = ", ".join(ids) or "none"
    if settings.default == BUILTIN_ID and lacking:
        instead = f"set MODEL_DEFAULT to a model that is offered: {offered}"
        if not ids:
            instead = "set up a model of your own (MODEL_LOCAL) or a provider's key, and name it in MODEL_DEFAULT"
        return f"The default model is the studio, which takes no pictures here: {lacking}. Or {instead}."
    return f"The default model {settings.default!r} is not offered; set MODEL_DEFAULT to one that is: {offered}."
