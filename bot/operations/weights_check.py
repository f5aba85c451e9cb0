"""What `doctor` says of local models' weights without loading any: there, whole, allowed; room, and packages."""

import importlib.util
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bot.core.engine_setup import make_catalogue, make_downloads
from bot.core.errors import SettingsError
from bot.core.settings import Settings
from bot.operations.diagnosis import Diagnosis
from engine.backends.local.compressed import PACKAGES
from engine.downloads.hub import Hub, HubAccess, check_pipeline, check_room
from engine.downloads.hub_cache import HubCache, comes_from_a_hub, what_is_missing
from engine.downloads.needed import INDEX, parts_in
from engine.downloads.weight_faults import fault_of, gigabytes
from engine.models.model import Model
from engine.models.single_files import is_single_file, kind_at
from engine.models.weights import BadWeights, folder_of, shapes

_NOW_S: Final = 60.0
"""A download that has written within this time is under way."""
_NEED_TORCHVISION: Final = frozenset({"Qwen2VLProcessor", "Qwen2_5_VLProcessor", "Qwen3VLProcessor"})


def check_weights(settings: Settings) -> Iterator[Diagnosis]:
    """A line for each local model, and one more for each package that it lacks."""
    if any(importlib.util.find_spec(name) is None for name in ("diffusers", "huggingface_hub")):
        return  # the device's line says what to install
    try:
        models = [model for model in make_catalogue(settings).models if model.provider == "local"]
    except SettingsError:
        return  # told already
    access = make_downloads(settings).access
    if any(map(comes_from_a_hub, models)):
        yield _token(access)
    for model in models:
        if comes_from_a_hub(model):
            yield _of_a_hub(model, access)
        elif is_single_file(model.source):
            yield of_a_file(model)
        else:
            yield _of_a_folder(model)
        yield from _lacking(model)


def _token(access: HubAccess) -> Diagnosis:
    found = access.token_from
    if found:
        return Diagnosis("good", f"Hub token: {found} is used.")
    return Diagnosis(
        "note", "Hub token: none; models whose licence has to be accepted need one, in MODEL_HUB_TOKEN or HF_TOKEN."
    )


def _of_a_hub(model: Model, access: HubAccess) -> Diagnosis:
    cache = HubCache(model)
    far = cache.how_far()
    if far.whole:
        return _whole(model, f"commit {far.commit[:7]}, ")
    about = f"Weights of {model.id}"
    try:
        hub = Hub(access)
        listing = cache.listing()
        if listing is None:
            listing = hub.listing(model.source)
        else:
            hub.check(model.source)
        files = listing.needed_for(model)
        check_pipeline(files)
        check_room({file.blob: file for file in files}.values(), cache, access.keep_free_bytes)
    except Exception as error:
        fault = fault_of(error, model.source, token_from=access.token_from)
        if fault is None:
            raise
        return Diagnosis("bad", f"{about}: {fault}")
    total = sum({file.blob: file.size for file in files}.values())
    done = f"{far.done / 1e9:.1f} of {gigabytes(total)} are here"
    if cache.is_growing(_NOW_S, time.time()):
        return Diagnosis("note", f"{about}: being downloaded now, {done}.")
    return Diagnosis("note", f"{about}: {done}; the first order brings the rest, or: python -m bot fetch {model.id}")


def _of_a_folder(model: Model) -> Diagnosis:
    if not Path(model.source).is_dir():
        return Diagnosis("bad", f"Weights of {model.id}: there is no folder {model.source}. Mend the entry's path.")
    return _whole(model, "")


def of_a_file(model: Model) -> Diagnosis:
    """A checkpoint in one file, with what its entry puts beside it."""
    about, size = f"Weights of {model.id}", 0
    for what, name in (("file", model.source), ("autoencoder (vae=)", model.vae)):
        file = Path(name)
        try:
            if name:
                with file.open("rb"):
                    size += file.stat().st_size
        except OSError as error:
            why = error.strerror or type(error).__name__
            return Diagnosis("bad", f"{about}: its {what} {file} cannot be read ({why}). Mend the path, or its owner.")
    try:
        kind = kind_at(Path(model.source))
        if model.vae:
            shapes(Path(model.vae))
    except BadWeights as error:
        return Diagnosis("bad", f"{about}: of {model.source}, {error}. Fetch it again, or take it out.")
    return Diagnosis("good", f"{about}: there and whole, one file of {kind.name}, {gigabytes(size)}.")


def _whole(model: Model, what: str) -> Diagnosis:
    folder = folder_of(model.source)
    why = what_is_missing(folder, model) if folder is not None else "they are gone"
    if folder is None or why:
        return Diagnosis(
            "bad", f"Weights of {model.id}: {why} ({folder}). Delete them and fetch them again: python -m bot fetch."
        )
    kind = _unknown_class(model, folder)
    if kind:
        return Diagnosis("bad", f"Weights of {model.id}: {kind}")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Diagnosis("good", f"Weights of {model.id}: there and whole, {what}{gigabytes(size)}.")


def _unknown_class(model: Model, folder: Path) -> str:
    """What is wrong with the pipeline's class; "" where diffusers has it."""
    import diffusers

    name = model.pipeline or str(_index(folder).get("_class_name", ""))
    if name in dir(diffusers):
        return ""
    return (
        f"they are for {name or 'no pipeline'}, which diffusers {diffusers.__version__} does not have. A newer one "
        "may: .venv/bin/pip install --upgrade diffusers."
    )


def _lacking(model: Model) -> Iterator[Diagnosis]:
    for package, why in _packages(model):
        if importlib.util.find_spec(package) is None:
            fitting = " of the version that fits your torch" if package == "torchvision" else ""
            yield Diagnosis(
                "bad", f"Packages of {model.id}: {why} needs {package}: .venv/bin/pip install {package}{fitting}."
            )


def _packages(model: Model) -> Iterator[tuple[str, str]]:
    if model.gguf:
        yield PACKAGES["gguf"], "a GGUF file"
    if model.precision in PACKAGES:
        yield PACKAGES[model.precision], f"precision={model.precision}"
    listing = HubCache(model).listing() if comes_from_a_hub(model) else None
    folder = folder_of(model.source)
    index = listing.index if listing is not None else _index(folder) if folder is not None else {}
    classes = {class_name for _, class_name in parts_in(index).values()}
    if classes & _NEED_TORCHVISION or (not index and model.pipeline.startswith("QwenImageEdit")):
        yield "torchvision", "its processor of pictures"


def _index(folder: Path) -> Mapping[str, Any]:
    try:
        said = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
