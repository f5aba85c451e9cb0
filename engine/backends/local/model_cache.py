"""Models in memory: read when first wanted, checked, kept while they fit; the least recently used leaves first.

A model that leaves the card is parked in the machine's memory where that has room: the two are accounted apart.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.backends import ModelPlace
from engine.backends.local import devices, placing, runtime, tuning
from engine.backends.local.compressed import is_kept
from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.limits import limit_batches
from engine.backends.local.loaded import Loaded
from engine.backends.local.memory_errors import is_out_of_memory
from engine.backends.local.pipeline_loading import Reader, read
from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import ModelUnavailable, NotOnThisCard
from engine.models.local_models import COMPRESSED
from engine.models.model import Model
from engine.placement.model_parts import parts_of
from engine.placement.plan import Kept, Placement, Plan, down_from, for_load, plan
from engine.placement.sizes import GIB, Load, ModelParts

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

LARGE_PX = 512
PROCESSOR_GIB = 6.0
"""Weights of more than this, at 16 bits, are not run on a processor: a picture would take an hour."""
PINNED_SHARE = 0.5
"""Streamed weights are locked in memory while they take no more than this share of what models may have there."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A model that is to be read into the machine's memory while others work; `bytes` of it are kept free for that."""

    model: Model
    dtype: torch.dtype
    placement: Placement
    bytes: int


