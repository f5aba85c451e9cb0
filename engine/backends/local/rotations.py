"""OFT and BOFT as kohya's tools and LyCORIS write them: what comes out of a module is turned, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Rotation:
    """One or more turns of (blocks, side, side) numbers each, after one another. `rescale` is one value a channel."""

    turns: list[torch.Tensor]
    is_butterfly: bool
    rescale: torch.Tensor | None

    def added(self, out: torch.Tensor, channels_at: int) -> torch.Tensor:
        """What turning adds to what comes out of a module without its bias."""
        import torch

        plain: Any = out.transpose(channels_at, -1).float()
        turned = plain
        for number, turn in enumerate(self.turns):
            _, side, _ = turn.shape
            if not self.is_butterfly:
                turned = torch.einsum("k n m, ... k n -> ... k m", turn, turned.unflatten(-1, (-1, side))).flatten(-2)
                continue
            stride = 2**number * (side // 2)
            paired = turned.unflatten(-1, (-1, 2, stride)).transpose(-2, -1).flatten(-3).unflatten(-1, (-1, side))
            mixed: Any = torch.einsum("b i j, ... b j -> ... b i", turn, paired).flatten(-2)
            turned = mixed.unflatten(-1, (-1, stride, 2)).transpose(-2, -1).flatten(-3)
        if self.rescale is not None:
            turned = turned * self.rescale
        added: torch.Tensor = (turned - plain).to(out.dtype).transpose(channels_at, -1)
        return added

    def to(self, device: torch.device) -> None:
        """Moves its numbers to a device."""
        self.turns = [turn.to(device) for turn in self.turns]
        self.rescale = None if self.rescale is None else self.rescale.to(device)


def is_rotation(tensors: Mapping[str, torch.Tensor]) -> bool:
    """Whether the tensors of a module, by their endings, turn what comes out of it."""
    return "oft_blocks" in tensors


def rotation_of(tensors: Mapping[str, torch.Tensor], channels: int) -> Rotation:
    """The rotation in the tensors of a module, by their endings, that has so many channels.

    Its alpha bounds how far it may turn, in parts of its channels; 0 is no bound.
    """
    import torch

    blocks = tensors["oft_blocks"].float()
    skew = blocks - blocks.transpose(-1, -2)
    bound = float(tensors["alpha"]) * channels if "alpha" in tensors else 0.0
    length = float(skew.norm()) + 1e-8
    skew = skew * (bound / length) if 0 < bound < length else skew
    one = torch.eye(skew.shape[-1])
    turns = (one + skew) @ torch.linalg.inv(one - skew)
    rescale = tensors["rescale"].float().flatten() if "rescale" in tensors else None
    return Rotation([*turns] if turns.ndim == 4 else [turns], turns.ndim == 4, rescale)


def cut_rotation(rotation: Rotation, begin: int, end: int) -> Rotation | None:
    """What of a rotation is for these channels alone; None where blocks reach beyond them."""
    side = rotation.turns[0].shape[-1]
    if rotation.is_butterfly or begin % side or end % side:
        return None
    rescale = None if rotation.rescale is None else rotation.rescale[begin:end]
    return Rotation([rotation.turns[0][begin // side : end // side]], False, rescale)
