"""Portraits that the model has begun to paint itself, for training.

Flow matching shows the model noise over true pictures. When it paints, it is shown noise over its own guesses, which
are not so good, and what it gets wrong early it has never learned to mend (exposure bias; painted on from in training
by Huang et al. 2025, "Self forcing: bridging the train-test gap in autoregressive video diffusion"). So a share of the
rows begins with noise alone and is guessed from what was guessed before. Any face may be asked for there, since
nothing of a picture is seen, and the last guess is what a portrait will be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from engine.builtin.batches import Batch

SHARE = 0.375
"""Of the rows of a batch."""
ANYBODY = 0.5
"""How often these rows are asked for any face; else for the picture's own, as a picture has it."""
FARTHER = 1.7
"""How much farther from the mean such faces are to be, and how much more strongly they are told. An embedding speaks of
a person who is nearer to the mean (`shown.Faces.likely`); people as different as people are lie this much farther out.
The adapter's scale says so, since its resampler normalises what it is told."""
FIRST, NEXT = (0.75, 0.95), (0.55, 0.85)
"""The time that noise alone leads to, and how much less the one after is: those of two to four steps."""
TWICE = 0.6
"""How often there is one after."""

Guess = Callable[[Tensor, Tensor, list[str], Tensor], Tensor]
Likely = Callable[[Tensor], Tensor]


def rows(drawn: Batch) -> Tensor:
    """Which rows are painted: of those that have words and a face, as far as there are any."""
    worded = torch.tensor([1.0 if said else 0.0 for said in drawn.captions])
    order = (drawn.known * worded + 0.5 * torch.rand(len(worded))).argsort(descending=True)
    return order[: round(SHARE * len(worded))]


def asked(drawn: Batch, chosen: Tensor, likely: Likely) -> Batch:
    """The rows with a face anywhere between their own and somebody else's, drawn out `FARTHER` from the mean."""
    own, theirs = drawn.references[chosen], drawn.others[chosen]
    share = torch.rand(len(chosen), 1)
    between = own.lerp(theirs, share)
    length = own.norm(dim=1, keepdim=True).lerp(theirs.norm(dim=1, keepdim=True), share)
    new = between * length / between.norm(dim=1, keepdim=True).clamp(min=1e-6)
    references, faces = drawn.references.clone(), drawn.faces.clone()
    references[chosen], faces[chosen] = new, FARTHER * likely(new).to(faces.dtype)
    return replace(drawn, references=references, faces=faces)


@torch.no_grad()
def painted(guess: Guess, noise: Tensor, captions: list[str], references: Tensor) -> tuple[Tensor, Tensor]:
    """Noisy latents (B, C, h, w), guessed from noise once or twice, and their times (B,)."""
    count = len(noise)
    now, noisy = torch.ones(count), noise
    times = [torch.empty(count).uniform_(*FIRST)]
    if torch.rand(()) < TWICE:
        times.append(times[0] * torch.empty(count).uniform_(*NEXT))
    for then in times:
        clean = guess(noisy, now, captions, references)
        kept = (then / now)[:, None, None, None]
        noisy = kept * noisy + (1 - then - (1 - now) * then / now)[:, None, None, None] * clean
        now = then
    return noisy, now
