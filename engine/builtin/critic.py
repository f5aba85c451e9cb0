"""Tells painted faces from rendered ones, so that guesses become as sharp as renders (Goodfellow et al. 2014).

A guess that is right on average is soft, and a face that only an embedding asks for can be a distorted one. The critic
sees what dlib's network sees of a face on its way, not pixels, with which one learned to ask for dots: a network that
knows faces says sooner what is wrong with a nose (Sauer et al. 2021, "Projected GANs converge faster"). It says
for overlapping parts how rendered each looks (patches: Isola et al. 2017, "Image-to-image translation with conditional
adversarial networks"; hinge loss and spectral normalisation: Miyato et al. 2018), and where in the face each part is,
since a mouth looks rendered only where mouths are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from engine.builtin.together import Team

CHANNELS = (32, 64)
"""Of the levels of dlib's network that are looked at. The deepest says whose face it is: that is not its business."""
WIDTH = 64
RATE = 4e-4
WARM_UP = 60
"""For how many steps it learns before it is listened to."""


def _head(channels: int) -> nn.Module:
    """Looks at one level, with two more channels for where each place is."""
    return nn.Sequential(
        spectral_norm(nn.Conv2d(channels + 2, WIDTH, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(WIDTH, 1, 3, 1, 1)),
    )


def _placed(level: Tensor) -> Tensor:
    """The level (B, C, h, w) with where each place is, from −1 to 1, across and down: (B, C + 2, h, w)."""
    down, across = (torch.linspace(-1, 1, side, dtype=level.dtype) for side in level.shape[-2:])
    where = torch.stack(torch.meshgrid(across, down, indexing="xy"))
    return torch.cat([level, where.expand(len(level), -1, -1, -1)], 1)


class Critic:
    """The network and what trains it."""

    def __init__(self, team: Team) -> None:
        self.network = nn.ModuleList(_head(channels) for channels in CHANNELS)
        self._team = team
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=RATE, betas=(0.0, 0.99))
        self.steps = 0
        self.usual = [0.0 for _ in CHANNELS]

    def wrong(self, made: Sequence[Tensor]) -> Tensor:
        """How little faces look rendered, by their levels (B, C, h, w); 0 at first.

        Its slopes are brought to a usual length of 1 a face and level: those of a critic say where to, not how far.
        """
        total = torch.zeros(())
        if self.steps < WARM_UP:
            return total
        for number, (head, level) in enumerate(zip(self.network, made, strict=True)):
            seen = level.detach().requires_grad_()
            head.requires_grad_(False)
            told = -head(_placed(seen)).float().mean((1, 2, 3))
            (slope,) = torch.autograd.grad(told.sum(), seen)
            head.requires_grad_(True)
            length = float(slope.float().flatten(1).norm(dim=1).mean())
            before = self.usual[number]
            self.usual[number] = length if before == 0 else 0.95 * before + 0.05 * length
            towards = ((level - level.detach()) * slope).float().sum() / max(self.usual[number], 1e-9)
            total = total + told.detach().mean() + towards / len(level)
        return total

    def learn(self, made: Sequence[Tensor], rendered: Sequence[Tensor]) -> float:
        """Learns a step from levels of both kinds; returns its loss: 2 when it knows nothing, 0 at best."""
        loss = torch.zeros(())
        for head, bad, good in zip(self.network, made, rendered, strict=True):
            told = head(_placed(torch.cat([bad.detach(), good]))).float()
            of_bad, of_good = told.split([len(bad), len(good)])
            loss = loss + (functional.relu(1 + of_bad).mean() + functional.relu(1 - of_good).mean()) / len(CHANNELS)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        self._team.average(list(self.network.parameters()), 0.0)
        self._optimiser.step()
        self.steps += 1
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
            "usual": self.usual,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a saved state."""
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps, self.usual = state["steps"], state["usual"]