class ModelCache:
    """The resident models of one device. `card` is None on a processor, whose memory is one for all."""

    def __init__(self, settings: LocalSettings, reader: Reader | None = None) -> None:
        self._settings = settings
        self._read = reader or read
        # No LRU cache of a library: what leaves goes to the machine's memory or away, by two budgets.
        self._models: OrderedDict[str, Loaded] = OrderedDict()
        self._plans: dict[str, Plan] = {}
        self._kept: dict[str, Kept] = {}
        self._known_parts: dict[str, ModelParts] = {}
        self._expected: Expected | None = None
        self._brought: dict[str, tuple[Kept, Any, bool]] = {}
        """Pipelines that were read while others worked, by model, until they are placed."""
        self.device = runtime.choose_device(settings)
        self.card = runtime.choose_card(settings, self.device)
        self._budget_bytes = self.card.usable_bytes if self.card else runtime.memory_budget_bytes(settings)

    @property
    def resident(self) -> tuple[str, ...]:
        """Ids of the models on the device, least recently used first; those parked beside it are not among them."""
        return tuple(model_id for model_id, loaded in self._models.items() if loaded.placement is not None)

    @property
    def parked(self) -> tuple[str, ...]:
        """Ids of the models that wait in the machine's memory, least recently used first."""
        return tuple(model_id for model_id, loaded in self._models.items() if loaded.placement is None)

    @property
    def places(self) -> tuple[ModelPlace, ...]:
        """Where each model is, least recently used first."""
        return tuple(
            ModelPlace(model_id, str(self.device), self._device_bytes(loaded), self._beside_bytes(loaded))
            for model_id, loaded in self._models.items()
        )

    def take(self, model: Model, on_load: Callable[[], None], placement: Placement | None = None) -> Loaded:
        """The model on the device, placed as planned or as is said; read now if need be (`on_load` is called first).

        Raises ModelUnavailable, and what running out of memory raises.
        """
        wanted = placement or self.planned(model)
        if model.id in self._models and self._kept[model.id] != wanted.kept:
            self.drop(model.id)  # what was not known before it was read asks for other weights
        loaded = self._models.get(model.id)
        if loaded is None:
            on_load()
            loaded = self._load(model, wanted)
        elif loaded.placement != wanted:
            if loaded.placement is None:
                on_load()
            self._move(loaded, wanted)
        self._models.move_to_end(model.id)
        return loaded

    def expect(self, model: Model, placement: Placement) -> Expected | None:
        """Keeps room for reading the model while those on the device go on working; None where it cannot be so.

        That is where none is there to go on, where memory has no room for both, where weights are packed by the device
        itself, and beside compiled models: reading changes what torch's compiled blocks are guarded by.
        """
        tuning.check(model, self.device, self._settings)
        resident = [self._models[model_id].model for model_id in self.resident]
        parts = self._parts(model)
        packed = placement.kept in ("int8", "nf4")
        if not resident or model.id in self._models or parts is None or packed or self._expected is not None:
            return None
        dtype = runtime.choose_dtype(model.precision, self.device, self.card)
        weights = sum(part.elements for part in parts.parts) * dtype.itemsize
        if any(one.compile == "blocks" for one in resident) or not self._clear_for(weights):
            return None
        self._expected = Expected(model, dtype, placement, weights)
        return self._expected

    def expect_no_more(self) -> None:
        """Nothing is being read beside any more; called on any thread."""
        self._expected = None

    def read_beside(self, expected: Expected) -> tuple[Kept, Any, bool] | None:
        """Reads what is expected, on a thread of its own; None where memory did not suffice after all.

        Raises ModelUnavailable.
        """
        model, kept = expected.model, expected.placement.kept
        try:
            with runtime.building(lambda: log.info("Model %s is read after that of another card.", model.id)):
                pipe, has_adapter = self._read(model, expected.dtype, kept, None)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            log.warning("Memory ran out for reading %s beside others; it is read in its turn.", model.id)
            return None
        return kept, pipe, has_adapter

    def bring(self, model_id: str, brought: tuple[Kept, Any, bool]) -> None:
        """Hands over what `read_beside` has read; it is placed when the model is next taken."""
        self._brought[model_id] = brought

    def _clear_for(self, weights: int) -> bool:
        """Whether memory has room for so much more, once those have left that need not stay."""
        beside = self.card is not None
        limit = self.card.ram_bytes if self.card else self._budget_bytes
        take = self._beside_bytes if beside else self._device_bytes
        used = sum(take(loaded) for loaded in self._models.values())
        leaving: list[str] = []
        for model_id in self.parked if beside else self.resident[:-1]:
            if used + weights > limit:
                used -= take(self._models[model_id])
                leaving.append(model_id)
        if used + weights > limit:
            return False
        for model_id in leaving:
            log.info("Model %s leaves memory for another.", model_id)
            self.drop(model_id)
        return True

    def _awaited_bytes(self) -> int:
        """What memory is kept free for."""
        return self._expected.bytes if self._expected is not None else 0

    def planned(self, model: Model, load: Load | None = None) -> Placement:
        """Where the model lives, or where it goes for a call that takes more than usual. Raises ModelUnavailable."""
        parts = self._parts(model)
        if self.card is None:
            return self._on_processor(model, parts)
        if parts is None:
            return Placement("encoders" if model.offload == "auto" else _offload(model), _kept(model))
        found = self._plans.get(model.id)
        if found is None:
            found = self._plans[model.id] = plan(model, parts, self.card)
        if not found.fits and model.offload == "auto":
            raise NotOnThisCard(
                model.title,
                f"it takes about {found.need.card / GIB:.1f} GiB of the GPU and {found.need.ram / GIB:.1f} GiB beside "
                "it, which is more than there is",
            )
        return for_load(parts, found.placement, self.card, load, model) if load else found.placement

    def planned_batch(self, model: Model) -> int | None:
        """How many pictures fit together by reckoning; None where that is not known."""
        found = self._plans.get(model.id)
        return found.batch if found is not None and found.fits else None

    def further_down(self, model: Model, now: Placement | None, *, only_tiles: bool) -> Placement | None:
        """The next placement that takes less of the device, or with `only_tiles` the same with tiles. None: no more."""
        at = now or self.planned(model)
        loaded = self._models.get(model.id)
        if only_tiles:
            possible = not at.tiled and (loaded is None or placing.has_tiles(loaded.pipe))
            return replace(at, tiled=True) if possible else None
        if self.card is None:
            return None
        order: Iterator[Placement] = (one for one in down_from(at) if one.offload != at.offload)
        return next(order, None)

    def unsettle(self, model_id: str) -> None:
        """Memory ran out in the middle of a call: what was on its way then goes back to where it belongs."""
        loaded = self._models.get(model_id)
        if self.card is None or loaded is None or loaded.placement is None:
            return
        if loaded.placement.offload == "sequential":
            self.drop(model_id)
            return
        try:
            self._place(loaded, loaded.placement)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            log.warning("%s has no room on the device any more and left memory.", loaded.model.title)

    def drop(self, model_id: str) -> None:
        """Takes a model out of memory."""
        if self._models.pop(model_id, None) is not None:
            runtime.free_unused(self.device)

    def spare_others(self, model_id: str) -> bool:
        """Takes every other model off the device, and those parked out of memory; False when there was none."""
        others = [other for other in self._models if other != model_id]
        for other in others:
            self._leave(other)
        return bool(others)

    def _parts(self, model: Model) -> ModelParts | None:
        parts = self._known_parts.get(model.id) or parts_of(model)
        if parts is not None:
            self._known_parts[model.id] = parts
        return parts

    def _on_processor(self, model: Model, parts: ModelParts | None) -> Placement:
        """Raises ModelUnavailable for settings that need a card, and for a model that is too large without one."""
        if self.device.type != "cpu":
            log.error("%s cannot run: %s.", model.title, devices.fault(devices.look(self.device.index or 0)))
            raise NotOnThisCard(model.title, "the GPU here is not one that torch can use")
        if model.offload not in ("auto", "none"):
            raise ModelUnavailable(model.title, "its offload setting needs a GPU, and there is none here")
        weights_gib = sum(part.elements for part in parts.parts) * 2 / GIB if parts else 0.0
        if weights_gib > PROCESSOR_GIB:
            why = devices.fault(devices.look()) or "there is no GPU here that torch can use"
            log.error("%s is not run on a processor: %s.", model.title, why)
            raise ModelUnavailable(model.title, "it is made for a GPU, and there is none here that can be used")
        return Placement("none", _kept(model))

    def _leave(self, model_id: str) -> None:
        """Off the device: parked where the machine's memory has room, else gone."""
        loaded = self._models[model_id]
        ram = sum(self._beside_bytes(other) for other in self._models.values() if other is not loaded)
        movable = loaded.placement is not None and loaded.placement.offload != "sequential"
        if self.card is None or not movable or ram + loaded.bytes + self._awaited_bytes() > self.card.ram_bytes:
            log.info("Model %s leaves memory.", model_id)
            self.drop(model_id)
            return
        log.info("Model %s leaves the device and waits in the machine's memory.", model_id)
        placing.park(loaded.pipe)
        loaded.placement = None
        runtime.free_unused(self.device)

    def _make_room(self, needed_bytes: int, *, keep: str = "") -> None:
        """On the device, for this much more."""
        awaited = self._awaited_bytes() if self.card is None else 0
        for model_id in self.resident:
            used = sum(self._device_bytes(loaded) for loaded in self._models.values()) + awaited
            if model_id != keep and used + needed_bytes > self._budget_bytes:
                self._leave(model_id)

    def _make_room_beside(self, needed_bytes: int, *, keep: str) -> None:
        """In the machine's memory: the parked leave first, then those of which parts are there."""
        if self.card is None:
            return
        for model_id in (*self.parked, *self.resident):
            used = sum(self._beside_bytes(loaded) for loaded in self._models.values()) + self._awaited_bytes()
            helps = model_id != keep and self._beside_bytes(self._models[model_id]) > 0
            if helps and used + needed_bytes > self.card.ram_bytes:
                log.info("Model %s leaves memory for another.", model_id)
                self.drop(model_id)

    def _device_bytes(self, loaded: Loaded) -> int:
        if loaded.placement is None:
            return 0
        return placing.on_card_when_idle(loaded.sizes, loaded.placement) + loaded.fine_tunes.bytes

    def _beside_bytes(self, loaded: Loaded) -> int:
        return loaded.bytes - self._device_bytes(loaded)

    def _move(self, loaded: Loaded, placement: Placement) -> None:
        """To another placement, without reading the model again; its own share of the device is given back first."""
        loaded.placement = None
        on_card = placing.on_card_when_idle(loaded.sizes, placement)
        self._make_room(self._needed(loaded.model, placement) or on_card, keep=loaded.model.id)
        self._make_room_beside(loaded.bytes - on_card, keep=loaded.model.id)
        self._place(loaded, placement)

    def _place(self, loaded: Loaded, placement: Placement) -> None:
        """Raises what running out of memory raises; the model has left memory then."""
        try:
            placing.place(loaded.pipe, placement, self.device, pinned=self._pinned(loaded.bytes))
        except BaseException:
            self.drop(loaded.model.id)  # some of it is here and some there
            raise
        loaded.placement = placement

    def _needed(self, model: Model, placement: Placement) -> int:
        """What this placement takes of the device with a picture, by reckoning; 0 where that is not known."""
        found = self._plans.get(model.id)
        return found.need.card if found is not None and found.placement == placement else 0

    def _needed_beside(self, model: Model, placement: Placement) -> int:
        """The same for the machine's memory."""
        found = self._plans.get(model.id)
        return found.need.ram if found is not None and found.placement == placement else 0

    def _pinned(self, weights_bytes: int) -> bool:
        return self.card is not None and weights_bytes <= PINNED_SHARE * self.card.ram_bytes

    def _load(self, model: Model, placement: Placement) -> Loaded:
        tuning.check(model, self.device, self._settings)
        dtype = runtime.choose_dtype(model.precision, self.device, self.card)
        parts = self._parts(model)
        weights = sum(part.elements for part in parts.parts) * dtype.itemsize if parts else 0
        self._make_room(self._needed(model, placement) or weights)
        self._make_room_beside(self._needed_beside(model, placement), keep=model.id)
        pipe, has_adapter = self._pipeline(model, dtype, placement)
        tuning.tune(pipe, model, self._settings)
        placing.place(pipe, placement, self.device, pinned=self._pinned(weights))
        _verify(pipe, model, dtype, placement, self.device)
        if max(map(max, model.sizes.values())) >= LARGE_PX and hasattr(pipe.vae, "enable_slicing"):
            pipe.vae.enable_slicing()  # pictures are decoded one by one: a large batch must not fail at its end
        if self._settings.batch_memory_mib is not None:
            limit_batches(pipe, int(self._settings.batch_memory_mib * 2**20))
        pipe.set_progress_bar_config(disable=True)
        fine_tunes = FineTunes(pipe, model.title)
        loaded = Loaded(model, pipe, self.device, placement, placing.held_bytes(pipe), has_adapter, fine_tunes)
        loaded.read_sketcher()
        self._models[model.id] = loaded
        self._kept[model.id] = placement.kept
        self._make_room(0, keep=model.id)
        return loaded

    def _pipeline(self, model: Model, dtype: torch.dtype, placement: Placement) -> tuple[Any, bool]:
        """What was read beside, else what is read now; the denoiser then goes straight to a device that keeps it."""
        kept, pipe, has_adapter = self._brought.pop(model.id, (None, None, False))
        if kept == placement.kept:
            return pipe, has_adapter
        first = self.device if self.card is not None and placement.offload in ("none", "encoders") else None
        with runtime.building(lambda: log.info("Model %s is read after that of another card.", model.id)):
            return self._read(model, dtype, placement.kept, first)


def _kept(model: Model) -> Any:
    """How the weights are kept where the plan has no say."""
    if model.gguf:
        return "gguf"
    return model.precision if model.precision in COMPRESSED else "half"


def _offload(model: Model) -> Any:
    return "none" if model.offload == "auto" else model.offload


def _verify(pipe: Any, model: Model, dtype: torch.dtype, placement: Placement, device: torch.device) -> None:
    """A setting that did nothing is an error, not a silence."""
    denoiser = placing.denoiser_name(pipe)
    for name, part in placing.modules(pipe).items():
        compressed = name == denoiser and placement.kept not in ("half", "wide")
        if compressed and not is_kept(part, placement.kept):
            raise ModelUnavailable(model.title, f"its weights were to be kept as {placement.kept}, and are not")
        if not compressed and part.dtype != dtype:
            asked, got = _name(dtype), _name(part.dtype)
            raise ModelUnavailable(model.title, f"precision {asked} is set, but its {name} came as {got}")
    nothing = placing.took_effect(pipe, placement, device)
    if nothing:
        raise ModelUnavailable(model.title, nothing)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
