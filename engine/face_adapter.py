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
_STRICT: Final = 8.0
"""How much less often somebody is drawn, as a power of e, of whom one thing that is said is not true."""
_ASIDE: Final = 0.3
"""How far a drawn face may be from the first person's, towards the second's or away from it."""
_PARTS: Final = ("weight", "bias", "people", "kinds")
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
    """Who sits when nobody is named: a face's token near that of somebody whom the words fit, drawn by a seed.

    `people` (N, 128) are tokens and `kinds` (N, K) what is true of each, 1 or 0; `weight` (K, width of the words'
    embeddings) and `bias` (K,) tell linearly from the mean of the words' embeddings how far that is said.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    people: torch.Tensor
    kinds: torch.Tensor

    def token(self, words: torch.Tensor, seed: int) -> torch.Tensor:
        """(1, 1, 128) for embedded words (1, tokens, width): the same face for the same words and seed, everywhere."""
        import torch

        generator = torch.Generator("cpu").manual_seed((seed + _APART) % _SEEDS)
        fits = self.kinds @ (self.weight @ words[0].float().cpu().mean(0) + self.bias)
        first = int(torch.multinomial((_STRICT * fits).softmax(0), 1, generator=generator))
        # What words leave open the second has from the first, so that the two are of one kind.
        both = fits + self.kinds @ self.kinds[first]
        second = int(torch.multinomial((_STRICT * both).softmax(0), 1, generator=generator))
        share = _ASIDE * (2 * torch.rand(1, generator=generator) - 1)
        one, other = self.people[first], self.people[second]
        aside = one.lerp(other, share)
        drawn: torch.Tensor = aside * one.norm() / aside.norm().clamp(min=1e-6)
        return drawn[None, None]

    def write(self, folder: Path) -> None:
        """Writes `prior.safetensors`, in half precision."""
        from safetensors.torch import save_file

        tensors = {name: getattr(self, name).half().contiguous() for name in _PARTS}
        save_file(tensors, folder / PRIOR_FILE)


def read_prior(folder: Path) -> FacePrior | None:
    """The adapter's prior, if it has one. Raises ValueError when it is unusable."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / PRIOR_FILE
    if not path.is_file():
        return None
    try:
        tensors = load_file(path)
        found = FacePrior(*(tensors[name].float() for name in _PARTS))
    except (KeyError, SafetensorError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    kinds = found.bias.shape
    fits = found.weight.dim() == 2 and found.weight.shape[:1] == kinds == found.kinds.shape[1:]
    if not fits or not len(found.people) or found.people.shape != (len(found.kinds), EMBEDDING):
        raise ValueError(f"{path.name} does not draw {EMBEDDING} numbers")
    return found
