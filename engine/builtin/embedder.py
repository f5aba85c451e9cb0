"""dlib's face embedding as a torch module: many faces at once, and with gradients. For training alone.

Its weights are read from dlib's own file, which holds every tensor as its four sizes and its values. The network is
that of dlib's `dnn_face_recognition_ex`: a residual network of 29 layers without batch normalisation (folded into
scales and shifts) that reads a face's chip of 150 × 150 pixels.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.face_adapter import EMBEDDING

CHIP_PX = 150
_MEANS = (122.782, 117.001, 104.298)
_LAYER = re.compile(rb"con_4|affine_|fc_2")
_LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Filters, blocks, and whether the first block halves the sides, from the input on."""
_ENDS = (3, 7, 10)
"""After which blocks what is seen is kept: 35, 17 and 8 a side."""


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A packed integer and where it ends: a byte with its length and sign, then its bytes."""
    control = data[at]
    end = at + 1 + (control & 15)
    value = int.from_bytes(data[at + 1 : end], "little")
    return (-value if control & 128 else value), end


def _tensor(data: bytes, at: int) -> npt.NDArray[np.float32]:
    """The values of a tensor. Raises ValueError where there is none."""
    version, at = _integer(data, at)
    if version != 2:
        raise ValueError(f"This is no face recognition model of dlib's: version {version} where a tensor was to be.")
    sizes = []
    for _ in range(4):
        size, at = _integer(data, at)
        sizes.append(size)
    return np.frombuffer(data, "<f4", int(np.prod(sizes)), at)


def _values_at(data: bytes, layer: re.Match[bytes]) -> int:
    """Where a layer's tensor begins; the last layer says its outputs and inputs first."""
    at = layer.end()
    for _ in range(2 if layer[0] == b"fc_2" else 0):
        at = _integer(data, at)[1]
    return at


class _Convolution(nn.Module):
    """A convolution, scaled and shifted."""

    def __init__(self, before: int, after: int, side: int, stride: int, padding: int) -> None:
        super().__init__()
        self.seen = nn.Conv2d(before, after, side, stride, padding)
        self.scale = nn.Parameter(torch.ones(after, 1, 1))
        self.shift = nn.Parameter(torch.zeros(after, 1, 1))

    def forward(self, seen: Tensor) -> Tensor:
        return self.seen(seen) * self.scale + self.shift  # type: ignore[no-any-return]


class _Block(nn.Module):
    def __init__(self, before: int, after: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = _Convolution(before, after, 3, 2 if halves else 1, 0 if halves else 1)
        self.second = _Convolution(after, after, 3, 1, 1)

    def forward(self, seen: Tensor) -> Tensor:
        found = self.second(functional.relu(self.first(seen)))
        past = functional.avg_pool2d(seen, 2) if self.halves else seen
        return functional.relu(_padded(found, past) + _padded(past, found))


def _padded(one: Tensor, other: Tensor) -> Tensor:
    """The one with zeros where only the other has values."""
    missing = [max(0, there - here) for here, there in zip(one.shape[1:], other.shape[1:], strict=True)]
    return functional.pad(one, (0, missing[2], 0, missing[1], 0, missing[0]))


class Embedder(nn.Module):
    """Embeddings (B, 128) of chips (B, 3, 150, 150) in −1…1, as dlib's `compute_face_descriptor` gives them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _Convolution(3, 32, 7, 2, 0)
        blocks, before = [], 32
        for after, count, halves in _LEVELS:
            for number in range(count):
                blocks.append(_Block(before, after, halves and number == 0))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Linear(before, EMBEDDING, bias=False)
        self.means: Tensor
        self.register_buffer("means", torch.tensor(_MEANS)[:, None, None])

    def forward(self, chips: Tensor) -> Tensor:
        return self.seen(chips)[1]

    def seen(self, chips: Tensor) -> tuple[list[Tensor], Tensor]:
        """What the network sees on its way (B, C, h, w), by falling size, and the embeddings."""
        scaled = (((chips + 1) * 127.5 - self.means) / 256).contiguous(memory_format=torch.channels_last)
        found = functional.max_pool2d(functional.relu(self.first(scaled)), 3, 2)
        levels = []
        for number, block in enumerate(self.blocks, 1):
            found = block(found)
            if number in _ENDS:
                levels.append(found)
        return levels, self.last(found.mean((2, 3)))


def load(path: Path | None = None) -> Embedder:
    """The embedder with dlib's weights, frozen. Raises ValueError when the file is not what it should be."""
    if path is None:
        from engine.identity import _weights

        path = Path(_weights("dlib_face_recognition_resnet_model_v1.dat"))
    data = path.read_bytes()
    values = [_tensor(data, _values_at(data, found)) for found in _LAYER.finditer(data)]
    made = Embedder()
    layers = [module for module in made.modules() if isinstance(module, _Convolution)]
    if len(values) != 2 * len(layers) + 1:
        raise ValueError(f"This is no face recognition model of dlib's: it has {len(values)} layers with weights.")
    with torch.no_grad():
        for at, layer in enumerate(layers):
            filters = layer.seen.weight.numel()
            layer.seen.weight.copy_(torch.from_numpy(values[2 * at][:filters].copy()).view_as(layer.seen.weight))
            layer.seen.bias.copy_(torch.from_numpy(values[2 * at][filters:].copy()))  # type: ignore[union-attr]
            scale, shift = torch.from_numpy(values[2 * at + 1].copy()).view(2, -1, 1, 1)
            layer.scale.copy_(scale)
            layer.shift.copy_(shift)
        made.last.weight.copy_(torch.from_numpy(values[-1].copy()).view(-1, EMBEDDING).T)
    made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made.eval().requires_grad_(False)
