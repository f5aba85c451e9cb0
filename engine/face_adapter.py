"""IP-Adapters that are told a face by its embedding instead of a picture.

`face.json` in the adapter's folder says so: the version of the measure (`engine.identity.MEASURE`), and the mean and
the standard deviation, 128 numbers each, by which embeddings are standardised.
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
EMBEDDING: Final = 128


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
