"""Which placement a model gets on a card, what that takes, and what else could be set.

In this order, the first that fits: all on the card; readers parked in the machine's memory; the same with the
autoencoder in tiles; one part at a time; the denoiser's weights as fp8 (with and without tiles); the denoiser streamed
block by block; that as fp8. Layer by layer (`sequential`) is never chosen, only set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from engine.models.model import Model
from engine.placement.graphics_card import Card
from engine.placement.sizes import (
    BITS,
    GIB,
    WORKSPACE_BYTES,
    Load,
    ModelPart,
    ModelParts,
    decode_bytes,
    step_bytes,
)

Where = Literal["none", "encoders", "model", "group", "sequential"]
"""How much of a model waits off the card, in the order in which that takes less of it."""
Kept = Literal["wide", "half", "fp8", "int8", "nf4", "gguf"]
"""How the denoiser's weights are kept: 32 or 16 bits, or smaller."""

STEPS_DOWN: Final[tuple[Where, ...]] = ("none", "encoders", "model", "group")
"""The places a model can change between without being read again; sequential is not among them."""
PLAIN: Final[frozenset[Kept]] = frozenset({"wide", "half", "fp8"})
"""Weights that can be streamed. Those of int8, nf4 and GGUF carry scales beside them that diffusers leaves behind."""
LARGEST_BATCH: Final = 16
_LEAF_BYTES: Final = GIB
"""The most that a streamed reader has on the card: its table of words, and the layer that comes next."""

_TERAFLOPS: Final = 50e12
_TRANSFER_BYTES_S: Final = 10 * GIB
_CAST_COST: Final = 1.1
_QUANTISED_COST: Final = 1.25
_LAYER_COST: Final = 3.0
_USUAL_CELL_PX: Final = 16
"""What expected speeds are reckoned with: a card of 50 TFLOP/s behind a bus of 10 GiB/s. None of it is measured."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's parts live (`offload`), how the denoiser's weights are kept, and whether it decodes in tiles."""

    offload: Where = "none"
    kept: Kept = "half"
    tiled: bool = False

    @property
    def decodes(self) -> bool:
        """Whether the autoencoder is on the card during the steps, so that previews are its own and not a sketch."""
        return self.offload in ("none", "encoders", "group")

    @property
    def settings(self) -> str:
        """What sets it in MODEL_LOCAL."""
        precision = f"precision={self.kept};" if self.kept in ("fp8", "int8", "nf4") else ""
        return f"{precision}offload={self.offload}"


@dataclass(frozen=True, slots=True)
class Need:
    """What a placement takes of both memories, in bytes: `card` at its worst with the picture, `idle` between two."""

    card: int
    ram: int
    idle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A model on a card. `speed` is 1.0 for all on a card that is large enough, by reckoning; `otherwise` are other
    settings that fit, with theirs. `fits` is false where nothing does: then `placement` is what comes nearest.
    """

    placement: Placement
    need: Need
    batch: int
    speed: float
    fits: bool
    otherwise: tuple[tuple[str, float], ...]


def plan(model: Model, parts: ModelParts, card: Card) -> Plan:
    """The placement of a model whose settings may leave it open or fix it."""
    load = usual_load(model)
    allowed = list(choices(model, card))
    fitting = [one for one in allowed if fits(parts, one, card, load, model)]
    chosen = (fitting or allowed[-1:])[0]
    need = need_of(parts, chosen, load, model)
    return Plan(
        placement=chosen,
        need=need,
        batch=largest_batch(parts, chosen, card, load, model),
        speed=speed(parts, chosen, model),
        fits=bool(fitting),
        otherwise=_otherwise(model, parts, card, chosen),
    )


def choices(model: Model, card: Card) -> Iterator[Placement]:
    """The placements that the model's settings leave open, best first."""
    kept = _kept(model)
    order = _OPEN if kept is None else tuple(dict.fromkeys(replace(one, kept=kept) for one in _OPEN))
    for one in order:
        if one.offload == "group" and one.kept not in PLAIN:
            continue
        if (model.offload in ("auto", one.offload)) and (one.kept != "fp8" or kept == "fp8" or card.casts):
            yield one
    if model.offload == "sequential":
        yield Placement("sequential", kept or "half")


_OPEN: Final = (
    Placement("none"),
    Placement("encoders"),
    Placement("encoders", tiled=True),
    Placement("model"),
    Placement("encoders", "fp8"),
    Placement("encoders", "fp8", tiled=True),
    Placement("group"),
    Placement("group", "fp8"),
    Placement("group", "fp8", tiled=True),
)


def _kept(model: Model) -> Kept | None:
    """How the operator wants the weights kept; None where that is open."""
    if model.gguf:
        return "gguf"
    match model.precision:
        case "fp8" | "int8" | "nf4":
            return model.precision
        case "float32":
            return "wide"
        case "bfloat16" | "float16":
            return "half"
    return None


def for_load(parts: ModelParts, base: Placement, card: Card, load: Load, model: Model) -> Placement:
    """`base`, or the next place down that this call fits into; `base` where none does, since this is reckoning."""
    for one in down_from(base):
        if fits(parts, one, card, load, model):
            return one
    return base


def down_from(base: Placement) -> Iterator[Placement]:
    """`base` and what takes less of the card, without reading the model again: first tiles, then further down."""
    yield base
    if not base.tiled:
        yield replace(base, tiled=True)
    if base.offload in STEPS_DOWN:
        for offload in STEPS_DOWN[STEPS_DOWN.index(base.offload) + 1 :]:
            if offload == "group" and base.kept not in PLAIN:
                return
            for tiled in sorted({base.tiled, True}):
                yield Placement(offload, base.kept, tiled)


