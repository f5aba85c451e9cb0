"""What placement reckons with: parts and their numbers, and what one call of a pipeline takes beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

GIB: Final = 2**30
MIB: Final = 2**20
READERS: Final = ("text_encoder", "image_encoder")
"""How the names of those parts begin that are done with once words and faces were read."""
BITS: Final[Mapping[str, float]] = MappingProxyType({"wide": 32, "half": 16, "fp8": 8.4, "int8": 8.6, "nf4": 4.8})
"""Bits a number takes on the card, by how weights are kept. Norms and embeddings stay as they were, which is why those
of the casts are no whole numbers; nf4 has a scale for every 64 weights."""

WORKSPACE_BYTES: Final = 768 * MIB
"""What libraries, the allocator's rounding and small tensors take beside all that is reckoned here."""
TENSORS_A_TOKEN: Final = 20
"""Hidden states that one block holds at once: queries, keys, values, the wide middle of the feed-forward, residuals."""
DECODE_CHANNELS: Final = 256
DECODE_TENSORS: Final = 5
TILE_PX: Final = 512


@dataclass(frozen=True, slots=True)
class ModelPart:
    """A part of a pipeline by its name there; `elements` counts its weights and the tables saved with them."""

    name: str
    elements: int

    @property
    def reads(self) -> bool:
        """Whether it is only needed while words and faces are read."""
        return self.name.startswith(READERS)


@dataclass(frozen=True, slots=True)
class Denoiser:
    """What decides the memory of a step.

    `width` is that of a hidden state, `cell_px` the pixels on a side of one token, `blocks` how many groups it can be
    streamed in; `doubled` says that guidance doubles the rows of a call instead of calling twice.
    """

    name: str
    width: int
    cell_px: int
    text_tokens: int
    blocks: int
    doubled: bool


@dataclass(frozen=True, slots=True)
class ModelParts:
    """All parts of a model; `source` says where their sizes are from, for people."""

    parts: tuple[ModelPart, ...]
    denoiser: Denoiser
    source: str

    @property
    def denoising(self) -> ModelPart:
        """The part that makes the steps."""
        return next(part for part in self.parts if part.name == self.denoiser.name)

    @property
    def readers(self) -> tuple[ModelPart, ...]:
        """The parts that are done once words and faces were read."""
        return tuple(part for part in self.parts if part.reads)

    @property
    def others(self) -> tuple[ModelPart, ...]:
        """The autoencoder, and what else is neither denoiser nor reader."""
        return tuple(part for part in self.parts if not part.reads and part.name != self.denoiser.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One call: (width, height) in pixels, how many pictures at once, how many pictures go in, and whether guided."""

    size: tuple[int, int]
    batch: int = 1
    pictures: int = 0
    guided: bool = True

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]


def step_bytes(shape: Denoiser, load: Load) -> int:
    """What one step takes beside weights. A picture that goes in is as many tokens again as one of a megapixel."""
    cell = shape.cell_px * shape.cell_px
    tokens = load.pixels // cell + shape.text_tokens + load.pictures * (MIB // cell)
    rows = load.batch * (2 if shape.doubled and load.guided else 1)
    return rows * tokens * shape.width * 2 * TENSORS_A_TOKEN


def decode_bytes(load: Load, *, tiled: bool) -> int:
    """What decoding takes: pictures are decoded one by one, in tiles of 512 pixels where `tiled`."""
    pixels = min(load.pixels, TILE_PX * TILE_PX) if tiled else load.pixels
    return pixels * DECODE_CHANNELS * 2 * DECODE_TENSORS
