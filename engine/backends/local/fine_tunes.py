"""The fine-tunes of one loaded pipeline: read when first wanted, switched without touching the base.

The base's own weights are never changed: an adapter is added beside them and left out again. LoRAs are peft's; their
relatives are `weight_changes`.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.backends.local.lora_names import in_own_names
from engine.backends.local.memory_errors import is_out_of_memory
from engine.backends.local.placing import denoiser_name
from engine.backends.local.weight_changes import Misplaced, WeightChanges, read_weight_changes
from engine.jobs.job import Adapter, EngineError, ModelUnavailable
from engine.models.lora_kinds import is_relative, why_unread
from engine.models.loras import halves, misfit
from engine.models.weights import BadWeights, shapes

log = logging.getLogger(__name__)

KEPT = 4
"""How many fine-tunes a model keeps beside it; the one unused for longest leaves first."""
TEXT_PARTS = ("text_encoder", "text_encoder_2", "text_encoder_3")
_PREFIX = "likeness_"

Active = tuple[tuple[str, float], ...]
"""Name and strength of each fine-tune that takes part."""


@dataclass(frozen=True, slots=True)
class _LoadedLora:
    reads: bool
    """Whether it changes how words are read."""
    bytes: int
    changes: WeightChanges | None = None
    """A LoRA's relative, which is not peft's."""


class FineTunes:
    """What lies over one pipeline."""

    def __init__(self, pipe: Any, title: str, kept: int = KEPT) -> None:
        self._pipe = pipe
        self._title = title
        self._kept = kept
        self._loaded: OrderedDict[str, _LoadedLora] = OrderedDict()
        self._active: Active | None = ()  # None: not known, so the next choice is made anew

    @property
    def active(self) -> Active:
        """What takes part in a picture that is made now."""
        return self._active or ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of those in memory, least recently used first."""
        return tuple(self._loaded)

    @property
    def bytes(self) -> int:
        """What they take in memory."""
        return sum(one.bytes for one in self._loaded.values())

    @property
    def reading(self) -> Active:
        """Those active ones that change how words are read."""
        return tuple((name, scale) for name, scale in self.active if self._loaded[name].reads)

    def use(self, adapters: Sequence[Adapter], on_load: Callable[[], None] = lambda: None) -> None:
        """Makes exactly these take part; none, or strength 0, is the base as it was. Raises ModelUnavailable."""
        wanted = [adapter for adapter in adapters if adapter.weight]
        for adapter in wanted:
            if adapter.name not in self._loaded:
                on_load()
                self._load(adapter)
            self._loaded.move_to_end(adapter.name)
        self._activate(tuple((adapter.name, adapter.weight) for adapter in wanted))
        while len(self._loaded) > max(self._kept, len(wanted)):
            self._drop(next(iter(self._loaded)))

    def unload(self) -> None:
        """Takes all of them out of memory."""
        self._activate(())
        for name in self.names:
            self._drop(name)

    def _activate(self, wanted: Active) -> None:
        if wanted == self._active:
            return
        told = {name: (scale, self._loaded[name].changes) for name, scale in wanted}
        pairs = [(name, scale) for name, (scale, changes) in told.items() if changes is None]
        if pairs:
            self._pipe.enable_lora()
            self._pipe.set_adapters([_PREFIX + name for name, _ in pairs], [scale for _, scale in pairs])
        elif self._pairs:
            self._pipe.disable_lora()
        for name, one in self._loaded.items():
            if one.changes is not None and one.changes.strength != (scale := dict(wanted).get(name, 0.0)):
                one.changes.use(scale)
                _forget_compiled(self._pipe)
        self._active = wanted

    @property
    def _pairs(self) -> list[str]:
        """Those in memory that are peft's."""
        return [name for name, one in self._loaded.items() if one.changes is None]

    def _load(self, adapter: Adapter) -> None:
        if not hasattr(self._pipe, "load_lora_weights"):
            raise ModelUnavailable(self._title, "its kind of model takes no fine-tunes")
        try:
            self._loaded[adapter.name] = self._read(adapter)
        except EngineError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                self._forget(adapter.name)
                raise
            log.exception("The fine-tune %s could not be put on %s.", adapter.name, self._title)
            self._forget(adapter.name)
            raise _unfit(self._title, adapter, "it cannot be read") from error
        self._active = None  # one that was just read takes part at once

    def _read(self, adapter: Adapter) -> _LoadedLora:
        """Checks and reads the file. Raises ModelUnavailable when it does not fit."""
        names = _names_in(adapter.path)
        if why_unread(names):
            raise _unfit(self._title, adapter, why_unread(names))
        return self._read_changes(adapter) if is_relative(names) else self._read_pairs(adapter)

    def _read_changes(self, adapter: Adapter) -> _LoadedLora:
        """Reads a LoRA's relative. Raises ModelUnavailable when it does not fit."""
        try:
            changes = read_weight_changes(self._pipe, adapter.path)
        except Misplaced as error:
            raise _unfit(self._title, adapter, str(error)) from error
        return _LoadedLora(bool(changes.parts & set(TEXT_PARTS)), changes.bytes, changes)

    def _read_pairs(self, adapter: Adapter) -> _LoadedLora:
        """Reads a LoRA. Raises ModelUnavailable when it does not fit."""
        where: dict[str, Any] = {"weight_name": adapter.path.name, "use_safetensors": True, "local_files_only": True}
        own = in_own_names(self._pipe, adapter.path)
        told: Any = str(adapter.path.parent) if own is None else own
        where = where if own is None else {}
        # Kohya calls the blocks of SDXL as Stability does, and only the U-Net's own shape says which is which.
        shape = {"unet_config": self._pipe.unet.config} if getattr(self._pipe, "unet", None) is not None else {}
        tensors = self._pipe.lora_state_dict(dict(own) if own else told, **where, **shape)
        tensors = tensors[0] if isinstance(tensors, tuple) else tensors
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        parts = {part for part, _ in halves(shapes)}
        if not parts & {"transformer", "unet"} and not parts & set(TEXT_PARTS):
            raise _unfit(self._title, adapter, "nothing in it has a place there")
        for part in sorted(parts):
            base = getattr(self._pipe, part, None)
            reason = f"there is no {part}" if base is None else misfit(shapes, part, _weights(base))
            if reason:
                raise _unfit(self._title, adapter, reason)
        self._pipe.load_lora_weights(told, adapter_name=_PREFIX + adapter.name, **where)
        self._check_placed(adapter, halves(shapes))
        for part in sorted(parts):
            self._widen(adapter, part, tensors)
        return _LoadedLora(
            reads=bool(parts & set(TEXT_PARTS)),
            bytes=sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()),
        )

    def _check_placed(self, adapter: Adapter, pairs: Mapping[tuple[str, str], object]) -> None:
        """A fine-tune of which something was left out silently is an error."""
        for part in {part for part, _ in pairs}:
            wanted = sum(of == part for of, _ in pairs)
            name = _PREFIX + adapter.name
            placed = sum(name in getattr(module, "lora_A", ()) for module in getattr(self._pipe, part).modules())
            if placed != wanted:
                self._forget(adapter.name)
                raise _unfit(self._title, adapter, f"{wanted - placed} of its {wanted} layers found no place")

    def _widen(self, adapter: Adapter, part: str, tensors: Mapping[str, Any]) -> None:
        """Beside weights that are kept as fp8 peft makes the fine-tune's the same, which nothing can be reckoned with:
        they are set again from the file, as the part works.
        """
        module = getattr(self._pipe, part)
        for path, layer in module.named_modules():
            for half in ("lora_A", "lora_B"):
                own = getattr(layer, half, {})
                if _PREFIX + adapter.name not in own:
                    continue
                weight = own[_PREFIX + adapter.name].weight
                if weight.element_size() > 1:
                    continue
                told = tensors.get(f"{part}.{path}.{half}.weight")
                if told is None:
                    self._forget(adapter.name)
                    raise _unfit(self._title, adapter, "its names are not those that weights kept as fp8 need")
                weight.data = told.to(weight.device, module.dtype)

    def _drop(self, name: str) -> None:
        changes = self._loaded.pop(name).changes
        if changes is not None:
            changes.use(0.0)
        elif self._pairs:
            self._pipe.delete_adapters([_PREFIX + name])
        else:
            self._pipe.unload_lora_weights()

    def _forget(self, name: str) -> None:
        """What is left of one that could not be read."""
        self._loaded[name] = _LoadedLora(reads=False, bytes=0)
        self._drop(name)
        self._active = None


def _unfit(title: str, adapter: Adapter, reason: str) -> ModelUnavailable:
    return ModelUnavailable(title, f"the fine-tune {adapter.name} does not fit it: {reason}")


def _names_in(file: Path) -> frozenset[str]:
    try:
        return frozenset(shapes(file))
    except BadWeights:
        return frozenset()  # reading says what is wrong with it


def _forget_compiled(pipe: Any) -> None:
    """What torch compiled before a change came or went would go on without it."""
    import torch

    denoiser = getattr(pipe, denoiser_name(pipe), None)
    if denoiser is not None and any(module._compiled_call_impl is not None for module in denoiser.modules()):
        torch.compiler.reset()


def _weights(part: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of a part's weights by the names they had before any LoRA was put on them."""
    return {
        name.replace(".base_layer.", "."): tuple(weight.shape)
        for name, weight in part.named_parameters()
        if weight.ndim > 1 and ".lora_" not in name
    }
