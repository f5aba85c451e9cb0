"""One model on offer: what it is and can do. Facts only: nothing here loads a model or imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Provider = Literal["local", "studio", "cluster", "mage", "bfl", "openai", "google"]
Precision = Literal["auto", "float32", "bfloat16", "float16", "fp8", "int8", "nf4"]
Offload = Literal["auto", "none", "encoders", "model", "group", "sequential"]
Compiled = Literal["none", "blocks"]
Layout = Literal["plain", "channels_last"]
Cudnn = Literal["plain", "benchmark"]
Quality = Literal["draft", "standard", "fine"]

BUILTIN_ID = "built-in"
ON_THIS_MACHINE: Final = frozenset({"local", "studio"})
"""Providers whose pictures are made in the bot's own processes: nothing leaves the machine."""
OWN_MACHINES: Final = ON_THIS_MACHINE | {"cluster"}
"""Those, and servers of the operator's own: a picture more costs nobody money."""


class CatalogueError(ValueError):
    """A model setting cannot be understood; str() says which one and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One choice in `model:`.

    `sizes` maps each aspect to (width, height) in pixels. `source` is a folder, a hub id or the provider's
    own model id. `references` is how many pictures go along at most; `edits` says whether the model can change a
    picture (`Job.edit`), which is one of those where all pictures go the same way; `needs_picture` that it makes
    nothing without a picture; `only_faces` that pictures of outfits, places and styles say nothing to it;
    `shows_faces` that a face is looked for in its pictures. `memory_gib` is what the weights and one picture take, 0
    when that is not known. `qualities` are those that can be asked for, each with its steps; none where there is one
    alone. `precision`, `offload`, `gguf` and `denoiser` (files with the denoiser's weights) are for models on this
    machine, and "auto" leaves it to the plan (`engine.placement.plan`); `compile`, `layout`, `cudnn` and `cache` make
    it quicker at a cost (`engine.models.speed_options`); `skip_layers` are layers of the denoiser to guide away from.
    `sampler`, `clip_skip` (1 is CLIP's last layer), `vae` (a file), `ip_adapter` and `embeddings` (folders) are for SD
    1.5 and SDXL. `note` is shown with every picture. `cost_usd_micros` is what a picture costs the operator, 0 when
    that is not known.
    """

    id: str
    title: str
    provider: Provider
    family: str
    best_for: str
    catch: str
    sizes: Mapping[str, tuple[int, int]]
    steps: int
    guidance: float
    seeded: bool = True
    negative: bool = True
    references: int = 0
    ip_adapter_scale: float = 0.6
    edits: bool = False
    needs_picture: bool = False
    only_faces: bool = False
    shows_faces: bool = True
    live_preview: bool = True
    writes_text: bool = False
    qualities: Mapping[Quality, int] = field(default_factory=dict)
    source: str
    pipeline: str = ""
    note: str = ""
    memory_gib: float = 0.0
    licence: str = ""
    precision: Precision = "auto"
    offload: Offload = "auto"
    gguf: str = ""
    denoiser: str = ""
    skip_layers: tuple[int, ...] = ()
    sampler: str = ""
    clip_skip: int = 1
    vae: str = ""
    ip_adapter: str = ""
    embeddings: str = ""
    compile: Compiled = "none"
    layout: Layout = "plain"
    cudnn: Cudnn = "plain"
    cache: str = "none"
    cost_usd_micros: int = 0

    @property
    def photographic(self) -> bool:
        """Whether its pictures are like photographs, so that faces in them are measured on that scale."""
        return self.id != BUILTIN_ID
