"""A LoRA's relatives laid over a loaded pipeline: LoHa, LoKr, OFT, BOFT, full differences, and DoRA as kohya writes it.

Each module that is changed is left as it is: what the change adds to its output is reckoned beside it and added. So it
is weighted and taken off at no cost and without a trace, and it does not matter how the module's weights are kept or
where they lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.lora_names import modules_of, places_of, rows_of, shape_of
from engine.backends.local.rotations import Rotation, cut_rotation, is_rotation, rotation_of

if TYPE_CHECKING:
    import torch

Tensors = Mapping[str, "torch.Tensor"]
"""The tensors of one module by their endings."""

_LORA: Final[Mapping[str, str]] = {
    f"{theirs}{weight}": ours
    for theirs, ours in (
        *(("lora_A", "down"), ("lora_down", "down"), ("lora.down", "down"), ("lora_mid", "mid")),
        *(("lora_B", "up"), ("lora_up", "up"), ("lora.up", "up")),
    )
    for weight in (".weight", ".default.weight")
}
_OTHERS: Final = (
    *("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2", "oft_blocks", "rescale"),
    *("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"),
    *("diff", "diff_b", "alpha", "dora_scale"),
)
_ENDS: Final[Mapping[str, str]] = {**_LORA, **{end: end for end in _OTHERS}}
_READ_ONCE: Final = frozenset({"alpha", "dora_scale", "oft_blocks", "rescale"})


class Misplaced(ValueError):
    """What of a file has no place in the pipeline; str() is a clause."""


@dataclass(slots=True)
class Change:
    """What is done to one module, `rows` of what the file has for it."""

    module: Any
    tensors: dict[str, torch.Tensor]
    rows: tuple[int, int]
    shape: tuple[int, ...]
    alpha: float | None
    rotation: Rotation | None = None
    bias: torch.Tensor | None = None
    ratio: torch.Tensor | None = None
    """DoRA's magnitudes, each as a part of the length that the changed weight has."""
    device: Any = "cpu"
    """Where its numbers are."""

    def added(self, into: torch.Tensor, out: torch.Tensor) -> Any:
        """What is added to the module's output `out` for what goes in, at strength 1."""
        if self.rotation is not None:
            return self.rotation.added(self._without_bias(out), channels_at=1 if out.ndim == 4 else -1)
        told = {name: tensor.to(into.device, into.dtype) for name, tensor in self.tensors.items()}
        delta = _delta(told, self.shape, self.alpha)[slice(*self.rows)] if _is_weight(told) else None
        if self.ratio is None:
            shift = _along(told["diff_b"][slice(*self.rows)], out) if "diff_b" in told else 0
            return (0 if delta is None else _applied(self.module, into, delta)) + shift
        ratio = self.ratio.to(into.device, into.dtype)
        if ratio.shape[0] == 1:  # along what goes in
            scaled = into * _along(ratio.flatten(), into)
            return self.module.forward(scaled) - out + _applied(self.module, scaled, delta)
        ratio = _along(ratio.flatten(), out)
        return (ratio - 1) * self._without_bias(out) + ratio * _applied(self.module, into, delta)

    def _without_bias(self, out: torch.Tensor) -> torch.Tensor:
        return out if self.bias is None else out - _along(self.bias.to(out.device, out.dtype), out)

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        turns = [] if self.rotation is None else self.rotation.turns
        return sum(tensor.numel() * tensor.element_size() for tensor in (*self.tensors.values(), *turns))

    def to(self, device: Any) -> None:
        """Moves its numbers, so that they need not be moved for each step."""
        self.device = device
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        if self.rotation is not None:
            self.rotation.to(device)


@dataclass(slots=True)
class WeightChanges:
    """A file's changes to all the modules of a pipeline, and whether and how strongly they take part now."""

    changes: list[Change]
    parts: frozenset[str]
    strength: float = 0.0
    _hooks: list[Any] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """What they take in memory."""
        return sum(change.bytes for change in self.changes)

    def use(self, strength: float) -> None:
        """Makes them take part so strongly; 0 takes them off."""
        self.strength = strength
        if strength and not self._hooks:
            self._hooks = [change.module.register_forward_hook(self._hook(change)) for change in self.changes]
        if not strength:
            for hook in self._hooks:
                hook.remove()
            self._hooks = []
            for change in self.changes:
                change.to("cpu")

    def _hook(self, change: Change) -> Any:
        def add(module: Any, into: tuple[torch.Tensor, ...], out: torch.Tensor) -> torch.Tensor:
            del module
            if change.device != out.device:
                change.to(out.device)
            told: torch.Tensor = out + self.strength * change.added(into[0], out)
            return told

        return add


