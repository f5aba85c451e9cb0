"""What is said of a card that torch cannot use, from what can be told of it."""

import os
from dataclasses import replace

import pytest

from engine.backends.local import runtime
from engine.backends.local.devices import CardFacts, fault, works_in_bfloat16
from engine.backends.local.runtime import LocalSettings
from engine.placement.graphics_card import card_of, ram_for_models
from engine.placement.sizes import GIB

FINE = CardFacts(
    cuda="13.0",
    available=True,
    name="NVIDIA GeForce RTX 4070",
    capability=(8, 9),
    built_for=("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"),
    driver="580.95.05",
)
UNSEEN = replace(FINE, available=False, name="", capability=(0, 0), built_for=())


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 9), (9, 0), (12, 0)])
def test_a_card_that_torch_is_built_for_is_fine(capability: tuple[int, int]) -> None:
    assert fault(replace(FINE, capability=capability)) == ""


@pytest.mark.parametrize(("name", "capability"), [("Tesla P40", (6, 1)), ("Tesla V100", (7, 0)), ("GTX 1080", (6, 1))])
def test_an_old_card_is_named_with_the_wheel_that_runs_on_it(name: str, capability: tuple[int, int]) -> None:
    said = fault(replace(FINE, name=name, capability=capability))
    assert name in said
    assert "built for 7.5 and newer" in said
    assert "download.pytorch.org/whl/cu126" in said


def test_half_translated_kernels_run_on_later_cards() -> None:
    assert fault(replace(FINE, capability=(15, 0), built_for=("sm_90", "compute_90"))) == ""
    assert fault(replace(FINE, capability=(15, 0), built_for=("sm_90",))) != ""


def test_a_driver_that_is_too_old_is_told_with_both_versions() -> None:
    said = fault(replace(UNSEEN, driver="535.183.01"))
    assert "535.183.01" in said
    assert "13.0" in said
    assert "580" in said
    assert fault(replace(UNSEEN, driver="535.183.01", cuda="12.6")) != said


def test_a_torch_for_processors_beside_a_card_is_told() -> None:
    assert "built for processors alone" in fault(replace(UNSEEN, cuda=""))


def test_a_device_file_that_is_missing_is_told() -> None:
    assert "nvidia-modprobe" in fault(replace(UNSEEN, uvm=False))
    assert "nvidia-smi" in fault(UNSEEN)
    assert "nvidia-smi" in fault(replace(UNSEEN, driver="unknown"))


def test_no_card_is_no_fault() -> None:
    assert fault(CardFacts()) == ""


def test_a_card_that_is_not_among_those_that_are_there_is_told_by_its_number() -> None:
    assert "no card cuda:3 here" in fault(replace(FINE, missing=3))
    assert fault(CardFacts(cuda="13.0")) == ""


def test_kernels_for_other_cards_do_not_ask_for_a_new_process() -> None:
    """One would fail the same way, again and again."""
    error = RuntimeError("CUDA error: no kernel image is available for execution on the device")
    assert not runtime.is_fatal(error)
    assert runtime.no_kernel(error)


@pytest.mark.parametrize(("gib", "usable"), [(8, 7.3), (12, 11.3), (16, 15.2), (24, 23.0), (80, 78.0)])
def test_something_of_every_card_is_kept_for_the_driver(gib: float, usable: float) -> None:
    assert abs(card_of(gib, 0).usable_bytes / GIB - usable) < 0.1


def test_models_never_get_all_of_the_machine() -> None:
    import os

    assert 0 <= ram_for_models() < 0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(("capability", "format_"), [((7, 5), "float16"), ((8, 0), "bfloat16"), ((0, 0), "bfloat16")])
def test_a_card_that_would_emulate_bfloat16_works_in_float16(capability: tuple[int, int], format_: str) -> None:
    import torch

    card = replace(card_of(8, 16 * GIB), bfloat16=works_in_bfloat16(replace(FINE, capability=capability)))
    for precision in ("auto", "fp8"):
        assert str(runtime.choose_dtype(precision, torch.device("cuda"), card)) == f"torch.{format_}"
    assert runtime.choose_dtype("bfloat16", torch.device("cuda"), card) == torch.bfloat16
    assert runtime.choose_dtype("auto", torch.device("cpu"), card) == torch.float32


def test_the_thread_that_hands_work_to_a_card_keeps_the_priority_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert runtime.niceness(LocalSettings(card=card_of(8, 16 * GIB))) == 0
    assert runtime.niceness(LocalSettings(niceness=3)) == 3
    for seen, expected in ((True, 0), (False, 10)):
        monkeypatch.setattr("engine.backends.local.devices.expected", lambda seen=seen: seen)
        assert runtime.niceness(LocalSettings()) == expected


def test_blocks_that_grow_are_asked_for_beside_what_the_operator_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in zip(runtime.ALLOCATOR, ("max_split_size_mb:128", "expandable_segments:False"), strict=True):
        monkeypatch.setenv(name, said)
    runtime.let_blocks_grow()
    assert [os.environ[name] for name in runtime.ALLOCATOR] == [
        "max_split_size_mb:128,expandable_segments:True",
        "expandable_segments:False",
    ]
