"""Tells painted faces from rendered ones, so that guesses become as sharp as renders (Goodfellow et al. 2014).

A guess that is right on average is soft. The critic sees the window around a face and says, for overlapping parts of
it, how rendered each looks (patches: Isola et al. 2017, "Image-to-image translation with conditional adversarial
networks"; hinge loss and spectral normalisation: Miyato et al. 2018).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from engine.builtin.together import Team

WIDTHS = (32, 64, 128, 128)
RATE = 4e-4
WARM_UP = 60
"""For how many steps it learns before it is listened to."""


class Critic:
    """The network and what trains it."""

    def __init__(self, team: Team) -> None:
        layers: list[nn.Module] = []
        before = 3
        for width in WIDTHS:
            layers += [spectral_norm(nn.Conv2d(before, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
            before = width
        layers.append(spectral_norm(nn.Conv2d(before, 1, 3, 1, 1)))
        self.network = nn.Sequential(*layers)
        self._team = team
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=RATE, betas=(0.0, 0.99))
        self.steps, self.usual = 0, 0.0

    def wrong(self, made: Tensor) -> Tensor:
        """How little windows (B, 3, h, w) in −1…1 look rendered; 0 at first.

        Its slopes are brought to a usual length of 1 a window: those of a critic say where to, not how far.
        """
        if self.steps < WARM_UP:
            return torch.zeros(())
        seen = made.detach().requires_grad_()
        self.network.requires_grad_(False)
        told = -self.network(seen).float().mean((1, 2, 3))
        (slope,) = torch.autograd.grad(told.sum(), seen)
        self.network.requires_grad_(True)
        length = float(slope.flatten(1).norm(dim=1).mean())
        self.usual = length if self.usual == 0 else 0.95 * self.usual + 0.05 * length
        found: Tensor = told.detach().mean() + ((made - made.detach()) * slope / max(self.usual, 1e-9)).sum() / len(
            made
        )
        return found

    def learn(self, made: Tensor, rendered: Tensor) -> float:
        """Learns a step from windows of both kinds; returns its loss: 2 when it knows nothing, 0 at best."""
        told = self.network(torch.cat([made.detach(), rendered])).float()
        bad, good = told.split([len(made), len(rendered)])
        loss = functional.relu(1 + bad).mean() + functional.relu(1 - good).mean()
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
        } | {"usual": self.usual}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a saved state."""
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps, self.usual = state["steps"], state["usual"]
