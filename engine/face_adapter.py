"""IP-Adapters that are told a face by its embedding instead of a picture.

`face.json` in the adapter's folder says so: the version of the measure (`engine.identity.MEASURE`), and the mean and
the standard deviation, 128 numbers each, by which embeddings are standardised. `prior.safetensors` beside it, if there,
draws a face where none is given.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine import identity

if TYPE_CHECKING:
    import torch
    from PIL import Image

FILE: Final = "face.json"
PRIOR_FILE: Final = "prior.safetensors"
EMBEDDING: Final = 128
_SEEDS: Final = 2**63
_APART: Final = 0x5EED_FACE
"""Added to a seed, so that a face is not drawn by the numbers that the noise is drawn by."""


@dataclass(frozen=True, slots=True)
class FaceScale:
    """What embeddings are standardised by."""

    middle: tuple[float, ...]
    spread: tuple[float, ...]
    measure: int = identity.MEASURE

    def token(self, embedding: bytes | None) -> torch.Tensor:
        """(1, 1, 128) of an embedding as `identity.Face` holds it; of None, the mean face."""
        import torch

        if embedding is None:
            return torch.zeros(1, 1, len(self.middle))
        numbers = torch.tensor(array("f", embedding))
        return ((numbers - torch.tensor(self.middle)) / torch.tensor(self.spread))[None, None]

    def token_of(self, picture: Image.Image) -> torch.Tensor:
        """(1, 1, 128) of the picture's largest face; of a picture without one, the mean face.

        Raises RuntimeError when dlib is missing.
        """
        found = identity.look(picture)
        return self.token(found[0].embedding if found else None)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"measure": self.measure, "middle": list(self.middle), "spread": list(self.spread)}

    def write(self, folder: Path) -> None:
        """Writes `face.json`."""
        (folder / FILE).write_text(json.dumps(self.as_dict()) + "\n", encoding="utf-8")


def from_dict(said: dict[str, Any]) -> FaceScale:
    """What `as_dict` gave. Raises KeyError, TypeError and ValueError when it is something else."""
    return FaceScale(tuple(map(float, said["middle"])), tuple(map(float, said["spread"])), int(said["measure"]))


def read(folder: Path) -> FaceScale | None:
    """What the adapter in a folder wants; None where it wants a picture. Raises ValueError when it is unusable."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    if found.measure != identity.MEASURE:
        raise ValueError(f"{path.name} is for another version of the face measure")
    if not len(found.middle) == len(found.spread) == EMBEDDING or not all(found.spread):
        raise ValueError(f"{path.name} does not hold {EMBEDDING} means and {EMBEDDING} deviations")
    return found


@dataclass(frozen=True, slots=True)
class FacePrior:
    """Who sits when nobody is named: a face's token, drawn by a seed from those that fit the words.

    Tokens are normally distributed about what the words' pooled embedding says, linearly; what it says nothing of is
    chance (a prior as in Ramesh et al. 2022, "Hierarchical text-conditional image generation with CLIP latents", in its
    simplest form). `weight` is (128, pooled), `bias` (128,), `spread` (128, 128).
    """

    weight: torch.Tensor
    bias: torch.Tensor
    spread: torch.Tensor

    def token(self, pooled: torch.Tensor, seed: int) -> torch.Tensor:
        """(1, 1, 128) for a pooled embedding (1, pooled): the same face for the same words and seed, everywhere."""
        import torch

        generator = torch.Generator("cpu").manual_seed((seed + _APART) % _SEEDS)
        chance = torch.randn(len(self.bias), generator=generator)
        return (self.weight @ pooled[0].float().cpu() + self.bias + self.spread @ chance)[None, None]

    def write(self, folder: Path) -> None:
        """Writes `prior.safetensors`, in half precision."""
        from safetensors.torch import save_file

        tensors = {"weight": self.weight, "bias": self.bias, "spread": self.spread}
        save_file({name: value.half().contiguous() for name, value in tensors.items()}, folder / PRIOR_FILE)


def read_prior(folder: Path) -> FacePrior | None:
    """The adapter's prior, if it has one. Raises ValueError when it is unusable."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / PRIOR_FILE
    if not path.is_file():
        return None
    try:
        tensors = load_file(path)
        found = FacePrior(*(tensors[name].float() for name in ("weight", "bias", "spread")))
    except (KeyError, SafetensorError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    shapes = (found.weight.shape[:1], found.bias.shape, found.spread.shape)
    if shapes != ((EMBEDDING,), (EMBEDDING,), (EMBEDDING, EMBEDDING)) or found.weight.dim() != 2:
        raise ValueError(f"{path.name} does not draw {EMBEDDING} numbers")
    return found
