"""Reads a model's pipeline from safetensors files, without code that comes with it, its weights as they are kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends.local.compressed import check_installed, denoiser_in
from engine.backends.local.learned_words import add_learned_words
from engine.backends.local.memory_errors import is_out_of_memory
from engine.backends.local.single_file import read_single_file
from engine.downloads.weight_faults import DAMAGED, NotFetched, fault_of
from engine.jobs.job import ModelUnavailable
from engine.models.local_models import ADAPTER
from engine.models.model import Model
from engine.models.single_files import is_single_file
from engine.models.weights import BadWeights, folder_of, is_hub_id, shapes
from engine.placement.model_parts import DENOISERS
from engine.placement.plan import Kept

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

Reader = Callable[[Model, Any, Kept, Any], tuple[Any, bool]]
"""What `read` does: (model, dtype, how weights are kept, the device to read to first) → the pipeline, and whether it
has an IP-Adapter."""
LIBRARIES = {"diffusers", "transformers"}
T5_PARTS = ("text_encoder_3", "tokenizer_3")


def read(model: Model, dtype: torch.dtype, kept: Kept, first: torch.device | None) -> tuple[Any, bool]:
    """The pipeline, and whether it has an IP-Adapter. Raises ModelUnavailable, and what running out of memory raises.

    The denoiser goes to the device `first` before the rest is read, so that the machine never holds both.
    """
    check_installed(model, kept)
    pipe = _read(model, dtype, kept, first)
    add_learned_words(pipe, model)
    has_adapter = _add_ip_adapter(pipe, model)
    for part in pipe.components.values():
        if callable(getattr(part, "eval", None)):
            part.eval()  # diffusers leaves the T5 of a single file training: its dropout would change every picture
    return pipe, has_adapter


def _read(model: Model, dtype: torch.dtype, kept: Kept, first: torch.device | None) -> Any:
    """The pipeline from safetensors files on this machine; no remote code, and no network."""
    if is_single_file(model.source):
        return _from_one_file(model, dtype, kept)
    kind, folder = _class_of(model), _folder(model)
    try:
        options: dict[str, Any] = dict(_checked_parts(model, folder))
        if first is not None or kept not in ("half", "wide") or model.denoiser:
            options |= _denoiser(model, folder, dtype, kept, first)
        return kind.from_pretrained(str(folder), dtype=dtype, use_safetensors=True, local_files_only=True, **options)
    except ModelUnavailable:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        fault = fault_of(error, model.source) or DAMAGED
        log.exception("Model %s could not be read from %s: %s", model.id, folder, fault)
        raise ModelUnavailable(model.title, fault.reason) from error


def _from_one_file(model: Model, dtype: torch.dtype, kept: Kept) -> Any:
    try:
        return read_single_file(model, dtype, kept)
    except ModelUnavailable:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        log.exception("Model %s could not be read from %s.", model.id, model.source)
        raise ModelUnavailable(model.title, "its file is damaged, or lacks a part of a model of its kind") from error


def _folder(model: Model) -> Path:
    """Where the model's files are. Raises ModelUnavailable."""
    folder = folder_of(model.source)
    if folder is None and is_hub_id(model.source):
        fault = fault_of(NotFetched(), model.source)
        log.error("Model %s cannot be read: %s", model.id, fault)
        raise ModelUnavailable(model.title, fault.reason if fault else "")
    if folder is None or not (folder / "model_index.json").is_file():
        log.error("The folder %s of model %s holds no model_index.json.", folder or model.source, model.id)
        raise ModelUnavailable(model.title, "its folder is missing or holds no diffusers model")
    return folder


def _denoiser(model: Model, folder: Path, dtype: torch.dtype, kept: Kept, first: torch.device | None) -> dict[str, Any]:
    """The denoiser by its name in the pipeline. Raises ModelUnavailable where the pipeline has none that is known."""
    import diffusers

    index = _class_of(model).load_config(str(folder), local_files_only=True)
    for name in DENOISERS:
        library, class_name = index.get(name) or (None, None)
        if library == "diffusers":
            denoiser = denoiser_in(folder, model, kept, name, getattr(diffusers, str(class_name)), dtype)
            return {name: denoiser if first is None else denoiser.to(first)}
    if kept not in ("half", "wide"):
        raise ModelUnavailable(model.title, f"its pipeline has no part whose weights could be kept as {kept}")
    return {}


def _class_of(model: Model) -> Any:
    """The pipeline's class; the model's files name it where the catalogue does not. Raises ModelUnavailable."""
    import diffusers

    wanted = getattr(diffusers, model.pipeline or "DiffusionPipeline", None)
    if not (isinstance(wanted, type) and issubclass(wanted, diffusers.DiffusionPipeline)):
        raise ModelUnavailable(model.title, f"diffusers has no pipeline called {model.pipeline}")
    return wanted


def _checked_parts(model: Model, folder: Path) -> dict[str, None]:
    """What of the index must be passed on as missing. Refuses parts that would run code from elsewhere."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    parts = {name: value for name, value in index.items() if not name.startswith("_")}
    for name, value in parts.items():
        if isinstance(value, list) and value[0] is not None and not _is_known(str(value[0])):
            raise ModelUnavailable(model.title, f"its part {name} wants code from {value[0]}, which is not run")
    if index.get("_class_name") != "StableDiffusion3Pipeline":
        return {}
    return {name: None for name in T5_PARTS if (parts.get(name) or [None])[0] is None}


def _is_face_id(file: Path) -> bool:
    """FaceID reads faces with InsightFace's models, which are for research alone; its files bring LoRAs along."""
    try:
        return any("_lora." in name or "perceiver_resampler" in name for name in shapes(file))
    except BadWeights:
        return False  # loading says what is wrong with it


def _is_known(library: str) -> bool:
    """Whether a part of this library is a class of diffusers or transformers; diffusers' own pipelines bring some."""
    import diffusers

    return library in LIBRARIES or (library.isidentifier() and library in dir(diffusers.pipelines))


def _add_ip_adapter(pipe: Any, model: Model) -> bool:
    """Loads the adapter that lies beside the weights; False when there is none. Raises ModelUnavailable."""
    adapter = Path(model.ip_adapter) if model.ip_adapter else Path(model.source) / ADAPTER
    folder = adapter.parent
    files = sorted(adapter.glob("*.safetensors"))
    if not files:
        return False
    if _is_face_id(files[0]):
        raise ModelUnavailable(model.title, "its IP-Adapter is a FaceID one, whose face reader is for research alone")
    encoder = adapter / "image_encoder"
    if getattr(pipe, "image_encoder", None) is None and not any(encoder.glob("*.safetensors")):
        raise ModelUnavailable(model.title, "its IP-Adapter comes without an image encoder in safetensors")
    try:
        pipe.load_ip_adapter(
            str(folder),
            subfolder=adapter.name,
            weight_name=files[0].name,
            image_encoder_folder=str(encoder),
            local_files_only=True,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        log.exception("The IP-Adapter %s could not be read for %s.", files[0], model.id)
        raise ModelUnavailable(model.title, "its IP-Adapter is damaged, or for another kind of model") from error
    return True
