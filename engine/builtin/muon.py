"""Muon (Jordan et al. 2024): momentum, made orthogonal, for the matrices inside transformer blocks.

Updates have the size that AdamW's would have (Liu et al. 2025, "Muon is scalable for LLM training"). Unlike
`torch.optim.Muon` it works in bfloat16 only where the processor is quick at that, takes all matrices of one shape
together, and shares them out among processes that train together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.builtin.mixed import is_quick
from engine.builtin.together import Team

MOMENTUM = 0.95
WEIGHT_DECAY = 0.01
_QUINTICS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)
"""The rounds' polynomials (Amsel et al. 2025, "The Polar Express")."""


def is_hidden(name: str, weight: Tensor) -> bool:
    """Whether a parameter is a matrix inside a block, which Muon is for; not embeddings, modulations and heads."""
    return weight.ndim == 2 and ("blocks." in name or "layers." in name) and "norm" not in name


def orthogonal(stack: Tensor) -> Tensor:
    """Nearly orthogonal matrices (N, rows, columns) nearest to these, by Newton and Schulz's iteration."""
    found: Tensor = stack / (1.01 * stack.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    found = found.bfloat16() if is_quick() else found
    for a, b, c in _QUINTICS:
        gram = found @ found.mT
        found = torch.baddbmm(found, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found.to(stack.dtype)


class Muon:
    """The optimiser of these matrices; `rate` is what AdamW's would be."""

    def __init__(self, weights: list[torch.nn.Parameter], team: Team) -> None:
        self._team = team
        self.momentum = [torch.zeros_like(weight) for weight in weights]
        self._weights = weights
        shapes = sorted({tuple(sorted(weight.shape)) for weight in weights})
        self._stacks = [
            [at for at, weight in enumerate(weights) if tuple(sorted(weight.shape)) == shape] for shape in shapes
        ]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the weights along their gradients (those without one count as zero)."""
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self._weights]
        torch._foreach_lerp_(self.momentum, gradients, 1 - MOMENTUM)
        ahead = [gradient.lerp(held, MOMENTUM) for gradient, held in zip(gradients, self.momentum, strict=True)]
        made: dict[int, Tensor] = {}
        for numbers in self._stacks:
            mine = numbers[self._team.rank :: self._team.size]
            if mine:
                whole = orthogonal(torch.stack([_flat_side(ahead[at]) for at in mine]))
                made |= {at: _as(self._weights[at], part) for at, part in zip(mine, whole, strict=True)}
        updates = [made.get(at, torch.zeros_like(weight)) for at, weight in enumerate(self._weights)]
        for weight, update in zip(self._weights, self._team.total(updates), strict=True):
            weight.mul_(1 - rate * WEIGHT_DECAY).add_(update, alpha=-0.2 * rate * max(weight.shape) ** 0.5)


def _flat_side(matrix: Tensor) -> Tensor:
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT


def _as(weight: Tensor, part: Tensor) -> Tensor:
    return part if part.shape == weight.shape else part.mT
