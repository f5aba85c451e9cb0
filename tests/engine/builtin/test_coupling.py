"""Noise that says how a head is held is still white noise, and says the opposite for a mirror image."""

import numpy as np
import torch

from engine.builtin import builds, coupling
from engine.builtin.coupling import PATCH, Coupling
from engine.builtin.scenes import mirrored, scene

SCENES = [scene(person, number) for person in range(300) for number in (0, 3)]


def test_numbers_are_standard_normal_and_say_nothing_of_each_other() -> None:
    told = Coupling(SCENES)
    poses = torch.stack([told.pose(what) for what in SCENES])
    assert poses.shape[1] <= 6 * PATCH**2
    assert poses.mean(0).abs().max() < 0.1
    assert (poses.std(0) - 1).abs().max() < 0.1
    assert (torch.corrcoef(poses.T) - torch.eye(poses.shape[1])).abs().max() < 0.15


def test_what_words_say_the_noise_does_not() -> None:
    told = Coupling(SCENES)
    for side in ("left", "right"):
        poses = torch.stack([told.pose(what) for what in SCENES if what.light_side == side])
        assert poses.mean(0).abs().max() < 0.25


def test_a_mirror_image_has_the_opposite_pose() -> None:
    told, what = Coupling(SCENES), SCENES[7]
    turn = list(coupling.of_pose(what)).index("turn")
    assert abs(told.pose(what)[turn] + told.pose(mirrored(what))[turn]) < 1e-5


def test_only_one_patch_speaks() -> None:
    told, what = Coupling(SCENES), SCENES[3]
    noise = torch.randn(2, 6, 16, 12, generator=torch.Generator().manual_seed(3))
    said = coupling.put(noise, [told.pose(what)] * 2)
    changed = (said != noise).any(1)
    assert changed[:, :PATCH, -PATCH:].any(-1).any(-1).all()
    assert not changed[:, PATCH:].any()
    assert not changed[:, :, :-PATCH].any()
    assert torch.equal(said[0, :, :PATCH, -PATCH:].reshape(-1)[:4], told.pose(what)[:4])


def test_builds_are_told_as_far_as_embeddings_do_not_say_them() -> None:
    rng = np.random.default_rng(1)
    seeds = range(400)
    embeddings = {seed: rng.normal(size=128) for seed in seeds}
    own = {seed: rng.normal(size=2) for seed in seeds}
    heads = {seed: np.array([embeddings[seed][0] + own[seed][0], own[seed][0] + own[seed][1]]) for seed in seeds}
    left = np.stack(list(builds.unsaid(heads, embeddings).values()))
    assert np.allclose(np.cov(left.T), np.eye(2), atol=1e-6)
    assert abs(np.corrcoef(left[:, 0], [embeddings[seed][0] for seed in seeds])[0, 1]) < 0.2
    assert np.corrcoef(left[:, 0], [own[seed][0] for seed in seeds])[0, 1] > 0.8
    assert builds.unsaid({seed: heads[seed] for seed in range(9)}, embeddings) == {}


def test_the_noise_says_how_heads_are_built_where_that_is_known() -> None:
    rng = np.random.default_rng(2)
    heads = {what.person.seed: rng.normal(size=3) for what in SCENES}
    plain, told = Coupling(SCENES), Coupling(SCENES, heads)
    poses = torch.stack([told.pose(what) for what in SCENES])
    assert torch.equal(poses[:, :-3], torch.stack([plain.pose(what) for what in SCENES]))
    assert (torch.corrcoef(poses.T) - torch.eye(poses.shape[1])).abs().max() < 0.15
    assert torch.allclose(told.pose(SCENES[0])[-3:], told.pose(mirrored(SCENES[0]))[-3:], atol=0.5)
