"""Faces that are drawn fit the words and differ as people do."""

import torch

from engine.builtin.prior import regression
from engine.face_adapter import EMBEDDING


def test_faces_fit_what_words_say_and_the_rest_is_chance() -> None:
    random = torch.Generator().manual_seed(2)
    said = torch.randn(4000, 6, generator=random)
    weight = torch.randn(EMBEDDING, 6, generator=random)
    told = said @ weight.T + 2.0 + 0.5 * torch.randn(4000, EMBEDDING, generator=random)
    found = regression(said, told)
    assert torch.allclose(found.weight, weight, atol=0.1)
    drawn = torch.cat([found.token(said[:1], seed)[0] for seed in range(300)])
    assert (drawn.mean(0) - (said[:1] @ weight.T + 2.0)).abs().mean() < 0.1
    assert 0.45 < drawn.std(0).mean() < 0.55


def test_words_that_say_nothing_leave_all_to_chance() -> None:
    random = torch.Generator().manual_seed(3)
    told = torch.randn(500, EMBEDDING, generator=random)
    found = regression(torch.ones(500, 6), told)
    assert found.weight.abs().max() < 1e-3
    assert torch.allclose(found.bias, told.mean(0), atol=1e-3)