def read_weight_changes(pipe: Any, file: Path) -> WeightChanges:
    """The changes in this file, placed on this pipeline. Raises Misplaced."""
    import torch
    from safetensors.torch import load_file

    by_module = _by_module(load_file(file))
    modules = modules_of(pipe)
    found: list[Change] = []
    parts: set[str] = set()
    with torch.no_grad():
        for name, tensors in by_module.items():
            places = places_of(modules, name)
            if not places:
                raise Misplaced(f"its base has no {name}")
            found += _placed(pipe, places, tensors)
            parts |= {place.partition(".")[0] for place in places}
    return WeightChanges(found, frozenset(parts))


def _by_module(tensors: Tensors) -> dict[str, dict[str, torch.Tensor]]:
    found: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        end = next((end for end in _ENDS if name.endswith(f".{end}")), "")
        if not end:
            raise Misplaced(f"{name} is of a kind that is not read")
        found.setdefault(name.removesuffix(f".{end}"), {})[_ENDS[end]] = tensor
    return {name: own for name, own in found.items() if own.keys() != {"alpha"}}


def _placed(pipe: Any, places: tuple[str, ...], tensors: dict[str, torch.Tensor]) -> list[Change]:
    """A file's change to one of its modules, on those of the pipeline that it is there."""
    layers = [_layer(pipe, place) for place in places]
    rows = [rows_of(pipe, place) for place in places]
    shape = (sum(rows), *shape_of(layers[0])[1:])
    if len(shape) not in (2, 4):
        raise Misplaced(f"it changes {places[0]}, which is neither a linear layer nor a convolution of pictures")
    _check(places[0], tensors, shape)
    alone = len(places) == 1
    rotation = rotation_of(tensors, shape[0]) if is_rotation(tensors) else None
    alpha = float(tensors["alpha"]) if "alpha" in tensors else None
    begin = 0
    changes: list[Change] = []
    for layer, own in zip(layers, rows, strict=True):
        change = Change(layer, tensors, (begin, begin + own), shape, alpha)
        if rotation is not None:
            change.rotation = rotation if alone else cut_rotation(rotation, *change.rows)
            if change.rotation is None:
                raise Misplaced(f"it turns {places[0]} and others as one, which are apart in its base")
        if "dora_scale" in tensors:
            change.ratio = _ratio(places, change, _weight(layer))
        if rotation is not None or change.ratio is not None:
            change.bias = _kept(layer, "bias")
        change.tensors = {name: tensor for name, tensor in tensors.items() if name not in _READ_ONCE}
        begin += own
        changes.append(change)
    return changes


def _layer(pipe: Any, place: str) -> Any:
    """The module itself, below whatever LoRAs lie over it."""
    part, _, name = place.partition(".")
    layer = getattr(pipe, part).get_submodule(name)
    while hasattr(layer, "base_layer"):
        layer = layer.base_layer
    return layer


def _kept(layer: Any, name: str) -> torch.Tensor | None:
    """A module's weight or bias as numbers, wherever it lies, or None where it has none. Raises Misplaced."""
    from peft.utils.integrations import dequantize_module_weight

    told: Any = getattr(layer, name, None)
    if told is None:
        return None
    if told.is_meta:
        kept = getattr(getattr(layer, "_hf_hook", None), "weights_map", None)
        if kept is None:
            raise Misplaced("it needs the weights of its base, which are not at hand where this model's parts lie")
        told = kept[name]
    elif name == "weight" and hasattr(told, "quant_type"):
        from diffusers.quantizers.gguf.utils import dequantize_gguf_tensor

        told = dequantize_gguf_tensor(told)
    elif name == "weight":
        told = dequantize_module_weight(layer)
    numbers: torch.Tensor = told.detach().clone()
    return numbers.float() if numbers.element_size() < 2 else numbers


def _weight(layer: Any) -> torch.Tensor:
    kept = _kept(layer, "weight")
    if kept is None:
        raise Misplaced("what it is for has no weights in its base")
    return kept


def _is_weight(tensors: Tensors) -> bool:
    return bool(tensors.keys() & {"hada_w1_a", "lokr_w1", "lokr_w1_a", "down", "diff"})


def _check(place: str, tensors: Tensors, shape: tuple[int, ...]) -> None:
    """Raises Misplaced for a change that is not as large as what it is for."""
    import torch

    out, into = shape[0], 1
    for side in shape[1:]:
        into *= side
    told = {name: torch.empty(tensor.shape, device="meta") for name, tensor in tensors.items()}
    if not _is_weight(told) and not told.keys() & {"oft_blocks", "diff_b"}:
        raise Misplaced(f"a part of what it has for {place} is missing")
    try:
        if _is_weight(told):
            _delta(told, shape, None)
        sides = [told["diff_b"].numel()] if "diff_b" in told else []
        sides += [told["rescale"].numel()] if "rescale" in told else []
        sides += [told["oft_blocks"].shape[-3] * told["oft_blocks"].shape[-1]] if "oft_blocks" in told else []
        if any(side != out for side in sides):
            raise Misplaced(f"{place} is {into} → {out} in its base, and of another size in the file")
    except (KeyError, RuntimeError, IndexError) as error:
        raise Misplaced(f"{place} is {into} → {out} in its base, and of another size in the file") from error


