"""Noise that says how a head is held is still white noise, and says the opposite for a mirror image."""

import torch

from engine.builtin import coupling
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
