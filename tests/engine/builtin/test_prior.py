"""Faces that are drawn are of the kind that words say."""

import torch

from engine.builtin.people import person
from engine.builtin.prior import AGES, SEXES, SKINS, kind, regression, unmistaken
from engine.face_adapter import EMBEDDING, FacePrior


def test_everybody_is_of_one_sex_age_and_skin() -> None:
    kinds = torch.tensor([kind(person(seed)) for seed in range(200)])
    for part in torch.split(kinds, [len(SEXES), len(AGES), len(SKINS)], 1):
        assert (part.sum(1) == 1).all()
        assert part.any(0).all()


def test_whom_words_describe_is_drawn_and_the_rest_is_chance() -> None:
    random = torch.Generator().manual_seed(2)
    kinds = torch.eye(2).repeat(50, 1)
    said = kinds @ torch.randn(2, 6, generator=random) + 0.01 * torch.randn(100, 6, generator=random)
    people = torch.randn(100, EMBEDDING, generator=random)
    people[:, 0] = 20 * kinds[:, 0] - 10
    prior = FacePrior(*regression(said, kinds), people, kinds)
    for row, sign in ((0, 1), (1, -1)):
        drawn = torch.cat([prior.token(said[None, row : row + 1], seed)[0] for seed in range(50)])
        assert (drawn[:, 0] * sign > 0).all()
        assert drawn[:, 1:].std(0).mean() > 0.4


def test_who_is_mistaken_for_another_skin_is_not_drawn() -> None:
    random = torch.Generator().manual_seed(3)
    skins = torch.randint(len(SKINS), (800,), generator=random)
    kinds = torch.zeros(800, len(SEXES) + len(AGES) + len(SKINS))
    kinds[:, 0] = 1
    kinds[torch.arange(800), skins - len(SKINS)] = 1
    tokens = torch.randn(800, EMBEDDING, generator=random)
    tokens[torch.arange(800), skins] += 6
    tokens[0] = tokens[0].roll(1)  # whose skin it says is one tone off
    clear = unmistaken(tokens, kinds)
    assert not clear[0]
    assert clear.float().mean() > 0.9
    assert unmistaken(tokens[:9], kinds[:9]).all()
