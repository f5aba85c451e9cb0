"""Models in memory: read when first wanted, checked, kept while they fit; the least recently used leaves first."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends.local import runtime
from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.limits import limit_batches
from engine.backends.local.loaded import Loaded
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import ModelUnavailable
from engine.models.catalogue import Model, Offload
from engine.models.local_models import ADAPTER

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

OFFLOADS: tuple[Offload, ...] = ("none", "model", "sequential")
LIBRARIES = {"diffusers", "transformers", "stable_diffusion_3", "flux"}
T5_PARTS = ("text_encoder_3", "tokenizer_3")
LARGE_PX = 512


class Shelf:
    """The resident models of one device."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._models: OrderedDict[str, Loaded] = OrderedDict()
        self._offloads: dict[str, Offload] = {}
        self.device = runtime.choose_device(settings)
        self._budget_bytes = runtime.memory_budget_bytes(settings, self.device)

    @property
    def resident(self) -> tuple[str, ...]:
        """Ids of the models in memory, least recently used first."""
        return tuple(self._models)

    def take(self, model: Model, on_load: Callable[[], None]) -> Loaded:
        """The model, read from disk now if need be (`on_load` is called first). Raises ModelUnavailable."""
        if model.id not in self._models:
            on_load()
            self._make_room(_weights_bytes(model))
            self._models[model.id] = self._load(model)
            self._make_room(0, keep=model.id)
        self._models.move_to_end(model.id)
        return self._models[model.id]

    def offload_more(self, model: Model) -> bool:
        """Takes the model out, to be read again with the next kind of offload; False when there is none."""
        now = self._offloads.get(model.id, model.offload)
        if self.device.type == "cpu" or now == OFFLOADS[-1]:
            return False
        self._offloads[model.id] = OFFLOADS[OFFLOADS.index(now) + 1]
        log.warning("%s does not fit into memory; trying %s offload.", model.id, self._offloads[model.id])
        self.drop(model.id)
        return True

    def drop(self, model_id: str) -> None:
        """Takes a model out of memory."""
        if self._models.pop(model_id, None) is not None:
            runtime.free_unused(self.device)

    def drop_others(self, model_id: str) -> bool:
        """Takes every other model out of memory; False when there was none."""
        others = [resident for resident in self._models if resident != model_id]
        for other in others:
            self.drop(other)
        return bool(others)

    def _make_room(self, needed_bytes: int, *, keep: str = "") -> None:
        for model_id in list(self._models):
            held = sum(loaded.bytes for loaded in self._models.values())
            if model_id != keep and held + needed_bytes > self._budget_bytes:
                log.info("Model %s leaves memory for another.", model_id)
                self.drop(model_id)

    def _load(self, model: Model) -> Loaded:
        offload = self._offloads.get(model.id, model.offload)
        if offload != "none" and self.device.type == "cpu":
            raise ModelUnavailable(model.title, "its CPU offload setting needs a GPU, and there is none here")
        dtype = runtime.choose_dtype(model.precision, self.device)
        pipe = _read(model, dtype)
        has_adapter = _add_ip_adapter(pipe, model)
        _place(pipe, offload, self.device)
        _verify(pipe, model, dtype, offload, self.device)
        if max(map(max, model.sizes.values())) >= LARGE_PX and hasattr(pipe.vae, "enable_slicing"):
            pipe.vae.enable_slicing()  # pictures are decoded one by one: a large batch must not fail at its end
        if self._settings.batch_memory_mib is not None:
            limit_batches(pipe, int(self._settings.batch_memory_mib * 2**20))
        pipe.set_progress_bar_config(disable=True)
        fine_tunes = FineTunes(pipe, model.title)
        return Loaded(model, pipe, self.device, offload, _held_bytes(pipe), has_adapter, fine_tunes)


def _read(model: Model, dtype: torch.dtype) -> Any:
    """The pipeline from safetensors files; no remote code, and no network for a folder."""
    import torch

    folder = Path(model.source)
    local = folder.is_absolute() or folder.exists()
    if local and not (folder / "model_index.json").is_file():
        log.error("The folder %s of model %s holds no model_index.json.", folder, model.id)
        raise ModelUnavailable(model.title, "its folder is missing or holds no diffusers model")
    try:
        options = _checked_parts(model, folder) if local else {}
        return _class_of(model).from_pretrained(
            model.source, dtype=dtype, use_safetensors=True, local_files_only=local, **options
        )
    except (torch.OutOfMemoryError, ModelUnavailable):
        raise
    except Exception as error:
        log.exception("Model %s could not be read from %s.", model.id, model.source)
        raise ModelUnavailable(model.title, "its files are damaged or incomplete, or not safetensors") from error


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


def _place(pipe: Any, offload: Offload, device: torch.device) -> None:
    if offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.to(device)


def _verify(pipe: Any, model: Model, dtype: torch.dtype, offload: Offload, device: torch.device) -> None:
    """A setting that did nothing is an error, not a silence."""
    for name, part in _modules(pipe).items():
        if part.dtype != dtype:
            asked, got = _name(dtype), _name(part.dtype)
            raise ModelUnavailable(model.title, f"precision {asked} is set, but its {name} came as {got}")
        if offload == "none" and part.device.type != device.type:
            raise ModelUnavailable(model.title, f"its {name} stayed on {part.device.type}")
    if offload != "none" and not any(hasattr(part, "_hf_hook") for part in _modules(pipe).values()):
        raise ModelUnavailable(model.title, f"{offload} offload is set, but it took no effect")


def _modules(pipe: Any) -> dict[str, Any]:
    import torch

    return {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}


def _held_bytes(pipe: Any) -> int:
    tensors = [tensor for part in _modules(pipe).values() for tensor in (*part.parameters(), *part.buffers())]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _weights_bytes(model: Model) -> int:
    """What the model will take: told by the catalogue, else by the size of its files."""
    if model.memory_gib:
        return int(model.memory_gib * 2**30)
    folder = Path(model.source)
    files = folder.rglob("*.safetensors") if folder.is_dir() else ()
    return sum(file.stat().st_size for file in files)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