def _delta(tensors: Tensors, shape: tuple[int, ...], alpha: float | None) -> torch.Tensor:
    """What is added to a weight of this shape. Raises KeyError and RuntimeError where it is not as large."""
    if "hada_w1_a" in tensors:
        delta = _loha(tensors, alpha)
    elif "down" in tensors:
        delta = _pair(tensors, alpha)
    else:
        delta = tensors["diff"] if "diff" in tensors else _lokr(tensors, alpha)
    if delta.shape[0] != shape[0]:
        raise RuntimeError(f"{tuple(delta.shape)} for {shape}")
    return delta.reshape(shape)


def _scale(alpha: float | None, rank: int) -> float:
    """What is divided by in training: alpha over rank; 1 where there is no alpha."""
    return 1.0 if alpha is None else alpha / rank


def _loha(tensors: Tensors, alpha: float | None) -> torch.Tensor:
    import torch
    from peft.tuners.loha.layer import make_weight, make_weight_cp

    first, second = ([tensors[f"hada_w{number}_{side}"] for side in "ab"] for number in (1, 2))
    scale = torch.tensor(_scale(alpha, first[1].shape[0]))
    if "hada_t1" in tensors:
        delta: torch.Tensor = make_weight_cp(tensors["hada_t1"], *first, tensors["hada_t2"], *second, scale=scale)
    else:
        delta = make_weight(*first, *second, scale=scale)
    return delta


def _lokr(tensors: Tensors, alpha: float | None) -> torch.Tensor:
    from peft.tuners.lokr.layer import make_kron, make_weight_cp

    rank = next((tensors[name].shape[0] for name in ("lokr_w2_b", "lokr_w1_b") if name in tensors), 0)
    whole = tensors.get("lokr_w1")
    first = tensors["lokr_w1_a"] @ tensors["lokr_w1_b"] if whole is None else whole
    second = tensors.get("lokr_w2")
    if second is None and "lokr_t2" in tensors:
        second = make_weight_cp(*(tensors[name] for name in ("lokr_t2", "lokr_w2_a", "lokr_w2_b")))
    elif second is None:
        second = tensors["lokr_w2_a"] @ tensors["lokr_w2_b"]
    delta: torch.Tensor = make_kron(first, second, _scale(alpha, rank) if rank else 1.0)
    return delta


def _pair(tensors: Tensors, alpha: float | None) -> torch.Tensor:
    import torch

    down, up = tensors["down"], tensors["up"]
    scale = _scale(alpha, down.shape[0])
    if "mid" in tensors:
        delta = torch.einsum("o r, r s k l, s i -> o i k l", up.flatten(1), tensors["mid"], down.flatten(1))
        return delta * scale
    return up.flatten(1) @ down.flatten(1) * scale


def _ratio(places: tuple[str, ...], change: Change, weight: torch.Tensor) -> torch.Tensor:
    """DoRA's magnitudes over the lengths of the changed weight, along what comes out, or along what goes in."""
    import torch

    magnitude = change.tensors["dora_scale"].float().to(weight.device)
    told = {name: tensor.to(weight.device, torch.float32) for name, tensor in change.tensors.items()}
    changed = weight.float() + _delta(told, change.shape, change.alpha)[slice(*change.rows)]
    along_out = magnitude.numel() == change.shape[0] == magnitude.shape[0]
    if not along_out and (magnitude.numel() != change.shape[1] or len(places) > 1):
        raise Misplaced(f"DoRA's magnitudes of {places[0]} are not as many as what comes out of it or goes in")
    side: Any = changed if along_out else changed.transpose(0, 1)
    length: torch.Tensor = torch.linalg.vector_norm(side.flatten(1), dim=1)
    own = magnitude.flatten()[slice(*change.rows)] if along_out else magnitude.flatten()
    return (own / length)[:, None] if along_out else (own / length)[None]


def _applied(module: Any, into: torch.Tensor, delta: torch.Tensor | None) -> Any:
    """What a weight like the module's makes of what goes in."""
    from torch.nn import functional

    if delta is None:
        return 0
    if delta.ndim == 2:
        return functional.linear(into, delta)
    return functional.conv2d(
        into,
        delta,
        stride=module.stride,
        padding=module.padding,
        dilation=module.dilation,
        groups=module.groups,
    )


def _along(values: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """One value a channel, so that it can be reckoned with what a module takes or gives."""
    return values[:, None, None] if out.ndim == 4 else values
