"""Reads a model's pipeline from safetensors files, without code that comes with it, its weights as they are kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends.local.compressed import check_installed, denoiser_in
from engine.backends.local.memory_errors import is_out_of_memory
from engine.jobs.job import ModelUnavailable
from engine.models.local_models import ADAPTER
from engine.models.model import Model
from engine.placement.model_parts import DENOISERS
from engine.placement.plan import Kept

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

Reader = Callable[[Model, Any, Kept, Any], tuple[Any, bool]]
"""What `read` does: (model, dtype, how weights are kept, the device to read to first) → the pipeline, and whether it
has an IP-Adapter."""
LIBRARIES = {"diffusers", "transformers", "stable_diffusion_3", "flux"}
T5_PARTS = ("text_encoder_3", "tokenizer_3")


def read(model: Model, dtype: torch.dtype, kept: Kept, first: torch.device | None) -> tuple[Any, bool]:
    """The pipeline, and whether it has an IP-Adapter. Raises ModelUnavailable, and what running out of memory raises.

    The denoiser goes to the device `first` before the rest is read, so that the machine never holds both.
    """
    check_installed(model, kept)
    pipe = _read(model, dtype, kept, first)
    return pipe, _add_ip_adapter(pipe, model)


def _read(model: Model, dtype: torch.dtype, kept: Kept, first: torch.device | None) -> Any:
    """The pipeline from safetensors files; no remote code, and no network for a folder."""
    folder = Path(model.source)
    local = folder.is_absolute() or folder.exists()
    if local and not (folder / "model_index.json").is_file():
        log.error("The folder %s of model %s holds no model_index.json.", folder, model.id)
        raise ModelUnavailable(model.title, "its folder is missing or holds no diffusers model")
    try:
        options: dict[str, Any] = dict(_checked_parts(model, folder)) if local else {}
        if first is not None or kept not in ("half", "wide"):
            options |= _denoiser(model, dtype, kept, first, local=local)
        return _class_of(model).from_pretrained(
            model.source, dtype=dtype, use_safetensors=True, local_files_only=local, **options
        )
    except ModelUnavailable:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        log.exception("Model %s could not be read from %s.", model.id, model.source)
        raise ModelUnavailable(model.title, "its files are damaged or incomplete, or not safetensors") from error


def _denoiser(
    model: Model, dtype: torch.dtype, kept: Kept, first: torch.device | None, *, local: bool
) -> dict[str, Any]:
    """The denoiser by its name in the pipeline. Raises ModelUnavailable where the pipeline has none that is known."""
    import diffusers

    index = _class_of(model).load_config(model.source, local_files_only=local)
    for name in DENOISERS:
        library, class_name = index.get(name) or (None, None)
        if library == "diffusers":
            denoiser = denoiser_in(model, kept, name, getattr(diffusers, str(class_name)), dtype, local=local)
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
        if isinstance(value, list) and value[0] is not None and value[0] not in LIBRARIES:
            raise ModelUnavailable(model.title, f"its part {name} wants code from {value[0]}, which is not run")
    if index.get("_class_name") != "StableDiffusion3Pipeline":
        return {}
    return {name: None for name in T5_PARTS if (parts.get(name) or [None])[0] is None}


def _add_ip_adapter(pipe: Any, model: Model) -> bool:
    """Loads the adapter that lies beside the weights; False when there is none. Raises ModelUnavailable."""
    folder = Path(model.source)
    adapter = folder / ADAPTER
    files = sorted(adapter.glob("*.safetensors"))
    if not files:
        return False
    encoder = adapter / "image_encoder"
    if pipe.image_encoder is None and not any(encoder.glob("*.safetensors")):
        raise ModelUnavailable(model.title, "its IP-Adapter comes without an image encoder in safetensors")
    pipe.load_ip_adapter(
        str(folder),
        subfolder=adapter.name,
        weight_name=files[0].name,
        image_encoder_folder=str(encoder),
        local_files_only=True,
    )
    return True