def usual_load(model: Model) -> Load:
    """One picture of the model's largest size, guided as usual, with one picture going in where it takes any."""
    size = max(model.sizes.values(), key=lambda one: one[0] * one[1])
    return Load(size=size, pictures=min(1, model.references), guided=model.guidance > 1)


def fits(parts: ModelParts, placement: Placement, card: Card, load: Load, model: Model) -> bool:
    """Whether this call fits into both memories."""
    need = need_of(parts, placement, load, model)
    return need.card <= card.usable_bytes and need.ram <= card.ram_bytes


def largest_batch(parts: ModelParts, placement: Placement, card: Card, load: Load, model: Model) -> int:
    """How many pictures of this kind fit together, at least 1 and at most `LARGEST_BATCH`."""
    if model.needs_picture:
        return 1
    sizes = range(LARGEST_BATCH, 1, -1)
    return next((size for size in sizes if fits(parts, placement, card, replace(load, batch=size), model)), 1)


def need_of(parts: ModelParts, placement: Placement, load: Load, model: Model) -> Need:
    """What the card and the machine's memory hold for this call."""
    denoiser = part_bytes(parts.denoising, placement.kept, model, denoising=True)
    readers = [part_bytes(part, placement.kept, model) for part in parts.readers]
    others = sum(part_bytes(part, placement.kept, model) for part in parts.others)
    step = step_bytes(parts.denoiser, load)
    decode = decode_bytes(load, tiled=placement.tiled)
    leaf = min(_LEAF_BYTES, max(readers, default=0))
    everything = denoiser + others + sum(readers)
    match placement.offload:
        case "none":
            card, ram, idle = everything + max(step, decode), 0, everything
        case "encoders":
            card, ram, idle = denoiser + others + max(step, decode, leaf), sum(readers), denoiser + others
        case "model":
            card, ram, idle = max(denoiser + step, others + decode, max(readers, default=0)), everything, 0
        case "group":
            streamed = _group_bytes(denoiser, parts)
            card, ram, idle = others + max(streamed + step, decode, leaf), everything - others, others
        case "sequential":
            card, ram, idle = max(step, decode, leaf), everything, 0
    return Need(card + WORKSPACE_BYTES, ram, idle)


def part_bytes(part: ModelPart, kept: Kept, model: Model, *, denoising: bool = False) -> int:
    """What the weights of a part take. Only the denoiser's are ever kept smaller than 16 bits."""
    if kept == "gguf" and denoising:
        return _file_bytes(model.gguf) or part.elements
    narrow = kept if denoising and kept in ("fp8", "int8", "nf4") else "half"
    return math.ceil(part.elements * BITS["wide" if kept == "wide" else narrow] / 8)


def _file_bytes(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError:
        return 0


def _group_bytes(denoiser: int, parts: ModelParts) -> int:
    """A block, the next one on its way, and what belongs to no block."""
    return min(denoiser, denoiser * 2 // parts.denoiser.blocks + denoiser // 20)


def speed(parts: ModelParts, placement: Placement, model: Model) -> float:
    """The expected speed, by reckoning, of new words at the model's own steps; 1.0 with everything on the card."""
    best = _picture_s(parts, Placement("none", "half"), model)
    return best / _picture_s(parts, placement, model)


def _picture_s(parts: ModelParts, placement: Placement, model: Model) -> float:
    load = usual_load(model)
    # A U-Net works on most of its weights at a fraction of its finest cells.
    cell = max(parts.denoiser.cell_px, _USUAL_CELL_PX) ** 2
    tokens = load.pixels // cell + parts.denoiser.text_tokens
    step_s = (2 if load.guided else 1) * 2 * parts.denoising.elements * tokens / _TERAFLOPS
    denoiser = part_bytes(parts.denoising, placement.kept, model, denoising=True)
    readers = sum(part_bytes(part, placement.kept, model) for part in parts.readers)
    move_s = denoiser / _TRANSFER_BYTES_S
    step_s *= _CAST_COST if placement.kept == "fp8" else 1.0
    step_s *= _QUANTISED_COST if placement.kept in ("int8", "nf4", "gguf") else 1.0
    read_s = readers / _TRANSFER_BYTES_S
    match placement.offload:
        case "none":
            return model.steps * step_s
        case "encoders":
            return model.steps * step_s + read_s
        case "model":
            return model.steps * step_s + 2 * (read_s + move_s)
        case "group":
            return model.steps * (max(step_s, move_s) + 0.2 * move_s) + read_s
        case "sequential":
            return model.steps * (step_s + _LAYER_COST * move_s) + _LAYER_COST * read_s


def _somehow_fits(parts: ModelParts, placement: Placement, card: Card, load: Load, model: Model) -> bool:
    """As it is, or with the tiles that it would get then."""
    tiled = replace(placement, tiled=placement.offload in ("encoders", "group"))
    return fits(parts, placement, card, load, model) or fits(parts, tiled, card, load, model)


def _otherwise(model: Model, parts: ModelParts, card: Card, chosen: Placement) -> tuple[tuple[str, float], ...]:
    """Other settings that fit, quickest first; layer by layer only where nothing else does."""
    load = usual_load(model)
    kinds: tuple[Kept, ...] = ("half", "fp8", "int8", "nf4")
    every = [Placement(where, kept) for where in STEPS_DOWN for kept in kinds if where != "group" or kept in PLAIN]
    found = {one.settings: one for one in every if _somehow_fits(parts, one, card, load, model)}
    found.pop(chosen.settings, None)
    told = sorted(((text, speed(parts, one, model)) for text, one in found.items()), key=lambda pair: -pair[1])
    last = Placement("sequential")
    if not told and chosen.offload != "sequential" and fits(parts, last, card, load, model):
        return ((last.settings, speed(parts, last, model)),)
    return tuple(told[:3])
