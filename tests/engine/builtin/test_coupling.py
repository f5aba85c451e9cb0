"""Noise that says who it is to be is still white noise, and says it alike for a mirror image."""

import torch

from engine.builtin import coupling
from engine.builtin.coupling import PATCH, Coupling
from engine.builtin.scenes import mirrored, scene

SCENES = [scene(person, number) for person in range(300) for number in (0, 3)]


def test_numbers_are_standard_normal_and_say_nothing_of_each_other() -> None:
    told = Coupling(SCENES)
    people = torch.stack([told.person(what) for what in SCENES[::2]])
    assert people.shape[1] <= 6 * PATCH**2
    assert people.mean(0).abs().max() < 1e-3
    assert (people.std(0) - 1).abs().max() < 0.05
    between = torch.corrcoef(people.T) - torch.eye(people.shape[1])
    assert between.abs().mean() < 0.06


def test_what_words_say_the_noise_does_not() -> None:
    told = Coupling(SCENES)
    for sex in ("man", "woman"):
        people = torch.stack([told.person(what) for what in SCENES if what.person.sex == sex])
        assert people.mean(0).abs().max() < 0.25


def test_a_mirror_image_has_the_same_face_and_the_opposite_pose() -> None:
    told, what = Coupling(SCENES), SCENES[7]
    assert torch.equal(told.person(what), told.person(mirrored(what)))
    turn = list(coupling.of_pose(what)).index("turn")
    assert abs(told.pose(what)[turn] + told.pose(mirrored(what))[turn]) < 1e-5


def test_only_two_patches_speak_and_one_may_be_left_to_chance() -> None:
    told, what = Coupling(SCENES), SCENES[3]
    noise = torch.randn(2, 6, 16, 12, generator=torch.Generator().manual_seed(3))
    said = coupling.put(noise, [told.person(what), None], [told.pose(what)] * 2)
    changed = (said != noise).any(1)
    assert changed[0, :PATCH, :PATCH].any()
    assert not changed[1, :PATCH, :PATCH].any()
    assert changed[:, :PATCH, -PATCH:].any(-1).any(-1).all()
    assert not changed[:, PATCH:].any()
    assert not changed[:, :, PATCH:-PATCH].any()
    assert torch.equal(said[0, :, :PATCH, :PATCH].reshape(-1)[:5], told.person(what)[:5])
