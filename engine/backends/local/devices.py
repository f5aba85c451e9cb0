"""The card that torch can use here, or why it cannot use the one that is there."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.placement.graphics_card import Card, card_of, ram_for_models
from engine.placement.sizes import GIB

_DRIVER: Final = Path("/proc/driver/nvidia/version")
_DRIVERS: Final = (_DRIVER, Path("/dev/kfd"), Path("/dev/dxg"))
"""What a driver of NVIDIA, of AMD, or of Windows below Linux shows."""
_BFLOAT16: Final = (8, 0)
_UVM: Final = Path("/dev/nvidia-uvm")
_OLDER_WHEEL: Final = ".venv/bin/pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu126"
_KERNEL: Final = re.compile(r"(sm|compute)_(\d{1,4})")
_VERSION: Final = re.compile(r"\s(\d{3}\.\d{1,4}(?:\.\d{1,4})?)\s")
_NEEDED_DRIVERS: Final = ((13, 580), (12, 525), (11, 450))
"""The oldest driver of NVIDIA's on Linux for each CUDA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What there is to be told of a machine's NVIDIA card. `driver` is "" without one, `cuda` where torch has none.

    `name` and `capability` are of the card, once torch can use the driver; `built_for` is what torch's kernels are.
    `missing` is the number of a card that was asked for, and is not there although others are.
    """

    cuda: str = ""
    available: bool = False
    name: str = ""
    capability: tuple[int, int] = (0, 0)
    built_for: Sequence[str] = ()
    driver: str = ""
    uvm: bool = True
    missing: int | None = None


def look(index: int = 0) -> CardFacts:
    """This machine's card with this number; without an `available` one where there is none."""
    import torch

    its_driver, uvm = driver(), _UVM.exists()
    cuda = torch.version.cuda or ""
    if torch.cuda.is_available() and index >= torch.cuda.device_count():
        return CardFacts(cuda=cuda, driver=its_driver, uvm=uvm, missing=index)
    if not torch.cuda.is_available() or torch.version.hip:
        return CardFacts(cuda=cuda, driver=its_driver, uvm=uvm, available=torch.cuda.is_available())
    return CardFacts(
        cuda=cuda,
        available=True,
        name=torch.cuda.get_device_name(index),
        capability=torch.cuda.get_device_capability(index),
        built_for=tuple(torch.cuda.get_arch_list()),
        driver=its_driver,
        uvm=uvm,
    )


def fault(seen: CardFacts) -> str:
    """Why torch cannot use the card that is there, and what to do, as a clause; "" where it can or there is none."""
    if seen.missing is not None:
        return f"there is no card cuda:{seen.missing} here: nvidia-smi lists them, and they are counted from 0"
    if seen.available:
        return _too_old_a_card(seen)
    if not seen.driver:
        return ""
    if not seen.cuda:
        return f"this torch is built for processors alone, and there is an NVIDIA card: {_OLDER_WHEEL}"
    major = int(seen.cuda.split(".")[0])
    needed = next((driver for cuda, driver in _NEEDED_DRIVERS if major >= cuda), 0)
    if seen.driver[0].isdigit() and int(seen.driver.split(".")[0]) < needed:
        return (
            f"the NVIDIA driver is {seen.driver} and CUDA {seen.cuda}, which this torch is built for, needs {needed} "
            f"or newer: update the driver, or {_OLDER_WHEEL}"
        )
    if not seen.uvm:
        return "the NVIDIA driver is loaded and /dev/nvidia-uvm is missing: sudo nvidia-modprobe -u -c=0"
    return f"torch cannot reach the NVIDIA card (driver {seen.driver}): nvidia-smi may say why"


def _too_old_a_card(seen: CardFacts) -> str:
    built = [(kind, int(number)) for kind, number in _KERNEL.findall(" ".join(seen.built_for))]
    if not built or not seen.name:
        return ""
    major, minor = seen.capability
    own = major * 10 + minor
    # Kernels run on later cards of the same generation; what is only half translated ("compute") runs on any later one.
    if any(number <= own and (kind == "compute" or number // 10 == major) for kind, number in built):
        return ""
    least = min(number for _, number in built)
    return (
        f"{seen.name} has compute capability {major}.{minor} and this torch is built for {least // 10}.{least % 10} "
        f"and newer cards: {_OLDER_WHEEL}"
    )


def driver() -> str:
    """The version of NVIDIA's driver; "" without one, or where CUDA_VISIBLE_DEVICES hides every card on purpose."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return ""
    try:
        text = _DRIVER.read_text(encoding="utf-8")
    except OSError:
        return ""
    found = _VERSION.search(text)
    return found[1] if found else "unknown"


def works_in_bfloat16(seen: CardFacts) -> bool:
    """Whether the card has bfloat16 of its own (from capability 8.0, Ampere, on); true where nothing is known."""
    return seen.capability == (0, 0) or seen.capability >= _BFLOAT16


def expected() -> bool:
    """Whether this machine seems to have a card; told without torch, which takes seconds to import."""
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return apple or any(place.exists() for place in _DRIVERS)


def found_card(ram_bytes: int | None = None, index: int = 0) -> Card | None:
    """The card with this number, if torch can use it; None where there is none."""
    import torch

    ram = ram_for_models() if ram_bytes is None else ram_bytes
    if torch.cuda.is_available() and not fault(look(index)):
        total = torch.cuda.get_device_properties(index).total_memory
        card = card_of(total / GIB, ram, torch.cuda.get_device_name(index))
        return replace(card, bfloat16=works_in_bfloat16(look(index)))
    if torch.backends.mps.is_available():
        # One memory for both: nothing is gained by moving parts, and it knows no fp8.
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Card(name="this Mac", usable_bytes=int(physical * 0.7), ram_bytes=0, casts=False)
    return None
